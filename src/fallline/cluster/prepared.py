"""A table made ready by several processes: each reads its own shards, all know the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Bools, Ints
from ..data.cells import nulls_of, texts_of
from ..data.drawn import drawn_parts, group_keys
from ..data.roles import Role
from ..data.shards import owned
from ..data.spread import device_bounds
from ..data.streamed import Summary, class_counts, fitted, fitted_target, summary
from ..data.table import Table
from ..data.targets import TargetEncoder, known_rows
from ..engines.protocol import Rows
from ..errors import DataError
from ..training.known import Known, known_part
from ..training.prepare import (
    Coding,
    Prepared,
    codes_in_words,
    takes_signs,
    target_encoder,
    unshifted,
)
from ..training.settings import Settings
from ..training.weights import class_weights
from .source import Shards
from .together import Together

if TYPE_CHECKING:
    from ..engines.mesh import OwnRows

__all__ = ["Looked", "Ready", "Seen", "look", "make_ready", "spread_rows"]

_HELD_OUT = 0.15
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Looked:
    """What process 0 found out of a sample, for all to go by.

    Attributes
    ----------
    roles, target
        What columns are for; of the target the task, and how its text is read.
    known, parts
        The rows of the sample whose target is known, and the part of each; on process 0 alone.
    """

    roles: tuple[Role, ...]
    target: TargetEncoder
    known: Known | None = None
    parts: Ints | None = None


@dataclass(frozen=True)
class Seen(Prepared):
    """The sample as a table made ready, to judge a model by; with the numbers of all rows."""

    all_rows: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of rows by part, of the whole table."""
        return self.all_rows


@dataclass(frozen=True, eq=False)
class Ready:
    """What all processes know of the whole table.

    Attributes
    ----------
    coding
        How rows become numbers.
    counts
        (3, SHARDS) training, validation and test rows of each shard.
    unknown
        How many rows have no known target.
    """

    coding: Coding
    counts: Ints
    unknown: int

    @property
    def rows(self) -> dict[str, int]:
        """Numbers of rows by part."""
        return dict(zip(_PARTS, self.counts.sum(axis=1).tolist(), strict=True))

    def seen(self, looked: Looked, settings: Settings) -> Seen:
        """Return the sample made ready, on process 0."""
        known, parts = looked.known, looked.parts
        assert known is not None and parts is not None
        train, validation, test = (np.flatnonzero(parts == part) for part in range(3))
        notes = [*known.notes, *self.coding.target.notes]
        notes += codes_in_words(self.coding.target, settings)
        notes += [role.leak for role in looked.roles if role.leak]
        if len(parts) + self.unknown < self.counts.sum():
            notes.append(
                f"What columns are for was found, and the scores are, from {len(parts):,} rows "
                "spread over the table."
            )
        coding = self.coding
        return Seen(
            known,
            looked.roles,
            coding.target,
            train,
            validation,
            test,
            None,
            coding.class_weights,
            tuple(notes),
            coding.signs,
            all_rows=self.rows,
        )


def shares(settings: Settings) -> tuple[float, float, float]:
    """Return the shares of all rows that train, that choose when to stop, and that judge."""
    held_out = _HELD_OUT if settings.validation is None else settings.validation
    rest = 1.0 - settings.test_share
    return rest * (1.0 - held_out), rest * held_out, settings.test_share


def _parts_of(table: Table, numbers: Ints, settings: Settings) -> Ints:
    """Return the part of each row: 0 to train on, 1 to stop by, 2 to test."""
    keys = numbers
    if settings.group is not None:
        column = table[settings.group]
        keys = group_keys(np.where(nulls_of(column), "", texts_of(column)).tolist())
    return drawn_parts(keys, settings.seed, shares(settings))


def look(shards: Shards, target: str | Sequence[str], settings: Settings) -> Looked:
    """Return what a sample says; process 0 looks, and tells the others.

    Raises
    ------
    DataError
        When a column is unknown, or too few rows have a known target.
    """
    table, numbers = shards.sample()
    known = known_part(table, target, settings)
    where = known.numbers
    parts = _parts_of(table.take(where), numbers[where], settings)
    train = np.flatnonzero(parts == 0)
    if not len(train):
        raise DataError(f"{table.source} has no row left to train on; take smaller shares")
    found = Looked(known.roles(train, settings), target_encoder(known, train, settings))
    own = Known(**{**vars(known), "numbers": numbers[where]})
    return Looked(found.roles, found.target, own, parts)


