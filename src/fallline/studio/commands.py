"""What a tab says, from text to a command; everything else is refused with a sentence."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ..errors import FalllineError
from .message import Message
from .viewers import Outbox

if TYPE_CHECKING:
    from .session import Session

__all__ = ["LONGEST_MESSAGE", "Pace", "command_id", "obey", "read_command"]

LONGEST_MESSAGE = 1 << 20  # bytes, of one that a tab sends
_LARGEST_ID = 2**53  # a number of JavaScript that is still whole


def obey(
    text: object, session: Session, viewer: Outbox, defect: Callable[[BaseException], None]
) -> None:
    """Do what a message says, and answer it when it is done.

    Parameters
    ----------
    text
        The message, whatever came.
    session, viewer
        Who is to do it, and who said it.
    defect
        Is told of an error that is ours; the viewer learns only that there was one.
    """
    try:
        command = read_command(text)
    except ValueError as error:
        viewer.offer(Message("notice", {"kind": "error", "text": str(error)}))
        return

    def answer(outcome: Future[dict[str, Any]]) -> None:
        error = None if outcome.cancelled() else outcome.exception()
        if error is not None and not isinstance(error, FalllineError):
            defect(error)
        viewer.answer(command["id"], outcome)

    session.do(command, viewer).add_done_callback(answer)


def read_command(text: object) -> dict[str, Any]:
    """Return the command in a message: an object with a whole ``id`` and a word to ``do``.

    Raises
    ------
    ValueError
        With a sentence, for anything else, and for numbers that are not finite.

    Examples
    --------
    >>> read_command('{"id": 1, "do": "step", "of": "batch"}')
    {'id': 1, 'do': 'step', 'of': 'batch'}
    >>> read_command('{"id": 1}')
    Traceback (most recent call last):
    ValueError: a command needs a word to 'do', such as {"id": 1, "do": "pause"}
    """
    if not isinstance(text, str):
        raise ValueError("a message must be text, not bytes")
    try:
        command = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise ValueError("a message must be JSON, with finite numbers") from None
    if not isinstance(command, dict):
        raise ValueError('a message must be an object, such as {"id": 1, "do": "pause"}')
    if command_id(command) is None:
        raise ValueError("a command needs an 'id', a whole number of 0 or more")
    if not isinstance(command.get("do"), str):
        raise ValueError('a command needs a word to \'do\', such as {"id": 1, "do": "pause"}')
    return command


def command_id(command: dict[str, Any]) -> int | None:
    """Return the number that the reply is to carry, or None where there is none."""
    found: Any = command.get("id")
    whole = isinstance(found, int) and not isinstance(found, bool)
    return found if whole and 0 <= found <= _LARGEST_ID else None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


class Pace:
    """Lets so many messages through at once, and so many each second after those.

    Who is too quick is read more slowly: the rest waits in their own socket, not here.

    Parameters
    ----------
    burst, rate
        At once, and each second.
    """

    def __init__(self, burst: int, rate: float) -> None:
        self._burst, self._rate = burst, rate
        self._left, self._seen = float(burst), asyncio.get_running_loop().time()

    async def next(self) -> None:
        """Wait until one more may come."""
        now = asyncio.get_running_loop().time()
        self._left = min(self._burst, self._left + (now - self._seen) * self._rate) - 1
        self._seen = now
        await asyncio.sleep(max(0.0, -self._left / self._rate))  # 0 lets replies go out meanwhile
