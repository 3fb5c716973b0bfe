"""Penalties on weights (never on biases): a function of one weight, summed over all weights.

With strength λ the penalty of a batch is R = λ Σ p(w) for mean errors; for the sum error it is
scaled by Σ_B s / Σ s, so that an epoch of batches adds up to the penalty of the whole data. Two
penalties add up: ``l1`` and ``l2`` together are the elastic net. `max_norm` is no penalty but a
limit, put on the weights after each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .clipping import euclidean
from .registry import Registry
from .stable import magnitude

__all__ = ["PENALTIES", "Penalty", "batch_share", "max_norm"]

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
    source
        The paper that it is from.
    kinks
        Points where p' does not exist, each with the slope chosen there.
    """

    name: str
    text: str
    value: Callable[[A, A], A]
    slope: Callable[[A, A], A]
    curvature: Callable[[A, A], A]
    source: str
    kinks: tuple[tuple[float, float], ...] = ()


def batch_share(reduction: Literal["sum", "mean"], batch_weight: A, total_weight: A) -> A:
    """Return the factor of R in a batch: 1, or the batch's share of the row weights for sums."""
    return batch_weight / total_weight if reduction == "sum" else 1.0


PENALTIES: Registry[Penalty] = Registry(
    "penalty",
    [
        Penalty(
            "l1",
            "abs(w)",
            value=magnitude,
            slope=lambda xp, w: xp.sign(w),
            curvature=lambda xp, w: 0 * w,
            source="Tibshirani 1996",
            kinks=((0.0, 0.0),),
        ),
        Penalty(
            "l2",
            "w**2/2",
            value=lambda xp, w: w * w / 2,
            slope=lambda xp, w: w,
            curvature=lambda xp, w: xp.ones_like(w),
            source="Hoerl and Kennard 1970",
        ),
    ],
)


def max_norm(xp: A, W: A, limit: float, free: A) -> A:
    """Return W (fan_in, size) with the norm of each unit's incoming weights held to a limit.

    A column w whose Euclidean norm exceeds the limit c becomes w·c/‖w‖; others stay as they are to
    the last bit. Where some of its weights may not move, of norm f, the others are scaled to the
    norm √max(c² − f², 0): the nearest point that keeps the limit, or comes nearest to it.

    Biases take no part. This is Srivastava et al. 2014, section 5.1, of which Keras's ``MaxNorm``
    differs by an ε of 1e-7 added to each norm, so that it shrinks weights within the limit too.

    Parameters
    ----------
    free
        (fan_in, size) True where a weight may move.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[3.0, 0.3], [4.0, 0.4]])
    >>> max_norm(np, W, 1.0, np.ones((2, 2), bool))
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """
    fixed = euclidean(xp, xp.where(free, 0, W), axis=0)
    moving = euclidean(xp, xp.where(free, W, 0), axis=0)
    room = xp.sqrt(xp.maximum((limit - fixed) * (limit + fixed), 0))
    long = moving > room
    factor = xp.where(long, room / xp.where(long, moving, 1), 1)
    return xp.where(free & long, W * factor, W)
