"""One descent of the studio: its run with all of its past, what is measured of it, its curves."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats, Ints
from ..descent.divergence import untold
from ..descent.run import Run
from ..formulas.optimizers import Solver
from ..history import History
from .curves import Curves
from .diverged import divergence_fields
from .gauge import Gauge, Measured
from .instant import Instant
from .thinned import Thinned
from .timeline import Taken, Timeline
from .words import change_words

if TYPE_CHECKING:
    from .problem import Problem
    from .setup import Setup

__all__ = ["Course", "Seen"]

_PATH, _PATH_BYTES = 400, 2**26
"""Points of the path that are kept, and the memory that they may take."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A moment of a descent, cheap to keep: an `Instant` whose path is not yet put together."""

    number: int
    problem: Problem
    step: int
    theta: Floats
    path: tuple[Floats, ...]
    path_steps: tuple[int, ...]
    taken: Taken | None
    diverged: bool

    @cached_property
    def instant(self) -> Instant:
        """The moment, as other threads read it."""
        paths, steps = [*self.path], [*self.path_steps]
        if not steps or steps[-1] != self.step:
            paths, steps = [*paths, self.theta], [*steps, self.step]
        found: Ints = np.array(steps, np.int64)
        return Instant(
            run=self.number,
            problem=self.problem,
            plan=self.problem.plan,
            step=self.step,
            theta=self.theta,
            path=np.array(paths),
            path_steps=found,
            last=None if self.taken is None else self.taken.step,
            diverged=self.diverged,
        )


