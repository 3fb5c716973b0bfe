"""Penalties and schedules: rows of small tables against their own texts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from tests import witness

from fallline.formulas.penalties import PENALTIES, batch_share
from fallline.formulas.schedules import SCHEDULES

W = np.random.default_rng(0).normal(0, 2, 12)
every_penalty = pytest.mark.parametrize("row", PENALTIES.values(), ids=lambda row: row.name)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@every_penalty
def test_penalty_is_its_text(row, xp):
    w = sympy.Symbol("w", real=True)
    text = witness.expression(row.text, w=w)
    at = xp.asarray(W)
    for own, order in ((row.value, 0), (row.slope, 1), (row.curvature, 2)):
        expected = witness.on_rows((w,), sympy.diff(text, w, order))(W[:, None])
        np.testing.assert_allclose(own(xp, at), expected, rtol=1e-15)


@every_penalty
def test_jax_differentiates_a_penalty_to_its_slope(row):
    slope = jax.grad(lambda w: row.value(jnp, w).sum())(W)
    np.testing.assert_allclose(row.slope(np, W), slope, rtol=1e-15)
    difference = witness.central_differences(lambda w: row.value(np, w), W[:, None])
    np.testing.assert_allclose(row.slope(np, W), difference[:, 0, 0], rtol=1e-8)


@every_penalty
def test_penalty_keeps_float32_and_lets_nan_through(row):
    w = np.array([np.nan, 1.0], np.float32)
    for of in (row.value, row.slope):
        assert of(np, w).dtype == np.float32
        assert np.isnan(of(np, w)).tolist() == [True, False]


def test_shares_of_the_batches_add_up_for_sums_only():
    batches, total = [3.0, 4.0, 0.5], 7.5
    assert sum(batch_share("sum", b, total) for b in batches) == pytest.approx(1)
    assert [batch_share("mean", b, total) for b in batches] == [1, 1, 1]


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=lambda row: row.name)
def test_schedule_is_its_text(row):
    eta, t = sympy.symbols("eta t")
    text = witness.expression(row.text, eta=eta, t=t)
    for step in (0, 1, 2, 10, 1000):
        expected = float(text.subs({eta: 0.3, t: step}))
        assert row.rate(0.3, step) == pytest.approx(expected, rel=1e-15)
        assert row.rate(0.3, step) >= 0


def test_the_constant_schedule_changes_nothing():
    assert SCHEDULES["constant"].rate(0.1, 12345) == 0.1
