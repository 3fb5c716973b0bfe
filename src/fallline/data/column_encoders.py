"""One encoder for each kind of role: fitted on a column, then applied to any column of its name.

Each is frozen data with the same five members: `name`, `features` (names of its columns of X),
`encode(column, out)`, which fills `out` (n, number of features) and counts what was odd, `to_json`,
and a `fit`. Only NumPy is needed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..arrays import Array, Bools, Floats
from .cells import booleans_of, nulls_of, texts_of
from .moments import scale_of
from .numbers_text import numbers_of
from .roles import Role
from .table import Column

__all__ = [
    "BooleanEncoder",
    "CategoryEncoder",
    "ColumnEncoder",
    "ColumnNote",
    "NumericEncoder",
]

LIMIT = 1e9
"""The bound of standardised numbers: it only keeps them finite, also in float32."""
_MAX_VALUES = 300


@dataclass(frozen=True)
class ColumnNote:
    """What was odd in one column when it was encoded, in cells.

    Parameters
    ----------
    column
        Its name.
    unseen
        Categories that were not there in training.
    missing
        Missing cells of a column that had none in training.
    unreadable
        Cells that are not of the column's kind; they count as missing.
    """

    column: str
    unseen: int = 0
    missing: int = 0
    unreadable: int = 0

    def __bool__(self) -> bool:
        """Say whether anything was odd."""
        return bool(self.unseen or self.missing or self.unreadable)

    def __str__(self) -> str:
        """Return the note as a sentence."""
        parts = [
            (self.unseen, "of a value that was not there in training"),
            (self.missing, "missing, as none was in training"),
            (self.unreadable, "unreadable and taken as missing"),
        ]
        told = ", ".join(f"{n} cell{'s' * (n != 1)} {what}" for n, what in parts if n)
        return f"'{self.column}': {told or 'nothing odd'}."


class ColumnEncoder(Protocol):
    """What every encoder of a column offers."""

    @property
    def name(self) -> str:
        """The column."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its columns of X."""
        ...

    def encode(self, column: Column, out: Floats) -> ColumnNote:
        """Fill `out` (n, number of features) and say what was odd."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        ...


@dataclass(frozen=True)
class NumericEncoder:
    """(x - mean) / std; missing cells at the mean, marked in a second column if any was seen."""

    name: str
    mean: float
    std: float
    missing: bool
    decimal: str = "."

    @staticmethod
    def fit(column: Column, role: Role) -> NumericEncoder:
        """Fit on the training rows."""
        values, _ = numbers_of(column, role.decimal)
        mean, std = scale_of(values)
        missing = bool(np.isnan(values).any())
        return NumericEncoder(column.name, mean, std, missing, role.decimal)

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and the mark of missing cells."""
        return (self.name, f"{self.name} (missing)") if self.missing else (self.name,)

    def encode(self, column: Column, out: Floats) -> ColumnNote:
        """Fill `out` and count new missing and unreadable cells."""
        values, unreadable = numbers_of(column, self.decimal)
        holes = np.isnan(values)
        with np.errstate(over="ignore"):
            standard = np.clip((values - self.mean) / self.std, -LIMIT, LIMIT)
        standard[holes] = 0.0
        out[:, 0] = standard
        return _with_mark(self.name, self.missing, holes, unreadable, out)

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        return {
            "kind": "numeric", "name": self.name, "mean": self.mean, "std": self.std,
            "missing": self.missing, "decimal": self.decimal,
        }  # fmt: skip


def _with_mark(name: str, seen: bool, holes: Bools, unreadable: Bools, out: Floats) -> ColumnNote:
    """Fill the last column of `out` with the mark of missing cells, where there is one."""
    if seen:
        out[:, -1] = holes
    bad = int(unreadable.sum())
    return ColumnNote(name, missing=0 if seen else int(holes.sum()) - bad, unreadable=bad)


