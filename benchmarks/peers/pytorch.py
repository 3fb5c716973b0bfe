"""PyTorch: eager, compiled, or as a CUDA graph; on the processor, or on a GPU.

Its Adam is the fused one, which is the fastest that it has here. A variant is words: ``cuda``, how
matrices of float32 are multiplied (``tf32``, ``bfloat16``), and ``compile`` or ``graphs``. In
``graphs`` a whole step, Adam's part too, is captured once and replayed; where there is no GPU the
same step runs as it is, so that what surrounds the capture can be tested.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from ..workloads import BETA1, BETA2, EPSILON, RATE, Task, blocks, flat
from . import Predictor as PredictorBase
from . import Trainer as TrainerBase

WARM_UP = 3  # steps before a capture, in which memory is taken


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
        words = self.variant.split()
        self.device = torch.device("cuda" if "cuda" in words else "cpu")
        self.rounded, self.graphs = "bfloat16" in words, "graphs" in words
        torch.set_float32_matmul_precision("high" if "tf32" in words else "highest")
        kind = getattr(torch, self.dtype)
        arrays = (torch.from_numpy(a).to(kind) for a in (self.task.X, self.task.Y))
        self.X, self.Y = (array.to(self.device) for array in arrays)
        self.orders = torch.from_numpy(self.task.orders).to(self.device)
        # One for all repetitions, or each would compile anew.
        self.net = network(self.task, kind).to(self.device)
        self.start = [p.detach().clone() for p in self.net.parameters()]
        self.error = torch.compile(self._error) if "compile" in words else self._error
        self.replay: Callable[[], Any] | None = None

    def _error(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.rounded):
            outputs = self.net(x)
        error = nn.functional.mse_loss(outputs.to(y.dtype), y, reduction="sum")
        return error * (0.5 / self.task.batch)

    def reset(self) -> None:
        self._put_back()
        if self.replay:  # which knows the old Adam's arrays
            for state in self.adam.state.values():
                for array in state.values():
                    array.zero_()
            return
        self.adam = torch.optim.Adam(
            self.net.parameters(),
            RATE,
            (BETA1, BETA2),
            EPSILON,
            fused=True,
            capturable=self.graphs and self.device.type == "cuda",
        )

    def _put_back(self) -> None:
        with torch.no_grad():
            for parameter, start in zip(self.net.parameters(), self.start, strict=True):
                parameter.copy_(start)

    def train(self) -> None:
        if self.graphs and not self.replay:
            self._capture()
        for order in self.orders:
            for rows in order.split(self.task.batch):
                if self.replay:
                    self.rows.copy_(rows)
                    self.replay()
                else:
                    self._step(rows)
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _step(self, rows: torch.Tensor, to_none: bool = True) -> None:
        self.adam.zero_grad(set_to_none=to_none)
        self.error(self.X[rows], self.Y[rows]).backward()
        self.adam.step()

    def _capture(self) -> None:
        """Make the step that is replayed, which takes the rows that are in `rows`."""
        self.rows = self.orders[0, : self.task.batch].clone()
        if self.device.type == "cuda":
            self.replay = self._captured()
        else:
            self._step(self.rows)
            self.replay = lambda: self._step(self.rows, to_none=False)
        self.reset()

    def _captured(self) -> Callable[[], Any]:
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                self._step(self.rows)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        self.adam.zero_grad(set_to_none=True)  # so that the capture makes gradients of its own
        with torch.cuda.graph(graph):
            self.error(self.X[self.rows], self.Y[self.rows]).backward()
            self.adam.step()
        # Within the graph, gradients are written anew at each replay, not added up.
        return graph.replay

    def theta(self) -> np.ndarray:
        parts = [p.detach().cpu().numpy() for p in self.net.parameters()]
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
