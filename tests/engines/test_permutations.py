"""Permutations: NumPy's own numbers, whoever draws them."""

import numpy as np
import pytest

from fallline.engines import permutations
from fallline.engines.permutations import permutation

# Around powers of two, where the range that is drawn from changes.
COUNTS = [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 255, 256, 257, 1000, 4097, 70_000]
SEEDS = [
    (0,),
    (0, 0),
    (1, 2),
    (2**32 - 1, 2**32),
    (2**64 + 5, 1),
    (2**200 + 3, 2**33),
    (1, 2, 3, 4, 5, 6),
    (np.uint8(200), np.int64(2**40)),
]


@pytest.fixture(params=["core", "NumPy"], autouse=True)
def drawn_by(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(permutations, "_drawn", None)


@pytest.mark.parametrize("seed", SEEDS, ids=str)
@pytest.mark.parametrize("n", COUNTS)
def test_it_is_numpys_to_the_last_number(n, seed):
    found = permutation(seed, n)
    expected = np.random.default_rng(seed).permutation(n)
    assert found.dtype == np.int64 and found.flags.writeable
    np.testing.assert_array_equal(found, expected)


def test_it_is_numpys_for_many_epochs():
    for k in range(300):
        expected = np.random.default_rng([9, k]).permutation(50 + k)
        np.testing.assert_array_equal(permutation((9, k), 50 + k), expected)
