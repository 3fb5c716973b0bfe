"""Smooth activations of one unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .activation import Activation
from .registry import Family
from .stable import constant_like, limited, logistic, sech_squared, softplus, special

__all__ = ["SMOOTH"]

A = Any  # an array of the namespace xp
Function = Callable[[A, A], A]

_FAR = 1000.0  # exp(-z) and exp(-z**2) are 0 from here on in both float types


# --- z times a logistic function of v(z): silu and gelu_tanh -----------------------------------


def _gated(v: Function, dv: Function, ddv: Function, **fields: Any) -> Activation:
    """Return z σ(v(z)), from v, v' and v''."""

    def gate(xp: A, z: A) -> tuple[A, A, A]:
        """Return σ(v), its slope and its curvature in z."""
        near = limited(xp, z, _FAR)
        s, away = logistic(xp, v(xp, near)), logistic(xp, -v(xp, near))
        bend = s * away * ((away - s) * dv(xp, near) ** 2 + ddv(xp, near))
        return s, s * away * dv(xp, near), bend

    def slope(xp: A, h: A, o: A) -> A:
        s, ds, _ = gate(xp, h)
        return s + h * ds

    def curvature(xp: A, h: A, o: A) -> A:
        _, ds, dds = gate(xp, h)
        return 2 * ds + h * dds

    return Activation(
        f=lambda xp, z: z * logistic(xp, v(xp, limited(xp, z, _FAR))),
        slope=slope,
        curvature=curvature,
        slope_from="net input",
        **fields,
    )


_C = 2 * math.sqrt(2 / math.pi)  # 1 + tanh(u) = 2σ(2u), which does not cancel
_CUBIC = 0.044715


# --- gelu and mish ------------------------------------------------------------------------------


def _normal_cdf(xp: A, z: A) -> A:
    return special(xp).erfc(z * -math.sqrt(0.5)) / 2  # 1 + erf would cancel below 0


def _normal_pdf(xp: A, z: A) -> A:
    near = limited(xp, z, _FAR)
    return xp.exp(near * near / -2) / math.sqrt(2 * math.pi)


def _gelu_curvature(xp: A, h: A, o: A) -> A:
    near = limited(xp, h, _FAR)
    return _normal_pdf(xp, h) * (2 - near * near)


def _mish_slope(xp: A, h: A, o: A) -> A:
    s = softplus(xp, h)
    return xp.tanh(s) + h * logistic(xp, h) * sech_squared(xp, s)


def _mish_curvature(xp: A, h: A, o: A) -> A:
    s, up, down = softplus(xp, h), logistic(xp, h), logistic(xp, -h)
    return up * sech_squared(xp, s) * (2 + h * (down - 2 * xp.tanh(s) * up))


# --- the table ----------------------------------------------------------------------------------


def _gaussian(xp: A, z: A) -> A:
    near = limited(xp, z, _FAR)
    return xp.exp(-near * near)


def _gaussian_curvature(xp: A, h: A, o: A) -> A:
    near = limited(xp, h, _FAR)
    return (4 * near * near - 2) * o


