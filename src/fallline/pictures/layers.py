"""What a layer inside a network gives: the engine's prediction of the network cut off there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Floats, Inputs, Ints
from ..engines.calls import predict
from ..errors import SpecError, suggest
from ..spec.network import Network

__all__ = ["Cut", "cut_at", "layer_outputs"]


class Cut(NamedTuple):
    """A network that ends at a layer of another.

    ``parameters`` are the places in the whole θ of its own, ``columns`` those of X of its inputs.
    """

    network: Network
    parameters: Ints
    columns: Ints


def cut_at(network: Network, layer: str) -> Cut:
    """Return the part of a network that a layer's outputs depend on.

    Raises
    ------
    SpecError
        When no layer has that name, or it is an input.

    Examples
    --------
    >>> cut = cut_at(Network.parse("2 -> 3 tanh -> 1"), "hidden1")
    >>> print(cut.network, len(cut.parameters))
    input: 2 -> hidden1: 3 tanh 9
    """
    sources = {each.name: each.sources for each in network.layers}
    if layer not in sources:
        known = suggest(layer, sources)
        raise SpecError(f"the network has no layer '{layer}' that computes; {known}")
    needed, waiting = set(), [layer]
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting += [source for source in sources.get(name, ()) if source not in needed]
    inputs = tuple(each for each in network.inputs if each.name in needed)
    layers = tuple(each for each in network.layers if each.name in needed)
    starts = np.cumsum([0, *(each.size for each in network.inputs)])
    columns = [
        np.arange(start, start + each.size)
        for start, each in zip(starts, network.inputs, strict=False)
        if each.name in needed
    ]
    blocks = [b for b in network.blocks if b.name in needed]
    parameters = [np.arange(b.weights.start, b.stop) for b in blocks]
    return Cut(Network(inputs, layers), np.concatenate(parameters), np.concatenate(columns))


def layer_outputs(network: Network, theta: Floats, X: Inputs, layer: str) -> Floats:
    """Return the outputs (n, width) of a layer's units for rows X (n, d).

    Raises
    ------
    SpecError
        When no layer has that name, or it is an input.

    Examples
    --------
    >>> net = Network.parse("1 -> a: 2 relu nobias -> 1 nobias")
    >>> layer_outputs(net, np.array([2.0, -1.0, 5.0, 5.0]), np.array([[3.0]]), "a")
    array([[6., 0.]])
    """
    if network.output.name == layer:
        return predict(network, theta, X)
    cut = cut_at(network, layer)
    part = X if len(cut.columns) == network.n_inputs else X[:, cut.columns]
    return predict(cut.network, theta[cut.parameters], part)
