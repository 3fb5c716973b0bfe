"""How fast a descent goes: how many steps are due, and how many it takes a second."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

__all__ = ["Pace"]

_WINDOW = 1.0  # seconds over which the speed is measured
_BEHIND = 0.5  # seconds of steps that are made up for; what is missing beyond is left out


class Pace:
    """The speed that is asked for, and the one that there is.

    Parameters
    ----------
    clock
        Seconds, such as `time.monotonic`.

    Attributes
    ----------
    wanted
        Steps a second; None: as many as the machine can.

    Examples
    --------
    >>> seconds = iter([0.0, 0.0, 1.0, 1.0])
    >>> pace = Pace(lambda: next(seconds))
    >>> pace.ask(2.0)
    >>> pace.due(), pace.due(), pace.wait()
    (1, 2, 0.0)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.wanted: float | None = None
        self._next = -math.inf  # when the next step is due
        self._seen = deque[tuple[float, int]]()

    def ask(self, steps_per_second: float | None) -> None:
        """Go so fast from now on; the next step is due at once."""
        self.wanted = steps_per_second
        self._next = self._clock()

    def due(self) -> int | None:
        """Return how many steps are due now; None where as many as can be."""
        if self.wanted is None:
            return None
        now = self._clock()
        self._next = max(self._next, now - max(_BEHIND, 1 / self.wanted))
        return max(0, math.floor((now - self._next) * self.wanted) + 1) if now >= self._next else 0

    def wait(self) -> float:
        """Return the seconds until a step is due."""
        return 0.0 if self.wanted is None else max(0.0, self._next - self._clock())

    def count(self, taken: int, step: int) -> None:
        """Tell that so many steps were taken, the last of which is this one."""
        now = self._clock()
        if self.wanted is not None:
            self._next += taken / self.wanted
        self._seen.append((now, step))
        while len(self._seen) > 2 and now - self._seen[1][0] > _WINDOW:
            self._seen.popleft()

    def halt(self) -> None:
        """Forget the speed: the descent stands, or is elsewhere."""
        self._seen.clear()

    @property
    def steps_per_second(self) -> float:
        """How many steps it takes a second; 0 where it stands."""
        if len(self._seen) < 2:
            return 0.0
        (then, first), (now, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now - then) if now > then else 0.0
