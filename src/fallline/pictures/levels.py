"""At which errors contour lines are drawn, and which colour lies between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..arrays import Floats
from ..errors import SpecError

if TYPE_CHECKING:
    from matplotlib.colors import Normalize

__all__ = ["Scale", "is_log", "levels_of", "line_colours", "norm_of"]

Scale = Literal["auto", "linear", "square", "log"]

_SPREAD = 100.0
"""The ratio of the largest to a small error above which levels are spaced by their logarithm."""

_DECADES = ([1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8])
"""Round levels within a power of ten, sparse to dense."""


def levels_of(errors: Floats, levels: int = 12, scale: Scale = "auto") -> Floats:
    """Return the errors at which contour lines are drawn, about so many, round and rising.

    "linear" spaces them evenly. "square" spaces their roots above the least error evenly, so that
    the lines of a bowl are evenly apart. "log" puts them the same factor apart. "auto" takes "log"
    for positive errors that span more than two orders of magnitude, else "square".

    Raises
    ------
    SpecError
        For another scale, or "log" for errors that are not positive.

    Examples
    --------
    >>> levels_of(np.array([0.0, 10.0]), 4, "linear")
    array([2., 4., 6., 8.])
    >>> levels_of(np.array([0.0, 25.0]), 4, "square")
    array([ 1.,  4.,  9., 16.])
    >>> levels_of(np.array([0.01, 100.0]), 4, "log")
    array([ 0.1,  1. , 10. ])
    """
    if scale not in ("auto", "linear", "square", "log"):
        raise SpecError(f"scale must be 'auto', 'linear', 'square' or 'log', not {scale!r}")
    if type(levels) is not int or not 2 <= levels <= 100:
        raise SpecError(f"levels must be a whole number from 2 to 100, not {levels!r}")
    finite = errors[np.isfinite(errors)]
    low, high = float(finite.min()), float(finite.max())
    if low == high:  # flat: a level on either side, so that something can be drawn
        gap = 0.5 * (abs(low) or 1.0)
        return np.array([low - gap, low + gap])
    if scale == "log" and low < 0:
        raise SpecError("scale='log' needs errors above 0; take 'square' or 'linear'")
    few = float(np.percentile(finite, 1, method="lower")) if low >= 0 else 0.0
    if scale == "log" or (scale == "auto" and low >= 0 and high > _SPREAD * few):
        return _powers(
            max(low, float(np.percentile(finite, 0.5, method="lower")), 1e-9 * high), high, levels
        )
    if scale == "linear":
        return _even(low, high, levels)
    return _squares(low, high, levels)


def norm_of(errors: Floats, lines: Floats) -> Normalize:
    """Return the place of an error among the levels, 0 to 1: so each band has its own colour."""
    from matplotlib.colors import FuncNorm

    finite = errors[np.isfinite(errors)]
    knots = np.unique([finite.min(), *lines, finite.max()])
    ranks = np.linspace(0.0, 1.0, len(knots))

    def forward(values: Any) -> Any:
        return np.interp(values, knots, ranks)

    def back(values: Any) -> Any:
        return np.interp(values, ranks, knots)

    return FuncNorm((forward, back), float(knots[0]), float(knots[-1]))


def line_colours(lines: Floats) -> list[str]:
    """Return the colour of each contour line: ink on light ground, and light on dark."""
    dark = len(lines) * 0.55
    return ["#2b3a4a" if i < dark else "#e8eef2" for i in range(len(lines))]


def is_log(errors: Floats, lines: Floats) -> bool:
    """Return whether the levels rise by factors, so that heights should be logarithms, too."""
    finite = errors[np.isfinite(errors)]
    return bool(finite.min() >= 0 and lines[0] > 0 and lines[-1] > _SPREAD * lines[0])


def _even(low: float, high: float, levels: int) -> Floats:
    from matplotlib.ticker import MaxNLocator

    ticks = np.asarray(MaxNLocator(levels + 1, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    inner = ticks[(ticks > low) & (ticks < high)]
    return inner if len(inner) > 1 else np.linspace(low, high, levels + 2)[1:-1]


def _squares(low: float, high: float, levels: int) -> Floats:
    exact = low + (high - low) * (np.arange(levels + 2) / (levels + 1)) ** 2
    unit = 10.0 ** np.floor(np.log10(np.diff(exact)[:-1]))  # rounded as finely as its band is
    rounded = np.round(exact[1:-1] / unit) * unit
    found: Floats = np.unique(rounded[(rounded > low) & (rounded < high)])
    return found if len(found) > 1 else exact[1:-1]


def _powers(low: float, high: float, levels: int) -> Floats:
    exponents = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    best = np.geomspace(low, high, levels + 2)[1:-1]
    for digits in _DECADES:
        every = np.array([float(f"{d}e{int(e)}") for e in exponents for d in digits])
        inner = every[(every > low) & (every < high)]
        if 2 < len(inner) <= levels + 1:
            best = inner
    return best
