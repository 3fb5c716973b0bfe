"""A viewer whose messages are acknowledged, for ways that do not tell how full they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from .commands import obey
from .viewers import Outbox

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Wire"]

_ON_THEIR_WAY = 8  # messages that were not acknowledged yet


class Wire:
    """Joins a session to what shows it at the other end.

    What comes from there is ``{"type": "open"}`` of a view that is new, ``{"type": "command",
    "text": ...}``, ``{"type": "ack"}`` for each message that was handled, and ``{"type":
    "close"}``. What goes there is ``{"type": "message"}`` with the bytes of one `Message`. Several
    views of one widget get the same.

    Parameters
    ----------
    session
        What is looked at.
    send
        Takes content and buffers to the other end, from a thread of its own.
    defect
        Is told of errors of ours.
    """

    def __init__(
        self,
        session: Session,
        send: Callable[[dict[str, Any], Sequence[bytes]], object],
        defect: Callable[[BaseException], None],
    ) -> None:
        self._session, self._send, self._defect = session, send, defect
        self._turn = Condition()
        self._box = Outbox(self._wake)
        self._views, self._free, self._ended = 0, _ON_THEIR_WAY, False
        self._thread = Thread(target=self._run, name="studio-notebook", daemon=True)
        self._thread.start()

    def take(self, content: Any) -> None:
        """Take what came from the other end, whatever it is."""
        kind = content.get("type") if isinstance(content, dict) else None
        if kind == "ack":
            self._let(1)
        elif kind == "open":
            self._open()
        elif kind == "close":
            self._shut()
        else:
            text = content.get("text") if kind == "command" else None
            obey(text, self._session, self._box, self._defect)

    def close(self) -> None:
        """End; what waits is not sent any more."""
        with self._turn:
            self._ended = True
            self._turn.notify()
        self._thread.join()
        if self._views:
            self._views = 0
            self._session.leave(self._box)

    def _open(self) -> None:
        if self._views:
            self._session.leave(self._box)
        self._views += 1
        self._let(_ON_THEIR_WAY)  # a view that is gone, as of a page loaded anew, says no more
        self._session.join(self._box)  # what is sent from here on counts

    def _shut(self) -> None:
        self._views = max(0, self._views - 1)
        if not self._views:
            self._session.leave(self._box)
            self._box.clear()

    def _let(self, more: int) -> None:
        with self._turn:
            self._free = min(_ON_THEIR_WAY, self._free + more)
            self._turn.notify()

    def _wake(self) -> None:
        with self._turn:
            self._turn.notify()

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._ended or (self._free and self._box.unread))
                if self._ended:
                    return
                self._free -= 1
            content = self._box.take()
            if content is None:
                self._let(1)
                continue
            try:
                self._send({"type": "message"}, [content])
            except Exception as error:  # the way to the notebook is closed
                self._defect(error)
