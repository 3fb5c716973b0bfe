"""One step to be computed by hand: what is given, as data and as blocks of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from itertools import dropwhile
from typing import Any

import numpy as np

from ..arrays import Floats
from ..formulas.activations import ACTIVATIONS
from ..formulas.losses import LOSSES
from ..formulas.optimizers import SGD
from ..spec.network import Layer, Network
from .document import Block, Bullets, Table
from .maths import Call, Equation, Maths, Number, Quotient, SumOver, Symbol, slope, symbol
from .maths_formula import read, spelled_out, to_maths
from .step_numbers import StepNumbers
from .step_quantity import StepQuantity
from .theta import theta_of

__all__ = ["Problem", "of_quantity", "of_weight", "shown", "worked_out"]


_NOTHING = 1e-13  # what float64 leaves where a person finds 0


@dataclass(frozen=True, eq=False)
class Problem:
    """A network, its weights, some rows and a learning rate: all that a step of descent needs.

    Attributes
    ----------
    network
        The network.
    weights
        Every weight and bias, by name.
    inputs, targets
        n rows of d inputs, and of k targets.
    learning_rate
        η of plain gradient descent.
    loss
        The error.
    """

    network: Network
    weights: Mapping[str, float]
    inputs: Sequence[Sequence[float]]
    targets: Sequence[Sequence[float]]
    learning_rate: float
    loss: str = "sse"

    @property
    def theta(self) -> Floats:
        """The weights as θ (P,)."""
        return theta_of(self.network, self.weights)

    @cached_property
    def numbers(self) -> StepNumbers:
        """Every number of the step."""
        return StepNumbers(
            self.network, self.theta, self.inputs, self.targets,
            loss=self.loss, optimizer=SGD(self.learning_rate),
        )  # fmt: skip

    def value(self, kind: str, of: str = "", row: int | None = None) -> float:
        """Return a quantity of the step: see `StepQuantity`."""
        return self.numbers.value(StepQuantity(kind, of, row))

    def given(self) -> list[Block]:
        """Return what is given, as blocks."""
        return [Bullets(self._facts()), *self._rows(), self._weights()]

    def solution(self) -> list[Block]:
        """Return every number of the step with the formula that it comes from, as blocks."""
        from .trace import trace  # which takes names from here

        traced = trace(
            self.network, self.theta, np.asarray(self.inputs), np.asarray(self.targets),
            self.loss, self.learning_rate,
        )  # fmt: skip
        # What it begins with is told by `given` already.
        return list(dropwhile(lambda block: isinstance(block, Bullets), traced.document.blocks))

    def _facts(self) -> list[tuple[str | Maths | Equation, ...]]:
        loss = LOSSES[self.loss]
        rows = "" if len(self.inputs) == 1 else f"; the {loss.reduction} over rows"
        error = to_maths(read(loss.text, "y", "yhat"), {"y": symbol("y"), "yhat": symbol("ŷ")})
        used = {layer.activation: layer for layer in self.network.layers}
        return [
            (f"Network: {self.network}",),
            *(("Units: ", *_activation(layer)) for layer in used.values()),
            (f"Error: {loss.name}, the sum over outputs of ", error, rows),
            (f"Step: plain gradient descent, learning rate η = {self.learning_rate:g}",),
        ]

    def _rows(self) -> list[Block]:
        names = [
            symbol("x", layer.name, i) for layer in self.network.inputs for i in range(layer.size)
        ]
        output = self.network.output.name
        k = len(self.targets[0])
        head = ["row", *names, *(symbol("y", output, j) for j in range(k))]
        rows = [
            [str(row), *map(_number, x), *map(_number, y)]
            for row, (x, y) in enumerate(zip(self.inputs, self.targets, strict=True))
        ]
        if len(rows) == 1:
            head, rows = head[1:], [rows[0][1:]]
        return [Table(head, rows, caption="Inputs and targets")]

    def _weights(self) -> Block:
        rows = [[of_weight(name), _number(value)] for name, value in self.weights.items()]
        return Table(["weight or bias", "value"], rows, caption="Weights before the step")


def _activation(layer: Layer) -> tuple[str | Maths | Equation, ...]:
    """Return what a layer's units do: those of softmax, which are coupled, or one's own formula."""
    row = ACTIVATIONS[layer.activation]
    if row.family == "softmax":
        above, each = (Call("exp", (symbol("h", layer.name, at),)) for at in ("i", "j"))
        shares = Quotient(above, SumOver("j", layer.name, each))
        return (f"{row.name}, ", Equation(symbol("o", layer.name, "i"), shares))
    formula = to_maths(spelled_out(read(row.text, "z")), {"z": symbol("h")})
    return (f"{row.name}, ", Equation(symbol("o"), formula))


def _number(value: float) -> Number:
    return Number(value, f"{value:g}")


def shown(value: float, places: int = 6) -> Number:
    """Return a number with so many places, zeros at the end left out.

    >>> print(shown(0.25), shown(1 / 3), shown(-0.0000001))
    0.25 0.333333 −1e−07
    """
    rounded = round(value, places)
    if abs(value) > _NOTHING and not rounded:
        return Number(value, f"{value:.3g}")
    text = f"{rounded:.{places}f}".rstrip("0").rstrip(".")
    return Number(value, "0" if text == "-0" else text)


def worked_out(left: Maths, formula: Maths, numbers: Maths, value: float) -> Equation:
    """Return ``left = formula = numbers = value``, with ≈ where what is shown was rounded.

    >>> print(worked_out(symbol("E"), symbol("a") * symbol("b"), shown(0.5) * shown(1 / 3), 1 / 6))
    E = a·b ≈ 0.5·0.333333 ≈ 0.166667
    """
    result = shown(value)
    rounded = not all(map(_exact, _numbers_in(numbers)))
    last = "≈" if rounded or not _exact(result) else "="
    return Equation(left, formula, numbers, result, signs=("=", "≈" if rounded else "=", last))


def _exact(number: Number) -> bool:
    return abs(float(number.digits or number.value) - number.value) <= _NOTHING * max(
        1, abs(number.value)
    )


def _numbers_in(formula: Any) -> Iterator[Number]:
    if isinstance(formula, Number):
        yield formula
    elif isinstance(formula, tuple):
        for part in formula:
            yield from _numbers_in(part)
    elif isinstance(formula, Maths) and is_dataclass(formula):
        for field in fields(formula):
            yield from _numbers_in(getattr(formula, field.name))


def of_weight(name: str) -> Symbol:
    """Return the symbol of a weight or bias.

    >>> print(of_weight("w[input.0->output.1]"), of_weight("b[output.1]"))
    w[input.0->output.1] b[output.1]
    """
    places: list[str | int] = []
    for end in name[2:-1].split("->"):
        layer, _, unit = end.rpartition(".")
        places += [layer, int(unit)]
    return symbol(name[0], *places)


def of_quantity(quantity: StepQuantity) -> tuple[str | Maths, ...]:
    """Return a quantity as words and formulas: (``new ``, w[...])."""
    kind, row = quantity.kind, "" if quantity.row is None else f"row {quantity.row}: "
    if kind == "E":
        return (symbol("E"),)
    if kind == "E after":
        return (symbol("E"), " after the step")
    if kind in ("dE", "step", "new"):
        weight = of_weight(quantity.of)
        if kind == "dE":
            return (slope(symbol("E"), weight),)
        return ("Δ" if kind == "step" else "new ", weight)
    layer, _, unit = quantity.of.rpartition(".")
    if kind in ("dE/do", "dE/dh"):
        return (row, slope(symbol("E"), symbol(kind[-1], layer, int(unit))))
    return (row, symbol("δ" if kind == "delta" else kind, layer, int(unit)))
