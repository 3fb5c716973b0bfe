"""A table of which each process reads the rows of its own shards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..arrays import Ints
from ..data.folder import ParquetFolder, is_several
from ..data.shards import SHARDS, shard_edges
from ..data.sources import read_table
from ..data.table import Table
from ..errors import DataError

__all__ = ["ShardSource", "Shards", "open_shards"]

_CELLS = 1 << 22
"""Cells that process 0 looks at, about, to find out what columns are for and to judge a model."""


class ShardSource(Protocol):
    """A table of which any run of rows can be read."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def n(self) -> int: ...  # noqa: D102

    def rows(self, start: int, stop: int) -> Table:
        """Return the rows from number `start` to before `stop`, at least one."""
        ...


@dataclass(frozen=True, eq=False)
class _InMemory:
    """A table that every process has read as a whole, as of a text file no less can be."""

    table: Table

    @property
    def name(self) -> str:
        return self.table.source

    @property
    def names(self) -> tuple[str, ...]:
        return self.table.names

    @property
    def n(self) -> int:
        return self.table.n

    def rows(self, start: int, stop: int) -> Table:
        return self.table.take(np.arange(start, stop))


@dataclass(frozen=True, eq=False)
class Shards:
    """The rows of a table by shard, and a sample of them all."""

    source: ShardSource

    @property
    def edges(self) -> Ints:
        """The (SHARDS + 1,) numbers of rows between which the shards lie."""
        return shard_edges(self.source.n)

    def read(self, shards: range) -> Iterator[tuple[int, Table, Ints]]:
        """Yield each of these shards: its number, its rows, maybe none, and their numbers."""
        edges = self.edges
        for shard in shards:
            start, stop = int(edges[shard]), int(edges[shard + 1])
            yield shard, self._rows(start, stop), np.arange(start, stop)

    def sample(self) -> tuple[Table, Ints]:
        """Return rows spread over the whole table, all where there are few, and their numbers."""
        n, most = self.source.n, max(_CELLS // len(self.source.names), 100 * SHARDS)
        if n <= most:
            return self._rows(0, n), np.arange(n)
        starts, each = self.edges[:-1], most // SHARDS
        tables = [self._rows(int(start), int(start) + each) for start in starts]
        return Table.stack(tables), (starts[:, None] + np.arange(each)).ravel()

    def _rows(self, start: int, stop: int) -> Table:
        if start == stop:
            return self.source.rows(0, 1).take(np.arange(0))
        return self.source.rows(start, stop)


def open_shards(data: Any, options: Mapping[str, Any]) -> Shards:
    """Return the rows of `data`, by shard.

    Of a Parquet file, or of several, no rows are read yet. Any other table is read by each process
    as a whole, but only its own rows are kept as numbers.

    Raises
    ------
    DataError
        When it cannot be read, or comes from standard input, which only one process has.
    """
    if isinstance(data, (str, os.PathLike)):
        if str(data) == "-":
            raise DataError(
                "standard input can be read by one process only; write the table to a file, or "
                "leave --processes and --hosts out"
            )
        if is_several(data) or str(data).lower().endswith((".parquet", ".pq")):
            return Shards(ParquetFolder(data))
    return Shards(_InMemory(read_table(data, **options)))
