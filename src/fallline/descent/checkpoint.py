"""Checkpoints: a whole run in a file, to go on from after a stop, a crash or a reboot.

The file has the bytes of a ``.fall`` file (no code, checked throughout, written whole or not at
all) but holds a descent between two steps instead of a model.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array, is_sparse
from ..engines.protocol import Rows
from ..errors import FalllineError, ModelFileError, SpecError
from ..fall import read, write
from ..files import check_writable
from ..history import History
from ..history_matrix import history_columns, history_from_matrix, history_matrix
from ..spec.codec import network_from_json, network_to_json
from ..spec.network import Network
from ..spec.plan import Plan
from .progress import Progress, Snapshot

__all__ = [
    "Checkpoint",
    "Every",
    "Saver",
    "data_digest",
    "next_steps",
    "read_checkpoint",
    "saver_for",
    "write_checkpoint",
]

_KIND = "checkpoint"
_COUNTS = ("step", "rows", "steps")
_SUMS = ("elapsed", "seconds", "weighted_error", "weight", "norms", "best_error")
_SHORTEST = 0.001  # seconds: time for a step between two checkpoints
_EVERY = re.compile(r"(\d+(?:\.\d+)?)\s*(epoch|step|minute)s?")


@dataclass(frozen=True)
class Every:
    """When a checkpoint is due: after so many epochs, steps or minutes; one of them is set.

    Examples
    --------
    >>> Every.of("5 minutes").minutes, Every.of("1000 steps").steps, Every.of(10).epochs
    (5.0, 1000, 10)
    """

    epochs: int | None = None
    minutes: float | None = None
    steps: int | None = None

    @classmethod
    def of(cls, value: str | int | Every) -> Every:
        """Return it from ``"10 epochs"``, ``"500 steps"``, ``"5 minutes"``, a number of epochs.

        Raises
        ------
        SpecError
            When it is none of these, or not above 0.
        """
        if isinstance(value, Every):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return cls(epochs=value)
        found = _EVERY.fullmatch(value.strip()) if isinstance(value, str) else None
        number, unit = (float(found[1]), f"{found[2]}s") if found else (0.0, "")
        if unit == "minutes" and 0 < number < 1e9:
            return cls(minutes=number)
        if unit and 1 <= number < 1e9 and number == int(number):
            return cls(**{unit: int(number)})
        raise SpecError(
            f"a checkpoint is written every so many epochs, steps or minutes, such as '10 epochs', "
            f"'500 steps' or '5 minutes', not every {value!r}"
        )

    def deadline(self, written: float) -> float:
        """Return when the next one is due by time, if the last was written at `written`."""
        if self.minutes is None:
            return math.inf
        return written + max(60 * self.minutes, _SHORTEST)

    def due(self, epoch: int, written: float) -> bool:
        """Return whether one is due after this epoch."""
        if self.minutes is None:
            return self.epochs is not None and epoch % self.epochs == 0
        return time.monotonic() >= self.deadline(written)


@dataclass(frozen=True)
class Checkpoint:
    """A run between two steps, with what it is a run of."""

    network: Network
    plan: Plan
    snapshot: Snapshot
    data: str  # the digest of its rows


def data_digest(rows: Rows, validation: Rows | None) -> str:
    """Return SHA-256, in hex, of training and validation rows."""
    digest = hashlib.sha256()
    for part in (rows, validation):
        if told := getattr(part, "digest", None):  # other processes have rows of them, too
            digest.update(told.encode())
            continue
        for array in part or ():
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for piece in _pieces(array):
                digest.update(piece.tobytes())
    return digest.hexdigest()


def _pieces(array: Any) -> tuple[Array, ...]:
    """Return what an array consists of; how wide the indices of a sparse one are is no matter."""
    if not is_sparse(array):
        return (array,)
    return array.indptr.astype(np.int64), array.indices.astype(np.int64), array.data


def write_checkpoint(
    path: str | Path, network: Network, plan: Plan, snapshot: Snapshot, data: str
) -> None:
    """Write a run's snapshot, whole or not at all.

    Raises
    ------
    SpecError
        When network or plan hold a Python function, which a file cannot.
    OSError
        When the file cannot be written.
    """
    progress = snapshot.progress
    columns = history_columns(progress.history)
    tensors = {f"engine.{name}": array for name, array in snapshot.arrays.items()}
    tensors["history"] = history_matrix(progress.history, columns)
    tensors["seconds"] = np.array([epoch.seconds for epoch in progress.history], np.float64)
    tensors["sums"] = np.array([getattr(progress, name) for name in _SUMS], np.float64)
    if progress.best_theta is not None:
        tensors["best_theta"] = progress.best_theta
    document = {
        "kind": _KIND,
        "network": network_to_json(network),
        "plan": plan.to_json(),
        "history": columns,
        "counts": {name: getattr(progress, name) for name in _COUNTS},
        "data": data,
    }
    write(path, document, tensors)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Return what `write_checkpoint` wrote, with every part checked.

    Raises
    ------
    ModelFileError
        For a file that is missing, damaged, or no checkpoint.
    """
    document, tensors = read(path)
    try:
        if document.get("kind") != _KIND:
            raise ModelFileError("it holds no run; for a model use fallline.load")
        return _checkpoint(document, tensors)
    except (FalllineError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"'{path}' is not a sound checkpoint: {error}") from None


