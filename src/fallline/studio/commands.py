"""What a tab says, from text to a command; everything else is refused with a sentence."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

__all__ = ["Pace", "command_id", "read_command"]

_LARGEST_ID = 2**53  # a number of JavaScript that is still whole


def read_command(text: str | None) -> dict[str, Any]:
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
    if text is None:
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
        if self._left < 0:
            await asyncio.sleep(-self._left / self._rate)
