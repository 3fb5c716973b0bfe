"""Dropout and input noise as formulas: shares, scaling, independence, and the same in JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fallline.formulas.dropout import INPUT_NOISE, dropout_factors, input_noise

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
RATES = [0.0, 0.1, 0.25, 0.5, 0.9, 0.999]


def factors(rate=0.5, seed=3, step=7, layer=1, shape=(400, 301), dtype=np.float64, xp=np):
    return np.asarray(dropout_factors(xp, rate, seed, step, layer, shape, dtype))


@pytest.mark.parametrize("rate", RATES)
@dtypes
def test_a_unit_is_dropped_or_scaled_up_with_the_stated_shares(rate, dtype):
    found = factors(rate, dtype=dtype)
    assert found.dtype == dtype and found.shape == (400, 301)
    kept = dtype(1) / dtype(1 - rate)
    assert set(np.unique(found)) <= {dtype(0), kept}
    deviation = np.sqrt(rate * (1 - rate) / found.size)
    assert (found == 0).mean() == pytest.approx(rate, abs=4 * deviation + 1e-12)
    assert found.mean(dtype=np.float64) == pytest.approx(1, abs=5 * deviation / (1 - rate) + 1e-6)


@pytest.mark.parametrize("rate", RATES)
@dtypes
def test_jax_makes_the_same_masks_bit_for_bit(rate, dtype):
    one = factors(rate, dtype=dtype, seed=2**50 + 1)
    compiled = jax.jit(
        lambda step: dropout_factors(jnp, rate, 2**50 + 1, step, 1, (400, 301), dtype)
    )
    for other in (factors(rate, dtype=dtype, seed=2**50 + 1, xp=jnp), np.asarray(compiled(7))):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes()


def test_a_higher_rate_drops_more_of_the_same():
    low, high = factors(0.2), factors(0.6)
    assert ((low == 0) <= (high == 0)).all()


@pytest.mark.parametrize("changed", [{"seed": 4}, {"step": 8}, {"layer": 2}])
def test_seeds_steps_and_layers_drop_independently(changed):
    one, other = factors() == 0, factors(**changed) == 0
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)


def test_rows_and_units_drop_independently():
    dropped = factors() == 0
    for one, other in (
        (dropped[1:], dropped[:-1]),
        (dropped[:, 1:], dropped[:, :-1]),
        (dropped[:, :-1:2], dropped[:, 1::2]),  # the two words of one call
    ):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)
    assert len(np.unique(dropped, axis=0)) == len(dropped)


def test_over_steps_every_unit_is_scaled_to_one_on_average():
    steps = 4000
    mean = sum(factors(0.3, step=step, shape=(2, 5)) for step in range(steps)) / steps
    np.testing.assert_allclose(mean, 1, atol=5 * np.sqrt(0.3 / 0.7 / steps))


@dtypes
def test_input_noise_has_its_deviation_and_a_stream_of_its_own(dtype):
    noise = input_noise(np, 0.25, 3, 7, (400, 301), dtype)
    assert noise.dtype == dtype and noise.shape == (400, 301)
    assert noise.std(dtype=np.float64) == pytest.approx(0.25, rel=0.01)
    assert noise.mean(dtype=np.float64) == pytest.approx(0, abs=4 * 0.25 / np.sqrt(noise.size))
    assert INPUT_NOISE > 2**31  # above the number of any layer
    other = input_noise(jnp, 0.25, 3, 7, (400, 301), dtype)
    np.testing.assert_allclose(other, noise, rtol=0, atol=1e-6 if dtype == np.float32 else 1e-14)