def _checkpoint(document: Mapping[str, Any], tensors: Mapping[str, Array]) -> Checkpoint:
    network = network_from_json(document["network"])
    plan = Plan.from_json(document["plan"])
    arrays = {
        name.removeprefix("engine."): array
        for name, array in tensors.items()
        if name.startswith("engine.")
    }
    if arrays["theta"].shape != (network.size,):
        raise ModelFileError("its weights do not fit its network")
    history = history_from_matrix(document["history"], tensors["history"])
    seconds = tuple(float(value) for value in tensors["seconds"])
    sums = dict(zip(_SUMS, tensors["sums"].tolist(), strict=True))
    counts = {name: _count(document["counts"][name]) for name in _COUNTS}
    if len(seconds) != len(history) or math.isnan(sums["best_error"]):
        raise ModelFileError("its history does not fit its seconds")
    best = tensors.get("best_theta")
    if best is not None and best.shape != (network.size,):
        raise ModelFileError("its best weights do not fit its network")
    timed = History(
        replace(epoch, seconds=spent) for epoch, spent in zip(history, seconds, strict=True)
    )
    progress = Progress(**counts, **sums, history=timed, best_theta=best)
    snapshot = Snapshot(arrays, progress, network, plan)
    return Checkpoint(network, plan, snapshot, str(document["data"]))


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ModelFileError(f"it counts {value!r}")
    return value


def saver_for(
    checkpoint: str | Path | Saver | None, every: str | int | Every, data: Callable[[], str]
) -> Saver | None:
    """Return what writes the checkpoints of a run on rows with this digest, or None for nothing."""
    if checkpoint is None or isinstance(checkpoint, Saver):
        return checkpoint
    return Saver(checkpoint, every, data())


def next_steps(saver: Saver | None, step: int, most: int) -> int:
    """Return how many steps may follow so many in one go, before a checkpoint is due."""
    every = None if saver is None else saver.every.steps
    return most if every is None else min(most, every - step % every)


class Saver:
    """Writes a run's checkpoints when they are due.

    Parameters
    ----------
    path
        The file that each checkpoint replaces; None where another process writes it.
    every
        When; see `Every.of`.
    data
        The digest of the run's rows.
    """

    def __init__(self, path: str | Path | None, every: str | int | Every, data: str) -> None:
        self.path = None if path is None else check_writable(path)
        self.every = Every.of(every)
        self._data = data
        self._written = time.monotonic()
        self._last: tuple[int, int] | None = None  # epochs and steps at the last one

    def deadline(self) -> float:
        """Return when a step must be the last before the next checkpoint; infinity for never."""
        return self.every.deadline(self._written)

    def due_after(self, step: int) -> bool:
        """Return whether a checkpoint is due after so many steps."""
        return self.every.steps is not None and step % self.every.steps == 0

    def epoch_ended(self, snapshot: Snapshot) -> None:
        """Write a checkpoint if one is due after this epoch."""
        if self.every.due(len(snapshot.progress.history), self._written):
            self.write(snapshot)

    def run_ended(self, before: Snapshot, after: Snapshot, n: int) -> None:
        """Write the last checkpoint, unless that has been done.

        Of a run of n rows that ended within an epoch it is `before`, from where the run goes on as
        if it had not ended; else `after`, when the epoch was closed.
        """
        last = before if before.progress.rows < n else after
        if self._last != _place(last):
            self.write(last)

    def write(self, snapshot: Snapshot) -> None:
        """Write a checkpoint now."""
        if self.path is not None:
            write_checkpoint(self.path, snapshot.network, snapshot.plan, snapshot, self._data)
        self._written, self._last = time.monotonic(), _place(snapshot)


def _place(snapshot: Snapshot) -> tuple[int, int]:
    return len(snapshot.progress.history), snapshot.progress.step
