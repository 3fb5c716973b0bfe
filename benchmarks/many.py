"""Many small nets of one shape at once: how many a second `descend_many` trains, by threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .rounds import Contestant, in_turn, started, summary

GOAL = 1.8  # times the nets of one thread, on two cores
NETS, QUICK_NETS = 1000, 6


@dataclass(frozen=True)
class Case:
    """A net and its rows, and how long each is trained."""

    net: str
    rows: int
    batch: int | None
    epochs: int
    optimizer: str = "adam"
    dtype: str = "float32"


CASES = (
    Case("8 -> 32 relu -> 1", 1_000, 32, 20),
    Case("30 -> 64 relu -> 64 relu -> 4", 1_000, 64, 10),
    Case("10 -> 100 relu -> 1", 442, None, 20, "lbfgs", "float64"),
)


class Restarts:
    """One case, whose nets are trained again and again, from as many seeds."""

    def __init__(self, nets: int, **case: Any) -> None:
        import fallline

        self.case, self.nets = Case(**case), nets
        self.train = fallline.descend_many
        self.network = fallline.Network.parse(self.case.net)
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(self.case.rows, self.network.n_inputs)).astype(self.case.dtype)
        self.Y = np.sin(self.X[:, : self.network.n_outputs])

    def repeat(self) -> dict[str, float]:
        """Return the seconds of all nets, as clocks on the wall and in the processor tell them."""
        begun = time.perf_counter(), time.process_time()
        runs = self.train(
            self.network,
            self.X,
            self.Y,
            seeds=self.nets,
            epochs=self.case.epochs,
            batch_size=self.case.batch,
            optimizer=self.case.optimizer,
            dtype=self.case.dtype,
        )
        ended = time.perf_counter(), time.process_time()
        self.thetas = [run.theta for run in runs]
        return {"wall": ended[0] - begun[0], "processor": ended[1] - begun[1]}

    def answer(self) -> list[float]:
        """Return a sum of each net's weights, by which other weights are found out."""
        return [float(theta.sum()) for theta in self.thetas]


def measure(threads: Sequence[int], rounds: int, nets: int) -> list[dict[str, Any]]:
    """Return a record of each case with each number of threads."""
    return [row for case in CASES for row in _measured(case, threads, rounds, nets)]


def _measured(case: Case, threads: Sequence[int], rounds: int, nets: int) -> list[dict[str, Any]]:
    arguments = {**asdict(case), "nets": nets}
    contestants = [
        Contestant("fallline", "benchmarks.many:Restarts", count, arguments) for count in threads
    ]
    with started(contestants) as pairs:
        workers = [worker for _, worker in pairs]
        times = in_turn(workers, rounds)
        answers = [worker.call("answer") for worker in workers]
    return [
        {
            "net": case.net,
            "optimizer": case.optimizer,
            "rows": case.rows,
            "epochs": case.epochs,
            "nets": nets,
            "threads": contestant.threads,
            "agrees": answer == answers[0],
            "seconds": summary([taken["wall"] for taken in told]),
            "least_seconds": min(taken["wall"] for taken in told),
            "processor_seconds": min(taken["processor"] for taken in told),
        }
        for (contestant, _), told, answer in zip(pairs, times, answers, strict=True)
    ]
