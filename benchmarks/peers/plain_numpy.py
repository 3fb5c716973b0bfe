"""NumPy by hand: what a careful person writes, with flat weights and few temporaries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..workloads import BETA1, BETA2, EPSILON, RATE, blocks
from . import Predictor as PredictorBase
from . import Trainer as TrainerBase


class Trainer(TrainerBase):
    def prepare(self) -> None:
        self.X, self.Y = self.task.X.astype(self.dtype), self.task.Y.astype(self.dtype)

    def reset(self) -> None:
        self.weights = self.task.theta.astype(self.dtype)
        self.m, self.v = np.zeros_like(self.weights), np.zeros_like(self.weights)
        self.gradient, self.spare = np.empty_like(self.weights), np.empty_like(self.weights)
        self.layers = blocks(self.weights, self.task.sizes)
        self.slopes = blocks(self.gradient, self.task.sizes)
        self.t = 0

    def train(self) -> None:
        batch = self.task.batch
        for order in self.task.orders:
            for at in range(0, len(order), batch):
                rows = order[at : at + batch]
                self.backward(self.X[rows], self.Y[rows])
                self.adam()

    def backward(self, x: np.ndarray, y: np.ndarray) -> None:
        outputs = [x]
        for W, b in self.layers:
            h = outputs[-1] @ W
            h += b
            outputs.append(h if W is self.layers[-1][0] else np.maximum(h, 0, out=h))
        delta = outputs[-1] - y
        delta /= len(x)
        for level in reversed(range(len(self.layers))):
            slope_W, slope_b = self.slopes[level]
            np.matmul(outputs[level].T, delta, out=slope_W)
            delta.sum(axis=0, out=slope_b)
            if level:
                delta = delta @ self.layers[level][0].T
                delta *= outputs[level] > 0

    def adam(self) -> None:
        self.t += 1
        g, spare = self.gradient, self.spare
        self.m *= BETA1
        self.m += np.multiply(g, 1 - BETA1, out=spare)
        self.v *= BETA2
        np.multiply(g, g, out=spare)
        spare *= 1 - BETA2
        self.v += spare
        np.sqrt(self.v, out=spare)
        spare *= 1 / math.sqrt(1 - BETA2**self.t)
        spare += EPSILON
        np.divide(self.m, spare, out=spare)
        spare *= RATE / (1 - BETA1**self.t)
        self.weights -= spare

    def theta(self) -> np.ndarray:
        return self.weights


class Predictor(PredictorBase):
    def prepare(self) -> None:
        self.layers = blocks(self.task.theta, self.task.sizes)

    def call(self) -> Any:
        o = self.row
        for W, b in self.layers[:-1]:
            o = np.maximum(o @ W + b, 0)
        W, b = self.layers[-1]
        return o @ W + b
