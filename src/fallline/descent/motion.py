"""How a run moves: what it holds between two steps, and how a slice of an epoch goes.

`Run` is the door to it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np

from ..arrays import Floats, Ints
from ..data.order import AskedOnce, RowOrder
from ..engines.protocol import Engine, Rows, State, Steps
from ..history import Epoch, History
from ..spec.network import Network
from ..spec.plan import Plan
from .checkpoint import Saver, next_steps
from .divergence import Divergence, locate, tell
from .limits import MOST_STEPS, Limits
from .progress import Progress, Snapshot
from .rates import StepRates
from .solving import engine_for, solver_rate, why_done
from .stopping import Rules, ended_by, reason_of
from .validation import measure

__all__ = ["Motion"]


class Motion:
    """A descent between two steps.

    Attributes
    ----------
    stopped
        Why the run ended, in a sentence; None while it can go on.
    divergence
        Where it diverged, or None.
    """

    network: Network
    plan: Plan
    stopped: str | None = None
    divergence: Divergence | None = None

    _rows: Rows
    _validation: Rows | None
    _order: AskedOnce
    _engine: Engine
    _state: State
    _progress: Progress
    _ring: deque[Snapshot]
    _record: Literal["steps", "epochs"] | None
    _callbacks: tuple[Callable[[Epoch], object], ...]
    _on_steps: Callable[[Steps, Ints], object] | None
    _saver: Saver | None
    _with_error_at_end: bool
    _final: Floats | None = None

    def _follow(self, plan: Plan, engine: str | Engine) -> None:
        """Let a plan decide from now on how it goes."""
        self.plan, self._engine = plan, engine_for(plan, engine)
        self._size = plan.batch_size or self._rows.n
        self._rates = StepRates(plan, self._rows.n)
        self._limits, self._rules = Limits(plan.time_budget), Rules(plan)

    def _own_order(self) -> AskedOnce:
        """Return the order of rows that the plan has where no other is given."""
        plan, n = self.plan, self._rows.n
        return AskedOnce(RowOrder(n, plan.seed, plan.shuffle), n)

    # What it holds.

    @property
    def theta(self) -> Floats:
        """(P,) the weights now; once the run has ended, those that it ends with."""
        if self._final is not None:
            return self._final.copy()
        return self._engine.snapshot(self._state)["theta"]

    @property
    def best_theta(self) -> Floats:
        """(P,) the weights of the least validation error so far; without validation, the last."""
        best = self._progress.best_theta
        return self._engine.snapshot(self._state)["theta"] if best is None else best.copy()

    @property
    def history(self) -> History:
        """The epochs so far."""
        return self._progress.history

    @property
    def steps_taken(self) -> int:
        """How many steps were taken since the start."""
        return self._progress.step

    @property
    def position(self) -> tuple[int, int]:
        """The epoch in progress, from 1, and how many of its rows are done."""
        return len(self.history) + 1, self._progress.rows

    def error_at_end(self) -> float:
        """Return J of all training rows at `theta`."""
        with np.errstate(all="ignore"):  # what overflows is reported as such
            return self._engine.error(self.network, self.plan.objective, self.theta, self._rows)

    def snapshot(self) -> Snapshot:
        """Return all that `restore` needs to go on from here, bit for bit."""
        return self._snapshot(self._state, self._progress)

    # How it goes on.

    def _ready(self) -> bool:
        """Return whether another step can be taken; keep the state where it is to be recorded."""
        if self.stopped is None and self._progress.rows == self._rows.n:
            self._close_epoch()  # a signal came after its last step
        self._check_stop()
        if self.stopped is None and self._record == "epochs" and not self._progress.rows:
            self._ring.append(self.snapshot())
        return self.stopped is None

    def _check_stop(self) -> None:
        if self.stopped is None and not self._progress.rows:
            self._end(why_done(self._engine, self._state) or self._rules.why_stop(self.history))

    def _finish_rows(self) -> str | None:
        """Take the steps left in the epoch in progress; return why that ended early, if it did."""
        early: str | None = None
        while not early and self.divergence is None and self._progress.rows < self._rows.n:
            early = self._stretch()
        return early

    def _stretch(self, steps: float = math.inf, until: float = math.inf) -> str | None:
        """Take at most so many steps of the epoch; return why that ended early, if it did."""
        epoch, done = self.position
        # A recorded run goes step by step; the numbers do not depend on it.
        most = 1 if self._record == "steps" else MOST_STEPS
        count = next_steps(self._saver, self._progress.step, int(min(steps, most)))
        order = self._order.epoch(epoch)[done : done + self._size * count]
        return self._advance(order, until)[1]

    def _take(self, steps: float, until: float) -> None:
        """Take at most so many steps of the epoch, and close it where they end it."""
        early = self._stretch(steps, until)
        if not self._end(early) and self.stopped is None and self._progress.rows == self._rows.n:
            self._close_epoch()

    def _advance(self, order: Ints, until: float = math.inf) -> tuple[Steps, str | None]:
        """Take the steps of a slice of the epoch, or those that fit in until a `time.monotonic`.

        Return them, and why they ended early.
        """
        before, begun = (self._state, self._progress), time.monotonic()
        due = until if self._saver is None else min(until, self._saver.deadline())
        stop = self._limits.begin(self._progress.elapsed, due)
        count = -(-len(order) // self._size)
        rates = self._rates.of_steps(self.history, self._progress.step, count)
        state, steps = self._engine.advance(self._state, self._rows, order, rates, stop)
        if not steps.finite:
            self._diverge(self._snapshot(*before), order, rates)
            state = self._state
        spent = time.monotonic() - begun
        progress = self._progress.plus(steps, spent, self.plan.objective.error.reduction)
        self._state, self._progress = state, progress  # at once: a signal may come at any time
        if self._record == "steps" and steps.finite and len(steps.errors):
            self._ring.append(self._snapshot(*before))
        early = self._early(steps, order, until) if steps.finite else None
        return steps.or_raise(), early

    def _early(self, steps: Steps, order: Ints, until: float) -> str | None:
        """Tell of these steps; return why the epoch ends with them, if it does not go on."""
        try:
            if self._on_steps is not None:
                self._on_steps(steps, order)
        except StopIteration as end:
            return reason_of(end) or f"on_steps ended it in epoch {self.position[0]}"
        whole = steps.rows == len(order)
        reason, saver = None if whole else self._limits.reached(), self._saver
        if saver and reason is None:
            halted = not whole and time.monotonic() < until
            if halted or saver.due_after(self._progress.step):
                saver.write(self.snapshot())
        return reason

    @property
    def learning_rate(self) -> float:
        """η of the last step; before the first that of the first."""
        found = solver_rate(self._engine, self._state)
        return self._rates.last(self.history, self._progress.step) if found is None else found

    def _snapshot(self, state: State, progress: Progress) -> Snapshot:
        """Return the run as it is, or was: no step changes a state or a progress."""
        return Snapshot(self._engine.snapshot(state), progress, self.network, self.plan)

    def _close_epoch(self) -> Epoch:
        """Record the epoch in progress and see whether the run ends with it."""
        begun, done = time.monotonic(), self._progress
        measured, theta = measure(
            self._engine, self._state, self.network, self.plan, self._rows, self._validation
        )
        measured["error_at_end"] = self.error_at_end() if self._with_error_at_end else None
        measured["learning_rate"] = self.learning_rate
        spent = time.monotonic() - begun
        epoch = done.record(self.plan.objective.error.reduction, spent, **measured)
        self._progress = done.closed(epoch, theta, spent)
        if self._saver is not None and self.stopped is None:
            self._saver.epoch_ended(self.snapshot())
        self._end(ended_by(self._callbacks, epoch))
        self._check_stop()
        return epoch

    def _diverge(self, before: Snapshot, order: Ints, rates: Floats) -> None:
        """End at the last finite state, and say what was not finite after it."""
        self.divergence, arrays = locate(self._engine, before, self._rows, order, rates)
        self._state = self._engine.start(self.network, self.plan, arrays["theta"], resume=arrays)
        self._end(str(self.divergence))
        tell(self.divergence, self.plan)

    def _end(self, reason: str | None) -> Epoch | None:
        """End the run if there is a reason; record the epoch in progress, unless it diverged."""
        if reason is None or self.stopped is not None:
            return None
        self.stopped, before = reason, (self._state, self._progress)
        epoch = self._close_epoch() if self._progress.steps and not self.divergence else None
        if self._saver is not None and self.divergence is None:
            self._saver.run_ended(self._snapshot(*before), self.snapshot(), self._rows.n)
        restore = self.plan.restore_best and self._validation is not None
        self._final = self.best_theta if restore else self.theta
        return epoch
