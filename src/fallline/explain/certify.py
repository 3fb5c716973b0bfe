"""The gradient certificate: symbolic slope = every engine's = central difference, weight by weight.

Three witnesses that share no code: SymPy's calculus on the texts of the formulas, each engine's own
back-propagation, and differences of the error that an engine computes. Where they agree at a point,
the formulas, their slopes, the chain rule and the engines are right there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..engines.calls import checked_rows, error_and_gradient
from ..engines.protocol import Rows
from ..engines.registry import ENGINES
from ..errors import MissingExtraError, SpecError
from ..spec.fits import check_trainable
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Objective
from .certificate import Certificate, CertifiedWeight, Status
from .certify_differences import Difference, central_difference, kinked
from .certify_symbolic import Symbolic, row_slopes, textless
from .certify_whole import LARGEST_WHOLE
from .trace_numbers import Numbers, numbers_of

__all__ = ["certify"]

LARGEST_DIFFERENCED = 2000
"""Weights up to which each one's central difference is taken."""

_LEAST_EACH = 3  # of the weights of a layer, however many layers there are
_SAMPLED = 200
_MULTIPLICATIONS = 300_000  # with many digits, of rows times weights: about a second each


def certify(
    network: Network,
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    loss: str = "squared_error",
    *,
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    sample_weight: npt.ArrayLike | None = None,
    rows: int = 50,
    tolerance: float = 1e-9,
    difference_tolerance: float = 1e-5,
    seed: int = 0,
) -> Certificate:
    """Return the certificate of a gradient: whether all ways to compute it agree.

    SymPy differentiates the whole error of up to 60 weights (where that is not too long an
    expression); of more, each formula of the tables that the network uses, whose slopes are joined
    by the chain rule with 50 digits, for at least 3 weights a layer. Central differences are taken
    of up to 2,000 weights, of more of the same sample. All engines of the table take part. Formulas
    and Python functions of your own are certified like those of the tables; of a function there is
    no symbolic slope, so that the engine is held against the differences alone.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) the parameters at which the gradient is certified, in float64.
    X, Y
        (n, d) inputs and (n, k) targets; a vector serves for a single column.
    loss
        The error.
    l2, l1, alpha
        Of the penalties; see `error_and_gradient`.
    sample_weight
        (n,) row weights s; 1 unless given.
    rows
        The most rows to take, evenly spread; fewer of large networks. The certificate says how
        many.
    tolerance, difference_tolerance
        The largest relative error of an engine, and of a central difference beside its own
        uncertainty. A relative error is taken of the larger of the two slopes, and of no less than
        a thousandth of the largest slope of all.
    seed
        Draws the sample of weights.

    Returns
    -------
    Certificate
        ``.passed``, ``.worst``, ``.weights``; a report as text, Markdown, LaTeX or HTML.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.
    MissingExtraError
        Where SymPy is not installed.

    Examples
    --------
    >>> net = Network.parse("2 -> 2 tanh -> 1 logistic")
    >>> found = certify(net, net.initial(seed=1), [[0.5, -1.0]], [[1.0]], loss="sse")
    >>> found.passed, found.method, len(found.weights)
    (True, 'whole', 9)
    """
    checked = given_theta(network, theta, np.float64)
    objective = Objective(loss, l2, l1, alpha).unclipped
    given = checked_rows(network, objective, X, Y, sample_weight, np.dtype(np.float64))
    check_trainable(network)
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise SpecError(f"rows must be a whole number of at least 1, not {rows!r}")
    taken = _some_rows(given, min(rows, max(1, _MULTIPLICATIONS // network.size)))
    case = _Case(network, objective, checked, taken)
    sample = _sample(network, seed)
    gradients, skipped = case.of_engines()
    numbers = numbers_of(network, objective, checked, taken)
    missing = textless(network, objective)
    symbolic = None if missing else case.symbolic(sample, numbers)
    differences = case.differences(
        range(network.size) if network.size <= LARGEST_DIFFERENCED else sample
    )
    weights = _judged(
        case, gradients, symbolic, differences, kinked(numbers), (tolerance, difference_tolerance)
    )
    return Certificate(
        network=network,
        objective=objective,
        theta=checked,
        weights=tuple(weights),
        errors={name: error for name, (error, _) in gradients.items()},
        symbolic_error=None if symbolic is None else symbolic.error,
        method=None if symbolic is None else symbolic.method,
        textless=tuple(missing),
        skipped=skipped,
        rows=(taken.n, int(np.count_nonzero(given.weights))),
        tolerance=tolerance,
        difference_tolerance=difference_tolerance,
    )


def _some_rows(given: Rows, most: int) -> Rows:
    """Return rows that have a weight, evenly spread where there are more than wished; dense."""
    kept = np.flatnonzero(given.weights)
    if len(kept) > most:
        kept = kept[np.linspace(0, len(kept) - 1, most).astype(int)]
    X, Y, weights = given.take(kept)
    return Rows(X if isinstance(X, np.ndarray) else X.toarray(), Y, weights)


def _sample(network: Network, seed: int) -> list[int]:
    """Return the weights whose symbolic slope is computed: all of few, else some of each layer."""
    if network.size <= max(LARGEST_WHOLE, _SAMPLED):
        return list(range(network.size))
    rng, chosen = np.random.default_rng(seed), list[int]()
    for block in network.blocks:
        own = np.arange(block.weights.start, block.stop)
        own = own[~network.masked[own]] if not network.masked[own].all() else own
        share = max(_LEAST_EACH, round(_SAMPLED * len(own) / network.size))
        chosen += rng.choice(own, min(share, len(own)), replace=False).tolist()
    return sorted(chosen)


class _Case:
    """What is certified: a network, an objective, θ and rows."""

    def __init__(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> None:
        self.network, self.objective, self.theta, self.rows = network, objective, theta, rows

    def at(self, theta: Floats, engine: str) -> tuple[float, Floats]:
        """Return J and its gradient by an engine."""
        of = self.objective
        return error_and_gradient(
            self.network, theta, self.rows.X, self.rows.Y, loss=of.loss, l2=of.l2, l1=of.l1,
            alpha=of.alpha, sample_weight=self.rows.weights, engine=engine,
        )  # fmt: skip

    def of_engines(self) -> tuple[dict[str, tuple[float, Floats]], dict[str, str]]:
        """Return what each engine computes, and why some do not."""
        found, skipped = {}, {}
        functions = ", ".join(textless(self.network, self.objective))
        for name in ENGINES:
            if functions and name != "reference":
                skipped[name] = f"{functions} is a Python function, which the reference engine runs"
                continue
            try:
                found[name] = self.at(self.theta, name)
            except (SpecError, MissingExtraError) as reason:
                if name == "reference":
                    raise
                skipped[name] = str(reason)
        return found, skipped

    def symbolic(self, entries: Sequence[int], numbers: Numbers) -> Symbolic:
        """Return J and its slopes at some entries, by SymPy."""
        sizes = [np.abs(layer.h).max() for layer in numbers.layers.values()]
        largest = max((float(size) for size in sizes if math.isfinite(size)), default=0.0)
        return row_slopes(self.network, self.objective, self.theta, *self.rows, entries, largest)

    def differences(self, entries: Sequence[int]) -> dict[int, Difference]:
        """Return central differences of the reference engine's error."""
        found = {}
        for index in entries:
            if self.network.masked[index]:
                continue

            def error(value: float, index: int = index) -> float:
                moved = self.theta.copy()
                moved[index] = value
                with np.errstate(all="ignore"):
                    return self.at(moved, "reference")[0]

            found[index] = central_difference(error, float(self.theta[index]))
        return found


def _judged(
    case: _Case,
    gradients: Mapping[str, tuple[float, Floats]],
    symbolic: Symbolic | None,
    differences: Mapping[int, Difference],
    kinks: npt.NDArray[np.bool_],
    tolerances: tuple[float, float],
) -> list[CertifiedWeight]:
    """Return every weight that at least two witnesses tell of."""
    slopes = symbolic.slopes if symbolic else {}
    every = [gradient for _, gradient in gradients.values()]
    largest = max((float(np.abs(g).max(initial=0.0)) for g in every), default=0.0)
    known: Any = sorted({*slopes, *differences, *_engines_apart(every, tolerances[0], largest)})
    found = []
    for index in known:
        own = {name: float(gradient[index]) for name, (_, gradient) in gradients.items()}
        weight = CertifiedWeight(
            name=case.network.name(index),
            value=float(case.theta[index]),
            symbolic=slopes.get(index),
            engines=own,
            difference=differences.get(index),
            floor=1e-3 * largest,
            status=Status.AGREES,
        )
        found.append(
            weight.judged(bool(case.network.masked[index]), bool(kinks[index]), tolerances)
        )
    return found


def _engines_apart(gradients: Sequence[Floats], tolerance: float, largest: float) -> Ints:
    """Return where engines differ among themselves: no weight is left out of that."""
    if not gradients:
        return np.empty(0, int)
    first = gradients[0]
    apart = np.zeros(len(first), bool)
    for other in gradients[1:]:
        size = np.maximum(np.maximum(np.abs(first), np.abs(other)), 1e-3 * largest)
        apart |= ~(np.abs(first - other) <= tolerance * size)
    return np.flatnonzero(apart)
