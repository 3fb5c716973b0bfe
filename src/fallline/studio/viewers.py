"""What one tab still has to be sent: the newest of each kind, so that a slow tab slows nobody."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import FalllineError
from .message import Message

__all__ = ["DEFECT", "Outbox", "Tab"]

DEFECT = (
    "this is a defect of fallline; please report it, with what the terminal shows. "
    "The studio goes on"
)
_MOST_NOTICES = 20

_encoded: WeakKeyDictionary[Message, bytes] = WeakKeyDictionary()  # several tabs get the same one


class Outbox:
    r"""A viewer as the session and the painter see it, with what it was offered and not sent yet.

    Parameters
    ----------
    wake
        Is called, from any thread, when there is something to send.

    Attributes
    ----------
    show
        The views that can be seen.
    element, row
        What is in focus, and on which training row.
    layer
        The layer of a large network in sight.
    target
        Of several targets the one whose predictions are shown.

    Examples
    --------
    >>> box = Outbox(lambda: None)
    >>> box.offer(Message("frame", {"run": 1, "step": 1, "curves": [{"step": 1}]}))
    >>> box.offer(Message("frame", {"run": 1, "step": 2, "curves": [{"step": 2}]}))
    >>> box.unread, box.take()[4:]
    (1, b'{"type":"frame","run":1,"step":2,"curves":[{"step":1},{"step":2}],"arrays":{}}\x00\x00')
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.show: frozenset[str] = frozenset()
        self.element: str | None = None
        self.row: int | None = None
        self.layer: str | None = None
        self.target: str | None = None
        self._wake = wake
        self._waiting: OrderedDict[str, Message] = OrderedDict()
        self._lock = Lock()
        self._count = 0

    def offer(self, message: Message, slot: str | None = None) -> None:
        """Take what is to be sent, from any thread; it never waits.

        Parameters
        ----------
        message
            It replaces what waits in the same slot; nothing that frames and lines of code only
            add is lost by that.
        slot
            The message's type unless given.
        """
        with self._lock:
            slot = slot or self._slot(message)
            before = self._waiting.pop(slot, None)
            self._waiting[slot] = message if before is None else _joined(before, message)
            if message.type == "curves":  # it holds all that a frame which waits would add
                self._without_points()
        self._wake()

    def answer(self, id: int, outcome: Future[dict[str, Any]]) -> None:
        """Take the outcome of a command."""
        self.offer(_reply(id, outcome))

    @property
    def unread(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def take(self) -> bytes | None:
        """Return what is to be sent next, or None."""
        with self._lock:
            if not self._waiting:
                return None
            _, message = self._waiting.popitem(last=False)
        if message not in _encoded:
            _encoded[message] = message.encoded()
        return _encoded[message]

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()

    def _slot(self, message: Message) -> str:
        if message.type not in ("reply", "notice"):
            return message.type
        self._count += 1
        notices = [slot for slot in self._waiting if slot.startswith("notice ")]
        if message.type == "notice" and len(notices) >= _MOST_NOTICES:
            del self._waiting[notices[0]]
        return f"{message.type} {self._count}"

    def _without_points(self) -> None:
        frame = self._waiting.get("frame")
        if frame is not None:
            self._waiting["frame"] = replace(frame, fields={**frame.fields, "curves": []})


class Tab(Outbox):
    """A tab of a browser: its outbox is emptied by the loop in which it is made."""

    def __init__(self) -> None:
        super().__init__(self._set)
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()

    async def next(self) -> bytes:
        """Return what is to be sent, when there is something."""
        while (content := self.take()) is None:
            self._ready.clear()
            if not self.unread:  # nothing came since it was looked at
                await self._ready.wait()
        return content

    def _set(self) -> None:
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(self._ready.set)


def _joined(old: Message, new: Message) -> Message:
    """Return the new message with what the old one would have added."""
    if old.fields.get("run") != new.fields.get("run"):
        return new
    if new.type == "frame":
        points = [*old.fields.get("curves", ()), *new.fields.get("curves", ())]
        return replace(new, fields={**new.fields, "curves": points})
    if new.type == "code" and old.fields["from"] < new.fields["from"]:
        first = old.fields["from"]
        lines = [*old.fields["lines"][: new.fields["from"] - first], *new.fields["lines"]]
        return replace(new, fields={**new.fields, "from": first, "lines": lines})
    return new


def _reply(id: int, outcome: Future[dict[str, Any]]) -> Message:
    if outcome.cancelled():
        return Message("reply", {"id": id, "error": "the studio is ending"})
    error = outcome.exception()
    if error is None:
        return Message("reply", {"error": None, **outcome.result(), "id": id})
    told = str(error) if isinstance(error, FalllineError) else DEFECT
    return Message("reply", {"id": id, "error": told})
