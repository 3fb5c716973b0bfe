"""A watch over what must not take long: a process that waits for a frozen one never returns."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
        Seconds that anything may take.

    Examples
    --------
    >>> bitten = threading.Event()
    >>> dog = Watchdog(lambda seconds: bitten.set(), least=0.05)
    >>> with dog.watch(0.05):
    ...     bitten.wait(5)
    True
    """

    def __init__(self, bite: Callable[[float], None], least: float) -> None:
        self._bite, self._least = bite, least
        self._longest, self._due, self._allowed = 0.0, math.inf, 0.0
        self._changed = threading.Condition()
        threading.Thread(target=self._look, daemon=True, name="fallline watchdog").start()

    @contextmanager
    def watch(self, seconds: float | None = None) -> Iterator[None]:
        """Watch what is done within, once at a time.

        Parameters
        ----------
        seconds
            What it may take; unless given, ten times as long as the longest before, and at least
            the `least`.
        """
        allowed = max(self._least, _PATIENCE * self._longest) if seconds is None else seconds
        begun = time.monotonic()
        self._set(begun + allowed, allowed)
        try:
            yield
        finally:
            self._set(math.inf, 0.0)
        if seconds is None:
            self._longest = max(self._longest, time.monotonic() - begun)

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
