"""Activations: the output o = f(h) of a unit with net input h, its slope f' and curvature f''.

Adding an activation is adding a row to ``ACTIVATIONS``; the tests over the table then check it
against SymPy, central differences and automatic differentiation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .registry import Registry

__all__ = ["ACTIVATIONS", "Activation"]

A = Any  # an array of the namespace xp


def _back_elementwise(row: Activation, xp: A, h: A, o: A, upstream: A) -> A:
    return upstream * row.slope(xp, h, o)


@dataclass(frozen=True)
class Activation:
    """One activation: a row of ``ACTIVATIONS``.

    Attributes
    ----------
    name
        The name that users write.
    text
        f as a formula in z (the net input); z_i and z_j where units are coupled.
    f
        ``f(xp, h) -> o``; h and o have shape (n, width).
    slope
        ``slope(xp, h, o) -> f'``, (n, width); for coupled units the Jacobian ∂o_j/∂h_i as
        (n, i, j).
    curvature
        ``curvature(xp, h, o) -> f''``, (n, width); for coupled units ∂²o_j/∂h_i∂h_l as
        (n, i, l, j).
    slope_from
        ``"output"`` where slope and curvature need o only (h may be None), else ``"net input"``.
    range
        Infimum and supremum of f.
    kinks
        Pairs (z, f'(z)) where f has no derivative and a slope was chosen.
    coupled
        Whether one unit's output depends on its layer's other net inputs, as softmax's does.
    start
        The scheme of start weights made for this activation.
    pull_back
        ``pull_back(row, xp, h, o, upstream) -> ∂E/∂h`` from upstream = ∂E/∂o.
    """

    name: str
    text: str
    f: Callable[[A, A], A]
    slope: Callable[[A, A, A], A]
    curvature: Callable[[A, A, A], A]
    slope_from: Literal["output", "net input"]
    range: tuple[float, float]
    kinks: tuple[tuple[float, float], ...] = ()
    coupled: bool = False
    start: str = "glorot_uniform"
    pull_back: Callable[[Activation, A, A, A, A], A] = _back_elementwise

    def back(self, xp: A, h: A, o: A, upstream: A) -> A:
        """Return ∂E/∂h (n, width) from ∂E/∂o: the chain rule through this activation."""
        return self.pull_back(self, xp, h, o, upstream)


def _relu(xp: A, z: A) -> A:
    # `z <= 0` and not `z > 0`: NaN must come through, and autodiff must give slope 0 at 0.
    return xp.where(z <= 0, xp.zeros_like(z), z)


def _relu_slope(xp: A, h: A, o: A) -> A:
    return xp.where(o <= 0, xp.zeros_like(o), xp.where(o > 0, xp.ones_like(o), o))


def _logistic(xp: A, z: A) -> A:
    negative = z < 0
    e = xp.exp(xp.where(negative, z, -z))  # at most 1: no overflow in either branch
    return xp.where(negative, e, xp.ones_like(e)) / (1 + e)


def _softmax(xp: A, z: A) -> A:
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


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


ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    [
        Activation(
            "identity",
            "z",
            f=lambda xp, z: z,
            slope=lambda xp, h, o: xp.where(o == o, xp.ones_like(o), o),  # o != o: NaN
            curvature=lambda xp, h, o: xp.where(o == o, xp.zeros_like(o), o),
            slope_from="output",
            range=(-math.inf, math.inf),
        ),
        Activation(
            "relu",
            "max(z, 0)",
            f=_relu,
            slope=_relu_slope,
            curvature=lambda xp, h, o: xp.where(o == o, xp.zeros_like(o), o),
            slope_from="output",
            range=(0.0, math.inf),
            kinks=((0.0, 0.0),),
            start="he_normal",
        ),
        Activation(
            "logistic",
            "1/(1 + exp(-z))",
            f=_logistic,
            slope=lambda xp, h, o: o * (1 - o),
            curvature=lambda xp, h, o: o * (1 - o) * (1 - 2 * o),
            slope_from="output",
            range=(0.0, 1.0),
        ),
        Activation(
            "tanh",
            "tanh(z)",
            f=lambda xp, z: xp.tanh(z),
            slope=lambda xp, h, o: 1 - o * o,
            curvature=lambda xp, h, o: -2 * o * (1 - o * o),
            slope_from="output",
            range=(-1.0, 1.0),
        ),
        Activation(
            "softmax",
            "exp(z_i)/sum_j(exp(z_j))",
            f=_softmax,
            slope=_softmax_jacobian,
            curvature=_softmax_curvature,
            slope_from="output",
            range=(0.0, 1.0),
            coupled=True,
            pull_back=_back_softmax,
        ),
    ],
    aliases={"sigmoid": "logistic", "linear": "identity"},
)
