"""Many steps of a run; where nobody looks at single epochs, many of them in one call of the core.

What a small epoch costs beside its steps, and waiting for Python's lock while other threads have
it, then comes once for many epochs. Bits and records are those of epoch after epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..arrays import Floats, Ints
from ..data.order import RowOrder
from ..engines.protocol import Steps
from ..formulas.schedules import SCHEDULES, schedule_from
from ..history import Epoch
from .limits import MOST_STEPS
from .progress import Progress
from .solving import solver_trail

if TYPE_CHECKING:
    from .run import Run

__all__ = ["advance", "by_epochs_alone", "shares_well", "takes_several", "through"]

_LONG = 12
"""How many epochs, at most, would go into one call, where they are long: half a millisecond."""


Told = Callable[[Steps, list[Epoch]], "str | None"]
"""What is told of whole epochs, steps and records, and says why the run ends with them, if so."""


def through(run: Run) -> None:
    """Train to the end, as pulling epoch after epoch does."""
    several = _unwatched(run)
    for _ in run:
        while several:
            several = takes_several(run, least=2)


def advance(run: Run, steps: float, until: float) -> int:
    """Take so many steps, or those up to a `time.monotonic`; return how many were taken."""
    first = run._progress.step
    end, several = first + steps, _unwatched(run)
    while run._progress.step < end and time.monotonic() < until and run._ready():
        left = end - run._progress.step
        if several and not run._progress.rows:
            several = takes_several(run, left // -(-run._rows.n // run._size), least=2)
            if several:
                continue
        run._take(left, until)
    return run._progress.step - first


def shares_well(run: Run) -> bool:
    """Return whether runs like this one leave Python's lock to other threads for most of the time.

    Where epochs are short and each needs Python, threads mostly wait for one another.
    """
    at_once = getattr(run._engine, "epochs_at_once", None)
    return _unwatched(run) or (at_once is not None and at_once(run._state, run._rows) <= _LONG)


def _unwatched(run: Run) -> bool:
    """Return whether nothing but the count of epochs can tell one from another, or end them."""
    plan = run.plan
    return (
        run._on_steps is None
        and plan.time_budget is None
        and schedule_from(plan.schedule) is SCHEDULES["constant"]
        and type(run._order._order) is RowOrder
        and by_epochs_alone(run)
    )


def by_epochs_alone(run: Run) -> bool:
    """Return whether the run itself asks for nothing at the end of an epoch but its record."""
    plan = run.plan
    watched = (
        *(run._callbacks, run._record, run._saver, run._validation),
        *(run._with_error_at_end, plan.metrics),
    )
    return (
        not any(watched)
        and plan.target is None
        and plan.tolerance is None
        and hasattr(run._engine, "epochs_at_once")
    )


def takes_several(
    run: Run, most: float = math.inf, told: Told | None = None, least: int = 1
) -> bool:
    """Take epochs in one call, but for the last of the plan; return whether that may be done again.

    Where a number is not finite, none is taken: epoch by epoch, the run then finds out what it is.
    After a stop or a signal, what was done is kept, also of an epoch; but a signal while epochs are
    told undoes the call. All steps have one rate.

    Parameters
    ----------
    run
        Between two epochs; `by_epochs_alone`.
    most, least
        So many epochs are taken; none where fewer than the least would be.
    told
        Is called with the whole epochs, before the run knows of them: what it raises undoes them.
    """
    run._check_stop()
    engine: Any = run._engine
    progress, plan, n = run._progress, run.plan, run._rows.n
    done, each = len(progress.history), -(-n // run._size)
    fitting: int = min(engine.epochs_at_once(run._state, run._rows), MOST_STEPS // each)
    count = int(min(fitting, plan.epochs - done - 1, most))
    if run.stopped is not None or count < least or progress.rows:
        return False
    orders: Any = run._order._order
    try:
        taken, reason = _taken(run, count, each), None
        if told is not None and taken is not None and taken.records:
            reason = told(taken.ended, taken.records)
    except BaseException:  # such as Ctrl-C between two draws: nothing was taken
        if hasattr(orders, "back_to"):
            orders.back_to(done)
        raise
    if taken is None:
        return False
    run._state, run._progress = taken.state, taken.progress
    run._end(reason)
    whole = len(taken.records)
    if run._on_steps is not None and taken.left.rows:
        run._on_steps(taken.left, taken.order[whole * n : (whole + 1) * n])
    taken.steps.or_raise()
    return whole == count


class _Taken(NamedTuple):
    """What some epochs in one call gave, before the run knows of it."""

    steps: Steps
    ended: Steps  # of whole epochs
    left: Steps  # of one that is begun
    records: list[Epoch]
    order: Ints
    state: Any
    progress: Progress


def _taken(run: Run, count: int, each: int) -> _Taken | None:
    """Return so many epochs, of `each` steps, or less; None where a number is not finite."""
    engine: Any = run._engine
    orders: Any = run._order._order
    progress, plan, n = run._progress, run.plan, run._rows.n
    done, begun = len(progress.history), time.monotonic()
    rate = float(run._rates.last(run.history, progress.step))
    order = np.concatenate([orders.epoch(done + k) for k in range(1, count + 1)])
    stop = run._limits.begin(progress.elapsed, math.inf)
    steps: Steps
    state, steps = engine.advance(
        run._state, run._rows, order, np.full(count * each, rate), stop, count
    )
    whole = steps.rows // n if steps.finite else 0
    if whole < count and hasattr(orders, "back_to"):
        orders.back_to(done + whole + (steps.finite and steps.rows % n > 0))
    if not steps.finite:
        steps.or_raise()
        return None
    ended = _part(steps, slice(whole * each), whole * n)
    left = _part(steps, slice(whole * each, None), steps.rows - whole * n)
    seconds = (time.monotonic() - begun) / max(len(steps.errors), 1)  # of a step
    nothing: list[int | None] = [None] * whole
    trail = solver_trail(engine, state) or ([rate] * whole, nothing)
    records = _records(run, ended, trail, seconds * each) if whole else []
    after = replace(
        progress,
        step=progress.step + whole * each,
        elapsed=progress.elapsed + seconds * whole * each,
        history=progress.history.extend(records),
    ).plus(left, seconds * len(left.errors), plan.objective.error.reduction)
    return _Taken(steps, ended, left, records, order, state, after)


def _part(steps: Steps, which: slice, rows: int) -> Steps:
    """Return some of the steps, which took so many rows."""
    errors, penalties, weights, norms = (terms[which] for terms in steps[:4])
    reported = None if steps.reported is None else steps.reported[which]
    return Steps(errors, penalties, weights, norms, rows, steps.finite, reported)


@np.errstate(over="ignore")  # what overflows is recorded as such
def _records(
    run: Run, steps: Steps, trail: tuple[list[float], Sequence[int | None]], seconds: float
) -> list[Epoch]:
    """Return the records of epochs, each of which took so many seconds.

    `trail` holds the rate and the evaluations of each.
    """
    summed, count = run.plan.objective.error.reduction == "sum", len(trail[0])
    errors = _sums(steps.errors if summed else steps.errors * steps.weights, count)
    weights, norms = _sums(steps.weights, count), _sums(steps.gradient_norms, count)
    first, step, each = len(run.history) + 1, run._progress.step, len(steps.errors) // count
    return [
        Epoch(
            epoch=first + i,
            steps=step + (i + 1) * each,
            rows=run._rows.n,
            error=errors[i] if summed else errors[i] / weights[i] if weights[i] else math.nan,
            validation_error=None,
            metrics={},
            learning_rate=rate,
            gradient_norm=norms[i] / each,
            seconds=seconds,
            evaluations=evaluations,
        )
        for i, (rate, evaluations) in enumerate(zip(*trail, strict=True))
    ]


def _sums(terms: Floats, count: int) -> list[float]:
    """Return the sums of each epoch, term by term as `Progress.plus` carries them on."""
    sums: list[float] = (np.add.accumulate(terms.reshape(count, -1), axis=1)[:, -1] + 0.0).tolist()
    return sums
