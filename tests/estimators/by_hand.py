"""A fit written out: scikit-learn's draws, and a plain descent of fallline with them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.utils import shuffle

from fallline.descent import Run, descend
from fallline.spec.network import Network


def drawn_theta(
    sizes: Sequence[int], rng: np.random.RandomState, factor: float = 6.0
) -> np.ndarray:
    """Return start weights, layer by layer: W, then b, uniform within ±√(factor / (in + out))."""
    parts = []
    for fan_in, fan_out in pairwise(sizes):
        bound = np.sqrt(factor / (fan_in + fan_out))
        parts.append(rng.uniform(-bound, bound, (fan_in, fan_out)).ravel())
        parts.append(rng.uniform(-bound, bound, fan_out))
    return np.concatenate(parts)


class Shuffles:
    """The rows in order, shuffled once more for each epoch."""

    def __init__(self, n: int, rng: np.random.RandomState) -> None:
        self._rows, self._rng, self._last = np.arange(n), rng, 0

    def epoch(self, k: int) -> np.ndarray:
        if k > self._last:
            self._rows, self._last = shuffle(self._rows, random_state=self._rng), k
        return self._rows


def descent(text: str, X: Any, Y: Any, seed: int = 0, **settings: Any) -> Run:
    """Return the finished run of a chain, with the draws that an estimator of this seed makes.

    Its batches have 200 rows unless told, its penalty is the default ``alpha`` of 1e-4.
    """
    network, rng = Network.parse(text), np.random.RandomState(seed)
    sizes = [network.n_inputs, *(layer.size for layer in network.layers)]
    theta = drawn_theta(sizes, rng)
    if settings.get("dropout"):
        settings["seed"] = int(rng.randint(2**31))
    settings = {"alpha": 1e-4, "batch_size": min(200, len(Y)), **settings}
    order = Shuffles(len(Y), rng)
    return descend(network, X, Y, theta=theta, order=order, **settings)


def vector(estimator: Any) -> np.ndarray:
    """Return all weights of a fitted estimator, layer by layer: W, then b."""
    pairs = zip(estimator.coefs_, estimator.intercepts_, strict=True)
    return np.concatenate([array.ravel() for pair in pairs for array in pair])
