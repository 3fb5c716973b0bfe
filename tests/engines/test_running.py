"""Sums over steps: one number after the other, whoever adds them, however they are cut."""

import math

import numpy as np
import pytest

from fallline.engines import running
from fallline.engines.running import carried


@pytest.fixture(params=["core", "NumPy"], autouse=True)
def added_by(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(running, "_carried", None)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("cut", [0, 1, 37, 1000])
def test_sums_are_those_of_one_number_after_the_other(scaled, cut):
    rng = np.random.default_rng(cut)
    errors, weights, norms = rng.lognormal(0, 8, (3, 1000))
    first = carried((0.1, 0.2, 0.3), errors[:cut], weights[:cut], norms[:cut], scaled=scaled)
    found = carried(first, errors[cut:], weights[cut:], norms[cut:], scaled=scaled)
    expected = [0.1, 0.2, 0.3]
    for error, weight, norm in zip(errors, weights, norms, strict=True):
        product = error * weight  # rounded before it is added
        expected[0] += float(product if scaled else error)
        expected[1] += float(weight)
        expected[2] += float(norm)
    assert found == tuple(expected)


def test_vectors_with_gaps_and_numbers_that_are_not_finite():
    errors = np.array([1.0, 9.0, np.inf, 9.0])[::2]
    error, weight, norm = carried((0.0, 0.0, 0.0), errors, errors, np.ones(2), scaled=True)
    assert (error, weight, norm) == (math.inf, math.inf, 2.0)
