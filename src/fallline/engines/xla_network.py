"""A network over jax.numpy: passes forward, and the sums over rows that JAX takes the slope of.

Only what goes forward is written here, from the same tables as in the reference engine. Slopes are
JAX's own, by automatic differentiation: an independent witness of those derived by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..formulas.activations import ACTIVATIONS
from ..formulas.penalties import PENALTIES
from ..spec.network import Network, View
from ..spec.plan import Objective
from .noise import QUIET, Noise

__all__ = [
    "Batch",
    "Entries",
    "Product",
    "Views",
    "flat",
    "forward",
    "penalty",
    "product_of",
    "row_errors",
]

A = Any  # an array of jax.numpy
Product = Callable[[A, A], A]
Views = Mapping[str, View]
"""W and b of each layer: what slopes are taken by, for that by a flat θ would be a sum of vectors
as long as θ, one for each W and b."""


class Entries(NamedTuple):
    """Rows of a sparse matrix: the columns and values (n, m) of m entries a row at most.

    A row with fewer entries has zeros in column 0 for the rest.
    """

    columns: A
    values: A

    def between(self, first: int, stop: int) -> Entries:
        """Return the entries of some columns, counted from the first of them."""
        inside = (self.columns >= first) & (self.columns < stop)
        zero = jnp.zeros((), self.values.dtype)
        return Entries(
            jnp.where(inside, self.columns - first, 0), jnp.where(inside, self.values, zero)
        )

    def dense(self, width: int) -> A:
        """Return the rows (n, width) with all their zeros."""
        rows = jnp.arange(len(self.values))[:, None]
        zeros = jnp.zeros((len(self.values), width), self.values.dtype)
        return zeros.at[rows, self.columns].add(self.values)


class Batch(NamedTuple):
    """Rows to compute with: X (n, d), dense or `Entries`, Y (n, k) and weights s (n,)."""

    X: A
    Y: A
    weights: A


def forward(
    network: Network, views: Views, X: A, noise: Noise = QUIET, product: Product = jnp.matmul
) -> tuple[A, A]:
    """Return net inputs and outputs (n, k) of the output layer for the rows X (n, d)."""
    if isinstance(X, Entries) and (noise.added is not None or _drops_inputs(network, noise)):
        X = X.dense(network.n_inputs)
    if noise.added is not None:
        X = X + noise.added
    outputs, at = {}, 0
    for one in network.inputs:
        outputs[one.name] = _dropped(noise, one.name, _columns(X, at, at + one.size))
        at += one.size
    for layer in network.layers:
        W, b = views[layer.name]
        h = _net_input(
            [outputs[name] for name in layer.sources], network, layer.sources, W, product
        )
        h = h if b is None else h + b
        o = ACTIVATIONS[layer.activation].f(jnp, h)
        outputs[layer.name] = _dropped(noise, layer.name, o)
    return h, o


def _drops_inputs(network: Network, noise: Noise) -> bool:
    return any(one.name in noise.factors for one in network.inputs)


def _columns(X: A, first: int, stop: int) -> A:
    return X.between(first, stop) if isinstance(X, Entries) else X[:, first:stop]


def _net_input(
    parts: list[A], network: Network, sources: tuple[str, ...], W: A, product: Product
) -> A:
    """Return Σ_i w_ij o_i, in one product of all dense sources and one for each sparse source."""
    dense, rows, h, at = [], [], None, 0
    for part, name in zip(parts, sources, strict=True):
        own = W[at : at + network.width(name)]
        at += network.width(name)
        if isinstance(part, Entries):
            sparse = _sparse_product(part, own, product)
            h = sparse if h is None else h + sparse
        else:
            dense.append(part)
            rows.append(own)
    if not dense:
        return h
    whole = len(dense) == len(parts)
    joined = dense[0] if len(dense) == 1 else jnp.concatenate(dense, axis=1)
    below = W if whole else rows[0] if len(rows) == 1 else jnp.concatenate(rows, axis=0)
    return product(joined, below) if h is None else h + product(joined, below)


_SPREAD = 16
"""Columns for each possible entry of a row up to which making a batch dense is the faster way."""


def _sparse_product(part: Entries, W: A, product: Product) -> A:
    if W.shape[0] <= _SPREAD * part.values.shape[1]:
        return product(part.dense(W.shape[0]), W)
    return jnp.einsum("nm,nmj->nj", part.values, W[part.columns])


def _dropped(noise: Noise, layer: str, values: A) -> A:
    """Return outputs after dropout."""
    if layer not in noise.factors:
        return values
    factors = noise.factors[layer]
    return jnp.where(factors == 0, 0, values * factors)  # 0 also where the unit overflowed


def row_errors(network: Network, objective: Objective, h: A, o: A, Y: A) -> A:
    """Return e (n,), the error of each row, from net inputs and outputs of the output layer."""
    loss, activation = objective.error, ACTIVATIONS[network.output.activation]
    if activation.family in loss.pairs:
        return loss.pairs[activation.family].value(jnp, Y, h)
    return loss.value(jnp, Y, o)


def flat(network: Network, views: Views) -> list[A]:
    """Return W and b of each layer as the pieces of a vector like θ."""
    parts = (part for block in network.blocks for part in views[block.name])
    return [part.ravel() for part in parts if part is not None]


def penalty(views: Views, strengths: Mapping[str, A]) -> A:
    """Return R, from the strength of each penalty."""
    total = jnp.zeros((), next(iter(views.values())).weights.dtype)
    for name, strength in strengths.items():
        parts = [PENALTIES[name].value(jnp, view.weights).sum() for view in views.values()]
        total = total + strength * jnp.stack(parts).sum()
    return total


# --- products ------------------------------------------------------------------------------------


def product_of(products: str) -> Product:
    """Return how two matrices are multiplied: as they are, or rounded to bfloat16."""
    return _rounded_product if products == "bfloat16" else jnp.matmul


@jax.custom_vjp
def _rounded_product(a: A, b: A) -> A:
    """Return a @ b of factors rounded to bfloat16, summed in float32."""
    return _summed(a, b, (1, 0))


def _summed(a: A, b: A, axes: tuple[int, int]) -> A:
    a, b = a.astype(jnp.bfloat16), b.astype(jnp.bfloat16)
    over = (((axes[0],), (axes[1],)), ((), ()))
    return lax.dot_general(a, b, over, preferred_element_type=jnp.float32)


# JAX's own slope would multiply bfloat16 by float32, which accelerators do slowly.
_rounded_product.defvjp(
    lambda a, b: (_rounded_product(a, b), (a, b)),
    lambda kept, slope: (_summed(slope, kept[1], (1, 1)), _summed(kept[0], slope, (0, 0))),
)
