"""Penalties: rows of a table against their own texts; the limit on norms as a projection."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from tests import witness

from fallline.formulas.clipping import clip_by_norm, clip_by_value, euclidean
from fallline.formulas.penalties import PENALTIES, batch_share, max_norm

W = np.random.default_rng(0).normal(0, 2, 12)
every_penalty = pytest.mark.parametrize("row", PENALTIES.values(), ids=lambda row: row.name)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@both
@every_penalty
def test_penalty_is_its_text(row, xp):
    w = sympy.Symbol("w", real=True)
    text = witness.expression(row.text, w=w)
    at = xp.asarray(W)
    for own, order in ((row.value, 0), (row.slope, 1), (row.curvature, 2)):
        derived = sympy.diff(text, w, order).replace(sympy.DiracDelta, lambda *_: 0)  # at a kink
        expected = witness.on_rows((w,), derived)(W[:, None])
        np.testing.assert_allclose(own(xp, at), expected, rtol=1e-15)


@every_penalty
def test_jax_differentiates_a_penalty_to_its_slope(row):
    at = np.r_[W, [z for z, _ in row.kinks]]
    slope = jax.grad(lambda w: row.value(jnp, w).sum())(at)
    np.testing.assert_allclose(row.slope(np, at), slope, rtol=1e-15)
    difference = witness.central_differences(lambda w: row.value(np, w), W[:, None])
    np.testing.assert_allclose(row.slope(np, W), difference[:, 0, 0], rtol=1e-8)


@every_penalty
def test_at_a_kink_the_slope_is_the_one_stated(row):
    for z, slope in row.kinks:
        for xp in (np, jnp):
            assert row.slope(xp, xp.asarray([z, -z])).tolist() == [slope, slope]


@every_penalty
def test_penalty_keeps_float32_and_lets_nan_through(row):
    w = np.array([np.nan, 1.0, 0.0], np.float32)
    for of in (row.value, row.slope):
        assert of(np, w).dtype == np.float32
        assert np.isnan(of(np, w)).tolist() == [True, False, False]


def test_shares_of_the_batches_add_up_for_sums_only():
    batches, total = [3.0, 4.0, 0.5], 7.5
    assert sum(batch_share("sum", b, total) for b in batches) == pytest.approx(1)
    assert [batch_share("mean", b, total) for b in batches] == [1, 1, 1]


# The limit on the norm of incoming weights.


def projected(weights, limit, free=None, xp=np):
    free = np.ones(weights.shape, bool) if free is None else free
    return np.asarray(max_norm(xp, xp.asarray(weights), limit, xp.asarray(free)))


@dtypes
@both
def test_max_norm_scales_what_exceeds_it_and_leaves_the_rest_to_the_last_bit(xp, dtype):
    weights = np.random.default_rng(1).normal(0, 1, (5, 40)).astype(dtype)
    norms = np.linalg.norm(weights, axis=0)
    limit = float(np.median(norms))
    found = projected(weights, limit, xp=xp)
    assert found.dtype == dtype
    inside = norms < limit
    assert found[:, inside].tobytes() == weights[:, inside].tobytes()
    expected = weights * np.where(inside, 1, limit / norms)
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(projected(found, limit), found, rtol=4 * np.finfo(dtype).eps)


def test_max_norm_is_that_of_keras_but_for_its_epsilon():
    """Keras: w * clip(‖w‖, 0, c) / (1e-7 + ‖w‖), which moves weights within the limit too."""
    weights = np.random.default_rng(2).normal(0, 1, (5, 40))
    norms = np.sqrt((weights**2).sum(axis=0))
    keras = weights * np.clip(norms, 0, 1.5) / (1e-7 + norms)
    np.testing.assert_allclose(projected(weights, 1.5), keras, rtol=3e-7)
    assert (keras != weights).all()


@pytest.mark.parametrize("limit", [0.5, 1.5, 4.0])
def test_max_norm_goes_to_the_nearest_point_that_keeps_the_limit(limit):
    """P is the projection of w on a convex set K if (w − P)·(z − P) ≤ 0 for all z in K."""
    rng = np.random.default_rng(3)
    weights, free = rng.normal(0, 1, (6, 30)), rng.random((6, 30)) < 0.6
    found = projected(weights, limit, free)
    np.testing.assert_array_equal(found[~free], weights[~free])
    fixed = np.linalg.norm(np.where(free, 0, weights), axis=0)
    possible = fixed <= limit
    assert (np.linalg.norm(found, axis=0)[possible] <= limit * (1 + 1e-14)).all()
    assert not found[:, ~possible][free[:, ~possible]].any()  # as near as can be
    room = np.sqrt(limit**2 - fixed[possible] ** 2)
    for _ in range(50):
        z = np.where(free, rng.normal(0, 1, weights.shape), 0)[:, possible]
        norms = np.linalg.norm(z, axis=0)
        z = z * np.where(norms, rng.random(len(norms)) * room / np.where(norms, norms, 1), 0)
        away = np.where(free, weights - found, 0)[:, possible]
        towards = z - np.where(free, found, 0)[:, possible]
        assert ((away * towards).sum(axis=0) <= 1e-12).all()


def test_max_norm_of_nothing_and_of_the_huge():
    weights = np.array([[0.0, 3e200, 1e-200], [0.0, 4e200, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        found = projected(weights, 2.0)
    np.testing.assert_allclose(found, [[0, 1.2, 1e-200], [0, 1.6, 0]], rtol=1e-15)
    with np.errstate(invalid="ignore"):
        assert np.isnan(projected(np.array([[np.nan, np.inf], [1.0, 1.0]]), 2.0)[0]).all()


# Clipping.


@both
def test_norms_neither_overflow_nor_underflow(xp):
    for scale in (1e-200, 1.0, 1e200):
        norm = float(euclidean(xp, xp.asarray([3 * scale, -4 * scale])))
        assert norm == pytest.approx(5 * scale, rel=1e-15)
    assert float(euclidean(xp, xp.asarray([0.0, 0.0]))) == 0
    assert float(euclidean(xp, xp.asarray([1.0, -np.inf]))) == np.inf
    assert np.isnan(float(euclidean(xp, xp.asarray([1.0, np.nan]))))
    random = np.random.default_rng(0).normal(size=100)
    assert float(euclidean(xp, xp.asarray(random))) == pytest.approx(np.linalg.norm(random))


@dtypes
@both
def test_clipping_by_norm_keeps_the_direction_and_what_is_short(xp, dtype):
    g = np.random.default_rng(0).normal(0, 3, 20).astype(dtype)
    norm = float(np.linalg.norm(g.astype(np.float64)))
    clipped = np.asarray(clip_by_norm(xp, xp.asarray(g), 0.7))
    assert clipped.dtype == dtype
    np.testing.assert_allclose(clipped, g * (0.7 / norm), rtol=5 * np.finfo(dtype).eps)
    assert np.asarray(clip_by_norm(xp, xp.asarray(g), 1.01 * norm)).tobytes() == g.tobytes()
    assert not np.asarray(clip_by_norm(xp, xp.zeros(3, dtype), 1.0)).any()


@dtypes
@both
def test_clipping_by_value_limits_each_entry(xp, dtype):
    g = np.array([-3, -0.5, 0, 0.5, 3, np.nan], dtype)
    clipped = np.asarray(clip_by_value(xp, xp.asarray(g), 1.0))
    assert clipped.dtype == dtype
    np.testing.assert_array_equal(clipped, np.array([-1, -0.5, 0, 0.5, 1, np.nan], dtype))
