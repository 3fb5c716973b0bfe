"""Every row of the table of activations against SymPy, differences and autodiff."""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests import witness

from fallline.formulas.activations import ACTIVATIONS, Activation
from fallline.formulas.initializers import INITIALIZERS

WIDTH = 4  # a multiple of every group
SET = [
    "leaky_relu(slope=0.2)",
    "leaky_relu(slope=0.0)",
    "leaky_relu(slope=1.0)",
    "elu(alpha=0.5)",
    "ordered(groups=2)",
    "ordered(groups=4)",
]
"""Rows with other settings than the default ones."""
ROWS = [*ACTIVATIONS.values(), *(ACTIVATIONS[name] for name in SET)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])

# Net inputs (n, WIDTH): small and moderate, none at a kink.
H = np.random.default_rng(0).normal(0, 2, (7, WIDTH)) + 1e-3
FAR = np.array(
    [
        [1e3, -1e3, 0.5, 20.0],
        [-1e3, -1e3, 1e3, -30.0],
        [1e3, 1e3, 1e3, 1e3],
        [0.0, 1.25, -1e3, -700.0],
    ]
)
OVERFLOWS = {"exp", "mean_variance"}  # their own values do, from 710 on


def far(row: Activation) -> np.ndarray:
    return FAR / 2 if row.family in OVERFLOWS else FAR


@pytest.fixture(autouse=True)
def strict_jax():
    with jax.numpy_dtype_promotion("strict"):
        yield


def widened(row: Activation, values: np.ndarray, order: int) -> np.ndarray:
    """Return elementwise derivatives as the full array that coupled units have: 0 elsewhere."""
    if row.coupled:
        return np.asarray(values)
    full = np.zeros((*values.shape, *[WIDTH] * order))
    for j in range(WIDTH):
        full[(slice(None), *[j] * (order + 1))] = values[:, j]
    return full


class Computed(NamedTuple):
    """All that a row computes, from net inputs and an upstream slope, each (n, WIDTH)."""

    o: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    back: np.ndarray


@functools.cache
def computer(row: Activation, xp):
    def compute(h, upstream):
        o = row.f(xp, h)
        derived = row.slope(xp, h, o), row.curvature(xp, h, o), row.back(xp, h, o, upstream)
        return Computed(o, *derived)

    return compute if xp is np else jax.jit(compute)


def computed(row: Activation, xp, h, upstream=H) -> Computed:
    return Computed(*map(np.asarray, computer(row, xp)(h, upstream)))


@functools.cache
def of_text(name: str) -> list[np.ndarray]:
    """Return f and its first and second slopes at H, by SymPy from the text."""
    z, outputs = witness.activation(name, WIDTH)
    made = (
        witness.on_rows(z, [witness.derivatives(out, z, order) for out in outputs])(H)
        for order in range(3)
    )
    return [np.moveaxis(one, 1, -1) for one in made]  # (n, inputs..., j) in the table


@both
@every_row
def test_value_slope_and_curvature_are_those_of_the_text(row, xp):
    own, (o, slope, curvature) = computed(row, xp, H), of_text(row.name)
    np.testing.assert_allclose(own.o, o, rtol=2e-15, atol=1e-18)
    np.testing.assert_allclose(widened(row, own.slope, 1), slope, rtol=1e-14, atol=4e-16)
    np.testing.assert_allclose(widened(row, own.curvature, 2), curvature, rtol=1e-14, atol=8e-16)


@every_row
def test_slope_and_curvature_are_central_differences(row):
    own = computed(row, np, H)
    slopes = witness.central_differences(lambda h: row.f(np, h), H)  # (n, j, i)
    np.testing.assert_allclose(
        widened(row, own.slope, 1), np.moveaxis(slopes, 1, -1), rtol=1e-8, atol=1e-9
    )
    bends = witness.central_differences(lambda h: widened(row, computed(row, np, h).slope, 1), H)
    np.testing.assert_allclose(
        widened(row, own.curvature, 2), np.moveaxis(bends, -1, 2), rtol=1e-8, atol=1e-9
    )


@every_row
def test_jax_differentiates_f_to_the_rows_slope_and_curvature(row):
    def one(z):
        return row.f(jnp, z[None])[0]

    at = np.vstack([H, far(row)])
    own = computed(row, np, at, at)
    derived = jax.vmap(lambda z: (jax.jacrev(one)(z), jax.hessian(one)(z)))
    slopes, bends = witness.compiled(derived)(at)
    np.testing.assert_allclose(  # (n, j, i) from JAX, (n, i, j) in the table
        widened(row, own.slope, 1), np.moveaxis(slopes, 1, -1), rtol=1e-14, atol=4e-16
    )
    np.testing.assert_allclose(
        widened(row, own.curvature, 2), np.moveaxis(bends, 1, -1), rtol=1e-13, atol=8e-16
    )


