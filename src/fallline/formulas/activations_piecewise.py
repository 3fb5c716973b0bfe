"""Activations made of pieces: the rectifiers, the hard limits, and the step."""

from __future__ import annotations

import math
from typing import Any

from .activation import Activation
from .checks import number
from .registry import Family
from .stable import constant_like, positive_part

__all__ = ["PIECEWISE"]

A = Any  # an array of the namespace xp

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def _flat(xp: A, h: A, o: A) -> A:
    return constant_like(xp, 0.0, o)


def _relu_slope(xp: A, h: A, o: A) -> A:
    return xp.where(o <= 0, xp.zeros_like(o), xp.where(o > 0, xp.ones_like(o), o))


def _leaky_relu(slope: float) -> Activation:
    def derivative(xp: A, h: A, o: A) -> A:
        return xp.where(h <= 0, xp.full_like(h, slope), constant_like(xp, 1.0, h))

    return Activation(
        "leaky_relu",
        f"max(z, 0) + {slope}*min(z, 0)",
        f=lambda xp, z: xp.where(z <= 0, slope * z, z),
        slope=derivative,
        curvature=lambda xp, h, o: constant_like(xp, 0.0, h),
        slope_from="net input",
        range=(-math.inf if slope else 0.0, math.inf),
        source="Maas, Hannun and Ng 2013",
        kinks=((0.0, slope),) if slope != 1 else (),
        start="he_normal",
    )


def _exponential_below(scale: float, alpha: float, **fields: Any) -> Activation:
    """Return scale · (z above 0, alpha (exp(z) − 1) below)."""
    below = scale * alpha

    def f(xp: A, z: A) -> A:
        low = z <= 0
        return xp.where(low, below * xp.expm1(xp.where(low, z, xp.zeros_like(z))), scale * z)

    def derivative(xp: A, h: A, above: float) -> A:
        low = h <= 0
        exp = below * xp.exp(xp.where(low, h, xp.zeros_like(h)))
        return xp.where(low, exp, constant_like(xp, above, h))

    return Activation(
        f=f,
        slope=lambda xp, h, o: derivative(xp, h, scale),
        curvature=lambda xp, h, o: derivative(xp, h, 0.0),
        slope_from="net input",
        range=(-below, math.inf),
        kinks=((0.0, below),) if alpha != 1 else (),
        **fields,
    )


def _elu(alpha: float) -> Activation:
    return _exponential_below(
        1.0,
        alpha,
        name="elu",
        text=f"max(z, 0) + {alpha}*(exp(min(z, 0)) - 1)",
        source="Clevert, Unterthiner and Hochreiter 2016, eq. 15",
        start="he_normal",
    )


def _hard_sigmoid(xp: A, z: A) -> A:
    inside = z / 6 + 0.5
    return xp.where(z <= -3, xp.zeros_like(z), xp.where(z >= 3, xp.ones_like(z), inside))


def _hard_sigmoid_slope(xp: A, h: A, o: A) -> A:
    return xp.where(xp.abs(h) >= 3, xp.zeros_like(h), constant_like(xp, 1 / 6, h))


def _hard_tanh(xp: A, z: A) -> A:
    return xp.where(z <= -1, -xp.ones_like(z), xp.where(z >= 1, xp.ones_like(z), z))


def _hard_tanh_slope(xp: A, h: A, o: A) -> A:
    return xp.where(xp.abs(o) >= 1, xp.zeros_like(o), constant_like(xp, 1.0, o))


PIECEWISE: list[Activation | Family[Activation]] = [
    Activation(
        "relu",
        "max(z, 0)",
        f=positive_part,
        slope=_relu_slope,
        curvature=_flat,
        slope_from="output",
        range=(0.0, math.inf),
        source="Nair and Hinton 2010",
        kinks=((0.0, 0.0),),
        start="he_normal",
    ),
    Family("leaky_relu", {"slope": number(0.01, least=0)}, _leaky_relu),
    Family("elu", {"alpha": number(1.0, above=0)}, _elu),
    _exponential_below(
        _SELU_SCALE,
        _SELU_ALPHA,
        name="selu",
        text=f"{_SELU_SCALE!r}*(max(z, 0) + {_SELU_ALPHA!r}*(exp(min(z, 0)) - 1))",
        source="Klambauer et al. 2017, eq. 2",
        start="lecun_normal",
    ),
    Activation(
        "hard_sigmoid",
        "max(min(z/6 + 1/2, 1), 0)",
        f=_hard_sigmoid,
        slope=_hard_sigmoid_slope,
        curvature=lambda xp, h, o: constant_like(xp, 0.0, h),
        slope_from="net input",
        range=(0.0, 1.0),
        source="Howard et al. 2019, section 5.2: slope 1/6",
        kinks=((-3.0, 0.0), (3.0, 0.0)),
    ),
    Activation(
        "hard_tanh",
        "max(min(z, 1), -1)",
        f=_hard_tanh,
        slope=_hard_tanh_slope,
        curvature=_flat,
        slope_from="output",
        range=(-1.0, 1.0),
        source="Collobert 2004",
        kinks=((-1.0, 0.0), (1.0, 0.0)),
    ),
    Activation(
        "step",
        "step(z)",
        f=lambda xp, z: xp.where(z < 0, xp.zeros_like(z), constant_like(xp, 1.0, z)),
        slope=_flat,
        curvature=_flat,
        slope_from="output",
        range=(0.0, 1.0),
        source="McCulloch and Pitts 1943: 1 from 0 upwards, else 0",
        kinks=((0.0, 0.0),),
        untrainable="its slope is 0 wherever it has one, so no error reaches the weights before it",
    ),
]
