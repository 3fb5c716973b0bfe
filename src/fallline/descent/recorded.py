"""The steps that a run with ``record="steps"`` can still tell of, each with the state before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Floats, Ints
from ..engines.noise import Noise, step_noise
from ..engines.protocol import Rows
from ..errors import SpecError
from ..spec.network import Network
from ..spec.plan import Plan
from .progress import Progress, Snapshot
from .rates import StepRates
from .run import Run

__all__ = [
    "RecordedStep",
    "recorded_between",
    "recorded_from",
    "recorded_path",
    "recorded_step",
    "recorded_steps",
]


@dataclass(frozen=True)
class RecordedStep:
    """One step of a run: all that decided it, and where it led.

    Attributes
    ----------
    network, plan
        Of the run.
    step, epoch
        Their numbers, from 1.
    before
        The engine's plain arrays before it: ``theta`` and those of the optimizer.
    theta_after
        (P,) the weights after it.
    order
        Positions of the batch's rows among the training rows.
    batch
        These rows.
    all_rows
        All training rows, of which a solver takes all in their own order.
    noise
        The dropout and the input noise of this step, laid out over the batch.
    rate
        Its learning rate; of a solver 1.
    total_weight
        Σ s of all training rows.
    """

    network: Network
    plan: Plan
    step: int
    epoch: int
    before: Mapping[str, Array]
    theta_after: Floats
    order: Ints
    batch: Rows
    all_rows: Rows
    noise: Noise
    rate: float
    total_weight: float


def recorded_steps(run: Run) -> range:
    """Return the numbers of the steps that a run can still tell of, the oldest first.

    Raises
    ------
    SpecError
        When the run was made without ``record="steps"``.

    Examples
    --------
    >>> net = Network.parse("1 -> 1")
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], batch_size=1, record="steps", keep=3, epochs=4)
    >>> epochs = list(run)
    >>> recorded_steps(run)
    range(6, 9)
    """
    if run._record != "steps":
        raise SpecError("to look at single steps, make the run with record='steps'")
    last = run.snapshot().progress.step
    return range(last - len(run._ring) + 1, last + 1)


def recorded_path(run: Run) -> Floats:
    """Return the weights that a run has gone through, as far as it keeps them, and those now.

    Returns
    -------
    ndarray
        (t, P) θ before each recorded step or epoch, the oldest first, and at last θ now.

    Raises
    ------
    SpecError
        When the run was made without ``record``.

    Examples
    --------
    >>> net = Network.parse("1 -> 1")
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], record="epochs", epochs=4)
    >>> epochs = list(run)
    >>> recorded_path(run).shape
    (5, 2)
    """
    if run._record is None:
        raise SpecError(
            "to see the path of a run, make it with record='steps' or record='epochs', and with "
            "a keep= as large as the path is long"
        )
    return np.array([state.arrays["theta"] for state in [*run._ring, run.snapshot()]])


def recorded_from(run: Run) -> tuple[int, str]:
    """Return how many steps a run had taken where its recorded path begins, and "step".

    Of a run that records epochs: how many epochs, and "epoch".

    Examples
    --------
    >>> net = Network.parse("1 -> 1")
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], record="epochs", keep=3, epochs=5)
    >>> epochs = list(run)
    >>> recorded_from(run), len(recorded_path(run))
    ((2, 'epoch'), 4)
    """
    oldest = [*run._ring, run.snapshot()][0].progress
    return (oldest.step, "step") if run._record == "steps" else (len(oldest.history), "epoch")


def recorded_step(run: Run, step: int | None = None) -> RecordedStep:
    """Return one step of a run.

    Parameters
    ----------
    step
        Its number, from 1; below 0 it counts from the end, -1 being the last, as None is.

    Raises
    ------
    SpecError
        When the run keeps no such step, or was given an order of its own and has left its epoch.
    """
    kept = recorded_steps(run)
    if not kept:
        raise SpecError("the run has taken no step yet that it could tell of; pull an epoch first")
    number = kept[-1] if step is None else kept.stop + step if step < 0 else step
    if number not in kept:
        raise SpecError(
            f"the run keeps its steps {kept[0]} to {kept[-1]}, not step {number}; make it with a "
            "larger keep= to look further back"
        )
    states = [*run._ring, run.snapshot()]
    return recorded_between(run, *states[number - kept.start : number - kept.start + 2])


def recorded_between(run: Run, before: Snapshot, after: Snapshot) -> RecordedStep:
    """Return the one step that a run took between two of its snapshots.

    The run need not be made with ``record``.

    Raises
    ------
    SpecError
        When they are not one step apart, or the run was given an order of its own and has left the
        step's epoch.

    Examples
    --------
    >>> net = Network.parse("1 -> 1")
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], batch_size=1, epochs=4)
    >>> before, step, after = run.snapshot(), run.step(), run.snapshot()
    >>> recorded_between(run, before, after).order == step.order
    array([ True])
    """
    number = before.progress.step + 1
    if after.progress.step != number:
        raise SpecError(
            f"the snapshots must be one step apart, but were taken after {number - 1} and "
            f"{after.progress.step} steps"
        )
    epoch, rows = len(before.progress.history) + 1, run._rows
    positions = run._order.again(epoch)
    if positions is None:
        raise SpecError(
            f"step {number} was taken in epoch {epoch}, whose order of rows is gone, as the run "
            "was given an order of its own; look at a step of the epoch in progress"
        )
    order = positions[before.progress.rows : _rows_done(before.progress, after.progress)]
    taken, rates = int(before.arrays["step"]), StepRates(before.plan, rows.n)
    theta = before.arrays["theta"]
    return RecordedStep(
        network=run.network,
        plan=before.plan,
        step=number,
        epoch=epoch,
        before=before.arrays,
        theta_after=after.arrays["theta"],
        order=order,
        batch=rows.take(order),
        all_rows=rows,
        noise=step_noise(run.network, before.plan, taken, len(order), theta.dtype),
        rate=float(rates.of_steps(before.progress.history, before.progress.step, 1)[0]),
        total_weight=float(rows.weights.sum()),
    )


def _rows_done(before: Progress, after: Progress) -> int:
    """Return how many rows of the step's epoch were done after it."""
    finished = len(before.history)
    return after.rows if len(after.history) == finished else after.history[finished].rows
