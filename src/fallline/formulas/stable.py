"""Functions of formulas, written so that nothing overflows, cancels or loses NaN on the way.

Each takes the array namespace ``xp`` first. Under automatic differentiation both branches of a
``where`` are computed, so the branch that is not taken gets a harmless argument.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

__all__ = [
    "constant_like",
    "excess",
    "limited",
    "log_cosh",
    "log_ratio",
    "logistic",
    "magnitude",
    "positive_part",
    "sech_squared",
    "softmax",
    "softplus",
    "special",
    "x_log_y",
    "x_over_y",
]

A = Any  # an array of the namespace xp


def special(xp: A) -> A:
    """Return SciPy's or JAX's special functions, whichever belong to `xp`."""
    owner = "scipy" if xp.__name__ == "numpy" else "jax.scipy"
    return importlib.import_module(f"{owner}.special")


def constant_like(xp: A, value: float, z: A) -> A:
    """Return an array of one value like `z`, with NaN where `z` has it."""
    return xp.where(z == z, xp.full_like(z, value), z)  # z != z: NaN


def positive_part(xp: A, z: A) -> A:
    """Return max(z, 0), whose derivative at 0 is 0."""
    # `z <= 0` and not `z > 0`: NaN must come through, and autodiff must give slope 0 at 0.
    return xp.where(z <= 0, xp.zeros_like(z), z)


def magnitude(xp: A, z: A) -> A:
    """Return |z|, whose derivative at 0 is 0; JAX takes 1 for that of its own."""
    return positive_part(xp, z) + positive_part(xp, -z)


def limited(xp: A, z: A, bound: float) -> A:
    """Return z within ±bound: for what has saturated there, so that no power of z overflows."""
    far = xp.where(z < 0, xp.full_like(z, -bound), xp.full_like(z, bound))
    return xp.where(xp.abs(z) > bound, far, z)


def logistic(xp: A, z: A) -> A:
    """Return 1/(1 + exp(−z))."""
    negative = z < 0
    e = xp.exp(xp.where(negative, z, -z))  # at most 1: no overflow in either branch
    return xp.where(negative, e, xp.ones_like(e)) / (1 + e)


def softmax(xp: A, z: A) -> A:
    """Return exp(z_i) / Σ exp(z_j) over the last axis."""
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def softplus(xp: A, z: A) -> A:
    """Return log(1 + exp(z))."""
    negative = z < 0
    return xp.where(negative, xp.zeros_like(z), z) + xp.log1p(xp.exp(xp.where(negative, z, -z)))


def log_cosh(xp: A, z: A) -> A:
    """Return log(cosh(z)): near 0 from sinh, as |z| − log 2 + log(1 + exp(−2|z|)) cancels there."""
    size = xp.abs(z)
    near = size < 1
    sinh = xp.sinh(xp.where(near, z, xp.zeros_like(z)))
    far = xp.where(near, xp.ones_like(size), size)
    return xp.where(near, xp.log1p(sinh * sinh) / 2, far + xp.log1p(xp.exp(-2 * far)) - math.log(2))


def sech_squared(xp: A, z: A) -> A:
    """Return 1/cosh(z)², which 1 − tanh(z)² loses where tanh saturates."""
    q = xp.exp(-2 * xp.abs(z))
    return 4 * q / ((1 + q) * (1 + q))


def x_log_y(xp: A, x: A, y: A) -> A:
    """Return x·log(y), where 0·log 0 = 0."""
    # The inner `where` keeps autodiff away from log 0. 0·y lets NaN through.
    absent = x == 0
    return xp.where(absent, 0 * y, x * xp.log(xp.where(absent, xp.ones_like(y), y)))


def x_over_y(xp: A, x: A, y: A) -> A:
    """Return x/y, where 0/0 = 0."""
    absent = x == 0
    return xp.where(absent, 0 * y, x / xp.where(absent, xp.ones_like(y), y))


def log_ratio(xp: A, x: A, y: A) -> A:
    """Return log(x/y) of positive numbers, to the last digits also where they are nearly equal."""
    away = (x - y) / y
    near = xp.abs(away) < 0.5
    ratio = xp.where(near, xp.ones_like(away), x / y)
    return xp.where(near, xp.log1p(xp.where(near, away, xp.zeros_like(away))), xp.log(ratio))


_TERMS = 20  # of the series: the first that is left out is below 1e-19 for |z| < 1


def excess(xp: A, z: A) -> A:
    """Return exp(z) − 1 − z ≥ 0, by its series near 0, where the difference cancels."""
    near = xp.abs(z) < 1
    small = xp.where(near, z, xp.zeros_like(z))
    series = xp.zeros_like(z)
    for k in range(_TERMS, 1, -1):
        series = (series * small + 1) / k  # Horner: 1/2! + z/3! + ... = (1 + (1 + ...) z/3)/2
    far = xp.where(near, xp.ones_like(z), z)
    return xp.where(near, series * small * small, xp.expm1(far) - far)
