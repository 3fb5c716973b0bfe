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

__all__ = ["LARGEST_WHOLE", "Symbolic", "row_slopes", "textless"]

LARGEST_WHOLE = 60
"""Weights up to which the whole error is one expression."""

_LONGEST = 20_000  # leaves of that expression, times weights: SymPy takes seconds for more
_LEAST_DIGITS, _MOST_DIGITS = 50, 400

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

    leaves = _leaves(network, objective.error) if network.size <= LARGEST_WHOLE else float("inf")
    whole = leaves * network.size <= _LONGEST
    digits = min(_LEAST_DIGITS + int(largest), _MOST_DIGITS)
    with mpmath.workdps(digits):
        t, s = _moved(network, _exact(theta)), _exact(weights)
        total = mpmath.mpf(1) if objective.error.reduction == "sum" else mpmath.fsum(s)
        error, slopes = mpmath.mpf(0), [mpmath.mpf(0)] * len(entries)
        of_row = _whole(network, objective.error, entries) if whole else (
            _composed(network, objective.error, entries)
        )  # fmt: skip
        for x, y, weight in zip(X, Y, s, strict=True):
            e, row = of_row(t, _exact(x), _exact(y))
            error += weight / total * e
            slopes = [a + weight / total * b for a, b in zip(slopes, row, strict=True)]
        for at, own in enumerate(_penalties(network, objective, t, float(weights.sum()), entries)):
            slopes[at] += own
        error += _penalty(network, objective, t, float(weights.sum()))
        masked = network.masked
        found = {
            i: 0.0 if masked[i] else float(value) for i, value in zip(entries, slopes, strict=True)
        }
        return Symbolic("whole" if whole else "composed", float(error), found)


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
    return _function([w], value), _function([w], value.diff(w))


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


# --- computing -----------------------------------------------------------------------------------


def _function(symbols: Sequence[S], value: S) -> Callable[..., Any]:
    import mpmath

    def log(u: M) -> M:
        return mpmath.log(u) if u else mpmath.mpf(0)  # texts take 0*log(0) for 0

    own = {"log": log, "choice": lambda u, v, yes, no: yes if u > v else no}
    made: Callable[..., Any] = sympy_module().lambdify(
        list(symbols), value, modules=[own, "mpmath"], cse=True
    )
    return made


# --- the whole error as one expression -----------------------------------------------------------


def _leaves(network: Network, loss: Loss) -> float:
    """Return how many leaves the error of a row has as one expression, written out."""
    terms = loss_terms(loss, network.n_outputs)
    leaves = {layer.name: 1.0 for layer in network.inputs}
    for layer in network.layers:
        text = ActivationText.of(ACTIVATIONS[layer.activation])
        if text is None or terms is None:
            return float("inf")
        fed = 1 + sum(network.width(name) * (1 + leaves[name]) for name in layer.sources)
        inner = max((_uses(term, {text.running}) for _, term, _ in text.sums), default=0)
        marks = {mark for mark, _, _ in text.sums}
        times = max(
            _uses(formula, {text.own, *text.first}) + _uses(formula, marks) * inner * layer.size
            for formula in text.formulas
        )
        leaves[layer.name] = times * fed
    _, yhat, errors = terms or ([], [], [])
    return sum(_uses(error, set(yhat)) for error in errors) * leaves[network.output.name]


def _uses(formula: S, symbols: set[S]) -> int:
    """Return how often these symbols stand in a formula."""
    if formula in symbols:
        return 1
    return sum(_uses(part, symbols) for part in formula.args)


_OfRow = Callable[[list[M], list[M], list[M]], tuple[M, list[M]]]