@dataclass(frozen=True)
class BooleanEncoder:
    """1 and 0, standardised; missing cells at the mean, with a mark if any was seen."""

    name: str
    mean: float
    std: float
    missing: bool

    @staticmethod
    def fit(column: Column) -> BooleanEncoder:
        """Fit on the training rows."""
        values, _ = booleans_of(column)
        mean, std = scale_of(values)
        return BooleanEncoder(column.name, mean, std, bool(np.isnan(values).any()))

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and the mark of missing cells."""
        return (self.name, f"{self.name} (missing)") if self.missing else (self.name,)

    def encode(self, column: Column, out: Floats) -> ColumnNote:
        """Fill `out` and count new missing and unreadable cells."""
        values, unreadable = booleans_of(column)
        holes = np.isnan(values)
        out[:, 0] = np.where(holes, 0.0, (values - self.mean) / self.std)
        return _with_mark(self.name, self.missing, holes, unreadable, out)

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        return {
            "kind": "boolean", "name": self.name, "mean": self.mean, "std": self.std,
            "missing": self.missing,
        }  # fmt: skip


@dataclass(frozen=True)
class CategoryEncoder:
    """One column a value, 1 where the cell has it; two values share one standardised column.

    A value that occurred once in training, or is not among the 300 commonest, goes to the column
    ``other`` (which is there if such values were); a missing cell to ``missing`` (likewise). What
    has no column is 0 in all: a column of zeros in training would have kept its random weights.
    """

    name: str
    values: tuple[str, ...]
    other: bool
    missing: bool
    kept: tuple[str, ...] = ()
    mean: float = 0.0
    std: float = 1.0

    @staticmethod
    def fit(column: Column, role: Role) -> CategoryEncoder:
        """Fit on the training rows; values are ordered by falling count, then by value."""
        hidden = nulls_of(column, role.kept)
        counts = Counter(texts_of(column)[~hidden].tolist())
        return CategoryEncoder.of_counts(role, counts, bool(hidden.any()))

    @staticmethod
    def of_counts(role: Role, counts: Counter[str], missing: bool) -> CategoryEncoder:
        """Return the encoder of training rows with these values, and with missing cells or not."""
        ordered = sorted(counts, key=lambda value: (-counts[value], value))
        common = [value for value in ordered if counts[value] > 1] or ordered
        values = tuple(common[:_MAX_VALUES])
        other = len(values) < len(ordered)
        encoder = CategoryEncoder(role.name, values, other, missing, role.kept)
        if not encoder.binary:
            return encoder
        share = counts[values[1]] / counts.total()
        std = (share * (1.0 - share)) ** 0.5
        return CategoryEncoder(role.name, values, other, missing, role.kept, share, std)

    @property
    def binary(self) -> bool:
        """Whether two values, and nothing else, share one column."""
        return len(self.values) == 2 and not self.other and not self.missing

    @property
    def features(self) -> tuple[str, ...]:
        """``name=value`` for each column."""
        if self.binary:
            return (f"{self.name}={self.values[1]}",)
        slots = list(self.values) + ["(other)"] * self.other + ["(missing)"] * self.missing
        return tuple(f"{self.name}={slot}" for slot in slots)

    def encode(self, column: Column, out: Floats) -> ColumnNote:
        """Fill `out` and count unseen values and new missing cells."""
        place = {value: i for i, value in enumerate(self.values)}
        hidden = nulls_of(column, self.kept)
        codes = np.fromiter((place.get(t, -1) for t in texts_of(column)), np.int64, len(column))
        codes[hidden] = -2
        if self.binary:
            out[:, 0] = np.where(codes < 0, 0.0, (codes - self.mean) / self.std)
        else:
            self._one_hot(codes, out)
        unseen = 0 if self.other else int((codes == -1).sum())
        return ColumnNote(self.name, unseen, 0 if self.missing else int(hidden.sum()))

    def _one_hot(self, codes: Array, out: Floats) -> None:
        rows = np.flatnonzero(codes >= 0)
        out[:] = 0.0
        out[rows, codes[rows]] = 1.0
        if self.other:
            out[:, len(self.values)] = codes == -1
        if self.missing:
            out[:, -1] = codes == -2

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        return {
            "kind": "category", "name": self.name, "values": list(self.values),
            "other": self.other, "missing": self.missing, "kept": list(self.kept),
            "mean": self.mean, "std": self.std,
        }  # fmt: skip