@pytest.mark.parametrize(
    ("row", "z", "slope"), [(row, *kink) for row in ROWS for kink in row.kinks]
)
def test_kinks_have_the_stated_slope(row, z, slope):
    at = np.full((1, WIDTH), z)
    assert (row.slope(np, at, row.f(np, at)) == slope).all()
    assert (computed(row, jnp, at, at).slope == slope).all()
    assert (jax.grad(lambda h: row.f(jnp, h).sum())(at) == slope).all()


@pytest.mark.parametrize("row", [row for row in ROWS if not row.coupled], ids=lambda row: row.name)
def test_kinks_are_all_listed(row):
    """A slope that jumps between neighbours of a fine grid, more than f'' explains, is a kink."""
    grid = np.linspace(-8, 8, 16001)[:, None]  # 0 and the whole numbers are on it
    o = row.f(np, grid)
    slopes, bends = row.slope(np, grid, o)[:, 0], np.abs(row.curvature(np, grid, o)[:, 0])
    explained = 1.1e-3 * np.maximum(bends[1:], bends[:-1])
    jumps = set(np.flatnonzero(np.abs(np.diff(slopes)) > 0.01 + explained))
    near = {int(i) for z, _ in row.kinks for i in np.flatnonzero(np.abs(grid[:, 0] - z) < 1.5e-3)}
    assert jumps <= near


@both
@every_row
def test_far_from_zero_nothing_overflows(row, xp):
    with np.errstate(all="raise", under="ignore"):
        own = computed(row, xp, far(row), far(row))
    assert all(np.isfinite(values).all() for values in own)


@every_row
def test_range_is_held_and_reached(row):
    fine = np.linspace(-3, 3, 60_001)[:, None].repeat(WIDTH, 1)  # where smooth ones turn
    wide = np.vstack([H, far(row), fine, np.random.default_rng(1).normal(0, 30, (200, WIDTH))])
    o = row.f(np, wide)
    for bound, extreme in zip(row.range, (o.min(), o.max()), strict=True):
        if math.isinf(bound):
            assert extreme * math.copysign(1, bound) >= 20 * row.settings.get("slope", 1)
        else:
            assert extreme == pytest.approx(bound, abs=1e-9)
    assert row.range[0] - 1e-16 <= o.min() and o.max() <= row.range[1]


@both
@every_row
def test_nan_comes_through(row, xp):
    h = H.copy()
    h[1, 2] = np.nan
    for values in computed(row, xp, h, np.ones_like(h)):
        assert np.isfinite(values[0]).all()
        assert np.isnan(values[1]).any() if row.coupled else np.isnan(values[1, 2])


@every_row
def test_output_alone_gives_the_slope_where_the_row_says_so(row):
    o = row.f(np, H)
    if row.slope_from == "output":
        np.testing.assert_array_equal(row.slope(np, None, o), row.slope(np, H, o))
        np.testing.assert_array_equal(row.curvature(np, None, o), row.curvature(np, H, o))
    else:
        with pytest.raises((TypeError, AttributeError, ValueError)):
            row.slope(np, None, o)


@both
@every_row
def test_back_is_the_chain_rule(row, xp):
    upstream = np.random.default_rng(2).normal(size=H.shape)
    own = computed(row, xp, H, upstream)
    expected = np.einsum("nij,nj->ni", widened(row, own.slope, 1), upstream)
    np.testing.assert_allclose(own.back, expected, rtol=1e-13, atol=1e-15)


@both
@every_row
def test_float32_is_kept(row, xp):
    h = H.astype(np.float32)
    own = computer(row, xp)(h, h)
    assert {values.dtype.name for values in own} == {"float32"}
    for values, exact in zip(own, computed(row, np, h.astype(np.float64), h), strict=True):
        np.testing.assert_allclose(values, exact, rtol=1e-5, atol=1e-6)


@every_row
def test_values_and_back_need_no_rank_promotion(row):
    with jax.numpy_rank_promotion("raise"):
        shapes = jax.eval_shape(lambda h: row.back(jnp, h, row.f(jnp, h), h), H)
    assert shapes.shape == H.shape


@every_row
def test_its_start_scheme_is_in_the_table(row):
    assert row.start in INITIALIZERS
