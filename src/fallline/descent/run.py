"""A run: the descent as an iterator of epochs that can be paused, stepped and stepped back."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt

from ..arrays import Ints
from ..data.order import AskedOnce, Order
from ..engines.calls import checked_rows
from ..engines.protocol import Engine, Steps
from ..errors import SpecError
from ..history import Epoch, Step
from ..spec.network import Network
from ..spec.plan import Plan
from .changing import changed
from .checkpoint import Every, Saver, data_digest, saver_for
from .inputs import (
    check_limits,
    check_record,
    check_step,
    checked_hooks,
    start_theta,
    the_plan,
    validation_rows,
)
from .motion import Motion
from .optimizer_state import OptimizerState, optimizer_state
from .progress import Progress, Snapshot
from .through import advance
from .validation import check_metrics

__all__ = ["Run"]


class Run(Motion):
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
        plan = the_plan(network, plan, settings)
        check_record(record, keep)
        self._callbacks, self._on_steps = checked_hooks(callbacks, on_steps)
        start = start_theta(network, plan, theta, initializer, dtype)
        self.network = network
        self._rows = checked_rows(network, plan.objective, X, Y, sample_weight, start.dtype)
        self._validation = validation_rows(
            network, plan, X_val, y_val, sample_weight_val, start.dtype
        )
        check_metrics(plan, self._rows, self._validation)
        self._follow(plan, engine)
        self._order = self._own_order() if order is None else AskedOnce(order, self._rows.n)
        self._state, self._progress = self._engine.start(network, plan, start), Progress()
        self._with_error_at_end, self._record = error_at_end, record
        self._ring = deque(maxlen=keep)
        self._saver = saver_for(checkpoint, checkpoint_every, self.data_digest)

    def optimizer_state(self) -> OptimizerState:
        """Return what the optimizer keeps of each weight: its moments and its effective rate."""
        arrays = self._engine.snapshot(self._state)
        return optimizer_state(self.network, self.plan, arrays, self.learning_rate)

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
        if not self._ready():
            return None
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
            learning_rate=self.learning_rate,
            gradient_norm=float(steps.gradient_norms[0]),
        )
        if self._progress.rows == self._rows.n:
            self._close_epoch()
        return record

    def advance(self, steps: int | None = None, seconds: float | None = None) -> int:
        """Take many steps at the engine's full speed, across epochs; return how many were taken.

        The epochs are recorded, and the bits are those of any other way to take the same steps.
        Fewer are taken where the run ends.

        Parameters
        ----------
        steps
            Stop exactly after so many; no limit unless given.
        seconds
            Stop after about so long, with the step then running; no limit unless given.

        Raises
        ------
        SpecError
            When the limits are no such numbers.

        Examples
        --------
        >>> net = Network.parse("1 -> 1")
        >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], batch_size=1, epochs=9)
        >>> run.advance(5), run.position
        (5, (3, 1))
        """
        check_limits(steps, seconds)
        until = math.inf if seconds is None else time.monotonic() + seconds
        return advance(self, sys.maxsize if steps is None else steps, until)

    def changed(self, **settings: Any) -> Run:
        """Return a run that goes on from here with other settings; this one stays as it was.

        It keeps the weights, the history, the place in the epoch and the count of steps. The
        optimizer goes on with its state where it has one of the same kind, and begins anew
        otherwise. Callbacks and the checkpoint go along; recorded states to step back to do not.

        Parameters
        ----------
        **settings
            Fields of `Plan`, such as ``batch_size``, ``l2``, ``schedule``, ``optimizer``, and
            fields of the optimizer, such as ``learning_rate``, ``momentum``. The loss stays.

        Raises
        ------
        SpecError
            When a setting cannot be, or, within an epoch, changes the order of its rows.

        Examples
        --------
        >>> net = Network.parse("1 -> 1")
        >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], optimizer="sgd", batch_size=1, epochs=9)
        >>> taken = run.advance(5)
        >>> slower = run.changed(learning_rate=0.001)
        >>> slower.plan.optimizer.learning_rate, slower.position == run.position
        (0.001, True)
        """
        return changed(self, settings)

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
