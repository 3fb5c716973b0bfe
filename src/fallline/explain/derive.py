"""The descent rule of one's own network, derived step by step by the chain rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, is_sparse
from ..errors import SpecError
from ..formulas.optimizers import SGD, optimizer_from
from ..formulas.optimizers.base import Method
from ..spec.fits import check_trainable
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Objective
from .derive_backward import implied, layer_steps, rule_step, weight_steps
from .derive_batch import ANY_WEIGHT, BATCH, GENERIC, OBJECTIVE, batch_step, descended, penalty_step
from .derive_forward import error_slopes, forward, the_error
from .derive_notation import Notation, Step
from .derive_optimizer import optimizer_steps
from .derive_point import Point, PointValues
from .derive_solver import SEARCHED
from .derive_words import in_words, shown, sign_for
from .document import Block, Document, Note, Paragraph, Title
from .maths import Equation, Maths, Number, Quantity, Unit, slope
from .rows import rows_of

__all__ = ["Derivation", "derive"]

_EXPANDED = 20  # parameters, up to which each weight is written by name unless told otherwise
_MOST = 300  # parameters that may be written out at all
_COSTLY = 200_000  # rows times parameters: beyond it equations would take long to compute
_SHORT = 60  # characters of an error term that is worth showing again with each weight


@dataclass(frozen=True, init=False)
class Derivation(Document):
    """A derivation: a document, and the equations in it, which can be computed.

    Attributes
    ----------
    network, objective, optimizer
        What was derived.
    steps
        The steps, each with its title, equations and the reason why.
    expanded
        Whether every weight is written by name.
    """

    network: Network
    objective: Objective
    optimizer: Method
    steps: tuple[Step, ...]
    expanded: bool

    def __init__(
        self,
        title: str,
        blocks: Iterable[Block],
        names: Notation,
        objective: Objective,
        optimizer: Method,
        steps: tuple[Step, ...],
    ) -> None:
        super().__init__(title, blocks)
        given: Mapping[str, Any] = {
            "network": names.network,
            "objective": objective,
            "optimizer": optimizer,
            "steps": steps,
            "expanded": names.expanded,
            "_names": names,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """All equations between quantities, in the order of the steps."""
        found = (equation for step in self.steps for equation in step.equations)
        return tuple(e for e in found if set(e.signs) == {"="})

    def values(
        self,
        theta: npt.ArrayLike,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> PointValues:
        """Return the values of the derivation's formulas, computed from its equations alone.

        Parameters
        ----------
        theta
            (P,) weights and biases.
        X, Y
            (n, d) inputs and (n, k) targets; vectors serve for one row.
        sample_weight
            (n,) row weights; 1 unless given.
        """
        names: Notation = self._names  # type: ignore[attr-defined]
        point = _point(names, self.objective, theta, X, Y, sample_weight)
        equations = [*implied(names), *self.equations]
        return PointValues(names, self.objective, self.optimizer, equations, point)

    def gradient(
        self,
        theta: npt.ArrayLike,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Floats:
        """Return the gradient (P,) that the equations give: what the engines give, by other ways.

        Examples
        --------
        >>> net = Network.parse("1 -> 1 nobias")
        >>> derive(net, "sse").gradient([2.0], [[3.0]], [[5.0]])
        array([3.])
        """
        return self.values(theta, X, Y, sample_weight).gradient()


def derive(
    network: Network,
    loss: str = "squared_error",
    optimizer: str | Mapping[str, Any] | Method | None = None,
    *,
    theta: npt.ArrayLike | None = None,
    x: npt.ArrayLike | None = None,
    y: npt.ArrayLike | None = None,
    sample_weight: npt.ArrayLike | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    expanded: bool | None = None,
) -> Derivation:
    """Return the descent rule of a network, derived step by step by the chain rule.

    From the error E by its slope in the predictions, the error terms δ of output and hidden units,
    summed over all units that a unit feeds, to ∂E/∂w and ∂E/∂b and the step of the optimizer.
    SymPy differentiates; see the module ``maths`` for how the results are written.

    Parameters
    ----------
    network
        The network.
    loss
        The error, a name or a formula in y and yhat.
    optimizer
        An optimizer, its name or its settings; plain gradient descent unless given.
    theta, x, y
        (P,) weights, and inputs and targets of one row or more, all three or none: then values
        stand beside the formulas (of the first row) and each weight is told of in numbers.
    sample_weight
        (n,) row weights.
    l2, l1, alpha
        Penalties; see `fallline.error_and_gradient`.
    expanded
        Whether to write every weight by name, rather than for any unit of a layer; for networks of
        up to 20 parameters unless given.

    Returns
    -------
    Derivation
        Shows itself in Jupyter and has ``text``, ``latex``, ``markdown`` and ``html``.

    Raises
    ------
    SpecError, DataError
        Where the arguments do not fit together, or hold a Python function, which has no formula.
    MissingExtraError
        Where SymPy is not installed.

    Examples
    --------
    >>> rule = derive(Network.parse("2 -> 1 sigmoid"), "sse", expanded=False)
    >>> print(rule.steps[4].equations[0])  # doctest: +ELLIPSIS
    δ[output.0] = −∂E/∂h[output.0] = ... = (y[output.0] − ŷ[output.0])·ŷ[output.0]·(1 − ŷ[output.0])
    """
    objective = Objective(loss, l2, l1, alpha)
    objective.check(network)
    check_trainable(network)
    method: Method = optimizer_from(SGD() if optimizer is None else optimizer)
    if expanded is None:
        expanded = network.size <= _EXPANDED
    if expanded and network.size > _MOST:
        raise SpecError(
            f"a network of {network.size} parameters cannot be written out weight by weight "
            f"({_MOST} at most); leave expanded out for the form in index letters"
        )
    names = Notation(network, objective.error, expanded)
    steps = tuple(_steps(names, objective, method))
    made = Derivation("", (), names, objective, method, steps)
    at = None
    if theta is not None and x is not None and y is not None:
        at = made.values(theta, x, y, sample_weight)
    elif any(given is not None for given in (theta, x, y)):
        raise SpecError("to show numbers, all of theta, x and y are needed; else leave them out")
    blocks = _blocks(names, objective, steps, at)
    return Derivation(_title(network, objective), blocks, names, objective, method, steps)


def _title(network: Network, objective: Objective) -> str:
    return f"The descent rule of {network}, error {objective.loss}"


def _point(
    names: Notation, objective: Objective, theta: Any, X: Any, Y: Any, sample_weight: Any
) -> Point:
    checked = given_theta(names.network, theta, np.float64)
    rows = rows_of(names.network, objective, X, Y, sample_weight)
    inputs = rows.X.toarray() if is_sparse(rows.X) else rows.X
    return Point(checked, inputs, rows.Y, rows.weights)


# --- the steps -----------------------------------------------------------------------------------


def _steps(names: Notation, objective: Objective, method: Method) -> Iterator[Step]:
    yield forward(names)
    yield the_error(names)
    yield error_slopes(names)
    backward = list(layer_steps(names))
    yield from backward
    deltas = dict(_short_deltas(names, backward[1]))
    yield from weight_steps(names, deltas)
    yield batch_step(names)
    yield from penalty_step(names, objective)
    yield from optimizer_steps(method, slope(descended(objective), ANY_WEIGHT))
    if method == SGD(getattr(method, "learning_rate", 1.0)) and descended(objective) == BATCH:
        yield rule_step(names, deltas)


def _short_deltas(names: Notation, step: Step) -> Iterator[tuple[tuple[str, Unit], Maths]]:
    """Yield the error terms of output units that are short enough to be put in place of δ."""
    for unit, equation in zip(names.units(names.output, "j"), step.equations, strict=True):
        if len(str(equation.sides[-1])) <= _SHORT:
            yield (names.output, unit), equation.sides[-1]


# --- the document --------------------------------------------------------------------------------


def _blocks(
    names: Notation, objective: Objective, steps: Sequence[Step], at: PointValues | None
) -> Iterator[Block]:
    yield from _opening(names, at)
    for number, step in enumerate(steps, 1):
        yield Title(f"{number}. {step.title}")
        yield Paragraph(*step.why)
        for equation in step.equations:
            yield _with_value(equation, at)
        for note in step.notes:
            yield Note(*note)
    yield from in_words(names, at)


def _opening(names: Notation, at: PointValues | None) -> Iterator[Block]:
    output = names.output
    source = names.network.output.sources[0]
    i, j = names.units(source, "i")[0], names.units(output, "j")[0]
    if names.expanded:
        yield Paragraph(
            "Every unit is written by its layer and its number in it, counting from 0: ",
            names.weight(source, 0, output, 0), " is the weight from unit 0 of ", source,
            " to unit 0 of ", output, ".",
        )  # fmt: skip
    else:
        yield Paragraph(
            "Written for any unit j of a layer, any unit i that feeds it, and any unit k that it "
            "feeds: ", names.weight(source, i, output, j), f" is the weight from unit {i} of ",
            source, f" to unit {j} of ", output, ". Units count from 0; a sum runs through all "
            "units of the layer.",
        )  # fmt: skip
        if names.network.masked.any():
            yield Note("Absent connections have the weight 0 in these sums, and stay so.")
    if at is not None:
        rows = f"{at.point.n} rows; values beside the formulas are those of the first"
        yield Paragraph(
            "With numbers, of ", "one row" if at.point.n == 1 else rows, ". E is ",
            shown(at.first_error()), ".",
        )  # fmt: skip


def _with_value(equation: Equation, at: PointValues | None) -> Equation:
    """Return an equation with its value at the end, where it has one and is of single units."""
    first = equation.sides[0]
    if at is None or set(equation.signs) != {"="} or not isinstance(first, Quantity):
        return equation
    if first in (*GENERIC, SEARCHED) or any(isinstance(unit, str) for unit in first.units):
        return equation
    if isinstance(equation.sides[-1], Number):
        return equation
    rows = at.point.n if first in (BATCH, OBJECTIVE) else 1
    if rows * at.names.network.size > _COSTLY:
        return equation
    value = at.of(first)
    return Equation(*equation.sides, shown(value), signs=(*equation.signs, sign_for(value)))
