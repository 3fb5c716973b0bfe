"""What is to be predicted: guessing the task, and turning targets into numbers and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Bools, Floats
from ..errors import DataError
from ..formulas.metrics import shares
from .cells import NULLS, is_boolean_text, kept_texts, nulls_of, texts_of
from .columns import text_of
from .moments import moments
from .numbers_text import guess_decimal, numbers_of
from .role_rules import is_number_text
from .table import Column

__all__ = [
    "Label",
    "TargetEncoder",
    "check_varies",
    "classes_of",
    "encoder_of_classes",
    "guess_task",
    "known_rows",
    "target_numbers",
]

Label = str | int | bool | float

_FEW = 10
_ROWS_EACH = 5
_MAX_CLASSES = 1000


def known_rows(columns: Column | Sequence[Column]) -> Bools:
    """Return the (n,) mask of the rows whose target is known in every one of `columns`.

    Texts that mean nothing (``n/a``, ``?``) are not known.
    """
    several = [columns] if isinstance(columns, Column) else list(columns)
    known = np.ones(len(several[0]), np.bool_)
    for column in several:
        known &= ~nulls_of(column, _kept(column))
    return known


def _kept(column: Column) -> frozenset[str]:
    """Return the texts that are classes although they mean nothing among numbers: ``none``."""
    if column.kind != "text":
        return frozenset()
    texts = texts_of(column)
    cells = [text for text in set(texts) if text.lower() not in NULLS]
    numeric = bool(cells) and is_number_text(cells)
    return kept_texts(cells, category=not numeric)


def guess_task(column: Column) -> tuple[str, str]:
    """Return ``"regression"`` or ``"classification"``, and the reason in one sentence.

    Text and booleans are classes, except text that is numbers. Whole numbers are classes when at
    most 10 different ones occur, each at least 5 times on average. Other numbers are regression.

    Raises
    ------
    DataError
        When no target is known, or the column holds dates.

    Examples
    --------
    >>> guess_task(Column.of("kind", ["car", "bike", "car"]))[0]
    'classification'
    >>> guess_task(Column.of("price", [1.5, 2.5, 3.25]))[0]
    'regression'
    """
    known = column.take(known_rows(column))
    if not len(known):
        raise DataError(f"every cell of the target '{column.name}' is missing; choose another")
    if column.kind == "date":
        raise DataError(
            f"the target '{column.name}' holds dates, which cannot be predicted as such; turn them "
            "into a number, such as days from a fixed day"
        )
    if column.kind == "boolean":
        return "classification", f"'{column.name}' is true or false."
    if column.kind == "text":
        return _task_of_text(known)
    return _task_of_numbers(known)


def _task_of_text(known: Column) -> tuple[str, str]:
    texts = texts_of(known)
    distinct = len(set(texts))
    if is_number_text(texts) and not is_boolean_text(set(texts)):
        return "regression", f"'{known.name}' holds numbers, some written as text."
    return "classification", f"'{known.name}' is text with {distinct} different values."


def _task_of_numbers(known: Column) -> tuple[str, str]:
    values = np.unique(known.values)
    whole = known.kind == "integer" or bool((values == np.floor(values)).all())
    if whole and len(values) <= _FEW and len(known) >= _ROWS_EACH * len(values):
        return "classification", (
            f"'{known.name}' has only {len(values)} different whole numbers, which look like "
            "classes; say task='regression' if they are amounts."
        )
    return "regression", f"'{known.name}' is a number with {len(values)} different values."


@dataclass(frozen=True)
class TargetEncoder:
    """From target columns to Y (n, k) and back.

    Regression: Y = (y - mean) / std, one column for each target. Classification: with two classes
    one column, 1 for the second class; with more, one column for each class.

    Parameters
    ----------
    task
        ``"regression"`` or ``"classification"``.
    names
        The target columns' names; one for classification.
    means, stds
        Regression: of the rows fitted on, in the target's units.
    labels
        Classification: the classes in order, with the types they came with.
    decimals
        Regression: the decimal mark of each target that comes as text.
    notes
        Sentences on classes with few rows.

    Examples
    --------
    >>> encoder = TargetEncoder.fit(Column.of("kind", ["car", "bike", "car"]), "classification")
    >>> encoder.labels, encoder.encode(Column.of("kind", ["bike", "car"])).tolist()
    (('bike', 'car'), [[0.0], [1.0]])
    >>> encoder.decode(np.array([[0.2], [0.9]])).tolist()
    ['bike', 'car']
    """

    task: str
    names: tuple[str, ...]
    means: tuple[float, ...] = ()
    stds: tuple[float, ...] = ()
    labels: tuple[Label, ...] = ()
    decimals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @staticmethod
    def fit(columns: Column | Sequence[Column], task: str | None = None) -> TargetEncoder:
        """Learn from the training rows; rows whose target is missing are passed over.

        Raises
        ------
        DataError
            When the task is unknown, nothing is known, there is one class only, or a regression
            target is constant (its standard deviation is 0, so there is nothing to learn).
        """
        several = (columns,) if isinstance(columns, Column) else tuple(columns)
        if not several:
            raise DataError("at least one target column is needed")
        chosen = task or ("regression" if len(several) > 1 else guess_task(several[0])[0])
        known = known_rows(several)
        if not known.any():
            raise DataError(f"every cell of the target '{several[0].name}' is missing")
        rows = tuple(column.take(known) for column in several)
        if chosen == "regression":
            return _fit_regression(rows)
        if chosen != "classification":
            raise DataError(f"task must be 'regression' or 'classification', but it is {task!r}")
        if len(rows) > 1:
            raise DataError("classification takes one target column; train a model for each")
        return _fit_classification(rows[0])

    @property
    def k(self) -> int:
        """The number of columns of Y: the output layer's size."""
        if self.task == "regression":
            return len(self.names)
        return 1 if len(self.labels) == 2 else len(self.labels)

    def encode(self, columns: Column | Sequence[Column]) -> Floats:
        """Return Y as a C-contiguous (n, k) float64 matrix.

        Raises
        ------
        DataError
            When a target is missing, unreadable, or of a class that was not there in training.
        """
        several = (columns,) if isinstance(columns, Column) else tuple(columns)
        if len(several) != len(self.names):
            raise DataError(
                f"{len(self.names)} target columns are needed ({', '.join(self.names)}), but "
                f"{len(several)} came"
            )
        if self.task == "regression":
            return np.ascontiguousarray(np.column_stack(self._standardised(several)))
        codes = self.codes(several[0])
        if len(self.labels) == 2:
            return codes[:, None].astype(np.float64)
        return np.ascontiguousarray(np.eye(len(self.labels))[codes])

    def codes(self, column: Column) -> Array:
        """Return the (n,) int64 number of each row's class, classification only."""
        if self.task != "classification":
            raise DataError(f"the target '{self.names[0]}' is a number; it has no classes")
        place = {text_of(label): i for i, label in enumerate(self.labels)}
        try:
            return np.array([place[text] for text in texts_of(_whole(column, place))], np.int64)
        except KeyError as error:
            raise DataError(
                f"the target '{column.name}' has a class {error.args[0]!r} that was not there in "
                f"training; known: {', '.join(map(str, self.labels[:20]))}"
            ) from None

    def _standardised(self, columns: Sequence[Column]) -> list[Floats]:
        out = []
        for i, column in enumerate(columns):
            values = target_numbers(_whole(column), self.decimals[i])
            out.append((values - self.means[i]) / self.stds[i])
        return out

    def decode(self, outputs: Any) -> Array:
        """Return predictions in the target's own units or labels.

        Parameters
        ----------
        outputs
            (n, k) outputs: numbers for regression, class probabilities for classification (for two
            classes the second one's).

        Returns
        -------
        ndarray
            Regression: (n,) float64, or (n, k) for several targets. Classification: (n,) labels
            with the type they had in training; of equal probabilities the first class wins.
        """
        matrix = self._matrix(outputs)
        if self.task == "regression":
            numbers: Array = matrix * np.array(self.stds) + np.array(self.means)
            return np.ascontiguousarray(numbers[:, 0]) if len(self.names) == 1 else numbers
        # As they are: margins, which the hinge gives, are no shares of a sum.
        shares_or_margins = matrix if self.k > 1 else np.hstack([1.0 - matrix, matrix])
        labels: Array = self.label_array()[np.argmax(shares_or_margins, axis=1)]
        return labels

    def probabilities(self, outputs: Any) -> Floats:
        """Return (n, number of classes) probabilities from (n, k) outputs, in `labels`' order.

        They sum to 1 in each row, also where the outputs judge each class for itself.
        """
        matrix = self._matrix(outputs)
        if self.task != "classification":
            raise DataError(f"the target '{self.names[0]}' is a number; it has no probabilities")
        if len(self.labels) == 2:
            return np.hstack([1.0 - matrix, matrix])
        whole: Floats = shares(np, matrix)
        return whole

    def _matrix(self, outputs: Any) -> Floats:
        matrix = np.asarray(outputs, np.float64)
        if matrix.ndim == 1 and self.k == 1:
            matrix = matrix[:, None]
        if matrix.ndim != 2 or matrix.shape[1] != self.k:
            raise DataError(f"outputs must have shape (n, {self.k}), but have {matrix.shape}")
        return matrix

    def label_array(self) -> Array:
        """Return the labels as an array: of text (object), or of their one other type."""
        kinds = {type(label) for label in self.labels}
        if len(kinds) == 1 and kinds != {str}:
            return np.array(self.labels)
        array = np.empty(len(self.labels), object)
        array[:] = self.labels
        return array

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        common: dict[str, Any] = {
            "format": 1, "task": self.task, "names": list(self.names), "notes": list(self.notes),
        }  # fmt: skip
        if self.task == "classification":
            return common | {"labels": list(self.labels)}
        return common | {
            "means": list(self.means), "stds": list(self.stds), "decimals": list(self.decimals),
        }  # fmt: skip

    @staticmethod
    def from_json(data: Any) -> TargetEncoder:
        """Return the encoder that `to_json` described.

        Raises
        ------
        DataError
            When `data` is anything that `to_json` does not return.
        """
        from .target_json import target_from_json

        return target_from_json(data)


