"""What is measured of a descent where it is: errors, penalty, score, and what each unit gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays import Floats
from ..engines.protocol import Rows
from ..engines.reference import forward, penalty
from ..engines.registry import get_engine
from ..formulas.metrics import METRICS
from ..spec.plan import Plan

if TYPE_CHECKING:
    from .problem import Problem

__all__ = ["Gauge", "Measured"]

_MOST, _FEWEST = 2000, 100
"""Rows of each part that errors are measured on, at most; and however large the network is."""

_WORK = 3e7  # multiplications of one error
_UNITS_WORK = 1e7  # and of the units' sizes


class Measured(NamedTuple):
    """What was measured at one θ; the errors are without penalty, None without such rows."""

    error: float
    validation_error: float | None
    penalty: float
    score: float
    validation_score: float | None


class Gauge:
    """Measures a problem's errors, on all rows of a part or a fixed sample of them.

    Attributes
    ----------
    of
        The rows that it looks at, in words.
    score_name
        ``"accuracy"`` or ``"R²"``.
    """

    def __init__(self, problem: Problem) -> None:
        self._network, self._plan = problem.network, problem.plan
        self._engine = get_engine("auto")
        size = problem.network.size
        most = int(min(_MOST, max(_FEWEST, _WORK / size)))
        total = problem.train.n
        self._total = float(problem.train.weights.sum())
        self.train = _sample(problem.train, most)
        held = problem.validation
        self._validation = None if held is None else _sample(held, most)
        self._seen = _sample(self.train, int(min(256, max(16, _UNITS_WORK / size)))).X
        classes = problem.task == "classification"
        self._metric = METRICS["accuracy" if classes else "r2"]
        self.score_name = "accuracy" if classes else "R²"
        few = self.train.n < total
        self.of = f"a sample of {self.train.n:,} of {total:,} rows" if few else _all(total)
        if held is not None and held.n > most:
            self.of += f"; of validation {most:,} of {held.n:,}"

    def measure(self, theta: Floats, plan: Plan) -> Measured:
        """Return the errors and scores at θ (P,), and the penalty of a plan."""
        strengths = plan.objective.strengths(self._total, self._total)
        with np.errstate(all="ignore"):  # what overflows is shown as such
            error, score = self._of(theta, self.train)
            held = None if self._validation is None else self._of(theta, self._validation)
            shrinks = penalty(self._network, theta, strengths)
        other = (None, None) if held is None else held
        return Measured(error, other[0], shrinks, score, other[1])

    def units(self, theta: Floats) -> Floats:
        """Return the mean size |o| (Σ units,) of every unit but the inputs, layer by layer."""
        with np.errstate(all="ignore"):
            passes = forward(self._network, theta, self._seen)
            sizes = [np.abs(passes[layer.name].o).mean(axis=0) for layer in self._network.layers]
        return np.concatenate(sizes)

    def _of(self, theta: Floats, rows: Rows) -> tuple[float, float]:
        loss = self._plan.objective.error
        error = self._engine.error(self._network, self._plan.judged, theta, rows)
        outputs = self._engine.predict(self._network, theta, rows.X)
        y, yhat = loss.plain(rows.Y), loss.points(outputs)
        return error, float(self._metric.value(np, y, yhat, rows.weights))


def _sample(rows: Rows, most: int) -> Rows:
    """Return the rows, or a fixed sample whose weights stand for all."""
    if rows.n <= most:
        return rows
    order = np.sort(np.random.default_rng(0).choice(rows.n, most, replace=False))
    some = rows.take(order)
    total = some.weights.sum() or 1.0
    return Rows(some.X, some.Y, some.weights * (rows.weights.sum() / total))


def _all(total: int) -> str:
    return f"all {total:,} training rows" if total > 1 else "the one training row"
