"""The random numbers of a fit, drawn from scikit-learn's RandomState in scikit-learn's order.

Start weights first, layer by layer, weights before biases; then the rows kept for validation; then
the order of each epoch, which shuffles that of the epoch before.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from ..arrays import Array, Floats, Ints
from ..engines.permutations import shuffle
from ..errors import SpecError
from ..spec.network import Network

__all__ = ["ShuffledOrder", "split_validation", "start_weights"]


def start_weights(
    network: Network, rng: np.random.RandomState, dtype: Any, *, logistic: bool
) -> Floats:
    """Return θ (P,): W and b of each layer uniform within ±√(6 / (fan_in + fan_out)).

    Where hidden units are `logistic`, 2 stands for 6 in every layer, as scikit-learn has it.
    Source: Glorot and Bengio 2010, eq. 16.
    """
    theta = np.zeros(network.size, dtype)
    factor = 2.0 if logistic else 6.0
    for block in network.blocks:
        fan_in, fan_out = block.shape
        bound = math.sqrt(factor / (fan_in + fan_out))
        theta[block.weights] = rng.uniform(-bound, bound, block.shape).ravel()
        theta[block.biases] = rng.uniform(-bound, bound, fan_out)
    return theta


class ShuffledOrder:
    """The orders of n rows, each the one before it shuffled once more.

    They depend on a random state, so epochs can only be asked for one after another.
    """

    def __init__(self, n: int, rng: np.random.RandomState, shuffle: bool) -> None:
        self._rng, self._shuffle = rng, shuffle
        self._start: Any = rng.get_state() if shuffle else None
        self._rows: npt.NDArray[np.int64] = np.arange(n, dtype=np.int64)
        self._epoch = 0

    def epoch(self, k: int) -> Ints:
        """Return the (n,) order of the epoch in progress, or of the next one.

        Raises
        ------
        SpecError
            For any other epoch.
        """
        if k == self._epoch + 1:
            self._epoch = k
            if self._shuffle:
                self._rows = self._rows.copy()  # the order before may still be in use
                shuffle(self._rng, self._rows)
        if k != self._epoch:
            raise SpecError(f"this order is at epoch {self._epoch} and cannot tell epoch {k}'s")
        return self._rows

    def back_to(self, k: int) -> None:
        """Take back the draws after epoch k, and leave the random state as they found it."""
        if self._shuffle:
            self._rng.set_state(self._start)
        self._rows, self._epoch = np.arange(len(self._rows), dtype=np.int64), 0
        for each in range(1, k + 1):
            self.epoch(each)


def split_validation(
    rng: np.random.RandomState, fraction: float, stratify: Array | None, *arrays: Any
) -> list[tuple[Any, Any]]:
    """Return the training and the validation part of each array; None stays None.

    Raises
    ------
    ValueError
        When fewer than two rows would be left for validation.
    """
    given = [array for array in arrays if array is not None]  # the first one always is
    parts = train_test_split(*given, random_state=rng, test_size=fraction, stratify=stratify)
    pairs = iter(zip(parts[::2], parts[1::2], strict=True))
    split: list[tuple[Any, Any]] = [
        (None, None) if array is None else next(pairs) for array in arrays
    ]
    if split[0][1].shape[0] < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    return split
