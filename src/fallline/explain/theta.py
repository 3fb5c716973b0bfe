"""θ from weights as people write them down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..errors import SpecError
from ..spec.initial import given_theta
from ..spec.network import Network

__all__ = ["theta_of"]


def theta_of(network: Network, weights: npt.ArrayLike | Mapping[str, Any]) -> Floats:
    """Return θ (P,) from a vector, from numbers by name, or from W or (W, b) by layer.

    Raises
    ------
    SpecError
        When one is missing, or one is there that the network has not.

    Examples
    --------
    >>> net = Network.parse("2 -> 1 nobias")
    >>> theta_of(net, {"w[input.1->output.0]": 3, "w[input.0->output.0]": 2})
    array([2., 3.])
    """
    if not isinstance(weights, Mapping):
        return given_theta(network, weights, np.float64)
    if any(str(name).startswith(("w[", "b[")) for name in weights):
        return _theta_by_name(network, weights)
    absent = [block.name for block in network.blocks if block.name not in weights]
    if absent:
        raise SpecError(f"weights of layer '{absent[0]}' are missing; give W or (W, b)")
    for block in network.blocks:
        if block.biases is not None and not isinstance(weights[block.name], tuple):
            raise SpecError(f"layer '{block.name}' has biases; give its weights as a pair (W, b)")
    return network.initial(weights)


def _theta_by_name(network: Network, weights: Mapping[str, Any]) -> Floats:
    theta = np.full(network.size, np.nan)
    theta[network.masked] = 0.0
    for name, value in weights.items():
        try:
            theta[network.index(name)] = float(value)
        except (TypeError, ValueError) as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError(f"{name} must be a number, not {value!r}") from None
    if np.isnan(theta).any():
        missing = network.name(int(np.argmax(np.isnan(theta))))
        raise SpecError(f"{missing} has no value; give all weights and biases")
    return given_theta(network, theta, np.float64)
