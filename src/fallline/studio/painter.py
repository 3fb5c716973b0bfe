"""The thread that computes what tabs see beside the frames, and never slows the descent for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from ..engines.threads import one_thread
from ..errors import FalllineError, SpecError
from ..pictures.plane import Plane
from .instant import Instant
from .message import Message, Viewer
from .views.boundary import boundary
from .views.detail import Steps, detail
from .views.ground import Sight
from .views.predictions import confusion, predictions
from .views.scenery import Scenery
from .views.surface import Dropped, Map, surface
from .views.units import units

if TYPE_CHECKING:
    from .problem import Problem

__all__ = ["VIEWS", "Painter"]

VIEWS = ("surface", "boundary", "units", "predictions", "confusion")

_LOG = logging.getLogger("fallline.studio")
_PERIODS = {
    "detail": 1 / 15, "surface": 0.4, "boundary": 1 / 12, "predictions": 1 / 8, "confusion": 1 / 8,
    "units": 1 / 8,
}  # fmt: skip
"""Seconds between two pictures of a kind while the descent runs, at least."""

_SPARED = 6.0  # a picture's own time that passes between two of its kind while the descent runs
_LONGEST = 3.0  # seconds between two of a kind at the most, but for the rest that follows work
_QUICK = 0.12  # seconds that a fine map may take to be made instead of a coarse one
_MOST_KNOWN = 100
_OF_TARGET = ("boundary", "predictions")  # pictures that tell of one target
_FINER = 6.0  # coarse maps that a fine one takes as long as


class _Job(NamedTuple):
    """A picture that is wanted: its kind, and of what (a layer; a target; an element and a row)."""

    kind: str
    of: Any = None


class Painter:
    """Computes the newest wanted pictures, coarse first, and offers them to whom they are for.

    While the descent runs it takes half a core at most.

    Parameters
    ----------
    instant
        Returns the present moment; called from the painter's thread, once a picture.
    """

    def __init__(self, instant: Callable[[], Instant]) -> None:
        self._instant = instant
        self._news = Condition()
        self._given: dict[Viewer, dict[_Job, Message]] = {}
        self._sight = Sight()
        self._version = 0  # of what there is to see: instants and sights
        self._running = self._closed = self._warm = False
        self._done: dict[_Job, int] = {}
        self._last: dict[_Job, Message] = {}
        self._told: dict[str, str] = {}
        self._times: dict[_Job, float] = {}
        self._costs: dict[tuple[str, bool], float] = {}
        self._sceneries: dict[str | None, Scenery] = {}
        self._map: Map | None = None
        self._steps = Steps()
        self._thread = Thread(target=self._work, name="painter", daemon=True)
        self._thread.start()

    # What it is told, from any thread.

    def renew(self) -> None:
        """Note that there is a new instant."""
        with self._news:
            self._version += 1
            self._news.notify()

    def pace(self, running: bool) -> None:
        """Note whether the descent runs, and so how much time there is."""
        with self._news:
            self._running = running
            self._news.notify()

    def choose(self, along: Any, span: Any = None) -> None:
        """Take another plane for the map of the error, as a page asks for it.

        Raises
        ------
        SpecError
            When it is no plane, or the network has none such.
        """
        sight = Sight.of(along, span)
        sight.check(self._instant().problem.network)
        with self._news:
            self._sight = sight
        self.renew()

    def join(self, viewer: Viewer) -> None:
        """Add a tab, and offer it the last pictures of what it shows."""
        with self._news:
            self._given.setdefault(viewer, {})
            self.look(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Forget a tab."""
        with self._news:
            self._given.pop(viewer, None)

    def look(self, viewer: Viewer) -> None:
        """Note that a tab shows something else: it gets the last pictures, and soon new ones."""
        with self._news:
            given = self._given.get(viewer, {})
            last = {job: self._last[job] for job in _wanted([viewer]) if job in self._last}
            self._news.notify()
            for job, message in last.items():
                if given.get(job) is not message:
                    self._offer(viewer, job, message)

    def plane(self, run: int) -> Plane | None:
        """Return the plane of the last map of a descent; None before there is one."""
        found = self._map
        return None if found is None or found.ground.run != run else found.ground.plane

    def close(self) -> None:
        """End the thread."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()

    # The thread.

    def _work(self) -> None:
        while True:
            with self._news:
                job, wait = self._next()
                while job is None and not self._closed:
                    if self._done and not self._warm:
                        break
                    self._news.wait(wait)
                    job, wait = self._next()
                if self._closed:
                    return
                version, running = self._version, self._running
            if job is None:
                self._warm_up()
                continue
            began = time.perf_counter()
            self._do(job, version)
            if running:  # rest as long as it worked: half a core
                with self._news:
                    self._news.wait_for(lambda: self._closed, min(time.perf_counter() - began, 1.0))

    def _warm_up(self) -> None:
        """Load what the first formula and the first valley need, once there is nothing to do."""
        self._warm = True
        with suppress(ImportError):
            import scipy.optimize  # noqa: F401
            import sympy  # noqa: F401

    def _next(self) -> tuple[_Job | None, float | None]:
        """Return the most urgent picture, or how long to wait for one; None is until news."""
        now, wait = time.perf_counter(), None
        for job in _wanted(list(self._given)):
            if self._done.get(job) == self._version:
                continue
            if job.kind == "fine" and (self._running or not self._coarse_is_done):
                continue
            late = self._due(job) - now if self._running else 0.0
            if late <= 0:
                return job, None
            wait = late if wait is None else min(wait, late)
        return None, wait

    @property
    def _coarse_is_done(self) -> bool:
        return self._done.get(_Job("surface")) == self._version

    def _due(self, job: _Job) -> float:
        """Return when a picture may be made again while the descent runs."""
        if job not in self._times:
            return 0.0
        cost = max(self._costs.get((job.kind, fine), 0.0) for fine in (False, True))
        return self._times[job] + max(_PERIODS[job.kind], min(_SPARED * cost, _LONGEST))

    def _do(self, job: _Job, version: int) -> None:
        """Make a picture and offer it; whatever goes wrong ends in a sentence."""
        began = time.perf_counter()
        try:
            at = self._instant()
        except Exception:
            _LOG.exception("there is nothing to draw yet")
            self._done[job] = version
            return
        try:
            with one_thread():
                message, fine = self._painted(job, at, version)
            self._told.pop(_shown_as(job).kind, None)
        except Dropped:
            return
        except FalllineError as error:
            message, fine = None, False
            if not at.diverged:  # else the frame tells it, with what to do
                self._tell(job, "warning", str(error))
        except Exception:
            message, fine = None, False
            _LOG.exception("the picture %s failed", job)
            kind = _shown_as(job).kind
            what = "the formula in focus" if kind == "detail" else f"the picture '{kind}'"
            self._tell(job, "error", f"{what} could not be computed; the studio's log tells more")
        if len(self._done) > _MOST_KNOWN:  # what was in focus once
            self._done, self._times = {}, {}
        self._times[job] = time.perf_counter()
        known = (job.kind, fine) in self._costs  # the first one loads what it needs
        self._costs[job.kind, fine] = self._times[job] - began if known else 0.0
        self._done[job] = version
        if message is not None:
            self._show(job, message)

    def _painted(self, job: _Job, at: Instant, version: int) -> tuple[Message | None, bool]:
        """Return a picture, and whether it is a fine one."""
        if job.kind in ("surface", "fine"):
            return self._mapped(job, at, version)
        if job.kind == "detail":
            element, row = job.of
            return detail(at, element, row, self._steps), False
        scenery = self._scenery_of(at.problem, job.of if job.kind in _OF_TARGET else None)
        if job.kind == "units":
            return units(at, scenery, job.of), False
        if job.kind == "confusion" and not at.problem.classes:
            return None, False
        made = {"boundary": boundary, "predictions": predictions, "confusion": confusion}
        return made[job.kind](at, scenery), False

    def _scenery_of(self, problem: Problem, target: str | None) -> Scenery:
        """Return what pictures of a target share; all are forgotten with their problem."""
        if not all(each.serves(problem) for each in self._sceneries.values()):
            self._sceneries = {}
        wanted = target if target in problem.target.names[1:] else None  # no other: the first
        if wanted not in self._sceneries:
            self._sceneries[wanted] = Scenery(problem, wanted)
        return self._sceneries[wanted]

    def _mapped(self, job: _Job, at: Instant, version: int) -> tuple[Message, bool]:
        sight, last = self._sight, self._map
        known = last is not None and last.ground.leads_to(at, last.ground.sight)
        fine = job.kind == "fine" or (known and self._is_quick)

        def dropped() -> bool:
            outdated = job.kind == "fine" and self._version != version
            return self._closed or self._sight is not sight or outdated

        self._map = surface(at, _possible(sight, at), self._map, fine, dropped)
        if fine:
            self._done[_Job("fine")] = version
        return self._map.message, fine

    @property
    def _is_quick(self) -> bool:
        coarse = self._costs.get(("surface", False), 0.0)
        known = self._costs.get(("surface", True)) or self._costs.get(("fine", True))
        return 0 < (known or _FINER * coarse) < _QUICK

    # What it tells.

    def _show(self, job: _Job, message: Message) -> None:
        job = _shown_as(job)
        with self._news:
            wanted = set(_wanted(list(self._given)))
            for old in [each for each in self._last if each.kind == job.kind]:
                if old.kind == "detail" or old not in wanted:
                    del self._last[old]
            self._last[job] = message
            for viewer in self._who_wants(job):
                self._offer(viewer, job, message)

    def _tell(self, job: _Job, kind: str, text: str) -> None:
        """Say a sentence, unless it was said already and still holds."""
        known = text in self._told.values()
        self._told[_shown_as(job).kind] = text
        if not known:
            with self._news:
                for viewer in self._who_wants(job):
                    self._offer(viewer, job, Message("notice", {"kind": kind, "text": text}))

    def _who_wants(self, job: _Job) -> list[Viewer]:
        return [viewer for viewer in self._given if _shown_as(job) in _wanted([viewer])]

    def _offer(self, viewer: Viewer, job: _Job, message: Message) -> None:
        """Offer a message while `_news` is held, so that an older picture never comes later."""
        try:
            viewer.offer(message)
        except Exception:
            _LOG.exception("a tab took no picture any more")
            self.leave(viewer)
        else:
            if viewer in self._given:
                self._given[viewer][job] = message


def _shown_as(job: _Job) -> _Job:
    """Return whose place a picture takes: a fine map that of the coarse one."""
    return _Job("surface") if job.kind == "fine" else job


def _wanted(viewers: list[Viewer]) -> list[_Job]:
    """Return all pictures that these tabs want, the most urgent first."""

    def jobs() -> Iterator[_Job]:
        for viewer in viewers:
            if viewer.element is not None:
                yield _Job("detail", (viewer.element, viewer.row))
        for kind in ("surface", "boundary", "predictions", "confusion"):
            for viewer in viewers:
                if kind in viewer.show:
                    yield _Job(kind, viewer.target if kind in _OF_TARGET else None)
        for viewer in viewers:
            if "units" in viewer.show:
                yield _Job("units", viewer.layer)
        if any("surface" in viewer.show for viewer in viewers):
            yield _Job("fine")

    return list(dict.fromkeys(jobs()))


def _possible(sight: Sight, at: Instant) -> Sight:
    """Return what was asked for, or, where another network has no such weights, the usual plane."""
    try:
        sight.check(at.problem.network)
    except SpecError:
        return Sight()
    return sight
