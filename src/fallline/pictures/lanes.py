"""The lanes of a race: one descent each, followed along its path and timed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..descent import Run, descend
from ..spec.network import Network
from ..spec.plan import Plan
from .entrants import Entrant
from .record import Record
from .undisturbed import undisturbed

__all__ = ["Followed", "Lane"]

_TIMINGS = 3  # of which the least counts
_LONG = 0.5  # seconds: a descent that takes so long is timed once
_FAR = 1.5  # times the start's error: points of a path that the map need not hold


@dataclass(frozen=True, eq=False)
class Lane(Record):
    """One way to descend, seen at m points of its path; the first is the start.

    Attributes
    ----------
    label, plan
        What it is.
    steps
        (m,) steps taken.
    passes
        (m,) gradients computed of single rows, over the number of rows: passes over the data.
    seconds
        (m,) time taken: that of a descent which nobody looks at, spread evenly over its steps; NaN
        where it diverged.
    thetas
        (m, P) the weights.
    errors
        (m,) J of all rows at them.
    diverged
        Whether a number was not finite after the last point.
    stopped
        Why it ended, in a sentence.
    """

    label: str
    plan: Plan
    steps: Ints
    passes: Floats
    seconds: Floats
    thetas: Floats
    errors: Floats
    diverged: bool
    stopped: str

    @property
    def in_view(self) -> slice:
        """The points that a map should hold: up to the last whose error is not far above the start.

        What a rate that is too large throws away, farther and farther, is left out.
        """
        high = self.errors[0] + (_FAR - 1) * abs(self.errors[0])
        return slice(int(np.flatnonzero(self.errors <= high)[-1]) + 1)

    def first_at(self, level: float) -> int | None:
        """Return the first point whose error is at most `level`, or None."""
        there = np.flatnonzero(self.errors <= level)
        return int(there[0]) if there.size else None


class Followed:
    """A descent followed step by step, and its weights at some of the steps.

    Attributes
    ----------
    n
        The number of rows.
    thetas
        The weights at these steps, the start first.
    """

    def __init__(self, network: Network, way: Entrant, data: dict[str, Any], points: int) -> None:
        self._way, self._network, self._data = way, network, data
        run = Run(network, plan=way.plan, **data)
        self.n = np.shape(data["X"])[0]
        self.thetas, self._steps, self._passes = [run.theta], [0], [0.0]
        each = -(-self.n // (way.plan.batch_size or self.n))
        wanted, rows = _wanted(each * way.plan.epochs, points), 0
        with undisturbed():
            while (step := run.step()) is not None:
                rows += len(step.order)
                if step.step in wanted:
                    self._add(run, step.step, rows)
        self._stopped, self.diverged = str(run.stopped), run.divergence is not None

    def _add(self, run: Run, step: int, rows: int) -> None:
        done = run.history[-1].evaluations if run.history else None
        self.thetas.append(run.theta)
        self._steps.append(step)
        self._passes.append(rows / self.n if done is None else float(done))

    def lane(self, errors: Floats) -> Lane:
        """Return the lane, once the errors (m,) at its weights are known."""
        steps = np.array(self._steps)
        return Lane(
            *self._way, steps, np.array(self._passes), steps * self._seconds_a_step(),
            np.array(self.thetas), errors, self.diverged, self._stopped,
        )  # fmt: skip

    def _seconds_a_step(self) -> float:
        if self.diverged or self._steps[-1] == 0:
            return math.nan
        least = math.inf
        for _ in range(_TIMINGS):
            begun = time.perf_counter()
            with undisturbed():
                run = descend(self._network, plan=self._way.plan, **self._data)
            least = min(least, time.perf_counter() - begun)
            if least > _LONG:
                break
        return least / max(1, run.history[-1].steps)


def _wanted(total: int, points: int) -> set[int]:
    """Return the steps to look at: half of them evenly, half the denser the earlier."""
    if total < points:
        return set(range(1, total + 1))
    even = np.linspace(0, total, (points + 1) // 2 + 1)
    early = np.geomspace(1, total, points // 2 + 1)
    return set(np.unique(np.concatenate([even, early]).round().astype(int)).tolist()) - {0}
