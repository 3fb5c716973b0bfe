"""The learning rate of each step of a run: its plan's schedule, asked step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Floats
from ..formulas.optimizers import Solver
from ..formulas.schedules import Clock, schedule_from
from ..history import Epoch
from ..spec.plan import Plan

__all__ = ["rates_of_steps"]


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
    if schedule.name == "constant":
        return np.full(count, eta)
    finished, errors = len(history), tuple(map(_watched, history)) if schedule.looks_back else ()

    def rate(t: int) -> float:
        steps = plan.epochs * -(-rows // (plan.batch_size or rows))
        return schedule.rate(eta, Clock(t, finished, finished * rows, steps, plan.epochs, errors))

    return np.array([rate(t) for t in range(step, step + count)], np.float64)


def _watched(epoch: Epoch) -> float:
    return epoch.error if epoch.validation_error is None else epoch.validation_error