def _whole(column: Column, kept: Iterable[str] = ()) -> Column:
    missing = int(nulls_of(column, {text.lower() for text in kept}).sum())
    if missing:
        raise DataError(
            f"{missing} cells of the target '{column.name}' are missing; leave those rows out with "
            "known_rows first"
        )
    return column


def target_numbers(column: Column, decimal: str) -> Floats:
    """Return the numbers of known cells; a cell that is none raises a DataError."""
    values, unreadable = numbers_of(column, decimal)
    if unreadable.any():
        count, text = int(unreadable.sum()), texts_of(column)[np.argmax(unreadable)]
        some = f"{count} cells hold none, such as" if count > 1 else "a cell holds"
        raise DataError(
            f"the target '{column.name}' must be a number, but {some} {text!r}; mend or empty "
            "what is no number, or say task='classification'"
        )
    return values


def _fit_regression(columns: Sequence[Column]) -> TargetEncoder:
    means, stds, decimals = [], [], []
    for column in columns:
        decimal = guess_decimal(texts_of(column))[0] if column.kind == "text" else "."
        values = target_numbers(column, decimal)
        mean, std = moments(values)
        check_varies(column.name, mean, std)
        means.append(mean)
        stds.append(std)
        decimals.append(decimal)
    names = tuple(column.name for column in columns)
    return TargetEncoder("regression", names, tuple(means), tuple(stds), (), tuple(decimals))


