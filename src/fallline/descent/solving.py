"""Full-batch solvers behind the engine seam: one iteration is one step, and one epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Inputs, Ints
from ..engines.protocol import Engine, Ready, Rows, Steps, Stop
from ..engines.reference import penalty
from ..engines.registry import get_engine
from ..errors import SpecError
from ..formulas.clipping import euclidean
from ..formulas.optimizers import Solver, State
from ..spec.network import Network
from ..spec.plan import Objective, Plan

__all__ = ["FullBatch", "engine_for", "evaluations", "solver_rate", "why_done"]


@dataclass(frozen=True)
class _Solving:
    """A descent between two iterations."""

    network: Network
    plan: Plan
    solver: State
    step: int


class FullBatch:
    """An engine that takes the iterations of a solver, with the errors of another engine.

    All rows count in their own order, whatever the order of the epoch.
    """

    def __init__(self, engine: Engine, solver: Solver) -> None:
        self.name = engine.name
        self._engine = engine
        self._solver = solver

    def start(
        self, network: Network, plan: Plan, theta: Floats, resume: dict[str, Array] | None = None
    ) -> _Solving:
        """Return the state before the first iteration, or the one that `resume` was taken of."""
        if resume is None:
            return _Solving(network, plan, self._solver.init(np, theta.copy()), 0)
        own = {
            name.removeprefix("optimizer."): array.copy()
            for name, array in resume.items()
            if name.startswith("optimizer.")
        }
        own["theta"] = resume["theta"].copy()
        return _Solving(network, plan, own, int(resume["step"]))

    def snapshot(self, state: _Solving) -> dict[str, Array]:
        """Return θ, the count of steps and the solver's arrays as copies."""
        own = {f"optimizer.{name}": np.copy(a) for name, a in state.solver.items()}
        return {"theta": own.pop("optimizer.theta"), "step": np.array(state.step), **own}

    def advance(
        self, state: _Solving, rows: Rows, order: Ints, rates: Floats, stop: Stop
    ) -> tuple[_Solving, Steps]:
        """Take one iteration; a solver's own rate replaces those given."""
        if len(order) != rows.n:
            raise SpecError(
                f"{type(self._solver).__name__} takes all rows in each step; call step() without "
                "rows"
            )
        if stop.now():
            none = np.empty(0)
            return state, Steps(none, none, none, none, 0, True)
        before: list[tuple[float, Floats]] = []
        if state.solver["evaluations"]:
            before.append((float(state.solver["error"]), state.solver["gradient"]))

        def evaluate(theta: Floats) -> tuple[float, Floats]:
            before.append(self._at(state, theta, rows))
            return before[-1]

        with np.errstate(all="ignore"):  # what overflows counts as too long a step
            after = self._solver.iterate(np, state.solver, evaluate)
            error, gradient = before[0]
            values = (error, *self._beside(state, rows), euclidean(np, gradient))
        finite = bool(np.isfinite(error)) and bool(np.isfinite(gradient).all())
        state = _Solving(state.network, state.plan, after, state.step + 1)
        each = np.array([values] * finite, np.float64).reshape(-1, 4).T
        errors, penalties, weights, norms = each
        done = len(order) if finite else 0
        return state, Steps(errors, penalties, weights, norms, done, finite)

    def _at(self, state: _Solving, theta: Floats, rows: Rows) -> tuple[float, Floats]:
        """Return J and ∂J/∂θ, 0 where not trainable."""
        network = state.network
        objective = state.plan.objective.unclipped  # whose slope it is: the line search needs both
        error, gradient = self._engine.error_and_gradient(network, objective, theta, rows)
        if network.trainable is not None:
            gradient = np.where(network.trainable, gradient, 0)
        return error, gradient

    def _beside(self, state: _Solving, rows: Rows) -> tuple[float, float]:
        """Return R at θ and Σ s."""
        weight = float(rows.weights.sum())
        strengths = state.plan.objective.strengths(weight, weight)
        return penalty(state.network, state.solver["theta"], strengths), weight

    def why_done(self, state: _Solving) -> str | None:
        """Return why the solver has nothing left to do, or None."""
        return self._solver.why_done(state.solver)

    def evaluations(self, state: _Solving) -> int:
        """Return how often the error and its gradient were evaluated since the start."""
        return int(state.solver["evaluations"])

    def rate(self, state: _Solving) -> float:
        """Return how far the last iteration went along its direction."""
        return float(state.solver["rate"])

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""
        return self._engine.error(network, objective, theta, rows)

    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,)."""
        return self._engine.error_and_gradient(network, objective, theta, rows)

    def example_gradients(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> Floats:
        """Return ∂e/∂θ (n, P) of each row's error alone."""
        return self._engine.example_gradients(network, objective, theta, rows)

    def predict(self, network: Network, theta: Floats, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k)."""
        return self._engine.predict(network, theta, X)

    def ready(self, network: Network, theta: Floats) -> Ready | None:
        """Return what predicts faster than `predict` when asked again, or None."""
        return self._engine.ready(network, theta)


def engine_for(plan: Plan, name: str) -> Engine:
    """Return the engine called `name`; for a plan with a solver, the solver on top of it."""
    engine: Any = get_engine(name)
    return FullBatch(engine, plan.optimizer) if isinstance(plan.optimizer, Solver) else engine


def why_done(engine: Engine, state: Any) -> str | None:
    """Return why a solver has nothing left to do, or None: while it has, and for no solver."""
    return engine.why_done(state) if isinstance(engine, FullBatch) else None


def evaluations(engine: Engine, state: Any) -> int | None:
    """Return a solver's evaluations since the start; None for an optimizer, with one a step."""
    return engine.evaluations(state) if isinstance(engine, FullBatch) else None


def solver_rate(engine: Engine, state: Any) -> float | None:
    """Return how far a solver went last along its direction; None for no solver."""
    return engine.rate(state) if isinstance(engine, FullBatch) else None
