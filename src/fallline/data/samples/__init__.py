"""Sample tables: one real one, and small made ones that show what a network can and cannot do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, suggest
from ...formulas.checks import finite_number
from ..order import checked_seed
from ..table import Table
from . import generators

__all__ = ["SAMPLES", "Sample", "load", "path"]


@dataclass(frozen=True)
class Sample:
    """A sample table: its name, what is to be predicted, the task, and a sentence on it.

    `make` takes the number of rows and the seed; None for a table that comes as a file. Where
    `noise`, the deviation of what is added to its points, is a number, it takes another one too.
    """

    name: str
    target: str
    task: str
    about: str
    make: Callable[..., Table] | None = None
    n: int = 200
    noise: float | None = None


SAMPLES: dict[str, Sample] = {
    sample.name: sample
    for sample in (
        Sample(
            "houses",
            "price",
            "regression",
            "1,728 houses sold in Saratoga County, New York, in 2006, with their prices.",
            n=1728,
        ),
        Sample(
            "cars_and_bikes",
            "kind",
            "classification",
            "Cars and bikes by wheels, top speed and colour; nearly parted by a straight line.",
            generators.cars_and_bikes,
        ),
        Sample(
            "xor",
            "label",
            "classification",
            "Points whose class is whether x and y differ in sign; no straight line parts them.",
            generators.xor,
        ),
        Sample(
            "moons",
            "label",
            "classification",
            "Two half circles that reach into each other.",
            generators.moons,
            noise=0.1,
        ),
        Sample(
            "spiral",
            "label",
            "classification",
            "Two arms wound round each other; the hardest of the made ones.",
            generators.spiral,
            400,
            0.02,
        ),
        Sample(
            "circles",
            "label",
            "classification",
            "A circle inside another.",
            generators.circles,
            noise=0.05,
        ),
        Sample(
            "sine",
            "y",
            "regression",
            "One period of a sine with noise: a curve to fit.",
            generators.sine,
            noise=0.1,
        ),
    )
}
"""The samples by name."""


def path(name: str = "houses") -> Path:
    """Return the path of the file of a sample that comes as one.

    Raises
    ------
    DataError
        When there is no such sample, or it is made, not read.
    """
    sample = _known(name)
    if sample.make is not None:
        raise DataError(f"the sample '{name}' is made, not read from a file; use samples.load")
    return Path(__file__).with_name(f"{name}.csv")


def load(name: str, n: int | None = None, seed: int = 0, noise: float | None = None) -> Table:
    """Return a sample table.

    Parameters
    ----------
    name
        One of `SAMPLES`.
    n
        The number of rows; the sample's own unless given. Of ``houses`` it draws so many at random
        without repeating.
    seed
        A whole number of at least 0; the same one gives the same table.
    noise
        The standard deviation of what is added to the points of ``moons``, ``circles``, ``spiral``
        and ``sine``, at least 0; the sample's own unless given.

    Raises
    ------
    DataError
        When the name is unknown, n is out of range, or the sample has no such noise.

    Examples
    --------
    >>> load("xor", n=50).names
    ('x', 'y', 'label')
    >>> load("mons")
    Traceback (most recent call last):
    ...
    fallline.errors.DataError: there is no sample 'mons'; did you mean 'moons'?
    """
    sample = _known(name)
    rows = sample.n if n is None else _checked_rows(n)
    checked_seed(seed)
    shaken = {} if noise is None else {"noise": _checked_noise(sample, noise)}
    if sample.make is not None:
        return sample.make(rows, seed, **shaken)
    table = _read(path(name))
    if rows > table.n:
        raise DataError(f"the sample '{name}' has {table.n} rows, but n is {rows}")
    return table if n is None else table.sample(rows, seed)


def _checked_noise(sample: Sample, noise: Any) -> float:
    if sample.noise is None:
        noisy = ", ".join(each.name for each in SAMPLES.values() if each.noise is not None)
        raise DataError(f"the sample '{sample.name}' has no noise to set; {noisy} have")
    found = finite_number(noise)
    if found is None or found < 0:
        raise DataError(f"noise must be a finite number of at least 0, not {noise!r}")
    return found


def _known(name: str) -> Sample:
    sample = SAMPLES.get(name)
    if sample is None:
        raise DataError(f"there is no sample '{name}'; {suggest(name, SAMPLES)}")
    return sample


def _checked_rows(n: Any) -> int:
    try:
        rows = operator.index(n)
    except TypeError:
        rows = 0
    if not 1 <= rows <= 100_000_000:
        raise DataError(f"n must be a whole number from 1 to 100,000,000, but it is {n!r}")
    return rows


def _read(file: Path) -> Table:
    """Read our own plain file with the standard library, so that samples need no DuckDB."""
    import csv

    with file.open(encoding="utf-8", newline="") as text:
        names, *rows = csv.reader(text)
    cells = zip(*rows, strict=True)
    columns = {name: _typed(values) for name, values in zip(names, cells, strict=True)}
    return Table.of(columns, source=file.name)


def _typed(values: tuple[str, ...]) -> Any:
    for kind in (int, float):
        try:
            return np.array([kind(value) for value in values])
        except ValueError:
            continue
    return np.array(values, object)
