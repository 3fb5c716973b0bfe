"""Where the xla engine computes: one device, or what a mesh of several has in common with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from ..arrays import Ints
from .protocol import Rows

__all__ = ["Devices", "OneDevice", "Place", "everywhere", "roundly"]

A = Any  # an array of jax.numpy


class Place(NamedTuple):
    """Which rows a device takes: their places (n,) among its own, −1 for none, and in the batch."""

    index: A
    position: A


class Devices(Protocol):
    """Where rows are kept and steps computed; equal ones are the same devices.

    Attributes
    ----------
    platform
        What kind they are, as JAX calls it.
    exchange
        Seconds, about, that `all_reduce` takes.
    """

    @property
    def platform(self) -> str: ...  # noqa: D102

    @property
    def exchange(self) -> float: ...  # noqa: D102

    def all_reduce(self, buffer: A) -> A:
        """Return the sum of every device's buffer, within a function that was `spread`."""

    def spread(self, function: Callable[..., Any], arguments: tuple[str, ...]) -> Any:
        """Return a function of arrays of all devices that runs on each of them with its own.

        Parameters
        ----------
        arguments
            What each argument is: ``"shared"``, the same everywhere; ``"rows"``, a part each; or
            ``"places"``, a part each of every step. Results are the same everywhere.
        """

    def shared(self, array: Any) -> A:
        """Return an array that all devices have."""

    def rows(self, array: Any) -> A:
        """Return an array of rows that each device of this process has whole."""

    def places(self, order: Ints, rows: Rows) -> Place:
        """Return which rows each device takes in each step.

        Parameters
        ----------
        order
            (steps, n) positions among all rows, −1 for none.
        """

    def everywhere(self, rows: Rows, size: int) -> Place:
        """Return where all rows are, as one step; each has so many with those that fill up."""

    def of_all(self, rows: Rows) -> Devices:
        """Return the devices that compute what is of all these rows."""

    def largest(self, number: int) -> int:
        """Return the largest number that a process gives."""

    def halted(self, stop: bool) -> A | None:
        """Return a column a device that tells whether its process is to stop; None: stop now."""

    def total(self, rows: Rows) -> float:
        """Return Σ s of all rows of all processes."""


def everywhere(rows: Rows, size: int) -> Ints:
    """Return the places of the rows that this process has, and −1 to fill up: (1, size)."""
    order, own = np.full((1, size), -1), len(rows.weights)
    order[0, :own] = np.arange(own)
    return order


def roundly(count: int) -> int:
    """Return a number that is as great, at most a sixteenth greater, and one of few.

    Examples
    --------
    >>> [roundly(count) for count in (11, 1000, 1023, 1025)]
    [11, 1024, 1024, 1088]
    """
    step = 1 << max(count.bit_length() - 5, 0)
    return -(-count // step) * step


@dataclass(frozen=True)
class OneDevice:
    """JAX's default device."""

    @property
    def platform(self) -> str:
        """Its kind."""
        return jax.default_backend()

    @property
    def exchange(self) -> float:
        """None."""
        return 0.0

    def all_reduce(self, buffer: A) -> A:
        """Return the buffer, which is the sum already."""
        return buffer

    def spread(self, function: Callable[..., Any], arguments: tuple[str, ...]) -> Any:
        """Return the function as it is."""
        return function

    def shared(self, array: Any) -> A:
        """Return the array on the device."""
        return jax.device_put(array)

    def rows(self, array: Any) -> A:
        """Return the array on the device."""
        return jax.device_put(array)

    def places(self, order: Ints, rows: Rows) -> Place:
        """Return the rows of each step as they come."""
        position = np.arange(order.shape[1], dtype=np.uint32)[None]
        return Place(jax.device_put(order.astype(np.int32)), jax.device_put(position))

    def everywhere(self, rows: Rows, size: int) -> Place:
        """Return where all rows are, as one step."""
        return self.places(everywhere(rows, size), rows)

    def of_all(self, rows: Rows) -> Devices:
        """Return this device."""
        return self

    def largest(self, number: int) -> int:
        """Return the number of the only process."""
        return number

    def halted(self, stop: bool) -> A | None:
        """Return None where it is to stop: nobody else must know."""
        return None if stop else np.zeros((1, 1), np.float32)

    def total(self, rows: Rows) -> float:
        """Return Σ s."""
        return rows.total
