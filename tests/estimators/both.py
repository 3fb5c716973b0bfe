"""Ours beside scikit-learn's: pairs of classes, small standardised data, and equal fits."""

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from fallline.estimators import MLPClassifier, MLPRegressor

PAIRS = [
    (MLPClassifier, neural_network.MLPClassifier),
    (MLPRegressor, neural_network.MLPRegressor),
]
IDS = ["classifier", "regressor"]

Rows = tuple[np.ndarray, np.ndarray]


def iris(classes: int = 3) -> Rows:
    """Return 50 rows of each of the first classes."""
    X, y = load_iris(return_X_y=True)
    return scale(X[y < classes]), y[y < classes]


def diabetes(n: int = 120) -> Rows:
    """Return the first rows, inputs and target of unit variance."""
    X, y = load_diabetes(return_X_y=True)
    return scale(X[:n]), scale(y[:n])


def rows_for(cls: type) -> Rows:
    """Return data for a classifier or a regressor, ours or scikit-learn's."""
    return iris() if "Classifier" in cls.__name__ else diabetes()


def quick(**settings: Any) -> dict[str, Any]:
    """Return settings of a short fit that equals its like."""
    return {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0, **settings}
