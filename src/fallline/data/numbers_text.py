"""Numbers written as text: ``1,234.5``, ``1.234,5``, ``$1,200``, ``12%``, ``(3)``, ``10:30``."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from ..arrays import Bools, Floats
from .cells import map_cells, nulls_of, texts_of
from .table import Column

__all__ = ["guess_decimal", "is_coded", "number", "numbers_of"]

_SPACES = "\u00a0\u202f' "
_PATTERNS = {
    mark: (
        re.compile(rf"[+-]?(?:\d+{re.escape(mark)}?\d*|{re.escape(mark)}\d+)(?:[eE][+-]?\d+)?"),
        re.compile(rf"[+-]?\d{{1,3}}(?:[{other}{_SPACES}]\d{{3}})+(?:{re.escape(mark)}\d+)?"),
    )
    for mark, other in ((".", ","), (",", "."))
}
_SEPARATORS = {
    mark: str.maketrans(dict.fromkeys(other + _SPACES) | ({",": "."} if mark == "," else {}))
    for mark, other in ((".", ","), (",", "."))
}
_CURRENCY = re.compile(r"^([+-]?)\s*[$€£¥₹]\s*|\s*[$€£¥₹%]$")
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
_CODED = re.compile(r"[+-]?0\d+|[+-]?\d{16,}")


def number(text: str, decimal: str = ".") -> float | None:
    """Return the number that `text` says with the given decimal mark, or None if it says none.

    The other mark, a blank or ``'`` may part thousands, in groups of three. A currency sign or a
    per cent sign is left out (12% is 12), brackets mean minus, a clock time is in seconds.

    Examples
    --------
    >>> number("$1,234.50"), number("1.234,5", ","), number("(12%)"), number("00:01:30")
    (1234.5, 1234.5, -12.0, 90.0)
    >>> number("12 apples") is None
    True
    """
    plain, grouped = _PATTERNS[decimal]
    if len(text) > 60:
        return None
    negative = text.startswith("(") and text.endswith(")")
    bare = text[1:-1] if negative else text.replace("\u2212", "-")
    bare = _CURRENCY.sub(r"\1", bare).strip()
    if plain.fullmatch(bare) or grouped.fullmatch(bare):
        value = float(bare.translate(_SEPARATORS[decimal]))
        if not np.isfinite(value):
            return None
        return -value if negative else value
    clock = _CLOCK.fullmatch(bare)
    if clock:
        return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + float(clock[3] or 0.0)
    return None


def is_coded(texts: Iterable[str]) -> bool:
    """Say whether digits are a code, not a number: a leading zero, or more than 15 digits."""
    return any(_CODED.fullmatch(text) for text in texts)


def guess_decimal(texts: Iterable[str]) -> tuple[str, float]:
    """Return the decimal mark that reads most of the cells, and the share that it reads.

    Where both marks read as many (``1,234``) it is the point.

    Examples
    --------
    >>> guess_decimal(["1,5", "2,25"]), guess_decimal(["1,234", "5,678"])
    ((',', 1.0), ('.', 1.0))
    """
    cells = list(texts)
    read = {
        mark: sum(v is not None for v in map_cells(lambda t, m=mark: number(t, m), cells))  # type: ignore[misc]
        for mark in ".,"
    }
    best = "," if read[","] > read["."] else "."
    return best, read[best] / max(1, len(cells))


def numbers_of(column: Column, decimal: str = ".") -> tuple[Floats, Bools]:
    """Return (n,) float64 with NaN where nothing is known, and the mask of unreadable cells.

    Infinite numbers count as unreadable. Dates give seconds since 1970 (UTC).
    """
    missing = nulls_of(column)
    if column.kind == "text":
        said = map_cells(lambda text: number(text, decimal), texts_of(column))
        values = np.array([np.nan if v is None else v for v in said], np.float64)
    elif column.kind == "date":
        values = column.values.astype(np.int64).astype(np.float64) / 1e6
    else:
        values = column.values.astype(np.float64)
    values[missing | ~np.isfinite(values)] = np.nan
    return values, np.isnan(values) & ~missing
