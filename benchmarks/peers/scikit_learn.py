"""scikit-learn's MLPRegressor, as it comes but for its start weights and the order of its rows."""

from __future__ import annotations

import warnings
from typing import Any
from unittest import mock

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from ..workloads import BETA1, BETA2, EPSILON, RATE, blocks, flat
from . import Predictor as PredictorBase
from . import Trainer as TrainerBase

DRAWS_ORDER = "sklearn.neural_network._multilayer_perceptron.shuffle"
EVER = 10**9  # epochs without improvement: as many as there are


class Given(MLPRegressor):  # type: ignore[misc]
    """An MLPRegressor that starts from given layers instead of drawing them."""

    given: list[tuple[np.ndarray, np.ndarray]]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        W, b = self.given.pop(0)  # layers are asked for in their order
        return W.astype(dtype), b.astype(dtype)


def estimator(sizes: tuple[int, ...], theta: np.ndarray, **settings: Any) -> Given:
    net = Given(
        hidden_layer_sizes=sizes[1:-1],
        alpha=0.0,
        learning_rate_init=RATE,
        beta_1=BETA1,
        beta_2=BETA2,
        epsilon=EPSILON,
        tol=0.0,
        n_iter_no_change=EVER,
        **settings,
    )
    net.given = blocks(theta, sizes)
    return net


def fit(net: Given, X: np.ndarray, Y: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(X, Y.ravel() if Y.shape[1] == 1 else Y)


class Trainer(TrainerBase):
    def prepare(self) -> None:
        self.X, self.Y = self.task.X.astype(self.dtype), self.task.Y.astype(self.dtype)

    def reset(self) -> None:
        task = self.task
        settings = {"batch_size": task.batch, "max_iter": len(task.orders)}
        self.net = estimator(task.sizes, task.theta, **settings)

    def train(self) -> None:
        with mock.patch(DRAWS_ORDER, side_effect=list(self.task.orders)):
            fit(self.net, self.X, self.Y)

    def theta(self) -> np.ndarray:
        return flat(list(zip(self.net.coefs_, self.net.intercepts_, strict=True)))


class Predictor(PredictorBase):
    def prepare(self) -> None:
        task = self.task
        self.net = estimator(task.sizes, task.theta, batch_size=1, max_iter=1)
        fit(self.net, task.X[:2], task.Y[:2])  # an estimator predicts only once it was fitted
        layers = blocks(task.theta, task.sizes)
        self.net.coefs_, self.net.intercepts_ = [W for W, _ in layers], [b for _, b in layers]

    def call(self) -> Any:
        return self.net.predict(self.row)
