"""fallline itself, through its public door: a `Run`, drawing its own orders, epoch by epoch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import fallline as fl

from ..workloads import BETA1, BETA2, EPSILON, RATE, SEED
from . import Predictor as PredictorBase
from . import Trainer as TrainerBase


def network(sizes: tuple[int, ...]) -> fl.Network:
    hidden = [f"{size} relu" for size in sizes[1:-1]]
    return fl.Network.parse(" -> ".join([str(sizes[0]), *hidden, f"{sizes[-1]} identity"]))


class Trainer(TrainerBase):
    def prepare(self) -> None:  # the variant is the engine
        self.net = network(self.task.sizes)
        self.X, self.Y, self.start = (
            array.astype(self.dtype) for array in (self.task.X, self.task.Y, self.task.theta)
        )

    def reset(self) -> None:
        self.run = fl.Run(
            self.net,
            self.X,
            self.Y,
            loss="squared_error",
            optimizer=fl.Adam(RATE, BETA1, BETA2, EPSILON),
            batch_size=self.task.batch,
            epochs=len(self.task.orders),
            seed=SEED,
            theta=self.start,
            engine=self.variant,
        )

    def train(self) -> None:
        for _ in self.run:
            pass

    def theta(self) -> np.ndarray:
        return self.run.theta


class Predictor(PredictorBase):
    """``fl.predict``, or the prepared ``fl.predictor``: ``"native prepared"``."""

    def prepare(self) -> None:
        engine, _, prepared = self.variant.partition(" ")
        net, theta = network(self.task.sizes), self.task.theta
        ask = fl.predictor(net, theta, engine=engine)
        plain = partial(fl.predict, net, theta, engine=engine)
        self.ask = ask if prepared else plain

    def call(self) -> Any:
        return self.ask(self.row)
