"""Every row of the table of losses against SymPy, differences and automatic differentiation."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests import witness

from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES, Loss

WIDTH = 3
ROWS = list(LOSSES.values())
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


def examples(row: Loss, n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Return allowed targets, with 0s, 1s and what lies between, and predictions inside (0, 1)."""
    rng = np.random.default_rng(0)
    y, yhat = rng.uniform(0.02, 0.98, (2, n, WIDTH))
    if row.targets == "number":
        y = 4 * y - 2
    y[0], y[1], y[2] = 0, 1, (0, 0, 1)
    if row.targets == "distribution":
        y[0], y[1] = (1, 0, 0), (0.5, 0.5, 0)
        y /= y.sum(axis=1, keepdims=True)
    return y, yhat


class Computed(NamedTuple):
    """All that a row computes from targets and predictions (n, WIDTH)."""

    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


@functools.cache
def computer(name: str, xp):
    row = LOSSES[name]

    def compute(y, yhat):
        return Computed(row.value(xp, y, yhat), row.slope(xp, y, yhat), row.curvature(xp, y, yhat))

    return compute if xp is np else jax.jit(compute)


def computed(row: Loss, xp, y, yhat) -> Computed:
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        return Computed(*map(np.asarray, computer(row.name, xp)(y, yhat)))


@both
@every_row
def test_value_slope_and_curvature_are_those_of_the_text(row, xp):
    y, yhat = examples(row)
    own = computed(row, xp, y, yhat)
    ys, yhats, error = witness.loss(row.name, WIDTH)

    def text(order):
        derived = witness.derivatives(error, yhats, order)
        return witness.on_rows((*ys, *yhats), derived)(np.hstack([y, yhat]))

    np.testing.assert_allclose(own.value, text(0), rtol=4e-15)
    np.testing.assert_allclose(own.slope, text(1), rtol=4e-15, atol=1e-15)
    curvature = own.curvature[:, :, None] * np.eye(WIDTH)
    np.testing.assert_allclose(curvature, text(2), rtol=4e-15, atol=1e-15)


@every_row
def test_slope_and_curvature_are_central_differences(row):
    y, yhat = examples(row)
    own = computed(row, np, y, yhat)
    slope = witness.central_differences(lambda at: row.value(np, y, at), yhat)
    np.testing.assert_allclose(own.slope, slope, rtol=1e-6, atol=1e-8)
    curvature = witness.central_differences(lambda at: row.slope(np, y, at), yhat)
    expected = own.curvature[:, :, None] * np.eye(WIDTH)
    np.testing.assert_allclose(curvature, expected, rtol=1e-6, atol=1e-8)


@every_row
def test_jax_differentiates_the_value_to_slope_and_curvature(row):
    y, yhat = examples(row)
    own = computed(row, np, y, yhat)

    def value(target, at):
        return row.value(jnp, target[None], at[None])[0]

    slope = jax.jit(jax.vmap(jax.grad(value, 1)))(y, yhat)
    np.testing.assert_allclose(own.slope, slope, rtol=4e-15, atol=1e-15)
    curvature = jax.jit(jax.vmap(jax.hessian(value, 1)))(y, yhat)
    expected = own.curvature[:, :, None] * np.eye(WIDTH)
    np.testing.assert_allclose(curvature, expected, rtol=4e-14, atol=1e-15)


@both
@every_row
def test_a_certain_and_right_prediction_costs_nothing(row, xp):
    y = np.eye(WIDTH)
    own = computed(row, xp, y, y.copy())
    assert (own.value == 0).all()
    assert np.isfinite(own.slope).all()
    slope = jax.grad(lambda yhat: row.value(jnp, y, yhat).sum())(y.copy())
    np.testing.assert_array_equal(slope, own.slope)


@both
@every_row
def test_nan_comes_through_from_targets_and_predictions(row, xp):
    for place in (0, 1):
        arrays = examples(row)
        arrays[place][1, 2] = np.nan
        own = computed(row, xp, *arrays)
        assert np.isnan(own.value).nonzero()[0].tolist() == [1]
        assert np.argwhere(np.isnan(own.slope)).tolist() == [[1, 2]]


@every_row
def test_its_pairs_name_activations(row):
    assert set(row.pairs) <= set(ACTIVATIONS)
    assert not row.only_pairs or row.pairs


@both
@every_row
def test_float32_is_kept(row, xp):
    y, yhat = (array.astype(np.float32) for array in examples(row))
    own = computed(row, xp, y, yhat)
    assert {values.dtype.name for values in own} == {"float32"}
    wide = computed(row, np, y.astype(np.float64), yhat.astype(np.float64))
    for values, exact in zip(own, wide, strict=True):
        np.testing.assert_allclose(values, exact, rtol=1e-5, atol=1e-5)


def test_aliases_name_rows():
    assert LOSSES["categorical_cross_entropy"] is LOSSES["cross_entropy"]
    assert set(LOSSES.aliases.values()) <= set(LOSSES)
