"""Full-batch solvers behind the engine seam: one iteration is one step, and one epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Inputs, Ints
from ..engines.protocol import Engine, Iteration, Iterations, Ready, Rows, Steps, Stop
from ..engines.reference import penalty
from ..engines.registry import get_engine
from ..errors import SpecError
from ..formulas.clipping import euclidean
from ..formulas.optimizers import Solver, State
from ..spec.network import Network
from ..spec.plan import Objective, Plan

__all__ = [
    "ByFormula",
    "FullBatch",
    "engine_for",
    "evaluations",
    "plain_engine",
    "solver_rate",
    "solver_trail",
    "why_done",
]


@dataclass(frozen=True)
class _Solving:
    """A descent between two iterations, and what takes them."""

    iterations: Iterations
    solver: State
    step: int
    trail: Floats | None = None  # rate and evaluations after each of the iterations last taken


class FullBatch:
    """An engine that takes the iterations of a solver, with the errors of another engine.

    All rows count in their own order, whatever the order of the epoch.
    """

    def __init__(self, engine: Engine, solver: Solver) -> None:
        self.name = engine.name
        self.engine = engine
        self._solver = solver

    def start(
        self, network: Network, plan: Plan, theta: Floats, resume: dict[str, Array] | None = None
    ) -> _Solving:
        """Return the state before the first iteration, or the one that `resume` was taken of."""
        iterations = self.iterations(network, plan, theta.dtype) or ByFormula(
            self.engine, self._solver, network, plan.objective
        )
        if resume is None:
            return _Solving(iterations, iterations.start(self._solver.init(np, theta)), 0)
        own = {
            name.removeprefix("optimizer."): array
            for name, array in resume.items()
            if name.startswith("optimizer.")
        }
        solver = iterations.start(own | {"theta": resume["theta"]})
        return _Solving(iterations, solver, int(resume["step"]))

    def snapshot(self, state: _Solving) -> dict[str, Array]:
        """Return θ, the count of steps and the solver's arrays as copies."""
        arrays = state.iterations.arrays(state.solver)
        own = {f"optimizer.{name}": array for name, array in arrays.items()}
        return {"theta": own.pop("optimizer.theta"), "step": np.array(state.step), **own}

    def epochs_at_once(self, state: _Solving, rows: Rows) -> int:
        """Return how many iterations `advance` may take in one call."""
        return state.iterations.at_once(rows)

    def advance(
        self,
        state: _Solving,
        rows: Rows,
        order: Ints,
        rates: Floats,
        stop: Stop,
        epochs: int = 1,
    ) -> tuple[_Solving, Steps]:
        """Take an iteration, or up to so many; a solver's own rate replaces those given."""
        if len(order) != rows.n * epochs:
            raise SpecError(
                f"{type(self._solver).__name__} takes all rows in each step; call step() without "
                "rows"
            )
        if state.iterations.halted(stop):
            none = np.empty(0)
            return state, Steps(none, none, none, none, 0, True)
        if epochs == 1:
            return self._once(state, rows)
        native: Any = state.iterations  # others take one at once
        after, told, finite, raised = native.several(state.solver, rows, epochs, stop.now)
        count = told.shape[1] * finite
        state = _Solving(state.iterations, after, state.step + count, told[4:, :count])
        errors, penalties, weights, norms = told[:4, :count]
        steps = Steps(errors, penalties, weights, norms, count * rows.n, finite)
        return state, steps._replace(interrupted=raised)

    def _once(self, state: _Solving, rows: Rows) -> tuple[_Solving, Steps]:
        after, told = state.iterations.iterate(state.solver, rows)
        state = _Solving(state.iterations, after, state.step + 1)
        errors, penalties, weights, norms = np.array([told[:4]] * told.finite).reshape(-1, 4).T
        done = rows.n if told.finite else 0
        return state, Steps(errors, penalties, weights, norms, done, told.finite)

    def why_done(self, state: _Solving) -> str | None:
        """Return why the solver has nothing left to do, or None."""
        return self._solver.why_done({"done": state.iterations.number(state.solver, "done")})

    def iterations(self, network: Network, plan: Plan, dtype: np.dtype[Any]) -> Iterations | None:
        """Return what takes the solver's iterations, where the engine does itself."""
        return self.engine.iterations(network, plan, dtype)

    def evaluations(self, state: _Solving) -> int:
        """Return how often the error and its gradient were evaluated since the start."""
        return int(state.iterations.number(state.solver, "evaluations"))

    def rate(self, state: _Solving) -> float:
        """Return how far the last iteration went along its direction."""
        return state.iterations.number(state.solver, "rate")

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""
        return self.engine.error(network, objective, theta, rows)

    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,)."""
        return self.engine.error_and_gradient(network, objective, theta, rows)

    def example_gradients(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> Floats:
        """Return ∂e/∂θ (n, P) of each row's error alone."""
        return self.engine.example_gradients(network, objective, theta, rows)

    def predict(self, network: Network, theta: Floats, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k)."""
        return self.engine.predict(network, theta, X)

    def ready(self, network: Network, theta: Floats) -> Ready | None:
        """Return what predicts faster than `predict` when asked again, or None."""
        return self.engine.ready(network, theta)


@dataclass(frozen=True)
class ByFormula:
    """The iterations of a solver's formula, whose errors an engine computes."""

    engine: Engine
    solver: Solver
    network: Network
    objective: Objective

    def start(self, arrays: Mapping[str, Array]) -> State:
        """Return the solver's arrays, copied."""
        return {name: array.copy() for name, array in arrays.items()}

    def at_once(self, rows: Rows) -> int:
        """Return 1."""
        return 1

    def arrays(self, state: State) -> dict[str, Array]:
        """Return the solver's arrays as copies."""
        return {name: np.copy(array) for name, array in state.items()}

    def number(self, state: State, name: str) -> float:
        """Return one of the solver's numbers."""
        return float(state[name])

    def halted(self, stop: Stop) -> bool:
        """Return whether to come back before the next iteration."""
        return stop.now()

    def iterate(self, state: State, rows: Rows) -> tuple[State, Iteration]:
        """Return the state after one iteration, and what was before it."""
        before: list[tuple[float, Floats]] = []
        if state["evaluations"]:
            before.append((float(state["error"]), state["gradient"]))

        def evaluate(theta: Floats) -> tuple[float, Floats]:
            before.append(self._at(theta, rows))
            return before[-1]

        with np.errstate(all="ignore"):  # what overflows counts as too long a step
            after = self.solver.iterate(np, state, evaluate)
            error, gradient = before[0]
            weight = rows.total
            strengths = self.objective.strengths(weight, weight)
            shrinks = penalty(self.network, state["theta"], strengths)
            norm = euclidean(np, gradient)
        finite = bool(np.isfinite(error)) and bool(np.isfinite(gradient).all())
        return after, Iteration(error, shrinks, weight, norm, finite)

    def _at(self, theta: Floats, rows: Rows) -> tuple[float, Floats]:
        """Return J and ∂J/∂θ, 0 where not trainable."""
        objective = self.objective.unclipped  # whose slope it is: the line search needs both
        error, gradient = self.engine.error_and_gradient(self.network, objective, theta, rows)
        if self.network.trainable is not None:
            gradient = np.where(self.network.trainable, gradient, 0)
        return error, gradient


