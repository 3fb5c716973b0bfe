"""What an engine is: few methods, state in and state out, whole epochs in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..arrays import Array, Floats, Inputs, Ints
from ..spec.network import Network
from ..spec.plan import Objective, Plan

__all__ = ["Engine", "Iteration", "Iterations", "Ready", "Rows", "State", "Steps", "Stop"]

State = Any
"""An engine's own state of a descent; only `Engine.snapshot` makes it plain."""


class _Arrays(NamedTuple):
    X: Inputs
    Y: Floats
    weights: Floats


class Rows(_Arrays):
    """Examples: X (n, d), Y (n, k) and row weights s (n,), all of one float dtype.

    X may be a ``csr_array``; an engine never makes it dense as a whole.
    """

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What engines keep of these rows for as long as there are these: copies on devices."""
        return {}

    def __getstate__(self) -> None:
        """Leave `kept` out of what is pickled."""

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.weights)

    @property
    def total(self) -> float:
        """Σ s."""
        return float(self.weights.sum())

    def take(self, order: Ints) -> Rows:
        """Return the rows at these positions, in their order."""
        return Rows(self.X[order], self.Y[order], self.weights[order])

    def present(self) -> Rows:
        """Return the rows that have a weight: in a sum, 0·∞ of the others would be NaN."""
        return self if self.weights.all() else self.take(np.flatnonzero(self.weights))


class Steps(NamedTuple):
    """What the steps of one `advance` were, one entry a step taken.

    ``errors`` holds J_B before each step, ``penalties`` R_B, which is the penalty's part of it (so
    that E_B = J_B − R_B), ``weights`` the batch's Σ s, ``gradient_norms`` the Euclidean norm of
    ∂J_B/∂θ over trainable entries, before any clipping; all float64. A batch without weight has 0
    in each. ``rows`` counts the rows of the order that are done. ``finite`` is False where an
    error, a gradient, a weight or an array of the optimizer became NaN or infinite: then the
    entries are those of the steps before it, and the state must not be used.

    ``reported`` is None, or, where the plan's error clips what it reports, J_B with it clipped;
    ``errors`` are never clipped. A solver, which has to compare errors, reports none.

    ``interrupted`` is what the handler of a signal raised between two steps, KeyboardInterrupt for
    Ctrl-C. The state and the rows done are whole: whoever takes them over calls `or_raise` then.
    """

    errors: Floats
    penalties: Floats
    weights: Floats
    gradient_norms: Floats
    rows: int
    finite: bool
    reported: Floats | None = None
    interrupted: BaseException | None = None

    def or_raise(self) -> Steps:
        """Return these steps, or raise what they were interrupted with."""
        if self.interrupted is not None:
            raise self.interrupted
        return self


@dataclass(frozen=True)
class Stop:
    """When to come back early: read between steps.

    Attributes
    ----------
    flag
        Set from any thread to stop.
    deadline
        A ``time.monotonic()`` to stop at, or None.
    """

    flag: Event = field(default_factory=Event)
    deadline: float | None = None

    def now(self) -> bool:
        """Return whether to stop before the next step."""
        late = self.deadline is not None and time.monotonic() >= self.deadline
        return late or self.flag.is_set()


class Ready(Protocol):
    """A network with its weights θ, made ready to predict; its calls may come from any thread.

    Attributes
    ----------
    dtype
        That of θ.
    few
        A function of anything that returns ŷ, (k,) for an array (d,), (n, k) for (n, d); None where
        that takes longer to tell: where it is no array of the dtype, or of other columns, or has
        many rows, or not all numbers of X and ŷ are finite.
    """

    dtype: np.dtype[Any]
    few: Callable[[Any], Floats | None]

    def many(self, X: Inputs) -> Floats | None:
        """Return ŷ (n, k) for any X (n, d) of the dtype; None where only `Engine.predict` can."""

    def holds(self, theta: Any) -> bool:
        """Return whether these are the weights, bit by bit."""


class Iteration(NamedTuple):
    """What was before an iteration of a solver.

    J at θ, R, which is the penalty's part of it, Σ s of all rows, the Euclidean norm of ∂J/∂θ over
    trainable entries, and whether J and its gradient were finite: if not, the state after it must
    not be used.
    """

    error: float
    penalty: float
    weight: float
    gradient_norm: float
    finite: bool


class Iterations(Protocol):
    """What takes the iterations of a full-batch solver; a state never changes."""

    def start(self, arrays: Mapping[str, Array]) -> State:
        """Return the state that the solver's arrays tell of; they are copied."""

    def halted(self, stop: Stop) -> bool:
        """Return whether to come back before the next iteration."""

    def iterate(self, state: State, rows: Rows) -> tuple[State, Iteration]:
        """Return the state after one iteration, and what was before it."""

    def at_once(self, rows: Rows) -> int:
        """Return how many iterations it may take in one call; above 1 it has `several`."""

    def arrays(self, state: State) -> dict[str, Array]:
        """Return the solver's arrays as copies."""

    def number(self, state: State, name: str) -> float:
        """Return one of the solver's numbers, such as its ``evaluations``, without the others."""


class Engine(Protocol):
    """The seam between the descent and what computes it.

    Every θ is a (P,) vector whose dtype decides the arithmetic; rows have the same dtype.
    """

    name: str

    def start(
        self,
        network: Network,
        plan: Plan,
        theta: Floats,
        resume: dict[str, Array] | None = None,
    ) -> State:
        """Return the state before the first step, or the one that a `snapshot` was taken of."""

    def advance(
        self, state: State, rows: Rows, order: Ints, rates: Floats, stop: Stop
    ) -> tuple[State, Steps]:
        """Take the steps of a slice of an epoch and return the new state; the old one stays.

        Parameters
        ----------
        rows
            All training rows.
        order
            Positions of rows, any slice of an epoch; cut into batches of the plan's size from its
            start, with a smaller last one.
        rates
            The learning rate η of each of these steps.
        stop
            Read between steps.
        """

    def snapshot(self, state: State) -> dict[str, Array]:
        """Return the state as plain arrays: ``theta``, ``step`` and ``optimizer.*``; copies.

        ``step`` counts the steps taken, of which batches without weight are none: dropout and input
        noise are functions of it.
        """

    def iterations(self, network: Network, plan: Plan, dtype: np.dtype[Any]) -> Iterations | None:
        """Return what takes the iterations of the plan's solver; None where its formula does."""

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""

    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,), which is 0 at absent connections."""

    def example_gradients(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> Floats:
        """Return ∂e/∂θ (n, P) of each row's error alone, without its weight and any penalty."""

    def predict(self, network: Network, theta: Floats, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k)."""

    def ready(self, network: Network, theta: Floats) -> Ready | None:
        """Return what predicts faster than `predict` when asked again; None where nothing does."""
