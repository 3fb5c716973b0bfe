"""A network as the page's diagram takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..spec.network import Network

__all__ = ["WHOLE", "network_spec"]

WHOLE = 5_000
"""Up to so many parameters a frame carries all of θ; above, those of the layer in sight."""


def network_spec(network: Network, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Any]:
    """Return layers, their places in θ and the names of units.

    Parameters
    ----------
    network
        The network.
    inputs, outputs
        What each input and each output unit is: (d,) and (k,) labels.

    Examples
    --------
    >>> spec = network_spec(Network.parse("1 -> 2 tanh -> 1"), ["x"], ["y"])
    >>> spec["inputs"], [layer["weights"] for layer in spec["layers"]]
    ([{'name': 'input.0', 'label': 'x'}], [0, 4])
    """
    labels = iter(inputs)
    return {
        "text": str(network),
        "inputs": [
            {"name": f"{layer.name}.{i}", "label": next(labels)}
            for layer in network.inputs
            for i in range(layer.size)
        ],
        "layers": _layers(network, outputs),
        "parameters": network.size,
        "whole": network.size <= WHOLE,
    }


def _layers(network: Network, outputs: Sequence[str]) -> list[dict[str, Any]]:
    layers = []
    for layer, block in zip(network.layers, network.blocks, strict=True):
        own = [f"{layer.name}.{j}" for j in range(layer.size)]
        layers.append(
            {
                "name": layer.name,
                "size": layer.size,
                "activation": str(layer.activation),
                "sources": list(layer.sources),
                "source_sizes": [network.width(name) for name in layer.sources],
                "weights": block.weights.start,
                "biases": None if block.biases is None else block.biases.start,
                "labels": list(outputs) if layer is network.output else own,
            }
        )
    return layers
