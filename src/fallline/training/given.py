"""Validation rows from a table of their own, held to what groups and time promise of the parts."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, Bools
from ..data.cells import nulls_of, texts_of
from ..data.ordered import times_of
from ..data.table import Column, Table
from ..data.targets import known_rows
from ..errors import DataError
from .known import Known, Parts

__all__ = ["Given", "given_rows"]

_SHOWN = 3

Given = tuple[Table, tuple[Column, ...]]  # the rows, and their target columns


def given_rows(validation: Table, known: Known, parts: Parts) -> Given:
    """Return the rows of a validation table that can serve, and their target columns.

    Raises
    ------
    DataError
        When no row has a known target, when a group of them stands in the training table too, or
        when they are not later than the training rows and earlier than the test rows.
    """
    targets = [validation[name] for name in known.names]
    serve = known_rows(targets)
    if known.group is not None:
        _check_groups(validation, serve, known.group)
    if known.time is not None:
        serve &= _timely(validation, serve, known.time, parts)
    rows = np.flatnonzero(serve)
    if not len(rows):
        raise DataError(f"no validation row of {validation.source} has a known target")
    return validation.take(rows), tuple(column.take(rows) for column in targets)


def _check_groups(validation: Table, serve: Bools, group: Column) -> None:
    """Raise a DataError where a group stands in the table and among its validation rows."""
    theirs = validation[group.name].take(np.flatnonzero(serve))
    shared = sorted(_groups(theirs) & _groups(group))
    if shared:
        shown = ", ".join(f"'{name}'" for name in shared[:_SHOWN]) + (
            ", ..." if len(shared) > _SHOWN else ""
        )
        raise DataError(
            f"no '{group.name}' may stand in two of training, validation and test, but "
            f"{len(shared)} stand in {validation.source} and in the training table ({shown}); "
            "leave their rows out of one of them, or leave the validation table out"
        )


def _groups(column: Column) -> set[str]:
    return set(np.where(nulls_of(column), "", texts_of(column).astype(str)).tolist())


def _timely(validation: Table, serve: Bools, time: Column, parts: Parts) -> Bools:
    """Return which rows have a time, those that serve being between training and test rows."""
    name = time.name
    values, known = _times_together(time, validation[name])
    ours, theirs = values[: len(time)], values[len(time) :]
    serve = serve & known[len(time) :]
    if not serve.any():
        raise DataError(f"no validation row of {validation.source} has a known target and '{name}'")
    train, _, test = parts
    first, last = theirs[serve].min(), theirs[serve].max()
    if first <= ours[train].max():
        raise DataError(
            f"validation rows must be later than the training rows, but {validation.source} begins "
            f"in '{name}' at {first}, and the training rows end at {ours[train].max()}; leave the "
            "rows before out, or leave time out"
        )
    if len(test) and last >= ours[test].min():
        raise DataError(
            f"validation rows must be earlier than the test rows, but {validation.source} ends in "
            f"'{name}' at {last}, and the test rows begin at {ours[test].min()}; take test=0 and "
            "judge by later rows of another table, or leave time out"
        )
    return known[len(time) :]


def _times_together(one: Column, other: Column) -> tuple[Array, Bools]:
    """Return the times of two columns, read alike: text may be dates in one and not the other."""
    if one.kind == other.kind or {one.kind, other.kind} == {"integer", "float"}:
        values = np.concatenate([one.values, other.values])
    else:
        values = np.concatenate([texts_of(one), texts_of(other)])
    return times_of(Column(one.name, values, ~np.concatenate([one.known, other.known])))
