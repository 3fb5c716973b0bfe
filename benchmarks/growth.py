"""How time and memory grow with the rows, and what rows in a file cost that is mapped to memory.

The file is larger than the memory that its process may have of its own (RLIMIT_DATA): who copied
it would fail. `cold`: before each epoch the system is told to forget what it has read of it, so
that all of it comes from the disk again, as where it does not fit in the memory of the machine.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .rounds import Contestant, in_turn, started

NET, BATCH = "16 -> 64 relu -> 1", 256
WIDE_NET = "256 -> 128 relu -> 64 relu -> 1"
ROWS, QUICK_ROWS = (10_000, 100_000, 1_000_000, 10_000_000), (1_000, 4_000)
MAPPED_ROWS, QUICK_MAPPED_ROWS = 2_000_000, 2_000
GOAL = 0.8  # of the speed of rows in memory
PIECE = 10_000  # rows that are drawn at once


class Epochs:
    """A run on so many rows: in memory, or in files of a folder, mapped, where one is given."""

    def __init__(
        self, net: str, rows: int, folder: str = "", shuffle: bool = True, limit: int = 0
    ) -> None:
        import fallline

        network = fallline.Network.parse(net)
        shapes = {"X": (rows, network.n_inputs), "Y": (rows, 1)}
        if folder:
            self.data = [
                np.memmap(Path(folder) / name, np.float32, "r", shape=shape)
                for name, shape in shapes.items()
            ]
        else:
            self.data = [np.empty(shape, np.float32) for shape in shapes.values()]
            fill(*self.data)
        if limit:
            import resource  # which not every system has

            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        self.folder, self.before = folder, _peak()
        begun = time.perf_counter()
        self.run = fallline.Run(
            network, *self.data, batch_size=BATCH, shuffle=shuffle, epochs=10**6, dtype="float32"
        )
        self.checked = time.perf_counter() - begun

    def repeat(self, cold: bool = False) -> dict[str, float]:
        """Return the seconds of an epoch, and the bytes of memory beyond the rows so far."""
        if cold:
            self._forget()
        begun = time.perf_counter(), time.process_time()
        next(self.run)
        ended = time.perf_counter(), time.process_time()
        return {
            "seconds": ended[0] - begun[0],
            "processor": ended[1] - begun[1],
            "checked": self.checked,
            "beyond": _peak() - self.before,
        }

    def repeat_cold(self) -> dict[str, float]:
        """Return the same, with nothing of the files in memory at the start."""
        return self.repeat(cold=True)

    def _forget(self) -> None:
        for name, array in zip("XY", self.data, strict=True):
            array._mmap.madvise(mmap.MADV_DONTNEED)  # what is mapped is not forgotten
            descriptor = os.open(Path(self.folder) / name, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def fill(X: np.ndarray, Y: np.ndarray) -> None:
    """Draw rows, a piece at a time."""
    rng = np.random.default_rng(0)
    for first in range(0, len(X), PIECE):
        piece = X[first : first + PIECE]
        piece[:] = rng.standard_normal(piece.shape, np.float32)
        Y[first : first + PIECE] = np.sin(piece[:, :1])


def measure(rounds: int, quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Return the records of growing rows, and of mapped ones."""
    rows, mapped = (QUICK_ROWS, QUICK_MAPPED_ROWS) if quick else (ROWS, MAPPED_ROWS)
    return {"rows": growing(rows, rounds), "mapped": of_files(mapped, rounds)}


def growing(sizes: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """Return a record of each number of rows."""
    make, found = "benchmarks.growth:Epochs", []
    for rows in sizes:
        contestant = Contestant("fallline", make, 1, {"net": NET, "rows": rows})
        with started([contestant]) as pairs:
            # Small epochs are repeated for as many rows as the middle ones have.
            count = rounds * max(1, min(100, sizes[-2] // rows))
            [told] = in_turn([worker for _, worker in pairs], count)
        found.append(_record(rows, told) | {"net": NET})
    return found


def of_files(rows: int, rounds: int) -> list[dict[str, Any]]:
    """Return a record of each way to hold the rows, and of each order."""
    make, found = "benchmarks.growth:Epochs", []
    with tempfile.TemporaryDirectory(dir=_place()) as folder:
        columns = int(WIDE_NET.partition(" ")[0])
        size = _write(Path(folder), rows, columns)
        own = max(size // 4, 300 << 20)
        for shuffle in (True, False):
            given = {"net": WIDE_NET, "rows": rows, "shuffle": shuffle}
            mapped = given | {"folder": folder, "limit": own}
            contestants = [
                Contestant("in memory", make, 1, given),
                Contestant("mapped", make, 1, mapped),
            ]
            with started(contestants) as pairs:
                workers = [worker for _, worker in pairs]
                memory, warm = in_turn(workers, rounds)
                [cold] = in_turn(workers[1:], rounds, "repeat_cold")
            for where, told in (("memory", memory), ("mapped", warm), ("mapped, cold", cold)):
                place = {"where": where, "shuffle": shuffle, "bytes": size, "own_bytes": own}
                record = _record(rows, told) | place
                if where != "memory":
                    del record["bytes_beyond"]  # what is mapped counts as the process's own
                found.append(record)
    return found


def _write(folder: Path, rows: int, columns: int) -> int:
    """Write rows to files, and return how many bytes they take."""
    arrays = [
        np.memmap(folder / name, np.float32, "w+", shape=(rows, width))
        for name, width in (("X", columns), ("Y", 1))
    ]
    fill(*arrays)
    for array in arrays:
        array.flush()
    return sum(array.nbytes for array in arrays)


def _place() -> str | None:
    """Return a folder on a disk, where the usual one for what is temporary may lie in memory."""
    return "/var/tmp" if Path("/var/tmp").is_dir() else None


def _record(rows: int, told: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return the least nanoseconds a row, and the most bytes a row beyond the rows themselves."""
    return {
        "rows": rows,
        "nanoseconds": 1e9 * min(epoch["seconds"] for epoch in told) / rows,
        "processor_nanoseconds": 1e9 * min(epoch["processor"] for epoch in told) / rows,
        "seconds_before": told[0]["checked"],
        "bytes_beyond": max(epoch["beyond"] for epoch in told) / rows,
    }


def _peak() -> int:
    """Return the most bytes of memory that this process ever had, with what it read of files."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
