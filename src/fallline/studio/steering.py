"""What can be done with the descent of a session, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SpecError, suggest
from .course import Course, Seen
from .frames import Frames
from .lessons import LESSONS
from .pace import Pace
from .problem import Problem
from .racing import Race, race_of
from .setup import HOT, Setup
from .telling import Telling
from .views.ground import Sight

if TYPE_CHECKING:
    from ..model import Model
    from .opened import Source
    from .painter import Painter

__all__ = ["Steering"]

_CHUNK = 0.025  # seconds of training before others are heard
_STEPS, _EPOCHS = 100.0, 2.0  # a second at first, at least: so slowly that a person can follow
_AT_ONCE = 0.1  # seconds of work that a command may take before it goes on beside others


class Steering:
    """The descent of a session, and all that can be done with it.

    Everything here is called by one thread.

    Parameters
    ----------
    setup, source
        What to descend on first.
    painter
        What draws the pictures; it is told of the plane and of what each viewer can see.
    going_on
        Whether the session lasts: asked while steps are taken once more.

    Attributes
    ----------
    running
        Whether the descent, or the race, goes on by itself.
    course
        The descent.
    pace
        How fast it is to go.
    telling
        What is told of it.
    seen
        Where it was when it was shown last, for other threads.
    sources
        The table of one's own, and the opened model.
    """

    def __init__(
        self, setup: Setup, source: Source | None, painter: Painter, going_on: Callable[[], bool]
    ) -> None:
        self.sources: dict[str, Source] = {} if source is None else {source.kind: source}
        self._painter, self._going_on = painter, going_on
        self.pace: Pace = Pace()
        self.running = False
        self._race: Race | None = None
        self._goal: int | None = None  # the step to halt at
        self._numbers, self.telling = 0, Telling()
        self._begin(Problem.of(setup, self.sources.get(setup.data)))
        self.pace.ask(max(_STEPS, _EPOCHS * self.course.steps_an_epoch))

    # What there is.

    def model(self) -> Model:
        """Return the model at the weights of now, with its history."""
        course = self.course
        return course.problem.model(course.run.theta, course.run.plan, course.history)

    def judged(self) -> tuple[Model, Problem]:
        """Return the model of now, and the problem whose rows it is judged by."""
        return self.model(), self.course.problem

    def look(self) -> None:
        """Measure where the descent is, and the race, and let other threads see it."""
        self.telling.look()
        if self._race is not None:
            self._race.look()
        self.seen: Seen = self.course.seen()

    def frames(self, points: bool = True) -> Frames:
        """Return the frames of now; `points` takes those of the curves that nobody has got yet."""
        course, race = self.course, self._race
        return self.telling.frames(
            self._painter.plane(course.number),
            race,
            points,
            running=self.running,
            stopped=course.stopped if race is None else race.stopped,
            speed=self.pace.wanted,
            steps_per_second=self.pace.steps_per_second,
        )

    # Going on.

    def go(self, seconds: float, shown: bool) -> bool:
        """Go on for a moment; return whether anything was done.

        Parameters
        ----------
        seconds
            For how long, about.
        shown
            Whether it will be shown where that led: the last step is then taken by itself, so that
            all of it can be told.
        """
        due = None if self._goal is not None else self.pace.due()
        if self._goal is not None:
            due = self._goal - self._step
        taken = 0 if due == 0 else self._advance(due, seconds, shown)
        if taken:
            self.pace.count(taken, self._step)
        stopped = self.course.stopped if self._race is None else self._race.stopped
        if stopped is not None or (self._goal is not None and self._step >= self._goal):
            self.halt()
            taken = max(taken, 1)
        return taken > 0

    def halt(self) -> None:
        """Stand still."""
        self.running, self._goal = False, None
        self.pace.halt()

    def _advance(self, most: int | None, seconds: float, shown: bool) -> int:
        """Take steps, at most so many, for about so long."""
        if self._race is not None:
            return self._race.go(most, seconds)
        course, before = self.course, self.course.step
        shown |= self._goal is not None and most is not None
        single = bool(shown)
        if most is None or most > single:
            course.go(None if most is None else most - single, seconds)
        if single and course.stopped is None:
            course.take()
        return course.step - before

    @property
    def _step(self) -> int:
        return self.course.step if self._race is None else self._race.step

    def _begin(self, problem: Problem) -> None:
        """Begin a new descent; what was before is gone."""
        course = Course(self._numbers + 1, problem)
        self.halt()
        self._numbers += 1
        self.course: Course = course
        self._race = None
        self.telling.begin(course)
        self.look()

    # What is done with it.

    def play(self) -> None:
        """Let it go on by itself; where all epochs are done, for as many more.

        Raises
        ------
        SpecError
            When it has ended otherwise.
        """
        if self._race is not None and self._race.stopped:
            raise SpecError(f"{self._race.stopped}; restart the race, or end it")
        if self._race is None:
            self._make_ready()
        self._goal, self.running = None, True
        self.pace.ask(self.pace.wanted)

    def step(self, of: str) -> None:
        """Take one step of an ``"example"`` or a ``"batch"``, or those up to an ``"epoch"``'s end.

        Raises
        ------
        SpecError
            When there can be no further step.
        """
        self.halt()
        course = self.course
        if self._race is not None:
            self._go_to(self._race.step + (course.steps_an_epoch if of == "epoch" else 1))
            return
        self._make_ready()
        if of == "epoch":
            self._go_to(course.step + course.steps_left)
        else:
            course.take(1 if of == "example" else None)

    def back(self, of: str) -> None:
        """Go back one ``"step"``, or to where the ``"epoch"`` began.

        Raises
        ------
        SpecError
            At the start, and during a race.
        """
        course = self.course
        self._check_alone()
        if course.step == course.timeline.start:
            raise SpecError("this is the start; there is no step before it")
        self.halt()
        self._seek(course.step - 1 if of == "step" else course.epoch_start)

    def seek(self, step: int) -> None:
        """Go to any step: back, or on to one that was known, or beyond."""
        self._check_alone()
        self.halt()
        end = self.course.timeline.end
        self._seek(min(step, end))
        if step > end:
            self._make_ready()
            self._go_to(step)

    def best(self) -> None:
        """Go to the end of the epoch of the least validation error.

        Raises
        ------
        SpecError
            When there is none, and during a race.
        """
        self._check_alone()
        best = self.course.curves.best
        if best is None:
            raise SpecError(
                "no epoch has a validation error yet; hold validation rows out, and train an epoch"
            )
        self.halt()
        self._seek(best.steps)

    def restart(self) -> None:
        """Begin anew with the same start weights; of a race, all of its lanes."""
        race = self._race
        if race is None:
            self._begin(self.course.problem)
        else:
            self.halt()
            self._race = race.again(race.problem)

    def reseed(self) -> None:
        """Begin anew with other start weights, and another order of rows."""
        problem = self.course.problem
        setup = problem.setup.changed({"seed": problem.setup.seed + 1})
        self._begin(Problem.of(setup, problem.source))

    def begin(self, setup: Setup) -> None:
        """Begin another descent.

        Raises
        ------
        FalllineError
            When the setup cannot be; then all stays as it was.
        """
        self._begin(Problem.of(setup, self.sources.get(setup.data)))

    def place(self, x: float, y: float) -> None:
        """Begin anew from a point of the map, which a restart then returns to, too.

        Raises
        ------
        SpecError
            When there is no map, or the point is no place to start from.
        """
        plane, race = self._painter.plane(self.course.number), self._race
        entries = self.telling.entries
        if plane is None:
            raise SpecError("there is no map of the error yet; open it first")
        theta = plane.thetas(np.array([[x, y]]))[0]
        if not np.isfinite(theta).all():
            raise SpecError("this point is too far away to start from")
        self._begin(self.course.problem.started(theta))
        if race is not None:
            self._race = race.again(self.course.problem)
            self.telling.entries = entries

    def change(self, changes: Any) -> None:
        """Go on with other settings, without a restart.

        Raises
        ------
        SpecError
            When they cannot be, or cannot change during a descent.
        """
        if isinstance(changes, Mapping) and (others := sorted(set(map(str, changes)) - HOT)):
            raise SpecError(
                f"{', '.join(others)} cannot change during a descent, as {', '.join(sorted(HOT))} "
                "can; begin a new one with setup"
            )
        before = self.course.setup
        after = before.changed(changes)
        if after != before:
            self.course.change(after)
            self.telling.anew = True

    def look_along(self, along: Any, span: Any) -> None:
        """Take another plane, or another window of it, for the map of the error."""
        sight = Sight.of(along, span)
        self._painter.choose(sight.along, sight.span)

    def race(self, entries: Any) -> None:
        """Let several ways to descend race from the start; none ends the race."""
        race = race_of(entries, self.course.problem, self.course.gauge) if entries != [] else None
        self.halt()
        self._race, self.telling.entries = race, entries

    def lesson(self, name: str | None) -> None:
        """Begin a lesson of the tour; None leaves it."""
        if name is None:
            self.telling.lesson, self.telling.anew = None, True
            return
        if name not in LESSONS:
            raise SpecError(f"there is no lesson {name[:60]!r}; {suggest(name, LESSONS)}")
        lesson = LESSONS[name]
        self.begin(lesson.setup)
        self.telling.lesson = lesson
        self.pace.ask(lesson.speed)
        self.look_along(**(lesson.surface or {"along": "auto", "span": None}))

    def columns(self) -> dict[str, Any]:
        """Return what there is to know of the columns of one's own table."""
        for kind in ("own", "model"):
            if kind in self.sources:
                return self.sources[kind].columns()
        raise SpecError("no table of your own is open; drop a CSV file on the page")

    def _make_ready(self) -> None:
        """See to it that another step can be taken."""
        course = self.course
        if course.out_of_epochs:
            epochs = course.setup.epochs + course.epochs_more
            course.change(course.setup.changed({"epochs": epochs}))
            self.telling.anew = True
        if course.stopped is not None:
            raise SpecError(f"the descent has ended: {course.stopped}; step back, or restart")

    def _go_to(self, step: int) -> None:
        """Go on to a step: at once, where that is quickly done, else by and by."""
        self._goal, self.running, spent = step, True, 0.0
        while self.running and spent < _AT_ONCE:
            begun = time.thread_time()  # while other work has the processor, nothing is spent
            self.go(_CHUNK, True)
            spent += min(time.thread_time() - begun, _CHUNK)

    def _seek(self, step: int) -> None:
        before = self.course.setup
        self.course.seek(step, self._going_on)
        self.telling.anew |= self.course.setup != before

    def _check_alone(self) -> None:
        if self._race is not None:
            raise SpecError("a race goes only forward; restart it, or end it to step back")
