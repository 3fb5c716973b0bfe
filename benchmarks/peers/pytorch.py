"""PyTorch, eager or compiled; its Adam is the fused one, which is the fastest that it has here."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ..workloads import BETA1, BETA2, EPSILON, RATE, Task, blocks, flat
from . import Predictor as PredictorBase
from . import Trainer as TrainerBase


def network(task: Task, dtype: torch.dtype) -> nn.Sequential:
    parts: list[nn.Module] = []
    for W, b in blocks(task.theta, task.sizes):
        linear = nn.Linear(*W.shape, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.copy_(torch.from_numpy(b))
        parts += [linear, nn.ReLU()]
    return nn.Sequential(*parts[:-1])


class Trainer(TrainerBase):
    def prepare(self) -> None:
        torch.set_num_threads(self.threads)
        kind = getattr(torch, self.dtype)
        self.X, self.Y = (torch.from_numpy(a).to(kind) for a in (self.task.X, self.task.Y))
        self.orders = torch.from_numpy(self.task.orders)
        self.net = network(self.task, kind)  # one for all repetitions, or each would compile anew
        self.start = [p.detach().clone() for p in self.net.parameters()]
        self.error = torch.compile(self._error) if self.variant == "compile" else self._error

    def _error(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        error = nn.functional.mse_loss(self.net(x), y, reduction="sum")
        return error * (0.5 / self.task.batch)

    def reset(self) -> None:
        with torch.no_grad():
            for parameter, start in zip(self.net.parameters(), self.start, strict=True):
                parameter.copy_(start)
        self.adam = torch.optim.Adam(
            self.net.parameters(), RATE, (BETA1, BETA2), EPSILON, fused=True
        )

    def train(self) -> None:
        for order in self.orders:
            for rows in order.split(self.task.batch):
                self.adam.zero_grad(set_to_none=True)
                self.error(self.X[rows], self.Y[rows]).backward()
                self.adam.step()

    def theta(self) -> np.ndarray:
        parts = [p.detach().numpy() for p in self.net.parameters()]
        return flat([(W.T, b) for W, b in zip(parts[::2], parts[1::2], strict=True)])


class Predictor(PredictorBase):
    def prepare(self) -> None:
        torch.set_num_threads(1)
        net = network(self.task, torch.float32)
        self.net: Any = torch.compile(net) if self.variant == "compile" else net
        self.tensor = torch.from_numpy(self.row)

    def call(self) -> Any:
        with torch.inference_mode():
            return self.net(self.tensor)
