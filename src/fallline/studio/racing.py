"""A race: several ways to descend from one start with the same batches, side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..descent.divergence import untold
from ..descent.run import Run
from ..errors import SpecError
from ..formulas.optimizers import Solver, optimizer_from
from ..pictures.entrants import Entrant, entrants
from ..pictures.plane import Plane
from ..spec.plan import Plan
from .gauge import Gauge
from .thinned import Thinned

if TYPE_CHECKING:
    from .problem import Problem

__all__ = ["Race", "race_of"]

_MOST = 8  # lanes
_POINTS = 200  # of a path and of a curve
_LONGEST = 60  # letters of a label


class _Lane:
    """One descent of a race, and what is kept of its path."""

    def __init__(self, way: Entrant, problem: Problem, gauge: Gauge) -> None:
        self.label = way.label
        self.run = _run(way.plan, problem)
        self._gauge = gauge
        self._path = Thinned[Floats](_POINTS)
        self._errors = Thinned[float](_POINTS)
        self.look()

    def look(self) -> None:
        """Measure where it is."""
        self.theta, step = self.run.theta, self.run.steps_taken
        measured = self._gauge.measure(self.theta, self.run.plan)
        self.error = measured.error
        self._path.add(step, self.theta)
        self._errors.add(step, self.error)

    def fields(self, plane: Plane | None) -> dict[str, Any]:
        """Return the fields of `LaneFrame`."""
        trail: list[list[float]] = []
        if plane is not None:
            thetas = [*self._path.items]
            if self._path.steps[-1] != self.run.steps_taken:
                thetas.append(self.theta)
            trail = plane.coordinates(np.array(thetas)).tolist()
        x, y = trail[-1] if trail else (None, None)
        return {
            "label": self.label,
            "step": self.run.steps_taken,
            "error": self.error,
            "stopped": self.run.stopped,
            "x": x,
            "y": y,
            "trail": trail,
            "curve": [list(point) for point in zip(self._errors.steps, self._errors.items,
                                                   strict=True)],
        }  # fmt: skip


class Race:
    """Descents that go on together: after each `go` all have taken as many steps, or have ended.

    Parameters
    ----------
    ways
        Each with its label and plan.
    problem
        Start and rows of all.
    gauge
        Measures the errors, on the same rows for all.
    """

    def __init__(self, ways: Sequence[Entrant], problem: Problem, gauge: Gauge) -> None:
        self.problem = problem
        self._ways, self._gauge = ways, gauge
        self._lanes = [_Lane(way, problem, gauge) for way in ways]
        self._together = 1  # steps that each takes before the next one's turn

    @property
    def step(self) -> int:
        """How many steps the foremost has taken."""
        return max(lane.run.steps_taken for lane in self._lanes)

    @property
    def stopped(self) -> str | None:
        """Why it ended; None while a lane can go on."""
        over = all(lane.run.stopped for lane in self._lanes)
        return "every lane of the race has ended" if over else None

    def go(self, steps: int | None = None, seconds: float | None = None) -> int:
        """Let each lane take so many steps, or as many as fit; return how many each took."""
        until = None if seconds is None else time.monotonic() + seconds
        taken = 0
        while self.stopped is None and (steps is None or taken < steps):
            if until is not None and taken and time.monotonic() >= until:
                break
            taken += self._go_together(None if steps is None else steps - taken, seconds)
        return taken

    def _go_together(self, most: int | None, seconds: float | None) -> int:
        """Let each lane take some steps in its turn; more the next time, where they were short."""
        begun = time.monotonic()
        count = self._together if most is None else min(self._together, most)
        with untold():
            for lane in self._lanes:
                lane.run.advance(count)
        if seconds is not None:
            spent = time.monotonic() - begun
            self._together = max(1, count // 2) if spent > seconds / 2 else count * 2
        return count

    def again(self, problem: Problem) -> Race:
        """Return the same race at the start of a problem with the same rows."""
        return Race(self._ways, problem, self._gauge)

    def look(self) -> None:
        """Measure where the lanes are."""
        for lane in self._lanes:
            lane.look()

    def fields(self, plane: Plane | None) -> list[dict[str, Any]]:
        """Return the lanes, as frames carry them."""
        return [lane.fields(plane) for lane in self._lanes]


def _run(plan: Plan, problem: Problem) -> Run:
    rows = problem.train
    return Run(problem.network, rows, rows.Y, plan=plan, theta=problem.start)


def race_of(entries: Any, problem: Problem, gauge: Gauge) -> Race:
    """Return the race of some entries, as the page sends them.

    Raises
    ------
    SpecError
        Where they are not two or more ways to descend, or too many.
    """
    if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
        raise SpecError("a race takes a list of entries, each with an optimizer")
    if not 1 <= len(entries) <= _MOST:
        raise SpecError(f"a race is of 1 to {_MOST} ways to descend, not {len(entries)}")
    usual = {
        name: getattr(problem.plan, name)
        for name in ("loss", "l2", "l1", "schedule", "batch_size", "epochs", "seed", "restore_best")
    }
    ways = []
    for entry in entries:
        label, method = entry.get("label"), entry.get("optimizer")
        if method is None or not isinstance(label, str | None):
            raise SpecError("an entry of a race needs an optimizer, and may have a label")
        if isinstance(found := optimizer_from(method), Solver):
            raise SpecError(
                f"{type(found).__name__} cannot race here: one of its steps is several passes over "
                "all rows, and lanes go step by step"
            )
        ways.append({"optimizer": found})
    labels = [entry.get("label") for entry in entries]
    lanes = [
        Entrant(label[:_LONGEST] if label else way.label, way.plan)
        for label, way in zip(labels, entrants(ways, usual), strict=True)
    ]
    return Race(lanes, problem, gauge)