SMOOTH: list[Activation | Family[Activation]] = [
    Activation(
        "identity",
        "z",
        f=lambda xp, z: z,
        slope=lambda xp, h, o: constant_like(xp, 1.0, o),
        curvature=lambda xp, h, o: constant_like(xp, 0.0, o),
        slope_from="output",
        range=(-math.inf, math.inf),
        source="the linear unit",
    ),
    Activation(
        "logistic",
        "1/(1 + exp(-z))",
        f=logistic,
        slope=lambda xp, h, o: o * (1 - o),
        curvature=lambda xp, h, o: o * (1 - o) * (1 - 2 * o),
        slope_from="output",
        range=(0.0, 1.0),
        source="Verhulst 1845",
    ),
    Activation(
        "tanh",
        "tanh(z)",
        f=lambda xp, z: xp.tanh(z),
        slope=lambda xp, h, o: 1 - o * o,
        curvature=lambda xp, h, o: -2 * o * (1 - o * o),
        slope_from="output",
        range=(-1.0, 1.0),
        source="LeCun et al. 1998, section 4.4",
    ),
    Activation(
        "softplus",
        "log(1 + exp(z))",
        f=softplus,
        slope=lambda xp, h, o: -xp.expm1(-o),  # σ(h), exact from the output alone
        curvature=lambda xp, h, o: -xp.expm1(-o) * xp.exp(-o),
        slope_from="output",
        range=(0.0, math.inf),
        source="Dugas et al. 2001",
        start="he_normal",
    ),
    Activation(
        "gelu",
        "z*(1 + erf(z/sqrt(2)))/2",
        f=lambda xp, z: z * _normal_cdf(xp, z),
        slope=lambda xp, h, o: _normal_cdf(xp, h) + h * _normal_pdf(xp, h),
        curvature=_gelu_curvature,
        slope_from="net input",
        range=(-0.16997120747990369, math.inf),
        source="Hendrycks and Gimpel 2016, the exact form",
        start="he_normal",
    ),
    _gated(
        lambda xp, z: _C * (z + _CUBIC * z * z * z),
        lambda xp, z: _C * (1 + 3 * _CUBIC * z * z),
        lambda xp, z: 6 * _C * _CUBIC * z,
        name="gelu_tanh",
        text=f"z*(1 + tanh(sqrt(2/pi)*(z + {_CUBIC}*z**3)))/2",
        range=(-0.17004075057125412, math.inf),
        source="Hendrycks and Gimpel 2016, the approximation by tanh",
        start="he_normal",
    ),
    _gated(
        lambda xp, z: z,
        lambda xp, z: xp.ones_like(z),
        lambda xp, z: xp.zeros_like(z),
        name="silu",
        text="z/(1 + exp(-z))",
        range=(-0.27846454276107380, math.inf),
        source="Elfwing, Uchibe and Doya 2018; as swish, Ramachandran et al. 2017",
        start="he_normal",
    ),
    Activation(
        "mish",
        "z*tanh(log(1 + exp(z)))",
        f=lambda xp, z: z * xp.tanh(softplus(xp, z)),
        slope=_mish_slope,
        curvature=_mish_curvature,
        slope_from="net input",
        range=(-0.3088434130172504, math.inf),
        source="Misra 2020",
        start="he_normal",
    ),
    Activation(
        "sin",
        "sin(z)",
        f=lambda xp, z: xp.sin(z),
        slope=lambda xp, h, o: xp.cos(h),
        curvature=lambda xp, h, o: -xp.sin(h),
        slope_from="net input",
        range=(-1.0, 1.0),
        source="Parascandolo et al. 2017; Sitzmann et al. 2020",
    ),
    Activation(
        "gaussian",
        "exp(-z**2)",
        f=_gaussian,
        slope=lambda xp, h, o: -2 * limited(xp, h, _FAR) * o,
        curvature=_gaussian_curvature,
        slope_from="net input",
        range=(0.0, 1.0),
        source="a radial basis function of the net input; Hartman, Keeler and Kowalski 1990",
    ),
    Activation(
        "square",
        "z**2",
        f=lambda xp, z: z * z,
        slope=lambda xp, h, o: 2 * h,
        curvature=lambda xp, h, o: constant_like(xp, 2.0, h),
        slope_from="net input",
        range=(0.0, math.inf),
        source="Livni, Shalev-Shwartz and Shamir 2014",
    ),
    Activation(
        "exp",
        "exp(z)",
        f=lambda xp, z: xp.exp(z),
        slope=lambda xp, h, o: o,
        curvature=lambda xp, h, o: o,
        slope_from="output",
        range=(0.0, math.inf),
        source="the inverse of the log link; McCullagh and Nelder 1989. Meant for outputs",
    ),
]
