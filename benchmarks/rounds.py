"""How things are timed: contestants in processes of their own, measured in turn, round by round.

Each contestant runs alone in a process that holds it to a number of threads. A round times one
repetition of each, one after another, and each round starts with another of them; so a machine that
is slow for a while is slow for all. What is told is the median over the rounds, with the quartiles.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from .notes import note
from .worker import THREADS

ROOT = Path(__file__).parents[1]


class Left(Exception):
    """A contestant cannot take part, for the reason given."""


@dataclass(frozen=True)
class Contestant:
    """Who takes part: a title, how it runs, and how to make it in its process.

    Contestants of one `who` compete as one, at their best number of threads. An accelerator that
    it computes on is named as `device`, and how matrices of float32 are multiplied as `arithmetic`.
    """

    who: str
    make: str
    threads: int = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    device: str = ""
    arithmetic: str = "float32"
    processes: int = 1


class Worker:
    """A contestant's process.

    Raises
    ------
    Left
        When it cannot be made; what it printed is quoted.
    """

    def __init__(self, contestant: Contestant) -> None:
        self.who = contestant.who
        kept = {k: v for k, v in os.environ.items() if not k.startswith(THREADS)}
        path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
        self._printed = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (closed by close)
        self._process = subprocess.Popen(
            [contestant.python, "-m", "benchmarks.worker", str(contestant.threads)],
            env={**kept, "PYTHONPATH": path, **contestant.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            text=True,
        )
        try:
            request = {"make": contestant.make, "arguments": dict(contestant.arguments)}
            self.seconds: dict[str, float] = self._ask(request)
        except Left:
            self.close()
            raise

    def call(self, method: str, **arguments: Any) -> Any:
        """Return what a method of the contestant returns."""
        return self._ask({"call": method, "arguments": arguments})

    def close(self) -> None:
        """End the process."""
        for end in (self._process.stdin, self._process.stdout):
            _pipe(end).close()
        self._process.wait()
        self._printed.close()

    def _ask(self, request: dict[str, Any]) -> Any:
        try:
            print(json.dumps(request), file=_pipe(self._process.stdin), flush=True)
        except BrokenPipeError:
            raise Left(self._last_words()) from None
        line = _pipe(self._process.stdout).readline()
        reply = json.loads(line) if line else {"failed": self._last_words()}
        if "failed" in reply:
            raise Left(reply["failed"])
        return reply["result"]

    def _last_words(self) -> str:
        self._printed.seek(0)
        lines = self._printed.read().splitlines()
        return "its process ended" + (f": {lines[-1]}" if lines else "")


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None  # both are asked for
    return end


@contextmanager
def started(contestants: Iterable[Contestant]) -> Iterator[list[tuple[Contestant, Worker]]]:
    """Start those who can take part, and end them; of the others, note why not."""
    pairs = []
    for contestant in contestants:
        try:
            pairs.append((contestant, Worker(contestant)))
        except Left as reason:
            say_left(contestant, reason)
    try:
        yield pairs
    finally:
        for _, worker in pairs:
            worker.close()


def in_turn(workers: Sequence[Worker], count: int, method: str = "repeat") -> list[list[Any]]:
    """Return what `count` calls of each worker gave, taken in rounds.

    Parameters
    ----------
    workers
        Those who are measured; a failure of one is an error by now.
    count
        The number of rounds.
    method
        What is called.
    """
    results: list[list[Any]] = [[] for _ in workers]
    for round in range(count):
        for place in range(len(workers)):
            index = (place + round) % len(workers)
            results[index].append(workers[index].call(method))
    return results


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return median and quartiles."""
    low, median, high = np.percentile(values, (25, 50, 75)).tolist()
    return {"median": median, "low": low, "high": high}


def say_left(contestant: Contestant, reason: Exception) -> None:
    """Note who is left out, and why."""
    note(f"left out: {contestant.who}, threads {contestant.threads}: {reason}")
