"""One batch shared among processes: microseconds a step of the xla engine in one and in two.

Each process has a processor of its own, and all rows; what travels between them, over the loopback
of this machine, is the gradient of each step. Between machines it takes longer.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from . import steps
from .notes import note
from .peers.ours import Trainer
from .rounds import Contestant
from .workloads import Workload

COUNTS = (1, 2)
MOST_STEPS = 2000  # of a repetition: where steps are small, one in two processes takes a while
ENGINE = "xla(devices='all')"


class Together(Trainer):
    """The xla engine in so many processes, of which this one leads: the others do what it does."""

    def __init__(self, folder: str, count: int, rank: int = 0, address: str = "") -> None:
        self.count, self.rank = count, rank
        self.folder, self.address = folder, address
        self.others: list[IO[str]] = []
        super().__init__(folder, variant=ENGINE)

    def prepare(self) -> None:
        own_processor(self.rank)
        if self.rank == 0 and self.count > 1:
            self.address = f"127.0.0.1:{free_port()}"
            self.others = [self._start(rank) for rank in range(1, self.count)]
        if self.count > 1:
            import jax

            jax.distributed.initialize(self.address, self.count, self.rank)
            atexit.register(self._end)  # before JAX waits for the others
            jax.devices()  # in all of them at once, for each asks the others for theirs
        super().prepare()

    def train(self) -> None:
        for other in self.others:
            print("train", file=other, flush=True)
        super().train()

    def _start(self, rank: int) -> IO[str]:
        words = [str(word) for word in (self.count, rank, self.address)]
        run = [sys.executable, "-m", "benchmarks.processes", self.folder, *words]
        process = subprocess.Popen(run, stdin=subprocess.PIPE, text=True)
        assert process.stdin is not None  # it is asked for
        return process.stdin

    def _end(self) -> None:
        for other in self.others:
            other.close()


def own_processor(rank: int) -> None:
    """Let this process run on one of its processors, another one for each rank."""
    if hasattr(os, "sched_setaffinity"):
        mine = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, [mine[rank % len(mine)]])


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as at:
        at.bind(("127.0.0.1", 0))
        return int(at.getsockname()[1])


def measure(workload: Workload, rounds: int) -> list[dict[str, Any]]:
    """Return a record of each number of processes for which there are processors."""
    able = len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0))
    for count in COUNTS:
        if count > able:
            note(f"left out: {count} processes: there are {able} processors")
    counts = [count for count in COUNTS if count <= able]
    rows = min(workload.rows, MOST_STEPS * workload.batch)
    workload = replace(workload, rows=rows, epochs=1)
    return steps.measure(workload, lambda folder: contestants(folder, counts), rounds)


def contestants(folder: Path, counts: Sequence[int]) -> list[Contestant]:
    """Return the engine in so many processes, with a processor each."""
    return [
        Contestant(
            f"{ENGINE}, {count} process" + "es" * (count > 1),
            "benchmarks.processes:Together",
            count,
            {"folder": str(folder), "count": count},
            steps.ON_CPU,
            processes=count,
        )
        for count in counts
    ]


def speed(records: Sequence[dict[str, Any]]) -> float | None:
    """Return how many times as fast the most processes are as one; None where one is missing."""
    by = {row["processes"]: row for row in records if row["agrees"]}
    if not {1, max(COUNTS)} <= by.keys():
        return None
    one, most = (by[count]["microseconds"]["median"] for count in (1, max(COUNTS)))
    return float(one / most)


def follow() -> None:
    """Be a process that does what the leading one does, until it ends."""
    folder, count, rank, address = sys.argv[1:]
    own = Together(folder, int(count), int(rank), address)
    for _ in sys.stdin:
        own.reset()
        own.train()


if __name__ == "__main__":
    follow()
