"""Activations of whole groups of units: softmax, and those that make outputs fit for an error."""

from __future__ import annotations

import math
from typing import Any

from .activation import Activation
from .checks import whole
from .registry import Family
from .stable import constant_like, logistic, softmax, softplus

__all__ = ["JOINT"]

A = Any  # an array of the namespace xp


# --- softmax ------------------------------------------------------------------------------------


def _softmax_jacobian(xp: A, h: A, o: A) -> A:
    identity = xp.eye(o.shape[-1], dtype=o.dtype)
    return o[..., :, None] * (identity - o[..., None, :])


def _softmax_curvature(xp: A, h: A, o: A) -> A:
    identity = xp.eye(o.shape[-1], dtype=o.dtype)
    # ∂²o_j/∂h_i∂h_l = o_j [(δ_ij − o_i)(δ_lj − o_l) − o_i (δ_il − o_l)]
    away = identity - o[..., :, None]  # (n, i, j): δ_ij − o_i
    both = away[..., :, None, :] * away[..., None, :, :]
    own = _softmax_jacobian(xp, h, o)  # (n, i, l): o_i (δ_il − o_l)
    return o[..., None, None, :] * (both - own[..., :, :, None])


def _back_softmax(row: Activation, xp: A, h: A, o: A, upstream: A) -> A:
    return o * (upstream - xp.sum(upstream * o, axis=-1, keepdims=True))


# --- ordered: each unit of a group above the one before it ---------------------------------------


def _ordered(groups: int) -> Activation:
    """Return o_1 = h_1, o_j = o_(j-1) + softplus(h_j) in each of `groups` equal parts."""

    def f(xp: A, z: A) -> A:
        parts = _parts(z, groups)
        steps = xp.concatenate([parts[..., :1], softplus(xp, parts[..., 1:])], axis=-1)
        return xp.cumsum(steps, axis=-1).reshape(z.shape)

    def rises(xp: A, h: A) -> A:  # slopes of the steps, (n, width)
        parts = _parts(h, groups)
        first = constant_like(xp, 1.0, parts[..., :1])
        return xp.concatenate([first, logistic(xp, parts[..., 1:])], axis=-1).reshape(h.shape)

    def jacobian(xp: A, h: A, o: A) -> A:
        return rises(xp, h)[..., :, None] * _reaches(xp, h, groups)

    def curvature(xp: A, h: A, o: A) -> A:
        s = rises(xp, h)
        bends = s * (1 - s)
        diagonal = xp.eye(h.shape[-1], dtype=h.dtype) * bends[..., None, :]  # (n, i, l)
        return diagonal[..., None] * _reaches(xp, h, groups)[..., :, None, :]

    def back(row: Activation, xp: A, h: A, o: A, upstream: A) -> A:
        parts = _parts(upstream, groups)  # a unit moves itself and all that come after it
        after = xp.flip(xp.cumsum(xp.flip(parts, axis=-1), axis=-1), axis=-1)
        return rises(xp, h) * after.reshape(h.shape)

    return Activation(
        "ordered",
        "z_1 + sum_j_to_i(log(1 + exp(z_j)))",
        f=f,
        slope=jacobian,
        curvature=curvature,
        slope_from="net input",
        range=(-math.inf, math.inf),
        source="increments through softplus, so that quantiles never cross; "
        "Gasthaus et al. 2019, section 3",
        coupled=True,
        group=groups,
        pull_back=back,
    )


def _parts(values: A, groups: int) -> A:
    return values.reshape(*values.shape[:-1], groups, values.shape[-1] // groups)


def _reaches(xp: A, h: A, groups: int) -> A:
    """Return (1, i, j): 1 where unit i moves unit j, that is j = i or later in its group."""
    size = h.shape[-1] // groups
    upper = xp.triu(xp.ones((size, size), dtype=h.dtype))
    return xp.kron(xp.eye(groups, dtype=h.dtype), upper)[None]


# --- mean and variance ---------------------------------------------------------------------------


def _at_variances(xp: A, z: A, of_means: A, of_variances: A) -> A:
    return xp.where((xp.arange(z.shape[-1]) % 2 == 1)[None], of_variances, of_means)


def _mean_variance(xp: A, z: A) -> A:
    means = _at_variances(xp, z, xp.ones_like(z), xp.zeros_like(z))
    exp = xp.exp(xp.where(means > 0, xp.zeros_like(z), z))  # not of means, which may be large
    return _at_variances(xp, z, z, exp)


JOINT: list[Activation | Family[Activation]] = [
    Activation(
        "softmax",
        "exp(z_i)/sum_j(exp(z_j))",
        f=softmax,
        slope=_softmax_jacobian,
        curvature=_softmax_curvature,
        slope_from="output",
        range=(0.0, 1.0),
        source="Bridle 1990",
        coupled=True,
        fewest=2,
        pull_back=_back_softmax,
    ),
    Family("ordered", {"groups": whole(1, least=1)}, _ordered),
    Activation(
        "mean_variance",
        "z_1, exp(z_2)",
        f=_mean_variance,
        slope=lambda xp, h, o: _at_variances(xp, o, constant_like(xp, 1.0, o), o),
        curvature=lambda xp, h, o: _at_variances(xp, o, constant_like(xp, 0.0, o), o),
        slope_from="output",
        range=(-math.inf, math.inf),
        source="Nix and Weigend 1994: units in pairs, a mean and a variance",
        group=2,
    ),
]
