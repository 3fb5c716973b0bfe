"""Rows spread over processes, and which of them the devices take in a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..errors import DataError
from .protocol import Rows

__all__ = ["Everywhere", "SpreadRows"]

Everywhere = tuple[Ints, Ints]
"""Where rows are, two arrays (steps, devices of this process, places of a batch): the place among
the rows of the process, −1 for none, and the place in the whole batch."""


class SpreadRows(Rows):
    """What this process has of rows that are spread over processes.

    All processes have places for as many rows; the last ones may be spare, with weight 0. An order
    of such rows is k·n + i for place i of the sequence of epoch k.

    Parameters
    ----------
    X, Y, weights
        (m, d), (m, k) and (m,) of this process.
    n
        The number of rows of all processes.
    total_weight
        Σ s of the rows of all processes.
    digest
        A digest of the rows of all processes.
    everywhere
        Where all rows are, as if one step took them.
    epoch
        A function that returns where the rows of each step of an epoch are.
    """

    total_weight: float
    digest: str
    everywhere: Everywhere

    def __new__(
        cls,
        X: Floats,
        Y: Floats,
        weights: Floats,
        *,
        n: int,
        total_weight: float,
        digest: str,
        everywhere: Everywhere,
        epoch: Callable[[int], Everywhere],
    ) -> SpreadRows:
        """Return the rows."""
        rows = super().__new__(cls, X, Y, weights)
        told: dict[str, Any] = vars(rows)
        told |= {"_n": n, "total_weight": total_weight, "digest": digest}
        told |= {"everywhere": everywhere, "_epoch": epoch, "_last": (-1, everywhere)}
        return rows

    @property
    def n(self) -> int:
        """The number of rows of all processes."""
        return int(vars(self)["_n"])

    def places(self, order: Ints) -> Everywhere:
        """Return where the rows of these steps are, of which `order` (steps, n) has the places.

        The steps are whole batches of one epoch; steps of −1 alone take no row.
        """
        firsts = order[:, 0]
        taken = firsts >= 0
        epoch = int(firsts[0]) // self.n if taken.any() else -1
        if (firsts[taken] // self.n != epoch).any():
            raise DataError("steps of several epochs are taken one epoch at a time")
        index, position = self._places_of(epoch)
        steps = firsts[taken] % self.n // order.shape[1]
        found = np.full((len(order), *index.shape[1:]), -1, index.dtype)
        at = np.zeros(found.shape, position.dtype)
        found[taken], at[taken] = index[steps], position[steps]
        return found, at

    def _places_of(self, epoch: int) -> Everywhere:
        last: tuple[int, Everywhere] = vars(self)["_last"]
        if last[0] != epoch:
            last = epoch, vars(self)["_epoch"](epoch)
            vars(self)["_last"] = last
        return last[1]
