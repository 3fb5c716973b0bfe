"""Metrics: what people read beside the error. Weighted by rows; none of them is descended.

``y`` and ``yhat`` are (n, k), ``s`` the row weights (n,). Classes are coded as the networks
output them: one column holds P(second class), several hold one probability a class, and a row is of
one class. Labels are a yes or no in each column for itself, as several logistic outputs give them:
a row has any number of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .registry import Registry

__all__ = ["METRICS", "Metric", "shares"]

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
    formula
        It as a formula in y and yhat: sums and means are over rows and outputs, weighted by rows.
    scaled
        Whether it is in the units of the target.
    """

    name: str
    text: str
    task: Literal["regression", "classification", "labels"]
    value: Callable[[A, A, A, A], A]
    better: Literal["higher", "lower"]
    formula: str
    scaled: bool = False


def shares(xp: A, yhat: A) -> A:
    """Return the outputs (n, k) for k > 2 classes as probabilities that sum to 1 in each row.

    Softmax gives such. Logistic outputs judge each class for itself: they are divided by their sum,
    and where all are 0 each class gets 1/k. What sums to 1 but for rounding stays as it is.

    Examples
    --------
    >>> import numpy as np
    >>> shares(np, np.array([[0.9, 0.3, 0.6], [0.0, 0.0, 0.0], [0.5, 0.25, 0.25]])).round(3)
    array([[0.5  , 0.167, 0.333],
           [0.333, 0.333, 0.333],
           [0.5  , 0.25 , 0.25 ]])
    """
    total = xp.sum(yhat, axis=1, keepdims=True)
    off = xp.abs(total - 1) > 4 * yhat.shape[1] * float(xp.finfo(xp.float32).eps)
    equal = xp.asarray(1 / yhat.shape[1], dtype=yhat.dtype)
    whole = xp.where(total == 0, equal, yhat / xp.where(total == 0, 1, total))
    return xp.where(off, whole, yhat)


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


def _clipped(xp: A, yhat: A) -> A:
    # A metric, unlike an error, stays finite for a certain but wrong prediction.
    tiny = float(xp.finfo(yhat.dtype).eps)
    return xp.clip(yhat, tiny, 1 - tiny)


def _binary_log_loss(xp: A, y: A, yhat: A, s: A) -> A:
    p = _clipped(xp, yhat)
    return -_mean(xp, y * xp.log(p) + (1 - y) * xp.log(1 - p), s)


def _log_loss(xp: A, y: A, yhat: A, s: A) -> A:
    if y.shape[1] == 1:
        return _binary_log_loss(xp, y, yhat, s)
    logarithms = xp.log(_clipped(xp, shares(xp, yhat)))
    return -xp.sum(s * xp.sum(y * logarithms, axis=1)) / xp.sum(s)


METRICS: Registry[Metric] = Registry(
    "metric",
    [
        Metric(
            "r2",
            "share of the variance explained",
            "regression",
            _r2,
            "higher",
            "1 - sum((y - yhat)**2)/sum((y - mean(y))**2)",
        ),
        Metric(
            "rmse",
            "root of the mean squared error",
            "regression",
            lambda xp, y, yhat, s: xp.sqrt(_mean(xp, (y - yhat) ** 2, s)),
            "lower",
            "sqrt(mean((y - yhat)**2))",
            scaled=True,
        ),
        Metric(
            "mae",
            "mean absolute error",
            "regression",
            lambda xp, y, yhat, s: _mean(xp, xp.abs(y - yhat), s),
            "lower",
            "mean(abs(y - yhat))",
            scaled=True,
        ),
        Metric(
            "accuracy",
            "share of rows whose class is right",
            "classification",
            lambda xp, y, yhat, s: _mean(xp, xp.where(_right(xp, y, yhat), 1.0, 0.0), s),
            "higher",
            "mean(where(argmax(y) == argmax(yhat), 1, 0))",
        ),
        Metric(
            "log_loss",
            "mean of -log P(true class)",
            "classification",
            _log_loss,
            "lower",
            "-mean(sum(y*log(yhat)))",
        ),
        Metric(
            "label_accuracy",
            "share of labels that are right",
            "labels",
            lambda xp, y, yhat, s: _mean(xp, xp.where((y > 0.5) == (yhat > 0.5), 1.0, 0.0), s),
            "higher",
            "mean(where((y > 1/2) == (yhat > 1/2), 1, 0))",
        ),
        Metric(
            "label_log_loss",
            "mean of -log P(what a label is)",
            "labels",
            _binary_log_loss,
            "lower",
            "-mean(y*log(yhat) + (1 - y)*log(1 - yhat))",
        ),
    ],
)
