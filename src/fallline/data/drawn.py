"""Which part a row is in, drawn for each row by itself: no one need see all rows to part them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ..arrays import Array, Floats, Ints
from ..formulas.threefry import threefry2x32

__all__ = ["drawn_parts", "group_keys"]


def drawn_parts(keys: Ints, seed: int, shares: Sequence[float]) -> Ints:
    """Return the part of each row: 0, 1, ... with these shares of all rows.

    A pure function of seed and key, so that rows of one key stand in one part, and that it does not
    matter who draws for which rows. The shares are met as well as chance meets them.

    Parameters
    ----------
    keys
        (n,) whole numbers of at least 0: the row's number, or that of its group.
    shares
        They add up to 1.

    Examples
    --------
    >>> parts = drawn_parts(np.arange(1000), 0, (0.75, 0.25))
    >>> int((parts == 1).sum())
    229
    """
    words = np.uint64(0xFFFF_FFFF), np.uint64(32)
    key = _words(np.array([seed], np.uint64), *words)
    drawn = threefry2x32(np, key, _words(keys.astype(np.uint64), *words))[0]
    edges: Floats = np.cumsum(shares)[:-1] * 2.0**32
    parts: Ints = np.searchsorted(edges, drawn.astype(np.float64), side="right")
    return parts


def _words(values: Array, low: np.uint64, bits: np.uint64) -> tuple[Array, Array]:
    return (values & low).astype(np.uint32), (values >> bits).astype(np.uint32)


def group_keys(texts: Sequence[str]) -> Ints:
    """Return a number for each group that cells name, the same one in every process."""
    found = {
        text: int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "little")
        for text in set(texts)
    }
    return np.array([found[text] for text in texts], np.int64)
