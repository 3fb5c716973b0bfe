"""The rows of a process laid out over its devices, and the order in which epochs take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..arrays import Ints
from ..engines.protocol import Rows
from ..engines.spread import Everywhere, SpreadRows
from ..errors import DataError
from .order import Spread
from .shards import SHARDS, owned, places, shard_order

__all__ = ["Layout", "SpreadOrder"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Who has which rows: the same on every process, but for `process`.

    Parameters
    ----------
    counts
        (SHARDS,) how many rows each shard has.
    process, processes
        Which of how many this one is.
    each
        How many devices each process has.

    Raises
    ------
    DataError
        When there are more devices than shards.

    Examples
    --------
    >>> layout = Layout(np.full(SHARDS, 2), 1, 2)
    >>> layout.n, layout.most, list(layout.shards)[:2]
    (128, 64, [32, 33])
    """

    counts: Ints
    process: int
    processes: int
    each: int = 1

    def __post_init__(self) -> None:
        """Check the number of devices."""
        if self.all_devices > SHARDS:
            raise DataError(
                f"rows can be spread over {SHARDS} devices at most, but there are "
                f"{self.all_devices}; take fewer processes"
            )

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.counts.sum())

    @property
    def all_devices(self) -> int:
        """The number of devices of all processes."""
        return self.processes * self.each

    @property
    def devices(self) -> range:
        """The numbers of this process's devices."""
        return range(self.process * self.each, (self.process + 1) * self.each)

    def owned(self, device: int) -> range:
        """Return the shards of a device."""
        return owned(device, self.all_devices)

    @property
    def shards(self) -> range:
        """The shards of this process."""
        return range(self.owned(self.devices[0]).start, self.owned(self.devices[-1]).stop)

    @cached_property
    def most(self) -> int:
        """How many rows the process with the most of them has, at least 1."""
        shares = (owned(process, self.processes) for process in range(self.processes))
        return max(1, *(int(self.counts[list(share)].sum()) for share in shares))

    @cached_property
    def starts(self) -> dict[int, int]:
        """Where the rows of each shard of this process begin among its rows."""
        sizes = self.counts[list(self.shards)]
        return dict(zip(self.shards, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))

    @property
    def everywhere(self) -> Everywhere:
        """Where the rows of this process are, as if one step took all rows."""
        sizes = [[int(self.counts[s]) for s in self.owned(d)] for d in range(self.all_devices)]
        width = max(1, *map(sum, sizes))
        index = np.full((1, self.each, width), -1, np.int32)
        for i, device in enumerate(self.devices):
            count = sum(sizes[device])
            index[0, i, :count] = self.starts[self.owned(device)[0]] + np.arange(count)
        return index, np.zeros(index.shape, np.uint32)


@dataclass(frozen=True, eq=False)
class SpreadOrder(Spread):
    """The order of epochs over spread rows: a pure function of seed and epoch, as `RowOrder` is.

    Parameters
    ----------
    layout
        Who has which rows.
    size
        Rows of a batch.
    seed, shuffle
        As for `RowOrder`.

    Examples
    --------
    >>> order = SpreadOrder(Layout(np.full(SHARDS, 2), 0, 1), size=100)
    >>> order.epoch(3)[:2].tolist(), order.steps(3)[0].shape
    ([384, 385], (2, 1, 100))
    """

    layout: Layout
    size: int
    seed: int = 0
    shuffle: bool = True

    @property
    def n(self) -> int:
        """The number of rows of an epoch."""
        return self.layout.n

    def epoch(self, k: int) -> npt.NDArray[np.int64]:
        """Return the (n,) places of epoch `k`, as `SpreadRows` numbers them."""
        return np.arange(k * self.n, (k + 1) * self.n, dtype=np.int64)

    def rows(
        self, shards: Mapping[int, Rows], like: Rows, total_weight: float, digest: str
    ) -> SpreadRows:
        """Return the rows of this process's shards, by the number of the shard.

        Parameters
        ----------
        like
            Rows, maybe none, whose widths and dtype are those of all.
        """
        layout = self.layout
        X = np.zeros((layout.most, like.X.shape[1]), like.X.dtype)
        Y = np.zeros((layout.most, like.Y.shape[1]), like.Y.dtype)
        weights = np.zeros(layout.most, like.weights.dtype)
        for shard, start in layout.starts.items():
            rows, stop = shards[shard], start + shards[shard].n
            X[start:stop], Y[start:stop], weights[start:stop] = rows.X, rows.Y, rows.weights
        return SpreadRows(
            X,
            Y,
            weights,
            n=layout.n,
            total_weight=total_weight,
            digest=digest,
            everywhere=layout.everywhere,
            epoch=self.steps,
        )

    @property
    def batches(self) -> int:
        """The number of steps of an epoch."""
        return -(-self.n // self.size)

    @cached_property
    def width(self) -> int:
        """The most rows that a device has in a batch: all have so many places for them."""
        layout, most = self.layout, 1
        for device in range(layout.all_devices):
            taken = np.zeros(self.batches, np.int64)
            for shard in layout.owned(device):
                steps = places(layout.counts, shard) // self.size
                taken += np.bincount(steps, minlength=self.batches)
            most = max(most, int(taken.max(initial=0)))
        return most

    @cached_property
    def _fixed(self) -> tuple[Ints, list[dict[int, Ints]]]:
        """What no epoch changes: the places in the batch, and the slots of each device's shards.

        The first is (steps, devices, width). The slots of a shard are numbers of places of
        (steps, width), one for each of its rows, in the order of the epoch.
        """
        layout, width = self.layout, self.width
        position = np.zeros((self.batches, layout.each, width), np.uint32)
        devices = []
        for i, device in enumerate(layout.devices):
            at = {shard: places(layout.counts, shard) for shard in layout.owned(device)}
            every = np.sort(np.concatenate(list(at.values())))
            step = every // self.size
            first = np.searchsorted(step, np.arange(self.batches))
            slots = step * width + np.arange(len(every)) - first[step]
            flat = np.zeros(self.batches * width, np.uint32)
            flat[slots] = every % self.size
            position[:, i] = flat.reshape(self.batches, width)
            devices.append({s: slots[np.searchsorted(every, own)] for s, own in at.items()})
        return position, devices

    def steps(self, k: int) -> Everywhere:
        """Return where the rows of each step of epoch `k` are."""
        position, devices = self._fixed
        index = np.full(position.shape, -1, np.int32)
        for i, shards in enumerate(devices):
            flat = np.full(position.shape[0] * position.shape[2], -1, np.int32)
            for shard, slots in shards.items():
                order = shard_order(self.seed, k, shard, len(slots), shuffle=self.shuffle)
                flat[slots] = self.layout.starts[shard] + order
            index[:, i] = flat.reshape(position.shape[0], -1)
        return index, position
