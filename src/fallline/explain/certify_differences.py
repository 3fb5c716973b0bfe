"""Central differences of an engine's own error, and where there is no slope to be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..arrays import Bools, Floats
from ..formulas.activation import Activation
from ..formulas.activations import ACTIVATIONS
from ..formulas.loss import Loss
from .trace_numbers import LayerNumbers, Numbers

__all__ = ["Difference", "central_difference", "kinked"]

_FIRST, _SHRINK, _STEPS = 1e-2, 4.0, 9  # steps from 1e-2 down to 1e-7
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


class Difference(NamedTuple):
    """A slope by central differences.

    Attributes
    ----------
    slope
        The best estimate.
    uncertainty
        How far it may be off: by how much two estimates differ, and by what rounding leaves.
    smooth
        Whether the slopes from the left and from the right come together as the step shrinks.
    """

    slope: float
    uncertainty: float
    smooth: bool


def central_difference(error: Callable[[float], float], at: float) -> Difference:
    """Return the slope of a function of one weight.

    The step shrinks by fours, and each two differences are joined by Richardson's rule; the
    estimate is taken that differs least from the one before it. Source: Ridders 1982.

    Examples
    --------
    >>> found = central_difference(lambda w: w**3, 2.0)
    >>> round(found.slope, 9), found.uncertainty < 1e-8, found.smooth
    (12.0, True, True)
    >>> central_difference(abs, 0.0).smooth
    False
    """
    here, size = error(at), max(abs(at), 1.0)
    best, least = 0.0, np.inf
    before: float | None = None
    joined: float | None = None
    bends: list[float] = []
    for k in range(_STEPS):
        up, down = at + size * _FIRST / _SHRINK**k, at - size * _FIRST / _SHRINK**k
        step = up - down
        above, below = error(up), error(down)
        slope = (above - below) / step
        bends.append(abs(above - 2 * here + below) / step)
        noise = _ROUNDING * (abs(above) + abs(below) + abs(here)) / step
        if before is not None:
            richer = slope + (slope - before) / (_SHRINK**2 - 1)
            if joined is not None and abs(richer - joined) + noise < least:
                best, least = richer, abs(richer - joined) + noise
            joined = richer
        before = slope
        if least < 1e-10 * abs(best) or (k > 3 and noise > least):
            break
    # |right − left|/2 shrinks with the step where the function is smooth, and stays at a kink.
    stays = bends[-1] > 0.4 * bends[0] and bends[-1] > 4 * noise
    return Difference(best, float(least), not stays)


# --- kinks ---------------------------------------------------------------------------------------


def kinked(numbers: Numbers) -> Bools:
    """Return (P,) where J has a kink in a weight, to within rounding."""
    network, theta = numbers.network, numbers.theta
    found = _of_penalties(numbers)
    reached = _at_output(numbers)
    reaching = {layer.name: np.zeros_like(numbers.layers[layer.name].o, bool)
                for layer in network.layers}  # fmt: skip
    reaching[network.output.name] |= reached
    views = network.views(theta)
    for layer, block in zip(reversed(network.layers), reversed(network.blocks), strict=True):
        own = numbers.layers[layer.name]
        row = ACTIVATIONS[layer.activation]
        into = _through(row, own, reaching[layer.name])
        into |= _own_kinks(row, own, theta, views[layer.name]) & (own.dE_do != 0)
        sources = own.sources != 0
        W = (sources.T.astype(float) @ into.astype(float)) > 0
        found[block.weights] |= W.ravel()
        if block.biases:
            found[block.biases] |= into.any(axis=0)
        at = 0
        for name in layer.sources:
            width = network.width(name)
            if name in reaching:
                links = (views[layer.name].weights[at : at + width] != 0).astype(float)
                reaching[name] |= (into.astype(float) @ links.T) > 0
            at += width
    found[network.masked] = False
    return found


def _of_penalties(numbers: Numbers) -> Bools:
    found = np.zeros(numbers.network.size, bool)
    if "l1" in numbers.strengths:
        found |= (numbers.theta == 0) & numbers.network.penalized
    return found


def _through(row: Activation, own: LayerNumbers, reached: Bools) -> Bools:
    """Return which net inputs move the outputs that are reached."""
    if row.coupled or row.group > 1:
        return np.repeat(reached.any(axis=1, keepdims=True), reached.shape[1], axis=1)
    sloped: Bools = row.slope(np, own.h, own.o) != 0
    return reached & sloped


def _jumps(slope: Callable[[Floats], Floats], away: Floats) -> Bools:
    """Return where a slope jumps: its change within a distance stays as that shrinks."""
    with np.errstate(all="ignore"):
        far, near = (np.abs(slope(share * away) - slope(-share * away)) for share in (1.0, 0.01))
    jumps: Bools = (near > 0.5 * far) & (near > 1e-6)
    return jumps


def _own_kinks(
    row: Activation, own: LayerNumbers, theta: Floats, view: tuple[Floats, Floats | None]
) -> Bools:
    if row.coupled or row.group > 1:
        return np.zeros_like(own.h, bool)
    W, b = view
    size = np.abs(own.sources) @ np.abs(W) + (0 if b is None else np.abs(b))
    away = 1e-12 * (size + 1)
    return _jumps(lambda d: row.slope(np, own.h + d, row.f(np, own.h + d)), away)


def _at_output(numbers: Numbers) -> Bools:
    """Return (n, k) the outputs at which the error of the row has a kink."""
    loss, last = numbers.objective.error, numbers.layers[numbers.network.output.name]
    family = ACTIVATIONS[numbers.network.output.activation].family
    if family in loss.pairs:
        return np.zeros_like(last.o, bool)
    return _loss_kinks(loss, numbers.rows.Y, last.o)


def _loss_kinks(loss: Loss, Y: Floats, yhat: Floats) -> Bools:
    repeated = np.repeat(Y, loss.outputs_each, axis=1)
    away = 1e-12 * (np.abs(yhat) + np.abs(repeated) + (loss.within == (-np.inf, np.inf)))
    return _jumps(lambda d: loss.slope(np, Y, yhat + d), away)
