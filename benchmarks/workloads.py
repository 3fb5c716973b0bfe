"""The five workloads, as plain arrays in a folder that every peer's process reads.

A workload is a network (relu, identity at the output), a batch size and synthetic rows. All peers
start from the same weights and take the same batches, which are written here before any of them
starts; so nobody can do less than the others and not be found out by the final weights.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-10
"""Adam, as every peer runs it. scikit-learn adds ε before the correction for the start, the others
after it: with an ε smaller than usual their weights still agree."""

SEED = 0


@dataclass(frozen=True)
class Workload:
    """A network, its batch size, and how much a timed repetition trains.

    `floor` and `goal` are ratios of times, of the best peer over fallline: the least that is
    accepted, and what is aimed at.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    rows: int
    epochs: int
    floor: float
    goal: float

    @property
    def steps(self) -> int:
        """Steps of one timed repetition."""
        return self.epochs * (self.rows // self.batch)

    @property
    def layers(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def flops(self) -> int:
        """Multiplications and additions of a step's matrix products; the first layer's inputs need
        no gradient."""
        weights = [a * b for a, b in pairwise(self.sizes)]
        return 2 * self.batch * (3 * sum(weights) - weights[0])

    def quick(self) -> Workload:
        """The same for a smoke test: a few steps."""
        steps = 32 if self.flops < 1e7 else 2
        return replace(self, rows=steps * self.batch, epochs=1)


# Rows are a multiple of the batch, so that all steps are alike. A repetition lasts several ms of
# the fastest, since a processor that has slept takes one or two to get going, and some seconds of
# the slowest; it is short enough for weights in float32 to agree.
WORKLOADS = {
    w.name: w
    for w in (
        Workload("online", (10, 16, 1), 1, 10_000, 5, floor=8, goal=15),
        Workload("tiny", (8, 32, 1), 32, 32_000, 10, floor=8, goal=10),
        Workload("small", (30, 64, 64, 4), 64, 32_000, 1, floor=4, goal=5.5),
        Workload("mnist", (784, 128, 10), 128, 16_000, 1, floor=3, goal=4.7),
        Workload("wide", (784, 1024, 1024, 10), 256, 10_240, 1, floor=1.4, goal=1.8),
    )
}


class Task(NamedTuple):
    """A workload's arrays.

    X (n, d) and Y (n, k) in float32, θ (P,) layer by layer (W row by row, then b) in float32,
    orders (epochs, n) int64: the rows of each epoch.
    """

    sizes: tuple[int, ...]
    batch: int
    X: np.ndarray
    Y: np.ndarray
    theta: np.ndarray
    orders: np.ndarray


def write(workload: Workload, folder: Path) -> None:
    """Draw the task of a workload and write it into an empty folder."""
    from fallline.data.order import RowOrder  # fallline draws its own orders; the others get them

    rng = np.random.default_rng(SEED)
    d, k = workload.sizes[0], workload.sizes[-1]
    X = rng.standard_normal((workload.rows, d), dtype=np.float32)
    teacher = np.tanh(X @ (rng.standard_normal((d, 2 * k), dtype=np.float32) / np.sqrt(d)))
    Y = teacher[:, :k] - teacher[:, k:]
    Y += 0.1 * rng.standard_normal(Y.shape, dtype=np.float32)
    order = RowOrder(workload.rows, SEED)
    orders = np.stack([order.epoch(epoch) for epoch in range(1, workload.epochs + 1)])
    arrays = {"X": X, "Y": Y, "theta": start(workload.sizes, rng), "orders": orders}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "workload.json").write_text(json.dumps(asdict(workload)), encoding="utf-8")


def start(sizes: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return start weights for relu, variance 2 / fan-in, and biases of 0."""
    parts = []
    for fan_in, size in pairwise(sizes):
        parts.append(rng.normal(0.0, np.sqrt(2 / fan_in), fan_in * size))
        parts.append(np.zeros(size))
    return np.concatenate(parts).astype(np.float32)


def read(folder: str | Path) -> Task:
    """Return the task that `write` left in a folder."""
    folder = Path(folder)
    plain = json.loads((folder / "workload.json").read_text(encoding="utf-8"))
    arrays = {name: np.load(folder / f"{name}.npy") for name in ("X", "Y", "theta", "orders")}
    return Task(tuple(plain["sizes"]), plain["batch"], **arrays)


def blocks(theta: np.ndarray, sizes: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return views (W, b) of each layer of a flat θ."""
    found, at = [], 0
    for fan_in, size in pairwise(sizes):
        end = at + fan_in * size
        found.append((theta[at:end].reshape(fan_in, size), theta[end : end + size]))
        at = end + size
    return found


def flat(layers: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the flat θ of layers' (W, b)."""
    return np.concatenate([part for W, b in layers for part in (np.ravel(W), b)])
