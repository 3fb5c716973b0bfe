"""Mean and standard deviation of columns on any scale."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats

__all__ = ["moments", "scale_of"]


def moments(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation (over n, not n - 1) of the finite values.

    They are scaled by a power of two first, so that 1e300 does not overflow when squared. The
    deviation is 0 where it is below rounding (1e-12 of the largest value), infinite where float64
    cannot hold it; of no values the mean is 0.

    Examples
    --------
    >>> moments(np.array([1.0, 3.0, np.nan])), moments(np.array([0.1] * 3))[1]
    ((2.0, 1.0), 0.0)
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0.0
    # A power of two: dividing by it and multiplying with it again costs no bit.
    power = int(np.frexp(np.abs(known).max())[1])
    part = np.ldexp(known, -power)
    mean, std = float(part.mean()), float(part.std())
    with np.errstate(over="ignore"):
        return float(np.ldexp(mean, power)), float(np.ldexp(std if std > 1e-12 else 0.0, power))


def scale_of(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation to standardise with: the latter 1 where nothing varies."""
    mean, std = moments(values)
    return mean, std if 0.0 < std < np.inf else 1.0
