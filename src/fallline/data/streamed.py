"""Encoders of rows that no process holds as a whole: shard by shard, then joined.

`summary` says of the training rows of one shard all that encoders need, as plain JSON; `fitted` and
`fitted_target` join the summaries of all shards, in the order of the shards. So the encoders are
the same, bit for bit, however the shards are shared out among processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import Bools
from .cells import booleans_of, nulls_of, texts_of
from .column_encoders import BooleanEncoder, CategoryEncoder, ColumnEncoder, NumericEncoder
from .date_text_encoders import (
    MOST_WORDS,
    PARTS,
    DateEncoder,
    TextEncoder,
    days_of,
    turn_of,
    words_of,
)
from .dates import dates_of
from .encoders import TableEncoder
from .moments import Moments
from .numbers_text import numbers_of
from .roles import Role
from .table import Column, Table
from .targets import (
    TargetEncoder,
    check_varies,
    classes_of,
    encoder_of_classes,
    target_numbers,
)

__all__ = ["Summary", "class_counts", "fitted", "fitted_target", "summary"]

Summary = Mapping[str, Any]
"""What a shard says, as plain JSON."""

_MOST_VALUES = 10_000  # of a category in one shard; an encoder takes the 300 commonest of all


def summary(
    table: Table, train: Bools, known: Bools, roles: Sequence[Role], target: TargetEncoder
) -> Summary:
    """Return what the encoders need of a shard.

    Parameters
    ----------
    table
        The rows of the shard; there may be none.
    train, known
        (n,) masks: training rows, and rows with a known target.
    roles
        What columns are for.
    target
        Names, task and decimal marks of the targets; means and classes are not looked at.
    """
    rows = table.take(train)
    columns = {role.name: _summary_of(rows[role.name], role) for role in roles if role.used}
    told: dict[str, Any] = {"columns": columns}
    if target.task == "classification":
        column = table[target.names[0]]
        for part, mask in (("classes", known), ("train", train & known)):
            labels, counts = classes_of(column.take(mask))
            told[part] = [list(labels), counts.tolist()]
    else:
        for name, decimal in zip(target.names, target.decimals, strict=True):
            target_numbers(table[name].take(known), decimal)  # raises where a cell is no number
        told["targets"] = [
            _moments(Moments.of(target_numbers(rows[name], decimal)))
            for name, decimal in zip(target.names, target.decimals, strict=True)
        ]
    return told


def _summary_of(column: Column, role: Role) -> Any:
    if role.kind in ("numeric", "boolean"):
        numeric = role.kind == "numeric"
        values, _ = numbers_of(column, role.decimal) if numeric else booleans_of(column)
        return [_moments(Moments.of(values)), bool(np.isnan(values).any())]
    if role.kind == "date":
        dates, _ = dates_of(column, role.date_order)
        known = dates[~np.isnat(dates)]
        turns = [sorted({float(t.min()), float(t.max())}) for t in _turns(known)] or [[]] * 3
        return [_moments(Moments.of(days_of(known))), len(known) < len(dates), turns]
    hidden = nulls_of(column, role.kept)
    texts = texts_of(column)[~hidden]
    if role.kind == "category":
        counts = Counter(texts.tolist())
        common = sorted(counts, key=lambda value: (-counts[value], value))[:_MOST_VALUES]
        return [{value: counts[value] for value in common}, bool(hidden.any())]
    return [sorted(words_of(texts))[: MOST_WORDS + 1], bool(hidden.any())]


def _turns(known: Any) -> list[Any]:
    return [turn_of(known, part) for part in PARTS] if len(known) else []


def _moments(found: Moments) -> list[float]:
    return [found.count, found.mean, found.std]


def _joined(parts: Iterable[Sequence[float]]) -> Moments:
    return Moments.joined(Moments(int(count), mean, std) for count, mean, std in parts)


def fitted(summaries: Sequence[Summary], roles: Iterable[Role]) -> TableEncoder:
    """Return the encoder of the columns, from the summaries of all shards in their order."""
    return TableEncoder(
        tuple(
            _encoder(role, [found["columns"][role.name] for found in summaries])
            for role in roles
            if role.used
        )
    )


def _encoder(role: Role, parts: Sequence[Any]) -> ColumnEncoder:
    missing = any(part[1] for part in parts)
    if role.kind == "category":
        counts = Counter[str]()
        for part in parts:
            counts.update(part[0])
        return CategoryEncoder.of_counts(role, counts, missing)
    if role.kind == "text":
        return TextEncoder.of_words(role, len(set().union(*(part[0] for part in parts))), missing)
    mean, std = _joined(part[0] for part in parts).scale
    if role.kind == "boolean":
        return BooleanEncoder(role.name, mean, std, missing)
    if role.kind == "numeric":
        return NumericEncoder(role.name, mean, std, missing, role.decimal)
    turns = [{turn for part in parts for turn in part[2][i]} for i in range(len(PARTS))]
    varied = tuple(name for name, found in zip(PARTS, turns, strict=True) if len(found) > 1)
    return DateEncoder(role.name, mean, std, missing, role.date_order, varied)


def fitted_target(summaries: Sequence[Summary], target: TargetEncoder) -> TargetEncoder:
    """Return the target's encoder, from the summaries of all shards in their order.

    Raises
    ------
    DataError
        When there is one class only, or the target is the same in every row.
    """
    if target.task == "classification":
        counts = class_counts(summaries, "classes")
        labels = tuple(sorted(counts))
        return encoder_of_classes(
            target.names[0], labels, np.array([counts[label] for label in labels])
        )
    found = [_joined(part["targets"][i] for part in summaries) for i in range(len(target.names))]
    for name, joined in zip(target.names, found, strict=True):
        check_varies(name, joined.mean, 0.0 if joined.scale[1] != joined.std else joined.std)
    means, stds = tuple(f.mean for f in found), tuple(f.std for f in found)
    return replace(target, means=means, stds=stds)


def class_counts(summaries: Sequence[Summary], part: str) -> Counter[Any]:
    """Return how many rows each class has: of known rows (``"classes"``) or of training rows."""
    counts = Counter[Any]()
    for found in summaries:
        counts.update(dict(zip(*found[part], strict=True)))
    return counts