def looked_to_json(looked: Looked) -> dict[str, Any]:
    """Return what the other processes need of it, as plain JSON."""
    return {"roles": [asdict(role) for role in looked.roles], "target": looked.target.to_json()}


def looked_from_json(told: dict[str, Any]) -> Looked:
    """Return what `looked_to_json` told."""
    roles = (Role(**{**role, "kept": tuple(role["kept"])}) for role in told["roles"])
    return Looked(tuple(roles), TargetEncoder.from_json(told["target"]))


def make_ready(shards: Shards, looked: Looked, settings: Settings, together: Together) -> Ready:
    """Return what all rows say: each process reads its own shards, and all tell each other.

    Raises
    ------
    DataError
        When a target cannot be read, or there is nothing to learn; on all processes alike.
    """

    def read() -> list[Any]:
        return [
            _told(table, numbers, looked, settings)
            for _, table, numbers in shards.read(owned(together.rank, together.size))
        ]

    told = [shard for part in together.all_do(read) for shard in part]
    summaries: list[Summary] = [one["summary"] for one in told]
    counts = np.array([one["rows"] for one in told]).T
    target = unshifted(fitted_target(summaries, looked.target), settings)
    if not counts[0].sum():
        raise DataError("no row is left to train on; take smaller shares of validation and test")

    def classes() -> Ints:
        found = class_counts(summaries, "train")
        return np.array([found[label] for label in target.labels])

    coding = Coding(
        fitted(summaries, looked.roles),
        target,
        class_weights(settings.class_weight, target, classes),
        takes_signs(settings),
    )
    return Ready(coding, counts[:3], int(counts[3].sum()))


def _told(table: Table, numbers: Ints, looked: Looked, settings: Settings) -> dict[str, Any]:
    known, parts = _known_parts(table, numbers, looked, settings)
    of_part = [int((known & (parts == part)).sum()) for part in range(3)]
    told = summary(table, known & (parts == 0), known, looked.roles, looked.target)
    return {"summary": told, "rows": [*of_part, int((~known).sum())]}


def _known_parts(
    table: Table, numbers: Ints, looked: Looked, settings: Settings
) -> tuple[Bools, Ints]:
    known = known_rows([table[name] for name in looked.target.names])
    return known, _parts_of(table, numbers, settings)


def spread_rows(
    shards: Shards,
    looked: Looked,
    ready: Ready,
    settings: Settings,
    together: Together,
    *,
    devices: int,
) -> tuple[OwnRows, OwnRows | None]:
    """Return what this process has of the training rows and of the validation rows, if any.

    Parameters
    ----------
    devices
        Of each process.
    """
    from ..engines.mesh import OwnRows

    parts: list[list[Rows]] = [[], []]

    def encode() -> list[Any]:
        told = []
        for found in _encoded(shards, looked, ready.coding, settings, together):
            digest = hashlib.sha256()
            for own, rows in zip(parts, found, strict=True):
                own.append(rows)
                for array in rows:
                    digest.update(np.ascontiguousarray(array).tobytes())
            told.append([digest.hexdigest(), [rows.total for rows in found]])
        return told

    told = [shard for part in together.all_do(encode) for shard in part]
    names = ready.counts.tolist(), ready.coding.encoder.feature_names
    digests = [shard[0] for shard in told]
    digest = hashlib.sha256("".join([repr(names), *digests]).encode()).hexdigest()

    def own(part: int) -> OwnRows:
        bounds = device_bounds(ready.counts[part], together.size * devices)
        rows = Rows(*(np.concatenate(arrays) for arrays in zip(*parts[part], strict=True)))
        total = sum(weights[part] for _, weights in told)
        return OwnRows(rows, bounds, together.rank, devices, digest, total)

    return own(0), own(1) if ready.rows["validation"] else None


def _encoded(
    shards: Shards, looked: Looked, coding: Coding, settings: Settings, together: Together
) -> Iterator[list[Rows]]:
    """Yield the training and the validation rows of each shard of this process."""
    for _, table, numbers in shards.read(owned(together.rank, together.size)):
        known, parts = _known_parts(table, numbers, looked, settings)
        found = []
        for part in range(2):
            own = table.take(known & (parts == part))
            targets = [own[name] for name in looked.target.names]
            found.append(coding.rows(own, targets, settings.dtype))
        yield found
