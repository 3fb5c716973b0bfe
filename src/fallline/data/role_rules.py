"""What the rules of `find_roles` look at: a column's summary, and whether it numbers the rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from .cells import kept_texts, nulls_of, texts_of
from .dates import guess_order
from .numbers_text import guess_decimal, is_coded
from .table import Column

__all__ = ["Summary", "identifier_reason", "is_date_text", "is_number_text", "summary_of"]

_KEY_WORDS = frozenset(
    ["id", "ids", "uuid", "guid", "key", "index", "idx", "pk", "rowid", "rownum", "unnamed"]
)
_NAME_WORDS = frozenset(["name", "names", "email", "url", "hash", "ticket", "phone"])
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_MIN_ROWS = 20
_MIN_KEYED = 5
_FREE_TEXT_WORDS = 5
_MOSTLY_NUMBERS = 0.9
_MOSTLY_DATES = 0.95


@dataclass(frozen=True, eq=False)
class Summary:
    """Counts of one column's cells; `cells` are the known ones, `values` the distinct of them."""

    known: int
    missing: int
    distinct: int
    whole: bool
    cells: Array
    values: Sequence[Any]

    @property
    def examples(self) -> Sequence[Any]:
        """Up to three values."""
        return self.values[:3]


def summary_of(column: Column, category: bool = False) -> Summary:
    """Return what the known cells of a column are; distinct values are in sorted order.

    As a `category`, or hashed text, ``none`` is a value.
    """
    if column.kind == "text":
        texts = texts_of(column)
        hidden = nulls_of(column, kept_texts(set(texts), category))
        cells = texts[~hidden]
        values: Sequence[Any] = sorted(set(cells))
        return Summary(len(cells), int(hidden.sum()), len(values), False, cells, values)
    cells = column.values[column.known]
    distinct = np.unique(cells)
    whole = column.kind == "integer" or (
        column.kind == "float" and bool((distinct == np.floor(distinct)).all())
    )
    return Summary(
        len(cells), len(column) - len(cells), len(distinct), whole, cells, distinct.tolist()
    )


def identifier_reason(column: Column, summary: Summary) -> str | None:
    """Return why a column only names its rows, or None.

    It does if its known values are all different and

    - they are whole numbers under a name such as id, key or index (at least 5 rows);
    - they are whole numbers from 0 or 1 that fill at least half of their range (at least 20 rows;
      half, for the training rows are a sample of a numbered table);
    - they are text (at least 5 rows): UUIDs, or of fewer than 5 words on average, or under a name
      such as id, name or email. Longer text is free text, whose words count.

    Fractions are measurements however different they are, and dates are dates.
    """
    if summary.distinct < summary.known or summary.known < _MIN_KEYED:
        return None
    words = {word.lower() for word in _WORD.findall(column.name)}
    if column.kind == "text":
        return _text_reason(summary, bool(words & (_KEY_WORDS | _NAME_WORDS)))
    if not summary.whole:
        return None
    if words & _KEY_WORDS:
        return "Its numbers are all different and its name says that they are keys."
    low, high = float(summary.values[0]), float(summary.values[-1])
    span = high - low + 1
    starts = 0 <= low <= 1 + 0.05 * span
    if summary.known >= _MIN_ROWS and starts and summary.known >= 0.5 * span:
        return "It numbers the rows: all different whole numbers, counted from 0 or 1."
    return None


def _text_reason(summary: Summary, named: bool) -> str | None:
    values = summary.values
    if all(_UUID.fullmatch(value) for value in values):
        return "It holds UUIDs, a different one in each row."
    if is_date_text(values) or is_number_text(values):
        return None
    words = sum(len(value.split()) for value in values) / summary.distinct
    if named or words < _FREE_TEXT_WORDS:
        return "It is text that is different in each row, so it names the row."
    return None


def is_date_text(texts: Iterable[str]) -> bool:
    """Say whether at least 95 % of the texts are dates."""
    return guess_order(texts)[1] >= _MOSTLY_DATES


def is_number_text(texts: Iterable[str]) -> bool:
    """Say whether at least 90 % of the texts are numbers and none is a code of digits."""
    return guess_decimal(texts)[1] >= _MOSTLY_NUMBERS and not is_coded(texts)
