"""Training rows on the device: sent there once, and taken from there batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..arrays import Inputs, is_sparse
from ..errors import DataError
from .protocol import Rows
from .xla_network import Batch, Entries

__all__ = ["Compressed", "on_device", "take"]

A = Any  # an array of jax.numpy


class Compressed(NamedTuple):
    """A sparse matrix in compressed rows; `most` has the length of the row with most entries."""

    data: A
    columns: A
    starts: A
    most: A


Put = Callable[[Any], A]
"""Sends a NumPy array to where the rows are kept."""

_MOST_ENTRIES = 2**31 - 1


def on_device(rows: Rows, put: Put) -> Batch:
    """Return all rows as arrays of the device; sparse X stays compressed."""
    X = _compressed(rows.X, put) if is_sparse(rows.X) else put(rows.X)
    return Batch(X, put(rows.Y), put(rows.weights))


def _compressed(X: Inputs, put: Put) -> Compressed:
    if X.nnz > _MOST_ENTRIES:
        raise DataError(
            f"X has {X.nnz} entries, more than the {_MOST_ENTRIES} of a sparse matrix that the xla "
            "engine takes; train on parts of it, or take engine='native'"
        )
    most = int(np.diff(X.indptr).max(initial=0))
    padded = 1 << max(most - 1, 0).bit_length()  # so that few shapes are compiled
    # One entry more, that rows with fewer entries read instead of none.
    return Compressed(
        put(np.append(X.data, X.dtype.type(0))),
        put(np.append(X.indices, 0).astype(np.int32)),
        put(X.indptr.astype(np.int32)),
        put(np.empty(padded, np.int8)),
    )


def take(rows: Batch, at: A) -> Batch:
    """Return the rows at these positions (n,), all of which there are."""
    X = _entries(rows.X, at) if isinstance(rows.X, Compressed) else rows.X[at]
    return Batch(X, rows.Y[at], rows.weights[at])


def _entries(X: Compressed, at: A) -> Entries:
    places = X.starts[at][:, None] + jnp.arange(len(X.most), dtype=jnp.int32)
    places = jnp.where(places < X.starts[at + 1][:, None], places, len(X.data) - 1)
    return Entries(X.columns[places], X.data[places])
