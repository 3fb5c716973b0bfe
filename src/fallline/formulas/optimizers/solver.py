"""Solvers: full-batch methods that evaluate the error themselves, many times a step if need be."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from .base import A, Method, State

__all__ = ["Evaluate", "Solver"]

Evaluate = Callable[[A], tuple[float, A]]
"""From θ (P,) to J and ∂J/∂θ (P,), which is 0 at entries that may not move."""


class Solver(Method):
    """A method that takes all rows in each iteration and needs no learning rate.

    ::

        state = solver.init(xp, theta)
        state = solver.iterate(xp, state, evaluate)     # until solver.why_done(state)

    The state is plain arrays: ``theta``; ``error`` and ``gradient``, of J there, once it was
    evaluated; ``evaluations``, how often so far; ``rate``, the length of the last step along its
    direction; ``done``, see `OUTCOMES`; and what else the method keeps.
    """

    OUTCOMES: ClassVar[tuple[str | None, ...]] = (
        None,
        "the gradient is within the tolerance: no entry exceeds {tolerance:g}",
        "neither the error nor its gradient gets smaller: the rest is rounding",
    )
    """Why there is nothing left to do, by the number in ``done``."""

    tolerance: float

    @abstractmethod
    def init(self, xp: A, theta: A) -> State:
        """Return the state before the first iteration, for parameters `theta` (P,)."""

    @abstractmethod
    def iterate(self, xp: A, state: State, evaluate: Evaluate) -> State:
        """Return the state after one iteration; of a state that is done, the state itself."""

    def why_done(self, state: State) -> str | None:
        """Return why there is nothing left to do, in a sentence, or None while there is."""
        outcome = self.OUTCOMES[int(state["done"])]
        return outcome and outcome.format(tolerance=self.tolerance)
