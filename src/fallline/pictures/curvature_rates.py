"""Learning rates that are small, right and above the limit of an error, from its curvature."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats
from ..descent import descend
from ..engines.calls import error_and_gradient
from ..errors import SpecError
from ..formulas.optimizers import LBFGS, SGD, optimizer_from
from ..spec.network import Network
from ..spec.plan import Plan
from .entrants import label_of
from .undisturbed import undisturbed

__all__ = ["largest_curvature", "three_rates"]

_SHARES = {"small": 0.01, "right": 0.5, "above the limit": 1.1}
"""What share of the largest stable rate each is."""

_ROUNDS = 100
_SETTLED = 1e-6  # relative change of the curvature between two rounds
_DIGITS = 3  # of the rates: they are to be read


def three_rates(
    network: Network, theta: Floats, X: Any, Y: Any, optimizer: Any, **objective: Any
) -> dict[str, SGD]:
    """Return plain descent at three rates, by the curvature at the minimum below θ.

    In a bowl of curvature λ full-batch descent is stable for rates below 2/λ, with momentum β
    below 2(1 + β)/λ, and with Nesterov's below 2(1 + β)/((1 + 2β)λ): Goh, "Why Momentum Really
    Works" (Distill 2017) derives the first two. Small is 1 % of this limit, right is half of it,
    and the third is 110 % of it, for the largest curvature, rounded to three digits. In a bowl a
    rate above the limit is too large; where the error is no bowl, such a descent cannot stay at
    this minimum, but may find one that is flatter.

    Parameters
    ----------
    theta
        (P,) the start.
    X, Y
        Rows, (n, d) and (n, k).
    optimizer
        An `SGD`, whose rate does not matter.
    **objective
        What `error_and_gradient` takes: ``loss``, ``l2``, ``sample_weight``, ...

    Raises
    ------
    SpecError
        For another optimizer, or an error without curvature.

    Examples
    --------
    E = ½ · 5 w²: λ = 5.

    >>> found = three_rates(Network.parse("1 -> 1 nobias"), np.array([1.0]), [[1.0], [2.0]],
    ...                     [0.0, 0.0], "sgd", loss="sse")
    >>> list(found)
    ['small: SGD 0.004', 'right: SGD 0.2', 'above the limit: SGD 0.44']
    """
    method = optimizer_from(optimizer)
    if not isinstance(method, SGD):
        raise SpecError(
            f"learning_rates='auto' is for plain descent (sgd), not for {type(method).__name__}, "
            "whose steps are no multiples of the slope; give the rates"
        )
    with undisturbed():
        run = descend(network, X, Y, theta=theta, optimizer=LBFGS(), epochs=_ROUNDS, **objective)
    curvature = largest_curvature(network, run.theta, X, Y, **objective)
    if not curvature > 0:
        raise SpecError("the error has no curvature at its minimum, so no rate is right; give them")
    β = method.momentum
    stable = 2 * (1 + β) / ((1 + 2 * β) if method.nesterov else 1) / curvature
    found = {}
    for name, share in _SHARES.items():
        rate = float(f"{share * stable:.{_DIGITS}g}")
        one = SGD(rate, β, method.nesterov)
        found[f"{name}: {label_of(Plan.of(optimizer=one), False)}"] = one
    return found


def largest_curvature(network: Network, theta: Floats, X: Any, Y: Any, **objective: Any) -> float:
    """Return the largest |eigenvalue| of the Hessian ∂²J/∂θ² at θ, by power iteration.

    The Hessian times a direction is a central difference of gradients along it.

    Examples
    --------
    >>> net = Network.parse("2 -> 1 nobias")
    >>> round(largest_curvature(net, np.zeros(2), [[1, 2], [2, -1]], [0, 0], loss="sse"), 6)
    5.0
    """
    free = ~(network.frozen | network.masked)
    direction = np.where(free, np.random.default_rng(0).normal(size=network.size), 0.0)
    step = 1e-4 * max(1.0, float(np.linalg.norm(theta)))
    before = found = 0.0
    for _ in range(_ROUNDS):
        length = float(np.linalg.norm(direction))
        if length == 0:
            return 0.0
        unit = direction / length
        ahead, behind = (
            error_and_gradient(network, theta + sign * step * unit, X, Y, **objective)[1]
            for sign in (1, -1)
        )
        direction = np.where(free, (ahead - behind) / (2 * step), 0.0)
        before, found = found, float(np.linalg.norm(direction))
        if abs(found - before) <= _SETTLED * found:
            break
    return found
