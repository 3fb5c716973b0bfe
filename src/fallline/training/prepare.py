"""From a table to rows that can be trained on: the split, the roles, the encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..data.encoders import TableEncoder
from ..data.roles import Role
from ..data.table import Column, Table
from ..data.targets import TargetEncoder
from ..engines.protocol import Rows
from ..formulas.losses import LOSSES
from ..formulas.own_name import OwnName
from .given import Given, given_rows
from .known import Known, Parts, known_part
from .settings import Settings
from .weights import class_weights, row_weights

__all__ = [
    "Coding",
    "Prepared",
    "codes_in_words",
    "prepare",
    "prepared_part",
    "takes_signs",
    "target_encoder",
    "unshifted",
]


@dataclass(frozen=True)
class Coding:
    """How rows of a table become rows of numbers: encoders, class weights, classes as signs."""

    encoder: TableEncoder
    target: TargetEncoder
    class_weights: Floats | None = None
    signs: bool = False

    def rows(self, table: Table, targets: Sequence[Column], dtype: npt.DTypeLike) -> Rows:
        """Return X, Y and row weights of a table whose targets are known."""
        X = self.encoder.encode(table).astype(dtype)
        Y = self.target.encode(targets).astype(dtype)
        if self.signs:
            Y = 2 * Y - 1  # from 0 and 1
        return Rows(X, Y, row_weights(self.class_weights, self.target, targets, dtype))


@dataclass(frozen=True)
class Prepared:
    """A table made ready.

    Attributes
    ----------
    known
        The rows whose target is known, and what they are.
    roles, target
        What columns are for; the target's encoder.
    train, validation, test
        Positions in `known`; `validation` is empty where folds of `train` or a table of its own
        serve instead.
    given_validation
        The user's own validation rows and their target columns.
    class_weights
        What a row of each class counts, or None.
    notes
        Sentences on the data.
    signs
        Whether the error takes classes as -1 and 1.
    """

    known: Known
    roles: tuple[Role, ...]
    target: TargetEncoder
    train: Ints
    validation: Ints
    test: Ints
    given_validation: Given | None
    class_weights: Floats | None
    notes: tuple[str, ...]
    signs: bool = False

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

    def truth(self, rows: Ints) -> list[Column]:
        """Return the target columns of these rows."""
        return [column.take(rows) for column in self.known.targets]

    def encoder(self, rows: Ints) -> TableEncoder:
        """Return the encoder fitted on these rows alone."""
        return TableEncoder.fit(self.known.table.take(rows), self.roles)

    def rows(self, encoder: TableEncoder, rows: Ints, dtype: npt.DTypeLike) -> Rows:
        """Return X, Y and row weights of these rows."""
        return self._rows(encoder, self.known.table.take(rows), self.truth(rows), dtype)

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
        coding = Coding(encoder, self.target, self.class_weights, self.signs)
        return coding.rows(table, targets, dtype)


def prepare(
    table: Table, target: str | Sequence[str], settings: Settings, validation: Table | None
) -> Prepared:
    """Return the table made ready: rows without target dropped, parted, roles found.

    Raises
    ------
    DataError
        When the target is unknown, or too few rows or columns are left.
    """
    known = known_part(table, target, settings)
    split = known.split(settings, given_validation=validation is not None)
    return prepared_part(known, split, settings, validation)


def prepared_part(
    known: Known, split: Parts, settings: Settings, validation: Table | None = None
) -> Prepared:
    """Return known rows, parted already, made ready: roles and encoders from the training rows."""
    train, held_out, test = split
    roles = known.roles(train, settings)
    encoder = target_encoder(known, train, settings)
    given = None if validation is None else given_rows(validation, known, split)
    # Before anything is trained: a cell that is no number may stand in any part.
    encoder.encode(known.targets)
    if given is not None:
        encoder.encode(given[1])
    return Prepared(
        known,
        roles,
        encoder,
        train,
        held_out,
        test,
        given,
        class_weights(
            settings.class_weight,
            encoder,
            lambda: np.bincount(
                encoder.codes(known.targets[0].take(train)), minlength=len(encoder.labels)
            ),
        ),
        (
            *known.notes,
            *encoder.notes,
            *codes_in_words(encoder, settings),
            *(role.leak for role in roles if role.leak),
        ),
        takes_signs(settings),
    )


def target_encoder(known: Known, train: Ints, settings: Settings) -> TargetEncoder:
    """Return the target's encoder, fitted on the training rows."""
    # Classes are names, not statistics: all are taken; means and deviations come from training.
    by_class = known.task == "classification"
    seen = known.targets if by_class else [column.take(train) for column in known.targets]
    return unshifted(TargetEncoder.fit(seen, known.task), settings)


def unshifted(encoder: TargetEncoder, settings: Settings) -> TargetEncoder:
    """Return the encoder without its means where the error takes no negative targets."""
    if encoder.task != "regression" or _kind_of_targets(settings) not in (
        "nonnegative",
        "positive",
    ):
        return encoder
    return replace(encoder, means=(0.0,) * len(encoder.means))


def takes_signs(settings: Settings) -> bool:
    """Return whether the error takes classes as -1 and 1."""
    return _kind_of_targets(settings) == "sign"


def _kind_of_targets(settings: Settings) -> str:
    """Return what targets the error takes, where one was asked for."""
    return "number" if settings.loss is None else LOSSES[settings.loss].targets


def codes_in_words(encoder: TargetEncoder, settings: Settings) -> tuple[str, ...]:
    """Return what y is in an error that the user wrote, where the target has classes."""
    if encoder.task != "classification" or not isinstance(settings.loss, OwnName):
        return ()
    first, *others = encoder.labels
    low = "-1" if _kind_of_targets(settings) == "sign" else "0"
    if len(others) == 1:
        return (f"in the error '{settings.loss}', y is {low} for '{first}', 1 for '{others[0]}'",)
    each = "1 for a row of the class"
    return (
        f"in the error '{settings.loss}', each class has an output; its y is {each}, else {low}",
    )
