"""Mean and standard deviation of columns on any scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..arrays import Floats

__all__ = ["Moments", "moments", "scale_of"]


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


@dataclass(frozen=True)
class Moments:
    """Mean and deviation of a part of the values, from which those of all can be had.

    Attributes
    ----------
    count, mean, std
        Of the part's finite values, as `moments` has them.

    Examples
    --------
    >>> parts = [Moments.of(np.array(part)) for part in ([1.0, 3.0], [np.nan, 8.0])]
    >>> Moments.joined(parts)
    Moments(count=3, mean=4.0, std=2.943920288775949)
    """

    count: int = 0
    mean: float = 0.0
    std: float = 0.0

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Return those of a part."""
        return cls(int(np.isfinite(values).sum()), *moments(values))

    def plus(self, other: Moments) -> Moments:
        """Return those of both parts (Chan, Golub, LeVeque 1983, equation 2.1)."""
        count = self.count + other.count
        if not (self.count and other.count):
            return other if other.count else self
        a, b = self.count / count, other.count / count
        away = other.mean - self.mean
        # As lengths, not as squares, which could overflow.
        spread = np.hypot(np.hypot(a**0.5 * self.std, b**0.5 * other.std), (a * b) ** 0.5 * away)
        return Moments(count, self.mean + b * away, float(spread))

    @classmethod
    def joined(cls, parts: Iterable[Moments]) -> Moments:
        """Return those of all parts, joined in the order given."""
        return reduce(cls.plus, parts, cls())

    @property
    def scale(self) -> tuple[float, float]:
        """Mean and deviation to standardise with, as `scale_of` has them."""
        still = self.std <= 1e-12 * abs(self.mean)
        return self.mean, self.std if 0.0 < self.std < np.inf and not still else 1.0
