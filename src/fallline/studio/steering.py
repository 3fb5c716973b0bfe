"""What is done with a descent: every command of the page, one method each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SpecError, suggest
from .course import Course
from .frames import Frames
from .message import Message
from .pace import Pace
from .problem import Problem
from .racing import Race, race_of
from .setup import HOT, Setup
from .told import program_lines
from .words import change_words

try:  # until they are there
    from .choices import hello_fields
    from .lessons import LESSONS
except ImportError:
    LESSONS = {}

    def hello_fields() -> dict[str, Any]:
        return {
            "version": "0",
            "samples": [],
            "activations": [],
            "losses": [],
            "initializers": [],
            "optimizers": [],
            "schedules": [],
            "lessons": [],
            "limits": {"upload_bytes": 1 << 20, "layers": 4, "units": 64, "rows": 10_000},
        }


if TYPE_CHECKING:
    from ..model import Model
    from .opened import Source
    from .painter import Painter
    from .session import Viewer

__all__ = ["Steering"]

_VIEWS = ("surface", "boundary", "units", "predictions", "confusion")
_FASTEST = 1e9  # steps a second that may be asked for
_AT_ONCE = 4  # chunks of training that a command may take before it goes on beside others

Command = Mapping[str, Any]


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
    moved
        Whether the last command calls for a frame.
    """

    def __init__(
        self, setup: Setup, source: Source | None, painter: Painter, going_on: Callable[[], bool]
    ) -> None:
        self.sources: dict[str, Source] = {} if source is None else {source.kind: source}
        self._painter, self._going_on = painter, going_on
        self.pace = Pace()
        self.running, self.moved = False, True
        self._race: Race | None = None
        self._lesson: str | None = None
        self._goal: int | None = None  # the step to halt at
        self._numbers, self._anew = 0, True
        self._points: list[dict[str, Any]] = []
        self._begin(Problem.of(setup, self.sources.get(setup.data)))

    # What there is.

    @property
    def lines(self) -> list[str]:
        """The program that does what was done up to here."""
        course = self.course
        setups = [setup for _, setup in course.setups[1:]]
        return program_lines(self._first, setups, course.timeline.journal, course.step)

    def model(self) -> Model:
        """Return the model at the weights of now, with its history."""
        course = self.course
        return course.problem.model(course.run.theta, course.run.plan, course.history)

    def judged(self) -> tuple[Model, Problem]:
        """Return the model of now, and the problem whose rows it is judged by."""
        return self.model(), self.course.problem

    def everything(self) -> list[Message]:
        """Return the messages that tell somebody new all but the frame."""
        self._told = self.lines
        return [Message("hello", hello_fields()), self._problem(), self._curves()]

    def news(self) -> list[Message]:
        """Return what is to be told before the next frame."""
        found = []
        if self._anew:
            found.append(self._problem())
        if self.course.stale or self._anew:
            found.append(self._curves())
        if not self._anew and not self.running and (lines := self._new_lines()):
            found.append(lines)
        self._anew = self.course.stale = False
        return found

    def frames(self, points: bool = True) -> Frames:
        """Return the frames of now; `points` takes those of the curves that nobody has got yet."""
        shown, course = self._points if points else [], self.course
        if points:
            self._points = []
        race = self._race
        return Frames(
            course,
            self._whole,
            [] if course.stale or self._anew else shown,
            self._painter.plane(course.number),
            race,
            running=self.running,
            stopped=course.stopped if race is None else race.stopped,
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
        if taken and (shown or not self.running):
            self._look()
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

    def _look(self) -> None:
        if self._race is not None:
            self._race.look()
            return
        point = self.course.look()
        if point is not None:
            self._points.append(point)

    def _begin(self, problem: Problem) -> None:
        """Begin a new descent; what was before is gone."""
        course = Course(self._numbers + 1, problem)
        self.halt()
        self._numbers += 1
        self.course, self._first, self._race = course, problem, None
        self._whole: bool = problem.message_fields()["network"]["whole"]
        self._points = []
        self._told = self.lines
        self._anew = True

    # What is told.

    def _problem(self) -> Message:
        lesson = None if self._lesson is None else LESSONS[self._lesson].to_json()
        fields = {**self.course.problem.message_fields(), "run": self.course.number}
        return Message("problem", {**fields, "code": self._told, "lesson": lesson})

    def _curves(self) -> Message:
        return Message("curves", {**self.course.curves.fields(), "run": self.course.number})

    def _new_lines(self) -> Message | None:
        old, new = self._told, self.lines
        if old == new:
            return None
        pairs = enumerate(zip(old, new, strict=False))
        first = next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
        self._told = new
        number = self.course.number
        return Message("code", {"run": number, "from": first, "lines": new[first:]})

    # Commands.

    def obey(self, command: Command, viewer: Viewer | None) -> dict[str, Any]:
        """Do what a page asks for; return the fields of the reply.

        Raises
        ------
        FalllineError
            With a sentence, where it cannot be done.
        """
        name = command.get("do")
        known = [each[4:] for each in dir(self) if each.startswith("_do_")]
        self.moved = False
        if not isinstance(name, str) or name not in known:
            raise SpecError(f"there is no command {_short(name)}; {suggest(name, known)}")
        self.moved = name not in ("columns", "views", "watch")
        found: dict[str, Any] | None = getattr(self, f"_do_{name}")(command, viewer)
        return found or {}

    def _do_play(self, command: Command, viewer: Viewer | None) -> None:
        course = self.course
        if self._race is not None:
            if self._race.stopped:
                raise SpecError("every lane has ended; restart the race, or end it")
        elif course.out_of_epochs:
            self._more_epochs()
        elif course.stopped is not None:
            raise SpecError(f"the descent has ended: {course.stopped}; step back, or restart")
        self._goal, self.running = None, True
        self.pace.ask(self.pace.wanted)

    def _more_epochs(self) -> None:
        setup = self.course.setup
        epochs = setup.epochs + self._first.setup.epochs
        self.course.change(setup.changed({"epochs": epochs}), f"up to epoch {epochs}")
        self._anew = True

    def _do_pause(self, command: Command, viewer: Viewer | None) -> None:
        self._settle()

    def _settle(self) -> None:
        """Stand still, and show the last step that was taken."""
        self.halt()
        self._look()

    def _do_step(self, command: Command, viewer: Viewer | None) -> None:
        of = _choice(command, "of", ("example", "batch", "epoch"))
        self.halt()
        if self._race is not None:
            self._go_to(self._race.step + (self.course.steps_an_epoch if of == "epoch" else 1))
            return
        course = self.course
        if course.out_of_epochs:
            self._more_epochs()
        if course.stopped is not None:
            raise SpecError(f"the descent has ended: {course.stopped}; step back, or restart")
        if of == "epoch":
            self._go_to(course.step + course.steps_left)
        else:
            course.take(1 if of == "example" else None)
            self._look()

    def _go_to(self, step: int) -> None:
        """Go on to a step: at once, where that is quickly done, else by and by."""
        self._goal, self.running = step, True
        for _ in range(_AT_ONCE):
            if self.running:
                self.go(_CHUNK, True)

    def _do_back(self, command: Command, viewer: Viewer | None) -> None:
        of, course = _choice(command, "of", ("step", "epoch")), self.course
        self.halt()
        self._check_alone()
        if course.step == course.timeline.start:
            raise SpecError("this is the start; there is no step before it")
        self._seek(course.step - 1 if of == "step" else course.epoch_start)

    def _do_seek(self, command: Command, viewer: Viewer | None) -> None:
        step = _whole(command, "step", 0, 2**53)
        self.halt()
        self._check_alone()
        end = self.course.timeline.end
        self._seek(min(step, end))
        if step > end:
            self._go_to(step)

    def _seek(self, step: int) -> None:
        before = self.course.setup
        self.course.seek(step, self._going_on)
        self._anew |= self.course.setup != before
        self._look()

    def _do_best(self, command: Command, viewer: Viewer | None) -> None:
        self._check_alone()
        best = self.course.curves.best
        if best is None:
            raise SpecError(
                "no epoch has a validation error yet; hold validation rows out, and train an epoch"
            )
        self.halt()
        self._seek(best.steps)

    def _check_alone(self) -> None:
        if self._race is not None:
            raise SpecError("a race goes only forward; restart it, or end it to step back")

    def _do_restart(self, command: Command, viewer: Viewer | None) -> None:
        race = self._race
        if race is None:
            self._begin(self.course.problem)
            return
        self.halt()
        self._race = race.again()

    def _do_reseed(self, command: Command, viewer: Viewer | None) -> None:
        self._begin_with(self.course.setup.changed({"seed": self.course.setup.seed + 1}))

    def _do_setup(self, command: Command, viewer: Viewer | None) -> None:
        self._begin_with(self.course.setup.changed(command.get("changes")))

    def _begin_with(self, setup: Setup) -> None:
        self._begin(Problem.of(setup, self.sources.get(setup.data)))

    def _do_place(self, command: Command, viewer: Viewer | None) -> None:
        x, y = (_number(command, name) for name in ("x", "y"))
        plane = self._painter.plane(self.course.number)
        if plane is None:
            raise SpecError("there is no map of the error yet; open it first")
        theta = plane.thetas(np.array([[x, y]]))[0]
        if not np.isfinite(theta).all():
            raise SpecError("this point is too far away to start from")
        self._begin(self.course.problem.started(theta))

    def _do_speed(self, command: Command, viewer: Viewer | None) -> None:
        speed = command.get("steps_per_second")
        if speed is not None:
            speed = _number(command, "steps_per_second")
            if not 0.01 <= speed <= _FASTEST:
                raise SpecError(f"steps_per_second must be from 0.01 to {_FASTEST:g}, or null")
        self.pace.ask(speed)

    def _do_change(self, command: Command, viewer: Viewer | None) -> None:
        changes = command.get("changes")
        if isinstance(changes, Mapping) and (others := sorted(set(map(str, changes)) - HOT)):
            raise SpecError(
                f"{', '.join(others)} cannot change during a descent, as {', '.join(sorted(HOT))} "
                "can; begin a new one with setup"
            )
        before = self.course.setup
        after = before.changed(changes)
        if after == before:
            return
        self.course.change(after, change_words(before, after))
        self._anew = True

    def _do_columns(self, command: Command, viewer: Viewer | None) -> dict[str, Any]:
        for kind in ("own", "model"):
            if kind in self.sources:
                return {"columns": self.sources[kind].columns()}
        raise SpecError("no table of your own is open; drop a CSV file on the page")

    def _do_surface(self, command: Command, viewer: Viewer | None) -> None:
        self._painter.choose(command.get("along"), command.get("span"))

    def _do_views(self, command: Command, viewer: Viewer | None) -> None:
        show, layer = command.get("show"), command.get("layer")
        if not isinstance(show, list) or not all(each in _VIEWS for each in show):
            raise SpecError(f"show must be a list of {', '.join(_VIEWS)}, not {_short(show)}")
        if viewer is not None:
            viewer.show = frozenset(show)
            viewer.layer = layer if isinstance(layer, str) else None
            self._painter.look(viewer)

    def _do_watch(self, command: Command, viewer: Viewer | None) -> None:
        element, row = command.get("element"), command.get("row")
        if element is not None and not isinstance(element, str):
            raise SpecError(f"element must be the name of a weight, bias or unit, not "
                            f"{_short(element)}")  # fmt: skip
        rows = self.course.problem.train.n
        if row is not None:
            row = _whole(command, "row", 0, rows - 1)
        if viewer is not None:
            viewer.element, viewer.row = element, row
            self._painter.look(viewer)

    def _do_race(self, command: Command, viewer: Viewer | None) -> None:
        entries = command.get("entries")
        race = race_of(entries, self.course.problem, self.course.gauge) if entries != [] else None
        self.halt()
        self._race = race

    def _do_lesson(self, command: Command, viewer: Viewer | None) -> None:
        name = command.get("name")
        if name is not None and (not isinstance(name, str) or name not in LESSONS):
            raise SpecError(f"there is no lesson {_short(name)}; {suggest(name, LESSONS)}")
        if name is None:
            self._lesson, self._anew = None, True
            return
        lesson = LESSONS[name]
        self._begin_with(lesson.setup)
        self._lesson = name
        self.pace.ask(lesson.speed)
        if lesson.surface is not None:
            self._do_surface(lesson.surface, viewer)


_CHUNK = 0.025  # seconds of training before others are heard


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."


def _choice(command: Command, name: str, among: tuple[str, ...]) -> str:
    value = command.get(name)
    if not isinstance(value, str) or value not in among:
        raise SpecError(f"'{name}' must be {' or '.join(among)}, not {_short(value)}")
    return value


def _number(command: Command, name: str) -> float:
    value: Any = command.get(name)
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or abs(value) > 1e300:
        raise SpecError(f"'{name}' must be a finite number, not {_short(value)}")
    return float(value)


def _whole(command: Command, name: str, least: int, most: int) -> int:
    value: Any = command.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SpecError(
            f"'{name}' must be a whole number from {least} to {most}, not {_short(value)}"
        )
    return value
