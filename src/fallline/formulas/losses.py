"""Errors (losses): e of one row, its slope and curvature in the prediction, and fused pairs.

A row's error e is summed over the outputs. The error of a batch B with row weights s is

- ``reduction="sum"``: E = Σ s e,
- ``reduction="mean"``: E = Σ s e / Σ s.

Cross-entropies are computed from net inputs, paired with the one output activation for which that
is stable; other outputs are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .registry import Registry

__all__ = ["LOSSES", "FusedPair", "Loss"]

A = Any  # an array of the namespace xp


@dataclass(frozen=True)
class FusedPair:
    """An error together with its output activation, from net inputs.

    Attributes
    ----------
    value
        ``value(xp, y, h) -> e``, (n,).
    slope
        ``slope(xp, y, h, o) -> ∂e/∂h``, (n, k).
    curvature
        ``curvature(xp, y, h, o) -> ∂²e/∂h²``, (n, k), or (n, k, k) where outputs are coupled.
    """

    value: Callable[[A, A, A], A]
    slope: Callable[[A, A, A, A], A]
    curvature: Callable[[A, A, A, A], A]


@dataclass(frozen=True)
class Loss:
    """One error: a row of ``LOSSES``.

    Attributes
    ----------
    name
        The name that users write.
    text
        The error of one output as a formula in y and yhat; a row's error sums it over outputs.
    reduction
        How a batch joins its rows: ``"sum"`` or ``"mean"`` (weighted).
    targets
        What targets may be: any ``"number"``, a ``"probability"`` in [0, 1] for each output, or a
        ``"distribution"``: probabilities that sum to 1 over a row.
    value
        ``value(xp, y, yhat) -> e``, (n,) from (n, k) arrays.
    slope
        ``slope(xp, y, yhat) -> ∂e/∂ŷ``, (n, k).
    curvature
        ``curvature(xp, y, yhat) -> ∂²e/∂ŷ²``, (n, k): the diagonal, all other entries being 0.
    pairs
        Fused pairs by the name of the output activation.
    only_pairs
        Whether output activations without a fused pair are refused.
    """

    name: str
    text: str
    reduction: Literal["sum", "mean"]
    targets: Literal["number", "probability", "distribution"]
    value: Callable[[A, A, A], A]
    slope: Callable[[A, A, A], A]
    curvature: Callable[[A, A, A], A]
    pairs: Mapping[str, FusedPair] = field(default_factory=dict)
    only_pairs: bool = False


def _sum(xp: A, values: A) -> A:
    return xp.sum(values, axis=-1)


def _squares(xp: A, y: A, yhat: A) -> A:
    return _sum(xp, (y - yhat) ** 2) / 2


def _softplus(xp: A, z: A) -> A:
    negative = z < 0
    return xp.where(negative, xp.zeros_like(z), z) + xp.log1p(xp.exp(xp.where(negative, z, -z)))


def _x_log_y(xp: A, x: A, y: A) -> A:
    # 0·log 0 = 0; the inner `where` keeps autodiff away from log 0. 0·y lets NaN through.
    absent = x == 0
    return xp.where(absent, 0 * y, x * xp.log(xp.where(absent, xp.ones_like(y), y)))


def _x_over_y(xp: A, x: A, y: A) -> A:
    absent = x == 0
    return xp.where(absent, 0 * y, x / xp.where(absent, xp.ones_like(y), y))


def _minus_log_softmax(xp: A, z: A) -> A:
    # log(1 + Σ over all but the largest): log Σ exp would cancel for a confident, right unit.
    top = xp.arange(z.shape[-1]) == xp.argmax(z, axis=-1, keepdims=True)
    away = z - xp.sum(xp.where(top, z, xp.zeros_like(z)), axis=-1, keepdims=True)
    others = xp.where(top, xp.zeros_like(z), xp.exp(away))
    return xp.log1p(xp.sum(others, axis=-1, keepdims=True)) - away


def _softmax_curvature(xp: A, y: A, h: A, o: A) -> A:
    identity = xp.eye(o.shape[-1], dtype=o.dtype)
    total = xp.sum(y, axis=-1)[..., None, None]
    return total * o[..., :, None] * (identity - o[..., None, :])


_LOGISTIC_PAIR = FusedPair(
    # Not softplus(h) − y h: that cancels for a confident, right unit.
    value=lambda xp, y, h: _sum(xp, y * _softplus(xp, -h) + (1 - y) * _softplus(xp, h)),
    slope=lambda xp, y, h, o: o - y,
    curvature=lambda xp, y, h, o: o * (1 - o),
)

_SOFTMAX_PAIR = FusedPair(
    value=lambda xp, y, h: _sum(xp, y * _minus_log_softmax(xp, h)),
    slope=lambda xp, y, h, o: xp.sum(y, axis=-1, keepdims=True) * o - y,
    curvature=_softmax_curvature,
)

LOSSES: Registry[Loss] = Registry(
    "loss",
    [
        Loss(
            "sse",
            "(y - yhat)**2/2",
            reduction="sum",
            targets="number",
            value=_squares,
            slope=lambda xp, y, yhat: yhat - y,
            curvature=lambda xp, y, yhat: xp.ones_like(yhat),
        ),
        Loss(
            "squared_error",
            "(y - yhat)**2/2",
            reduction="mean",
            targets="number",
            value=_squares,
            slope=lambda xp, y, yhat: yhat - y,
            curvature=lambda xp, y, yhat: xp.ones_like(yhat),
        ),
        Loss(
            "binary_cross_entropy",
            "-y*log(yhat) - (1 - y)*log(1 - yhat)",
            reduction="mean",
            targets="probability",
            value=lambda xp, y, yhat: (
                -_sum(xp, _x_log_y(xp, y, yhat) + _x_log_y(xp, 1 - y, 1 - yhat))
            ),
            slope=lambda xp, y, yhat: _x_over_y(xp, 1 - y, 1 - yhat) - _x_over_y(xp, y, yhat),
            curvature=lambda xp, y, yhat: (
                _x_over_y(xp, 1 - y, (1 - yhat) ** 2) + _x_over_y(xp, y, yhat**2)
            ),
            pairs={"logistic": _LOGISTIC_PAIR},
            only_pairs=True,
        ),
        Loss(
            "cross_entropy",
            "-y*log(yhat)",
            reduction="mean",
            targets="distribution",
            value=lambda xp, y, yhat: -_sum(xp, _x_log_y(xp, y, yhat)),
            slope=lambda xp, y, yhat: -_x_over_y(xp, y, yhat),
            curvature=lambda xp, y, yhat: _x_over_y(xp, y, yhat**2),
            pairs={"softmax": _SOFTMAX_PAIR},
            only_pairs=True,
        ),
    ],
    aliases={"categorical_cross_entropy": "cross_entropy"},
)
