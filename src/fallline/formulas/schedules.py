"""Schedules: the learning rate of each step, from the optimizer's ``learning_rate``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .registry import Registry

__all__ = ["SCHEDULES", "Schedule"]


@dataclass(frozen=True)
class Schedule:
    """One schedule: a row of ``SCHEDULES``.

    Attributes
    ----------
    name, text
        The name that users write, and the rate as a formula in eta and the step t = 0, 1, ...
    rate
        ``rate(learning_rate, t) -> η`` of step t.
    """

    name: str
    text: str
    rate: Callable[[float, int], float]


SCHEDULES: Registry[Schedule] = Registry(
    "schedule", [Schedule("constant", "eta", lambda learning_rate, t: learning_rate)]
)
