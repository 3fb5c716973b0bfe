"""A network with its weights, made ready in the core to predict again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _core
from ..arrays import Floats, Inputs, is_sparse
from .native_cache import Prepared
from .threads import ALONE, threads_for

__all__ = ["NativeReady", "core_matrix"]


class NativeReady:
    """θ in the core's memory, which the array may then leave; see `protocol.Ready`.

    Parameters
    ----------
    engine
        The core's engine of the network.
    theta
        (P,) weights.
    threads
        The most threads; as many as pay unless given.
    """

    __slots__ = ("_core", "_engine", "_theta", "_threads", "dtype", "few")

    dtype: np.dtype[Any]
    few: Callable[[Any], Floats | None]

    def __init__(self, engine: Prepared, theta: Floats, threads: int | None) -> None:
        self._engine, self._threads = engine, threads
        self._theta, self.dtype = theta, theta.dtype
        inward = engine.inward(theta)
        self._core = _core.Predictor(engine.core, inward, np.empty, ALONE)
        self.few = self._core.few

    def many(self, X: Inputs) -> Floats | None:
        """Return ŷ (n, k); None where layers that were merged may have made it NaN."""
        outputs, finite = self.outputs(X)
        return outputs if finite or self._engine.places is None else None

    def outputs(self, X: Inputs) -> tuple[Floats, bool]:
        """Return ŷ (n, k), and whether all of it is finite."""
        n, k = X.shape[0], self._engine.core.outputs  # a sparse matrix has no len
        found = np.empty(n * k, self.dtype)
        threads = threads_for(self._engine.core.work * n, self._threads)
        finite = self._core.many(core_matrix(X, self.dtype), threads, found)
        return found.reshape(n, k), finite

    def holds(self, theta: Any) -> bool:
        """Return whether these are the weights, bit by bit."""
        return _core.same_bits(self._theta, theta, self.dtype.itemsize)


def core_matrix(array: Inputs, dtype: np.dtype[Any]) -> Any:
    """Return an array, or the three of compressed rows, as the core takes them."""
    array = array if array.dtype == dtype else array.astype(dtype)
    return (array.data, array.indices, array.indptr) if is_sparse(array) else array
