"""One step over jax.numpy, in the order of the reference engine; and the sums that it starts from.

====================  ==================================================================
sums                  Σ s e, its slope by JAX, and Σ s of the rows that this device has
reduced               these in one flat buffer, added up over all devices
step                  gradient of J_B, 0 where not trainable → clipped by value → by norm →
                      optimizer → 0 where not trainable → max-norm
====================  ==================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..formulas.clipping import clip_by_norm, clip_by_value, euclidean
from ..formulas.penalties import batch_share, max_norm
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .noise import QUIET, step_noise
from .xla_devices import Devices, OneDevice, Place
from .xla_network import Batch, forward, penalty, product_of, row_errors
from .xla_rows import take

__all__ = ["TAKEN", "Formula", "Reduced", "State", "objective_of", "step", "sums"]

A = Any  # an array of jax.numpy


@dataclass(frozen=True)
class Formula:
    """All that decides what is compiled, beside shapes.

    Attributes
    ----------
    network, plan
        What is computed; of the plan only what a step depends on and no rate or seed.
    products
        How matrices are multiplied: a precision of JAX's, or ``"bfloat16"``.
    devices
        Where it is computed, and what adds up the sums of several devices.
    block
        The most rows that are computed at once.
    """

    network: Network
    plan: Plan
    products: str = "highest"
    devices: Devices = field(default_factory=OneDevice)
    block: int = 1 << 30


class State(NamedTuple):
    """A descent between two steps: θ, the optimizer's arrays and the steps taken, mod 2³²."""

    theta: A
    optimizer: dict[str, A]
    step: A


class Reduced(NamedTuple):
    """Sums over rows: ∂/∂θ Σ s e (P,), Σ s e, the same as it is reported, and Σ s."""

    gradient: A
    error: A
    told: A
    weight: A


TAKEN = 5
"""Numbers told of each step: J_B, R_B, Σ s, the gradient's norm, and J_B as it is reported."""


# --- sums over rows ------------------------------------------------------------------------------


