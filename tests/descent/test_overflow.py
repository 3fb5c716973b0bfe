"""Sums over an epoch that overflow are recorded as infinite, without a warning of NumPy's."""

import math

import numpy as np
import pytest
from tests.descent.runs import line

from fallline.descent import Run
from fallline.descent.through import through
from fallline.formulas.optimizers import SGD
from fallline.spec.network import Network


@pytest.mark.parametrize("take", [next, lambda run: run.advance(1), through])
def test_a_weighted_error_beyond_all_numbers_is_infinite(take):
    """J is finite, but Σ s of it is not: 100 rows of an error near the largest number."""
    X, Y = line(100)
    run = Run(Network.parse("1 -> 1 nobias"), np.ones_like(X), 0 * Y, theta=[1e154],
              batch_size=None, optimizer=SGD(1e-9), epochs=3)  # fmt: skip
    take(run)
    assert run.history[0].error == math.inf and run.divergence is None
