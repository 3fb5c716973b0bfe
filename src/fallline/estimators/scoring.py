"""How good the weights are on the rows kept for validation, which early stopping goes by."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring, r2_score

from ..arrays import Array, Floats
from ..history import Epoch
from .problem import Problem, Validation

__all__ = ["Scorer", "accuracy", "check_judges", "r_squared", "scorer_of"]

Scorer = Callable[[Epoch, Floats], float]
"""``score(epoch, theta)``: higher is better, NaN where predictions are not finite."""


def check_judges(estimator: Any, validation: Validation | None, incremental: bool) -> None:
    """Raise a ValueError where the weights are to be judged, but no rows are kept for it."""
    asked = [name for name in ("restore_best", "stopping_metric") if getattr(estimator, name)]
    if validation is not None or not asked:
        return
    how = "set early_stopping=True, or give X_val and y_val to fit"
    if incremental:
        how = "partial_fit has none, so leave it out, or call fit"
    elif estimator.optimizer is None and estimator.solver == "lbfgs":
        how = "solver='lbfgs' keeps none by itself, so give X_val and y_val to fit"
    raise ValueError(f"{asked[0]} needs rows to judge by: {how}")


def scorer_of(estimator: Any, problem: Problem) -> Scorer | None:
    """Return the score that ``stopping_metric`` asks for; None without validation rows.

    Unless given it is accuracy or R², as in scikit-learn; ``"error"`` is the validation error with
    its sign turned; anything else is a scorer, by name or as a function
    ``score(estimator, X, y)``, which is also given ``sample_weight`` where it takes one.

    Raises
    ------
    ValueError
        For a name that is no scorer's.
    """
    if problem.validation is None:
        return None
    metric = estimator.stopping_metric
    if metric is None:
        return lambda epoch, theta: _plain(estimator, problem, theta)
    if metric == "error":
        return lambda epoch, theta: -float(_number(epoch.validation_error))
    scorer = check_scoring(estimator, scoring=metric)
    weighted = _takes_weights(scorer)
    return lambda epoch, theta: _asked(estimator, problem, theta, scorer, weighted)


# scikit-learn's numbers to the last bit, of rows that were checked before the first epoch: its own
# functions check them anew each time, which takes longer than a small epoch.


def accuracy(y: Array, predicted: Array, weights: Floats | None) -> float:
    """Return `sklearn.metrics.accuracy_score` of labels (n,), or (n, k) of several a row."""
    right = y == predicted
    return float(np.average(right if right.ndim == 1 else right.all(axis=1), weights=weights))


def r_squared(y: Array, predicted: Floats, weights: Floats | None) -> float:
    """Return `sklearn.metrics.r2_score` of numbers (n,) or (n, k): the mean over columns."""
    if len(y) < 2:
        return float(r2_score(y, predicted, sample_weight=weights))  # undefined, which it warns of
    kinds = [each.dtype for each in (y, predicted, weights) if each is not None]
    dtype = np.result_type(*(kind for kind in kinds if kind.kind == "f"))
    y = y.reshape(len(y), -1).astype(dtype, copy=False)
    predicted = predicted.reshape(y.shape).astype(dtype, copy=False)
    weights = None if weights is None else weights.astype(dtype, copy=False)
    each_row = 1.0 if weights is None else weights[:, None]
    left = np.sum(each_row * (y - predicted) ** 2, axis=0)
    whole = np.sum(each_row * (y - np.average(y, axis=0, weights=weights)) ** 2, axis=0)
    varies = whole != 0
    scores = (left == 0).astype(dtype)  # of a constant column: 1 where it is met, else 0
    scores[varies] = 1 - left[varies] / whole[varies]
    return float(np.average(scores))


def _takes_weights(scorer: Any) -> bool:
    """Return whether a scorer's metric, or a function, knows row weights."""
    parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _plain(estimator: Any, problem: Problem, theta: Floats) -> float:
    rows = problem.validation
    assert rows is not None  # scorer_of saw to it
    outputs = estimator._outputs(theta, rows.X)
    if not np.isfinite(outputs).all():
        return float("nan")
    return float(estimator._score_outputs(outputs, rows.labels, rows.weights))


def _asked(estimator: Any, problem: Problem, theta: Floats, scorer: Any, weighted: bool) -> float:
    rows = problem.validation
    assert rows is not None
    weights = {"sample_weight": rows.weights} if weighted and rows.weights is not None else {}
    try:
        return float(scorer(estimator._at(theta), rows.raw, rows.labels, **weights))
    except ValueError:
        if np.isfinite(estimator._outputs(theta, rows.X)).all():
            raise
        return float("nan")  # a metric refuses predictions that overflowed
