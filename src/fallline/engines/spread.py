"""Rows spread over the devices of several processes, and which of them a step takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..arrays import Floats, Ints

__all__ = ["Places", "SpreadRows"]


@dataclass(frozen=True, eq=False)
class SpreadRows:
    """What this process has of rows that are spread over the devices of several processes.

    Every device has m places for rows, of which the last ones may be spare, with weight 0.

    Attributes
    ----------
    X, Y, weights
        (local devices, m, d), (local devices, m, k) and (local devices, m).
    n
        The number of rows of all processes.
    total_weight
        Σ s of the rows of all processes.
    digest
        A digest of the rows of all processes.
    """

    X: Floats
    Y: Floats
    weights: Floats
    n: int
    total_weight: float
    digest: str


class Places(Protocol):
    """A slice of an epoch over spread rows: which rows each device takes in each of its steps."""

    def __len__(self) -> int:
        """Return the number of rows that the steps take, of all processes."""
        ...

    def __getitem__(self, rows: slice) -> Places:
        """Return the steps that take these rows; the slice begins with a step."""
        ...

    def steps(self) -> tuple[Ints, Ints]:
        """Return where rows are, two arrays (steps, local devices, places of a batch).

        The places among the rows of the device, −1 for none; and those in the batch of all devices.
        """
        ...
