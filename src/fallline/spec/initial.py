"""Start weights that the user gives: checked, and laid into θ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..errors import SpecError, suggest

if TYPE_CHECKING:
    from .network import Network

__all__ = ["check_network", "given_theta", "given_values"]


def check_network(network: object) -> None:
    """Raise a SpecError for what is no network, such as its text."""
    if isinstance(network, str):
        raise SpecError(
            f"a Network is needed, not its text; make one with Network.parse({network!r})"
        )
    if not hasattr(network, "blocks"):
        raise SpecError(
            f"a Network is needed, not a {type(network).__name__}; make one with Network.parse or "
            "Network.of"
        )


def given_theta(network: Network, theta: Any, dtype: npt.DTypeLike | None = None) -> Floats:
    """Return θ as a new (P,) vector, checked: finite, of the right length, 0 where masked.

    Parameters
    ----------
    dtype
        float32 or float64; None keeps a float vector's own.

    Raises
    ------
    SpecError
        When it is not.
    """
    check_network(network)
    try:
        array = np.asarray(theta)
    except ValueError as error:
        raise SpecError(f"θ must be a vector of numbers ({error})") from None
    if array.dtype.kind not in "iuf":
        raise SpecError(f"θ must hold numbers, but its dtype is {array.dtype}")
    if array.shape != (network.size,):
        raise SpecError(
            f"θ must have shape ({network.size},), one number for each weight and bias of "
            f"{network}, but it has {array.shape}"
        )
    if not np.isfinite(array).all():
        index = int(np.argmin(np.isfinite(array)))
        raise SpecError(f"θ must be finite, but {network.name(index)} is {array[index]}")
    if (stray := network.masked & (array != 0)).any():
        name = network.name(int(np.argmax(stray)))
        raise SpecError(f"θ must be 0 at absent connections, but {name} is not")
    wanted = np.dtype(dtype or (array.dtype if array.dtype.kind == "f" else np.float64))
    if np.abs(array).max(initial=0) > np.finfo(wanted).max:
        name = network.name(int(np.argmax(np.abs(array))))
        raise SpecError(f"θ must fit into {wanted}, but {name} does not")
    return np.array(array, dtype=wanted)


def given_values(network: Network, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the given (W, b) of each named layer, checked; b is None where it was left out."""
    blocks = {block.name: block for block in network.blocks}
    result = {}
    for name, value in values.items():
        if name not in blocks:
            raise SpecError(f"start weights for an unknown layer '{name}'; {suggest(name, blocks)}")
        block = blocks[name]
        pair = value if isinstance(value, tuple) else (value, None)
        if len(pair) != 2:
            raise SpecError(f"start weights of layer '{name}' must be W or a pair (W, b)")
        weights = _shaped(pair[0], block.shape, f"W of layer '{name}'")
        if pair[1] is not None and block.biases is None:
            raise SpecError(f"layer '{name}' has no biases (bias=False), but b was given")
        shape = (block.shape[1],)
        biases = None if pair[1] is None else _shaped(pair[1], shape, f"b of layer '{name}'")
        result[name] = (weights, biases)
    return result


def _shaped(value: Any, shape: tuple[int, ...], place: str) -> Floats:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{place} must hold numbers only ({error})") from None
    if array.shape != shape:
        raise SpecError(f"{place} must have shape {shape}, but it has {array.shape}")
    if not np.isfinite(array).all():
        raise SpecError(f"{place} must be finite")
    return array
