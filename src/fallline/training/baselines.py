"""Simple models on the same rows: what a network has to beat to be worth having."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..arrays import Floats
from ..data.targets import TargetEncoder
from ..engines.protocol import Rows

__all__ = ["baseline_outputs"]


def baseline_outputs(target: TargetEncoder, fit: Rows, ask: Rows) -> dict[str, Floats]:
    """Return outputs (n, k), as a network would give them, of simple models for the rows `ask`.

    The mean of the training rows (for classes: their shares, so that the most frequent one wins),
    and scikit-learn's ridge or logistic regression with their default penalty. The linear model
    gets the rows' weights, the mean does not.
    """
    import sklearn.linear_model  # noqa: F401  its linear algebra must be loaded to be limited
    from threadpoolctl import threadpool_limits

    mean = np.repeat(fit.Y.mean(axis=0, keepdims=True), len(ask.X), axis=0)
    name = "mean" if target.task == "regression" else "majority class"
    with threadpool_limits(1):  # the same bits for any number of threads
        linear = _linear(target, fit, ask)
    return {name: mean, "linear model": linear}


def _linear(target: TargetEncoder, fit: Rows, ask: Rows) -> Floats:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    weights = None if (fit.weights == 1).all() else fit.weights
    if target.task == "regression":
        ridge: Any = Ridge().fit(fit.X, fit.Y, weights)
        return np.asarray(ridge.predict(ask.X)).reshape(len(ask.X), -1)
    classes = fit.Y[:, 0] > 0.5 if target.k == 1 else fit.Y.argmax(axis=1)
    present = np.unique(classes).astype(int)
    if len(present) < 2:
        return np.repeat(fit.Y[:1], len(ask.X), axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline need not be exact
        model: Any = LogisticRegression(max_iter=300).fit(fit.X, classes, weights)
    probabilities: Floats = model.predict_proba(ask.X)
    if target.k == 1:
        return probabilities[:, 1:]
    outputs = np.zeros((len(ask.X), target.k))
    outputs[:, present] = probabilities
    return outputs
