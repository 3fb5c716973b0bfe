"""Small made tables, each a pure function of the number of rows and the seed.

Classes come in equal shares (the first has one more when n is odd) and in random order.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..table import Table

__all__ = ["cars_and_bikes", "circles", "moons", "sine", "spiral", "xor"]

Vector = npt.NDArray[np.float64]


def cars_and_bikes(n: int = 200, seed: int = 0) -> Table:
    """Return vehicles: wheels, max_speed in km/h, colour, and kind, ``car`` or ``bike``.

    Half are cars, about one in ten of them with three wheels (as a Reliant Robin). The bikes are
    bicycles and motorcycles, about one in ten with three wheels too (tricycles, sidecars): so the
    wheels alone do not tell, the speed alone still less, and the two together nearly always do. The
    colour tells nothing.
    """
    rng = np.random.default_rng(seed)
    car = _halves(n, rng)
    three = rng.random(n) < 0.1
    motor = rng.random(n) < 0.5
    speed = np.where(car, rng.normal(180.0, 25.0, n), np.where(motor, 170.0, 28.0))
    speed = np.where(car, speed, speed + rng.normal(0.0, 1.0, n) * np.where(motor, 25.0, 5.0))
    speed = np.where(three & car, rng.normal(125.0, 10.0, n), speed)
    speed = np.where(three & ~car, rng.normal(45.0, 12.0, n), speed)
    wheels = np.where(three, 3, np.where(car, 4, 2))
    colours = np.array(["red", "blue", "white", "black", "green"], object)
    return _table(
        "cars_and_bikes",
        wheels=wheels,
        max_speed=np.round(np.clip(speed, 10.0, 320.0), 0),
        colour=colours[rng.integers(0, len(colours), n)],
        kind=np.where(car, "car", "bike").astype(object),
    )


def xor(n: int = 200, seed: int = 0) -> Table:
    """Return points of the square from -1 to 1; ``label`` is 1 where x and y differ in sign."""
    rng = np.random.default_rng(seed)
    label = _halves(n, rng)
    # A margin of 0.05 to both axes, so that a network can part the classes for certain.
    size = rng.uniform(0.05, 1.0, (2, n))
    x = np.where(rng.random(n) < 0.5, 1.0, -1.0) * size[0]
    y = np.where(label, -np.sign(x), np.sign(x)) * size[1]
    return _table("xor", x=x, y=y, label=label.astype(np.int64))


def moons(n: int = 200, seed: int = 0, noise: float = 0.1) -> Table:
    """Return two half circles that reach into each other, with Gaussian noise added."""
    rng = np.random.default_rng(seed)
    label = _halves(n, rng)
    angle = rng.uniform(0.0, math.pi, n)
    x = np.where(label, 1.0 - np.cos(angle), np.cos(angle))
    y = np.where(label, 0.5 - np.sin(angle), np.sin(angle))
    return _points("moons", x, y, label, noise, rng)


def circles(n: int = 200, seed: int = 0, noise: float = 0.05) -> Table:
    """Return a circle of radius 0.5 inside one of radius 1; ``label`` is 1 for the inner one."""
    rng = np.random.default_rng(seed)
    label = _halves(n, rng)
    angle = rng.uniform(0.0, 2.0 * math.pi, n)
    radius = np.where(label, 0.5, 1.0)
    return _points("circles", radius * np.cos(angle), radius * np.sin(angle), label, noise, rng)


def spiral(n: int = 200, seed: int = 0, noise: float = 0.02) -> Table:
    """Return two arms that wind one and a half times round each other."""
    rng = np.random.default_rng(seed)
    label = _halves(n, rng)
    radius = np.sqrt(rng.uniform(0.01, 1.0, n))
    angle = 3.0 * math.pi * radius + np.where(label, math.pi, 0.0)
    return _points("spiral", radius * np.cos(angle), radius * np.sin(angle), label, noise, rng)


def sine(n: int = 200, seed: int = 0, noise: float = 0.1) -> Table:
    """Return x, uniform from -pi to pi, and y = sin(x) with Gaussian noise added."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-math.pi, math.pi, n)
    return _table("sine", x=x, y=np.sin(x) + rng.normal(0.0, noise, n))


def _halves(n: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    return rng.permutation(np.arange(n) % 2 == 1)


def _points(
    name: str, x: Vector, y: Vector, label: npt.NDArray[np.bool_], noise: float,
    rng: np.random.Generator,
) -> Table:  # fmt: skip
    shaken = np.array([x, y]) + rng.normal(0.0, noise, (2, len(x)))
    return _table(name, x=shaken[0], y=shaken[1], label=label.astype(np.int64))


def _table(name: str, **columns: npt.NDArray[np.generic]) -> Table:
    return Table.of(columns, source=name)
