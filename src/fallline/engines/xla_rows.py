"""Rows on the device: sent there once, and taken from there batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..arrays import Inputs, is_sparse
from ..errors import DataError
from .protocol import Rows
from .xla_devices import Devices, Place
from .xla_network import Batch, Entries

__all__ = ["Compressed", "Resident", "every", "longest_row", "on_device", "resident", "take"]

A = Any  # an array of jax.numpy
Put = Callable[[Any], A]
"""Sends a NumPy array to where rows are kept."""


class Compressed(NamedTuple):
    """A sparse matrix in compressed rows; `longest` is as long as the row with most entries.

    Its last entry is a zero, which rows with fewer entries read instead of none.
    """

    data: A
    columns: A
    starts: A
    longest: A


@dataclass(frozen=True)
class Resident:
    """Rows as they are kept on the devices.

    Attributes
    ----------
    batch
        All of them, and some more to fill up: so few shapes have to be compiled.
    everywhere
        Where all of them are, as one step would take them.
    total
        Σ s, a scalar.
    """

    batch: Batch
    everywhere: Place
    total: A


def resident(rows: Rows, devices: Devices) -> Resident:
    """Return the rows on the devices: those that were sent there before, if they were."""
    found: Resident | None = rows.kept.get(devices)
    if found is None:
        size = _roundly(len(rows.weights))
        order = np.full((1, size), -1)
        order[0, : rows.n] = np.arange(rows.n)
        found = rows.kept[devices] = Resident(
            on_device(rows, size, devices.rows),
            devices.places(order, rows),
            devices.shared(np.asarray(devices.total(rows), _plain(rows.Y.dtype))),
        )
    return found


def on_device(rows: Rows, size: int, put: Put) -> Batch:
    """Return the rows as arrays of the device, and as many more as make up the size."""

    def filled(array: Any) -> A:
        short = size - len(array)
        whole = np.pad(array, [(0, short)] + [(0, 0)] * (array.ndim - 1)) if short else array
        return put(np.ascontiguousarray(whole, _plain(array.dtype)))

    X = _compressed(rows.X, size, put) if is_sparse(rows.X) else filled(rows.X)
    return Batch(X, filled(rows.Y), filled(rows.weights))


def _plain(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("=")


def _roundly(count: int) -> int:
    """Return a number that is as great, at most a sixteenth greater, and one of few.

    Examples
    --------
    >>> [_roundly(count) for count in (11, 1000, 1023, 1025)]
    [11, 1024, 1024, 1088]
    """
    step = 1 << max(count.bit_length() - 5, 0)
    return -(-count // step) * step


_MOST_ENTRIES = 2**31 - 1


def _compressed(X: Inputs, size: int, put: Put) -> Compressed:
    entries, longest = _roundly(X.nnz + 1), longest_row(X)
    if entries + longest > _MOST_ENTRIES:
        raise DataError(
            f"X has {X.nnz} entries, more than the sparse matrices of the xla engine may have, "
            f"{_MOST_ENTRIES}; train on parts of it, or take engine='native'"
        )
    rest = (0, entries - X.nnz)
    return Compressed(
        put(np.pad(X.data.astype(_plain(X.dtype)), rest)),
        put(np.pad(X.indices.astype(np.int32), rest)),
        put(np.pad(X.indptr.astype(np.int32), (0, size - X.shape[0]), mode="edge")),
        put(np.empty(longest, np.int8)),
    )


def longest_row(X: Inputs) -> int:
    """Return the most entries of a row of a sparse matrix, as a power of 2; 0 for a dense one."""
    if not is_sparse(X):
        return 0
    most = int(np.diff(X.indptr).max(initial=0))
    return 1 << max(most - 1, 0).bit_length()


# --- within compiled functions -------------------------------------------------------------------


def take(rows: Batch, at: A) -> Batch:
    """Return the rows at these positions (n,), all of which there are."""
    X = _entries(rows.X, at) if isinstance(rows.X, Compressed) else rows.X[at]
    return Batch(X, rows.Y[at], rows.weights[at])


def every(rows: Batch) -> Batch:
    """Return all rows, ready to compute with."""
    if not isinstance(rows.X, Compressed):
        return rows
    return rows._replace(X=_entries(rows.X, jnp.arange(len(rows.weights))))


def _entries(X: Compressed, at: A) -> Entries:
    places = X.starts[at][:, None] + jnp.arange(len(X.longest), dtype=jnp.int32)
    places = jnp.where(places < X.starts[at + 1][:, None], places, len(X.data) - 1)
    return Entries(X.columns[places], X.data[places])
