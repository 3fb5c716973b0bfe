"""Permutations: NumPy's own numbers, whoever draws them."""

import numpy as np
import pytest

from fallline.engines import permutations
from fallline.engines.permutations import permutation, shuffle

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
        monkeypatch.setattr(permutations, "_shuffle", None)


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


@pytest.mark.parametrize("generator", [np.random.MT19937, np.random.PCG64, np.random.SFC64])
@pytest.mark.parametrize("n", [0, *COUNTS])
def test_a_shuffle_is_that_of_the_random_state_and_leaves_it_alike(n, generator):
    rng, other = (np.random.RandomState(generator(5)) for _ in range(2))
    rows = np.arange(n)[::-1].copy()
    expected = rows.copy()
    for _ in range(3):  # generators of 64 bits keep half of a number for the next time
        shuffle(rng, rows)
        other.shuffle(expected)
        np.testing.assert_array_equal(rows, expected)
    assert rng.standard_normal() == other.standard_normal()
    assert rng.randint(2**31) == other.randint(2**31)


def test_a_random_state_of_ones_own_is_asked():
    class Backwards(np.random.RandomState):
        def shuffle(self, x):
            x[:] = x[::-1]

    rows = np.arange(5)
    shuffle(Backwards(), rows)
    assert rows.tolist() == [4, 3, 2, 1, 0]


def test_only_a_generator_and_whole_numbers_are_taken_by_the_core():
    core = pytest.importorskip("fallline._core")
    capsule = np.random.RandomState(0)._bit_generator.capsule
    for bits, rows, error in [
        (capsule, np.arange(3.0), ValueError),
        (capsule, np.arange(6)[::2], ValueError),
        (np.random.RandomState(0), np.arange(3), TypeError),
        (__import__("datetime").datetime_CAPI, np.arange(3), ValueError),
    ]:
        with pytest.raises(error):
            core.shuffle(bits, rows)
