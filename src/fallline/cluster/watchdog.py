"""A watch over what must not take long: a process that waits for a frozen one never returns."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

__all__ = ["Watchdog"]

_PATIENCE = 10.0
"""How many times as long as the longest so far a step may take."""


class Watchdog:
    """Calls `bite`, in a thread of its own, when something that is watched takes too long.

    Parameters
    ----------
    bite
        What to do then; it is called with the seconds that were allowed, and should end the
        process.
    least
        Seconds that may pass between two beats at least; ten times as many as ever passed before
        are allowed, too.

    Examples
    --------
    >>> bitten = threading.Event()
    >>> dog = Watchdog(lambda seconds: bitten.set(), least=0.05)
    >>> dog.allow(0.05)
    >>> bitten.wait(5)
    True
    """

    def __init__(self, bite: Callable[[float], None], least: float) -> None:
        self._bite, self._least = bite, least
        self._longest, self._due, self._allowed = 0.0, math.inf, 0.0
        self._last: float | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._look, daemon=True, name="fallline watchdog").start()

    def beat(self) -> None:
        """Say that all goes on, and that the next beat will come; the first is only noted."""
        now = time.monotonic()
        if self._last is not None:
            self._longest = max(self._longest, now - self._last)
            self.allow(max(self._least, _PATIENCE * self._longest))
        self._last = now

    def allow(self, seconds: float) -> None:
        """Bite after so many seconds from now, unless told otherwise before."""
        self._set(time.monotonic() + seconds, seconds)

    def rest(self) -> None:
        """Watch nothing until the next beat but one: what comes may take any time."""
        self._last = None
        self._set(math.inf, 0.0)

    def _set(self, due: float, allowed: float) -> None:
        with self._changed:
            self._due, self._allowed = due, allowed
            self._changed.notify()

    def _look(self) -> None:
        with self._changed:
            while time.monotonic() < self._due:
                left = self._due - time.monotonic()
                self._changed.wait(None if math.isinf(left) else max(left, 0.0))
            allowed = self._allowed
        self._bite(allowed)
