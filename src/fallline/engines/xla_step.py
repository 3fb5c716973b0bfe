"""One step over jax.numpy, in the order of the reference engine; and the sums that it starts from.

====================  ==================================================================
sums                  Σ s e and its slope by JAX, of the rows that this device has
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
from .xla_devices import Devices, OneDevice
from .xla_network import Batch, Views, flat, forward, penalty, product_of, row_errors
from .xla_rows import Chosen, take

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
    """Sums over rows: ∂/∂θ Σ s e (P,), Σ s e, and the same as it is reported."""

    gradient: A
    error: A
    told: A


TAKEN = 5
"""Numbers told of each step: J_B, R_B, Σ s, the gradient's norm, and J_B as it is reported."""


# --- sums over rows ------------------------------------------------------------------------------


def sums(
    formula: Formula, theta: A, rows: Batch, own: Chosen, noise_at: tuple[A, A] | None = None
) -> Reduced:
    """Return the sums over these rows of all devices.

    Parameters
    ----------
    rows
        All rows that this device has.
    own
        Which of them it takes, (n,).
    noise_at
        The step, and the two words of the seed, of the noise; None without noise.
    """
    count = len(own.index)
    if count <= formula.block:
        buffer = _block_sums(formula, theta, rows, own, noise_at)
    else:
        blocks = -(-count // formula.block)
        spare = (0, blocks * formula.block - count)
        cut = Chosen(
            jnp.pad(own.index, spare, mode="edge").reshape(blocks, -1),
            jnp.pad(own.position, spare, mode="edge").reshape(blocks, -1),
            jnp.pad(own.weights, spare).reshape(blocks, -1),
        )

        def add(so_far: A, block: Chosen) -> tuple[A, None]:
            return so_far + _block_sums(formula, theta, rows, block, noise_at), None

        buffer, _ = lax.scan(add, jnp.zeros(len(theta) + 2, theta.dtype), cut)
    buffer = formula.devices.all_reduce(buffer)
    return Reduced(buffer[:-2], buffer[-2], buffer[-1])


def _block_sums(
    formula: Formula, theta: A, rows: Batch, own: Chosen, noise_at: tuple[A, A] | None
) -> A:
    """Return the sums over some rows as one flat buffer (P + 2,); 0 where none of them counts."""
    network, plan = formula.network, formula.plan
    batch, weights, noise = take(rows, own), own.weights, QUIET
    if noise_at is not None:
        at, seed = noise_at
        noise = step_noise(network, plan, at, own.position, theta.dtype, jnp, seed)
    told, true = plan.objective, plan.objective.unclipped

    def joint(views: Views) -> tuple[A, A]:
        h, o = forward(network, views, batch.X, noise, product_of(formula.products))
        error = weights @ row_errors(network, true, h, o, batch.Y)
        reported = error if told is true else weights @ row_errors(network, told, h, o, batch.Y)
        return error, reported

    (error, reported), slopes = jax.value_and_grad(joint, has_aux=True)(network.views(theta))
    some, parts = (weights > 0).any(), [*flat(network, slopes), jnp.stack([error, reported])]
    return jnp.concatenate([jnp.where(some, part, 0) for part in parts])


def objective_of(
    formula: Formula, theta: A, found: Reduced, weight: A, total_weight: A
) -> tuple[A, A, A, A]:
    """Return J, ∂J/∂θ, R and J as it is reported, from sums over rows.

    These rows' weights add up to one weight, those of all training rows to the total.
    """
    network, objective = formula.network, formula.plan.objective
    weight = jnp.where(weight > 0, weight, 1)
    strengths = _strengths(objective, weight, total_weight)
    part, slopes = jax.value_and_grad(penalty)(network.views(theta), strengths)
    over = 1 if objective.error.reduction == "sum" else weight
    gradient = found.gradient / over
    if strengths:
        gradient = gradient + jnp.concatenate(flat(network, slopes))
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
    own: Chosen,
    seed: A,
    rate: A,
    weight: A,
    total_weight: A,
) -> tuple[State, A, A]:
    """Return the state after a step, what is told of it (5,), and whether all of it was finite.

    Parameters
    ----------
    own
        The rows of the batch that this device takes, (n,).
    weight, total_weight
        Σ s, above 0, of the batch, and of all training rows; of all devices.
    """
    network, theta = formula.network, state.theta
    found = sums(formula, theta, rows, own, (state.step, seed))
    error, gradient, part, told = objective_of(formula, theta, found, weight, total_weight)
    if network.trainable is not None:
        gradient = jnp.where(network.trainable, gradient, 0)
    norm = euclidean(jnp, gradient)
    moved, optimizer = _move(network, formula.plan, state, gradient, rate)
    finite = _finite(error, gradient, moved, *optimizer.values())
    numbers = jnp.stack([error, part, weight, norm, told])
    return State(moved, optimizer, state.step + 1), numbers, finite


def _finite(*arrays: A) -> A:
    """Return whether all numbers are finite: x − x is not 0 where x is not, and sums are fast."""
    return (jnp.stack([(array - array).sum() for array in arrays]) == 0).all()


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
