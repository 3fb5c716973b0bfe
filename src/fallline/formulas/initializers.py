"""Start weights: how a layer's W (fan_in, fan_out) is drawn. Biases start at 0.

They decide which minimum a descent reaches, and whether signals fade or explode on their way
through the layers: the schemes keep the variance of net inputs about the same in every layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import number
from .registry import Family, Registry

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
    family, settings
        The name without settings, and all settings of this row.
    """

    name: str
    text: str
    draw: Callable[[A, float, float, tuple[int, int]], A]
    source: str
    family: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.name)


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
_LECUN = "LeCun et al. 1998, eq. 16"


# --- schemes with settings ----------------------------------------------------------------------


def _of_limit(limit: float) -> Initializer:
    text = f"U(-{limit}, {limit})"
    draw = _uniform(lambda fan_in, fan_out: limit)
    return Initializer("uniform", text, draw, "the usual start of textbook examples")


def _of_std(std: float) -> Initializer:
    draw = _normal(lambda fan_in, fan_out: std)
    return Initializer("normal", f"N(0, {std}**2)", draw, "Krizhevsky et al. 2012: 0.01")


def _of_value(value: float) -> Initializer:
    def draw(rng: A, fan_in: float, fan_out: float, shape: tuple[int, int]) -> A:
        return rng.uniform(value, value, shape)

    return Initializer("constant", f"{value}", draw, "for examples worked by hand")


def _orthogonal(gain: float) -> Initializer:
    """Return gain · Q: the Q of a normal matrix, with the signs that make it uniform."""

    def draw(rng: A, fan_in: float, fan_out: float, shape: tuple[int, int]) -> A:
        import numpy as np  # an array package, which the tables' names must not cost

        q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return gain * (q if shape[0] >= shape[1] else q.T)

    return Initializer(
        "orthogonal",
        f"{gain}*Q, Q'Q = 1 (or QQ' = 1 of a wide layer)",
        draw,
        "Saxe, McClelland and Ganguli 2014; uniform over such Q, Mezzadri 2007",
    )


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
            "lecun_uniform",
            "U(-a, a), a = sqrt(3/fan_in)",
            _uniform(lambda fan_in, fan_out: math.sqrt(3.0 / fan_in)),
            _LECUN,
        ),
        Initializer(
            "lecun_normal",
            "N(0, 1/fan_in)",
            _normal(lambda fan_in, fan_out: math.sqrt(1.0 / fan_in)),
            _LECUN,
        ),
        Family("orthogonal", {"gain": number(1.0, above=0)}, _orthogonal),
        Family("uniform", {"limit": number(0.5, above=0)}, _of_limit),
        Family("normal", {"std": number(0.05, above=0)}, _of_std),
        Family("constant", {"value": number(0.0)}, _of_value),
        Initializer(
            "zeros",
            "0",
            lambda rng, fan_in, fan_out, shape: rng.uniform(0.0, 0.0, shape),
            "right for a net without hidden layers; hidden units would all stay alike",
        ),
    ],
    aliases={
        "glorot": "glorot_uniform",
        "xavier": "glorot_uniform",
        "he": "he_normal",
        "kaiming": "he_normal",
        "lecun": "lecun_normal",
    },
)
