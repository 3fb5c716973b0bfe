"""The reference engine: the definition of every number, in NumPy.

Written to be read beside the formulas of back-propagation; every other engine gives its numbers.

====================  ==================================================================
net input             h_j = b_j + Σ_i w_ij o_i over every source unit i
output                o_j = f_j(h_j)
error term            δ_j = −∂J/∂h_j; hidden: f'(h_j) Σ_k w_jk δ_k over all k that j feeds
gradient              ∂J/∂w_ij = −δ_j o_i,  ∂J/∂b_j = −δ_j
step                  gradient of J_B, 0 where not trainable → clipped by value → by norm →
                      optimizer → 0 where not trainable → max-norm
====================  ==================================================================

Rows of weight 0 take no part at all: what overflows in them is not seen. Sparse inputs stay sparse
but for the batches whose inputs get noise or dropout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array, Floats, Inputs, Ints, is_sparse
from ..formulas.activations import ACTIVATIONS
from ..formulas.clipping import clip_by_norm, clip_by_value, euclidean
from ..formulas.penalties import PENALTIES, max_norm
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .noise import QUIET, Noise, step_noise
from .protocol import Ready, Rows, Steps, Stop
from .threads import one_thread

__all__ = [
    "Pass",
    "ReferenceEngine",
    "ReferenceState",
    "backward",
    "forward",
    "move",
    "penalty",
    "row_errors",
    "step_gradient",
]


class Pass(NamedTuple):
    """What one layer computed for n rows."""

    sources: Inputs  # (n, fan_in) outputs of its source units, as dropout left them
    h: Floats  # (n, size) net inputs
    o: Floats  # (n, size) outputs, before dropout


@dataclass(frozen=True)
class ReferenceState:
    """A descent between two steps: θ, the optimizer's arrays and how many steps were taken."""

    network: Network
    plan: Plan
    theta: Floats
    optimizer: Mapping[str, Array]
    step: int


def forward(network: Network, theta: Floats, X: Inputs, noise: Noise = QUIET) -> dict[str, Pass]:
    """Return net inputs and outputs of every layer for the rows X (n, d)."""
    views = network.views(theta)
    X = X if noise.added is None else _dense(X) + noise.added
    columns = _places(network, [layer.name for layer in network.inputs])
    outputs = {name: _dropped(noise, name, X[:, at]) for name, at in columns.items()}
    passes = {}
    for layer in network.layers:
        W, b = views[layer.name]
        sources = _joined([outputs[name] for name in layer.sources])
        h = sources @ W if b is None else sources @ W + b
        o = ACTIVATIONS[layer.activation].f(np, h)
        passes[layer.name] = Pass(sources, h, o)
        outputs[layer.name] = _dropped(noise, layer.name, o)
    return passes


def _dropped(noise: Noise, layer: str, values: Inputs) -> Inputs:
    """Return outputs after dropout, or the slope of the error in outputs before it."""
    if layer not in noise.factors:
        return values
    factors = noise.factors[layer]
    # 0 also where the unit overflowed.
    return np.where(factors == 0, 0, _dense(values) * factors)


def _dense(values: Inputs) -> Floats:
    dense: Floats = values.toarray() if is_sparse(values) else values
    return dense


def _joined(parts: list[Inputs]) -> Inputs:
    """Return the outputs of several layers side by side; sparse where some of them are."""
    if not any(map(is_sparse, parts)):
        return np.concatenate(parts, axis=1)
    from scipy.sparse import csr_array, hstack

    return hstack([csr_array(part) for part in parts], format="csr")


def _places(network: Network, layers: Sequence[str]) -> dict[str, slice]:
    """Return where each of these layers has its units, once they stand side by side."""
    ends = np.cumsum([network.width(name) for name in layers]).tolist()
    starts = [0, *ends[:-1]]
    return {name: slice(*at) for name, *at in zip(layers, starts, ends, strict=True)}


