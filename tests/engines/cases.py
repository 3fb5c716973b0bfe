"""The product over which gradients are tested, a small part of it that covers all pairs, and J."""

import functools
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from tests import witness
from tests.networks import ALL_LOSSES, GRAPHS, HIDDEN, OUTPUTS, network, rows, start, takes

from fallline.engines.protocol import Rows
from fallline.engines.reference import forward
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES, Loss
from fallline.formulas.penalties import PENALTIES
from fallline.spec.network import Network
from fallline.spec.plan import Objective


class Case(NamedTuple):
    """One combination of all that decides a gradient."""

    hidden: str
    loss: str
    output: str
    graph: str
    weighted: bool
    penalty: str

    def __str__(self) -> str:
        weighted = "weighted" if self.weighted else "equal"
        return "-".join([*self[:4], weighted, self.penalty])

    @functools.cache  # noqa: B019 (cases are few, and engines take turns at each)
    def build(self) -> tuple[Network, Objective, np.ndarray, Rows]:
        """Return network, objective, θ and rows: no net input near a kink, no unit dead."""
        net = network(self.graph, self.hidden, self.output)
        for seed in itertools.count():
            theta, given = start(net, seed), rows(net, self.loss, seed=seed, weighted=self.weighted)
            if _smooth_and_alive(net, LOSSES[self.loss], theta, given):
                for array in (theta, *given):
                    array.flags.writeable = False  # one test shall not change it for the others
                return net, Objective(self.loss, **PENALTIES_OF[self.penalty]), theta, given
        raise AssertionError("unreachable")


PENALTIES_OF: dict[str, dict[str, float]] = {
    "none": {},
    "elastic net": {"l2": 0.3, "l1": 0.1},
    "alpha": {"alpha": 0.8},
}


def allows(loss: str, penalty: str) -> bool:
    """Return whether the penalty stands beside the loss: scikit-learn's is one of means."""
    return penalty != "alpha" or LOSSES[loss].reduction == "mean"


LEVELS = (HIDDEN, ALL_LOSSES, OUTPUTS, list(GRAPHS), (False, True), list(PENALTIES_OF))
"""What each field of a case may be."""

_NEAR = 2e-3  # a step of the differences must not cross a kink


def _smooth_and_alive(net: Network, loss: Loss, theta: np.ndarray, given: Rows) -> bool:
    with np.errstate(all="ignore"):
        passes = forward(net, theta, given.X)
    for layer in net.layers:
        row, (_, h, o) = ACTIVATIONS[layer.activation], passes[layer.name][:3]
        if not (np.abs(h).max() < 12 and np.abs(o).max() < 40):
            return False
        if any(np.abs(h - z).min() < _NEAR for z, _ in row.kinks):
            return False
        if row.coupled:
            continue
        ends = [row.curvature(np, at, row.f(np, at)) for at in (h - _NEAR, h + _NEAR)]
        if _jumps(*ends) or not row.slope(np, h, o).any(axis=0).all():
            return False
    return _far_from_kink(loss, given.Y, o)


def _jumps(before: np.ndarray, after: np.ndarray) -> bool:
    """Return whether a curvature has a jump between: differences of J are off by step times it."""
    return bool((np.abs(after - before) > 0.05 * (1 + np.abs(before))).any())


def _far_from_kink(loss: Loss, y: np.ndarray, yhat: np.ndarray) -> bool:
    if loss.family == "huber":
        return not _jumps(*(loss.curvature(np, y, yhat + away) for away in (-_NEAR, _NEAR)))
    if not loss.kink:
        return True
    # every row's slope must not be 0 either, as that of the hinge is beyond its margin
    away = eval(loss.kink, {"y": np.repeat(y, loss.outputs_each, axis=1), "yhat": yhat})
    lively = loss.slope(np, y, yhat).any(axis=0).all()
    return bool(np.abs(away).min() > _NEAR and lively)


def product() -> Iterator[Case]:
    """Yield every case that can be."""
    for levels in itertools.product(*LEVELS):
        case = Case(*levels)
        if takes(case.loss, case.output) and allows(case.loss, case.penalty):
            yield case


PARTNERS = {("loss", "output"): takes, ("loss", "penalty"): allows}
"""Which levels of two fields can meet, where not all can."""


def pairs_of_levels() -> set[tuple]:
    """Return all that meet in some case: two fields with a level of each."""
    return {
        ((i, one), (j, other))
        for i, j in itertools.combinations(range(len(LEVELS)), 2)
        for one, other in itertools.product(LEVELS[i], LEVELS[j])
        if PARTNERS.get((Case._fields[i], Case._fields[j]), lambda *_: True)(one, other)
    }


