"""CSV and TSV files as a `Source`: sniffed over the whole file, pinned, read by DuckDB."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .dialect import Dialect, sniff
from .duck import batches_of, plain, reading
from .repair import repaired
from .table import Table
from .textfile import TextFile

__all__ = ["CsvOptions", "CsvSource"]

_ROWS = 1 << 16
_LONG_DIGITS = r"[+-]?\d{16,}"
_COMMA_NUMBER = r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?"


@dataclass(frozen=True)
class CsvOptions:
    """What the user says about a text file; None is found out.

    Parameters
    ----------
    delimiter
        One character between cells.
    encoding
        A codec's name, such as ``"latin-1"``.
    header
        Whether the first line holds the names.
    decimal
        ``"."`` or ``","``.
    allow_bad_rows
        Go on when more than 1 % of the rows have too many cells.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    decimal: str = "."
    allow_bad_rows: bool = False

    def __post_init__(self) -> None:
        """Refuse what no file can be read with."""
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise DataError(
                f"delimiter must be one character other than a quote or a line end, but it is "
                f"{self.delimiter!r}; for a tab write '\\t'"
            )
        if self.decimal not in (".", ","):
            raise DataError(f"decimal must be '.' or ',', but it is {self.decimal!r}")


@dataclass(frozen=True)
class _Plan:
    """The file to read, its dialect, the types to read it with and what to select."""

    path: Path
    dialect: Dialect
    kinds: tuple[str, ...]
    select: str
    notes: tuple[str, ...]


class CsvSource:
    """A delimited text file, or standard input for ``"-"``.

    Parameters
    ----------
    path
        The file; packed with gzip, bzip2 or xz it is unpacked into a temporary folder.
    options
        What the user says about it.

    Raises
    ------
    DataError
        When the file is not there or is no text. Reading raises it when the text is no table.
    """

    def __init__(self, path: str | os.PathLike[str], options: CsvOptions | None = None) -> None:
        self._options = options or CsvOptions()
        self._file = TextFile(path, self._options.encoding)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the file's order."""
        return self._plan.dialect.names

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of how the file was read."""
        return self._plan.notes

    def read(self) -> Table:
        """Return the whole file as one table, with the notes.

        Raises
        ------
        DataError
            When the file holds no row, or cannot be read as a table.
        """
        batches = list(self.batches(_ROWS))
        if not batches:
            raise DataError(
                f"'{self._file.name}' has a header but no rows; at least one row is needed"
            )
        table = Table.stack(batches)
        return table.with_notes(*self.notes, *_ambiguous_dates(table, self._plan.dialect))

    def batches(self, rows: int) -> Iterator[Table]:
        """Yield the rows in the file's order, `rows` at a time, without the notes."""
        plan = self._plan
        sql, values = plan.dialect.reader(plan.path, plan.kinds)
        with reading(self._file.name) as connection:
            relation = connection.sql(f"SELECT {plan.select} FROM {sql}", params=values)
            for table in batches_of(relation, rows, self._file.name):
                yield _named(table, plan.dialect.names)

    def fingerprint(self) -> dict[str, Any]:
        """Return kind, name, size, SHA-256 of the bytes and options, as plain JSON data."""
        return {
            "kind": "csv",
            "name": self._file.name,
            "bytes": self._file.size,
            "sha256": self._file.sha256,
            "options": {
                "delimiter": self._options.delimiter,
                "encoding": self._options.encoding,
                "header": self._options.header,
                "decimal": self._options.decimal,
                "allow_bad_rows": self._options.allow_bad_rows,
            },
        }

    @cached_property
    def _plan(self) -> _Plan:
        with reading(self._file.name) as connection:
            path, dialect, mended = self._dialect(connection)
            kinds, select = _typed(connection, path, dialect, self._options.decimal)
        notes = (*self._file.notes, *mended, *_dialect_notes(dialect, self._options))
        return _Plan(path, dialect, kinds, select, notes)

    def _dialect(self, connection: Any) -> tuple[Path, Dialect, tuple[str, ...]]:
        import duckdb

        path, options = self._file.path, self._options
        try:
            dialect = sniff(connection, path, options.delimiter, options.header)
            if not dialect.looks_ragged(path, options.delimiter):
                return path, dialect, ()
        except duckdb.Error:
            pass
        target = self._file.temporary("repaired.csv")
        mend = repaired(path, target, self._file.name, options.delimiter, options.allow_bad_rows)
        return target, sniff(connection, target, mend.delimiter, options.header), mend.notes


