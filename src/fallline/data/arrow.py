"""Arrow streams to tables, through nanoarrow (or pyarrow where nanoarrow is missing).

Only the plain Arrow types are read from their buffers; every other type goes value by value.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..arrays import Array, Bools
from ..errors import MissingExtraError
from .columns import column_of, unique_names
from .table import Column, Table

__all__ = ["tables_of_stream"]

_DTYPES = {
    "c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8",
    "e": "f2", "f": "f4", "g": "f8",
}  # fmt: skip
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


def tables_of_stream(data: Any, source: str) -> Iterator[Table]:
    """Yield the batches of an object with ``__arrow_c_stream__``, in order, as tables.

    Raises
    ------
    MissingExtraError
        When neither nanoarrow nor pyarrow is installed.
    """
    try:
        import nanoarrow
    except ImportError:
        yield from _tables_of_pyarrow(data, source)
        return
    with warnings.catch_warnings():
        # Extension types are read by their storage, which is what we want.
        warnings.simplefilter("ignore")
        stream = nanoarrow.c_array_stream(data)
        schema = stream.get_schema()
    names, _ = unique_names([child.name for child in schema.children])
    for batch in stream:
        columns = (_column(name, child) for name, child in zip(names, batch.children, strict=True))
        yield Table(tuple(columns), source)


def _tables_of_pyarrow(data: Any, source: str) -> Iterator[Table]:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("nanoarrow", "cli", "reading Arrow data") from None
    from .frames import table_of

    reader = data if isinstance(data, pa.RecordBatchReader) else None
    for batch in reader or pa.RecordBatchReader.from_stream(data):
        yield table_of(pa.Table.from_batches([batch]), source=source)


def _column(name: str, array: Any) -> Column:
    view = array.view()
    form: str = array.schema.format
    start, stop = view.offset, view.offset + view.length
    missing = _missing(view, start, stop)
    if array.schema.dictionary is not None:
        return column_of(name, _values_one_by_one(array), missing)
    if form in _DTYPES:
        values = np.frombuffer(view.buffer(1), _DTYPES[form])[start:stop]
        return column_of(name, values, missing)
    if form == "b":
        bits = np.frombuffer(view.buffer(1), np.uint8)
        values = np.unpackbits(bits, bitorder="little")[start:stop].astype(np.bool_)
        return column_of(name, values, missing)
    if form in ("u", "U"):
        return _text_column(name, view, form, start, stop, missing)
    if form.startswith("ts"):
        ticks = np.frombuffer(view.buffer(1), np.int64)[start:stop]
        return column_of(name, ticks.view(f"M8[{_UNITS[form[2]]}]"), missing)
    if form == "tdD":
        days = np.frombuffer(view.buffer(1), np.int32)[start:stop]
        return column_of(name, days.astype(np.int64).view("M8[D]"), missing)
    return column_of(name, _values_one_by_one(array), missing)


def _missing(view: Any, start: int, stop: int) -> Bools | None:
    if view.null_count == 0 or view.n_buffers == 0:
        return None
    valid = np.frombuffer(view.buffer(0), np.uint8)
    if not len(valid):
        return None
    missing: Bools = np.unpackbits(valid, bitorder="little")[start:stop] == 0
    return missing


def _text_column(
    name: str, view: Any, form: str, start: int, stop: int, missing: Bools | None
) -> Column:
    offsets = np.frombuffer(view.buffer(1), np.int32 if form == "u" else np.int64)
    ends = offsets[start : stop + 1].tolist()
    data = bytes(view.buffer(2))
    values = np.empty(stop - start, object)
    if data.isascii():
        # One decoding of the whole buffer, then slices: several times as fast as cell by cell.
        whole = data.decode("ascii")
        values[:] = [whole[a:b] for a, b in pairwise(ends)]
    else:
        values[:] = [data[a:b].decode("utf-8", "replace") for a, b in pairwise(ends)]
    if missing is not None:
        values[missing] = ""
    return Column(name, values, missing)


def _values_one_by_one(array: Any) -> Array:
    import nanoarrow

    items = list(nanoarrow.Array(array).iter_py())
    values = np.empty(len(items), object)
    values[:] = items
    return values
