"""From a table to rows that can be trained on: the split, the roles, the encoders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Ints
from ..data.encoders import TableEncoder
from ..data.roles import Role, find_roles
from ..data.split import split_rows
from ..data.table import Column, Table
from ..data.targets import TargetEncoder, guess_task, known_rows
from ..engines.protocol import Rows
from ..errors import DataError
from .settings import Settings

__all__ = ["Prepared", "prepare"]

_FEWEST = 10  # rows: with fewer no part of the data could say anything
_CV_ROWS = 5_000  # up to here cross-validation is affordable, and needed
_HELD_OUT = 0.15


@dataclass(frozen=True)
class Prepared:
    """A table made ready.

    Attributes
    ----------
    table, targets
        The rows whose target is known, and their target columns.
    numbers
        The number of each of these rows in the user's table, from 0.
    roles, target
        What columns are for; the target's encoder.
    task_reason
        Why it is a regression or a classification.
    train, validation, test
        Positions in `table`; `validation` is empty where folds of `train` or a table of its own
        serve instead.
    given_validation
        The user's own validation rows and their target columns.
    notes
        Sentences on the data.
    """

    table: Table
    targets: tuple[Column, ...]
    numbers: Ints
    roles: tuple[Role, ...]
    target: TargetEncoder
    task_reason: str
    train: Ints
    validation: Ints
    test: Ints
    given_validation: tuple[Table, tuple[Column, ...]] | None
    notes: tuple[str, ...]

    @property
    def task(self) -> str:
        """``"regression"`` or ``"classification"``."""
        return self.target.task

    @property
    def has_validation(self) -> bool:
        """Whether rows are held out, or given, to stop the last training by."""
        return bool(len(self.validation)) or self.given_validation is not None

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of rows by part."""
        given = self.given_validation
        validation = len(self.validation) if given is None else given[0].n
        return {"train": len(self.train), "validation": validation, "test": len(self.test)}

    @property
    def judged(self) -> Ints:
        """The rows that models are judged on: the test rows, or without any the training rows."""
        return self.test if len(self.test) else self.train

    def encoder(self, rows: Ints) -> TableEncoder:
        """Return the encoder fitted on these rows alone."""
        return TableEncoder.fit(self.table.take(rows), self.roles)

    def rows(self, encoder: TableEncoder, rows: Ints, dtype: npt.DTypeLike) -> Rows:
        """Return X, Y and ones for these rows."""
        targets = [column.take(rows) for column in self.targets]
        return self._rows(encoder, self.table.take(rows), targets, dtype)

    def validation_rows(self, encoder: TableEncoder, dtype: npt.DTypeLike) -> Rows | None:
        """Return the held-out or given validation rows, or None."""
        if self.given_validation is not None:
            return self._rows(encoder, *self.given_validation, dtype)
        if not len(self.validation):
            return None
        return self.rows(encoder, self.validation, dtype)

    def _rows(
        self, encoder: TableEncoder, table: Table, targets: Sequence[Column], dtype: npt.DTypeLike
    ) -> Rows:
        X = encoder.encode(table).astype(dtype)
        Y = self.target.encode(targets).astype(dtype)
        return Rows(X, Y, np.ones(len(X), dtype))


def prepare(
    table: Table, target: str | Sequence[str], settings: Settings, validation: Table | None
) -> Prepared:
    """Return the table made ready: rows without target dropped, parted, roles found.

    Raises
    ------
    DataError
        When the target is unknown, or too few rows or columns are left.
    """
    names = _names(target)
    targets = [table[name] for name in names]
    task, reason = _task(targets, settings)
    known = known_rows(targets)
    numbers = np.flatnonzero(known)
    if len(numbers) < _FEWEST:
        raise DataError(
            f"{table.source} has {len(numbers)} rows with a known target; at least {_FEWEST} are "
            "needed to train and to test"
        )
    whole = table.take(numbers)
    targets = [column.take(numbers) for column in targets]
    by_class = targets[0] if task == "classification" else None
    train, held_out, test = _split(len(numbers), by_class, settings, validation is not None)
    roles = find_roles(
        whole.take(train),
        names,
        numeric=settings.numeric,
        category=settings.category,
        date=settings.date,
        text=settings.text,
        drop=settings.drop,
    )
    # Classes are names, not statistics: all are taken; means and deviations come from training.
    seen = targets if by_class is not None else [column.take(train) for column in targets]
    encoder = TargetEncoder.fit(seen, task)
    given = _given(validation, names)
    # Before anything is trained: a cell that is no number may stand in any part.
    encoder.encode(targets)
    if given is not None:
        encoder.encode(given[1])
    return Prepared(
        whole,
        tuple(targets),
        numbers,
        roles,
        encoder,
        reason,
        train,
        held_out,
        test,
        given,
        _notes(table, names, len(known) - len(numbers), encoder, roles),
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


def _task(targets: Sequence[Column], settings: Settings) -> tuple[str, str]:
    if settings.task is not None:
        return settings.task, "It was asked for."
    if len(targets) > 1:
        return "regression", "There are several targets."
    return guess_task(targets[0])


def _split(
    n: int, by_class: Column | None, settings: Settings, given: bool
) -> tuple[Ints, Ints, Ints]:
    """Return training, validation and test positions; validation may be empty."""
    share = settings.validation
    if given:
        share = 0.0
    elif share is None:
        share = 0.0 if n * (1 - settings.test) <= _CV_ROWS else _HELD_OUT
    rest = 1.0 - settings.test
    fractions = (rest * (1 - share), rest * share, settings.test)
    split = split_rows(n, fractions, settings.seed, by_class)
    return split.train, split.validation, split.test


def _given(
    validation: Table | None, names: Sequence[str]
) -> tuple[Table, tuple[Column, ...]] | None:
    if validation is None:
        return None
    targets = [validation[name] for name in names]
    known = np.flatnonzero(known_rows(targets))
    if not len(known):
        raise DataError(f"no validation row of {validation.source} has a known target")
    return validation.take(known), tuple(column.take(known) for column in targets)


def _notes(
    table: Table,
    names: Sequence[str],
    without_target: int,
    encoder: TargetEncoder,
    roles: Sequence[Role],
) -> tuple[str, ...]:
    notes = list(table.notes)
    if without_target:
        plural = "s" * (without_target != 1)
        notes.append(f"{without_target} row{plural} without a known '{names[0]}' left out")
    return (*notes, *encoder.notes, *(role.leak for role in roles if role.leak))
