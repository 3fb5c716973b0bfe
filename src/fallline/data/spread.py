"""The rows of a process laid out over its devices, and the order in which epochs take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Ints
from ..engines.protocol import Rows
from ..engines.spread import SpreadRows
from ..errors import DataError
from .order import Spread
from .shards import SHARDS, owned, places, shard_order

__all__ = ["Layout", "ShardOrder"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Who has which rows: the same on every process, but for `local`.

    Parameters
    ----------
    counts
        (SHARDS,) how many rows each shard has.
    devices
        How many devices there are, of all processes.
    local
        The numbers of this process's own.

    Raises
    ------
    DataError
        When there are more devices than shards.

    Examples
    --------
    >>> layout = Layout(np.full(SHARDS, 2), 2, range(1, 2))
    >>> layout.n, layout.most, list(layout.shards)[:2]
    (128, 64, [32, 33])
    """

    counts: Ints
    devices: int
    local: range

    def __post_init__(self) -> None:
        """Check the number of devices."""
        if not 0 < self.devices <= SHARDS:
            raise DataError(
                f"rows can be spread over {SHARDS} devices at most, but there are {self.devices}; "
                "take fewer processes"
            )

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.counts.sum())

    @property
    def shards(self) -> range:
        """The shards of this process."""
        return range(
            owned(self.local.start, self.devices).start,
            owned(self.local.stop - 1, self.devices).stop,
        )

    @cached_property
    def most(self) -> int:
        """How many rows the device with the most of them has, at least 1."""
        sums = [self.counts[list(owned(d, self.devices))].sum() for d in range(self.devices)]
        return max(1, int(max(sums)))

    def spread(
        self, shards: Mapping[int, Rows], like: Rows, total_weight: float, digest: str
    ) -> SpreadRows:
        """Return the rows of this process's shards, by the number of the shard, on its devices.

        Parameters
        ----------
        like
            Rows, maybe none, whose widths and dtype are those of all.
        """
        sizes = (len(self.local), self.most)
        X = np.zeros((*sizes, like.X.shape[1]), like.X.dtype)
        Y = np.zeros((*sizes, like.Y.shape[1]), like.Y.dtype)
        weights = np.zeros(sizes, like.weights.dtype)
        for i, device in enumerate(self.local):
            start = 0
            for shard in owned(device, self.devices):
                rows = shards[shard]
                stop = start + rows.n
                X[i, start:stop], Y[i, start:stop] = rows.X, rows.Y
                weights[i, start:stop] = rows.weights
                start = stop
        return SpreadRows(X, Y, weights, self.n, total_weight, digest)


@dataclass(frozen=True, eq=False)
class ShardOrder(Spread):
    """The order of epochs over spread rows: a pure function of seed and epoch, as `RowOrder` is.

    Parameters
    ----------
    layout
        Who has which rows.
    size
        Rows of a batch.
    seed, shuffle
        As for `RowOrder`.
    """

    layout: Layout
    size: int
    seed: int = 0
    shuffle: bool = True

    @property
    def n(self) -> int:
        """The number of rows of an epoch."""
        return self.layout.n

    def epoch(self, k: int) -> EpochPlaces:
        """Return the steps of epoch `k`."""
        return EpochPlaces(self, k, 0, self.n)

    @property
    def batches(self) -> int:
        """The number of steps of an epoch."""
        return -(-self.n // self.size)

    @cached_property
    def width(self) -> int:
        """The most rows that a device has in a batch: all have so many places for them."""
        layout, most = self.layout, 1
        for device in range(layout.devices):
            taken = np.zeros(self.batches, np.int64)
            for shard in owned(device, layout.devices):
                taken += np.bincount(
                    places(layout.counts, shard) // self.size, minlength=self.batches
                )
            most = max(most, int(taken.max()))
        return most

    @cached_property
    def _fixed(self) -> tuple[Ints, list[list[tuple[int, int, Ints]]]]:
        """Return the places in the batch, and for each device its shards with their slots.

        The first is (steps, local devices, width). A shard is its number, where its rows begin on
        the device, and for each place of it, in the order of the epoch, its slot of
        ``(steps, width)``.
        """
        layout, width = self.layout, self.width
        position = np.zeros((self.batches, len(layout.local), width), np.uint32)
        shards = []
        for i, device in enumerate(layout.local):
            own = owned(device, layout.devices)
            at = [places(layout.counts, shard) for shard in own]
            every = np.sort(np.concatenate(at))
            step = every // self.size
            first = np.searchsorted(step, np.arange(self.batches))
            slots = step * width + np.arange(len(every)) - first[step]
            flat = np.zeros(self.batches * width, np.uint32)
            flat[slots] = every % self.size
            position[:, i] = flat.reshape(self.batches, width)
            starts = np.cumsum([0, *map(len, at)])
            shards.append(
                [
                    (shard, int(start), slots[np.searchsorted(every, mine)])
                    for shard, start, mine in zip(own, starts, at, strict=False)
                ]
            )
        return position, shards

    def steps(self, k: int) -> tuple[Ints, Ints]:
        """Return the places of all steps of epoch `k`, as `Places.steps` does."""
        position, devices = self._fixed
        index = np.full(position.shape, -1, np.int32)
        for i, shards in enumerate(devices):
            flat = np.full(position.shape[0] * position.shape[2], -1, np.int32)
            for shard, start, slots in shards:
                order = shard_order(self.seed, k, shard, len(slots), shuffle=self.shuffle)
                flat[slots] = start + order
            index[:, i] = flat.reshape(position.shape[0], -1)
        return index, position


@dataclass(eq=False)
class EpochPlaces:
    """A slice of an epoch: which rows each device takes in each step; see `Places`."""

    order: ShardOrder
    number: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, rows: slice) -> EpochPlaces:
        first, last, _ = rows.indices(len(self))
        cut = EpochPlaces(
            self.order, self.number, self.start + first, self.start + max(first, last)
        )
        cut.__dict__["_all"] = self._all  # computed once for all slices of an epoch
        return cut

    @cached_property
    def _all(self) -> tuple[Ints, Ints]:
        return self.order.steps(self.number)

    def steps(self) -> tuple[Ints, Ints]:
        """Return the places of these steps."""
        size = self.order.size
        which = slice(self.start // size, -(-self.stop // size))
        index, position = self._all
        return index[which], position[which]
