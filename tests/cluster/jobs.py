"""A folder of Parquet files, and trainings on it that can be watched, killed and frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fallline.descent.checkpoint import read_checkpoint
from fallline.descent.progress import Progress

# Heartbeat, joining, leaving, and what a step may take: what only a slow machine would need.
TIMEOUTS = "100 100 100 100"
SOON = "100 100 100 10"
"""Where a test waits for it that a step takes too long."""


def folder(path: Path, n: int = 900, known: int | None = None) -> Path:
    """Write a table as files with uneven row groups, one of them without a row.

    Only so many of its rows have a known target, the first ones; all unless given.
    """
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=n), rng.choice(["x", "y", "z"], n)
    y = np.sin(a) + (c == "x") + 0.1 * rng.normal(size=n)
    y[n if known is None else known :] = np.nan
    table = pa.table({"a": a, "b": 1e3 * rng.normal(size=n), "c": c, "y": y})
    path.mkdir()
    for name, part, rows in (
        ("a.parquet", table.slice(0, n // 3), 70),
        ("b.parquet", table.slice(0, 0), 1),
        ("c.parquet", table.slice(n // 3), n),
    ):
        pq.write_table(part, path / name, row_group_size=rows)
    (path / "_SUCCESS").write_text("")
    return path


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a training."""
    own = {"JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1", "_FALLLINE_TIMEOUTS": TIMEOUTS}
    return {k: v for k, v in os.environ.items() if k != "JAX_ENABLE_X64"} | own | more


def command(data: Path, *options: str) -> list[str]:
    """Return the command of a training."""
    base = ["train", str(data), "-t", "y", "--net", "8 tanh", "--l2", "0.001", "--patience", "9999"]
    return [sys.executable, "-m", "fallline.cli.main", *base, "--quiet", *options]


def run(data: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Train to the end."""
    return subprocess.run(
        command(data, *options), env=environment(**more), capture_output=True, text=True
    )


class Job:
    """A training that runs, and the processes that its launcher has started."""

    def __init__(self, data: Path, checkpoint: Path, *options: str, timeouts: str) -> None:
        self.checkpoint = checkpoint
        kept = ["--checkpoint", str(checkpoint), "--checkpoint-every", "7 steps"]
        self.launcher = subprocess.Popen(
            command(data, "--epochs", "99999", *kept, *options),
            env=environment(_FALLLINE_TIMEOUTS=timeouts),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def written(self, step: int = 1) -> Progress:
        """Wait until a checkpoint of this step or a later one is written; return how far it is."""
        while (found := self._reached()) is None or found.step < step:
            assert self.launcher.poll() is None, self.launcher.communicate()
            time.sleep(0.01)
        return found

    def _reached(self) -> Progress | None:
        exists = self.checkpoint.exists()
        return read_checkpoint(self.checkpoint).snapshot.progress if exists else None

    def worker(self, rank: int) -> int:
        """Return the number of a process that the launcher has started."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._is(entry, rank):
                return int(entry.name)
        raise AssertionError(f"there is no process {rank}")

    def _is(self, entry: Path, rank: int) -> bool:
        try:
            parent = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
            told = (entry / "environ").read_bytes()
        except OSError:  # it has just ended
            return False
        return parent == self.launcher.pid and f"_FALLLINE_WORKER={rank} ".encode() in told

    def ended(self, freeze: int | None = None) -> tuple[int, str, str]:
        """Wait for the launcher's end, a process frozen; return its exit code and what it said."""
        while freeze is not None and self.launcher.poll() is None:
            try:
                os.kill(freeze, signal.SIGSTOP)  # again: somebody may let stopped processes go on
            except ProcessLookupError:
                break
            time.sleep(0.02)
        out, err = self.launcher.communicate()
        return self.launcher.returncode, out, err


@contextmanager
def job(data: Path, checkpoint: Path, *options: str, timeouts: str = TIMEOUTS) -> Iterator[Job]:
    """Give a training; nothing of it is left afterwards."""
    found = Job(data, checkpoint, *options, timeouts=timeouts)
    try:
        yield found
    finally:
        found.launcher.kill()  # its processes end with it
        found.launcher.communicate()
