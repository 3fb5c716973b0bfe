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
from .xla_devices import Devices, Place, roundly
from .xla_network import Batch, Entries

__all__ = [
    "Chosen",
    "Compressed",
    "Resident",
    "chosen",
    "every",
    "longest_row",
    "on_device",
    "resident",
    "take",
]

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
    longest
        The most entries of a row of a sparse matrix, as a power of 2; 0 for a dense one.
    """

    batch: Batch
    everywhere: Place
    total: A
    longest: int


def resident(rows: Rows, devices: Devices) -> Resident:
    """Return the rows on the devices: those that were sent there before, if they were."""
    found: Resident | None = rows.kept.get(devices)
    if found is None:
        size = devices.largest(roundly(len(rows.weights)))
        longest = devices.largest(longest_row(rows.X))
        entries = devices.largest(roundly(rows.X.nnz + 1)) if longest else 0
        found = rows.kept[devices] = Resident(
            _filled(rows, size, entries, longest, devices.rows),
            devices.everywhere(rows, size),
            devices.shared(np.asarray(devices.total(rows), _plain(rows.Y.dtype))),
            longest,
        )
    return found


def on_device(rows: Rows, size: int, put: Put) -> Batch:
    """Return the rows as arrays of the device, and as many more as make up the size."""
    longest = longest_row(rows.X)
    return _filled(rows, size, roundly(rows.X.nnz + 1) if longest else 0, longest, put)


def _filled(rows: Rows, size: int, entries: int, longest: int, put: Put) -> Batch:
    """Return the rows on the device; of a sparse matrix with so many entries, and in a row."""

    def filled(array: Any) -> A:
        short = size - len(array)
        whole = np.pad(array, [(0, short)] + [(0, 0)] * (array.ndim - 1)) if short else array
        return put(np.ascontiguousarray(whole, _plain(array.dtype)))

    sparse = is_sparse(rows.X)
    X = _compressed(rows.X, size, entries, longest, put) if sparse else filled(rows.X)
    return Batch(X, filled(rows.Y), filled(rows.weights))


def _plain(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("=")


_MOST_ENTRIES = 2**31 - 1


def _compressed(X: Inputs, size: int, entries: int, longest: int, put: Put) -> Compressed:
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
    most = int(np.diff(X.indptr).max(initial=1))
    return 1 << (most - 1).bit_length()


# --- within compiled functions -------------------------------------------------------------------


class Chosen(NamedTuple):
    """Rows that a device takes: indices, positions in the batch and weights s (n,) or (steps, n).

    What is computed for a row without weight must be finite where that of the others is: in a sum,
    0·∞ would be NaN. So the first row of the batch that counts stands for it, with its noise.
    """

    index: A
    position: A
    weights: A


def chosen(rows: Batch, places: Place) -> Chosen:
    """Return the rows at places (steps, n) of these rows, all of which there are.

    For all steps at once, before their loop: within, XLA would find them anew for each number that
    it gathers.
    """
    index = jnp.maximum(places.index, 0)
    weights = jnp.where(places.index >= 0, _gathered(rows.weights, index), 0)
    counts = weights > 0
    first = jnp.argmax(counts, axis=1, keepdims=True)
    index, position = (
        jnp.where(counts, one, jnp.take_along_axis(one, first, axis=1))
        for one in (index, jnp.broadcast_to(places.position, index.shape))
    )
    return Chosen(index, position, weights)


def take(rows: Batch, own: Chosen) -> Batch:
    """Return the rows (n,) that were chosen."""
    at = own.index
    X = _entries(rows.X, at) if isinstance(rows.X, Compressed) else _gathered(rows.X, at)
    return Batch(X, _gathered(rows.Y, at), own.weights)


def _gathered(array: A, at: A) -> A:
    return array.at[at].get(mode="promise_in_bounds", wrap_negative_indices=False)


def every(rows: Batch) -> Batch:
    """Return all rows, ready to compute with."""
    if not isinstance(rows.X, Compressed):
        return rows
    return rows._replace(X=_entries(rows.X, jnp.arange(len(rows.weights))))


def _entries(X: Compressed, at: A) -> Entries:
    places = X.starts[at][:, None] + jnp.arange(len(X.longest), dtype=jnp.int32)
    places = jnp.where(places < X.starts[at + 1][:, None], places, len(X.data) - 1)
    return Entries(X.columns[places], X.data[places])
