"""``fallline inspect``: what the columns of a table would be taken for, and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from . import options
from .option import option
from .reading import read_data
from .show import Screen
from .text import count, quantity
from .values import Columns
from .writing import plain

if TYPE_CHECKING:
    from ..data import Column, Role, Table

__all__ = ["command"]

_WIDE = 130
_MOST = 200
_EXAMPLES = 3
_REASONED = ("date", "text", "identifier", "constant", "dropped")


@dataclass(frozen=True)
class Seen:
    """One column as it is shown.

    Attributes
    ----------
    name, type
        The column, and how it was read.
    kind, used, reason, leak
        Its role; the target's kind is ``"target"``.
    missing, distinct
        Cells that are missing, and different known values.
    values
        A range, or a few values, in words.
    """

    name: str
    type: str
    kind: str
    used: bool
    reason: str
    missing: int
    distinct: int
    values: str
    leak: str | None


@options.command()
@options.data_argument()
@option(
    "columns",
    "-t",
    "--target",
    type=Columns(),
    multiple=True,
    help="The column to predict: tells the task, and which columns would give it away.",
)
@options.column_options
@options.json_option
@options.reading_options
def command(data: str, as_json: bool, **given: Any) -> None:
    """Show what the columns of a table would be taken for.

    Nothing is trained or written. Roles can be set with the column options of train.
    """
    from ..data import guess_task

    table = read_data(data, options.reading(given))
    target = options.resolve("target", given["target"], table.names)
    task = guess_task(table[target[0]]) if len(target) == 1 else None
    if len(target) > 1:
        task = "regression", "There are several targets."
    columns = _columns(table, target, given)
    if as_json:
        told: dict[str, Any] = {
            "source": table.source,
            "rows": table.n,
            "columns": [asdict(column) for column in columns],
            "notes": table.notes,
            "target": target,
            "task": None if task is None else {"name": task[0], "reason": task[1]},
        }
        click.echo(json.dumps(plain(told), allow_nan=False))
    else:
        _show(Screen(), table, columns, task)


def _columns(table: Table, target: tuple[str, ...], given: dict[str, Any]) -> list[Seen]:
    from ..data import find_roles
    from ..data.role_rules import summary_of

    kinds: dict[str, Any] = {
        kind: options.resolve(kind, given[kind], table.names) for kind in options.KINDS
    }
    roles = {role.name: role for role in find_roles(table, target, **kinds)}
    seen = []
    for column in table:
        role = roles.get(column.name)
        if role is not None:
            seen.append(_seen(column, role))
            continue
        summary = summary_of(column)
        text = "It is to be predicted."
        row = (False, text, summary.missing, summary.distinct, _values(column), None)
        seen.append(Seen(column.name, column.kind, "target", *row))
    return seen


def _seen(column: Column, role: Role) -> Seen:
    return Seen(
        column.name,
        column.kind,
        role.kind,
        role.used,
        role.reason,
        role.missing,
        role.distinct,
        _values(column),
        role.leak,
    )


def _values(column: Column) -> str:
    """Return the range of numbers and dates, or the commonest values."""
    known = column.values[column.known]
    if not len(known):
        return ""
    if column.kind in ("float", "integer"):
        return f"{quantity(known.min().item())} to {quantity(known.max().item())}"
    if column.kind == "date":
        return " to ".join(np.datetime_as_string([known.min(), known.max()], unit="D"))
    values, counts = np.unique(known.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_EXAMPLES]
    shown = ", ".join(text if len(text) <= 24 else f"{text[:23]}…" for text in values[order])
    return shown + (", ..." if len(values) > _EXAMPLES else "")


def _show(screen: Screen, table: Table, columns: list[Seen], task: tuple[str, str] | None) -> None:
    size = f"{count(table.n, 'row')}, {count(len(table.columns), 'column')}"
    screen.say(f"{table.source}: {size}", "bold")
    wide = screen.width >= _WIDE
    head = ("column", "read as", "taken as", "missing", "distinct", "values")
    rows = [
        (c.name, c.type, c.kind, f"{c.missing:,}", f"{c.distinct:,}", c.values)
        for c in columns[:_MOST]
    ]
    if wide:
        head = (*head, "why")  # type: ignore[assignment]
        rows = [(*r, c.reason) for r, c in zip(rows, columns, strict=False)]  # type: ignore[misc]
    screen.table(head, rows, numbers=(3, 4))
    if len(columns) > _MOST:
        more = count(len(columns) - _MOST, "column")
        screen.say(f"... and {more} more (--json lists all)", indent=2)
    reasons = [f"'{c.name}': {c.reason}" for c in columns if c.kind in _REASONED and not wide]
    notes = [*table.notes, *(c.leak for c in columns if c.leak), *reasons]
    if notes:
        screen.title("To know")
        screen.points(notes[:_MOST])
    if task is not None:
        screen.say()
        screen.facts([("Task", f"{task[0]}: {task[1]}")])
