"""The learning rate of each step of a run, by its plan's schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..arrays import Floats
from ..formulas.optimizers import Solver
from ..formulas.schedules import SCHEDULES, Clock, schedule_from
from ..history import Epoch
from ..spec.plan import Plan

__all__ = ["StepRates"]


class StepRates:
    """The learning rates of a run's steps.

    Parameters
    ----------
    plan
        Of the run.
    rows
        All training rows.
    """

    def __init__(self, plan: Plan, rows: int) -> None:
        self._plan, self._rows = plan, rows
        self._steps = -(-rows // (plan.batch_size or rows))  # of an epoch
        self._schedule = schedule_from(plan.schedule)
        # A solver finds its own rates, and has no schedule.
        self._eta = 1.0 if isinstance(plan.optimizer, Solver) else plan.optimizer.learning_rate
        self._same: Floats | None = None  # of all steps of an epoch, where they never change
        if self._schedule is SCHEDULES["constant"]:
            self._same = np.full(self._steps, self._eta, np.float64)
            self._same.flags.writeable = False

    def of_steps(self, history: Sequence[Epoch], step: int, count: int) -> Floats:
        """Return η (count,) of the steps from number `step`, counting from 0, of one epoch.

        Parameters
        ----------
        history
            The epochs finished before it.
        step, count
            The first of these steps, and how many they are.
        """
        if self._same is not None:
            return self._same[:count]
        plan, schedule, eta = self._plan, self._schedule, self._eta
        finished = len(history)
        errors = tuple(map(_watched, history)) if schedule.looks_back else ()
        at = np.arange(step, step + count) if schedule.takes_arrays else step
        steps = plan.epochs * self._steps
        clock = Clock(at, finished, finished * self._rows, steps, plan.epochs, errors)
        if schedule.takes_arrays:
            return np.full(count, schedule.rate(eta, clock), np.float64)
        numbers = range(step, step + count)
        return np.array([schedule.rate(eta, replace(clock, step=t)) for t in numbers], np.float64)

    def last(self, history: Sequence[Epoch], step: int) -> float:
        """Return η of the last of so many steps; before the first one, its rate is told."""
        if self._same is not None:
            return self._eta
        return float(self.of_steps(history, max(step - 1, 0), 1)[0])


def _watched(epoch: Epoch) -> float:
    return epoch.error if epoch.validation_error is None else epoch.validation_error
