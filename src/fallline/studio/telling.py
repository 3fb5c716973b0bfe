"""What the viewers know of a descent, so that they are told what is new, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..pictures.plane import Plane
from .choices import choices
from .course import Course
from .frames import Frames
from .lessons import lesson_list
from .message import Message
from .program import Program
from .timeline import Took

if TYPE_CHECKING:
    from .lessons import Lesson
    from .racing import Race

__all__ = ["Telling"]


class Telling:
    """Tells of one descent after the other.

    Attributes
    ----------
    lesson
        The lesson of the tour that it is part of, or None.
    anew
        Whether the problem or its settings are other ones than those that were told.
    entries
        Those of the race that is on; none without.
    """

    def __init__(self) -> None:
        self.lesson: Lesson | None = None
        self.anew = True
        self.entries: Sequence[Mapping[str, Any]] = ()
        self._course: Course
        self._lines: list[str] = []
        self._points: list[dict[str, Any]] = []

    def begin(self, course: Course) -> None:
        """Tell of this descent from now on."""
        self._course, self._first = course, course.problem
        self._whole: bool = course.problem.message_fields()["network"]["whole"]
        self._lines, self._points = self.program.lines, []
        self.entries, self.anew = (), True

    def look(self) -> None:
        """Measure where the descent is; its point of the curves is told with the next frame."""
        point = self._course.look()
        if point is not None:
            self._points.append(point)

    @property
    def program(self) -> Program:
        """The program that does what was done up to here, by the descent's journal."""
        course = self._course
        found, at, later = Program(self._first), 0, iter(course.setups[1:])
        for event in course.timeline.journal:
            if isinstance(event, Took):
                found.steps(event.step - 1 - at)
                found.example()
            else:
                found.steps(event.step - at)
                found.changed(next(later)[1])
            at = event.step
        found.steps(course.step - at)
        found.race(self.entries)
        return found

    def everything(self) -> list[Message]:
        """Return the messages that tell somebody new all but the frame."""
        hello = {"version": __version__, **choices(), "lessons": lesson_list()}
        return [Message("hello", hello), self._problem(), self._curves()]

    def news(self, running: bool) -> list[Message]:
        """Return what is to be told before a frame: the program changes while it stands only."""
        course, found = self._course, list[Message]()
        if self.anew:
            self._lines = self.program.lines
            found.append(self._problem())
        elif not running and (lines := self._new_lines()):
            found.append(lines)
        if course.stale or self.anew:
            found.append(self._curves())
            self._points = []
        self.anew = course.stale = False
        return found

    def frames(self, plane: Plane | None, race: Race | None, points: bool, **state: Any) -> Frames:
        """Return the frames of now; see `Frames`.

        Parameters
        ----------
        points
            Whether to take the points of the curves that nobody was told of yet.
        """
        told = self._points if points else []
        if points:
            self._points = []
        with np.errstate(all="ignore"):  # a descent may be far off any map
            return Frames(self._course, self._whole, told, plane, race, **state)

    def _problem(self) -> Message:
        course = self._course
        fields = {**course.problem.message_fields(), "run": course.number, "code": self._lines}
        lesson = None if self.lesson is None else self.lesson.to_json()
        return Message("problem", {**fields, "lesson": lesson})

    def _curves(self) -> Message:
        course = self._course
        return Message("curves", {**course.curves.fields(), "run": course.number})

    def _new_lines(self) -> Message | None:
        old, new = self._lines, self.program.lines
        if old == new:
            return None
        pairs = enumerate(zip(old, new, strict=False))
        first = next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
        self._lines = new
        fields = {"run": self._course.number, "from": first, "lines": new[first:]}
        return Message("code", fields)
