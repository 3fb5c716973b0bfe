"""What can be drawn: numbers that float32, in which the page gets them, can hold."""

from __future__ import annotations

import numpy as np

from ...arrays import Array, Bools, Floats
from ...errors import DataError
from ..instant import Instant
from ..message import Message

__all__ = ["LARGEST", "are_drawable", "drawn", "held", "theta_now"]

LARGEST = 1e30
"""The largest weight and coordinate: a window around it still lies within float32."""

_LARGEST_VALUE = float(np.finfo(np.float32).max)


def theta_now(at: Instant) -> Floats:
    """Return θ (P,) of an instant, which has to be finite, and no larger than can be drawn.

    Raises
    ------
    DataError
        When the descent led out of all numbers.
    """
    if not are_drawable(at.theta).all():
        raise DataError(
            "some weights are beyond all that can be drawn; the pictures are of the last weights "
            "that were not. Step back, or restart with a smaller learning rate"
        )
    return np.asarray(at.theta, np.float64)


def are_drawable(thetas: Floats) -> Bools:
    """Return where weights are finite, and small enough to be drawn."""
    found: Bools = np.abs(thetas) < LARGEST
    return found


def held(values: Floats) -> Floats:
    """Return values in which all that float32 cannot hold is infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) > _LARGEST_VALUE, np.copysign(np.inf, values), values)


def drawn(message: Message) -> Message:
    """Return a picture whose arrays can all be drawn.

    Raises
    ------
    DataError
        When there are numbers in it that cannot.
    """
    if not all(_is_finite(array) for array in message.arrays.values()):
        raise DataError(
            f"the picture '{message.type}' has numbers that are beyond all that can be drawn; "
            "step back, or restart with a smaller learning rate; if the data's own numbers are as "
            "large, give them in another unit"
        )
    return message


def _is_finite(array: Array) -> bool:
    return bool((np.abs(array) <= _LARGEST_VALUE).all())
