"""Penalties on weights (never on biases): a function of one weight, summed over all weights.

With strength λ the penalty of a batch is R = λ Σ p(w) for mean errors; for the sum error it is
scaled by Σ_B s / Σ s, so that an epoch of batches adds up to the penalty of the whole data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .registry import Registry

__all__ = ["PENALTIES", "Penalty", "batch_share"]

A = Any  # an array of the namespace xp


@dataclass(frozen=True)
class Penalty:
    """One penalty: a row of ``PENALTIES``.

    Attributes
    ----------
    name, text
        The name that users write, and p as a formula in w.
    value, slope, curvature
        p(w), p'(w) and p''(w), elementwise: ``value(xp, w)``.
    """

    name: str
    text: str
    value: Callable[[A, A], A]
    slope: Callable[[A, A], A]
    curvature: Callable[[A, A], A]


def batch_share(reduction: Literal["sum", "mean"], batch_weight: A, total_weight: A) -> A:
    """Return the factor of R in a batch: 1, or the batch's share of the row weights for sums."""
    return batch_weight / total_weight if reduction == "sum" else 1.0


PENALTIES: Registry[Penalty] = Registry(
    "penalty",
    [
        Penalty(
            "l2",
            "w**2/2",
            value=lambda xp, w: w * w / 2,
            slope=lambda xp, w: w,
            curvature=lambda xp, w: xp.ones_like(w),
        ),
    ],
)
