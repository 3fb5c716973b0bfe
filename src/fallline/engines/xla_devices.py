"""Where the xla engine computes: one device, or what a mesh of several has in common with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from ..arrays import Ints
from .protocol import Rows

__all__ = ["Devices", "OneDevice", "Place"]

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
    """

    @property
    def platform(self) -> str: ...  # noqa: D102

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

    def halted(self, stop: bool) -> A | None:
        """Return a column a device that tells whether its process is to stop; None: stop now."""

    def total(self, rows: Rows) -> float:
        """Return Σ s of all rows of all processes."""


@dataclass(frozen=True)
class OneDevice:
    """JAX's default device."""

    @property
    def platform(self) -> str:
        """Its kind."""
        return jax.default_backend()

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

    def halted(self, stop: bool) -> A | None:
        """Return None where it is to stop: nobody else must know."""
        return None if stop else np.zeros((1, 1), np.float32)

    def total(self, rows: Rows) -> float:
        """Return Σ s."""
        return float(rows.weights.sum())
