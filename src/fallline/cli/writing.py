"""Predictions to files: CSV, JSON lines or Parquet, whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import DataError
from ..files import check_writable, whole_file

if TYPE_CHECKING:
    from ..data import Column, Table

__all__ = ["check_output", "plain", "refuse_same", "write_table"]

_SUFFIXES = (".csv", ".parquet", ".jsonl")
_CHUNK = 4096
_SQL = {
    "float": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN", "date": "TIMESTAMP",
    "text": "VARCHAR",
}  # fmt: skip


def check_output(path: str) -> None:
    """Raise a DataError unless predictions can be written to `path`."""
    if path == "-":
        return
    if Path(path).suffix.lower() not in _SUFFIXES:
        raise DataError(f"the output must be - or end in .csv, .parquet or .jsonl, not '{path}'")
    check_writable(path)


def refuse_same(output: str, *inputs: str) -> None:
    """Raise a DataError where `output` is one of the files that are read."""
    for given in inputs:
        both = "-" not in (output, given) and Path(output).exists() and Path(given).exists()
        if both and Path(output).samefile(given):
            raise DataError(f"'{output}' is read, so it cannot be written too; choose another name")


def write_table(table: Table, path: str) -> None:
    """Write a table to `path`; ``-`` is standard output, as CSV in UTF-8."""
    if path == "-":
        text = io.TextIOWrapper(_binary_stdout(), "utf-8", newline="", write_through=True)
        try:
            _write_csv(table, text)
        finally:
            text.detach()
        return
    with whole_file(path) as temporary:
        suffix = Path(path).suffix.lower()
        if suffix == ".parquet":
            _write_parquet(table, temporary)
        else:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                (_write_csv if suffix == ".csv" else _write_jsonl)(table, file)


def _binary_stdout() -> IO[bytes]:
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    sys.stdout.flush()
    return sys.stdout.buffer


def _rows(table: Table) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as plain values, None where a cell is missing."""
    for start in range(0, table.n, _CHUNK):
        parts = (_cells(column, slice(start, start + _CHUNK)) for column in table)
        yield from zip(*parts, strict=True)


def _cells(column: Column, rows: slice) -> list[Any]:
    values: list[Any] = column.values[rows].tolist()
    if column.kind == "date":
        import numpy as np

        values = [str(value) for value in np.datetime_as_string(column.values[rows], unit="auto")]
    if column.missing is None:
        return values
    gone = column.missing[rows].tolist()
    return [None if hole else value for value, hole in zip(values, gone, strict=True)]


def _write_csv(table: Table, file: IO[str]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.names)
    for row in _rows(table):
        writer.writerow([_said(value) for value in row])


def _said(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _write_jsonl(table: Table, file: IO[str]) -> None:
    names = table.names
    for row in _rows(table):
        line = {name: plain(value) for name, value in zip(names, row, strict=True)}
        file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def _write_parquet(table: Table, path: Path) -> None:
    """Write CSV, and let DuckDB turn that into Parquet with the types we know."""
    from ..data.duck import connect, glob_safe, quoted

    with tempfile.TemporaryDirectory(prefix="fallline-") as folder:
        text = Path(folder) / "table.csv"
        with text.open("w", encoding="utf-8", newline="") as file:
            _write_csv(table, file)
        kinds = {f"c{i}": _SQL[column.kind] for i, column in enumerate(table)}
        names = ", ".join(f"c{i} AS {quoted(n)}" for i, n in enumerate(table.names))
        with connect() as connection:
            connection.execute(
                f"COPY (SELECT {names} FROM read_csv(?, auto_detect=false, header=true, delim=',', "
                "quote='\"', escape='\"', nullstr='', columns=?)) TO "
                f"'{str(path.absolute()).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)",
                [glob_safe(str(text.absolute())), kinds],
            )


def plain(value: Any) -> Any:
    """Return a value as JSON data: NaN and infinities become null, tuples lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    item = getattr(value, "item", None)
    return plain(item()) if item is not None else str(value)
