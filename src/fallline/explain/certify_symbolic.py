"""The gradient by SymPy's calculus, computed with many digits: the certificate's first witness.

Of a small network the whole error of a row is one expression in all weights, which SymPy
differentiates. Of a larger one SymPy differentiates each row of the tables that it uses, and the
chain rule over the graph joins their slopes. Both are computed in mpmath, from θ and the rows as
the floats that they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..arrays import Floats
from ..formulas.activations import ACTIVATIONS
from ..formulas.loss import Loss
from ..formulas.penalties import PENALTIES
from ..spec.network import Network
from ..spec.plan import Objective
from .certify_texts import ActivationText, loss_terms, read, sympy_module
from .certify_whole import OfRow, function, net_inputs, whole_error, written

__all__ = ["Symbolic", "row_slopes", "textless"]

_LEAST_DIGITS, _MOST_DIGITS = 50, 400
_OF_THE_HAIR = 1e-30  # slopes this small beside the largest are those of `_moved` alone: told as 0

S = Any  # a SymPy expression
M = Any  # a number of mpmath


@dataclass(frozen=True)
class Symbolic:
    """J and its gradient at one θ, from the texts of the formulas.

    Attributes
    ----------
    method
        ``"whole"`` or ``"composed"``.
    error
        J.
    slopes
        ∂J/∂θ at the entries that were asked for.
    """

    method: str
    error: float
    slopes: dict[int, float]


def textless(network: Network, objective: Objective) -> list[str]:
    """Return the names of what is a Python function, of which there is no formula."""
    rows = [ACTIVATIONS[layer.activation] for layer in network.layers]
    missing = [str(row.name) for row in rows if ActivationText.of(row) is None]
    if loss_terms(objective.error, network.n_outputs) is None:
        missing.append(str(objective.error.name))
    return list(dict.fromkeys(missing))


def row_slopes(
    network: Network,
    objective: Objective,
    theta: Floats,
    X: Floats,
    Y: Floats,
    weights: Floats,
    entries: Sequence[int],
    largest: float,
) -> Symbolic:
    """Return J and ∂J/∂θ at some entries.

    Parameters
    ----------
    X, Y, weights
        (n, d), (n, targets) and (n,): the rows, each with a weight above 0.
    entries
        Which of θ.
    largest
        The largest |h| of any unit: what is saturated takes more digits.
    """
    import mpmath

    how = written(network, objective.error)
    digits = min(_LEAST_DIGITS + int(largest), _MOST_DIGITS)
    with mpmath.workdps(digits):
        t, s = _moved(network, _exact(theta)), _exact(weights)
        total = mpmath.mpf(1) if objective.error.reduction == "sum" else mpmath.fsum(s)
        error, slopes = mpmath.mpf(0), [mpmath.mpf(0)] * len(entries)
        if how:
            of_row = whole_error(network, objective.error, entries, how)
        else:
            of_row = _composed(network, objective.error, entries)
        for x, y, weight in zip(X, Y, s, strict=True):
            e, row = of_row(t, _exact(x), _exact(y))
            error += weight / total * e
            slopes = [a + weight / total * b for a, b in zip(slopes, row, strict=True)]
        for at, own in enumerate(_penalties(network, objective, t, float(weights.sum()), entries)):
            slopes[at] += own
        error += _penalty(network, objective, t, float(weights.sum()))
        least = _OF_THE_HAIR * max(map(abs, slopes), default=mpmath.mpf(0))
        found = {
            i: 0.0 if network.masked[i] or abs(value) < least else float(value)
            for i, value in zip(entries, slopes, strict=True)
        }
        return Symbolic("whole" if how else "composed", float(error), found)


def _moved(network: Network, t: list[M]) -> list[M]:
    """Return θ a hair off, all digits of float64 as they were.

    Where pieces of a formula join smoothly, as those of elu, its text has several choices; exactly
    there each would be made by itself, a hair off they fit together.
    """
    import mpmath

    masked = network.masked
    return [
        value if masked[i] else value + mpmath.mpf(1 + i % 7) / 10**35 for i, value in enumerate(t)
    ]


def _exact(values: Floats) -> list[M]:
    import mpmath

    return [mpmath.mpf(float(value)) for value in values]


# --- penalties -----------------------------------------------------------------------------------


@cache
def _of_penalty(name: str) -> tuple[Callable[..., M], Callable[..., M]]:
    w = sympy_module().Symbol("w", real=True)
    value = read(PENALTIES[name].text, {"w": w})
    return function([w], value), function([w], value.diff(w))


def _penalty(network: Network, objective: Objective, t: list[M], weight: float) -> M:
    found = 0 * t[0]
    for name, strength in objective.strengths(weight, weight).items():
        value = _of_penalty(name)[0]
        found += strength * sum(value(t[i]) for i in network.penalized.nonzero()[0])
    return found


def _penalties(
    network: Network, objective: Objective, t: list[M], weight: float, entries: Sequence[int]
) -> list[M]:
    strengths, at = objective.strengths(weight, weight), network.penalized
    return [
        sum((c * _of_penalty(name)[1](t[i]) for name, c in strengths.items()), 0 * t[0])
        if at[i]
        else 0 * t[0]
        for i in entries
    ]


# --- formula by formula, joined by the chain rule ------------------------------------------------


class _Slopes:
    """One activation: outputs and slopes of a layer from its text, in mpmath."""

    def __init__(self, text: ActivationText) -> None:
        marks = [mark for mark, _, _ in text.sums]
        symbols = [text.own, *text.first, *marks]
        self.text = text
        self.value = [function(symbols, formula) for formula in text.formulas]
        self.slopes = [
            function(symbols, [formula.diff(symbol) for symbol in symbols])
            for formula in text.formulas
        ]
        self.terms = [
            (function([text.running], term), function([text.running], term.diff(text.running)))
            for _, term, _ in text.sums
        ]

    def _arguments(self, z: list[M], i: int) -> list[M]:
        text, width = self.text, len(z)
        start = i - i % text.group_size(width)
        first = [z[min(start + m, width - 1)] for m in range(len(text.first))]
        sums = [
            sum((value(z[j]) for j in text.members(kind, i, width)), 0 * z[i])
            for (value, _), (_, _, kind) in zip(self.terms, text.sums, strict=True)
        ]
        return [z[i], *first, *sums]

    def outputs(self, z: list[M]) -> list[M]:
        turns = len(self.value)
        return [self.value[i % turns](*self._arguments(z, i)) for i in range(len(z))]

    def back(self, z: list[M], upstream: list[M]) -> list[M]:
        """Return ∂e/∂z from ∂e/∂o."""
        width, turns, text = len(z), len(self.value), self.text
        found = [0 * z[0]] * width
        for i in range(width):
            if not upstream[i]:
                continue
            own, *others = self.slopes[i % turns](*self._arguments(z, i))
            found[i] += upstream[i] * own
            start = i - i % text.group_size(width)
            for m in range(len(text.first)):
                if others[m]:
                    found[start + m] += upstream[i] * others[m]
            for at, (_, _, kind) in enumerate(text.sums):
                through = upstream[i] * others[len(text.first) + at]
                for j in text.members(kind, i, width):
                    found[j] += through * self.terms[at][1](z[j])
        return found


def _composed(network: Network, loss: Loss, entries: Sequence[int]) -> OfRow:
    rules = {}
    for layer in network.layers:
        text = ActivationText.of(ACTIVATIONS[layer.activation])
        assert text is not None
        rules[layer.name] = _Slopes(text)
    terms = loss_terms(loss, network.n_outputs)
    assert terms is not None
    y, yhat, errors = terms
    e = sympy_module().Add(*errors)
    judge = function([*y, *yhat], [e, *(e.diff(output) for output in yhat)])

    def of_row(t: list[M], x: list[M], targets: list[M]) -> tuple[M, list[M]]:
        outputs: dict[str, list[M]] = {}
        h: dict[str, list[M]] = {}
        fed: dict[str, list[M]] = {}
        start = 0
        for given in network.inputs:
            outputs[given.name], start = x[start : start + given.size], start + given.size
        for block, layer in zip(network.blocks, network.layers, strict=True):
            fed[layer.name] = [o for name in layer.sources for o in outputs[name]]
            h[layer.name] = net_inputs(network, block, t, fed[layer.name])
            outputs[layer.name] = rules[layer.name].outputs(h[layer.name])
        error, *slopes = judge(*targets, *outputs[network.output.name])
        of_outputs = {layer.name: [0 * t[0]] * layer.size for layer in network.layers}
        of_outputs[network.output.name] = slopes
        of_net_inputs: dict[str, list[M]] = {}
        for block, layer in zip(reversed(network.blocks), reversed(network.layers), strict=True):
            back = rules[layer.name].back(h[layer.name], of_outputs[layer.name])
            of_net_inputs[layer.name] = back
            _hand_back(network, block, t, back, of_outputs)
        return error, [_slope_at(network, i, fed, of_net_inputs) for i in entries]

    return of_row


def _hand_back(
    network: Network, block: Any, t: list[M], back: list[M], of_outputs: dict[str, list[M]]
) -> None:
    """Add Σ_k w_ik ∂e/∂h_k to ∂e/∂o of every source unit i of a layer."""
    at, size = block.weights.start, block.shape[1]
    for name in block.sources:
        for i in range(network.width(name)):
            if name in of_outputs:
                own = sum((t[at + k] * back[k] for k in range(size)), of_outputs[name][i])
                of_outputs[name][i] = own
            at += size


def _slope_at(
    network: Network, index: int, fed: dict[str, list[M]], of_net_inputs: dict[str, list[M]]
) -> M:
    block = next(block for block in network.blocks if index < block.stop)
    slopes = of_net_inputs[block.name]
    if index >= block.weights.stop:
        return slopes[index - block.weights.stop]
    i, j = divmod(index - block.weights.start, block.shape[1])
    return fed[block.name][i] * slopes[j]
