"""The learning rate of each step of a run, by its plan's schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..arrays import Array, Floats
from ..formulas.optimizers import Solver
from ..formulas.schedules import SCHEDULES, Clock, schedule_from
from ..history import Epoch
from ..spec.plan import Plan

__all__ = ["last_rate", "rates_of_steps"]


def rates_of_steps(
    plan: Plan, history: Sequence[Epoch], rows: int, step: int, count: int
) -> Floats:
    """Return η (count,) of the steps from number `step`, counting from 0, in the epoch in progress.

    Parameters
    ----------
    plan
        Of the run.
    history
        Its finished epochs.
    rows
        All training rows.
    step, count
        The first of these steps, and how many they are.
    """
    if isinstance(plan.optimizer, Solver):
        return np.ones(count)  # it finds its own
    schedule, eta = schedule_from(plan.schedule), plan.optimizer.learning_rate
    if schedule is SCHEDULES["constant"]:
        return np.full(count, eta, np.float64)
    finished, errors = len(history), tuple(map(_watched, history)) if schedule.looks_back else ()
    steps, numbers = plan.epochs * -(-rows // (plan.batch_size or rows)), range(step, step + count)
    at = np.arange(step, step + count) if schedule.takes_arrays else step
    clock = Clock(at, finished, finished * rows, steps, plan.epochs, errors)
    if schedule.takes_arrays:
        return np.full(count, schedule.rate(eta, clock), np.float64)
    return np.array([schedule.rate(eta, replace(clock, step=t)) for t in numbers], np.float64)


def last_rate(
    plan: Plan, history: Sequence[Epoch], rows: int, step: int, arrays: Mapping[str, Array]
) -> float:
    """Return η of the step just taken; of a solver, how far it went along its direction.

    Parameters
    ----------
    plan, history, rows
        As in `rates_of_steps`.
    step
        How many steps were taken; before the first one, its rate is told.
    arrays
        The engine's snapshot.
    """
    if isinstance(plan.optimizer, Solver):
        return float(arrays["optimizer.rate"])
    return float(rates_of_steps(plan, history, rows, max(step - 1, 0), 1)[0])


def _watched(epoch: Epoch) -> float:
    return epoch.error if epoch.validation_error is None else epoch.validation_error
