"""The whole error of a row as one expression in all weights, differentiated by SymPy.

Of a small network its formulas stand in it written out. Where that would be too long, the formulas
of activations and errors stand in it as functions with names, f(h), of whose slopes f'(h) SymPy
makes functions of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..formulas.activations import ACTIVATIONS
from ..formulas.loss import Loss
from ..spec.network import Network
from .certify_texts import ActivationText, loss_terms, sympy_module

__all__ = ["LARGEST_WHOLE", "OfRow", "function", "net_inputs", "whole_error", "written"]

LARGEST_WHOLE = 60
"""Weights up to which the whole error is one expression."""

_LONGEST = 20_000  # leaves of that expression, times weights: SymPy takes seconds for more

S = Any  # a SymPy expression
M = Any  # a number of mpmath

OfRow = Callable[[list[M], list[M], list[M]], tuple[M, list[M]]]
"""From θ, inputs and targets to the error of the row and its slopes."""


def written(network: Network, loss: Loss) -> str:
    """Return how the whole error can be written: ``"out"``, ``"by name"``, or ``""``: too long.

    Examples
    --------
    >>> from fallline.formulas.losses import LOSSES
    >>> written(Network.parse("2 -> 2 logistic -> 2 logistic"), LOSSES["sse"])
    'out'
    """
    if network.size > LARGEST_WHOLE:
        return ""
    for how in ("out", "by name"):
        if _leaves(network, loss, named=how == "by name") * network.size <= _LONGEST:
            return how
    return ""


def _leaves(network: Network, loss: Loss, named: bool) -> float:
    """Return how many leaves the error of a row has as one expression."""
    terms = loss_terms(loss, network.n_outputs)
    leaves = {layer.name: 1.0 for layer in network.inputs}
    for layer in network.layers:
        text = ActivationText.of(ACTIVATIONS[layer.activation])
        if text is None or terms is None:
            return float("inf")
        fed = 1 + sum(network.width(name) * (1 + leaves[name]) for name in layer.sources)
        leaves[layer.name] = fed * (
            _arguments(text, layer.size) if named else _times(text, layer.size)
        )
    _, yhat, errors = terms or ([], [], [])
    last = leaves[network.output.name]
    if named:
        return sum(len(error.free_symbols & set(yhat)) for error in errors) * last
    return sum(_uses(error, set(yhat)) for error in errors) * last


def _arguments(text: ActivationText, width: int) -> int:
    """Return of how many net inputs a unit's output is a function."""
    return 1 if text.alone else text.group_size(width) if not text.sums else width


def _times(text: ActivationText, width: int) -> int:
    """Return how often net inputs stand in the formula of a unit's output, sums written out."""
    inner = max((_uses(term, {text.running}) for _, term, _ in text.sums), default=0)
    marks = {mark for mark, _, _ in text.sums}
    return max(
        _uses(formula, {text.own, *text.first}) + _uses(formula, marks) * inner * width
        for formula in text.formulas
    )


def _uses(formula: S, symbols: set[S]) -> int:
    """Return how often these symbols stand in a formula."""
    if formula in symbols:
        return 1
    return sum(_uses(part, symbols) for part in formula.args)


def function(
    symbols: Sequence[S], value: S, named: Mapping[str, Callable[..., M]] | None = None
) -> Callable[..., Any]:
    """Return what computes an expression, or a list of them, in mpmath.

    Parameters
    ----------
    symbols
        Its arguments, in their order.
    named
        What computes its functions that have names of ours.
    """
    import mpmath

    def log(u: M) -> M:
        return mpmath.log(u) if u else mpmath.mpf(0)  # texts take 0*log(0) for 0

    own = {"log": log, "choice": lambda u, v, yes, no: yes if u > v else no, **(named or {})}
    made: Callable[..., Any] = sympy_module().lambdify(
        list(symbols), value, modules=[own, "mpmath"], cse=True
    )
    return made


class _Named:
    """Functions with names, in place of formulas written out."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[..., M]] = {}
        self._made: dict[tuple[tuple[S, ...], S], Any] = {}

    def of(self, symbols: Sequence[S], formula: S) -> S:
        """Return a formula as a function of its symbols; a constant as it is."""
        used = tuple(symbol for symbol in symbols if formula.has(symbol))
        if not used or formula == used[0]:
            return formula
        return self._function(used, formula)(*used)

    def _function(self, symbols: tuple[S, ...], formula: S) -> Any:
        if (symbols, formula) not in self._made:
            name = f"f_{len(self._made)}"

            def slope(this: S, argindex: int = 1) -> S:
                derived = self.of(symbols, formula.diff(symbols[argindex - 1]))
                return derived.xreplace(dict(zip(symbols, this.args, strict=True)))

            sp = sympy_module()
            kind = type(sp.Function)(name, (sp.Function,), {"nargs": len(symbols), "fdiff": slope})
            self.functions[name] = function(symbols, formula)
            self._made[symbols, formula] = kind
        return self._made[symbols, formula]


def whole_error(network: Network, loss: Loss, entries: Sequence[int], how: str) -> OfRow:
    """Return what computes the error of a row and its slopes at some entries of θ.

    Parameters
    ----------
    how
        As `written` says.
    """
    sp, names = sympy_module(), _Named()
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
        h = net_inputs(network, block, t, sources)
        z = [sp.Symbol(f"z_{i}", real=True) for i in range(layer.size)]
        formulas = (
            [names.of(z, o) for o in text.outputs(z)] if how == "by name" else text.outputs(z)
        )
        outputs[layer.name] = [o.xreplace(dict(zip(z, h, strict=True))) for o in formulas]
    terms = loss_terms(loss, network.n_outputs)
    assert terms is not None
    y, yhat, errors = terms
    if how == "by name":
        errors = [names.of([*y, *yhat], error) for error in errors]
    known = dict(zip(yhat, outputs[network.output.name], strict=True))
    e = sp.Add(*errors).xreplace(known)
    slopes = [sp.diff(e, t[i]) for i in entries]
    compute = function([*t, *x, *y], [e, *slopes], names.functions)

    def of_row(theta: list[M], inputs: list[M], targets: list[M]) -> tuple[M, list[M]]:
        error, *found = compute(*theta, *inputs, *targets)
        return error, found

    return of_row


def net_inputs(network: Network, block: Any, t: Sequence[S], sources: Sequence[S]) -> list[S]:
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
