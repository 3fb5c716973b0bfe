"""JAX: a whole epoch in one compiled `lax.scan`, with the weights and moments donated."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..workloads import BETA1, BETA2, EPSILON, RATE, blocks, flat
from . import Predictor as PredictorBase
from . import Trainer as TrainerBase

Layers = Any  # a list of (W, b), as JAX walks it


def outputs(layers: Layers, x: Any) -> Any:
    for W, b in layers[:-1]:
        x = jnp.maximum(x @ W + b, 0)
    W, b = layers[-1]
    return x @ W + b


def error(layers: Layers, x: Any, y: Any) -> Any:
    return 0.5 * jnp.sum((outputs(layers, x) - y) ** 2) / len(x)


@partial(jax.jit, donate_argnums=0)
def epoch(state: Any, X: Any, Y: Any, batches: Any) -> Any:
    """Take the steps of the (steps, batch) rows; a state is (layers, m, v, β₁ᵗ, β₂ᵗ)."""

    def step(state: Any, rows: Any) -> Any:
        layers, m, v, power1, power2 = state
        g = jax.grad(error)(layers, X[rows], Y[rows])
        power1, power2 = power1 * BETA1, power2 * BETA2
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        rate, root = RATE / (1 - power1), 1 / jnp.sqrt(1 - power2)
        layers = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) * root + EPSILON), layers, m, v
        )
        return (layers, m, v, power1, power2), None

    return jax.lax.scan(step, state, batches)[0]


class Trainer(TrainerBase):
    def prepare(self) -> None:
        if self.dtype == "float64":
            jax.config.update("jax_enable_x64", True)
        task = self.task
        self.X, self.Y = jnp.asarray(task.X, self.dtype), jnp.asarray(task.Y, self.dtype)
        self.batches = [
            jnp.asarray(order.reshape(-1, task.batch), jnp.int32) for order in task.orders
        ]

    def reset(self) -> None:
        # Copies: what is donated is gone, and a copy may share the memory of a NumPy array.
        layers = blocks(self.task.theta.astype(self.dtype), self.task.sizes)
        layers = jax.tree.map(lambda a: jnp.array(a, copy=True), layers)
        zeros = partial(jax.tree.map, jnp.zeros_like)
        one = partial(jnp.ones, (), self.dtype)
        self.state = jax.block_until_ready((layers, zeros(layers), zeros(layers), one(), one()))

    def train(self) -> None:
        for batches in self.batches:
            self.state = epoch(self.state, self.X, self.Y, batches)
        jax.block_until_ready(self.state)

    def theta(self) -> np.ndarray:
        return flat([(np.asarray(W), np.asarray(b)) for W, b in self.state[0]])


class Predictor(PredictorBase):
    def prepare(self) -> None:
        layers = jax.tree.map(jnp.asarray, blocks(self.task.theta, self.task.sizes))
        self.net = jax.jit(outputs)
        self.layers = layers

    def call(self) -> Any:
        return np.asarray(self.net(self.layers, self.row))
