"""Rows spread over processes, and which of them the devices take in a step."""

from __future__ import annotations

from typing import Any, Protocol

from ..arrays import Floats, Ints
from .protocol import Rows

__all__ = ["Places", "SpreadRows"]


class SpreadRows(Rows):
    """What this process has of rows that are spread over processes.

    All processes have places for as many rows; the last ones may be spare, with weight 0.

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
        Places of which each of the rows of all processes has one, in one step.
    """

    n: int
    total_weight: float
    digest: str
    everywhere: Places

    def __new__(
        cls,
        X: Floats,
        Y: Floats,
        weights: Floats,
        *,
        n: int,
        total_weight: float,
        digest: str,
        everywhere: Places,
    ) -> SpreadRows:
        """Return the rows."""
        rows = super().__new__(cls, X, Y, weights)
        told: dict[str, Any] = vars(rows)
        told |= {"n": n, "total_weight": total_weight, "digest": digest, "everywhere": everywhere}
        return rows


class Places(Protocol):
    """A slice of an epoch over spread rows: which rows each device takes in each of its steps."""

    def __len__(self) -> int:
        """Return the number of rows that the steps take, of all processes."""
        ...

    def __getitem__(self, rows: slice) -> Places:
        """Return the steps that take these rows; the slice begins with a step."""
        ...

    def steps(self) -> tuple[Ints, Ints]:
        """Return where rows are, two arrays (steps, devices of this process, places of a batch).

        The places among the rows of the process, −1 for none; and those in the whole batch.
        """
        ...
