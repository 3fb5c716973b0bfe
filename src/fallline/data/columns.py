"""From any sequence of values to a `Column`: one kind a column, no value damaged on the way."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import Array, Bools
from ..errors import DataError
from .table import Column

__all__ = ["EXACT", "column_of", "text_of", "unique_names"]

# Above this a float64 no longer holds every integer.
EXACT = 2**53
_EPOCH = dt.datetime(1970, 1, 1)


def column_of(name: str, values: Any, missing: Any = None) -> Column:
    """Return `values` as a column; `missing` marks more cells as missing.

    Integers that int64 cannot hold, and integers beyond 2**53 among floats, become text, for a
    number would not keep their digits. Mixed kinds become text. Times with a zone become UTC.

    Raises
    ------
    DataError
        When the values are not one-dimensional, or complex, or nested.

    Examples
    --------
    >>> column_of("id", [2**70, 3]).values.tolist()
    ['1180591620717411303424', '3']
    """
    mask = None if missing is None else np.asarray(missing, np.bool_)
    array = _as_array(values)
    if np.ma.isMaskedArray(array):
        hidden = np.ma.getmaskarray(array)
        mask = hidden if mask is None else mask | hidden
        array = np.ma.getdata(array)
    if array.ndim != 1:
        raise DataError(
            f"column '{name}' must be one value a row, but it has shape {array.shape}; give each "
            "column a name of its own"
        )
    build = _BUILDERS.get(array.dtype.kind)
    if build is None:
        raise DataError(
            f"column '{name}' holds values of dtype {array.dtype}, which no column can hold; "
            "convert it to numbers, text or dates first"
        )
    return build(name, array, mask)


def _as_array(values: Any) -> Array:
    if isinstance(values, np.ndarray):
        return values
    # Other libraries' dtypes (nullable integers) would turn to floats, so they go as a list does.
    if hasattr(values, "__array__") and isinstance(getattr(values, "dtype", None), np.dtype):
        return np.asarray(values)
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        return np.asarray(values)
    # Not np.asarray(values): it would turn [1, "a"] to text and [1, None] to float behind our back.
    items = list(values)
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _floats(name: str, array: Array, mask: Bools | None) -> Column:
    values = array.astype(np.float64)
    if mask is not None:
        values[mask] = np.nan
    return Column(name, values, mask)


def _integers(name: str, array: Array, mask: Bools | None) -> Column:
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        return _texts(name, array.astype(object), mask)
    values = array.astype(np.int64)
    if mask is not None:
        values[mask] = 0
    return Column(name, values, mask)


def _booleans(name: str, array: Array, mask: Bools | None) -> Column:
    return Column(name, array if mask is None else array & ~mask, mask)


def _dates(name: str, array: Array, mask: Bools | None) -> Column:
    values = array.astype("datetime64[us]")
    if mask is not None:
        values[mask] = np.datetime64("NaT")
    return Column(name, values, mask)


def _durations(name: str, array: Array, mask: Bools | None) -> Column:
    seconds = array.astype("timedelta64[us]").astype(np.float64) / 1e6
    seconds[np.isnat(array)] = np.nan
    return _floats(name, seconds, mask)


def _texts(name: str, array: Array, mask: Bools | None) -> Column:
    values = np.empty(len(array), object)
    values[:] = [text_of(value) for value in array]
    if mask is not None:
        values[mask] = ""
    return Column(name, values, mask)


def _objects(name: str, array: Array, mask: Bools | None) -> Column:
    holes = np.fromiter((_is_missing(v) for v in array), np.bool_, len(array))
    missing = holes if mask is None else holes | mask
    known = array[~missing]
    kinds = {_kind_of(name, value) for value in known}
    if kinds == {"float", "integer"}:
        kinds = {"text"} if any(_is_long(v) for v in known) else {"float"}
    values, kind = _FILLS[kinds.pop() if len(kinds) == 1 else ("text" if kinds else "float")]
    out = np.full(len(array), values[0], dtype=values[1])
    try:
        out[~missing] = [kind(value) for value in known]
    except OverflowError:
        return _texts(name, array, missing)
    return Column(name, out, missing)


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, (str, bytes, int)):
        return False
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return isinstance(value, (float, np.floating, decimal.Decimal)) and math.isnan(value)


def _is_long(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and abs(int(value)) > EXACT


def _kind_of(name: str, value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    if isinstance(value, numbers.Integral):
        return "integer"
    if isinstance(value, (float, np.floating, decimal.Decimal)):
        return "float"
    if isinstance(value, (dt.date, np.datetime64)):
        return "date"
    if isinstance(value, (dt.timedelta, np.timedelta64)):
        return "duration"
    if isinstance(value, (complex, np.complexfloating, list, tuple, dict, set, np.ndarray)):
        raise DataError(
            f"column '{name}' holds a {type(value).__name__}, which no column can hold; give each "
            "number a column of its own"
        )
    return "text"


def _date_of(value: Any) -> np.datetime64:
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC).replace(tzinfo=None)
        # Not np.datetime64(value): a pandas Timestamp is a datetime with nanoseconds besides.
        return np.datetime64((value - _EPOCH) // dt.timedelta(microseconds=1), "us")
    return np.datetime64(value, "us")


def _seconds_of(value: Any) -> float:
    return float(np.timedelta64(value, "us").astype(np.int64)) / 1e6


def text_of(value: Any) -> str:
    """Return the one spelling of a cell as text: ``true``, ``1`` for 1.0, ISO dates, else str.

    Examples
    --------
    >>> [text_of(v) for v in (True, 1.0, 0.5, "x", 7)]
    ['true', '1', '0.5', 'x', '7']
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < EXACT else repr(number)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.datetime64):
        moment = value.astype("datetime64[us]").item()
        return moment.isoformat() if isinstance(moment, dt.date) else str(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


_FILLS: dict[str, tuple[tuple[Any, str], Callable[[Any], Any]]] = {
    "float": ((np.nan, "float64"), float),
    "integer": ((0, "int64"), int),
    "boolean": ((False, "bool"), bool),
    "date": ((np.datetime64("NaT"), "datetime64[us]"), _date_of),
    "duration": ((np.nan, "float64"), _seconds_of),
    "text": (("", "object"), text_of),
}

_BUILDERS: dict[str, Callable[[str, Array, Bools | None], Column]] = {
    "f": _floats,
    "i": _integers,
    "u": _integers,
    "b": _booleans,
    "M": _dates,
    "m": _durations,
    "U": _texts,
    "S": _texts,
    "T": _texts,
    "O": _objects,
}


def unique_names(names: Sequence[object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names made unique (``a``, ``a_1``, ...) and the names that were changed."""
    used: set[str] = set()
    given = {str(name) for name in names}
    out: list[str] = []
    for name in map(str, names):
        fresh, number = name, 0
        while fresh in used or (number and fresh in given):
            number += 1
            fresh = f"{name}_{number}"
        used.add(fresh)
        out.append(fresh)
    changed = tuple(new for new, old in zip(out, names, strict=True) if new != str(old))
    return tuple(out), changed
