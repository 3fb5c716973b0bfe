"""A run: the descent as an iterator of epochs that can be paused, stepped and stepped back."""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Iterator
from threading import Event
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..data.order import RowOrder
from ..engines.calls import checked_rows
from ..engines.protocol import Steps, Stop
from ..engines.registry import get_engine
from ..errors import DivergenceWarning, SpecError
from ..formulas.metrics import METRICS
from ..formulas.schedules import SCHEDULES
from ..history import Epoch, History, Step
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .divergence import Divergence, locate
from .inputs import check_record, start_theta, the_plan, validation_rows
from .progress import Progress, Snapshot
from .stopping import why_stop

__all__ = ["Run"]


class Run:
    """A descent down the error surface of a network and its data: an iterator of `Epoch`.

    Pulling the next epoch trains it; pausing is not pulling. `step` takes a single step, also of
    one row; with ``record``, `step_back` undoes it. Equal arguments give equal bits, with or
    without pauses.

    Parameters
    ----------
    network
        The network.
    X, Y
        (n, d) inputs and (n, k) targets of the training rows; a vector serves for one column.
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
        A name from the table of engines.
    dtype
        float32 or float64; that of `theta` if it is given, else float64.
    record
        Keep full states to step back to: after every ``"steps"`` or ``"epochs"``.
    keep
        The most states that are kept; the oldest go first.
    error_at_end
        Whether each epoch records J of all training rows at its end, which costs one more pass.

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
        engine: str = "auto",
        dtype: npt.DTypeLike | None = None,
        record: Literal["steps", "epochs"] | None = None,
        keep: int = 100,
        error_at_end: bool = False,
        **settings: Any,
    ) -> None:
        self.network = network
        self.plan = the_plan(plan, settings)
        check_record(record, keep)
        self._engine = get_engine(engine)
        start = start_theta(network, self.plan, theta, initializer, dtype)
        self._rows = checked_rows(network, self.plan.objective, X, Y, sample_weight, start.dtype)
        self._validation = validation_rows(
            network, self.plan, X_val, y_val, sample_weight_val, start.dtype
        )
        self._order = RowOrder(len(self._rows.X), self.plan.seed, self.plan.shuffle)
        self._size = self.plan.batch_size or len(self._rows.X)
        self._state = self._engine.start(network, self.plan, start)
        self._progress = Progress()
        self._stop, self._reason = Event(), ""
        self._with_error_at_end = error_at_end
        self._record = record
        self._ring: deque[Snapshot] = deque(maxlen=keep)
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
            objective = self.plan.objective
            return self._engine.error(self.network, objective, self.theta, self._rows)

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
        if self.divergence is not None or not self._progress.steps:
            self._end(early or "it diverged")
            raise StopIteration
        epoch = self._close_epoch()
        if early:
            self._end(early)
        return epoch

    def step(self, rows: int | None = None) -> Step | None:
        """Take one step and return its record; None once the run has ended.

        Parameters
        ----------
        rows
            Rows of this step's batch, at most the plan's batch size, which it is unless given;
            1 for a single example.
        """
        if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 1):
            raise SpecError(f"rows must be a whole number above 0, not {rows!r}")
        self._check_stop()
        if self.stopped is not None:
            return None
        if self._record == "epochs" and not self._progress.rows:
            self._ring.append(self.snapshot())
        epoch, done = self.position
        order = self._order.epoch(epoch)[done : done + min(rows or self._size, self._size)]
        steps, early = self._advance(order)
        if early or self.divergence is not None:
            self._end(early or "it diverged")
            return None
        record = Step(
            step=self._progress.step,
            epoch=epoch,
            order=order,
            error=float(steps.errors[0]),
            learning_rate=float(self._rates(1, self._progress.step - 1)[0]),
            gradient_norm=float(steps.gradient_norms[0]),
        )
        if self._progress.rows == len(self._rows.X):
            self._close_epoch()
        return record

    def request_stop(self, reason: str = "it was asked to stop") -> None:
        """End the run after the step now running; may be called from another thread."""
        self._reason = reason
        self._stop.set()

    def finish(self, reason: str = "it was finished by hand") -> Run:
        """End the run now, with the best weights where the plan says so, and return it."""
        if self.stopped is None:
            self._end(reason)
        return self

    # Going back.

    def snapshot(self) -> Snapshot:
        """Return all that `restore` needs to go on from here, bit for bit."""
        return Snapshot(self._engine.snapshot(self._state), self._progress)

    def restore(self, snapshot: Snapshot) -> None:
        """Put the run back to where a snapshot was taken, of this run or an equal one."""
        theta = snapshot.arrays["theta"]
        self._state = self._engine.start(self.network, self.plan, theta, resume=snapshot.arrays)
        self._progress = snapshot.progress
        self._final = self.stopped = self.divergence = None
        self._stop.clear()

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
        if self.stopped is not None or self._progress.rows:
            return
        if reason := why_stop(self.plan, self.history):
            self._end(reason)

    def _finish_rows(self) -> str | None:
        """Take the steps left in the epoch in progress; return why that ended early, if it did."""
        early: str | None = None
        while not early and self.divergence is None and self._progress.rows < len(self._rows.X):
            epoch, done = self.position
            # A recorded run goes step by step; the numbers do not depend on it.
            to = done + self._size if self._record == "steps" else len(self._rows.X)
            early = self._advance(self._order.epoch(epoch)[done:to])[1]
        return early

    def _advance(self, order: Ints) -> tuple[Steps, str | None]:
        """Take the steps of a slice of the epoch; return them, and why they ended early."""
        before, reduction = self.snapshot(), self.plan.objective.error.reduction
        budget, begun = self.plan.time_budget, time.monotonic()
        deadline = None if budget is None else begun + budget - self._progress.elapsed
        rates = self._rates(-(-len(order) // self._size), self._progress.step)
        state, steps = self._engine.advance(
            self._state, self._rows, order, rates, Stop(self._stop, deadline)
        )
        if not steps.finite:
            self._diverge(before, order)
            self._progress = self._progress.plus(steps, time.monotonic() - begun, reduction)
            return steps, None
        if self._record == "steps" and len(steps.errors):
            self._ring.append(before)
        self._state = state
        self._progress = self._progress.plus(steps, time.monotonic() - begun, reduction)
        if steps.rows == len(order):
            return steps, None
        spent = f"the time budget of {budget:g} s is spent" if budget is not None else ""
        return steps, self._reason if self._stop.is_set() else spent

    def _rates(self, count: int, step: int) -> Floats:
        rate = SCHEDULES[self.plan.schedule].rate
        eta = self.plan.optimizer.learning_rate
        return np.array([rate(eta, t) for t in range(step, step + count)], np.float64)

    def _close_epoch(self) -> Epoch:
        """Record the epoch in progress and see whether the run ends with it."""
        begun, done = time.monotonic(), self._progress
        theta = self._engine.snapshot(self._state)["theta"]
        validation, metrics = self._validate(theta)
        at_end = self.error_at_end() if self._with_error_at_end else None
        spent = time.monotonic() - begun
        epoch = Epoch(
            epoch=len(self.history) + 1,
            steps=done.step,
            rows=done.rows,
            error=done.mean_error(self.plan.objective.error.reduction),
            validation_error=validation,
            metrics=metrics,
            learning_rate=float(self._rates(1, done.step - 1)[0]),
            gradient_norm=done.norms / max(done.steps, 1),
            seconds=done.seconds + spent,
            error_at_end=at_end,
        )
        self._progress = done.closed(epoch, theta, spent)
        self._check_stop()
        return epoch

    def _validate(self, theta: Floats) -> tuple[float | None, dict[str, float]]:
        """Return the validation error without penalty, and the metrics, at these weights."""
        with np.errstate(all="ignore"):  # what overflows is reported as such
            error = None
            if self._validation is not None:
                objective = Objective(self.plan.loss)
                error = self._engine.error(self.network, objective, theta, self._validation)
            if not self.plan.metrics:
                return error, {}
            rows = self._validation or self._rows
            outputs = self._engine.predict(self.network, theta, rows.X)
            values = {
                name: float(METRICS[name].value(np, rows.Y, outputs, rows.weights))
                for name in self.plan.metrics
            }
        return error, values

    def _diverge(self, before: Snapshot, order: Ints) -> None:
        """End at the last finite state, and say what was not finite after it."""
        batches = [order[i : i + self._size] for i in range(0, len(order), self._size)]
        self.divergence, arrays = locate(
            self._engine,
            self.network,
            self.plan,
            before.arrays,
            self._rows,
            [(batch, self._rates(1, self._progress.step + k)) for k, batch in enumerate(batches)],
            (len(self.history) + 1, self._progress.steps + 1),
        )
        theta = arrays["theta"]
        self._state = self._engine.start(self.network, self.plan, theta, resume=arrays)
        self._end(str(self.divergence))
        rate = self.plan.optimizer.learning_rate / 10
        warnings.warn(
            f"{self.divergence}; the last finite weights are kept. Try learning_rate={rate:g}, or "
            "scale the inputs",
            DivergenceWarning,
            stacklevel=4,
        )

    def _end(self, reason: str) -> None:
        if self.stopped is None:
            self.stopped = reason
            restore = self.plan.restore_best and self._validation is not None
            self._final = self.best_theta if restore else self.theta
