"""The peers: one file each, with a `Trainer` and a `Predictor`, and the table of them.

A peer's file is imported in a process of its own, whose interpreter need not have fallline, nor the
other peers; the files therefore import NumPy, their own package and `benchmarks` only.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..workloads import Task, read


class Trainer(ABC):
    """A peer that trains on a task. Made once; a repetition trains from the start weights again."""

    def __init__(self, folder: str, dtype: str = "float32", threads: int = 1, variant: str = ""):
        self.task: Task = read(folder)
        self.dtype, self.threads, self.variant = dtype, threads, variant
        self.begun = False  # whether a repetition was timed
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Take over the task's arrays; not timed as part of a step."""

    @abstractmethod
    def reset(self) -> None:
        """Go back to the start weights and a fresh Adam; not timed as part of a step."""

    @abstractmethod
    def train(self) -> None:
        """Train all epochs of the task, and return when it is done; this is timed."""

    @abstractmethod
    def theta(self) -> np.ndarray:
        """Return the (P,) weights as they are now."""

    def repeat(self, least: float = 0.1) -> float:
        """Return the seconds of one repetition: of the first alone, which may compile; later the
        median of as many as last `least` seconds, for one that comes after other programs finds
        none of its memory in the caches."""
        spent = [self.once()]
        while self.begun and sum(spent) < least:
            spent.append(self.once())
        self.begun = True
        return float(np.median(spent))

    def once(self) -> float:
        self.reset()
        begun = time.perf_counter()
        self.train()
        return time.perf_counter() - begun

    def save(self, path: str) -> None:
        """Write θ to a .npy file."""
        np.save(path, self.theta())


class Predictor(ABC):
    """A peer that predicts one row (1, d) through Python, with the weights of a task."""

    def __init__(self, folder: str, variant: str = ""):
        self.task: Task = read(folder)
        self.row, self.variant = self.task.X[:1].copy(), variant
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Build the network."""

    @abstractmethod
    def call(self) -> Any:
        """Predict the row."""

    def answer(self) -> list[float]:
        """Return the prediction as plain numbers, to be compared."""
        return np.asarray(self.call(), dtype=float).ravel().tolist()

    def repeat(self, least: float = 0.05) -> float:
        """Return the seconds of one call: the mean over as many as last `least` seconds."""
        count, call = 1, self.call
        while True:
            begun = time.perf_counter()
            for _ in range(count):
                call()
            spent = time.perf_counter() - begun
            if spent >= least:
                return spent / count
            count *= 2


@dataclass(frozen=True)
class Peer:
    """A row of the table: its title, its file, its package, and a variant that the file knows."""

    name: str
    title: str
    module: str
    package: str
    variant: str = ""


PEERS = {
    peer.name: peer
    for peer in (
        Peer("sklearn", "scikit-learn", "scikit_learn", "sklearn"),
        Peer("torch", "PyTorch eager", "pytorch", "torch"),
        Peer("torch-compile", "torch.compile", "pytorch", "torch", "compile"),
        Peer("jax", "JAX scan", "jax_scan", "jax"),
        Peer("numpy", "NumPy", "plain_numpy", "numpy"),
    )
}
