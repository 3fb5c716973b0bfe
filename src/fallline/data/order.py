"""The order in which an epoch visits the rows."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError

__all__ = ["RowOrder", "checked_seed"]


def checked_seed(seed: Any) -> int:
    """Return `seed` as a whole number of at least 0, or raise DataError."""
    try:
        value = operator.index(seed)
    except TypeError:
        value = -1
    if value < 0 or isinstance(seed, (bool, np.bool_)):
        raise DataError(f"seed must be a whole number of at least 0, but it is {seed!r}")
    return value


@dataclass(frozen=True)
class RowOrder:
    """The orders of n rows, a pure function of seed and epoch: nothing is drawn from a state.

    So an epoch can be repeated, skipped or resumed without those before it.

    Parameters
    ----------
    n
        The number of rows, at least 1.
    seed
        A whole number of at least 0.
    shuffle
        False visits the rows as they stand.

    Raises
    ------
    DataError
        When n, seed or the epoch is out of range.

    Examples
    --------
    >>> order = RowOrder(5, seed=0)
    >>> sorted(order.epoch(3).tolist()), bool((order.epoch(3) == order.epoch(3)).all())
    ([0, 1, 2, 3, 4], True)
    >>> RowOrder(3, seed=0, shuffle=False).epoch(7).tolist()
    [0, 1, 2]
    """

    n: int
    seed: int = 0
    shuffle: bool = True

    def __post_init__(self) -> None:
        """Check n and seed."""
        if self.n < 1:
            raise DataError(f"an order needs at least 1 row, but n is {self.n}")
        checked_seed(self.seed)

    def epoch(self, k: int) -> npt.NDArray[np.int64]:
        """Return the (n,) int64 permutation of epoch `k`, counted from 0.

        The generator is PCG64 seeded with the pair (seed, k).
        """
        if k < 0:
            raise DataError(f"epochs are counted from 0, but k is {k}")
        if not self.shuffle:
            return np.arange(self.n, dtype=np.int64)
        return np.random.default_rng([self.seed, k]).permutation(self.n).astype(np.int64)
