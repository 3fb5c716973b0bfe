"""The reference engine: the definition of every number, in NumPy.

Written to be read beside the formulas of back-propagation, and never optimised at the cost of
reading. It declines to be fast; every other engine must give its numbers.

====================  ==================================================================
net input             h_j = b_j + Σ_i w_ij o_i over every source unit i
output                o_j = f_j(h_j)
error term            δ_j = −∂J/∂h_j; hidden: f'(h_j) Σ_k w_jk δ_k over all k that j feeds
gradient              ∂J/∂w_ij = −δ_j o_i,  ∂J/∂b_j = −δ_j
====================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..arrays import Array, Floats, Ints
from ..formulas.activations import ACTIVATIONS
from ..formulas.penalties import PENALTIES, batch_share
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .protocol import Rows, Steps, Stop
from .threads import one_thread

__all__ = ["Pass", "ReferenceEngine", "ReferenceState", "backward", "forward", "row_errors"]


class Pass(NamedTuple):
    """What one layer computed for n rows."""

    sources: Floats  # (n, fan_in) outputs of its source units
    h: Floats  # (n, size) net inputs
    o: Floats  # (n, size) outputs


@dataclass(frozen=True)
class ReferenceState:
    """A descent between two steps: θ and the optimizer's arrays."""

    network: Network
    plan: Plan
    theta: Floats
    optimizer: Mapping[str, Array]


def forward(network: Network, theta: Floats, X: Floats) -> dict[str, Pass]:
    """Return net inputs and outputs of every layer for the rows X (n, d)."""
    views = network.views(theta)
    outputs = _split(X, [(layer.name, layer.size) for layer in network.inputs])
    passes = {}
    for layer in network.layers:
        W, b = views[layer.name]
        sources = np.concatenate([outputs[name] for name in layer.sources], axis=1)
        h = sources @ W if b is None else sources @ W + b
        o = ACTIVATIONS[layer.activation].f(np, h)
        passes[layer.name] = Pass(sources, h, o)
        outputs[layer.name] = o
    return passes


def backward(
    network: Network, objective: Objective, theta: Floats, passes: dict[str, Pass], rows: Rows
) -> dict[str, Floats]:
    """Return the error terms δ = −∂E/∂h (n, size) of every layer, of the rows' joint error E."""
    views = network.views(theta)
    output = network.output.name
    deltas: dict[str, Floats] = {
        output: -_row_factors(objective, rows)[:, None]
        * _slope_at_output(network, objective, passes[output], rows.Y)
    }
    fed_back = {layer.name: np.zeros_like(passes[layer.name].o) for layer in network.layers}
    for layer in reversed(network.layers):
        h, o = passes[layer.name].h, passes[layer.name].o
        if layer.name != output:
            deltas[layer.name] = ACTIVATIONS[layer.activation].back(np, h, o, fed_back[layer.name])
        to_sources = deltas[layer.name] @ views[layer.name].weights.T  # Σ_k w_jk δ_k
        widths = [(name, network.width(name)) for name in layer.sources]
        for name, share in _split(to_sources, widths).items():
            if name in fed_back:  # input units have no error term
                fed_back[name] += share
    return deltas


def _slope_at_output(network: Network, objective: Objective, last: Pass, Y: Floats) -> Floats:
    """Return ∂e/∂h (n, k) of the output layer."""
    loss, activation = objective.error, ACTIVATIONS[network.output.activation]
    if activation.name in loss.pairs:
        slope: Floats = loss.pairs[activation.name].slope(np, Y, last.h, last.o)
    else:
        slope = activation.back(np, last.h, last.o, loss.slope(np, Y, last.o))
    return slope


def _row_factors(objective: Objective, rows: Rows) -> Floats:
    """Return what each row's error counts in E: s for sums, s / Σ s for means."""
    total = 1.0 if objective.error.reduction == "sum" else rows.weights.sum()
    factors: Floats = rows.weights / total
    return factors


def row_errors(network: Network, objective: Objective, last: Pass, Y: Floats) -> Floats:
    """Return e (n,), the error of each row, from the output layer's pass."""
    loss, activation = objective.error, network.output.activation
    if activation in loss.pairs:
        each: Floats = loss.pairs[activation].value(np, Y, last.h)
    else:
        each = loss.value(np, Y, last.o)
    return each


def _joint_error(network: Network, objective: Objective, last: Pass, rows: Rows) -> float:
    return float(_row_factors(objective, rows) @ row_errors(network, objective, last, rows.Y))


def _penalty(network: Network, objective: Objective, theta: Floats, share: float) -> float:
    if not objective.l2:
        return 0.0  # not 0·∞, where a weight's square overflows
    weights = theta[network.penalized]
    return float(objective.l2 * share * PENALTIES["l2"].value(np, weights).sum())


