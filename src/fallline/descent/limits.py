"""What may end an epoch early: a request from any thread, the time budget, a checkpoint due."""

from __future__ import annotations

import math
import time
from threading import Event

from ..engines.protocol import Stop

__all__ = ["MOST_STEPS", "Limits"]

MOST_STEPS = 2**18
"""Steps of one call of an engine: what is told of each takes memory, and some time at the end."""


class Limits:
    """The limits of a run's time, as an engine reads them between steps.

    Parameters
    ----------
    budget
        Seconds that the run may take; None sets no limit.

    Examples
    --------
    >>> limits = Limits(None)
    >>> limits.request("enough")
    >>> limits.begin(elapsed=0.0, due=math.inf).now(), limits.reached()
    (True, 'enough')
    """

    def __init__(self, budget: float | None) -> None:
        self._flag, self._reason = Event(), ""
        self._budget, self._end = budget, math.inf

    def request(self, reason: str) -> None:
        """End the run after the step now running; may be called from another thread."""
        self._reason = reason
        self._flag.set()

    def clear(self) -> None:
        """Forget a request."""
        self._flag.clear()

    def begin(self, elapsed: float, due: float) -> Stop:
        """Return when an engine that begins now comes back early.

        Parameters
        ----------
        elapsed
            Seconds that the run has taken so far.
        due
            The ``time.monotonic()`` of the next checkpoint.
        """
        if self._budget is not None:
            self._end = time.monotonic() + self._budget - elapsed
        return Stop(self._flag, min(self._end, due))

    def reached(self) -> str | None:
        """Return why the run ends, once an engine came back early; None where it goes on."""
        if self._flag.is_set():
            return self._reason
        if time.monotonic() >= self._end:
            return f"the time budget of {self._budget:g} s is spent"
        return None
