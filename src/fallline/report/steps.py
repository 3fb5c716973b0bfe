"""One row followed through the network: all of it where that is short, else a path through it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..explain.document import Block, Bullets, Code, Paragraph, Svg, Title
from ..explain.of_model import trace_of
from ..explain.quantity_words import of_weight
from ..explain.traced import Trace
from ..spec.network import Layer
from .asked import Asked, deeper

__all__ = ["steps"]

_WHOLE = 10  # parameters of a network whose every number is shown


def steps(asked: Asked, command: str = "") -> Iterator[Block]:
    """Yield the step that the row makes: forwards, the error, back, and weights.

    Parameters
    ----------
    asked
        The model and the row.
    command
        The command that traces a row of the table, for all numbers where not all are shown.
    """
    found = trace_of(asked.model, asked.one)
    yield Paragraph(
        "What the network makes of this row, what its error says to every unit, and the first step "
        "that the training's optimizer would take on it alone. Inputs and targets are as the "
        "network gets them: standardised."
    )
    if asked.model.network.size <= _WHOLE:
        yield from deeper(found.document.blocks)
        return
    yield from _path(found)
    yield Paragraph("These are some units and weights of each layer." + (
        " All numbers, each with its formula, are shown by" if command else ""))  # fmt: skip
    if command:
        yield Code(f"{command} --row {asked.row} -o trace.html")


def _path(found: Trace) -> Iterator[Block]:
    """Yield, of each layer, the unit that the error speaks to most, and its most moving weight."""
    network, made = found.network, found.of_row(0)
    yield Svg(found.svg, f"the network {network}: edges by weight, numbers at its units")
    units = [(layer, _moved_most(found, layer)) for layer in network.layers]
    names = ", ".join(f"{layer.name}.{j}" for layer, j in units)
    yield Bullets([f"Shown of each layer: the unit with the largest error term |δ| ({names})."])
    yield Title("Forwards", 3)
    for layer, j in units:
        yield from made.forward(layer, j)
    yield Title("The error", 3)
    yield from made.targets()
    yield made.error()
    yield Title("Back", 3)
    for layer, j in reversed(units):
        yield from made.backward(layer, j)
    yield Title("A weight of each layer: its slope and its step", 3)
    for name in _steepest(found):
        yield Paragraph(of_weight(name), ":")
        yield from found.weight_equations(name)


def _moved_most(found: Trace, layer: Layer) -> int:
    return int(np.argmax(np.abs(found.numbers.layers[layer.name].delta[0])))


def _steepest(found: Trace) -> Iterator[str]:
    """Yield the name of the weight of the largest slope of each layer."""
    network = found.network
    size = np.where(network.masked, -1.0, np.abs(found.gradient))
    for block in network.blocks:
        yield network.name(block.weights.start + int(np.argmax(size[block.weights])))