def _split(matrix: Floats, widths: list[tuple[str, int]]) -> dict[str, Floats]:
    """Return the columns of each named part of a matrix."""
    edges = np.cumsum([width for _, width in widths])[:-1]
    parts = np.split(matrix, edges, axis=1)
    return {name: part for (name, _), part in zip(widths, parts, strict=True)}


class ReferenceEngine:
    """The engine that defines the numbers; see the module's table."""

    name = "reference"

    def start(
        self,
        network: Network,
        plan: Plan,
        theta: Floats,
        resume: dict[str, Array] | None = None,
    ) -> ReferenceState:
        """Return the state before the first step, or the one that `resume` was taken of."""
        if resume is None:
            return ReferenceState(network, plan, theta.copy(), plan.optimizer.init(np, theta))
        optimizer = {
            name.removeprefix("optimizer."): array.copy()
            for name, array in resume.items()
            if name.startswith("optimizer.")
        }
        return ReferenceState(network, plan, resume["theta"].copy(), optimizer)

    def snapshot(self, state: ReferenceState) -> dict[str, Array]:
        """Return θ and the optimizer's arrays as copies."""
        optimizer = {f"optimizer.{name}": a.copy() for name, a in state.optimizer.items()}
        return {"theta": state.theta.copy(), **optimizer}

    @one_thread()
    def advance(
        self, state: ReferenceState, rows: Rows, order: Ints, rates: Floats, stop: Stop
    ) -> tuple[ReferenceState, Steps]:
        """Take the steps of a slice of an epoch, one batch a step."""
        size = state.plan.batch_size or len(rows.X)
        total_weight = rows.weights.sum()
        taken: list[tuple[float, float, float]] = []
        done, finite = 0, True
        with np.errstate(all="ignore"):  # what overflows is found by isfinite and reported
            for start, rate in zip(range(0, len(order), size), rates, strict=True):
                if stop.now():
                    break
                batch = rows.take(order[start : start + size])
                state, step, finite = self._step(state, batch, total_weight, rate)
                if not finite:
                    break
                taken.append(step)
                done = min(start + size, len(order))
        errors, weights, norms = np.array(taken, dtype=np.float64).reshape(-1, 3).T
        return state, Steps(errors, weights, norms, done, finite)

    def _step(
        self, state: ReferenceState, batch: Rows, total_weight: float, rate: float
    ) -> tuple[ReferenceState, tuple[float, float, float], bool]:
        network, plan, theta = state.network, state.plan, state.theta
        weight = float(batch.weights.sum())
        if weight == 0:
            return state, (0.0, 0.0, 0.0), True
        share = batch_share(plan.objective.error.reduction, weight, total_weight)
        error, gradient = _error_and_gradient(network, plan.objective, theta, batch, share)
        if network.trainable is not None:
            gradient = np.where(network.trainable, gradient, 0)
        step, optimizer = plan.optimizer.update(
            np, gradient, state.optimizer, theta, theta.dtype.type(rate)
        )
        if network.trainable is not None:
            step = np.where(network.trainable, step, 0)
        moved = theta + step
        # An optimizer's square that overflowed would divide all later steps to 0, unseen.
        after = (error, gradient, moved, *optimizer.values())
        finite = all(bool(np.isfinite(value).all()) for value in after)
        norm = float(np.linalg.norm(gradient))
        return ReferenceState(network, plan, moved, optimizer), (error, weight, norm), finite

    @one_thread()
    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""
        last = forward(network, theta, rows.X)[network.output.name]
        return _joint_error(network, objective, last, rows) + _penalty(
            network, objective, theta, 1.0
        )

    @one_thread()
    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,)."""
        return _error_and_gradient(network, objective, theta, rows, 1.0)

    def predict(self, network: Network, theta: Floats, X: Floats) -> Floats:
        """Return the network's outputs ŷ (n, k)."""
        return forward(network, theta, X)[network.output.name].o


def _error_and_gradient(
    network: Network, objective: Objective, theta: Floats, rows: Rows, penalty_share: float
) -> tuple[float, Floats]:
    """Return J and ∂J/∂θ of a batch; `penalty_share` scales R."""
    passes = forward(network, theta, rows.X)
    deltas = backward(network, objective, theta, passes, rows)
    gradient = np.zeros_like(theta)
    for block in network.blocks:
        delta = deltas[block.name]
        gradient[block.weights] = -(passes[block.name].sources.T @ delta).ravel()
        if block.biases:
            gradient[block.biases] = -delta.sum(axis=0)
    error = _joint_error(network, objective, passes[network.output.name], rows)
    if objective.l2:
        at_weights = network.penalized
        slope = PENALTIES["l2"].slope(np, theta[at_weights])
        gradient[at_weights] += (objective.l2 * penalty_share) * slope
        error += _penalty(network, objective, theta, penalty_share)
    gradient[network.masked] = 0
    return error, gradient
