"""Noise that a step trains under, never present in a prediction: dropout and input noise.

Both are functions of seed, step, layer, row position and unit through `threefry`, so that they are
the same in every engine and however an epoch is cut.

*Dropout* (Srivastava et al. 2014) in its inverted form: each unit's output is set to 0 with
probability p and otherwise multiplied by 1/(1 − p), so that its expectation is that of the unit
without dropout, and predicting multiplies by nothing.

*Input noise* (Bishop 1995; Sietsma and Dow 1991): normal numbers of a standard deviation are added
to every input, in the units in which the network gets them.
"""

from __future__ import annotations

from typing import Any

from .threefry import neighbours, normal, unit_words

__all__ = ["INPUT_NOISE", "dropout_factors", "input_noise"]

A = Any  # an array of the namespace xp

INPUT_NOISE = 0xFFFFFFFF
"""The stream of input noise; the stream of a layer's dropout is the layer's number."""


def dropout_factors(
    xp: A,
    rate: float,
    seed: int | tuple[A, A],
    step: int | A,
    layer: int,
    shape: tuple[int | A, int],
    dtype: A,
) -> A:
    """Return what multiplies each unit's output in one step: 0, or 1/(1 − p).

    A unit is dropped where its word of random bits is below ⌊p·2³²⌋.

    Parameters
    ----------
    rate
        p in [0, 1), the probability that a unit is dropped.
    seed, step
        The plan's seed, and how many steps were taken before this one; see `unit_words`.
    layer
        The layer's number: input layers first, then the others, in the network's order, from 0.
    shape
        (rows of the batch, or their positions in it, units of the layer).

    Examples
    --------
    >>> import numpy as np
    >>> dropout_factors(np, 0.5, seed=0, step=0, layer=1, shape=(2, 4), dtype=np.float64)
    array([[0., 0., 2., 2.],
           [0., 2., 2., 2.]])
    """
    words = neighbours(xp, *unit_words(xp, seed, step, layer, *shape), shape[1])
    kept = words >= xp.asarray(int(rate * 2**32), dtype=xp.uint32)
    return xp.asarray(kept, dtype=dtype) / (1 - rate)


def input_noise(
    xp: A,
    std: float,
    seed: int | tuple[A, A],
    step: int | A,
    shape: tuple[int | A, int],
    dtype: A,
) -> A:
    """Return what is added to the inputs (rows, d) in one step: normal with deviation `std`."""
    return std * normal(xp, unit_words(xp, seed, step, INPUT_NOISE, *shape), shape[1], dtype)
