"""Names of single parameters: ``w[layer.i->layer.j]`` and ``b[layer.j]``, counting from 0."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import SpecError, suggest

if TYPE_CHECKING:
    from .network import Block, Network

__all__ = ["bias_name", "parameter_index", "parameter_name", "weight_name"]

_WEIGHT = re.compile(r"w\[(\w+)\.(\d{1,18})->(\w+)\.(\d{1,18})\]")
_BIAS = re.compile(r"b\[(\w+)\.(\d{1,18})\]")


def weight_name(source: str, i: int, layer: str, j: int) -> str:
    """Return the name of the weight from unit i of `source` to unit j of `layer`."""
    return f"w[{source}.{i}->{layer}.{j}]"


def bias_name(layer: str, j: int) -> str:
    """Return the name of the bias of unit j of `layer`."""
    return f"b[{layer}.{j}]"


def parameter_name(network: Network, index: int) -> str:
    """Return the name of θ[index].

    Examples
    --------
    >>> from fallline.spec.network import Network
    >>> parameter_name(Network.parse("2 -> 3 tanh -> 1"), 4)
    'w[input.1->hidden1.1]'
    """
    if not 0 <= index < network.size:
        raise SpecError(f"θ has entries 0 to {network.size - 1}, so there is none at {index}")
    for block in network.blocks:
        if index < block.weights.stop:
            row, j = divmod(index - block.weights.start, block.shape[1])
            return weight_name(*_source_unit(network, block, row), block.name, j)
        if index < block.stop:
            return bias_name(block.name, index - block.weights.stop)
    raise AssertionError("the blocks cover θ")


def parameter_index(network: Network, name: str) -> int:
    """Return the index in θ of a named weight or bias.

    Raises
    ------
    SpecError
        When the name is not of the form, or names a layer, unit or connection that is not there.

    Examples
    --------
    >>> from fallline.spec.network import Network
    >>> parameter_index(Network.parse("2 -> 3 tanh -> 1"), "b[output.0]")
    12
    """
    if found := _WEIGHT.fullmatch(name):
        source, i, layer, j = found[1], int(found[2]), found[3], int(found[4])
        block = _block(network, layer, name)
        row = _source_row(network, block, source, i, name)
        return int(block.weights.start) + row * block.shape[1] + _unit(block, j, name)
    if found := _BIAS.fullmatch(name):
        block = _block(network, found[1], name)
        if block.biases is None:
            raise SpecError(f"{name}: layer '{block.name}' has no biases (bias=False)")
        return int(block.biases.start) + _unit(block, int(found[2]), name)
    raise SpecError(
        f"{name!r} names no parameter; write w[layer.i->layer.j] or b[layer.j], counting from 0"
    )


def _block(network: Network, layer: str, name: str) -> Block:
    for block in network.blocks:
        if block.name == layer:
            return block
    known = [block.name for block in network.blocks]
    raise SpecError(f"{name}: no layer '{layer}' holds parameters; {suggest(layer, known)}")


def _unit(block: Block, j: int, name: str) -> int:
    if j >= block.shape[1]:
        raise SpecError(f"{name}: layer '{block.name}' has units 0 to {block.shape[1] - 1}")
    return j


def _source_row(network: Network, block: Block, source: str, i: int, name: str) -> int:
    row = 0
    for feeding in block.sources:
        width = network.width(feeding)
        if feeding == source and i < width:
            return row + i
        if feeding == source:
            raise SpecError(f"{name}: layer '{source}' has units 0 to {width - 1}")
        row += width
    raise SpecError(
        f"{name}: layer '{block.name}' is fed by {', '.join(block.sources)}, not by '{source}'"
    )


def _source_unit(network: Network, block: Block, row: int) -> tuple[str, int]:
    for feeding in block.sources:
        width = network.width(feeding)
        if row < width:
            return feeding, row
        row -= width
    raise AssertionError("the sources cover the rows of W")
