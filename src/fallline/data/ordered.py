"""Parts in the order of time: what is learnt from comes before what it is judged on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, Bools, Floats, Ints
from ..errors import DataError
from .cells import texts_of
from .dates import dates_of, guess_order
from .numbers_text import guess_decimal, numbers_of
from .role_rules import is_date_text, is_number_text
from .table import Column

__all__ = ["known_times", "ordered_parts", "times_of"]


def times_of(time: Any) -> tuple[Array, Bools]:
    """Return (n,) sortable times, and the mask of rows where one is known.

    Parameters
    ----------
    time
        Dates, numbers, or text that is either; or a `Column` of them.

    Raises
    ------
    DataError
        When they are neither dates nor numbers, or the text of a cell is none.

    Examples
    --------
    >>> times_of(["2.1.1970", "1.1.1970", None])[0].argsort().tolist()
    [1, 0, 2]
    """
    column = time if isinstance(time, Column) else Column.of("time", time)
    if column.kind in ("float", "integer", "date"):
        return column.values, column.known
    texts = list(filter(None, texts_of(column))) if column.kind == "text" else []
    values: Array
    if texts and is_date_text(texts):
        values, unreadable = dates_of(column, guess_order(texts)[0])
        known = ~np.isnat(values)
    elif texts and is_number_text(texts):
        values, unreadable = numbers_of(column, guess_decimal(texts)[0])
        known = ~np.isnan(values)
    else:
        raise DataError(
            f"'{column.name}' must hold dates or numbers to order the rows by, but it holds "
            f"{column.kind}; name another column"
        )
    if unreadable.any():
        row = int(np.argmax(unreadable))
        raise DataError(
            f"'{column.name}' orders the rows by time, but row {row} (counting from 0) holds "
            f"{texts_of(column)[row]!r}; mend it"
        )
    return values, known


def known_times(time: Any, n: int) -> Array:
    """Return (n,) sortable times; each must be known."""
    values, known = times_of(time)
    if len(values) != n:
        raise DataError(f"time has {len(values)} entries, but there are {n} rows")
    if not known.all():
        gone = int((~known).sum())
        raise DataError(
            f"{gone} row{'s have' if gone > 1 else ' has'} no time, so no place in the order; "
            "leave them out, or fill them"
        )
    return values


def ordered_parts(times: Array, shares: Floats) -> Ints:
    """Return the (n,) part of each row: the first share has the earliest rows, and so on.

    Rows of one time stand in one part: the cut is the nearest one that leaves them together. No
    part stays empty.

    Raises
    ------
    DataError
        When there are fewer different times than parts.
    """
    moments, code, counts = np.unique(times, return_inverse=True, return_counts=True)
    parts = len(shares)
    if len(moments) < parts:
        raise DataError(
            f"{len(moments)} different time{'s' * (len(moments) != 1)} cannot be parted into "
            f"{parts} parts, one after the other; name a column with more times, or set a share "
            "to 0"
        )
    ends = np.cumsum(counts)
    cuts = np.zeros(parts + 1, np.int64)  # the first moment of each part
    cuts[parts] = len(moments)
    # From the last: where times are few, the test rows come nearest to their share.
    for part in range(parts - 1, 0, -1):
        wanted = len(times) * shares[:part].sum()
        nearest = int(np.argmin(np.abs(ends - wanted))) + 1
        cuts[part] = np.clip(nearest, part, cuts[part + 1] - 1)
    return np.searchsorted(cuts[1:], code, side="right").astype(np.int64)
