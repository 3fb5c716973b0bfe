"""The one check of numbers that people give: in settings, plans and files."""

from __future__ import annotations

import math
from numbers import Real

__all__ = ["finite_number"]


def finite_number(value: object) -> float | None:
    """Return `value` as a plain float; None where it is no finite real number.

    Plain, so that it is JSON and that a NumPy float64 does not carry a float32 descent along.

    Examples
    --------
    >>> finite_number(3), finite_number("3"), finite_number(True), finite_number(10**400)
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
