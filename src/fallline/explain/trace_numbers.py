"""The numbers of one pass forwards and back, unit by unit, from the formulas of the tables.

An engine keeps what a step needs and no more; here everything that a person may ask for is kept.
The tests see to it that these are the engine's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats, Ints
from ..engines.noise import QUIET, Noise
from ..engines.protocol import Rows
from ..formulas.activations import ACTIVATIONS
from ..formulas.penalties import PENALTIES
from ..spec.network import Network
from ..spec.plan import Objective

__all__ = ["LayerNumbers", "Numbers", "numbers_of"]


@dataclass(frozen=True)
class LayerNumbers:
    """What one layer computed for n rows.

    Attributes
    ----------
    sources
        (n, fan_in) the outputs of its source units, after their dropout.
    h, o
        (n, size) net inputs, and outputs before dropout.
    factors
        (n, size) what dropout multiplied its outputs with; None where nothing.
    dE_do, dE_dh
        (n, size) the slopes of the error E of the batch.
    """

    sources: Floats
    h: Floats
    o: Floats
    factors: Floats | None
    dE_do: Floats
    dE_dh: Floats

    @property
    def delta(self) -> Floats:
        """(n, size) the error terms δ = −∂E/∂h."""
        return 0.0 - self.dE_dh  # no −0

    @property
    def fed_on(self) -> Floats:
        """(n, size) the outputs as the layers that it feeds get them."""
        return (
            self.o
            if self.factors is None
            else np.where(self.factors == 0, 0, self.o * self.factors)
        )


@dataclass(frozen=True)
class Numbers:
    """All numbers of a batch at θ: E, its slopes in every net input and output, and ∂J/∂θ.

    Attributes
    ----------
    network, objective, theta, rows
        What they are of; the rows all have a weight.
    index
        (n,) the numbers of the rows, as their owner counts them.
    share
        (n,) what each row's error counts in E: s for sums, s / Σ s for means.
    inputs
        (n, size) the outputs of each input layer, after noise and dropout.
    layers
        Of every other layer.
    row_errors
        (n,) e.
    error, penalty
        E and R of the batch; J = E + R.
    strengths
        The factor of each penalty in R.
    of_error, of_penalty
        (P,) ∂E/∂θ and ∂R/∂θ, 0 at absent connections.
    more
        How many further rows the batch has, of which only `error` and `of_error` tell.
    """

    network: Network
    objective: Objective
    theta: Floats
    rows: Rows
    index: Ints
    share: Floats
    inputs: dict[str, Floats]
    layers: dict[str, LayerNumbers]
    row_errors: Floats
    error: float
    penalty: float
    strengths: dict[str, float]
    of_error: Floats
    of_penalty: Floats
    more: int = 0

    @property
    def gradient(self) -> Floats:
        """(P,) ∂J/∂θ."""
        return self.of_error + self.of_penalty

    def by_row(self, index: int) -> Floats:
        """Return (n,) what each row adds to ∂E/∂θ at one weight or bias."""
        for block in self.network.blocks:
            if index < block.stop:
                break
        slopes = self.layers[block.name].dE_dh
        if self.network.masked[index]:
            return np.zeros(len(slopes), slopes.dtype)
        if index >= block.weights.stop:
            return slopes[:, index - block.weights.stop]
        i, j = divmod(index - block.weights.start, block.shape[1])
        found: Floats = self.layers[block.name].sources[:, i] * slopes[:, j]
        return found


def numbers_of(
    network: Network,
    objective: Objective,
    theta: Floats,
    rows: Rows,
    *,
    index: Ints | None = None,
    noise: Noise = QUIET,
    total_weight: float | None = None,
    batch_weight: float | None = None,
) -> Numbers:
    """Return the numbers of a batch, or of some of its rows.

    Parameters
    ----------
    network, theta
        The network and its parameters (P,).
    objective
        J; where its error is clipped, the true one is taken, which is descended.
    rows
        The batch, of which some rows have a weight; the others are left out.
    index
        (n,) numbers of the rows; 0, 1, ... unless given.
    noise
        Dropout and input noise of all these rows.
    total_weight
        Σ s of all training rows, of which the batch bears its share of the penalty; that of these
        rows unless given.
    batch_weight
        Σ s of the batch that these rows are some of; their own unless given. Then E and its slopes
        are what they add to those of the batch.
    """
    objective = objective.unclipped
    index = np.arange(rows.n) if index is None else index
    weight = float(rows.weights.sum()) if batch_weight is None else batch_weight
    kept = np.flatnonzero(rows.weights)
    if len(kept) < rows.n:
        rows, index, noise = rows.take(kept), index[kept], noise.take(kept)
    summed = objective.error.reduction == "sum"
    share = rows.weights / (1.0 if summed else weight)
    strengths = objective.strengths(weight, weight if total_weight is None else total_weight)
    with np.errstate(all="ignore"):  # what overflows is shown as such
        inputs, passes = _forward(network, theta, rows, noise)
        layers = _backward(network, objective, theta, rows.Y, share, passes, noise)
        each = _row_errors(network, objective, rows.Y, layers)
        penalty, of_penalty = _penalty(network, theta, strengths)
        return Numbers(
            *(network, objective, theta, rows, index, share, inputs, layers, each),
            error=float(share @ each),
            penalty=penalty,
            strengths=strengths,
            of_error=_of_error(network, theta, layers),
            of_penalty=of_penalty,
        )


_Pass = tuple[Floats, Floats, Floats]  # sources, h, o


def _forward(
    network: Network, theta: Floats, rows: Rows, noise: Noise
) -> tuple[dict[str, Floats], dict[str, _Pass]]:
    X: Floats = rows.X if isinstance(rows.X, np.ndarray) else rows.X.toarray()
    X = X if noise.added is None else X + noise.added
    fed: dict[str, Floats] = {}
    start = 0
    for given in network.inputs:
        fed[given.name] = _dropped(noise, given.name, X[:, start : start + given.size])
        start += given.size
    inputs, passes, views = dict(fed), {}, network.views(theta)
    for layer in network.layers:
        W, b = views[layer.name]
        sources = np.concatenate([fed[name] for name in layer.sources], axis=1)
        h: Floats = sources @ W if b is None else sources @ W + b
        o: Floats = ACTIVATIONS[layer.activation].f(np, h)
        passes[layer.name] = sources, h, o
        fed[layer.name] = _dropped(noise, layer.name, o)
    return inputs, passes


def _dropped(noise: Noise, layer: str, values: Floats) -> Floats:
    if layer not in noise.factors:
        return values
    factors = noise.factors[layer]
    return np.where(factors == 0, 0, values * factors)  # 0 also of what overflowed


def _backward(
    network: Network,
    objective: Objective,
    theta: Floats,
    Y: Floats,
    share: Floats,
    passes: dict[str, _Pass],
    noise: Noise,
) -> dict[str, LayerNumbers]:
    views, output = network.views(theta), network.output.name
    slopes = {name: np.zeros_like(o) for name, (_, _, o) in passes.items()}
    found = {}
    for layer in reversed(network.layers):
        sources, h, o = passes[layer.name]
        row = ACTIVATIONS[layer.activation]
        if layer.name == output:
            dE_do, dE_dh = _at_output(network, objective, Y, h, o)
            dE_do, dE_dh = share[:, None] * dE_do, share[:, None] * dE_dh
        else:
            dE_do = _dropped(noise, layer.name, slopes[layer.name])
            dE_dh = row.back(np, h, o, dE_do)
        factors = noise.factors.get(layer.name)
        found[layer.name] = LayerNumbers(sources, h, o, factors, dE_do, dE_dh)
        at = 0
        for name in layer.sources:
            width = network.width(name)
            if name in slopes:
                slopes[name] += dE_dh @ views[layer.name].weights[at : at + width].T
            at += width
    return {layer.name: found[layer.name] for layer in network.layers}


def _at_output(
    network: Network, objective: Objective, Y: Floats, h: Floats, o: Floats
) -> tuple[Floats, Floats]:
    """Return ∂e/∂ŷ and ∂e/∂h (n, k) of the output layer."""
    loss, row = objective.error, ACTIVATIONS[network.output.activation]
    in_output: Floats = loss.slope(np, Y, o)  # infinite where ŷ rounded to 0, as ∂e/∂h is not
    if row.family in loss.pairs:
        return in_output, loss.pairs[row.family].slope(np, Y, h, o)
    return in_output, row.back(np, h, o, in_output)


def _row_errors(
    network: Network, objective: Objective, Y: Floats, layers: dict[str, LayerNumbers]
) -> Floats:
    loss, last = objective.error, layers[network.output.name]
    family = ACTIVATIONS[network.output.activation].family
    each: Floats = (
        loss.pairs[family].value(np, Y, last.h)
        if family in loss.pairs
        else loss.value(np, Y, last.o)
    )
    return each


def _of_error(network: Network, theta: Floats, layers: dict[str, LayerNumbers]) -> Floats:
    gradient = np.zeros_like(theta)
    for block in network.blocks:
        layer = layers[block.name]
        gradient[block.weights] = (layer.sources.T @ layer.dE_dh).ravel()
        if block.biases:
            gradient[block.biases] = layer.dE_dh.sum(axis=0)
    gradient[network.masked] = 0
    return gradient


def _penalty(network: Network, theta: Floats, strengths: dict[str, float]) -> tuple[float, Floats]:
    slope, total, at = np.zeros_like(theta), 0.0, network.penalized
    for name, strength in strengths.items():
        total += strength * float(PENALTIES[name].value(np, theta[at]).sum())
        slope[at] += strength * PENALTIES[name].slope(np, theta[at])
    slope[network.masked] = 0
    return total, slope
