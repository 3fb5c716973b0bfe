"""A line search for the strong Wolfe conditions: how far to go along a direction of descent.

A step α along p is accepted where the error fell enough and the slope flattened enough::

    J(θ + αp) ≤ J(θ) + c₁ α p·∇J(θ)          and          |p·∇J(θ + αp)| ≤ c₂ |p·∇J(θ)|

Source: Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithms 3.5 and 3.6, with
cubic interpolation (their eq. 3.59). Beyond it: a step to where J is not finite counts as too long;
and errors that differ by no more than their rounding count as equal, so that close to a minimum
the slopes decide (the idea of Hager and Zhang 2005).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["LineSearch", "Trial"]


class Trial(NamedTuple):
    """A point on the line: where, what J is there, and its slope p·∇J along the line."""

    alpha: float
    error: float
    slope: float
    theta: Any
    gradient: Any

    @property
    def finite(self) -> bool:
        """Whether J and its slope are."""
        return math.isfinite(self.error) and math.isfinite(self.slope)


@dataclass(frozen=True)
class LineSearch:
    """One search.

    Attributes
    ----------
    at
        ``at(α) -> Trial`` evaluates the error.
    start
        The trial of α = 0, whose slope is negative.
    fall, flat
        c₁ and c₂, with 0 < c₁ < c₂ < 1.
    noise
        By how much equal errors may differ.
    most
        The most evaluations.
    """

    at: Callable[[float], Trial]
    start: Trial
    fall: float
    flat: float
    noise: float
    most: int

    def find(self, first: float) -> Trial | None:
        """Return an accepted trial, or else the lowest found; None if none is below the start.

        Parameters
        ----------
        first
            The α to try first.
        """
        before, alpha = self.start, first
        for left in range(self.most, 0, -1):
            trial = self.at(alpha)
            if self._accepts(trial):
                return trial
            if not self._fell(trial) or trial.error > before.error + self.noise:
                return self._zoom(before, trial, left - 1)
            if trial.slope >= 0:
                return self._zoom(trial, before, left - 1)
            before, alpha = trial, 3 * alpha
        return self._if_lower(before)

    def _zoom(self, low: Trial, high: Trial, evaluations: int) -> Trial | None:
        """Search between the lowest acceptable trial so far and a bound on the other side."""
        for _ in range(evaluations):
            trial = self.at(_between(low, high))
            if self._accepts(trial):
                return trial
            if not self._fell(trial) or trial.error > low.error + self.noise:
                high = trial
                continue
            if trial.slope * (high.alpha - low.alpha) >= 0:
                high = low
            low = trial
        return self._if_lower(low)

    def _fell(self, trial: Trial) -> bool:
        bound = self.start.error + self.fall * trial.alpha * self.start.slope + self.noise
        return trial.finite and trial.error <= bound

    def _accepts(self, trial: Trial) -> bool:
        return self._fell(trial) and abs(trial.slope) <= -self.flat * self.start.slope

    def _if_lower(self, trial: Trial) -> Trial | None:
        return trial if trial.error < self.start.error else None


def _between(low: Trial, high: Trial) -> float:
    """Return the minimum of the cubic through both, kept away from the ends; else the middle."""
    middle = (low.alpha + high.alpha) / 2
    if not high.finite:
        return middle
    width = high.alpha - low.alpha
    d1 = low.slope + high.slope - 3 * (high.error - low.error) / width
    square = d1 * d1 - low.slope * high.slope
    if not square >= 0:
        return middle
    d2 = math.copysign(math.sqrt(square), width)
    divisor = high.slope - low.slope + 2 * d2
    if not divisor:
        return middle
    alpha = high.alpha - width * (high.slope + d2 - d1) / divisor
    inside = 0.1 <= (alpha - low.alpha) / width <= 0.9
    return alpha if inside else middle
