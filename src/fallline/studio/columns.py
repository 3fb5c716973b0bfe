"""The columns of a table to choose among: what is in each, and which may be predicted."""

from __future__ import annotations

from typing import Any

from ..data.roles import Role, find_roles
from ..data.table import Column, Table
from ..data.targets import TargetEncoder, guess_task
from ..errors import DataError
from .column_words import column_words
from .setup import LIMITS

__all__ = ["columns_told", "suggested_target"]

_LOOKED = 2_000  # rows that tell what a column is for


def columns_told(table: Table) -> tuple[list[dict[str, Any]], str]:
    """Return what to tell of each column, and the target that suggests itself."""
    looked = _looked(table)
    roles = {role.name: role.kind for role in _roles(looked)}
    told = [
        {
            "name": column.name,
            "kind": roles.get(column.name, column.kind),
            "about": column_words(column),
            "target": _can_be_target(looked[column.name]),
            "number": _task(looked[column.name]) == "regression",
        }
        for column in table
    ]
    return told, _suggested(looked)


def _looked(table: Table) -> Table:
    return table.sample(_LOOKED) if table.n > _LOOKED else table


_USUAL = ("target", "label", "class", "y", "outcome", "price", "species", "kind", "quality")


def suggested_target(table: Table) -> str:
    """Return the column that is most likely to be predicted: one of a usual name, else the last.

    Examples
    --------
    >>> suggested_target(Table.of({"Class": ["a", "b"], "x": [1.0, 2.0], "id": [5, 6]}))
    'Class'
    """
    return _suggested(_looked(table))


def _suggested(table: Table) -> str:
    possible = [column.name for column in table if _can_be_target(column)]
    by_name = {name.lower(): name for name in possible}
    for usual in _USUAL:
        if usual in by_name:
            return by_name[usual]
    keys = {role.name for role in _roles(table) if role.kind in ("identifier", "constant")}
    likely = [name for name in possible if name not in keys]
    return (likely or possible or list(table.names))[-1]


def _can_be_target(column: Column) -> bool:
    return _task(column) is not None


def _task(column: Column) -> str | None:
    """Return as what a column would be predicted; None where it cannot be."""
    try:
        task = guess_task(column)[0]
        return task if TargetEncoder.fit(column, task).k <= LIMITS["units"] else None
    except DataError:
        return None


def _roles(table: Table) -> tuple[Role, ...]:
    try:
        return find_roles(table)
    except DataError:  # no column is of use
        return ()
