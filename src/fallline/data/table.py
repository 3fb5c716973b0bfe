"""`Table`: named columns of equal length, each of one plain type, with a mask of missing cells.

=============  =====================================  =======================
kind           dtype of `Column.values`               value at a missing cell
=============  =====================================  =======================
``float``      float64                                NaN
``integer``    int64                                  0
``boolean``    bool                                   False
``date``       datetime64[us], in UTC, without zone   NaT
``text``       object, every entry a str              ``""``
=============  =====================================  =======================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Array, Bools, Ints
from ..errors import DataError, suggest

__all__ = ["Column", "Table"]

_KINDS = {"f": "float", "i": "integer", "b": "boolean", "M": "date", "O": "text"}
_DTYPES = {
    "float": "float64",
    "integer": "int64",
    "boolean": "bool",
    "date": "datetime64[us]",
    "text": "object",
}


@dataclass(frozen=True, eq=False)
class Column:
    """One named column of n cells; the table of kinds stands at the top of this module.

    Parameters
    ----------
    name
        The column's name.
    values
        (n,) array of one of the five dtypes. `Column.of` makes one from anything.
    missing
        (n,) mask that is True where the cell is missing, or None where none is. NaN and NaT are
        missing whether or not the mask says so.

    Raises
    ------
    DataError
        When `values` has another dtype or shape, or the mask another length.

    Examples
    --------
    >>> column = Column.of("age", [3, None, 5])
    >>> column.kind, column.missing_count
    ('integer', 1)
    """

    name: str
    values: Array
    missing: Bools | None = None

    def __post_init__(self) -> None:
        """Check dtype and shapes, and let the mask cover every NaN and NaT."""
        kind = _KINDS.get(self.values.dtype.kind)
        if kind is None or self.values.dtype != np.dtype(_DTYPES[kind]) or self.values.ndim != 1:
            raise DataError(
                f"column '{self.name}' must be a vector of float64, int64, bool, datetime64[us] or "
                f"text, but it is {self.values.dtype} of shape {self.values.shape}; use Column.of"
            )
        if self.missing is not None and self.missing.shape != self.values.shape:
            raise DataError(
                f"the mask of column '{self.name}' has shape {self.missing.shape}, but its values "
                f"have {self.values.shape}; they must be the same"
            )
        object.__setattr__(self, "missing", self._whole_mask(kind))

    def _whole_mask(self, kind: str) -> Bools | None:
        mask = self.missing
        if kind in ("float", "date"):
            holes = np.isnan(self.values) if kind == "float" else np.isnat(self.values)
            mask = holes if mask is None else mask | holes
        return mask if mask is not None and mask.any() else None

    @staticmethod
    def of(name: str, values: Any, missing: Any = None) -> Column:
        """Return the column that holds `values`: an array, a list, a pandas or polars series.

        Raises
        ------
        DataError
            When the values are not one-dimensional or of a kind no column can hold.
        """
        from .columns import column_of

        return column_of(name, values, missing)

    @property
    def kind(self) -> str:
        """``float``, ``integer``, ``boolean``, ``date`` or ``text``."""
        return _KINDS[self.values.dtype.kind]

    @property
    def known(self) -> Bools:
        """(n,) mask, True where the cell is not missing."""
        if self.missing is None:
            return np.ones(len(self.values), np.bool_)
        known: Bools = ~self.missing
        return known

    @property
    def missing_count(self) -> int:
        """How many cells are missing."""
        return 0 if self.missing is None else int(self.missing.sum())

    def __len__(self) -> int:
        """Return n, the number of cells."""
        return len(self.values)

    def take(self, indices: Ints | Bools) -> Column:
        """Return the column of the rows `indices` (numbers or a mask), in their order."""
        missing = None if self.missing is None else self.missing[indices]
        return Column(self.name, self.values[indices], missing)

    def renamed(self, name: str) -> Column:
        """Return the same cells under another name."""
        return replace(self, name=name)


@dataclass(frozen=True, eq=False)
class Table:
    """Ordered, uniquely named columns of equal length.

    Parameters
    ----------
    columns
        The columns in order.
    source
        What the table is called in messages: a file's name, ``"frame"``, ...
    notes
        Sentences on what the reader had to do: rejected lines, renamed columns, ...

    Raises
    ------
    DataError
        When two columns share a name or differ in length.

    Examples
    --------
    >>> table = Table.of({"price": [100.0, 120.0], "town": ["Bern", "Basel"]})
    >>> table.names, table.n
    (('price', 'town'), 2)
    >>> table["pric"]
    Traceback (most recent call last):
    ...
    fallline.errors.DataError: there is no column 'pric' in table; did you mean 'price'?
    """

    columns: tuple[Column, ...]
    source: str = "table"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that names are unique and lengths equal."""
        seen: set[str] = set()
        for column in self.columns:
            if column.name in seen:
                raise DataError(
                    f"{self.source} has two columns named '{column.name}'; rename one of them"
                )
            seen.add(column.name)
            if len(column) != len(self.columns[0]):
                raise DataError(
                    f"the columns of {self.source} must be equally long, but "
                    f"'{self.columns[0].name}' has {len(self.columns[0])} rows and "
                    f"'{column.name}' has {len(column)}"
                )
        object.__setattr__(self, "_index", {c.name: c for c in self.columns})

    @staticmethod
    def of(data: Any, *, columns: Sequence[str] | None = None, source: str | None = None) -> Table:
        """Return `data` as a table.

        Parameters
        ----------
        data
            A Table, a mapping of name to array, a pandas, polars or Arrow frame (anything with
            ``__arrow_c_stream__``), or a 2-D array of shape (n, number of columns).
        columns
            The names of a 2-D array's columns; ``column0``, ... unless given.
        source
            What to call the table in messages.

        Raises
        ------
        DataError
            When `data` is none of these, or its columns cannot be.
        """
        from .frames import table_of

        return table_of(data, columns=columns, source=source)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n

    def __iter__(self) -> Iterator[Column]:
        """Iterate over the columns."""
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        """Say whether there is a column of this name."""
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        """Return the column of this name; an unknown one is a DataError with a suggestion."""
        try:
            return self._by_name[name]
        except KeyError:
            raise DataError(
                f"there is no column '{name}' in {self.source}; {suggest(name, self.names)}"
            ) from None

    def take(self, indices: Ints | Bools) -> Table:
        """Return the rows `indices` (numbers or a mask), in their order."""
        return replace(self, columns=tuple(column.take(indices) for column in self.columns))

    def sample(self, n: int, seed: int = 0) -> Table:
        """Return n rows drawn at random, none twice, in the table's order.

        Raises
        ------
        DataError
            When the table has fewer.

        Examples
        --------
        >>> Table.of({"x": [1, 2, 3, 4]}).sample(2)["x"].values.tolist()
        [1, 3]
        """
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= self.n:
            raise DataError(f"{self.source} has {self.n:,} rows, of which {n!r} cannot be drawn")
        return self.take(np.sort(np.random.default_rng(seed).permutation(self.n)[:n]))

    def select(self, names: Iterable[str]) -> Table:
        """Return only the columns `names`, in that order."""
        return replace(self, columns=tuple(self[name] for name in names))

    def without(self, names: Iterable[str]) -> Table:
        """Return the table without the columns `names`; an unknown one is a DataError."""
        gone = {self[name].name for name in names}
        return replace(self, columns=tuple(c for c in self.columns if c.name not in gone))

    def with_notes(self, *notes: str) -> Table:
        """Return the table with more notes at the end."""
        return replace(self, notes=(*self.notes, *notes))

    @property
    def _by_name(self) -> dict[str, Column]:
        index: dict[str, Column] = self.__dict__["_index"]
        return index

    @staticmethod
    def stack(tables: Sequence[Table]) -> Table:
        """Return the rows of `tables`, which have the same columns and kinds, one below another."""
        if len(tables) == 1:
            return tables[0]
        first = tables[0]
        columns = tuple(_stack([t.columns[i] for t in tables]) for i in range(len(first.columns)))
        return replace(first, columns=columns)


def _stack(parts: Sequence[Column]) -> Column:
    values = np.concatenate([part.values for part in parts])
    masked = any(part.missing is not None for part in parts)
    missing = np.concatenate([~part.known for part in parts]) if masked else None
    return Column(parts[0].name, values, missing)
