"""`Session`: one descent that everybody looks at, and the thread that moves it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from ..errors import FalllineError, SpecError
from .instant import Instant
from .message import Message, Viewer
from .orders import SILENT, obey
from .painter import Painter
from .setup import Setup
from .steering import Steering

if TYPE_CHECKING:
    from .opened import Source

__all__ = ["Session"]

_MOST_WAITING = 100  # commands
_FRAME = 1 / 30  # seconds from one frame to the next, at least
_SHARE = 4  # frames take at most this part of the time
_CHUNK = 0.025  # seconds of training between two looks at the commands

_ENDING = "the studio is ending"

_log = logging.getLogger("fallline.studio")


class Session:
    """A descent of the studio, its past, and those who look on; it knows nothing of the web.

    One thread moves the descent and does what is asked, in turn. It is never ended by a command:
    what cannot be done is told in a sentence.

    Parameters
    ----------
    setup
        What to descend on first.
    source
        The table of one's own, or the opened model, where the setup speaks of it.
    lively
        Whether it goes on by itself as soon as somebody looks on.

    Raises
    ------
    FalllineError
        When the setup cannot be.

    Examples
    --------
    >>> with Session(Setup(data="xor", epochs=50)) as session:
    ...     reply = session.do({"do": "step", "of": "epoch"}).result()
    ...     session.instant().step > 0
    True
    """

    def __init__(self, setup: Setup, source: Source | None = None, *, lively: bool = False) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._waiting, self._lock = 0, threading.Lock()
        self._closing = threading.Event()
        self._viewers: list[Viewer] = []
        self._next_frame, self._lively = 0.0, lively
        self._painter = Painter(self.instant)
        try:
            self._steering = Steering(setup, source, self._painter, self._going_on)
            self._show()
        except BaseException:
            self._painter.close()
            raise
        self._thread = threading.Thread(target=self._live, name="descent", daemon=True)
        self._thread.start()

    # What others ask for, from any thread.

    def do(
        self, command: Mapping[str, Any], viewer: Viewer | None = None
    ) -> Future[dict[str, Any]]:
        """Do what a page asks for; see ``Command`` in ``studio-ui/src/protocol.ts``.

        Returns
        -------
        Future
            The fields of the reply; or a `FalllineError` whose text is a sentence.
        """
        with self._lock:
            full = self._waiting >= _MOST_WAITING
            self._waiting += not full
        if full:
            return _refused(f"{_MOST_WAITING} commands are waiting already; wait a little")

        def job() -> dict[str, Any]:
            with self._lock:
                self._waiting -= 1
            return self._obey(command, viewer)

        return self._ask(job)

    def own(self, source: Source) -> Future[dict[str, Any]]:
        """Let this be the table of one's own, for the setups to come."""

        def job() -> dict[str, Any]:
            self._steering.sources[source.kind] = source
            return {"columns": source.columns()}

        return self._ask(job)

    def join(self, viewer: Viewer) -> None:
        """Let somebody look on: they are told all that there is, then what happens."""
        self._ask(lambda: self._welcome(viewer))

    def leave(self, viewer: Viewer) -> None:
        """Forget somebody who has gone."""
        self._ask(lambda: self._drop(viewer))

    def instant(self) -> Instant:
        """Return where the descent is now."""
        return self._steering.seen.instant

    def export_code(self) -> str:
        """Return the Python program that does what was done here, to the same bits."""
        text: str = self._ask(lambda: self._steering.telling.program.text).result()
        return text

    def export_model(self) -> bytes:
        """Return the model at the weights of now, as the bytes of a ``.fall`` file."""
        from .exports import model_bytes

        return model_bytes(self._ask(lambda: self._steering.model()).result())

    def export_report(self) -> str:
        """Return the report on the model of now as a page.

        Raises
        ------
        FalllineError
            When there is none, such as for want of an extra.
        """
        from .exports import report_page

        return report_page(*self._ask(lambda: self._steering.judged()).result())

    def close(self) -> None:
        """End the session and its threads; again it does nothing."""
        with self._lock:
            self._closing.set()
        self._jobs.put(None)
        self._thread.join()
        self._painter.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The thread of the descent.

    def _ask(self, work: Callable[[], Any]) -> Future[Any]:
        """Have something done by the thread of the descent."""
        outcome: Future[Any] = Future()

        def job() -> None:
            if not outcome.set_running_or_notify_cancel():
                return
            try:
                if self._closing.is_set():
                    raise SpecError(_ENDING)
                outcome.set_result(work())
            except FalllineError as error:
                outcome.set_exception(error)
            except Exception as error:
                _log.exception("a defect in the studio")
                outcome.set_exception(FalllineError(_defect(error)))

        with self._lock:
            if self._closing.is_set():
                return _refused(_ENDING)
            self._jobs.put(job)
        return outcome

    def _live(self) -> None:
        while not self._closing.is_set():
            try:
                job = self._jobs.get(timeout=self._patience())
            except Empty:
                job = self._go
            if job is not None:
                job()
        with suppress(Empty):  # what still waits is told so
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job()

    def _patience(self) -> float | None:
        """Return for how long to wait for commands before the descent goes on."""
        return self._steering.pace.wait() if self._steering.running else None

    def _go(self) -> None:
        """Go on for a moment, and show where that led when it is time to."""
        try:
            left = self._next_frame - time.monotonic()
            seconds = min(_CHUNK, max(left, 0.001))
            full = self._steering.pace.wanted is None
            shown = left <= (seconds if full else 0.0)
            if self._steering.go(seconds, shown) and (shown or not self._steering.running):
                self._show()
        except Exception as error:
            _log.exception("the descent was halted by a defect")
            self._steering.halt()
            told = str(error) if isinstance(error, FalllineError) else _defect(error)
            self._tell([Message("notice", {"kind": "error", "text": told})])

    def _going_on(self) -> bool:
        return not self._closing.is_set()

    def _obey(self, command: Mapping[str, Any], viewer: Viewer | None) -> dict[str, Any]:
        silent = isinstance(command, Mapping) and command.get("do") in SILENT
        try:
            return obey(self._steering, self._painter, command, viewer)
        finally:
            if not silent:
                self._show()
            elif viewer is not None and viewer in self._viewers:
                self._catch_up(viewer)  # it may have another layer in sight

    # Who looks on.

    def _show(self) -> None:
        """Tell everybody where the descent is."""
        begun = time.monotonic()
        self._steering.look()
        news = self._steering.telling.news(self._steering.running)
        frames = self._steering.frames()
        for viewer in list(self._viewers):
            self._offer(viewer, [*news, frames.of(viewer.layer)])
        self._painter.pace(self._steering.running)
        self._painter.renew()
        due = max(self._next_frame, begun - _FRAME)  # steps may come a little late for it
        self._next_frame = max(due + _FRAME, begun + _SHARE * (time.monotonic() - begun))

    def _welcome(self, viewer: Viewer) -> None:
        self._steering.look()
        frames = self._steering.frames(points=False)
        if self._offer(viewer, [*self._steering.telling.everything(), frames.of(viewer.layer)]):
            self._viewers.append(viewer)
            self._painter.join(viewer)
        if self._lively:
            self._lively = False
            self._steering.play()

    def _catch_up(self, viewer: Viewer) -> None:
        """Tell one viewer where the descent is."""
        self._steering.look()
        self._offer(viewer, [self._steering.frames(points=False).of(viewer.layer)])

    def _tell(self, messages: list[Message]) -> None:
        for viewer in list(self._viewers):
            self._offer(viewer, messages)

    def _offer(self, viewer: Viewer, messages: list[Message]) -> bool:
        """Offer messages; who cannot take them is forgotten."""
        try:
            for message in messages:
                viewer.offer(message)
        except Exception:
            _log.exception("a viewer that took no message was dropped")
            self._drop(viewer)
            return False
        return True

    def _drop(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            self._painter.leave(viewer)


def _refused(sentence: str) -> Future[Any]:
    outcome: Future[Any] = Future()
    outcome.set_exception(SpecError(sentence))
    return outcome


def _defect(error: Exception) -> str:
    return (
        f"something went wrong within fallline ({type(error).__name__}): a defect; please report "
        "it with what the terminal shows. The studio goes on"
    )
