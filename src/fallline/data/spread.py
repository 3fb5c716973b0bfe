"""The order in which epochs take rows that several processes have, each its own shards of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import Ints
from ..errors import DataError
from .shards import SHARDS, owned, places, shard_order

__all__ = ["SpreadOrder", "device_bounds"]


def device_bounds(counts: Ints, devices: int) -> Ints:
    """Return (devices + 1,) where the rows of each device begin among all, shard by shard.

    Parameters
    ----------
    counts
        (SHARDS,) how many rows each shard has.

    Raises
    ------
    DataError
        When there are more devices than shards.

    Examples
    --------
    >>> device_bounds(np.full(SHARDS, 2), 2).tolist()
    [0, 64, 128]
    """
    if devices > SHARDS:
        raise DataError(
            f"rows can be spread over {SHARDS} devices at most, but there are {devices}; take "
            "fewer processes"
        )
    starts = np.concatenate([[0], np.cumsum(counts)])
    return starts[[*(owned(device, devices).start for device in range(devices)), SHARDS]]


@dataclass(frozen=True, eq=False)
class SpreadOrder:
    """The order of epochs: a pure function of seed and epoch, as `RowOrder` is.

    Rows are numbered shard by shard. The number of processes plays no part, and each of them has
    its share of every batch; see `shards`.

    Parameters
    ----------
    counts
        (SHARDS,) how many rows each shard has.
    seed, shuffle
        As for `RowOrder`.

    Examples
    --------
    >>> order = SpreadOrder(np.full(SHARDS, 2), seed=0)
    >>> epoch = order.epoch(3)
    >>> sorted(epoch.tolist()) == list(range(128)), int((epoch[:32] < 64).sum())
    (True, 16)
    """

    counts: Ints
    seed: int = 0
    shuffle: bool = True

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.counts.sum())

    def epoch(self, k: int) -> Ints:
        """Return the (n,) numbers of the rows in epoch `k`, int32 where that can hold them."""
        order = np.empty(self.n, self._dtype)
        start = 0
        for shard, at in enumerate(self._places):
            own = shard_order(self.seed, k, shard, len(at), shuffle=self.shuffle)
            order[at] = start + own
            start += len(at)
        return order

    @cached_property
    def _places(self) -> list[Ints]:
        found = (places(self.counts, shard) for shard in range(SHARDS))
        return [at.astype(self._dtype) for at in found]

    @property
    def _dtype(self) -> type[np.integer[Any]]:
        """As short as may be: every process has the order of all rows, also of those it lacks."""
        return np.int32 if self.n <= np.iinfo(np.int32).max else np.int64
