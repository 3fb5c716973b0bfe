"""Memory that is used again: each page of fresh memory costs a microsecond when first touched."""

from __future__ import annotations

import sys

import numpy as np

from ..arrays import Floats

__all__ = ["Spare"]

_MOST = 2**17  # numbers that are kept: 1 MB


def _references() -> int:
    array = np.empty(0)
    return sys.getrefcount(array)


_ALONE = _references()
"""What Python counts for an array that one local name holds, and nothing else."""


class Spare:
    """Hands out arrays (rows, n), the last one again as soon as nobody holds any part of it.

    Threads may share it: each gets an array of its own.

    Examples
    --------
    >>> spare = Spare()
    >>> first = spare.take(5, 100)
    >>> first.base is spare.take(5, 100).base  # it is held
    False
    """

    def __init__(self) -> None:
        self._kept: list[Floats] = []

    def take(self, rows: int, n: int) -> Floats:
        """Return an array of any numbers."""
        if rows * n > _MOST:
            return np.empty((rows, n))
        try:
            kept = self._kept.pop()  # from here on no other thread sees it
        except IndexError:
            kept = np.empty(0)
        if kept.size < rows * n or sys.getrefcount(kept) > _ALONE:
            kept = np.empty(rows * n)
        self._kept.append(kept)
        return kept[: rows * n].reshape(rows, n)
