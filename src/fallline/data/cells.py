"""What one cell of text says: nothing, yes or no, a number, a date, or itself.

The same functions serve training and predicting; what they must know about a column (its decimal
mark, its order of day and month) is an argument, so that it can be stored beside the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

import numpy as np

from ..arrays import Array, Bools, Floats
from .columns import text_of
from .table import Column

__all__ = [
    "NULLS",
    "booleans_of",
    "is_boolean_text",
    "kept_texts",
    "map_cells",
    "nulls_of",
    "texts_of",
]

NULLS = frozenset(
    (
        *("", "na", "n/a", "n.a.", "n.a", "#n/a", "#n/d", "<na>", "null", "#null!", "none", "nil"),
        *("nan", "nat", "missing", "#div/0!", "#value!", "#ref!", "?", "-", "--", "---", ".", ".."),
    )
)
"""The texts, in lower case, that say that nothing is known."""

_PAIRS = (("yes", "no"), ("true", "false"), ("y", "n"), ("t", "f"), ("on", "off"), ("1", "0"))
_TRUE = frozenset(pair[0] for pair in _PAIRS)
_FALSE = frozenset(pair[1] for pair in _PAIRS)
_CODE = re.compile(r"[A-Z]{2}")

T = TypeVar("T")


def texts_of(column: Column) -> Array:
    """Return (n,) cells as text without spaces around, whatever the column's kind.

    A number is spelt alike whether it came as 1, 1.0 or ``"1"``, so that a category survives the
    change of type that other readers make.
    """
    if column.kind == "text":
        return np.array([text.strip() for text in column.values], object)
    if column.kind == "integer":
        return column.values.astype(str).astype(object)
    out = np.empty(len(column), object)
    out[:] = [text_of(value) for value in column.values]
    return out


def map_cells(read: Callable[[str], T | None], texts: Iterable[str]) -> list[T | None]:
    """Return `read` of every text, called once for each distinct one."""
    seen: dict[str, T | None] = {}
    out: list[T | None] = []
    for text in texts:
        if text not in seen:
            seen[text] = read(text)
        out.append(seen[text])
    return out


def kept_texts(texts: Iterable[str], category: bool = False) -> frozenset[str]:
    """Return the members of `NULLS` that are values of a column with these texts.

    ``NA`` is a value (Namibia, sodium) where at least five other distinct values are there and nine
    in ten of them are codes of two capital letters, as ``NA`` is itself. ``none`` is a value of a
    category (no garage, no sewer): nothing is unknown about it.
    """
    others = {text for text in texts if text.lower() not in NULLS}
    codes = sum(_CODE.fullmatch(text) is not None for text in others)
    kept = {"na"} if len(others) >= 5 and codes >= 0.9 * len(others) else set()
    return frozenset(kept | {"none"} if category else kept)


def nulls_of(column: Column, kept: Collection[str] = ()) -> Bools:
    """Return the (n,) mask of missing cells, texts that mean nothing (`NULLS`) included.

    Texts that are `kept` in lower case are values.

    Examples
    --------
    >>> nulls_of(Column.of("x", ["1", "n/a", "?", None])).tolist()
    [False, True, True, True]
    """
    missing = ~column.known
    if column.kind != "text":
        return missing
    nothing = NULLS.difference(kept)
    said = (text.strip().lower() in nothing for text in column.values)
    spoken: Bools = missing | np.fromiter(said, np.bool_, len(column))
    return spoken


def is_boolean_text(texts: Iterable[str]) -> bool:
    """Say whether the distinct `texts` are exactly one pair such as yes and no, in any case."""
    words = {text.lower() for text in texts}
    return any(words == set(pair) for pair in _PAIRS)


def booleans_of(column: Column) -> tuple[Floats, Bools]:
    """Return (n,) 1.0, 0.0 or NaN, and the mask of known cells that are neither yes nor no."""
    missing = nulls_of(column)
    if column.kind == "boolean":
        values = column.values.astype(np.float64)
    else:
        said = map_cells(_boolean, texts_of(column))
        values = np.array([np.nan if v is None else v for v in said], np.float64)
    values[missing] = np.nan
    return values, np.isnan(values) & ~missing


def _boolean(text: str) -> float | None:
    word = text.lower()
    return 1.0 if word in _TRUE else 0.0 if word in _FALSE else None
