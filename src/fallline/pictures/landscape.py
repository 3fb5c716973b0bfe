"""The error J as a function of θ on stated rows: what every map of an error is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..engines.calls import checked_rows, error_and_gradient, errors_at
from ..engines.protocol import Rows
from ..errors import SpecError
from ..spec.network import Network
from ..spec.plan import Objective
from .plane import Plane
from .record import Record

__all__ = ["Landscape", "landscape"]

_WORK = 1e10
"""Multiplications that a map may cost unless the rows are chosen: about a second of one core."""

_FEWEST, _CHUNK = 100, 2**22
"""Rows that are always taken where there are so many; numbers of θ that are made at a time."""


@dataclass(frozen=True)
class Landscape(Record):
    """J = E + R of a network and its rows, as a function of θ.

    Attributes
    ----------
    network, objective
        What is computed.
    rows
        The rows that it is computed on. Where they are a sample, their weights stand for all.
    total
        How many rows there are in all.
    engine
        A name from the table of engines.
    """

    network: Network
    objective: Objective
    rows: Rows
    total: int
    engine: str

    def errors(self, thetas: Floats) -> Floats:
        """Return J (m,) at the points θ (m, P)."""
        return errors_at(self.network, thetas, **self._given())

    def errors_on(self, plane: Plane, points: Floats) -> Floats:
        """Return J (m,) at coordinates (m, 2) of a plane."""
        size = self.chunk()
        parts = (points[i : i + size] for i in range(0, len(points), size))
        return np.concatenate([self.errors(plane.thetas(part)) for part in parts])

    def error_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Return J and ∂J/∂θ (P,) at a point."""
        with np.errstate(all="ignore"):  # what overflows is reported as such
            return error_and_gradient(self.network, theta, **self._given())

    def chunk(self) -> int:
        """Return how many points to hand over at a time, for the sake of memory."""
        return max(1, _CHUNK // self.network.size)

    @property
    def rows_text(self) -> str:
        """The rows in words, such as ``"400 of 1,728 rows"``."""
        few = "" if self.rows.n == self.total else f"{self.rows.n:,} of "
        return f"{few}{self.total:,} row{'s' * (self.total != 1)}"

    @property
    def objective_text(self) -> str:
        """The error and the penalty in words, such as ``"sse + L2 0.1"``."""
        o = self.objective
        parts = [("L2", o.l2), ("L1", o.l1), ("alpha", o.alpha)]
        return " + ".join([o.loss, *(f"{name} {value:g}" for name, value in parts if value)])

    def _given(self) -> dict[str, Any]:
        o = self.objective
        return {
            "X": self.rows.X, "Y": self.rows.Y, "sample_weight": self.rows.weights,
            "loss": o.loss, "l2": o.l2, "l1": o.l1, "alpha": o.alpha, "engine": self.engine,
        }  # fmt: skip


def landscape(
    network: Network,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    loss: str = "squared_error",
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    sample_weight: npt.ArrayLike | None = None,
    rows: int | None = None,
    points: int = 1,
    seed: int = 0,
    engine: str = "auto",
) -> Landscape:
    """Return the error surface of a network and rows, on all of them or on a sample.

    Parameters
    ----------
    rows
        How many rows to take; all unless so many `points` would then take more than about a second.
        A sample is drawn with `seed`, and its weights are raised so that Σ s stays as it is: sums
        of errors and penalties keep their size.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    >>> of = landscape(Network.parse("1 -> 1 nobias"), [[3.0]], [[5.0]], loss="sse")
    >>> of.errors(np.array([[1.0], [2.0]]))
    array([2. , 0.5])
    >>> of.objective_text, of.rows_text
    ('sse', '1 row')
    """
    objective = Objective(loss, l2, l1, alpha)
    every = checked_rows(network, objective, X, Y, sample_weight, np.float64).present()
    count = _count(rows, every.n, network.size * points)
    if count < every.n:
        order = np.sort(np.random.default_rng(seed).choice(every.n, count, replace=False))
        some = every.take(order)
        few = Rows(some.X, some.Y, some.weights * (every.weights.sum() / some.weights.sum()))
        return Landscape(network, objective, few, every.n, engine)
    return Landscape(network, objective, every, every.n, engine)


def _count(rows: object, n: int, work: int) -> int:
    if rows is None:
        return min(n, max(_FEWEST, int(_WORK / work)))
    if type(rows) is not int or rows < 1:
        raise SpecError(f"rows must be a whole number above 0, or None, not {rows!r}")
    return min(rows, n)
