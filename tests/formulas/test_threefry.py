"""Random bits by counter: the published answers, and that nothing but the place decides them."""

import itertools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from fallline.formulas.threefry import normal, threefry2x32, unit_words

both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
ONES = 0xFFFFFFFF

# counter, key, answer: Random123's kat_vectors, "threefry2x32 20".
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


def words(xp, *numbers):
    return tuple(xp.asarray([number], dtype=xp.uint32) for number in numbers)


def draw(xp=np, seed=0, step=0, stream=0, rows=4, units=6):
    return [np.asarray(word) for word in unit_words(xp, seed, step, stream, rows, units)]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
@both
def test_the_published_answers(xp, counter, key, answer):
    found = threefry2x32(xp, words(xp, *key), words(xp, *counter))
    assert tuple(int(word[0]) for word in found) == answer
    assert all(word.dtype == np.uint32 for word in found)


def test_it_is_the_generator_of_jax():
    """JAX's own, an outsider, at counters spread over all 32 bits."""
    from jax.extend.random import threefry2x32_p

    rng = np.random.default_rng(0)
    key, counter = rng.integers(0, 2**32, (2, 2, 1000), dtype=np.uint32)
    expected = threefry2x32_p.bind(*map(jnp.asarray, (*key, *counter)))
    found = threefry2x32(np, tuple(key), tuple(counter))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("seed", "step"), [(0, 0), (7, 1), (2**31, 2**31), (2**32 + 5, 2**32 - 1), (2**64 - 1, 3)]
)
def test_jax_computes_the_same_bits_also_compiled_and_without_warnings(seed, step):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = draw(np, seed, step, 3)
        compiled = jax.jit(lambda at: unit_words(jnp, seed, at, 3, 4, 6))
        for found in (draw(jnp, seed, step, 3), compiled(jnp.uint32(step))):
            for one, other in zip(found, expected, strict=True):
                assert one.dtype == other.dtype == np.uint32
                np.testing.assert_array_equal(one, other)


def test_a_key_of_seed_step_and_stream_and_a_counter_of_row_and_pair():
    """The definition in the docstring, word by word: what another engine has to compute."""
    seed, step, stream = 2**40 + 9, 12, 3
    key = threefry2x32(np, words(np, 9, 2**8), words(np, step, stream))
    found = draw(np, seed, step, stream, rows=3, units=5)
    for row, pair in itertools.product(range(3), range(3)):
        own = threefry2x32(np, key, words(np, row, pair))
        assert [word[row, pair] for word in found] == [word[0] for word in own]


def test_a_place_keeps_its_bits_whatever_is_drawn_beside_it():
    small, large = draw(rows=3, units=4), draw(rows=50, units=99)
    for one, other in zip(small, large, strict=True):
        np.testing.assert_array_equal(one, other[:3, :2])


@pytest.mark.parametrize("changed", [{"seed": 1}, {"seed": 2**32}, {"step": 1}, {"stream": 1}])
def test_every_part_of_the_place_makes_other_bits(changed):
    """No two words of two places meet, and half of their bits differ."""
    one, other = (np.stack(draw(rows=200, units=200, **at)) for at in ({}, changed))
    assert (one == other).mean() < 1e-4
    differing = np.bitwise_count(one ^ other).mean() / 32
    assert differing == pytest.approx(0.5, abs=0.005)


def test_words_are_uniform_and_neighbours_unrelated():
    a, b = draw(rows=400, units=400)
    for word in (a, b):
        assert stats.kstest(word.ravel() / 2**32, "uniform").pvalue > 0.01
    pairs = [
        (a, b),
        (a[1:], a[:-1]),
        (a[:, 1:], a[:, :-1]),
        (draw(step=1, rows=400, units=400)[0], a),
    ]
    for one, other in pairs:
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(one.size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@both
def test_normal_numbers_are_normal(xp, dtype):
    found = np.asarray(normal(xp, unit_words(xp, 5, 0, 0, 300, 301), 301, dtype))
    assert found.shape == (300, 301) and found.dtype == dtype
    assert stats.kstest(found.ravel().astype(np.float64), "norm").pvalue > 0.01
    even, odd = found[:, :-1:2].ravel(), found[:, 1::2].ravel()
    assert abs(np.corrcoef(even, odd)[0, 1]) < 4 / np.sqrt(even.size)
    assert np.abs(np.corrcoef(even**2, odd**2)[0, 1]) < 4 / np.sqrt(even.size)


@pytest.mark.parametrize(("dtype", "most"), [(np.float32, 2e-6), (np.float64, 1e-14)])
def test_normal_numbers_of_jax_are_those_of_numpy(dtype, most):
    one, other = (normal(xp, unit_words(xp, 5, 9, 1, 40, 41), 41, dtype) for xp in (np, jnp))
    np.testing.assert_allclose(other, one, rtol=0, atol=most)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_words_give_finite_normal_numbers(dtype):
    ends = np.array([[0, 1, ONES - 1, ONES]], np.uint32)
    for a, b in itertools.product((ends, ends[:, ::-1]), repeat=2):
        found = normal(np, (a, b), 8, dtype)
        assert np.isfinite(found).all() and np.abs(found).max() < 6.8
