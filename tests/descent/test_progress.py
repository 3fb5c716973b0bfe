"""The sums of an epoch: step by step, whatever the slices."""

import itertools

import numpy as np
import pytest

from fallline.descent.progress import Progress
from fallline.engines.protocol import Steps

RNG = np.random.default_rng(0)
COUNT = 300
# Of sizes so far apart that the order of a sum shows in its bits.
ERRORS, WEIGHTS, NORMS = RNG.normal(size=(3, COUNT)) * 10.0 ** RNG.integers(-12, 12, (3, COUNT))


def slice_of(first: int, last: int) -> Steps:
    at = slice(first, last)
    none = np.zeros(last - first)
    return Steps(ERRORS[at], none, WEIGHTS[at], NORMS[at], 2 * (last - first), True)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("cuts", [[], [1], [150], [7, 7, 8, 120, 299], range(1, 300)])
def test_sums_are_those_of_a_loop_over_steps_to_the_last_bit(cuts, reduction):
    error = weight = norms = 0.0
    for e, s, g in zip(ERRORS.tolist(), WEIGHTS.tolist(), NORMS.tolist(), strict=True):
        error += e * (1.0 if reduction == "sum" else s)
        weight += s
        norms += g
    found, edges = Progress(), [0, *cuts, COUNT]
    for first, last in itertools.pairwise(edges):
        found = found.plus(slice_of(first, last), 0.5, reduction)
    assert (found.weighted_error, found.weight, found.norms) == (error, weight, norms)
    assert type(found.weight) is float
    assert (found.step, found.steps, found.rows) == (COUNT, COUNT, 2 * COUNT)
    assert found.elapsed == found.seconds == 0.5 * (len(edges) - 1)
    assert np.sum(ERRORS) != np.add.accumulate(ERRORS)[-1]  # NumPy's own sum would not do
