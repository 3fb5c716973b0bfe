"""Where rows come from: one protocol, one function that finds the right kind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from ..errors import DataError
from .csv import CsvOptions, CsvSource
from .folder import ParquetFolder, is_several
from .frames import FrameSource, is_frame
from .parquet import ParquetSource
from .table import Table
from .textfile import check_file

__all__ = ["Source", "open_source", "read_table"]


@runtime_checkable
class Source(Protocol):
    """A table that can be read, once or in batches, always in the same order of rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        ...

    def read(self) -> Table:
        """Return all rows."""
        ...

    def batches(self, rows: int) -> Iterator[Table]:
        """Yield all rows in a fixed order, `rows` at a time, the last batch shorter."""
        ...

    def fingerprint(self) -> dict[str, Any]:
        """Return what identifies the data, as plain JSON data without a folder or a date."""
        ...


def open_source(
    data: Any,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    decimal: str = ".",
    allow_bad_rows: bool = False,
    columns: Sequence[str] | None = None,
) -> Source:
    """Return the source of `data`.

    Parameters
    ----------
    data
        The path of a CSV, TSV or Parquet file (CSV may be packed with gzip, bzip2 or xz), of a
        folder of Parquet files or a pattern of them (``"part-*.parquet"``), ``"-"`` for CSV from
        standard input, a Table, a mapping of arrays, a 2-D array, a pandas, polars or Arrow frame,
        or a Source.
    delimiter, encoding, header, decimal, allow_bad_rows
        For text files only, see `CsvOptions`.
    columns
        For a 2-D array only: the names of its columns.

    Raises
    ------
    DataError
        When there is no such file, it is no table, or an option does not fit the kind of `data`.
    MissingExtraError
        When a file is given and duckdb is not installed.

    Examples
    --------
    >>> open_source({"x": [1.0, 2.0]}).names
    ('x',)
    """
    options = CsvOptions(delimiter, encoding, header, decimal, allow_bad_rows)
    if isinstance(data, (str, os.PathLike)):
        return _file_source(data, options)
    _refuse_options(options, f"the data is a {type(data).__name__}")
    if is_frame(data):
        return FrameSource(Table.of(data, columns=columns))
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data must be the path of a file, a frame, a mapping of arrays or a 2-D array, but it is "
        f"a {type(data).__name__}"
    )


def read_table(data: Any, **options: Any) -> Table:
    """Return all rows of `data` as a `Table`; the parameters are those of `open_source`.

    Raises
    ------
    DataError
        When the data cannot be read, has no columns or no rows.

    Examples
    --------
    >>> read_table({"x": [1, 2], "y": ["a", "b"]}).n
    2
    """
    table = open_source(data, **options).read()
    if not table.columns or not table.n:
        raise DataError(f"{table.source} holds no rows; at least one is needed")
    return table


def _file_source(data: str | os.PathLike[str], options: CsvOptions) -> Source:
    if str(data) != "-":
        if is_several(data):
            _refuse_options(options, f"'{data}' is a folder, or a pattern, of Parquet files")
            return ParquetFolder(data)
        path = check_file(data)
        with path.open("rb") as raw:
            if raw.read(4) == b"PAR1":
                _refuse_options(options, f"'{path.name}' is a Parquet file")
                return ParquetSource(path)
        if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
            raise DataError(f"'{path.name}' is JSON, which is not read; save the table as CSV")
        if path.suffix.lower() in (".parquet", ".pq"):
            raise DataError(f"'{path.name}' is not a sound Parquet file: it does not start as one")
    return CsvSource(data, options)


def _refuse_options(options: CsvOptions, found: str) -> None:
    if options != CsvOptions():
        raise DataError(
            "delimiter, encoding, header, decimal and allow_bad_rows are for text files, but "
            f"{found}; leave them out"
        )