class Course:
    """A descent from its start: what one thread moves, and tells others of.

    Parameters
    ----------
    number
        Which descent of the session it is.
    problem
        What it is about.

    Attributes
    ----------
    problem
        With the settings of now.
    timeline
        The run with its past.
    last
        The step that led to where it is; None at the start.
    measured
        Errors and score at θ.
    epochs_more
        How many epochs are added where all are done, and it is to go on.
    stale
        Whether the curves changed otherwise than by a point at their end.
    """

    def __init__(self, number: int, problem: Problem) -> None:
        self.number, self.problem = number, problem
        self.stale, self.epochs_more = True, problem.setup.epochs
        self.timeline = Timeline(_run_of(problem))
        self.gauge = Gauge(problem)
        self.curves = Curves(self.gauge.of)
        self._setups = [(self.timeline.start, problem.setup)]
        size = problem.start.nbytes
        self._path = Thinned[Floats](int(max(16, min(_PATH, _PATH_BYTES / max(size, 1)))))
        self.last: Taken | None = None
        self._diverged: dict[str, Any] | None = None
        self._looked_at: tuple[int, Problem] | None = None
        self._remember(problem)

    # Where it is.

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return self.timeline.run

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self.timeline.step

    @property
    def setup(self) -> Setup:
        """The settings of now."""
        return self.problem.setup

    @property
    def start(self) -> Floats:
        """(P,) the weights that it began with."""
        return self.problem.start

    @property
    def stopped(self) -> str | None:
        """Why it ended, in a sentence; None while it can go on."""
        reason = self.run.stopped
        if self.out_of_epochs:
            return f"{reason}; play goes on for {self.epochs_more} more"
        return reason

    @property
    def out_of_epochs(self) -> bool:
        """Whether it ended only because all epochs that it was given are done."""
        done = len(self.run.history) >= self.run.plan.epochs
        return self.run.stopped is not None and self.run.divergence is None and done

    @property
    def divergence(self) -> dict[str, Any] | None:
        """The fields of `Divergence` for the page, or None."""
        if self.run.divergence is None:
            self._diverged = None
        elif self._diverged is None:
            rows, n = self.gauge.train, self.problem.train.n
            self._diverged = divergence_fields(
                self.run, self.rate, rows, n, self.start, self.curves.lowest
            )
        return self._diverged

    @property
    def place(self) -> tuple[int, int]:
        """The epoch of the last step, and how many of its rows are done; 0 and 0 at the start."""
        epoch, done = self.run.position
        if done or epoch == 1:
            return (epoch if done else 0), done
        return epoch - 1, self.problem.train.n

    @property
    def rate(self) -> float:
        """The learning rate of the last step; of a solver how far it went."""
        return self.run.learning_rate

    def look(self) -> dict[str, Any] | None:
        """Measure where it is, and remember; return the point of the curves, or None if known."""
        if self._looked_at == (self.step, self.problem):
            return None
        self._looked_at = self.step, self.problem
        if self.last is None:
            with untold():
                self.last = self.timeline.relive()
        self.theta = self.run.theta
        self.measured: Measured = self.gauge.measure(self.theta, self.problem.plan)
        self._path.add(self.step, self.theta)
        if self.step == self.timeline.end:
            self.curves.watch(self.run.history)
        point = {
            "step": self.step,
            "epoch": self.place[0],
            "train": self.measured.error,
            "validation": self.measured.validation_error,
            "rate": self.rate,
            "norm": None if self.last is None else self.last.record.gradient_norm,
        }
        thinned = self.curves.add(point)
        self.stale |= bool(thinned)
        return None if thinned is None else point

    def seen(self) -> Seen:
        """Return this moment, for other threads."""
        at = bisect_right(self._path.steps, self.step)
        return Seen(
            self.number,
            self.problem,
            self.step,
            self.theta,
            tuple(self._path.items[:at]),
            tuple(self._path.steps[:at]),
            self.last,
            self.run.divergence is not None,
        )

    # On and back.

    def go(self, steps: int | None = None, seconds: float | None = None) -> int:
        """Take many steps at full speed; return how many."""
        self._cut(self.timeline.end > self.step)
        with untold():
            taken = self.timeline.go(steps, seconds)
        if taken:
            self.last = None
        return taken

    def take(self, rows: int | None = None) -> bool:
        """Take one step, of so many rows or a whole batch; return whether there was one."""
        self._cut(self.timeline.end > self.step)
        with untold():
            taken = self.timeline.take(rows)
        self.last = taken or self.last
        return taken is not None

    def seek(self, step: int, wanted: Callable[[], bool]) -> None:
        """Go to a known step; what came after it stays known until something new is done."""
        with untold():
            self.last = self.timeline.seek(step, wanted)
        at = bisect_right(self._setups, self.step, key=lambda each: each[0]) - 1
        if self._setups[at][1] != self.setup:
            self.problem = self.problem.with_setup(self._setups[at][1])
        self.stale = True

    def change(self, setup: Setup) -> None:
        """Go on with other settings; the change is marked on the curves.

        Raises
        ------
        SpecError
            When the descent cannot; then it stays as it was.
        """
        problem, before = self.problem.with_setup(setup), self.run.plan.optimizer
        kinds = {isinstance(method, Solver) for method in (problem.plan.optimizer, before)}
        if len(kinds) > 1 and self.run.position[1]:
            self.go(steps=self.steps_left)  # an epoch is of one kind
        later = self.timeline.end > self.step
        self.timeline.change(problem.plan)
        self._cut(later)
        self.problem = problem
        earlier = [each for step, each in self._setups if step < self.step]
        first = earlier[-1] if earlier else self._setups[0][1]
        self._setups.append((self.step, setup))
        self.curves.mark(self.step, change_words(first, setup))
        self.stale = True

    @property
    def history(self) -> History:
        """The epochs so far, after those of an opened model."""
        before, run = self.problem.history, self.run.history
        if not before:
            return run
        last = before[-1]
        more = [
            replace(each, epoch=each.epoch + last.epoch, steps=each.steps + last.steps)
            for each in run
        ]
        return History([*before, *more])

    @property
    def steps_left(self) -> int:
        """How many steps are left of the epoch in progress."""
        n, done = self.problem.train.n, self.run.position[1]
        return -(-(n - done) // (self.run.plan.batch_size or n))

    @property
    def steps_an_epoch(self) -> int:
        """How many steps an epoch has."""
        n = self.problem.train.n
        return -(-n // (self.run.plan.batch_size or n))

    @property
    def epoch_start(self) -> int:
        """The step at which the epoch in progress began, or the one before, at its beginning."""
        ends = [epoch.steps for epoch in self.run.history[-2:]]
        earlier = [step for step in [self.timeline.start, *ends] if step < self.step]
        return max(earlier, default=self.timeline.start)

    @property
    def setups(self) -> list[tuple[int, Setup]]:
        """The settings that it had, each with the step after which they came, up to now."""
        return [each for each in self._setups if each[0] <= self.step]

    def _cut(self, later: bool) -> None:
        """Forget what came after where it is, as something new is done."""
        if later:
            self.curves.cut(self.step, self.run.history)
            self._path.cut(self.step)
            self._setups = self.setups
            self.stale = True

    def _remember(self, problem: Problem) -> None:
        """Draw the epochs of an opened model before those to come."""
        total = problem.history[-1].steps if problem.history else 0
        for epoch in problem.history[:-1]:
            self.curves.add(
                {
                    "step": epoch.steps - total,
                    "epoch": epoch.epoch,
                    "train": epoch.error,
                    "validation": epoch.validation_error,
                    "rate": epoch.learning_rate,
                    "norm": epoch.gradient_norm,
                }
            )


def _run_of(problem: Problem) -> Run:
    """Return the run of a problem, before its first step."""
    return Run(
        problem.network, problem.train, problem.train.Y, plan=problem.plan, theta=problem.start,
        X_val=problem.validation,
    )  # fmt: skip
