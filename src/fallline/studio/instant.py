"""One moment of a descent, as plain data that other threads may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..arrays import Floats, Ints
from ..descent.recorded import RecordedStep
from ..spec.plan import Plan

if TYPE_CHECKING:
    from .problem import Problem

__all__ = ["Instant"]


@dataclass(frozen=True, eq=False)
class Instant:
    """Where the descent is, and how it came there.

    Attributes
    ----------
    run
        Which descent of the session this is.
    problem
        The network, the rows, the encoders.
    plan
        How it descends now.
    step
        Steps taken.
    theta
        (P,) the weights.
    path
        (t, P) kept weights from the start on, thinned; the last are `theta`.
    path_steps
        (t,) the steps at which they were.
    last
        The step that led here, with all that `explain.trace` needs; None at the start.
    diverged
        Whether the descent ended because it led out of all numbers.
    """

    run: int
    problem: Problem
    plan: Plan
    step: int
    theta: Floats
    path: Floats
    path_steps: Ints
    last: RecordedStep | None
    diverged: bool = False
