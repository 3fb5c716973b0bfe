"""A run to its end; where nobody looks at single epochs, many of them in one call of the core.

What a small epoch costs beside its steps, and waiting for Python's lock while other threads have
it, then comes once for many epochs. Bits and records are those of epoch after epoch.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import Floats
from ..data.order import RowOrder
from ..engines.protocol import Steps
from ..formulas.optimizers import Solver
from ..formulas.schedules import SCHEDULES, schedule_from
from ..history import Epoch, History
from .limits import MOST_STEPS
from .run import Run

__all__ = ["shares_well", "through"]

_LONG = 3
"""How many epochs, at most, would go into one call, where they are long: half a millisecond."""


def through(run: Run) -> None:
    """Train to the end, as pulling epoch after epoch does."""
    several = _unwatched(run)
    for _ in run:
        while several:
            several = _takes_several(run)


def shares_well(run: Run) -> bool:
    """Return whether runs like this one leave Python's lock to other threads for most of the time.

    Where epochs are short and each needs Python, threads mostly wait for one another.
    """
    at_once = getattr(run._engine, "epochs_at_once", None)
    return _unwatched(run) or (at_once is not None and at_once(run._state, run._rows.n) <= _LONG)


def _unwatched(run: Run) -> bool:
    """Return whether nothing but the count of epochs can tell one from another, or end them."""
    plan = run.plan
    watched = (
        *(run._callbacks, run._on_steps, run._record, run._saver, run._validation),
        *(run._with_error_at_end, plan.metrics),
    )
    rules = (plan.target, plan.tolerance, plan.time_budget)
    return (
        not any(watched)
        and all(rule is None for rule in rules)
        and not isinstance(plan.optimizer, Solver)
        and schedule_from(plan.schedule) is SCHEDULES["constant"]
        and type(run._order._order) is RowOrder
        and hasattr(run._engine, "epochs_at_once")
    )


def _takes_several(run: Run) -> bool:
    """Take epochs in one call, but for the last one; return whether that may be done again.

    Where a number is not finite, none is taken: epoch by epoch, the run then finds out what it is.
    After a stop or a signal, what was done is kept, also of an epoch.
    """
    engine: Any = run._engine
    progress, plan, n = run._progress, run.plan, run._rows.n
    done = len(progress.history)
    each, rate = -(-n // run._size), float(plan.stepwise.learning_rate)
    fitting: int = min(engine.epochs_at_once(run._state, n), MOST_STEPS // each)
    count: int = min(fitting, plan.epochs - done - 1)
    if run.stopped is not None or count < 2:
        return False
    begun = time.monotonic()
    order = np.concatenate([run._order._order.epoch(done + k) for k in range(1, count + 1)])
    stop = run._limits.begin(progress.elapsed, math.inf)
    steps: Steps
    state, steps = engine.advance(
        run._state, run._rows, order, np.full(count * each, rate), stop, count
    )
    if not steps.finite:
        steps.or_raise()
        return False
    whole = steps.rows // n
    ended = _part(steps, slice(whole * each), whole * n)
    left = _part(steps, slice(whole * each, None), steps.rows - whole * n)
    seconds = (time.monotonic() - begun) / max(len(steps.errors), 1)  # of a step
    records = _records(run, ended, whole, seconds * each) if whole else []
    run._state = state
    run._progress = replace(
        progress,
        step=progress.step + whole * each,
        elapsed=progress.elapsed + seconds * whole * each,
        history=History([*progress.history, *records]),
    ).plus(left, seconds * len(left.errors), plan.objective.error.reduction)
    steps.or_raise()
    return whole == count


def _part(steps: Steps, which: slice, rows: int) -> Steps:
    """Return some of the steps, which took so many rows."""
    errors, penalties, weights, norms = (terms[which] for terms in steps[:4])
    return Steps(errors, penalties, weights, norms, rows, steps.finite)


def _records(run: Run, steps: Steps, count: int, seconds: float) -> list[Epoch]:
    """Return the records of so many epochs, each of which took so many seconds."""
    summed = run.plan.objective.error.reduction == "sum"
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
            learning_rate=float(run.plan.stepwise.learning_rate),
            gradient_norm=norms[i] / each,
            seconds=seconds,
        )
        for i in range(count)
    ]


def _sums(terms: Floats, count: int) -> list[float]:
    """Return the sums of each epoch, term by term as `Progress.plus` carries them on."""
    sums: list[float] = (np.add.accumulate(terms.reshape(count, -1), axis=1)[:, -1] + 0.0).tolist()
    return sums