def engine_for(plan: Plan, wanted: str | Engine) -> Engine:
    """Return an engine, or the one of a name; for a plan with a solver, the solver on top of it."""
    engine: Any = get_engine(wanted) if isinstance(wanted, str) else wanted
    return FullBatch(engine, plan.optimizer) if isinstance(plan.optimizer, Solver) else engine


def plain_engine(engine: Engine) -> Engine:
    """Return an engine without a solver on top of it."""
    return engine.engine if isinstance(engine, FullBatch) else engine


def why_done(engine: Engine, state: Any) -> str | None:
    """Return why a solver has nothing left to do, or None: while it has, and for no solver."""
    return engine.why_done(state) if isinstance(engine, FullBatch) else None


def evaluations(engine: Engine, state: Any) -> int | None:
    """Return a solver's evaluations since the start; None for an optimizer, with one a step."""
    return engine.evaluations(state) if isinstance(engine, FullBatch) else None


def solver_trail(engine: Engine, state: Any) -> tuple[list[float], list[int]] | None:
    """Return rate and evaluations after each of the iterations last taken; None for no solver."""
    if not isinstance(engine, FullBatch):
        return None
    if state.trail is None:
        return [engine.rate(state)], [engine.evaluations(state)]
    return state.trail[0].tolist(), [int(count) for count in state.trail[1]]


def solver_rate(engine: Engine, state: Any) -> float | None:
    """Return how far a solver went last along its direction; None for no solver."""
    return engine.rate(state) if isinstance(engine, FullBatch) else None
