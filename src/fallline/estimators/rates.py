"""The learning rates of a fit: scikit-learn's policies, and schedules over several `partial_fit`.

A policy is constant within an epoch. A schedule is a function of time, which goes on from one call
of `partial_fit` to the next, as if they were the epochs of one fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..formulas.schedules import SCHEDULES, Clock, Schedule, schedule_from
from ..spec.plan import Plan

__all__ = ["Rates", "at_rates", "moves_at_stops_only"]

_LEAST = 1e-6  # "adaptive" ends the fit instead of lowering a rate as small as this
_DIVISOR = 5.0


@dataclass
class Rates:
    """The learning rate now, and how it moves.

    Attributes
    ----------
    policy
        ``"constant"``, ``"invscaling"``: η / (rows seen + 1)^power, or ``"adaptive"``: divided by
        5 instead of stopping.
    start, power
        η of the first epoch, also of one that goes on from an earlier fit; and the exponent.
    now
        η of the epoch in progress.
    epochs, rows
        How many epochs have ended, and how many rows were seen, since these rates began.
    """

    policy: str
    start: float
    power: float
    now: float = field(init=False)
    epochs: int = field(default=0, init=False)
    rows: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.now = self.start

    def epoch_ended(self, rows_seen: int) -> None:
        """Move on to the next epoch; `rows_seen` counts those of all epochs and fits so far."""
        self.epochs, self.rows = self.epochs + 1, rows_seen
        if self.policy == "invscaling":
            self.now = self.start / (rows_seen + 1) ** self.power

    def instead_of_stopping(self) -> tuple[bool, str]:
        """Return whether a lowered rate lets the fit go on, and the end of the sentence on it."""
        if self.policy != "adaptive":
            return False, "Stopping."
        if self.now <= _LEAST:
            return False, "Learning rate too small. Stopping."
        self.now /= _DIVISOR
        return True, f"Setting learning rate to {self.now:f}"


def at_rates(plan: Plan, rates: Rates, epochs: int | None = None) -> Plan:
    """Return the plan with its rates, for so many of its epochs; all of them unless given.

    Raises
    ------
    ValueError
        For some epochs by a schedule that looks at the errors of those before them.
    """
    if rates.policy != "constant":
        now = Schedule("as scikit-learn", "eta", lambda eta, clock: rates.now, takes_arrays=True)
        plan = replace(plan, schedule=now)
    elif epochs is not None and plan.schedule != "constant":
        plan = replace(plan, schedule=_going_on(schedule_from(plan.schedule), rates, plan.epochs))
    return plan if epochs is None else replace(plan, epochs=epochs)


def moves_at_stops_only(plan: Plan, rates: Rates) -> bool:
    """Return whether the rate of a plan `at_rates` is the same until a rule would stop the fit."""
    constant = schedule_from(plan.schedule) is SCHEDULES["constant"]
    return constant if rates.policy == "constant" else rates.policy == "adaptive"


def _going_on(schedule: Schedule, rates: Rates, epochs: int) -> Schedule:
    """Return a schedule of `epochs` epochs for the one of them that comes next."""
    if schedule.looks_back:
        raise ValueError(
            f"partial_fit cannot follow schedule={schedule.name!r}, which looks at the errors of "
            "earlier epochs: each call has rows of its own; take a schedule of time, such as "
            "'cosine'"
        )
    done, rows = rates.epochs, rates.rows

    def rate(eta: float, clock: Clock) -> Any:
        steps = clock.steps * epochs
        return schedule.rate(eta, replace(clock, epoch=done, rows=rows, steps=steps, epochs=epochs))

    # Without a family it is no row of the table, whose name a plan would keep in its place.
    return replace(schedule, rate=rate, family="")
