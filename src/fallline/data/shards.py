"""Rows parted over a fixed number of virtual shards, and their order in an epoch.

A table of N rows has ``SHARDS`` shards, whatever the number of processes or devices: shard v is the
run of its rows from ⌊vN/SHARDS⌋ to before ⌊(v+1)N/SHARDS⌋. A device owns neighbouring shards, so a
process reads a run of row groups and no other.

An epoch is one sequence of all training rows, cut into batches. Which shard a place of it belongs
to is fixed (`places`): every batch has of each shard what is its share. Which row of the shard
stands there is drawn anew in each epoch (`shard_order`), first the order of the shard's buffers,
then that of the rows in each. Both are functions of seed, epoch and shard alone, so any number of
processes takes the same rows in the same steps.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Ints
from ..engines.permutations import permutation

__all__ = ["BUFFER", "SHARDS", "owned", "places", "shard_edges", "shard_order"]

SHARDS = 64
"""The number of virtual shards, a power of two, and the most devices that can take part."""

BUFFER = 1 << 16
"""Rows of a buffer, within which rows are shuffled."""


def shard_edges(n: int) -> Ints:
    """Return the (SHARDS + 1,) numbers of rows between which the shards of n rows lie.

    Examples
    --------
    >>> edges = shard_edges(130)
    >>> edges[:4].tolist(), int(edges[-1])
    ([0, 2, 4, 6], 130)
    """
    return np.array([v * n // SHARDS for v in range(SHARDS + 1)], np.int64)


def owned(part: int, parts: int) -> range:
    """Return the shards of one of so many devices, or processes of equally many devices.

    Examples
    --------
    >>> [len(owned(i, 3)) for i in range(3)]
    [21, 21, 22]
    """
    return range(part * SHARDS // parts, (part + 1) * SHARDS // parts)


def places(counts: Ints, shard: int) -> Ints:
    """Return where in the sequence of an epoch the rows of a shard stand: (counts[shard],), rising.

    The shards are the leaves of a binary tree. At each node the sequence is dealt to both sides as
    evenly as their numbers of rows allow (Bresenham 1965, "Algorithm for computer control of a
    digital plotter"), so that each run of the sequence has of every half, quarter, ... of the
    shards its share, to within two rows or so.

    Parameters
    ----------
    counts
        (SHARDS,) how many rows each shard has.

    Examples
    --------
    >>> counts = np.full(SHARDS, 3)
    >>> every = np.concatenate([places(counts, v) for v in range(SHARDS)])
    >>> bool((np.sort(every) == np.arange(3 * SHARDS)).all())
    True
    """
    at = np.arange(counts[shard], dtype=np.int64)
    low, width = shard, 1
    while width < SHARDS:
        right = bool(low // width % 2)
        low -= width * right
        mine, both = (
            int(counts[low + width * right :][:width].sum()),
            int(counts[low : low + 2 * width].sum()),
        )
        if mine:  # else there is nothing to place
            at = at * both // mine if right else -(-(at + 1) * both // mine) - 1
        width *= 2
    return at


def shard_order(seed: int, epoch: int, shard: int, n: int, *, shuffle: bool = True) -> Ints:
    """Return the order (n,) in which an epoch takes the rows of a shard.

    It is a pure function of its arguments: buffers in an order of their own, and in each its rows.

    Examples
    --------
    >>> sorted(shard_order(0, 1, 5, 4).tolist())
    [0, 1, 2, 3]
    """
    if not shuffle:
        return np.arange(n, dtype=np.int64)
    starts = range(0, n, BUFFER)
    taken = permutation((seed, epoch, shard), len(starts)) if len(starts) > 1 else [0]
    parts = [
        b * BUFFER + permutation((seed, epoch, shard, int(b) + 1), min(BUFFER, n - b * BUFFER))
        for b in (taken if n else ())
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
