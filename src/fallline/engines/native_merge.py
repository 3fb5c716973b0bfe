"""Layers of few units laid side by side: a network built unit by unit runs as wide masked layers.

Layers of equal depth do not feed each other. Those of one activation become one layer, fed by all
that feed some of them, with a mask where a connection is absent. That pays where what is saved, a
call for each layer and vectors that stand mostly empty, is more than what the mask wastes.

Outside θ stays what it is: each of its entries has a place in the θ of the merged network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ..arrays import Bools, Ints
from ..formulas.activations import ACTIVATIONS
from ..spec.network import Block, Input, Layer, Network

__all__ = ["Merged", "merge"]

_LANES = 16
"""Units that one instruction computes: fewer take as long."""

_PER_LAYER, _PER_SOURCE = 32, 2
"""What a layer, and each of its sources, costs beside products, in source units; measured."""


class Merged(NamedTuple):
    """A network of wider layers that computes the same.

    Attributes
    ----------
    network
        Its layers, every connection present.
    places
        (P,) the index in its θ of each entry of the other's θ.
    masked, trainable
        Over its θ, as those of `Network`; entries that the other has not are masked.
    """

    network: Network
    places: Ints
    masked: Bools
    trainable: Bools


@dataclass
class _Group:
    """Layers that are to become one, and the groups that feed them by name, in any order."""

    layers: list[Input | Layer]
    size: int
    sources: dict[str, _Group] = field(default_factory=dict)
    fan_in: int = 0

    @property
    def name(self) -> str:
        return self.layers[0].name

    @property
    def cost(self) -> int:
        return _cost(self.size, self.fan_in, len(self.sources))

    def takes(self, other: _Group) -> bool:
        """Take the other's layers in where that is cheaper, and return whether it is."""
        new = {name: source for name, source in other.sources.items() if name not in self.sources}
        fan_in = self.fan_in + sum(source.size for source in new.values())
        size = self.size + other.size
        if _cost(size, fan_in, len(self.sources) + len(new)) >= self.cost + other.cost:
            return False
        self.layers += other.layers
        self.sources |= new
        self.size, self.fan_in = size, fan_in
        return True


def _cost(size: int, fan_in: int, sources: int) -> int:
    """Return the time that a layer takes, in products of a source unit and a unit."""
    return (fan_in + _PER_SOURCE * sources) * max(size, _LANES) + _PER_LAYER * _LANES


def merge(network: Network) -> Merged | None:
    """Return the network with layers merged, or None where it is fastest as it is.

    Examples
    --------
    >>> net = Network.of(Input(2), Layer(1, "tanh", "a", "input"), Layer(1, "tanh", "b", "input"),
    ...                  Layer(1, name="c", sources=("a", "b")))
    >>> found = merge(net)
    >>> print(found.network)
    input: 2 -> a: 2 tanh -> c: 1 identity
    >>> found.places
    array([0, 2, 4, 1, 3, 5, 6, 7, 8])
    """
    as_it_is = sum(
        _cost(layer.size, block.shape[0], len(layer.sources))
        for layer, block in zip(network.layers, network.blocks, strict=True)
    ) + sum(_cost(layer.size, 0, 0) for layer in network.inputs)
    choices = [_groups(network, joined) for joined in (True, False)]
    costs = [sum(group.cost for group in groups) for groups in choices]
    best = min(costs)
    return _built(network, choices[costs.index(best)]) if best < as_it_is else None


def _groups(network: Network, joined: bool) -> list[_Group]:
    """Return all layers in groups, each after those that feed it; the inputs `joined` or apart."""
    inputs = network.inputs
    firsts = [list(inputs)] if joined else [[layer] for layer in inputs]
    groups = [_Group([*layers], sum(layer.size for layer in layers)) for layers in firsts]
    group_of = {layer.name: group for group in groups for layer in group.layers}
    depths = _depths(network)
    alike: dict[Hashable, list[_Group]] = defaultdict(list)
    for layer in sorted(network.layers, key=lambda layer: depths[layer.name]):
        sources = {group_of[name].name: group_of[name] for name in layer.sources}
        own = _Group([layer], layer.size, sources, sum(one.size for one in sources.values()))
        row = ACTIVATIONS[layer.activation]
        alone = layer is network.output or row.coupled or row.group > 1
        others = [] if alone else alike[depths[layer.name], layer.activation, layer.bias]
        found = next((other for other in others if other.takes(own)), None)
        if found is None:
            others.append(own)
            groups.append(own)
        group_of[layer.name] = found or own
    return groups


def _depths(network: Network) -> dict[str, int]:
    """Return the length of the longest path from an input to each layer."""
    depths = {layer.name: 0 for layer in network.inputs}
    for layer in network.layers:
        depths[layer.name] = 1 + max(depths[name] for name in layer.sources)
    return depths


def _built(network: Network, groups: list[_Group]) -> Merged:
    """Return the network of the groups."""
    inputs = [Input(group.size, group.name) for group in groups if not group.sources]
    layers = [
        replace(group.layers[0], size=group.size, sources=(*group.sources,), mask=None, frozen=None)
        for group in groups
        if isinstance(group.layers[0], Layer)
    ]
    wide = Network((*inputs,), (*layers,))
    units = {}  # by layer: the group that it is in, and its first unit there
    for group in groups:
        first = 0
        for layer in group.layers:
            units[layer.name] = (group.name, first)
            first += layer.size
    blocks = {block.name: block for block in wide.blocks}
    places = np.concatenate(
        [_places(network, wide, block, blocks[units[block.name][0]], units)
         for block in network.blocks]
    )  # fmt: skip
    masked, trainable = np.ones(wide.size, bool), np.zeros(wide.size, bool)
    masked[places] = network.masked
    trainable[places] = ~(network.masked | network.frozen)
    return Merged(wide, places, masked, trainable)


def _places(
    network: Network, wide: Network, block: Block, to: Block, units: dict[str, tuple[str, int]]
) -> Ints:
    """Return the places of a layer's weights and biases, which lie in the block `to`."""
    firsts, first = {}, 0  # of the units of each source of `to`
    for name in to.sources:
        firsts[name] = first
        first += wide.width(name)
    rows = np.concatenate(
        [firsts[group] + first + np.arange(network.width(name))
         for name in block.sources for group, first in [units[name]]]
    )  # fmt: skip
    columns = units[block.name][1] + np.arange(block.shape[1])
    weights = to.weights.start + rows[:, None] * to.shape[1] + columns
    biases = [] if to.biases is None else [to.biases.start + columns]
    return np.concatenate([weights.ravel(), *biases])