def _typed(
    connection: Any, path: Path, dialect: Dialect, decimal: str
) -> tuple[tuple[str, ...], str]:
    """Return the types to read the columns with, and the list of what to select.

    The sniffer's types hold for every row, but three are looked at again as text: its booleans take
    yes and no (whose words we keep), its floats swallow digits of long numbers, and its text may be
    numbers with a decimal comma.
    """
    kinds = [_read_as(kind, decimal) for kind in dialect.kinds]
    doubts = [(f"c{i}", dialect.kinds[i]) for i in range(len(kinds)) if kinds[i] == "?"]
    as_text = tuple("VARCHAR" if kind == "?" else kind for kind in kinds)
    settled = _settled(connection, path, dialect, as_text, doubts, decimal)
    parts = []
    for i, kind in enumerate(as_text):
        name = f"c{i}"
        parts.append(settled.get(name) or plain(name, kind))
    return as_text, ", ".join(parts)


def _read_as(kind: str, decimal: str) -> str:
    if kind in ("BOOLEAN", "DOUBLE") or (kind == "VARCHAR" and decimal == ","):
        return "?"
    known = ("BIGINT", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
    return kind if kind in known else "VARCHAR"


def _settled(
    connection: Any,
    path: Path,
    dialect: Dialect,
    kinds: tuple[str, ...],
    doubts: list[tuple[str, str]],
    decimal: str,
) -> dict[str, str]:
    sql, values = dialect.reader(path, kinds)
    floats = [name for name, kind in doubts if kind == "DOUBLE" and decimal == "."]
    if floats:
        # A pattern costs DuckDB ten milliseconds a column: only long cells are worth it.
        tests = ", ".join(f"max(length({name}))" for name in floats)
        longest = connection.execute(f"SELECT {tests} FROM {sql}", values).fetchall()[0]
        short = {name for name, size in zip(floats, longest, strict=True) if (size or 0) < 16}
        settled = {name: _conversion(name, "DOUBLE", decimal) for name in short}
        rest = [(name, kind) for name, kind in doubts if name not in short]
        return settled | _tested(connection, sql, values, rest, decimal)
    return _tested(connection, sql, values, doubts, decimal)


def _tested(
    connection: Any, sql: str, values: list[Any], doubts: list[tuple[str, str]], decimal: str
) -> dict[str, str]:
    if not doubts:
        return {}
    tests = ", ".join(_test(name, kind, decimal) for name, kind in doubts)
    answers = connection.execute(f"SELECT {tests} FROM {sql}", values).fetchall()[0]
    return {
        name: _conversion(name, kind, decimal)
        for (name, kind), holds in zip(doubts, answers, strict=True)
        if holds
    }


def _test(name: str, kind: str, decimal: str) -> str:
    if kind == "BOOLEAN":
        return f"bool_and(lower(trim({name})) IN ('true', 'false'))"
    if decimal == ",":
        return f"bool_and({name} <> '' AND regexp_full_match(trim({name}), '{_COMMA_NUMBER}'))"
    return f"NOT bool_or(regexp_full_match(trim({name}), '{_LONG_DIGITS}'))"


def _conversion(name: str, kind: str, decimal: str) -> str:
    if kind == "BOOLEAN":
        return f"lower(trim({name})) = 'true' AS {name}"
    if decimal == ",":
        return f"TRY_CAST(replace(replace({name}, '.', ''), ',', '.') AS DOUBLE) AS {name}"
    return f"CAST({name} AS DOUBLE) AS {name}"


def _named(table: Table, names: tuple[str, ...]) -> Table:
    columns = (c.renamed(name) for c, name in zip(table.columns, names, strict=True))
    return replace(table, columns=tuple(columns))


def _dialect_notes(dialect: Dialect, options: CsvOptions) -> list[str]:
    notes = []
    if not dialect.header and options.header is None:
        notes.append(
            "The first line looks like data, not like names; the columns are called column0, "
            "column1, ... (say header=True if it holds the names)."
        )
    if dialect.skip:
        notes.append(f"{dialect.skip} line{'s' * (dialect.skip != 1)} above the header left out.")
    if dialect.comment:
        notes.append(f"Lines that start with {dialect.comment!r} were taken for comments.")
    if dialect.renamed:
        notes.append(
            "Columns shared a name and got a number at the end: "
            + ", ".join(f"'{name}'" for name in dialect.renamed[:5])
            + (", ..." if len(dialect.renamed) > 5 else "")
            + "."
        )
    return notes


def _ambiguous_dates(table: Table, dialect: Dialect) -> list[str]:
    """Note dates such as 01/02/2020 throughout, which could be read either way."""
    form = dialect.date_format or ""
    if not form.startswith(("%d", "%m")):
        return []
    first = "day" if form.startswith("%d") else "month"
    notes = []
    for column, kind in zip(table.columns, dialect.kinds, strict=True):
        if kind != "DATE" or column.missing_count == len(column):
            continue
        days = column.values[column.known]
        if (days - days.astype("M8[M]")).max() < np.timedelta64(12, "D"):
            notes.append(
                f"The dates of '{column.name}' could be read with the day or the month first; "
                f"they were read with the {first} first."
            )
    return notes