def backward(
    network: Network,
    objective: Objective,
    theta: Floats,
    passes: dict[str, Pass],
    rows: Rows,
    noise: Noise = QUIET,
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
            upstream = _dropped(noise, layer.name, fed_back[layer.name])
            deltas[layer.name] = ACTIVATIONS[layer.activation].back(np, h, o, upstream)
        for name, at in _places(network, layer.sources).items():
            if name in fed_back:  # input units have no error term
                W = views[layer.name].weights[at]
                fed_back[name] += deltas[layer.name] @ W.T  # Σ_k w_jk δ_k
    return deltas


def _slope_at_output(network: Network, objective: Objective, last: Pass, Y: Floats) -> Floats:
    """Return ∂e/∂h (n, k) of the output layer."""
    loss, activation = objective.error, ACTIVATIONS[network.output.activation]
    if activation.family in loss.pairs:
        slope: Floats = loss.pairs[activation.family].slope(np, Y, last.h, last.o)
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
    loss, activation = objective.error, ACTIVATIONS[network.output.activation]
    if activation.family in loss.pairs:
        each: Floats = loss.pairs[activation.family].value(np, Y, last.h)
    else:
        each = loss.value(np, Y, last.o)
    return each


def _joint_error(network: Network, objective: Objective, last: Pass, rows: Rows) -> float:
    return float(_row_factors(objective, rows) @ row_errors(network, objective, last, rows.Y))


def penalty(network: Network, theta: Floats, strengths: Mapping[str, float]) -> float:
    """Return R at θ, from the strength of each penalty."""
    if not strengths:
        return 0.0
    weights = theta[network.penalized]
    return float(sum(c * PENALTIES[name].value(np, weights).sum() for name, c in strengths.items()))


def _penalty_slope(network: Network, theta: Floats, strengths: Mapping[str, float]) -> Floats:
    slope = np.zeros_like(theta)
    at = network.penalized
    for name, strength in strengths.items():
        slope[at] += strength * PENALTIES[name].slope(np, theta[at])
    return slope


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
            return ReferenceState(network, plan, theta.copy(), plan.stepwise.init(np, theta), 0)
        optimizer = {
            name.removeprefix("optimizer."): array.copy()
            for name, array in resume.items()
            if name.startswith("optimizer.")
        }
        return ReferenceState(network, plan, resume["theta"].copy(), optimizer, int(resume["step"]))

    def snapshot(self, state: ReferenceState) -> dict[str, Array]:
        """Return θ, the count of steps and the optimizer's arrays as copies."""
        optimizer = {f"optimizer.{name}": a.copy() for name, a in state.optimizer.items()}
        return {"theta": state.theta.copy(), "step": np.array(state.step), **optimizer}

    @one_thread()
    def advance(
        self, state: ReferenceState, rows: Rows, order: Ints, rates: Floats, stop: Stop
    ) -> tuple[ReferenceState, Steps]:
        """Take the steps of a slice of an epoch, one batch a step."""
        size = state.plan.batch_size or rows.n
        total_weight = float(rows.weights.sum())
        taken: list[tuple[float, ...]] = []
        finite, interrupted, reached = True, None, (state, 0)  # and the rows done
        try:
            with np.errstate(all="ignore"):  # what overflows is found by isfinite and reported
                for start, rate in zip(range(0, len(order), size), rates, strict=True):
                    if stop.now():
                        break
                    batch = rows.take(order[start : start + size])
                    state, step, finite = self._step(reached[0], batch, total_weight, rate)
                    if not finite:
                        break
                    taken.append(step)
                    reached = state, min(start + size, len(order))
        except KeyboardInterrupt as error:  # wherever it comes, whole steps are done
            interrupted = error
        (state, done), whole = reached, taken[: -(-reached[1] // size)]
        errors, penalties, weights, norms, told = np.array(whole, np.float64).reshape(-1, 5).T
        clips = state.plan.objective.unclipped is not state.plan.objective
        reported = told if clips else None
        return state, Steps(errors, penalties, weights, norms, done, finite, reported, interrupted)

    def _step(
        self, state: ReferenceState, batch: Rows, total_weight: float, rate: float
    ) -> tuple[ReferenceState, tuple[float, ...], bool]:
        network, plan, theta = state.network, state.plan, state.theta
        weight = float(batch.weights.sum())
        if weight == 0:
            return state, (0.0, 0.0, 0.0, 0.0, 0.0), True
        error, gradient, told = step_gradient(network, plan, theta, batch, total_weight, state.step)
        part = penalty(network, theta, plan.objective.strengths(weight, total_weight))
        norm = float(euclidean(np, gradient))
        moved, optimizer = move(network, plan, theta, gradient, state.optimizer, rate)
        # An optimizer's square that overflowed would divide all later steps to 0, unseen.
        after: tuple[Any, ...] = (error, gradient, moved, *optimizer.values())
        finite = all(bool(np.isfinite(value).all()) for value in after)
        state = ReferenceState(network, plan, moved, optimizer, state.step + 1)
        return state, (error, part, weight, norm, told), finite

    @one_thread()
    def iterations(self, network: Network, plan: Plan, dtype: np.dtype[Any]) -> None:
        """Return None: a solver's formula takes its iterations."""

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""
        rows, weight = rows.present(), float(rows.weights.sum())
        last = forward(network, theta, rows.X)[network.output.name]
        strengths = objective.strengths(weight, weight)
        return _joint_error(network, objective, last, rows) + penalty(network, theta, strengths)

    @one_thread()
    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,)."""
        weight = float(rows.weights.sum())
        present = rows.present()
        return _error_and_gradient(network, objective, theta, present, weight, QUIET)[:2]

    @one_thread()
    def example_gradients(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> Floats:
        """Return ∂e/∂θ (n, P) of each row's error alone, without its weight and any penalty."""
        alone = rows._replace(weights=np.ones_like(rows.weights))
        found = np.zeros((rows.n, network.size), theta.dtype)
        with np.errstate(all="ignore"):  # what overflows is seen in the result
            passes = forward(network, theta, rows.X)
            deltas = backward(network, objective, theta, passes, alone)
            for block in network.blocks:
                slope = -deltas[block.name] / _row_factors(objective, alone)[:, None]
                W = found[:, block.weights].reshape(rows.n, *block.shape)  # a view
                np.multiply(_dense(passes[block.name].sources)[:, :, None], slope[:, None], out=W)
                if block.biases:
                    found[:, block.biases] = slope
        found[:, network.masked] = 0
        return found

    def predict(self, network: Network, theta: Floats, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k)."""
        return forward(network, theta, X)[network.output.name].o

    def ready(self, network: Network, theta: Floats) -> Ready | None:
        """Return None: there is nothing to make ready."""
        return None


def step_gradient(
    network: Network, plan: Plan, theta: Floats, batch: Rows, total_weight: float, step: int
) -> tuple[float, Floats, float]:
    """Return J_B of a batch under the noise of its step, ∂J_B/∂θ (P,), and J_B as it is reported.

    The slope is 0 where not trainable; what is reported differs where the plan's error clips it.

    Parameters
    ----------
    batch
        Its rows, of which some have a weight.
    total_weight
        Σ s of all training rows.
    step
        Steps taken before this one.
    """
    noise = step_noise(network, plan, step, batch.n, theta.dtype)
    kept, rows = np.flatnonzero(batch.weights), batch.present()
    told, true = plan.objective, plan.objective.unclipped
    error, gradient, last = _error_and_gradient(
        network, true, theta, rows, total_weight, noise.take(kept)
    )
    if network.trainable is not None:
        gradient = np.where(network.trainable, gradient, 0)
    if told is true:
        return error, gradient, error
    part = penalty(network, theta, told.strengths(float(rows.weights.sum()), total_weight))
    return error, gradient, _joint_error(network, told, last, rows) + part


def move(
    network: Network,
    plan: Plan,
    theta: Floats,
    gradient: Floats,
    optimizer: Mapping[str, Array],
    rate: float,
) -> tuple[Floats, Mapping[str, Array]]:
    """Return θ and the optimizer's arrays after the step that the gradient of a batch makes."""
    if plan.clip_value is not None:
        gradient = clip_by_value(np, gradient, plan.clip_value)
    if plan.clip_norm is not None:
        gradient = clip_by_norm(np, gradient, plan.clip_norm)
    asked = {"decays": network.penalized.astype(theta.dtype)} if plan.stepwise.decouples else {}
    step, optimizer = plan.stepwise.update(
        np, gradient, optimizer, theta, theta.dtype.type(rate), **asked
    )
    if network.trainable is not None:
        step = np.where(network.trainable, step, 0)
    moved = theta + step
    if plan.max_norm is not None:
        moved = _limited(network, moved, plan.max_norm)
    return moved, optimizer


def _limited(network: Network, theta: Floats, limit: float) -> Floats:
    """Return θ with each unit's incoming weights within the limit, what is frozen as it was."""
    free = np.ones(network.size, bool) if network.trainable is None else network.trainable
    result = theta.copy()
    for block in network.blocks:
        W, at = theta[block.weights].reshape(block.shape), free[block.weights]
        result[block.weights] = max_norm(np, W, limit, at.reshape(block.shape)).ravel()
    return result


def _error_and_gradient(
    network: Network,
    objective: Objective,
    theta: Floats,
    rows: Rows,
    total_weight: float,
    noise: Noise,
) -> tuple[float, Floats, Pass]:
    """Return J and ∂J/∂θ of some training rows, and the pass of the output layer.

    The weights of all training rows add up to the total.
    """
    passes = forward(network, theta, rows.X, noise)
    deltas = backward(network, objective, theta, passes, rows, noise)
    gradient = np.zeros_like(theta)
    for block in network.blocks:
        delta = deltas[block.name]
        gradient[block.weights] = -(passes[block.name].sources.T @ delta).ravel()
        if block.biases:
            gradient[block.biases] = -delta.sum(axis=0)
    strengths = objective.strengths(float(rows.weights.sum()), total_weight)
    last = passes[network.output.name]
    error = _joint_error(network, objective, last, rows) + penalty(network, theta, strengths)
    gradient += _penalty_slope(network, theta, strengths)
    gradient[network.masked] = 0
    return error, gradient, last
