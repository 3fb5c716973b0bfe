"""What ends a run on all processes after the same step, whoever was asked to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..arrays import Ints
from ..descent import Run
from ..engines.protocol import Steps
from .together import Together
from .watchdog import Watchdog

if TYPE_CHECKING:
    from ..engines.xla import Products
    from .engine import TogetherEngine

__all__ = ["Agreement"]


class Agreement:
    """Called after each slice of an epoch; see ``on_steps`` of `Run`.

    A signal, or the time budget, halts the steps of all processes between two pieces. Then they
    tell each other why, and all end, or all go on.

    Parameters
    ----------
    together
        The processes.
    dog
        Watches that steps come to an end; None for no watch.

    Attributes
    ----------
    interrupted
        Whether a signal ended the run.
    """

    def __init__(self, together: Together, dog: Watchdog | None = None) -> None:
        self._together, self._dog = together, dog
        self._run: Run | None = None
        self._asked: str | None = None
        self._due: float | None = None
        self._budget = 0.0
        self.interrupted = False

    def engine(self, products: Products) -> TogetherEngine:
        """Return the engine of all processes, which multiplies matrices so."""
        from .engine import TogetherEngine

        return TogetherEngine(self._dog, products)

    def watch(self, run: Run) -> None:
        """Take note of the run, which begins now."""
        self._run = run
        if run.plan.time_budget is not None:
            self._budget = run.plan.time_budget
            self._due = time.monotonic() + self._budget
        if self._asked is not None:
            run.request_stop(self._asked)

    def interrupt(self) -> bool:
        """Ask for the end of the run, from a signal's handler; False where there is none yet."""
        if self._run is None:
            return False
        self._asked = "it was interrupted"
        self._run.request_stop(self._asked)
        return True

    def __call__(self, steps: Steps, order: Ints) -> None:
        """End the run where any process has a reason to."""
        if steps.rows == len(order):
            return
        found = self._together.first_of(self._reason())
        if found is not None:
            why, self.interrupted = found
            where = f" in epoch {self._run.position[0]}" if self._run and self.interrupted else ""
            raise StopIteration(f"{why}{where}")

    def _reason(self) -> tuple[str, bool] | None:
        if self._asked is not None:
            return self._asked, True
        if self._due is not None and time.monotonic() >= self._due:
            return f"the time budget of {self._budget:g} s is spent", False
        return None
