"""The functions that a formula may use: what each computes over an array namespace ``xp``.

A formula knows these and no others, so that reading one can run nothing else. Adding a function is
adding a row to ``FUNCTIONS`` and, where SymPy has none of its name, its derivative in
``calculus.py``. `Scalars` is the namespace of plain numbers: with it the same rows compute the
constant parts of a formula once, as Python floats that keep float32 in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .registry import Registry
from .stable import log_cosh, logistic, positive_part, softplus, special

__all__ = ["FUNCTIONS", "SCALARS", "Function"]

A = Any  # an array of the namespace xp, or a plain number


@dataclass(frozen=True)
class Function:
    """One function of formulas: a row of ``FUNCTIONS``.

    Attributes
    ----------
    name
        The name that users write.
    text
        What it is, in words or in simpler functions.
    value
        ``value(xp, *arguments)``, elementwise.
    latex
        A template, ``{0}`` standing for the first argument.
    arguments
        The least and the largest number of arguments.
    """

    name: str
    text: str
    value: Callable[..., A]
    latex: str
    arguments: tuple[int, int] = (1, 1)


class Scalars:
    """The part of an array namespace that formulas use, for plain Python numbers."""

    exp, log, log1p, expm1, sqrt = math.exp, math.log, math.log1p, math.expm1, math.sqrt
    tanh, sinh, cosh = math.tanh, math.sinh, math.cosh
    sin, cos, arctan = math.sin, math.cos, math.atan
    abs = abs

    @staticmethod
    def sign(value: float) -> float:
        """Return -1, 0 or 1."""
        return float((value > 0) - (value < 0))

    @staticmethod
    def zeros_like(value: float) -> float:
        """Return 0."""
        return 0.0

    @staticmethod
    def ones_like(value: float) -> float:
        """Return 1."""
        return 1.0

    @staticmethod
    def where(condition: bool, yes: float, no: float) -> float:
        """Return one of two numbers."""
        return yes if condition else no


SCALARS = Scalars()


def greater(xp: A, u: A, v: A, yes: A, no: A) -> A:
    """Return `yes` where u > v, else `no`; NaN where u or v is NaN, which neither > nor <= is."""
    return xp.where(u > v, yes, xp.where(u <= v, no, u + v))


def _greatest(xp: A, first: A, *others: A) -> A:
    for other in others:
        first = greater(xp, first, other, first, other)
    return first


def _least(xp: A, first: A, *others: A) -> A:
    for other in others:
        first = greater(xp, other, first, first, other)
    return first


def _erf(xp: A, u: A) -> A:
    return math.erf(u) if xp is SCALARS else special(xp).erf(u)


_MANY = (2, 8)

FUNCTIONS: Registry[Function] = Registry(
    "function",
    [
        Function("exp", "e to the power u", lambda xp, u: xp.exp(u), "e^{{{0}}}"),
        Function("log", "natural logarithm", lambda xp, u: xp.log(u), r"\ln\left({0}\right)"),
        Function("log1p", "log(1 + u)", lambda xp, u: xp.log1p(u), r"\ln\left(1 + {0}\right)"),
        Function("expm1", "exp(u) - 1", lambda xp, u: xp.expm1(u), r"\left(e^{{{0}}} - 1\right)"),
        Function("sqrt", "u**0.5", lambda xp, u: xp.sqrt(u), r"\sqrt{{{0}}}"),
        Function("abs", "-u if 0 > u else u", lambda xp, u: xp.abs(u), r"\left|{0}\right|"),
        Function(
            "sign",
            "-1, 0 or 1",
            lambda xp, u: xp.sign(u),
            r"\operatorname{{sign}}\left({0}\right)",
        ),
        Function("tanh", "tangent, hyperbolic", lambda xp, u: xp.tanh(u), r"\tanh\left({0}\right)"),
        Function("sinh", "sine, hyperbolic", lambda xp, u: xp.sinh(u), r"\sinh\left({0}\right)"),
        Function("cosh", "cosine, hyperbolic", lambda xp, u: xp.cosh(u), r"\cosh\left({0}\right)"),
        Function("sin", "sine", lambda xp, u: xp.sin(u), r"\sin\left({0}\right)"),
        Function("cos", "cosine", lambda xp, u: xp.cos(u), r"\cos\left({0}\right)"),
        Function("atan", "arc tangent", lambda xp, u: xp.arctan(u), r"\arctan\left({0}\right)"),
        Function("erf", "error function", _erf, r"\operatorname{{erf}}\left({0}\right)"),
        Function("sigmoid", "1/(1 + exp(-u))", logistic, r"\sigma\left({0}\right)"),
        Function(
            "softplus", "log(1 + exp(u))", softplus, r"\operatorname{{softplus}}\left({0}\right)"
        ),
        Function("logcosh", "log(cosh(u))", log_cosh, r"\ln\cosh\left({0}\right)"),
        Function(
            "relu",
            "max(u, 0)",
            positive_part,
            r"\max\left({0}, 0\right)",
        ),
        Function(
            "max",
            "the greatest; the slope of the last where two are equal",
            _greatest,
            r"\max\left({0}\right)",
            _MANY,
        ),
        Function(
            "min",
            "the least; the slope of the last where two are equal",
            _least,
            r"\min\left({0}\right)",
            _MANY,
        ),
    ],
    aliases={"ln": "log", "logistic": "sigmoid", "log_cosh": "logcosh", "arctan": "atan"},
)
