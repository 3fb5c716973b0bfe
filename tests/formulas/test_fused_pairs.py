"""Every fused pair of loss and output activation: the same function, safe where units saturate."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
from tests import witness
from tests.formulas.test_losses import SET, WIDTH, examples, full

from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES, FusedPair

PAIRS = [(loss, name) for loss in [*LOSSES, *SET] for name in LOSSES[loss].pairs]
every_pair = pytest.mark.parametrize(("loss", "activation"), PAIRS)
every_unclipped_pair = pytest.mark.parametrize(
    ("loss", "activation"), [p for p in PAIRS if not LOSSES[p[0]].settings.get("clip")]
)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])

LEVELS = (-1e3, -40.0, -1.0, 0.0, 30.0, 40.0, 1e3)
GROWING = {"exp", "mean_variance"}  # whose own values overflow from 710 on
EPS = np.finfo(float).eps


def net_inputs(loss: str, n: int = 9) -> np.ndarray:
    """Return net inputs (n, k) of the outputs, as many rows as `examples` gives."""
    width = WIDTH * LOSSES[loss].outputs_each
    return np.random.default_rng(3).normal(0, 2, (n, width))


class Computed(NamedTuple):
    """All that a pair computes from targets and net inputs (n, WIDTH)."""

    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


@functools.cache
def computer(loss: str, activation: str, xp):
    pair: FusedPair = LOSSES[loss].pairs[activation]

    def compute(y, h):
        o = ACTIVATIONS[activation].f(xp, h)
        return Computed(pair.value(xp, y, h), pair.slope(xp, y, h, o), pair.curvature(xp, y, h, o))

    return compute if xp is np else jax.jit(compute)


def computed(loss: str, activation: str, xp, y, h) -> Computed:
    with jax.numpy_dtype_promotion("strict"):
        own = Computed(*map(np.asarray, computer(loss, activation, xp)(y, h)))
    return own._replace(curvature=full(LOSSES[loss], own.curvature))


def exact(loss: str, activation: str, y, h) -> Computed:
    """Return the composition of the two texts, computed with 900 digits."""
    with mpmath.workdps(900):
        return Computed(*(of(np.hstack([y, h])) for of in _functions(loss, activation, h.shape[1])))


@functools.cache
def _functions(loss: str, activation: str, width: int) -> list:
    y, z, error = witness.composed(loss, activation, width)
    return [witness.on_rows((*y, *z), witness.derivatives(error, z, order)) for order in (0, 1, 2)]


@both
@every_pair
def test_it_is_the_composition_of_its_two_rows(loss, activation, xp):
    y, h = examples(LOSSES[loss])[0], net_inputs(loss)
    own, o = computed(loss, activation, xp, y, h), ACTIVATIONS[activation].f(np, h)
    np.testing.assert_allclose(own.value, LOSSES[loss].value(np, y, o), rtol=1e-13)
    slope = ACTIVATIONS[activation].back(np, h, o, LOSSES[loss].slope(np, y, o))
    np.testing.assert_allclose(own.slope, slope, rtol=1e-12, atol=1e-14)


@every_unclipped_pair
def test_jax_differentiates_its_value_to_slope_and_curvature(loss, activation):
    pair = LOSSES[loss].pairs[activation]
    targets = examples(LOSSES[loss])[0]
    ties = np.array([[2.0, 2.0, 2.0], [1.0, 1.0, 0.0]])  # no derivative of max, yet of the error
    far = np.array([[1e3, -1e3, 0.0], [40.0, -40.0, 0.0]]) / (4 if activation in GROWING else 1)
    special = np.vstack([ties, far]).repeat(LOSSES[loss].outputs_each, axis=1)
    h, y = np.vstack([net_inputs(loss), special]), np.vstack([targets, targets[2:6]])

    def value(target, z):
        return pair.value(jnp, target[None], z[None])[0]

    slope, curvature = witness.compiled(
        jax.vmap(lambda t, z: (jax.grad(value, 1)(t, z), jax.hessian(value, 1)(t, z)))
    )(y, h)
    own = computed(loss, activation, np, y, h)
    np.testing.assert_allclose(own.slope, slope, rtol=1e-12, atol=2 * EPS)
    np.testing.assert_allclose(own.curvature, curvature, rtol=1e-12, atol=2 * EPS)


@every_unclipped_pair
def test_it_is_right_where_units_saturate(loss, activation):
    """The value to its last digits; the slope o − y to those of its larger part."""
    targets = examples(LOSSES[loss])[0][:4]
    if ACTIVATIONS[activation].coupled:
        grid = np.array(np.meshgrid(LEVELS[1:], (-1e3, 1.0, 40.0), [0.5])).reshape(WIDTH, -1).T
    else:
        width = WIDTH * LOSSES[loss].outputs_each
        grid = np.array(LEVELS).repeat(width).reshape(-1, width)
    if activation in GROWING:
        grid = grid / 4
    y, h = np.repeat(targets, len(grid), axis=0), np.tile(grid, (len(targets), 1))
    right = exact(loss, activation, y, h)
    tiny = np.finfo(float).tiny  # below it float64 has fewer digits
    for xp in (np, jnp):
        with np.errstate(all="raise", under="ignore"):
            own = computed(loss, activation, xp, y, h)
        digits = 1e-13 if activation in GROWING else 1e-14  # exp(h) has the error of h, times h
        np.testing.assert_allclose(own.value, right.value, rtol=digits, atol=tiny)
        np.testing.assert_allclose(own.slope, right.slope, rtol=1e-12, atol=2 * EPS)
        np.testing.assert_allclose(own.curvature, right.curvature, rtol=1e-12, atol=2 * EPS)


@both
@every_pair
def test_nan_comes_through(loss, activation, xp):
    y, h = examples(LOSSES[loss])[0], net_inputs(loss)
    h[4, -1] = np.nan
    own = computed(loss, activation, xp, y, h)
    assert np.isnan(own.value).nonzero()[0].tolist() == [4]
    assert np.isnan(own.slope[4, -1]) and np.isfinite(own.slope[3]).all()


@both
@every_pair
def test_float32_is_kept(loss, activation, xp):
    y, h = (array.astype(np.float32) for array in (examples(LOSSES[loss])[0], net_inputs(loss)))
    own = computer(loss, activation, xp)(y, h)
    assert {values.dtype.name for values in own} == {"float32"}
    np.testing.assert_allclose(own.value, computer(loss, activation, np)(y, h)[0], rtol=2e-6)


@pytest.mark.parametrize(("loss", "activation"), [p for p in PAIRS if "smoothing" not in p[0]])
def test_the_slope_of_a_confident_right_unit_keeps_its_digits(loss, activation):
    """As the value does: o − y would cancel to a multiple of 1e-16, or to 0."""
    if activation not in ("logistic", "softmax"):
        return
    y = np.eye(WIDTH)
    h = np.where(y == 1, 37.5, -3.5) if activation == "softmax" else np.where(y == 1, 40.0, -40.0)
    own, right = computed(loss, activation, np, y, h), exact(loss, activation, y, h)
    assert (np.abs(own.slope) < 1e-14).all() and own.slope.all()
    np.testing.assert_allclose(own.slope, right.slope, rtol=1e-14)


def test_logistic_and_softmax_agree_on_two_classes():
    """P(second) = σ(h) is softmax over (0, h): two pairs, one error."""
    h = np.array(LEVELS)[:, None]
    for y in (0.0, 1.0, 0.3):
        target = np.full_like(h, y)
        two_targets, two_inputs = np.hstack([1 - target, target]), np.hstack([0 * h, h])
        one = LOSSES["binary_cross_entropy"].pairs["logistic"].value(np, target, h)
        two = LOSSES["cross_entropy"].pairs["softmax"].value(np, two_targets, two_inputs)
        np.testing.assert_allclose(two, one, rtol=1e-14)


def test_a_pair_knows_its_exact_value_far_out():
    """e = log(1 + exp(-40)) for a confident and right unit, 1000 for one that is as wrong."""
    value = LOSSES["binary_cross_entropy"].pairs["logistic"].value
    error = value(np, np.array([[1.0], [0.0]]), np.array([[40.0], [1000.0]]))
    assert error.tolist() == [float(sympy.log(1 + sympy.exp(-40)).evalf(30)), 1000.0]
