"""Every row of the table of losses against SymPy, differences and automatic differentiation."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests import witness

from fallline.errors import SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES, Loss

WIDTH = 3  # targets of a row
SET = [
    "sse(output_weights=[2.0, 0.0, 0.5])",
    "mae(output_weights=[2.0, 0.0, 0.5])",
    "huber(delta=0.25)",
    "huber(delta=0.25, output_weights=[1.0, 2.0, 3.0])",
    "quantile(levels=[0.9])",
    "quantile(levels=[0.1, 0.5, 0.75])",
    "quantile(levels=[0.1, 0.5], output_weights=[2.0, 0.0, 0.5])",
    "poisson(output_weights=[2.0, 0.0, 0.5])",
    "gaussian_likelihood(output_weights=[2.0, 0.0, 0.5])",
    "binary_cross_entropy(smoothing=0.1)",
    "binary_cross_entropy(smoothing=0.1, output_weights=[2.0, 0.0, 0.5])",
    "cross_entropy(smoothing=0.1)",
    "cross_entropy(smoothing=0.1, output_weights=[2.0, 0.0, 0.5])",
    "binary_cross_entropy(smoothing=0.1, output_weights=[2.0, 0.0, 0.5], clip=1e-06)",
    "cross_entropy(smoothing=0.1, output_weights=[2.0, 0.0, 0.5], clip=1e-06)",
]
"""Rows with other settings than the default ones; no example is so near to 0 as to be clipped."""
ROWS = [*LOSSES.values(), *(LOSSES[name] for name in SET)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


def examples(row: Loss, n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Return allowed targets, with 0s, 1s and what lies between, and predictions inside (0, 1)."""
    rng = np.random.default_rng(0)
    y = rng.uniform(0.02, 0.98, (n, WIDTH))
    yhat = rng.uniform(0.02, 0.98, (n, WIDTH * row.outputs_each))
    if row.targets == "number":
        y = 4 * y - 2
    if row.targets == "sign":
        y = np.where(y < 0.5, -1.0, 1.0)
        yhat = 3 * yhat - 1.5
    if row.targets == "nonnegative":
        y = np.round(5 * y)
    y[0], y[1], y[2] = {"sign": -1, "positive": 3}.get(row.targets, 0), 1, (1, 1, 1)
    if row.targets in ("number", "probability"):
        y[2] = (0, 0, 1)
    if row.targets == "distribution":
        y[0], y[1] = (1, 0, 0), (0.5, 0.5, 0)
        y /= y.sum(axis=1, keepdims=True)
    return y, yhat


def full(row: Loss, curvature: np.ndarray) -> np.ndarray:
    """Return curvatures (n, k, k): where only a diagonal is given, the rest is 0."""
    if curvature.ndim == 3:
        return curvature
    return curvature[:, :, None] * np.eye(curvature.shape[1])


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


@functools.cache
def of_text(name: str) -> list[np.ndarray]:
    """Return e and its first and second slopes at the examples, by SymPy from the text."""
    y, yhat = examples(LOSSES[name])
    ys, yhats, error = witness.loss(name, yhat.shape[1])
    return [
        witness.on_rows((*ys, *yhats), witness.derivatives(error, yhats, order))(
            np.hstack([y, yhat])
        )
        for order in range(3)
    ]


@both
@every_row
def test_value_slope_and_curvature_are_those_of_the_text(row, xp):
    own, (value, slope, curvature) = computed(row, xp, *examples(row)), of_text(row.name)
    np.testing.assert_allclose(own.value, value, rtol=8e-15, atol=1e-18)
    np.testing.assert_allclose(own.slope, slope, rtol=8e-15, atol=1e-15)
    np.testing.assert_allclose(full(row, own.curvature), curvature, rtol=8e-15, atol=1e-15)


@every_row
def test_slope_and_curvature_are_central_differences(row):
    y, yhat = examples(row)
    own = computed(row, np, y, yhat)
    slope = witness.central_differences(lambda at: row.value(np, y, at), yhat)
    np.testing.assert_allclose(own.slope, slope, rtol=1e-6, atol=1e-8)
    curvature = witness.central_differences(lambda at: row.slope(np, y, at), yhat)
    expected = full(row, own.curvature)
    np.testing.assert_allclose(curvature, expected, rtol=1e-6, atol=1e-8)


@every_row
def test_jax_differentiates_the_value_to_slope_and_curvature(row):
    y, yhat = examples(row)
    own = computed(row, np, y, yhat)

    def value(target, at):
        return row.value(jnp, target[None], at[None])[0]

    derived = jax.vmap(lambda t, z: (jax.grad(value, 1)(t, z), jax.hessian(value, 1)(t, z)))
    slope, curvature = witness.compiled(derived)(y, yhat)
    np.testing.assert_allclose(own.slope, slope, rtol=4e-14, atol=1e-15)
    expected = full(row, own.curvature)
    np.testing.assert_allclose(curvature, expected, rtol=4e-14, atol=1e-15)