def _whole(network: Network, loss: Loss, entries: Sequence[int]) -> _OfRow:
    sp = sympy_module()
    t = [sp.Symbol(f"t_{i}", real=True) for i in range(network.size)]
    x = [sp.Symbol(f"x_{i}", real=True) for i in range(network.n_inputs)]
    outputs: dict[str, list[S]] = {}
    start = 0
    for given in network.inputs:
        outputs[given.name], start = x[start : start + given.size], start + given.size
    for block, layer in zip(network.blocks, network.layers, strict=True):
        sources = [o for name in layer.sources for o in outputs[name]]
        text = ActivationText.of(ACTIVATIONS[layer.activation])
        assert text is not None  # those without were told of
        outputs[layer.name] = text.outputs(_net_inputs(network, block, t, sources))
    terms = loss_terms(loss, network.n_outputs)
    assert terms is not None
    y, yhat, errors = terms
    known = dict(zip(yhat, outputs[network.output.name], strict=True))
    e = sp.Add(*errors).xreplace(known)
    compute = _function([*t, *x, *y], [e, *(sp.diff(e, t[i]) for i in entries)])

    def of_row(theta: list[M], inputs: list[M], targets: list[M]) -> tuple[M, list[M]]:
        error, *slopes = compute(*theta, *inputs, *targets)
        return error, slopes

    return of_row


def _net_inputs(network: Network, block: Any, t: Sequence[S], sources: Sequence[S]) -> list[S]:
    """Return h of each unit of a layer; of symbols or of numbers."""
    fan_in, size = block.shape
    start, masked = block.weights.start, network.masked
    found = []
    for j in range(size):
        h = t[block.biases.start + j] if block.biases else 0 * t[0]
        for i in range(fan_in):
            at = start + i * size + j
            h = h if masked[at] else h + t[at] * sources[i]
        found.append(h)
    return found


# --- formula by formula, joined by the chain rule ------------------------------------------------


class _Slopes:
    """One activation: outputs and slopes of a layer from its text, in mpmath."""

    def __init__(self, text: ActivationText) -> None:
        marks = [mark for mark, _, _ in text.sums]
        symbols = [text.own, *text.first, *marks]
        self.text = text
        self.value = [_function(symbols, formula) for formula in text.formulas]
        self.slopes = [
            _function(symbols, [formula.diff(symbol) for symbol in symbols])
            for formula in text.formulas
        ]
        self.terms = [
            (_function([text.running], term), _function([text.running], term.diff(text.running)))
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


def _composed(network: Network, loss: Loss, entries: Sequence[int]) -> _OfRow:
    rules = {}
    for layer in network.layers:
        text = ActivationText.of(ACTIVATIONS[layer.activation])
        assert text is not None
        rules[layer.name] = _Slopes(text)
    terms = loss_terms(loss, network.n_outputs)
    assert terms is not None
    y, yhat, errors = terms
    e = sympy_module().Add(*errors)
    judge = _function([*y, *yhat], [e, *(e.diff(output) for output in yhat)])

    def of_row(t: list[M], x: list[M], targets: list[M]) -> tuple[M, list[M]]:
        outputs: dict[str, list[M]] = {}
        net_inputs: dict[str, list[M]] = {}
        fed: dict[str, list[M]] = {}
        start = 0
        for given in network.inputs:
            outputs[given.name], start = x[start : start + given.size], start + given.size
        for block, layer in zip(network.blocks, network.layers, strict=True):
            fed[layer.name] = [o for name in layer.sources for o in outputs[name]]
            net_inputs[layer.name] = _net_inputs(network, block, t, fed[layer.name])
            outputs[layer.name] = rules[layer.name].outputs(net_inputs[layer.name])
        error, *slopes = judge(*targets, *outputs[network.output.name])
        of_outputs = {layer.name: [0 * t[0]] * layer.size for layer in network.layers}
        of_outputs[network.output.name] = slopes
        of_net_inputs = {}
        for block, layer in zip(reversed(network.blocks), reversed(network.layers), strict=True):
            back = rules[layer.name].back(net_inputs[layer.name], of_outputs[layer.name])
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