def covering_pairs(seed: int = 0) -> list[Case]:
    """Return a seeded part of the product in which every pair of levels meets at least once."""
    rng, missing, chosen = np.random.default_rng(seed), pairs_of_levels(), []
    while missing:
        # A case made of a missing pair, the rest drawn: of several, the one that meets most.
        fixed = dict(min(missing))
        best, met = None, set()
        for _ in range(20):
            levels = [
                fixed[i] if i in fixed else choice[rng.integers(len(choice))]
                for i, choice in enumerate(LEVELS)
            ]
            case = Case(*levels)
            own = missing & set(itertools.combinations(enumerate(case), 2))
            possible = takes(case.loss, case.output) and allows(case.loss, case.penalty)
            if possible and (best is None or len(own) > len(met)):
                best, met = case, own
        if best is not None:
            chosen.append(best)
            missing -= met
    return sorted(chosen)


def covering_levels() -> list[Case]:
    """Return a small part of the product in which every level occurs."""
    missing = set().union(*(enumerate(case) for case in ALL_PAIRS))
    chosen = []
    while missing:
        case = max(ALL_PAIRS, key=lambda case: len(missing & set(enumerate(case))))
        chosen.append(case)
        missing -= set(enumerate(case))
    return chosen


ALL_PAIRS = covering_pairs()
BY_LOSS = {loss: [case for case in ALL_PAIRS if case.loss == loss] for loss in ALL_LOSSES}


# The error J, written from the texts of the tables alone, for automatic differentiation.


@functools.cache
def derivative_of_texts(case: Case) -> tuple[float, np.ndarray]:
    """Return J and ∂J/∂θ of a case by JAX, compiled once for all engines."""
    net, objective, theta, given = case.build()
    J = objective_of_texts(net, objective, given)
    error, slopes = witness.compiled(jax.value_and_grad(J))(theta)
    return float(error), np.where(net.masked, 0, slopes)


def objective_of_texts(
    net: Network, objective: Objective, given: Rows, factors=MappingProxyType({}), added=0.0, xp=jnp
) -> Callable:
    """Return θ ↦ J: entry by entry along the graph, without any code of an engine.

    Outputs of layers are multiplied by their `factors`, and inputs get what is `added`. It computes
    in an array namespace: JAX's, to be derived, or NumPy's, which has nothing to compile.
    """
    outputs = [_output(layer.activation, layer.size, xp) for layer in net.layers]
    ys, yhats, text = witness.loss(objective.loss, net.n_outputs)
    error = sympy.lambdify((*ys, *yhats), text, [{"log": partial(_log, xp)}, MODULES[xp]])
    alpha = objective.alpha / given.weights.sum()
    strengths = {"l1": objective.l1, "l2": objective.l2 + alpha}
    w = sympy.Symbol("w")
    penalties = {
        name: sympy.lambdify(w, witness.expression(PENALTIES[name].text, w=w), MODULES[xp])
        for name in ("l2", "l1")
    }

    def J(theta):
        o, column = {}, 0
        for layer in net.inputs:
            noisy = (given.X + added)[:, column : column + layer.size]
            o[layer.name] = noisy * factors.get(layer.name, 1.0)
            column += layer.size
        at, R = 0, 0.0
        for layer, f in zip(net.layers, outputs, strict=True):
            fed = xp.concatenate([o[source] for source in layer.sources], axis=1)
            count = fed.shape[1] * layer.size
            W = theta[at : at + count].reshape(fed.shape[1], layer.size)
            at += count
            h = fed @ W
            if layer.bias:
                h = h + theta[at : at + layer.size]
                at += layer.size
            o[layer.name] = f(h) * factors.get(layer.name, 1.0)
            for name, penalty in penalties.items():
                R = R + strengths[name] * penalty(W).sum()
        e = error(*given.Y.T, *o[net.layers[-1].name].T)
        E = (given.weights * e).sum()
        mean = LOSSES[objective.loss].reduction == "mean"
        return (E / given.weights.sum() if mean else E) + R

    return J


MODULES = {jnp: "jax", np: "scipy"}
"""What SymPy calls an array namespace, with its special functions."""


def _log(xp, value):
    """Return the logarithm; 0 for 0, as texts take 0*log(0) for 0."""
    return xp.where(value == 0, 0.0, xp.log(xp.where(value == 0, 1.0, value)))


def _output(name: str, width: int, xp) -> Callable:
    row = ACTIVATIONS[name]
    if not row.coupled and row.group == 1:
        z, (o,) = witness.activation(name, 1)
        erf = {"erf": jax.scipy.special.erf} if xp is jnp else {}
        return sympy.lambdify(z[0], o, [erf, MODULES[xp]])
    z, outputs = witness.activation(name, width)
    function = sympy.lambdify(z, outputs, MODULES[xp])
    return lambda h: xp.stack(function(*h.T), axis=1)
