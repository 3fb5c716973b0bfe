"""The product over which gradients are tested, a small part of it that covers all pairs, and J."""

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import sympy
from tests import witness
from tests.networks import GRAPHS, LOSSES_AND_OUTPUTS, network, rows, start

from fallline.engines.protocol import Rows
from fallline.engines.reference import forward
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.formulas.penalties import PENALTIES
from fallline.spec.network import Network
from fallline.spec.plan import Objective


class Case(NamedTuple):
    """One combination of all that decides a gradient."""

    hidden: str
    loss_and_output: tuple[str, str]
    graph: str
    weighted: bool
    l2: float

    def __str__(self) -> str:
        weighted = "weighted" if self.weighted else "equal"
        return f"{self.hidden}-{'-'.join(self.loss_and_output)}-{self.graph}-{weighted}-{self.l2}"

    def build(self) -> tuple[Network, Objective, np.ndarray, Rows]:
        """Return network, objective, θ and rows: no net input near a kink, no unit dead."""
        loss, output = self.loss_and_output
        net = network(self.graph, self.hidden, output)
        for seed in itertools.count():
            theta, given = start(net, seed), rows(net, loss, seed=seed, weighted=self.weighted)
            if _smooth_and_alive(net, theta, given.X):
                return net, Objective(loss, self.l2), theta, given
        raise AssertionError("unreachable")


def _smooth_and_alive(net: Network, theta: np.ndarray, X: np.ndarray) -> bool:
    passes = forward(net, theta, X)
    for layer in net.layers:
        row, (_, h, o) = ACTIVATIONS[layer.activation], passes[layer.name]
        if any(np.abs(h - z).min() < 1e-3 for z, _ in row.kinks):
            return False
        if not row.coupled and not row.slope(np, h, o).any(axis=0).all():
            return False
    return True


PRODUCT = [
    Case(*levels)
    for levels in itertools.product(
        ACTIVATIONS, LOSSES_AND_OUTPUTS, GRAPHS, (False, True), (0.0, 0.3)
    )
]


def covering(cases: Iterable[Case], strength: int) -> list[Case]:
    """Return a part of the cases in which each `strength` levels that meet at all meet once."""
    shuffled = list(cases)
    np.random.default_rng(0).shuffle(shuffled)  # type: ignore[arg-type]
    chosen, met = [], set()
    for case in map(Case._make, shuffled):
        new = set(itertools.combinations(enumerate(case), strength)) - met
        if new:
            chosen.append(case)
            met |= new
    return sorted(chosen)


# The error J, written from the texts of the tables alone, for automatic differentiation.


def objective_of_texts(net: Network, objective: Objective, given: Rows) -> Callable:
    """Return θ ↦ J: entry by entry along the graph, without any code of an engine."""
    outputs = [_output(layer.activation, layer.size) for layer in net.layers]
    y, yhat = sympy.symbols("y yhat")
    error = sympy.lambdify(
        (y, yhat), witness.expression(LOSSES[objective.loss].text, y=y, yhat=yhat), "jax"
    )
    w = sympy.Symbol("w")
    penalty = sympy.lambdify(w, witness.expression(PENALTIES["l2"].text, w=w), "jax")

    def J(theta):
        o, column = {}, 0
        for layer in net.inputs:
            o[layer.name] = given.X[:, column : column + layer.size]
            column += layer.size
        at, R = 0, 0.0
        for layer, f in zip(net.layers, outputs, strict=True):
            fed = jnp.concatenate([o[source] for source in layer.sources], axis=1)
            count = fed.shape[1] * layer.size
            W = theta[at : at + count].reshape(fed.shape[1], layer.size)
            at += count
            h = fed @ W
            if layer.bias:
                h = h + theta[at : at + layer.size]
                at += layer.size
            o[layer.name] = f(h)
            R = R + objective.l2 * penalty(W).sum()
        e = error(given.Y, o[net.layers[-1].name]).sum(axis=1)
        E = (given.weights * e).sum()
        mean = LOSSES[objective.loss].reduction == "mean"
        return (E / given.weights.sum() if mean else E) + R

    return J


def _output(name: str, width: int) -> Callable:
    if not ACTIVATIONS[name].coupled:
        z, (o,) = witness.activation(name, 1)
        return sympy.lambdify(z[0], o, "jax")
    z, outputs = witness.activation(name, width)
    function = sympy.lambdify(z, outputs, "jax")
    return lambda h: jnp.stack(function(*h.T), axis=1)
