"""The rows that can serve: their target is known, and their group or time; and how they part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Ints
from ..data.cells import nulls_of
from ..data.grouped import group_codes
from ..data.ordered import times_of
from ..data.roles import Role, find_roles
from ..data.split import k_folds, split_rows
from ..data.table import Column, Table
from ..data.targets import guess_task, known_rows
from ..errors import DataError
from .settings import COLUMN_KINDS, Settings

__all__ = ["Known", "Parts", "known_part"]

_FEWEST = 10  # rows: with fewer no part of the data could say anything
_CV_ROWS = 5_000  # up to here cross-validation is affordable, and needed
_HELD_OUT = 0.15

Parts = tuple[Ints, Ints, Ints]  # positions of training, validation and test rows


@dataclass(frozen=True)
class Known:
    """The rows of a table that can serve.

    Attributes
    ----------
    table, targets
        The rows, and their target columns.
    numbers
        The number of each of these rows in the user's table, from 0.
    task, task_reason
        Regression or classification, and why.
    group, time
        The columns that part the rows, or None.
    notes
        Sentences on the data.
    """

    table: Table
    targets: tuple[Column, ...]
    numbers: Ints
    task: str
    task_reason: str
    group: Column | None
    time: Column | None
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the targets."""
        return tuple(column.name for column in self.targets)

    def folds(self, rows: Ints, k: int, seed: int) -> Iterator[tuple[Ints, Ints]]:
        """Return k pairs (training, validation) of positions among these rows."""
        labels, group, time = self._parting(rows)
        pairs = k_folds(len(rows), k, seed, labels, group=group, time=time)
        return ((rows[fit], rows[check]) for fit, check in pairs)

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.numbers)

    def split(self, settings: Settings, *, given_validation: bool) -> Parts:
        """Return training, validation and test positions; validation may be empty."""
        return self._split(np.arange(self.n), settings, given_validation, settings.test_share)

    def split_training(
        self, rows: Ints, settings: Settings, test: Ints, *, given_validation: bool
    ) -> Parts:
        """Return these rows parted into training and validation, and the given test rows."""
        train, validation, _ = self._split(rows, settings, given_validation, 0.0)
        return train, validation, test

    def _split(self, rows: Ints, settings: Settings, given: bool, test: float) -> Parts:
        share = 0.0 if given else held_out_share(len(rows) * (1 - test), settings)
        rest = 1.0 - test
        labels, group, time = self._parting(rows)
        split = split_rows(
            len(rows),
            (rest * (1 - share), rest * share, test),
            settings.seed,
            labels,
            group=group,
            time=time,
        )
        return rows[split.train], rows[split.validation], rows[split.test]

    def _parting(self, rows: Ints) -> list[Column | None]:
        """Return the classes, the groups and the times of these rows, as far as they part them."""
        by_class = self.targets[0] if self.task == "classification" else None
        columns = (by_class, self.group, self.time)
        return [None if column is None else column.take(rows) for column in columns]

    def most_folds(self, rows: Ints) -> int:
        """Return into how many folds these rows can be parted at the most."""
        _, group, time = self._parting(rows)
        if group is not None:
            return len(np.unique(group_codes(group, len(rows))))
        return len(rows) if time is None else len(np.unique(times_of(time)[0])) - 1

    def roles(self, train: Ints, settings: Settings) -> tuple[Role, ...]:
        """Return the roles of the columns, from the training rows; a group is no input."""
        kinds = {kind: getattr(settings, kind) for kind in COLUMN_KINDS}
        if self.group is not None and self.group.name not in kinds["drop"]:
            kinds["drop"] = (*kinds["drop"], self.group.name)
        roles = find_roles(self.table.take(train), self.names, **kinds)
        name = None if self.group is None else self.group.name
        reason = "It names the groups, so it is no input."
        return tuple(replace(r, reason=reason) if r.name == name else r for r in roles)


def held_out_share(rows: float, settings: Settings) -> float:
    """Return the share of this many rows that is held out for validation."""
    if settings.validation is not None:
        return settings.validation
    # Restarts are chosen among by validation, so the last training needs rows for it.
    return 0.0 if rows <= _CV_ROWS and settings.restarts == 1 else _HELD_OUT


def known_part(table: Table, target: str | Sequence[str], settings: Settings) -> Known:
    """Return the rows that can serve.

    Raises
    ------
    DataError
        When a column is unknown, or too few rows are left.
    """
    names = _names(target)
    targets = [table[name] for name in names]
    task, reason = _task(targets, settings)
    known = known_rows(targets)
    notes = list(table.notes)
    if gone := int((~known).sum()):
        notes.append(f"{gone} row{'s' * (gone != 1)} without a known '{names[0]}' left out")
    group = _parting_column(table, settings.group, "group", names)
    time = _parting_column(table, settings.time, "time", names)
    if time is not None:
        timed = times_of(time)[1]
        if gone := int((known & ~timed).sum()):
            plural = "s" * (gone != 1)
            notes.append(f"{gone} row{plural} without a known '{time.name}' left out")
        known = known & timed
    numbers = np.flatnonzero(known)
    if len(numbers) < _FEWEST:
        raise DataError(
            f"{table.source} has {len(numbers)} rows with a known target; at least {_FEWEST} are "
            "needed to train and to test"
        )
    if group is not None and (gone := int(nulls_of(group)[numbers].sum())):
        plural = "s" * (gone != 1)
        notes.append(f"{gone} row{plural} without a known '{group.name}' taken as one group")
    return Known(
        table.take(numbers),
        tuple(column.take(numbers) for column in targets),
        numbers,
        task,
        reason,
        None if group is None else group.take(numbers),
        None if time is None else time.take(numbers),
        tuple(notes),
    )


def _names(target: Any) -> tuple[str, ...]:
    one = isinstance(target, str) or not isinstance(target, Iterable)
    names: tuple[str, ...] = (target,) if one else tuple(target)
    texts = bool(names) and all(isinstance(name, str) for name in names)
    if not texts or len(set(names)) < len(names):
        raise DataError(
            "target must be the name of a column, or names of different columns for several "
            f"outputs, not {target!r}"
        )
    return names


def _parting_column(
    table: Table, name: str | None, setting: str, targets: Sequence[str]
) -> Column | None:
    if name is None:
        return None
    if name in targets:
        raise DataError(f"{setting}= names '{name}', which is the target; name another column")
    return table[name]


def _task(targets: Sequence[Column], settings: Settings) -> tuple[str, str]:
    if settings.task is not None:
        return settings.task, "It was asked for."
    if len(targets) > 1:
        return "regression", "There are several targets."
    return guess_task(targets[0])
