"""How a derivation writes a network: for any unit of a layer by index letters, or unit by unit.

The same rules are written in both forms. In the index form a layer's unit is a letter and a sum
stays a sum; in the expanded form every unit has its number and every sum its terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..formulas.activations import ACTIVATIONS, Activation
from ..formulas.losses import Loss
from ..spec.fits import target_count
from ..spec.network import Layer, Network
from .maths import Maths, Number, Symbol, Unit, sum_over, symbol, total

__all__ = ["ERROR", "Notation", "Step"]

ERROR = symbol("E")
"""The error of one row."""


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Attributes
    ----------
    title
        What is found in it.
    why
        One sentence or two: by what right.
    equations
        What is found; each is computed by the tests.
    notes
        Remarks, such as slopes that were chosen at kinks.
    """

    title: str
    why: tuple[Any, ...]
    equations: tuple[Any, ...]
    notes: tuple[tuple[Any, ...], ...] = ()


class Notation:
    """The symbols of a network's quantities, and in which form layers are written.

    Parameters
    ----------
    network, loss
        What is derived.
    expanded
        Whether all layers are written unit by unit.
    """

    def __init__(self, network: Network, loss: Loss, expanded: bool) -> None:
        self.network, self.loss, self.expanded = network, loss, expanded
        self.output = network.output.name
        self.inputs = {layer.name for layer in network.inputs}
        self.spelled = {
            layer.name
            for layer in network.layers
            if expanded or _by_position(self.row(layer)) or layer.size == 1
        } | {layer.name for layer in network.inputs if expanded or layer.size == 1}
        if loss.parts:
            self.spelled.add(self.output)
        self.targets = target_count(loss, network)
        self._absent = {network.name(int(at)) for at in network.masked.nonzero()[0]}
        self._frozen = {network.name(int(at)) for at in network.frozen.nonzero()[0]}

    def row(self, layer: Layer) -> Activation:
        """Return the activation of a layer."""
        return ACTIVATIONS[layer.activation]

    def units(self, layer: str, letter: str) -> tuple[Unit, ...]:
        """Return the units that equations are written for: a letter, or all their numbers."""
        return tuple(range(self.network.width(layer))) if layer in self.spelled else (letter,)

    def over(self, layer: str, letter: str, body: Callable[[Unit], Maths]) -> Maths:
        """Return the sum of a body over the units of a layer."""
        if layer in self.spelled:
            return total(*(body(unit) for unit in self.units(layer, letter)))
        return sum_over(letter, layer, body(letter))

    # --- symbols ---------------------------------------------------------------------------------

    def h(self, layer: str, unit: Unit) -> Symbol:
        """Return the net input of a unit."""
        return symbol("h", layer, unit)

    def out(self, layer: str, unit: Unit) -> Symbol:
        """Return the output of a unit: x of an input, ŷ of an output unit, o of the others."""
        name = "x" if layer in self.inputs else "ŷ" if layer == self.output else "o"
        return symbol(name, layer, unit)

    def delta(self, layer: str, unit: Unit) -> Symbol:
        """Return the error term of a unit."""
        return symbol("δ", layer, unit)

    def weight(self, source: str, i: Unit, layer: str, j: Unit) -> Symbol:
        """Return the weight between two units."""
        return symbol("w", source, i, layer, j)

    def present(self, weight: Symbol) -> bool:
        """Return whether there is such a connection; one of index letters may be."""
        return not self._absent or str(weight) not in self._absent

    def held(self, weight: Symbol, layer: str) -> bool:
        """Return whether a weight keeps its value: alone, or as all of its layer do."""
        block = next(each for each in self.network.blocks if each.name == layer)
        span = block.biases if weight.name == "b" else block.weights
        whole = (self.network.frozen | self.network.masked)[span].all()
        return bool(whole) or str(weight) in self._frozen

    def fed(self, layer: str) -> list[str]:
        """Return the layers that a layer feeds."""
        return [found.name for found in self.network.layers if layer in found.sources]

    # --- targets ---------------------------------------------------------------------------------

    def target_of(self, unit: Unit) -> Unit:
        """Return the target that an output unit is judged by."""
        return unit if isinstance(unit, str) else unit // self.loss.outputs_each

    def target(self, target: Unit, name: str = "y") -> Symbol:
        """Return y of a target, which has its own number where it has several outputs."""
        layer = "" if self.loss.parts else self.output
        return symbol(name, layer, target)

    def counted(self, target: Unit) -> Maths:
        """Return what a target counts in the error: 1 unless weights of outputs are given."""
        weights = self.loss.settings.get("output_weights")
        if weights is None:
            return Number(1)
        if isinstance(target, int):
            return Number(weights[target])
        return symbol("c", self.output, target)


def _by_position(row: Activation) -> bool:
    """Return whether a unit's formula depends on its place in the layer."""
    return row.family == "ordered" or row.group > 1
