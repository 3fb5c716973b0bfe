"""Dates written as text, and what a network is told about a date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import numpy as np

from ..arrays import Array, Bools
from .cells import map_cells, nulls_of, texts_of
from .table import Column

__all__ = ["ORDERS", "date", "dates_of", "guess_order"]

ORDERS = ("ymd", "dmy", "mdy")
"""The orders of year, month and day in a written date."""

_DATE = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?"
)
_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)


def date(text: str, order: str = "ymd") -> int | None:
    """Return the microseconds since 1970 (UTC) of a written date, or None if it is none.

    Examples
    --------
    >>> date("1970-01-02"), date("2.1.1970", "dmy"), date("1970-01-01T01:00:00+01:00")
    (86400000000, 86400000000, 0)
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    parts = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if len(parts["y"]) not in (2, 4) or max(len(parts["m"]), len(parts["d"])) > 2:
        return None
    try:
        moment = dt.datetime(_year(parts["y"]), int(parts["m"]), int(parts["d"]))
        moment += _clock(match)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) // _MICROSECOND


def _year(text: str) -> int:
    # POSIX: 69..99 are of the last century.
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


def _clock(match: re.Match[str]) -> dt.timedelta:
    if match[5] is None:
        return dt.timedelta(0)
    time = dt.time(int(match[5]), int(match[6]), int(match[7] or 0))
    passed = dt.timedelta(hours=time.hour, minutes=time.minute, seconds=time.second)
    passed += dt.timedelta(microseconds=int((match[8] or ".0")[1:7].ljust(6, "0")))
    zone = match[9]
    if zone in (None, "Z", "UTC"):
        return passed
    ahead = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return passed - ahead if zone[0] == "+" else passed + ahead


def guess_order(texts: Iterable[str]) -> tuple[str, float, bool]:
    """Return the order that reads most cells, its share, and whether another reads as many.

    ISO's order is tried first, then day before month, as DuckDB does for CSV files.

    Examples
    --------
    >>> guess_order(["31.12.2020", "01.02.2021"])
    ('dmy', 1.0, False)
    """
    cells = list(texts)
    read = {
        order: sum(v is not None for v in map_cells(lambda t, o=order: date(t, o), cells))  # type: ignore[misc]
        for order in ORDERS
    }
    best = max(ORDERS, key=lambda order: read[order])
    rivals = {"dmy": "mdy", "mdy": "dmy"}
    ambiguous = best in rivals and read[rivals[best]] == read[best]
    return best, read[best] / max(1, len(cells)), ambiguous


def dates_of(column: Column, order: str = "ymd") -> tuple[Array, Bools]:
    """Return (n,) datetime64[us] with NaT where nothing is known, and the unreadable cells.

    ISO dates are read in any order; numbers are seconds since 1970 (UTC).
    """
    missing = nulls_of(column)
    if column.kind == "date":
        values = column.values.copy()
    elif column.kind == "text":
        said = map_cells(lambda t: _either(t, order), texts_of(column))
        values = np.array([np.datetime64("NaT") if v is None else v for v in said], "M8[us]")
    else:
        values = _from_seconds(column.values.astype(np.float64))
    values[missing] = np.datetime64("NaT")
    return values, np.isnat(values) & ~missing


def _either(text: str, order: str) -> int | None:
    value = date(text, order)
    return value if value is not None or order == "ymd" else date(text)


def _from_seconds(seconds: Array) -> Array:
    # Years 1 to 9999, beyond which datetime and int64 microseconds give up.
    sound = np.isfinite(seconds) & (np.abs(seconds) < 2.5e11)
    values = np.full(len(seconds), np.datetime64("NaT"), "M8[us]")
    values[sound] = (seconds[sound] * 1e6).round().astype(np.int64).astype("M8[us]")
    return values
