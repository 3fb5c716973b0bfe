"""Start weights: how a layer's W (fan_in, fan_out) is drawn. Biases start at 0.

They decide which minimum a descent reaches, and whether signals fade or explode on their way
through the layers: the schemes keep the variance of net inputs about the same in every layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .registry import Registry

__all__ = ["INITIALIZERS", "Initializer"]

A = Any  # an array


@dataclass(frozen=True)
class Initializer:
    """One scheme of start weights: a row of ``INITIALIZERS``.

    Attributes
    ----------
    name, text
        The name that users write, and the distribution of one weight as a formula.
    draw
        ``draw(rng, fan_in, fan_out, shape) -> W`` with a ``numpy.random.Generator``; the fans are
        those of a unit, which are smaller than the shape where connections are absent.
    source
        Where the scheme comes from.
    """

    name: str
    text: str
    draw: Callable[[A, float, float, tuple[int, int]], A]
    source: str


def _uniform(limit: Callable[[float, float], float]) -> Callable[..., A]:
    def draw(rng: A, fan_in: float, fan_out: float, shape: tuple[int, int]) -> A:
        bound = limit(fan_in, fan_out)
        return rng.uniform(-bound, bound, shape)

    return draw


def _normal(deviation: Callable[[float, float], float]) -> Callable[..., A]:
    def draw(rng: A, fan_in: float, fan_out: float, shape: tuple[int, int]) -> A:
        return rng.normal(0.0, deviation(fan_in, fan_out), shape)

    return draw


_GLOROT = "Glorot and Bengio 2010, eq. 16"
_HE = "He et al. 2015, eq. 10"

INITIALIZERS: Registry[Initializer] = Registry(
    "initializer",
    [
        Initializer(
            "glorot_uniform",
            "U(-a, a), a = sqrt(6/(fan_in + fan_out))",
            _uniform(lambda fan_in, fan_out: math.sqrt(6.0 / (fan_in + fan_out))),
            _GLOROT,
        ),
        Initializer(
            "glorot_normal",
            "N(0, 2/(fan_in + fan_out))",
            _normal(lambda fan_in, fan_out: math.sqrt(2.0 / (fan_in + fan_out))),
            _GLOROT,
        ),
        Initializer(
            "he_uniform",
            "U(-a, a), a = sqrt(6/fan_in)",
            _uniform(lambda fan_in, fan_out: math.sqrt(6.0 / fan_in)),
            _HE,
        ),
        Initializer(
            "he_normal",
            "N(0, 2/fan_in)",
            _normal(lambda fan_in, fan_out: math.sqrt(2.0 / fan_in)),
            _HE,
        ),
        Initializer(
            "uniform",
            "U(-0.5, 0.5)",
            _uniform(lambda fan_in, fan_out: 0.5),
            "the usual start of textbook examples",
        ),
        Initializer(
            "zeros",
            "0",
            lambda rng, fan_in, fan_out, shape: rng.uniform(0.0, 0.0, shape),
            "right for a net without hidden layers; hidden units would all stay alike",
        ),
    ],
    aliases={"glorot": "glorot_uniform", "xavier": "glorot_uniform", "he": "he_normal"},
)
