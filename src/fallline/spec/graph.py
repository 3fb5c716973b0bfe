"""Linking and checking a graph of layers: names, sources, order, cycles, the one output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from ..errors import SpecError, suggest
from ..formulas.activations import ACTIVATIONS
from .layers import Input, Layer

__all__ = ["check_graph", "resolve"]

Resolved = tuple[tuple[Input, ...], tuple[Layer, ...]]


def resolve(listed: Sequence[Input | Layer]) -> Resolved:
    """Return inputs and layers with every name and every source filled in."""
    for layer in listed:
        if not isinstance(layer, Input | Layer):
            raise SpecError(f"a network is made of Input(...) and Layer(...), not {layer!r}")
    inputs = tuple(layer for layer in listed if isinstance(layer, Input))
    layers = [layer for layer in listed if isinstance(layer, Layer)]
    named: list[Layer] = []
    previous, hidden = "", 0
    for position, layer in enumerate(layers, start=1):
        name = layer.name
        if not name:
            hidden += 1
            name = "output" if position == len(layers) else f"hidden{hidden}"
        # The first layer takes every input, so that inputs listed one by one need no sources.
        default = tuple(i.name for i in inputs) if not named else (previous,)
        named.append(replace(layer, name=name, sources=layer.sources or default))
        previous = name
    return inputs, tuple(named)


def check_graph(inputs: Sequence[Input], layers: Sequence[Layer]) -> None:
    """Raise a SpecError that names the layer where the graph is not a feed-forward network."""
    if not inputs:
        raise SpecError("a network needs an input layer: start it with Input(number of columns)")
    if not layers:
        raise SpecError("a network needs at least one layer after its inputs: the output layer")
    names = [layer.name for layer in inputs] + [layer.name for layer in layers]
    for name, count in Counter(names).items():
        if count > 1:
            raise SpecError(f"two layers are named '{name}'; give each its own name")
    _check_sources(names, layers)
    _check_order(inputs, layers)
    feeding = {source for layer in layers for source in layer.sources}
    for name in names[:-1]:
        if name not in feeding:
            raise SpecError(
                f"layer '{name}' feeds no other; only the last layer may be an output, so name "
                f"'{name}' in the sources of a later layer or leave it out"
            )
    for layer in layers:
        row = ACTIVATIONS[layer.activation]
        if layer.size < row.fewest:
            raise SpecError(f"layer '{layer.name}': {row.name} of one unit is always 1")
        if layer.size % row.group:
            raise SpecError(
                f"layer '{layer.name}': {row.name} takes its units in groups, so its size must be "
                f"a multiple of {row.group}, not {layer.size}"
            )


def _check_sources(names: Sequence[str], layers: Sequence[Layer]) -> None:
    known = set(names)
    for layer in layers:
        for source in layer.sources:
            if source not in known:
                raise SpecError(
                    f"layer '{layer.name}' takes from '{source}', which is no layer; "
                    f"{suggest(source, names)}"
                )
        if len(set(layer.sources)) < len(layer.sources):
            raise SpecError(f"layer '{layer.name}' names a source twice: {layer.sources}")


def _check_order(inputs: Sequence[Input], layers: Sequence[Layer]) -> None:
    try:
        list(TopologicalSorter({layer.name: layer.sources for layer in layers}).static_order())
    except CycleError as error:
        # graphlib lists the cycle against the arrows.
        cycle = " -> ".join(reversed(error.args[1]))
        raise SpecError(
            f"the layers form a cycle, {cycle}; feed-forward graphs have none"
        ) from None
    seen = {layer.name for layer in inputs}
    for layer in layers:
        for source in layer.sources:
            if source not in seen:
                raise SpecError(
                    f"layer '{layer.name}' takes from '{source}', which is listed after it; list "
                    f"'{source}' first"
                )
        seen.add(layer.name)
