"""The order in which an epoch visits the rows: drawn from a seed, or given by the caller."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..arrays import Ints
from ..engines.permutations import permutation
from ..errors import DataError, SpecError
from .spread import SpreadOrder

__all__ = ["AskedOnce", "Order", "RowOrder", "checked_seed"]


class Order(Protocol):
    """In which order each epoch visits n rows; `RowOrder` is one."""

    def epoch(self, k: int) -> npt.ArrayLike:
        """Return the (n,) positions of the rows of epoch `k`: whole numbers from 0 to n − 1."""


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

        It is that of NumPy's PCG64 seeded with the pair (seed, k).
        """
        if k < 0:
            raise DataError(f"epochs are counted from 0, but k is {k}")
        if not self.shuffle:
            return np.arange(self.n, dtype=np.int64)
        return permutation((self.seed, k), self.n)


class AskedOnce:
    """An order of n rows that is asked once while an epoch lasts, and checked.

    So an order that draws from a state of its own serves too: pauses within an epoch do not draw.

    Parameters
    ----------
    order
        What gives the positions of each epoch.
    n
        The number of rows.

    Raises
    ------
    SpecError
        When the order has no method ``epoch``.

    Examples
    --------
    >>> AskedOnce(RowOrder(3, shuffle=False), 3).epoch(1).tolist()
    [0, 1, 2]
    """

    def __init__(self, order: Order, n: int) -> None:
        if not callable(getattr(order, "epoch", None)):
            raise SpecError(
                "order must have a method epoch(k) that returns the positions of the rows in "
                f"epoch k = 1, 2, ..., such as a RowOrder has, but it is {order!r}"
            )
        self._order, self._n = order, n
        # These give what fits, in an array of its own each time.
        self._fits = type(order) in (RowOrder, SpreadOrder) and getattr(order, "n", None) == n
        self._asked: tuple[int, Ints] | None = None

    def epoch(self, k: int) -> Ints:
        """Return the (n,) positions of epoch `k`.

        Raises
        ------
        SpecError
            When they are not n whole numbers from 0 to n − 1.
        """
        if self._asked is None or self._asked[0] != k:
            given = self._order.epoch(k)
            self._asked = k, np.asarray(given) if self._fits else _positions(given, k, self._n)
        return self._asked[1]

    def again(self, k: int) -> Ints | None:
        """Return the positions of an epoch that was asked before, without asking for them anew.

        None where they are gone: an order that may draw from a state is not asked twice.
        """
        if self._asked is not None and self._asked[0] == k:
            return self._asked[1]
        return self._order.epoch(k) if isinstance(self._order, RowOrder) else None


def _positions(given: npt.ArrayLike, k: int, n: int) -> npt.NDArray[np.int64]:
    found = np.asarray(given)
    if found.shape != (n,) or found.dtype.kind not in "iu":
        what = f"an array of {found.dtype} of shape {found.shape}"
    else:
        own = found.astype(np.int64)  # a copy: the caller may shuffle its own in place
        if own.view(np.uint64).max() < n:  # those below 0 are the largest
            return own
        what = f"positions from {found.min()} to {found.max()}"
    raise SpecError(
        f"an order of {n} rows must give {n} whole numbers from 0 to {n - 1} for each epoch, but "
        f"for epoch {k} it gave {what}"
    )
