"""The door to DuckDB: one connection a reading, no network, plain types out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DataError, MissingExtraError
from .table import Table

__all__ = ["batches_of", "connect", "glob_safe", "plain", "quoted", "reading", "same_size"]

_SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Rows come in the order of the file for any number of threads.
    "preserve_insertion_order": "true",
}


@contextmanager
def reading(name: str) -> Iterator[Any]:
    """Open a connection for reading the file `name`; DuckDB's errors become one DataError.

    Raises
    ------
    DataError
        When DuckDB cannot read the file.
    MissingExtraError
        When duckdb is not installed.
    """
    connection = connect()
    import duckdb

    try:
        yield connection
    except duckdb.Error as error:
        raise _translated(error, f"'{name}'") from None
    except RuntimeError as error:  # what DuckDB finds while rows are fetched comes as nanoarrow's
        if type(error).__name__ != "NanoarrowException":
            raise
        raise _translated(error, f"'{name}'") from None
    finally:
        connection.close()


def connect() -> Any:
    """Return a fresh in-memory connection that never reaches for the network."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("duckdb", "cli", "reading files") from None
    connection = duckdb.connect(":memory:", config=dict(_SETTINGS))
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def quoted(name: str) -> str:
    """Return a column name as SQL wants it."""
    return '"' + name.replace('"', '""') + '"'


def glob_safe(path: str) -> str:
    """Return `path` with ``*``, ``?`` and ``[`` put in brackets: DuckDB expands them otherwise."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def plain(name: str, kind: str) -> str:
    """Return the SQL that brings a column of DuckDB type `kind` to one of a Table's five kinds.

    Numbers that float64 or int64 would damage (more digits than they hold) become text.
    """
    column, head = quoted(name), kind.partition("(")[0]
    as_name = f" AS {column}"
    if head in ("BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR"):
        return column
    if head in ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"):
        return f"CAST({column} AS BIGINT){as_name}"
    if head == "DECIMAL":
        return f"CAST({column} AS {_decimal(kind)}){as_name}"
    if head == "FLOAT":
        return f"CAST({column} AS DOUBLE){as_name}"
    if head == "DATE" or head.startswith("TIMESTAMP"):
        # No CAST: DuckDB would push it into its CSV reader, which then forgets the date format.
        return f"make_timestamp(epoch_us({_microseconds(column, head)})){as_name}"
    return f"CAST({column} AS VARCHAR){as_name}"


def _microseconds(column: str, head: str) -> str:
    if head in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        return column
    return f"CAST({column} AS {'TIMESTAMPTZ' if 'TZ' in head else 'TIMESTAMP'})"


def _decimal(kind: str) -> str:
    width, scale = (int(part) for part in re.findall(r"\d+", kind))
    if scale:
        return "DOUBLE"
    return "BIGINT" if width <= 18 else "VARCHAR"


def batches_of(relation: Any, rows: int, source: str) -> Iterator[Table]:
    """Yield the rows of a DuckDB relation in order, `rows` at a time."""
    from .arrow import tables_of_stream

    # The relation itself, by the PyCapsule protocol: its `to_arrow_reader` would import pyarrow.
    return same_size(tables_of_stream(relation, source), rows)


def same_size(tables: Iterator[Table], rows: int) -> Iterator[Table]:
    """Cut and join `tables` into tables of `rows` rows each, the last one shorter."""
    held: list[Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.n
        if count < rows:
            continue
        whole = Table.stack(held)
        full = whole.n - whole.n % rows
        for start in range(0, full, rows):
            yield whole.take(np.arange(start, start + rows))
        held, count = [whole.take(np.arange(full, whole.n))], whole.n - full
    if count:
        yield Table.stack(held)


def _translated(error: Exception, name: str) -> DataError:
    """Return DuckDB's complaint about the file `name` as one sentence of ours, without SQL."""
    text = str(error)
    line = re.search(r"(?:on Line|Line): (\d+)", text)
    column = re.search(r'[Cc]olumn "?([^"\n]+?)"? is being|when casting.*?column "([^"]+)"', text)
    place = f" at line {line[1]}" if line else ""
    if column:
        place += f", column '{column[1] or column[2]}'"
    if "Maximum line size" in text or "max_line_size" in text.partition("Possible")[0]:
        reason = "a line is longer than can be read; is a quote left open?"
    elif "unicode" in text.lower():
        reason = "the text is not UTF-8; say how it is encoded with encoding="
    elif "Out of Memory" in text:
        reason = "there is not enough memory to read it; free some, or read fewer columns"
    else:
        head = re.sub(r"^(\w+ )*Error: ", "", text.split("\n", 1)[0])
        reason = head.partition("LINE 1:")[0].strip() or "it cannot be read"
    return DataError(
        f"{name} cannot be read as a table{place}: {reason}; check that line, or say what the file "
        "is with delimiter=, encoding= or header="
    )