def check_varies(name: str, mean: float, std: float) -> None:
    """Raise a DataError where a target with this mean and deviation gives nothing to learn."""
    if not 0.0 < std < 1e300:
        raise DataError(
            f"the target '{name}' is {mean:g} in every training row, or so large that it "
            "overflows; there is nothing to learn, so choose another target"
        )


def _fit_classification(column: Column) -> TargetEncoder:
    return encoder_of_classes(column.name, *classes_of(column))


def classes_of(column: Column) -> tuple[tuple[Label, ...], Array]:
    """Return the classes in a column of known cells, in order, and how many rows each has."""
    texts = texts_of(column) if column.kind == "text" else column.values
    values, counts = np.unique(texts, return_counts=True)
    return tuple(values.tolist()), counts


def encoder_of_classes(name: str, labels: tuple[Label, ...], counts: Array) -> TargetEncoder:
    """Return the encoder of a target with these classes, of so many rows each.

    Raises
    ------
    DataError
        When there is one class only, or too many.
    """
    if len(labels) == 1:
        raise DataError(
            f"the target '{name}' has only the class {labels[0]!r}; at least two are needed "
            "to tell apart"
        )
    if len(labels) > _MAX_CLASSES:
        raise DataError(
            f"the target '{name}' has {len(labels)} classes, at most {_MAX_CLASSES} are "
            "taken; say task='regression' if it is a number, or choose another target"
        )
    return TargetEncoder(
        "classification", (name,), labels=labels, notes=_class_notes(labels, counts)
    )


def _class_notes(labels: Sequence[Label], counts: Array) -> tuple[str, ...]:
    notes = []
    single = [str(label) for label, count in zip(labels, counts, strict=True) if count == 1]
    if single:
        notes.append(
            f"{len(single)} class{'es have' if len(single) > 1 else ' has'} a single row, too few "
            f"to learn and to judge: {', '.join(single[:5])}{', ...' if len(single) > 5 else ''}."
        )
    if counts.max() >= 10 * counts.min():
        most, least = labels[int(counts.argmax())], labels[int(counts.argmin())]
        notes.append(
            f"The classes are unequal: '{most}' has {counts.max()} rows, '{least}' "
            f"{counts.min()}; read accuracy beside the share of '{most}'."
        )
    return tuple(notes)
