"""A run: the descent as an iterator of epochs that can be paused, stepped and stepped back."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..data.order import AskedOnce, Order, RowOrder
from ..engines.calls import checked_rows
from ..engines.protocol import Engine, State, Steps
from ..errors import SpecError
from ..history import Epoch, History, Step
from ..spec.network import Network
from ..spec.plan import Plan
from .checkpoint import Every, Saver, data_digest, next_steps, saver_for
from .divergence import Divergence, locate, tell
from .inputs import check_record, check_step, checked_hooks, start_theta, the_plan, validation_rows
from .limits import MOST_STEPS, Limits
from .optimizer_state import OptimizerState, optimizer_state
from .progress import Progress, Snapshot
from .rates import StepRates
from .solving import engine_for, solver_rate, why_done
from .stopping import Rules, ended_by, reason_of
from .validation import check_metrics, measure

__all__ = ["Run"]


class Run:
    """A descent down the error surface of a network and its data: an iterator of `Epoch`.

    Pulling the next epoch trains it; pausing is not pulling. `step` takes a single step, also of
    one row; with ``record``, `step_back` undoes it. Equal arguments give equal bits, with or
    without pauses. An epoch within which the run ends well, by its time budget, `request_stop`,
    `finish` or Ctrl-C, is recorded with the rows that it had; one that diverged is not.

    Parameters
    ----------
    network
        The network.
    X, Y
        (n, d) inputs, also sparse ones of SciPy, and (n, k) targets of the training rows; a vector
        serves for one column.
    sample_weight
        (n,) row weights s; 1 unless given, 0 leaves a row out.
    X_val, y_val, sample_weight_val
        Validation rows: for stopping, and for the choice of the best weights.
    theta
        (P,) start weights; drawn unless given.
    initializer
        How to draw them, if so: see `Network.initial`.
    plan
        A `Plan`; or give its fields as keywords: ``loss``, ``l2``, ``optimizer``,
        ``batch_size``, ``epochs``, ``shuffle``, ``seed``, ``patience``, ...
    engine
        A name from the table of engines, or an engine.
    dtype
        float32 or float64; that of `theta` if it is given, else float64.
    record
        Keep full states to step back to: after every ``"steps"`` or ``"epochs"``.
    keep
        The most states that are kept; the oldest go first.
    error_at_end
        Whether each epoch records J of all training rows at its end, which costs one more pass.
    callbacks
        Functions that are called with each `Epoch` when it ends; one that raises StopIteration
        ends the run well, with the reason given with it, ``StopIteration("enough")``, if any.
    order
        In place of the plan's own order of rows: an object whose ``epoch(k)`` returns the
        positions (n,) of epoch k = 1, 2, ..., and is asked once while that lasts. Where it is no
        pure function of k, as it draws from a state, the run cannot step back to an earlier epoch
        nor be resumed from a file: its rows would come in another order.
    on_steps
        A function of `Steps` and of the positions to be taken, of which the first ``steps.rows``
        are done: called after each slice of an epoch. It may raise StopIteration too.
    checkpoint, checkpoint_every
        A file to keep the whole run in, and how often: ``"10 epochs"``, ``"500 steps"``, ``"5
        minutes"``, 10; and when the run ends, unless it diverged. `fallline.resume` goes on.

    Attributes
    ----------
    history
        The epochs so far.
    stopped
        Why the run ended, in a sentence; None while it can go on.
    divergence
        Where it diverged, or None.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    >>> from fallline.formulas.optimizers import SGD
    >>> net = Network.parse("1 -> 1 nobias")
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], loss="sse", optimizer=SGD(0.1), epochs=9,
    ...           batch_size=None, theta=[0.0])
    >>> for epoch in run:
    ...     pass
    >>> bool(abs(run.theta[0] - 2) < 0.01), run.stopped
    (True, 'all 9 epochs are done')
    """

    def __init__(
        self,
        network: Network,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        X_val: npt.ArrayLike | None = None,
        y_val: npt.ArrayLike | None = None,
        sample_weight_val: npt.ArrayLike | None = None,
        theta: npt.ArrayLike | None = None,
        initializer: Any = "auto",
        plan: Plan | None = None,
        engine: str | Engine = "auto",
        dtype: npt.DTypeLike | None = None,
        record: Literal["steps", "epochs"] | None = None,
        keep: int = 100,
        error_at_end: bool = False,
        callbacks: Sequence[Callable[[Epoch], object]] = (),
        order: Order | None = None,
        on_steps: Callable[[Steps, Ints], object] | None = None,
        checkpoint: str | Path | Saver | None = None,
        checkpoint_every: str | int | Every = "10 epochs",
        **settings: Any,
    ) -> None:
        self.network = network
        self.plan = the_plan(network, plan, settings)
        check_record(record, keep)
        self._callbacks, self._on_steps = checked_hooks(callbacks, on_steps)
        self._engine = engine_for(self.plan, engine)
        start = start_theta(network, self.plan, theta, initializer, dtype)
        self._rows = checked_rows(network, self.plan.objective, X, Y, sample_weight, start.dtype)
        self._validation = validation_rows(
            network, self.plan, X_val, y_val, sample_weight_val, start.dtype
        )
        check_metrics(self.plan, self._rows, self._validation)
        own = RowOrder(self._rows.n, self.plan.seed, self.plan.shuffle)
        self._order = AskedOnce(own if order is None else order, self._rows.n)
        self._size = self.plan.batch_size or self._rows.n
        self._state = self._engine.start(network, self.plan, start)
        self._progress, self._rates = Progress(), StepRates(self.plan, self._rows.n)
        self._limits, self._rules = Limits(self.plan.time_budget), Rules(self.plan)
        self._with_error_at_end, self._record = error_at_end, record
        self._ring: deque[Snapshot] = deque(maxlen=keep)
        self._saver = saver_for(checkpoint, checkpoint_every, self.data_digest)
        self._final: Floats | None = None
        self.stopped: str | None = None
        self.divergence: Divergence | None = None

    # What the run holds.

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
    def position(self) -> tuple[int, int]:
        """The epoch in progress, from 1, and how many of its rows are done."""
        return len(self.history) + 1, self._progress.rows

    def error_at_end(self) -> float:
        """Return J of all training rows at `theta`."""
        with np.errstate(all="ignore"):  # what overflows is reported as such
            return self._engine.error(self.network, self.plan.objective, self.theta, self._rows)

    def optimizer_state(self) -> OptimizerState:
        """Return what the optimizer keeps of each weight: its moments and its effective rate."""
        arrays = self._engine.snapshot(self._state)
        return optimizer_state(self.network, self.plan, arrays, self._last_rate())

    # Going on.

    def __iter__(self) -> Iterator[Epoch]:
        """Return the run itself: each `next` trains one epoch."""
        return self

    def __next__(self) -> Epoch:
        """Train to the end of the epoch in progress and return its record."""
        self._check_stop()
        if self.stopped is not None:
            raise StopIteration
        if self._record == "epochs":
            self._ring.append(self.snapshot())
        early = self._finish_rows()
        closed = self._end(early) if early or self.divergence else self._close_epoch()
        if closed is None:
            raise StopIteration
        return closed

    def step(self, rows: int | None = None) -> Step | None:
        """Take one step and return its record; None once the run has ended.

        Parameters
        ----------
        rows
            Rows of this step's batch, at most the plan's batch size, which it is unless given;
            1 for a single example.
        """
        check_step(rows)
        if self.stopped is None and self._progress.rows == self._rows.n:
            self._close_epoch()  # a signal came after its last step
        self._check_stop()
        if self.stopped is not None:
            return None
        if self._record == "epochs" and not self._progress.rows:
            self._ring.append(self.snapshot())
        epoch, done = self.position
        order = self._order.epoch(epoch)[done : done + min(rows or self._size, self._size)]
        steps, early = self._advance(order)
        if self._end(early) or self.stopped is not None:
            return None
        record = Step(
            step=self._progress.step,
            epoch=epoch,
            order=order,
            error=float(steps.errors[0]),
            learning_rate=self._last_rate(),
            gradient_norm=float(steps.gradient_norms[0]),
        )
        if self._progress.rows == self._rows.n:
            self._close_epoch()
        return record

    def request_stop(self, reason: str = "it was asked to stop") -> None:
        """End the run after the step now running; may be called from another thread."""
        self._limits.request(reason)

    def finish(self, reason: str = "it was finished by hand") -> Run:
        """End the run now, with the best weights where the plan says so, and return it."""
        self._end(reason)
        return self

    # Keeping, and going back.

    def save_checkpoint(self, path: str | Path) -> None:
        """Write the whole run to a file that `fallline.resume` goes on from, bit for bit."""
        Saver(path, 1, self.data_digest()).write(self.snapshot())

    def data_digest(self) -> str:
        """Return SHA-256, in hex, of the training and validation rows."""
        return data_digest(self._rows, self._validation)

    def snapshot(self) -> Snapshot:
        """Return all that `restore` needs to go on from here, bit for bit."""
        return self._snapshot(self._state, self._progress)

    def restore(self, snapshot: Snapshot) -> None:
        """Put the run back to where a snapshot was taken, of this run or an equal one.

        A snapshot of a run on other rows serves too, where its progress is between two epochs and
        its optimizer no solver, which keeps the error of its rows: so training goes on with new
        rows. A new ``Progress(step=snapshot.progress.step)`` in it starts a new history.

        Raises
        ------
        SpecError
            When it is of another network, optimizer or dtype, or of more rows.
        """
        arrays, theta = self._engine.snapshot(self._state), snapshot.arrays["theta"]
        snapshot.check_fits(self.network, self.plan, arrays, self._rows.n)
        self._state = self._engine.start(self.network, self.plan, theta, resume=snapshot.arrays)
        self._progress = snapshot.progress
        self._final = self.stopped = self.divergence = None
        self._limits.clear()

    def step_back(self) -> bool:
        """Undo the last recorded step or epoch; return False when no older state is kept.

        Raises
        ------
        SpecError
            When the run was made without ``record``.
        """
        if self._record is None:
            raise SpecError("to step back, make the run with record='steps' or record='epochs'")
        if not self._ring:
            return False
        self.restore(self._ring.pop())
        return True

    # How it goes on.

    def _check_stop(self) -> None:
        if self.stopped is None and not self._progress.rows:
            self._end(why_done(self._engine, self._state) or self._rules.why_stop(self.history))

    def _finish_rows(self) -> str | None:
        """Take the steps left in the epoch in progress; return why that ended early, if it did."""
        early: str | None = None
        while not early and self.divergence is None and self._progress.rows < self._rows.n:
            epoch, done = self.position
            # A recorded run goes step by step; the numbers do not depend on it.
            most = 1 if self._record == "steps" else MOST_STEPS
            to = done + self._size * next_steps(self._saver, self._progress.step, most)
            early = self._advance(self._order.epoch(epoch)[done:to])[1]
        return early

    def _advance(self, order: Ints) -> tuple[Steps, str | None]:
        """Take the steps of a slice of the epoch; return them, and why they ended early."""
        before, begun = (self._state, self._progress), time.monotonic()
        due = math.inf if self._saver is None else self._saver.deadline()
        stop = self._limits.begin(self._progress.elapsed, due)
        count = -(-len(order) // self._size)
        rates = self._rates.of_steps(self.history, self._progress.step, count)
        state, steps = self._engine.advance(self._state, self._rows, order, rates, stop)
        if not steps.finite:
            self._diverge(self._snapshot(*before), order, rates)
        else:
            self._state = state
            if self._record == "steps" and len(steps.errors):
                self._ring.append(self._snapshot(*before))
        spent = time.monotonic() - begun
        self._progress = self._progress.plus(steps, spent, self.plan.objective.error.reduction)
        early = self._early(steps, order) if steps.finite else None
        return steps.or_raise(), early

    def _early(self, steps: Steps, order: Ints) -> str | None:
        """Tell of these steps; return why the epoch ends with them, if it does not go on."""
        try:
            if self._on_steps is not None:
                self._on_steps(steps, order)
        except StopIteration as end:
            return reason_of(end) or f"on_steps ended it in epoch {self.position[0]}"
        whole = steps.rows == len(order)
        reason, saver = None if whole else self._limits.reached(), self._saver
        if saver and reason is None and (not whole or saver.due_after(self._progress.step)):
            saver.write(self.snapshot())
        return reason

    def _last_rate(self) -> float:
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
        measured["learning_rate"] = self._last_rate()
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
