"""A watch over what must not take long: a process that waits for a frozen one never returns."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

__all__ = ["Watchdog"]

_PATIENCE = 10.0
"""How many times as long as usual something may take."""


_TICK = 1.0
"""Seconds between two looks."""


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
    >>> bitten.wait(60)
    True
    """

    def __init__(self, bite: Callable[[float], None], least: float) -> None:
        self._bite, self._least = bite, least
        self._longest, self._due, self._allowed = 0.0, math.inf, 0.0
        self._beats: list[float] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._look, daemon=True, name="fallline watchdog").start()

    def beat(self) -> None:
        """Say that all goes on, and that the next beat will come.

        What passes between the first two is not taken as usual: it holds what is done once.
        """
        self._beats = [*self._beats[-2:], time.monotonic()]
        if len(self._beats) == 1:
            self.once()
            return
        if len(self._beats) == 3:
            self._longest = max(self._longest, self._beats[2] - self._beats[1])
        self.allow(max(self._least, _PATIENCE * self._longest))

    def once(self) -> None:
        """Say that something is done before the next beat that is done once, such as compiling."""
        self.allow(_PATIENCE * self._least)

    def allow(self, seconds: float) -> None:
        """Bite after so many seconds from now, unless told otherwise before."""
        self._set(time.monotonic() + seconds, seconds)

    def rest(self) -> None:
        """Watch nothing until the next beat."""
        self._beats = []
        self._set(math.inf, 0.0)

    def _set(self, due: float, allowed: float) -> None:
        with self._changed:
            self._due, self._allowed = due, allowed
            self._changed.notify()

    def _look(self) -> None:
        with self._changed:
            while (left := self._due - time.monotonic()) > 0:
                before, tick = time.monotonic(), min(left, _TICK)
                self._changed.wait(tick if math.isfinite(left) else None)
                late = time.monotonic() - before - tick
                # Where this thread did not run itself, the whole process was paused: a machine that
                # slept, or a debugger. That time is nobody's fault.
                self._due += max(late, 0.0) if late > _TICK and math.isfinite(left) else 0.0
            allowed = self._allowed
        self._bite(allowed)
