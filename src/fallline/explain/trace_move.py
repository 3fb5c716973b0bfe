"""From a gradient to new weights, stage by stage: what is clipped, stepped, held, and limited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Array, Floats
from ..engines.calls import error_and_gradient
from ..engines.protocol import Rows
from ..errors import DataError
from ..formulas.clipping import clip_by_norm, clip_by_value, euclidean
from ..formulas.optimizers import Solver, State
from ..formulas.penalties import max_norm
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["Moved", "moved_by"]


@dataclass(frozen=True)
class Moved:
    """One step of a plan's optimizer.

    Attributes
    ----------
    plan
        Whose optimizer, clipping and limits these are.
    rate
        Its learning rate η; of a solver the length α that its line search found.
    gradient, used
        (P,) ∂J/∂θ where it may move, else 0; and what clipping left of it, which the optimizer got.
    norm
        The gradient's Euclidean norm after `clip_value`, before `clip_norm`.
    asked
        (P,) the step that the optimizer asked for, 0 where nothing may move.
    after
        (P,) the weights after the step, and after the limit on their norm.
    state, state_after
        The optimizer's arrays before and after.
    evaluations
        How often a solver evaluated the error; 0 for an optimizer.
    """

    plan: Plan
    theta: Floats
    rate: float
    gradient: Floats
    used: Floats
    norm: float
    asked: Floats
    after: Floats
    state: Mapping[str, Array] = field(repr=False)
    state_after: Mapping[str, Array] = field(repr=False)
    evaluations: int = 0

    @property
    def step(self) -> Floats:
        """(P,) Δθ, as asked where no limit cut it."""
        kept = self.theta + self.asked == self.after
        return np.where(kept, self.asked, self.after - self.theta)

    @property
    def limited(self) -> Array:
        """(P,) where max_norm made the weight smaller."""
        cut: Array = self.theta + self.asked != self.after
        return cut


def moved_by(
    network: Network,
    plan: Plan,
    theta: Floats,
    gradient: Floats,
    rate: float,
    state: State | None = None,
    rows: Rows | None = None,
) -> Moved:
    """Return the step that the gradient of a batch makes.

    Parameters
    ----------
    gradient
        (P,) ∂J/∂θ.
    state
        The optimizer's arrays before it; those of a first step unless given.
    rows
        Of a solver, which evaluates J of them itself.
    """
    if network.trainable is not None:
        gradient = np.where(network.trainable, gradient, 0)
    if isinstance(plan.optimizer, Solver):
        if rows is None:
            raise DataError(f"a step of {type(plan.optimizer).__name__} needs the rows it is of")
        return _solved(network, plan, plan.optimizer, theta, gradient, state, rows)
    with np.errstate(all="ignore"):  # what overflows is shown as such
        return _stepped(network, plan, theta, gradient, rate, state)


def _stepped(
    network: Network, plan: Plan, theta: Floats, gradient: Floats, rate: float, state: State | None
) -> Moved:
    used = gradient if plan.clip_value is None else clip_by_value(np, gradient, plan.clip_value)
    norm = float(euclidean(np, used))
    used = used if plan.clip_norm is None else clip_by_norm(np, used, plan.clip_norm)
    state = plan.stepwise.init(np, theta) if state is None else state
    asked = {"decays": network.penalized.astype(theta.dtype)} if plan.stepwise.decouples else {}
    step, state_after = plan.stepwise.update(
        np, used, state, theta, theta.dtype.type(rate), **asked
    )
    if network.trainable is not None:
        step = np.where(network.trainable, step, 0)
    after = theta + step
    if plan.max_norm is not None:
        after = _limited(network, after, plan.max_norm)
    return Moved(plan, theta, rate, gradient, used, norm, step, after, state, state_after)


def _solved(
    network: Network,
    plan: Plan,
    solver: Solver,
    theta: Floats,
    gradient: Floats,
    state: State | None,
    rows: Rows,
) -> Moved:
    objective = plan.objective.unclipped

    def evaluate(at: Floats) -> tuple[float, Floats]:
        error, slopes = error_and_gradient(
            network, at, rows.X, rows.Y, sample_weight=rows.weights, loss=objective.loss,
            l2=objective.l2, l1=objective.l1, alpha=objective.alpha,
        )  # fmt: skip
        return error, slopes if network.trainable is None else np.where(
            network.trainable, slopes, 0
        )

    state = solver.init(np, theta.copy()) if state is None else state
    with np.errstate(all="ignore"):  # what overflows counts as too long a step
        found = solver.iterate(np, state, evaluate)
    after: Floats = found["theta"]
    return Moved(
        *(plan, theta, float(found["rate"]), gradient, gradient, float(euclidean(np, gradient))),
        *(after - theta, after, state, found),
        evaluations=int(found["evaluations"]) - int(state["evaluations"]),
    )


def _limited(network: Network, theta: Floats, limit: float) -> Floats:
    free = np.ones(network.size, bool) if network.trainable is None else network.trainable
    result = theta.copy()
    for block in network.blocks:
        W, at = theta[block.weights].reshape(block.shape), free[block.weights]
        result[block.weights] = max_norm(np, W, limit, at.reshape(block.shape)).ravel()
    return result