def right(row: Loss) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and the predictions that cost least."""
    y = np.eye(WIDTH)
    if row.targets == "sign":
        y = 2 * y - 1
    if row.outputs == ("exp",):
        y = y + 1  # a mean of 0 is a limit
    return y, np.repeat(y, row.outputs_each, axis=1)


LEAST_IS_0 = [
    row for row in ROWS if row.family != "gaussian_likelihood" and not row.settings.get("smoothing")
]


@pytest.mark.parametrize("row", LEAST_IS_0, ids=lambda row: row.name)
@both
def test_a_certain_and_right_prediction_costs_nothing(row, xp):
    y, yhat = right(row)
    own = computed(row, xp, y, yhat)
    assert (own.value == 0).all()
    assert np.isfinite(own.slope).all()
    slope = jax.grad(lambda at: row.value(jnp, y, at).sum())(yhat)
    np.testing.assert_array_equal(slope, own.slope)


@pytest.mark.parametrize("row", [row for row in ROWS if row.kink], ids=lambda row: row.name)
def test_the_slope_at_a_kink_is_0(row):
    y, yhat = right(row)
    kink = witness.expression(row.kink, y=1.0, yhat=1.0)
    assert float(kink) == 0
    assert not computed(row, np, y, yhat).slope.any()
    assert not np.asarray(jax.grad(lambda at: row.value(jnp, y, at).sum())(yhat)).any()


@both
@every_row
def test_nan_comes_through_from_targets_and_predictions(row, xp):
    free = LOSSES[row.family]  # a weight of 0 hides nothing, but 0·NaN is looked for by place
    for place in (0, 1):
        arrays = examples(free)
        arrays[place][4, -1] = np.nan
        own = computed(free, xp, *arrays)
        assert np.isnan(own.value).nonzero()[0].tolist() == [4]
        found = np.argwhere(np.isnan(own.slope))
        assert set(found[:, 0]) == {4}
        spoiled = arrays[1].shape[1] // WIDTH
        assert set(found[:, 1]) <= set(range(arrays[1].shape[1] - spoiled, arrays[1].shape[1]))
        assert arrays[1].shape[1] - 1 in found[:, 1]


FAR = [-1e200, -1e3, 0.0, 1e3, 1e200]


@pytest.mark.parametrize("name", ["mae", "huber", "log_cosh", "quantile", "hinge"])
@both
def test_far_out_nothing_overflows(name, xp):
    row = LOSSES[name]
    yhat = np.array(FAR)[:, None]
    y = np.ones_like(yhat)
    with np.errstate(all="raise", under="ignore"):
        own = computed(row, xp, y, yhat)
    assert all(np.isfinite(values).all() for values in own)


@pytest.mark.parametrize("name", ["log_cosh", "poisson", "gamma"])
def test_near_the_target_no_digit_is_lost(name):
    """These are about half a square there, although their texts are differences."""
    row = LOSSES[name]
    for away in (1e-3, 1e-6, 1e-9):
        y = np.array([[3.0]])
        yhat = y + away
        ys, yhats, error = witness.loss(name, 1)
        exact = witness.on_rows((*ys, *yhats), error)(np.hstack([y, yhat]))
        np.testing.assert_allclose(row.value(np, y, yhat), exact, rtol=1e-14)


@every_row
def test_its_pairs_name_activations(row):
    assert {*row.pairs, *row.outputs} <= set(ACTIVATIONS)
    assert not row.pairs or set(row.pairs) == set(row.outputs)


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


def test_weights_of_outputs_are_weights_in_the_sum():
    y, yhat = examples(LOSSES["squared_error"])
    weighted = LOSSES["squared_error(output_weights=[2, 0, 0.5])"]
    alone = [LOSSES["sse"].value(np, y[:, [j]], yhat[:, [j]]) for j in range(WIDTH)]
    np.testing.assert_allclose(
        weighted.value(np, y, yhat), 2 * alone[0] + 0.5 * alone[2], rtol=1e-14
    )


def test_half_the_quantile_of_one_half_is_the_absolute_error():
    y, yhat = examples(LOSSES["mae"])
    half = LOSSES["quantile"].value(np, y, yhat)
    np.testing.assert_allclose(2 * half, LOSSES["mae"].value(np, y, yhat), rtol=1e-14)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_a_quantile_error_is_least_at_the_quantile(level):
    """Of 1000 numbers, the constant with the least error has that share of them below it."""
    y = np.random.default_rng(0).normal(size=(1000, 1))
    row = LOSSES[f"quantile(levels=[{level}])"]
    grid = np.sort(y[:, 0])
    errors = [row.value(np, y, np.full_like(y, at)).mean() for at in grid]
    assert np.mean(y < grid[int(np.argmin(errors))]) == pytest.approx(level, abs=2e-3)


BAD = {
    "huber": ["delta=0", "delta=-1", "delta='a'", "delta=None", "delta=True", "dleta=1"],
    "quantile": ["levels=[]", "levels=[0]", "levels=[1.0]", "levels=[0.5, 0.1]", "levels=[.5,.5]"],
    "cross_entropy": ["smoothing=1", "smoothing=-0.1", "output_weights=[0, 0]", "clip=-1e-9"],
    "binary_cross_entropy": ["clip=0.5", "clip='a'"],
    "sse": ["output_weights=[-1]", "output_weights=[]", "output_weights='ab'", "delta=1"],
}


@pytest.mark.parametrize(("name", "inside"), [(n, one) for n, all_ in BAD.items() for one in all_])
def test_settings_that_cannot_be_are_refused(name, inside):
    with pytest.raises(SpecError, match=inside.partition("=")[0]):
        LOSSES[f"{name}({inside})"]
