"""Tables in memory: mappings of arrays, 2-D arrays, pandas, polars and Arrow frames."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DataError, MissingExtraError
from .columns import column_of, unique_names
from .table import Column, Table

__all__ = ["FrameSource", "is_frame", "table_of"]

_FRAME_PACKAGES = ("pandas", "polars", "pyarrow", "modin", "cudf")


class FrameSource:
    """A table that is in memory already, as a `Source`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return self._table.names

    def read(self) -> Table:
        """Return the table."""
        return self._table

    def batches(self, rows: int) -> Iterator[Table]:
        """Yield the rows in order, `rows` at a time."""
        for start in range(0, self._table.n, rows):
            yield self._table.take(np.arange(start, min(start + rows, self._table.n)))

    def fingerprint(self) -> dict[str, Any]:
        """Return kind, size and a SHA-256 over names and cells, as plain JSON data."""
        return {
            "kind": "frame",
            "rows": self._table.n,
            "columns": list(self._table.names),
            "sha256": _digest(self._table),
            "options": {},
        }


def is_frame(data: Any) -> bool:
    """Say whether `data` is a table in memory that `table_of` takes."""
    return (
        isinstance(data, (Table, Mapping))
        or (isinstance(data, np.ndarray) and data.ndim == 2)
        or hasattr(data, "__arrow_c_stream__")
        or _is_native_frame(data)
    )


def table_of(
    data: Any, *, columns: Sequence[str] | None = None, source: str | None = None
) -> Table:
    """Return `data` as a `Table`; see `Table.of`.

    Raises
    ------
    DataError
        When `data` is none of the kinds, or `columns` does not fit it.
    """
    if columns is not None and not isinstance(data, np.ndarray):
        raise DataError("columns= names the columns of a 2-D NumPy array only; leave it out")
    if isinstance(data, Table):
        return data
    if isinstance(data, Mapping):
        return _from_items(list(data.items()), source or "table")
    if isinstance(data, np.ndarray):
        return _from_matrix(data, columns, source or "array")
    if _is_native_frame(data):
        return _from_native(data, source or "frame")
    if hasattr(data, "__arrow_c_stream__"):
        return _from_stream(data, source or "Arrow stream")
    raise DataError(
        f"a table must be a mapping of name to column, a 2-D array or a pandas, polars or Arrow "
        f"frame, but it is a {type(data).__name__}; a single row is a mapping of name to [value]"
    )


def _from_items(items: Sequence[tuple[object, Any]], source: str) -> Table:
    names, changed = unique_names([name for name, _ in items])
    cells = (value for _, value in items)
    built = tuple(_cells(name, value) for name, value in zip(names, cells, strict=True))
    return Table(built, source, _renamed_note(changed))


def _cells(name: str, value: Any) -> Column:
    return value.renamed(name) if isinstance(value, Column) else column_of(name, value)


def _renamed_note(changed: Sequence[str]) -> tuple[str, ...]:
    if not changed:
        return ()
    shown = ", ".join(f"'{name}'" for name in changed[:5]) + (", ..." if len(changed) > 5 else "")
    return (f"Columns shared a name; {len(changed)} now have a number at the end: {shown}.",)


def _from_matrix(matrix: Any, columns: Sequence[str] | None, source: str) -> Table:
    if matrix.dtype.names is not None:
        return _from_items([(name, matrix[name]) for name in matrix.dtype.names], source)
    if matrix.ndim != 2:
        raise DataError(
            f"an array must have 2 dimensions (rows, columns) to be a table, but it has shape "
            f"{matrix.shape}; use array.reshape(-1, 1) for a single column"
        )
    names = list(columns) if columns is not None else _numbered(matrix.shape[1])
    if len(names) != matrix.shape[1]:
        raise DataError(
            f"columns= gives {len(names)} names, but the array has {matrix.shape[1]} columns"
        )
    if len(set(names)) < len(names):
        raise DataError("columns= gives the same name twice; each column needs a name of its own")
    return _from_items([(name, matrix[:, i]) for i, name in enumerate(names)], source)


def _numbered(count: int) -> list[str]:
    return [f"column{i}" for i in range(count)]


def _is_native_frame(data: Any) -> bool:
    # Only packages already imported can have made it, so nothing is imported to find out.
    package = type(data).__module__.partition(".")[0]
    return package in _FRAME_PACKAGES and package in sys.modules and hasattr(type(data), "columns")


def _from_native(frame: Any, source: str) -> Table:
    try:
        import narwhals as nw
    except ImportError:
        raise MissingExtraError("narwhals", "cli", "reading data frames") from None
    if type(frame).__name__ == "LazyFrame":
        frame = frame.collect()
    if type(frame).__module__.partition(".")[0] == "pandas":
        frame, changed = _with_plain_names(frame)
    elif type(frame).__name__ == "RecordBatch":
        import pyarrow as pa

        frame, changed = pa.Table.from_batches([frame]), ()
    else:
        changed = ()
    try:
        wrapped = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise DataError(f"this {type(frame).__name__} cannot be read as a table: {error}") from None
    built = tuple(_from_series(nw, series) for series in wrapped.iter_columns())
    return Table(built, source, _renamed_note(changed))


def _with_plain_names(frame: Any) -> tuple[Any, tuple[str, ...]]:
    labels = ["_".join(map(str, c)) if isinstance(c, tuple) else c for c in frame.columns]
    names, changed = unique_names(labels)
    return frame.set_axis(list(names), axis=1), changed


def _from_series(nw: Any, series: Any) -> Column:
    kind = series.dtype
    if kind.is_integer() or kind == nw.Boolean:
        missing = series.is_null().to_numpy()
        filled = series.fill_null(False if kind == nw.Boolean else 0) if missing.any() else series
        return column_of(series.name, filled.to_numpy(), missing)
    if kind.is_float():
        missing = series.is_null().to_numpy()
        return column_of(series.name, np.asarray(series.to_numpy(), np.float64), missing)
    if kind == nw.Datetime:
        if kind.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column_of(series.name, np.asarray(series.to_numpy(), "M8[us]"))
    if kind == nw.String:
        missing = series.is_null().to_numpy()
        return column_of(series.name, np.asarray(series.to_list(), object), missing)
    return column_of(series.name, series.to_list())


def _from_stream(data: Any, source: str) -> Table:
    from .arrow import tables_of_stream

    tables = list(tables_of_stream(data, source))
    if not tables:
        raise DataError(f"the {source} holds no rows; at least one is needed")
    return _stack_mixed(tables)


def _stack_mixed(tables: list[Table]) -> Table:
    """Stack batches whose kinds may differ where a batch had only missing cells."""
    first = tables[0]
    if all([c.kind for c in t.columns] == [c.kind for c in first.columns] for t in tables):
        return Table.stack(tables)
    return _from_items([(name, _merged(name, tables)) for name in first.names], first.source)


def _merged(name: str, tables: list[Table]) -> list[Any]:
    cells: list[Any] = []
    for table in tables:
        column = table[name]
        values = column.values if column.kind == "date" else column.values.tolist()
        cells += [v if k else None for v, k in zip(values, column.known, strict=True)]
    return cells


def _digest(table: Table) -> str:
    digest = hashlib.sha256()
    for column in table.columns:
        digest.update(f"{column.name}\0{column.kind}\0".encode())
        digest.update(np.packbits(column.known).tobytes())
        if column.kind == "text":
            for text in column.values:
                cell = text.encode("utf-8", "surrogatepass")
                digest.update(len(cell).to_bytes(8, "little") + cell)
        else:
            digest.update(column.values.tobytes())
    return digest.hexdigest()
