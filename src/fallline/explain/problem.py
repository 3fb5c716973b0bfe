"""One step to be computed by hand: what is given, as data and as blocks of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile

import numpy as np

from ..arrays import Floats
from ..formulas.activations import ACTIVATIONS
from ..formulas.losses import LOSSES
from ..formulas.optimizers import SGD
from ..spec.network import Layer, Network
from .document import Block, Bullets, Svg, Table
from .maths import Call, Equation, Maths, Number, Quotient, SumOver, symbol
from .maths_formula import read, spelled_out, to_maths
from .quantity_words import of_weight
from .step_numbers import StepNumbers
from .step_quantity import StepQuantity
from .theta import theta_of
from .trace import Trace, trace
from .trace_shown import Digits
from .trace_svg import network_svg

__all__ = ["Problem"]


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

    def picture(self) -> Block:
        """Return the network as a picture, with what is given and nothing else."""
        made = self._trace
        picture = network_svg(made.numbers, made.moved, Digits(4), solved=False)
        return Svg(picture, f"the network {self.network}: edges by weight")

    def solution(self) -> list[Block]:
        """Return every number of the step with the formula that it comes from, as blocks."""
        # What it begins with is told by `given` already.
        blocks = self._trace.document.blocks
        return list(dropwhile(lambda block: isinstance(block, Bullets), blocks))

    @cached_property
    def _trace(self) -> Trace:
        return trace(
            self.network, self.theta, np.asarray(self.inputs), np.asarray(self.targets),
            self.loss, self.learning_rate,
        )  # fmt: skip

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