def sums(
    formula: Formula, theta: A, rows: Batch, place: Place, noise_at: tuple[A, A] | None = None
) -> Reduced:
    """Return the sums over these rows of all devices.

    Parameters
    ----------
    rows
        All rows that this device has.
    place
        Which of them count.
    noise_at
        The step, and the two words of the seed, of the noise; None without noise.
    """
    count = len(place.index)
    if count <= formula.block:
        buffer = _block_sums(formula, theta, rows, place, noise_at)
    else:
        blocks = -(-count // formula.block)
        spare = blocks * formula.block - count
        cut = Place(
            *(
                jnp.pad(one, (0, spare), constant_values=none).reshape(blocks, -1)
                for one, none in zip(place, (-1, 0), strict=True)
            )
        )

        def add(so_far: A, block: Place) -> tuple[A, None]:
            return so_far + _block_sums(formula, theta, rows, block, noise_at), None

        buffer, _ = lax.scan(add, jnp.zeros(len(theta) + 3, theta.dtype), cut)
    buffer = formula.devices.all_reduce(buffer)
    return Reduced(buffer[:-3], buffer[-3], buffer[-2], buffer[-1])


def _block_sums(
    formula: Formula, theta: A, rows: Batch, place: Place, noise_at: tuple[A, A] | None
) -> A:
    """Return the sums over some rows as one flat buffer (P + 3,)."""
    network, plan = formula.network, formula.plan
    weights = jnp.where(place.index >= 0, rows.weights[place.index], 0)
    # What is computed for a row without weight must be finite where that of the others is: in a
    # sum, 0·∞ would be NaN. So the first row that counts stands for it, with its noise.
    counts = weights > 0
    first = jnp.argmax(counts)
    index, position = (jnp.where(counts, one, one[first]) for one in place)
    batch = take(rows, jnp.maximum(index, 0))._replace(weights=weights)
    noise = QUIET
    if noise_at is not None:
        at, seed = noise_at
        noise = step_noise(network, plan, at, position, theta.dtype, jnp, seed)
    told, true = plan.objective, plan.objective.unclipped

    def joint(theta: A) -> tuple[A, A]:
        h, o = forward(network, theta, batch.X, noise, product_of(formula.products))
        error = weights @ row_errors(network, true, h, o, batch.Y)
        reported = error if told is true else weights @ row_errors(network, told, h, o, batch.Y)
        return error, reported

    (error, reported), gradient = jax.value_and_grad(joint, has_aux=True)(theta)
    buffer = jnp.append(gradient, jnp.stack([error, reported, weights.sum()]))
    return jnp.where(counts.any(), buffer, 0)


def objective_of(formula: Formula, theta: A, found: Reduced, total_weight: A) -> tuple[A, A, A, A]:
    """Return J, ∂J/∂θ, R and J as it is reported, from sums over rows.

    The weights of all training rows add up to the total.
    """
    network, objective = formula.network, formula.plan.objective
    weight = jnp.where(found.weight > 0, found.weight, 1)
    strengths = _strengths(objective, weight, total_weight)
    part, slope = jax.value_and_grad(lambda at: penalty(network, at, strengths))(theta)
    over = 1 if objective.error.reduction == "sum" else weight
    gradient = found.gradient / over + slope
    if network.masked.any():
        gradient = jnp.where(network.masked, 0, gradient)
    return found.error / over + part, gradient, part, found.told / over + part


def _strengths(objective: Objective, batch_weight: A, total_weight: A) -> dict[str, A]:
    """Return the factor of each penalty that a batch bears, as `Objective.strengths` does."""
    share = batch_share(objective.error.reduction, batch_weight, total_weight)
    strengths = {}
    if objective.l1:
        strengths["l1"] = objective.l1 * share
    if objective.l2 or objective.alpha:
        strengths["l2"] = objective.l2 * share + objective.alpha / batch_weight
    return strengths


# --- a step --------------------------------------------------------------------------------------


def step(
    formula: Formula,
    state: State,
    rows: Batch,
    place: Place,
    seed: A,
    rate: A,
    total_weight: A,
) -> tuple[State, A, A]:
    """Return the state after a step, what is told of it (5,), and whether all of it was finite.

    A batch without weight takes no step.
    """
    network, theta = formula.network, state.theta
    found = sums(formula, theta, rows, place, (state.step, seed))
    error, gradient, part, told = objective_of(formula, theta, found, total_weight)
    if network.trainable is not None:
        gradient = jnp.where(network.trainable, gradient, 0)
    norm = euclidean(jnp, gradient)
    moved, optimizer = _move(network, formula.plan, state, gradient, rate)
    taken = found.weight > 0
    after = (error, gradient, moved, *optimizer.values())
    finite = jnp.stack([jnp.isfinite(value).all() for value in after]).all() | ~taken
    next_state = jax.tree.map(
        lambda new, old: jnp.where(taken, new, old),
        State(moved, optimizer, state.step + 1),
        state,
    )
    numbers = jnp.stack([error, part, found.weight, norm, told])
    return next_state, jnp.where(taken, numbers, 0), finite


def _move(
    network: Network, plan: Plan, state: State, gradient: A, rate: A
) -> tuple[A, dict[str, A]]:
    """Return θ and the optimizer's arrays after the step that the gradient of a batch makes."""
    theta = state.theta
    if plan.clip_value is not None:
        gradient = clip_by_value(jnp, gradient, plan.clip_value)
    if plan.clip_norm is not None:
        gradient = clip_by_norm(jnp, gradient, plan.clip_norm)
    asked = {"decays": _decays(network, theta)} if plan.stepwise.decouples else {}
    change, optimizer = plan.stepwise.update(jnp, gradient, state.optimizer, theta, rate, **asked)
    if network.trainable is not None:
        change = jnp.where(network.trainable, change, 0)
    moved = theta + change
    if plan.max_norm is not None:
        moved = _limited(network, moved, plan.max_norm)
    return moved, dict(optimizer)


def _decays(network: Network, theta: A) -> A:
    """Return (P,) 1 for weights and 0 for biases."""
    parts = []
    for block in network.blocks:
        parts.append(jnp.ones_like(theta[block.weights]))
        if block.biases:
            parts.append(jnp.zeros_like(theta[block.biases]))
    return jnp.concatenate(parts)


def _limited(network: Network, theta: A, limit: float) -> A:
    """Return θ with each unit's incoming weights within the limit, what is frozen as it was."""
    free = np.ones(network.size, bool) if network.trainable is None else network.trainable
    for block in network.blocks:
        W, at = theta[block.weights].reshape(block.shape), free[block.weights]
        held = max_norm(jnp, W, limit, at.reshape(block.shape)).ravel()
        theta = theta.at[block.weights].set(held)
    return theta
