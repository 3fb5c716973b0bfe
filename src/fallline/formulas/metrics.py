"""Metrics: what people read beside the error. Weighted by rows; none of them is descended.

``y`` and ``yhat`` are (n, k), ``s`` the row weights (n,). Classes are coded as the networks
output them: one column holds P(second class), several hold one probability a class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .registry import Registry

__all__ = ["METRICS", "Metric"]

A = Any  # an array of the namespace xp


@dataclass(frozen=True)
class Metric:
    """One metric: a row of ``METRICS``.

    Attributes
    ----------
    name, text
        The name that users write, and what it is in words.
    task
        The task that it belongs to.
    value
        ``value(xp, y, yhat, s) -> number``.
    better
        Whether a good model has a ``"higher"`` or a ``"lower"`` value.
    scaled
        Whether it is in the units of the target.
    """

    name: str
    text: str
    task: Literal["regression", "classification"]
    value: Callable[[A, A, A, A], A]
    better: Literal["higher", "lower"]
    scaled: bool = False


def _mean(xp: A, values: A, s: A) -> A:
    return xp.sum(s[:, None] * values) / (xp.sum(s) * values.shape[1])


def _r2(xp: A, y: A, yhat: A, s: A) -> A:
    """Return 1 − SS_res/SS_tot, averaged over the outputs; a constant output counts 1 or 0."""
    weights = s[:, None]
    away = y - y[:1]  # from the first row, so that a constant output has exactly no variance
    centred = away - xp.sum(weights * away, axis=0) / xp.sum(s)
    total = xp.sum(weights * centred**2, axis=0)
    residual = xp.sum(weights * (y - yhat) ** 2, axis=0)
    constant = xp.where(residual == 0, 1.0, 0.0)
    varying = 1 - residual / xp.where(total == 0, 1.0, total)
    return xp.mean(xp.where(total == 0, constant, varying))


def _right(xp: A, y: A, yhat: A) -> A:
    if y.shape[1] == 1:
        return (y > 0.5) == (yhat > 0.5)
    return (xp.argmax(y, axis=1) == xp.argmax(yhat, axis=1))[:, None]


def _log_loss(xp: A, y: A, yhat: A, s: A) -> A:
    # A metric, unlike an error, stays finite for a certain but wrong prediction.
    tiny = float(xp.finfo(yhat.dtype).eps)
    p = xp.clip(yhat, tiny, 1 - tiny)
    if y.shape[1] == 1:
        return -_mean(xp, y * xp.log(p) + (1 - y) * xp.log(1 - p), s)
    return -xp.sum(s * xp.sum(y * xp.log(p), axis=1)) / xp.sum(s)


METRICS: Registry[Metric] = Registry(
    "metric",
    [
        Metric("r2", "share of the variance explained", "regression", _r2, "higher"),
        Metric(
            "rmse",
            "root of the mean squared error",
            "regression",
            lambda xp, y, yhat, s: xp.sqrt(_mean(xp, (y - yhat) ** 2, s)),
            "lower",
            scaled=True,
        ),
        Metric(
            "mae",
            "mean absolute error",
            "regression",
            lambda xp, y, yhat, s: _mean(xp, xp.abs(y - yhat), s),
            "lower",
            scaled=True,
        ),
        Metric(
            "accuracy",
            "share of rows whose class is right",
            "classification",
            lambda xp, y, yhat, s: _mean(xp, xp.where(_right(xp, y, yhat), 1.0, 0.0), s),
            "higher",
        ),
        Metric("log_loss", "mean of -log P(true class)", "classification", _log_loss, "lower"),
    ],
)
