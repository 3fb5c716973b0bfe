"""Many steps in one compiled loop, and what is computed of all rows at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..spec.network import Network
from .noise import QUIET
from .xla_devices import Devices, Place
from .xla_network import Batch, forward, product_of, row_errors
from .xla_rows import chosen, every
from .xla_step import TAKEN, Formula, State, objective_of, step, sums

__all__ = [
    "PIECE",
    "WHOLE",
    "block_rows",
    "example_slopes",
    "outputs",
    "piece",
    "piece_length",
    "whole",
]

A = Any  # an array of jax.numpy

_NUMBERS = 1 << 25
"""Numbers, about, that all layers together may hold of the rows that are computed at once."""

_PIECE = 0.1
"""Seconds, about, that a piece of steps takes at most: between two, the engine looks for a stop."""

_MOST_STEPS = 2048
_BESIDE = 2e-5
"""Seconds, about, that a step takes beside its multiplications."""

_SPEED = {"cpu": 4e10}
_ACCELERATED = 1e12
"""Multiplications a second, about."""


def block_rows(network: Network, entries: int = 0, beside: int = 0) -> int:
    """Return how many rows are computed at once, at most: a power of 2.

    Parameters
    ----------
    entries
        Of the longest row of a sparse matrix; 0 for a dense one.
    beside
        Numbers that each row takes beside what the layers hold.
    """
    units = sum(layer.size for layer in network.layers)
    each = units + (entries * units if entries else network.n_inputs)
    return 1 << max(_NUMBERS // (each + beside), 1).bit_length() - 1


def piece_length(network: Network, rows: int, devices: Devices) -> int:
    """Return how many steps of so many rows go into one call at most: a power of 2."""
    multiplications = 3.0 * network.size * rows
    speed = _SPEED.get(devices.platform, _ACCELERATED)
    each = _BESIDE + devices.exchange + multiplications / speed
    return 1 << int(min(max(_PIECE / each, 1), _MOST_STEPS)).bit_length() - 1


def piece(
    formula: Formula,
    state: State,
    rows: Batch,
    places: Place,
    seed: A,
    rates: A,
    total_weight: A,
    count: A,
    halted: A,
) -> tuple[State, A, A, A]:
    """Take steps, at most as many as there are rates.

    Parameters
    ----------
    places
        Of the rows of each step, (steps, n); positions (1, n) are those of every step.
    count
        How many steps to take.
    halted
        (1, 1) not 0 where this device was asked to stop: then none takes any.

    Returns
    -------
    state
        That after these steps.
    taken : (steps, 5)
        What is told of each.
    done
        How many were taken, all of them finite.
    finite
        Whether the next one would have been, too.
    """
    own = chosen(rows, places)
    asked, weights = _summed(formula, halted.sum(), own.weights.sum(axis=1))
    steps = len(rates)
    count = jnp.where(asked > 0, 0, count)
    weighty = (weights > 0) & (jnp.arange(steps) < count)  # without weight no step is taken
    which, wanted = jnp.flatnonzero(weighty, size=steps, fill_value=0), weighty.sum()

    def go_on(so_far: tuple[Any, ...]) -> A:
        done, finite = so_far[0], so_far[-1]
        return (done < wanted) & finite

    def advance(so_far: tuple[Any, ...]) -> tuple[Any, ...]:
        done, state, taken, _ = so_far
        at = _at(which, done)
        batch, rate, weight = jax.tree.map(lambda one: _at(one, at), (own, rates, weights))
        state, numbers, finite = step(formula, state, rows, batch, seed, rate, weight, total_weight)
        return done + finite, state, lax.dynamic_update_index_in_dim(taken, numbers, at, 0), finite

    start = (jnp.int32(0), state, jnp.zeros((steps, TAKEN), rates.dtype), jnp.bool_(True))
    done, state, taken, finite = lax.while_loop(go_on, advance, start)
    done = jnp.where(finite, count, _at(which, jnp.minimum(done, steps - 1)))
    return state, taken, done, finite


def _at(array: A, at: A) -> A:
    return lax.dynamic_index_in_dim(array, at, keepdims=False)


def _summed(formula: Formula, number: A, values: A) -> tuple[A, A]:
    """Return the sums over all devices of a number and of values (n,)."""
    both = formula.devices.all_reduce(jnp.append(values, number))
    return both[-1], both[:-1]


def whole(
    formula: Formula, theta: A, rows: Batch, places: Place, total_weight: A
) -> tuple[A, A, A]:
    """Return J, ∂J/∂θ, and J as it is reported, of all rows: one step's places, (1, n)."""
    own = jax.tree.map(lambda one: one[0], chosen(rows, places))
    found = sums(formula, theta, rows, own)
    error, gradient, _, told = objective_of(formula, theta, found, total_weight, total_weight)
    return error, gradient, told


PIECE = ("shared", "rows", "places", "shared", "shared", "shared", "shared", "places")
"""What the arguments of `piece` are to several devices."""

WHOLE = ("shared", "rows", "places", "shared")
"""What those of `whole` are."""


def outputs(formula: Formula, theta: A, rows: Batch) -> A:
    """Return ŷ (n, k) of all rows."""
    views, product = formula.network.views(theta), product_of(formula.products)
    return forward(formula.network, views, every(rows).X, QUIET, product)[1]


def example_slopes(formula: Formula, theta: A, rows: Batch) -> A:
    """Return ∂e/∂θ (n, P) of each row's error alone."""
    network, objective = formula.network, formula.plan.objective.unclipped

    def error(theta: A, X: A, y: A) -> A:
        X, y = jax.tree.map(lambda one: one[None], (X, y))
        h, o = forward(network, network.views(theta), X, QUIET, product_of(formula.products))
        return row_errors(network, objective, h, o, y)[0]

    batch = every(rows)
    slopes = jax.vmap(jax.grad(error), in_axes=(None, 0, 0))(theta, batch.X, batch.Y)
    return jnp.where(network.masked, 0, slopes) if network.masked.any() else slopes
