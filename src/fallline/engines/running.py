"""Sums over steps that are carried on step by step, so that they do not show where a pause was."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats

try:
    from .._core import carried as _carried
except ImportError:  # an install without the C++ core
    _carried = None  # type: ignore[assignment]

__all__ = ["carried"]

Sums = tuple[float, float, float]


def carried(sums: Sums, errors: Floats, weights: Floats, norms: Floats, *, scaled: bool) -> Sums:
    """Return the sums of errors, weights and norms with those of more steps.

    Parameters
    ----------
    sums
        What they were before.
    errors, weights, norms
        (k,) in float64, an entry a step; each is added in order.
    scaled
        Whether an error counts by its weight.

    Examples
    --------
    >>> two = np.array([1.0, 2.0])
    >>> carried((0.5, 0.0, 0.0), two, 10 * two, two, scaled=True)
    (50.5, 30.0, 3.0)
    """
    if _carried is not None:
        plain = np.ascontiguousarray
        return _carried(sums, plain(errors), plain(weights), plain(norms), scaled)
    with np.errstate(over="ignore"):  # what overflows is recorded as such
        terms = (errors * weights if scaled else errors, weights, norms)
        error, weight, norm = map(_added, sums, terms)
    return error, weight, norm


def _added(start: float, terms: Floats) -> float:
    """Return a sum carried on term by term: `accumulate` adds in order, `sum` in pairs."""
    return float(np.add.accumulate(np.concatenate([[start], terms]))[-1])
