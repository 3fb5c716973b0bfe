"""What each column is for: found from the training rows, said in one sentence, overridable.

================  ====================================================  =====================
kind              rule (the first that holds)                           what the network gets
================  ====================================================  =====================
``dropped``       the user said so, or an exact copy of a column        nothing
``constant``      one value throughout, or nothing known                nothing
``identifier``    see `identifier_reason`                               nothing
``boolean``       true and false, or a pair of words such as yes, no    0 or 1, standardised
``date``          dates, or text of which 95 % is dates                 days, month, weekday
``numeric``       numbers, or text of which 90 % is numbers             standardised number
``category``      text, at most 300 values, half the rows or fewer      one column a value
``text``          any other text                                        hashed words
================  ====================================================  =====================

Text counts as numbers only where no cell has a leading zero or more than 15 digits: those are
codes. Shares are of the known cells. ``NA`` is missing unless the column is of two-letter codes
(`fallline.data.cells.kept_texts`); ``none`` is a value of a category, missing elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError, suggest
from .cells import is_boolean_text, kept_texts, nulls_of
from .columns import EXACT
from .dates import guess_order
from .leaks import copies, leak_warning
from .numbers_text import guess_decimal
from .role_rules import Summary, identifier_reason, is_date_text, is_number_text, summary_of
from .table import Column, Table

__all__ = ["KINDS", "Role", "find_roles"]

KINDS = ("numeric", "boolean", "category", "date", "text", "identifier", "constant", "dropped")
"""The kinds of role."""

_USED = frozenset(KINDS[:5])
_FEW = 10


@dataclass(frozen=True)
class Role:
    """What one column is for.

    Parameters
    ----------
    name
        The column.
    kind
        One of `KINDS`.
    reason
        Why, in one sentence.
    distinct, missing
        How many different known values, and how many unknown cells, the training rows have.
    decimal
        The decimal mark of numbers written as text.
    date_order
        ``"ymd"``, ``"dmy"`` or ``"mdy"``, of dates written as text.
    kept
        Texts such as ``na`` that mean nothing elsewhere but are values here, in lower case.
    leak
        A warning where the column gives the target away, else None.
    """

    name: str
    kind: str
    reason: str
    distinct: int = 0
    missing: int = 0
    decimal: str = "."
    date_order: str = "ymd"
    kept: tuple[str, ...] = ()
    leak: str | None = None

    @property
    def used(self) -> bool:
        """Whether the network gets the column."""
        return self.kind in _USED


def find_roles(
    table: Table,
    target: str | Sequence[str] | None = None,
    *,
    numeric: Collection[str] = (),
    category: Collection[str] = (),
    date: Collection[str] = (),
    text: Collection[str] = (),
    drop: Collection[str] = (),
    max_categories: int = 300,
) -> tuple[Role, ...]:
    """Return the role of each column of the training rows but the target, in the table's order.

    Parameters
    ----------
    table
        The training rows only: what is learnt from others would leak into the scores.
    target
        The column, or columns, to be predicted.
    numeric, category, date, text, drop
        Names of columns whose kind the user sets.
    max_categories
        Text with more different values is hashed.

    Raises
    ------
    DataError
        When a name is unknown or set to two kinds, or no column is left to learn from.

    Examples
    --------
    >>> table = Table.of({"age": [3, 4, 4], "town": ["Bern", "Basel", "Bern"], "y": [1, 2, 3]})
    >>> [(role.name, role.kind) for role in find_roles(table, "y", category=["town"])]
    [('age', 'numeric'), ('town', 'category')]
    """
    targets = (target,) if isinstance(target, str) else tuple(target or ())
    wanted = {"numeric": numeric, "category": category, "date": date, "text": text, "dropped": drop}
    chosen = _chosen(table, targets, wanted)
    features = [column for column in table if column.name not in targets]
    same = copies([c for c in features if c.name not in chosen])
    goals = [table[name] for name in targets]
    roles = []
    for column in features:
        summary = summary_of(column)
        role = _role(column, summary, chosen.get(column.name), same, max_categories)
        roles.append(_with_leak(role, column, goals))
    if not any(role.used for role in roles):
        dropped = "; ".join(f"{role.name}: {role.reason}" for role in roles[:5])
        raise DataError(
            "no column is left to learn from; keep one by giving its kind "
            f"(numeric=, category=, date=, text=). {dropped}"
        )
    return tuple(roles)


def _chosen(
    table: Table, targets: Iterable[str], wanted: dict[str, Collection[str]]
) -> dict[str, str]:
    for name in targets:
        table[name]
    chosen: dict[str, str] = {}
    for kind, names in wanted.items():
        option = "drop" if kind == "dropped" else kind
        for name in (names,) if isinstance(names, str) else names:
            if name not in table:
                raise DataError(
                    f"{option}= names '{name}', which is no column of {table.source}; "
                    f"{suggest(name, table.names)}"
                )
            if name in targets:
                raise DataError(f"{option}= names '{name}', which is the target; leave it out")
            if chosen.setdefault(name, kind) != kind:
                raise DataError(
                    f"'{name}' is set to both {chosen[name]} and {kind}; give it one kind"
                )
    return chosen


def _role(
    column: Column, summary: Summary, chosen: str | None, same: dict[str, str], limit: int
) -> Role:
    if chosen is not None:
        return _made(column, summary, chosen, "You said so.")
    if column.name in same:
        return _made(column, summary, "dropped", f"It is an exact copy of '{same[column.name]}'.")
    if not summary.known:
        return _made(column, summary, "constant", "Nothing is known in any row.")
    if summary.distinct == 1 and not summary.missing:
        value = str(summary.examples[0])
        return _made(column, summary, "constant", f"It is {value!r} in every row.")
    reason = identifier_reason(column, summary)
    if reason is not None:
        return _made(column, summary, "identifier", reason)
    if column.kind == "text":
        return _text_role(column, summary, limit)
    return _typed_role(column, summary)


def _typed_role(column: Column, summary: Summary) -> Role:
    if column.kind == "boolean":
        return _made(column, summary, "boolean", "It is true or false.")
    if column.kind == "date":
        return _made(column, summary, "date", "It holds dates.")
    values = column.values[column.known]
    if column.kind == "integer" and np.abs(values.astype(np.float64)).max() > EXACT:
        reason = "It holds whole numbers too long to be amounts (above 2**53): keys, not numbers."
        return _made(column, summary, "identifier", reason)
    reason = f"It holds numbers, {summary.distinct} different ones."
    if summary.whole and summary.distinct <= _FEW:
        reason = (
            f"It holds {summary.distinct} different whole numbers, taken as amounts; if they are "
            f"codes, make it a category."
        )
    return _made(column, summary, "numeric", reason)


def _text_role(column: Column, summary: Summary, limit: int) -> Role:
    values = summary.values
    if is_boolean_text(values):
        pair = " and ".join(repr(value) for value in values)
        return _made(column, summary, "boolean", f"It holds only {pair}.")
    if is_date_text(values):
        ambiguous = guess_order(values)[2]
        reason = "It holds dates written as text."
        if ambiguous:
            reason = "It holds dates that could have day or month first; the day is taken as first."
        return _made(column, summary, "date", reason)
    if is_number_text(summary.cells):
        share = guess_decimal(summary.cells)[1]
        lost = round((1 - share) * summary.known)
        reason = "It holds numbers written as text" + (
            f"; {lost} cells that are none count as missing." if lost else "."
        )
        return _made(column, summary, "numeric", reason)
    summary = summary_of(column, category=True)
    if summary.distinct <= limit and summary.distinct <= max(0.5 * summary.known, 2):
        return _made(column, summary, "category", f"It is text with {summary.distinct} values.")
    reason = (
        f"It is text with {summary.distinct} different values in {summary.known} rows, too many "
        "for a column each."
    )
    return _made(column, summary, "text", reason)


def _made(column: Column, summary: Summary, kind: str, reason: str) -> Role:
    """Return the role, with the ways of reading text that its kind needs."""
    decimal, order, kept = ".", "ymd", frozenset[str]()
    if column.kind == "text":
        if kind == "numeric":
            decimal = guess_decimal(summary.cells)[0]
        elif kind == "date":
            order = guess_order(summary.values)[0]
        elif kind in ("category", "text"):
            summary = summary_of(column, category=True)
            kept = kept_texts(summary.values, category=True)
    counts = summary.distinct, summary.missing
    return Role(column.name, kind, reason, *counts, decimal, order, tuple(sorted(kept)))


def _with_leak(role: Role, column: Column, goals: Sequence[Column]) -> Role:
    if role.kind in ("dropped", "constant"):
        return role
    for goal in goals:
        known = ~nulls_of(goal)
        warning = leak_warning(role.kind, role.decimal, column.take(known), goal.take(known))
        if warning:
            return replace(role, leak=warning)
    return role
