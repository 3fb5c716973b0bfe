"""Every number of a trace as an equation with numbers in it.

Each formula is computed with the full digits first; where it does not give the engine's number, as
where a quotient of two rounded-off values has lost it, the number stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import MissingExtraError, SpecError
from ..formulas.activations import ACTIVATIONS, Activation
from ..spec.network import Block, Layer
from .derive_rules import activation_formula, activation_slope, error_rule, fused
from .maths import Call, Equation, Maths, Number, Slope, Symbol, negative, slope, symbol, total
from .maths_formula import spelled_out, to_maths
from .maths_value import Values, substitute
from .trace_numbers import LayerNumbers, Numbers
from .trace_shown import Digits, worked

__all__ = ["LONGEST_SUM", "SHOWN", "Term", "UnitFormulas", "folded", "with_rest"]

E = symbol("E")
LONGEST_SUM = 12
"""Terms of a sum that are all shown; of more, the first eight and what the others add up to."""

SHOWN = 8
"""Terms of a longer sum that are shown."""

_MISSING = (SpecError, MissingExtraError)
_REST = Symbol("rest")


class Term(NamedTuple):
    """A part of a sum: its formula, and its value."""

    formula: Maths
    value: float


def folded(terms: Sequence[Term], values: dict[Maths, float]) -> Maths:
    """Return the sum of terms; of many, the first ones and a rest, whose value is noted."""
    if len(terms) <= LONGEST_SUM:
        return total(*(term.formula for term in terms))
    return with_rest(terms[:SHOWN], math.fsum(term.value for term in terms[SHOWN:]), values)


def with_rest(terms: Sequence[Term], rest: float, values: dict[Maths, float]) -> Maths:
    """Return the sum of these terms and of a rest, whose value is noted."""
    values[_REST] = rest
    return total(*(term.formula for term in terms), _REST)


class UnitFormulas:
    """The equations of one row: forwards, the error, and back to every unit.

    Parameters
    ----------
    numbers
        The numbers of the batch.
    row
        Which of its rows.
    digits
        How numbers are printed.
    """

    def __init__(self, numbers: Numbers, row: int, digits: Digits) -> None:
        self.numbers, self.row, self.digits = numbers, row, digits
        self.network = numbers.network
        self.loss = numbers.objective.error
        self.last = self.network.output.name
        self.inputs = {layer.name for layer in self.network.inputs}
        self._blocks = {block.name: block for block in self.network.blocks}
        self._near = 1e-9 if numbers.theta.dtype == np.float64 else 1e-4
        self._functions: dict[str, Callable[[float], float]] = {}

    # What stands for what.

    def out(self, layer: str, j: int) -> Symbol:
        """Return the output of a unit as the units that it feeds get it."""
        own = self.numbers.layers.get(layer)
        dropped = own is not None and own.factors is not None
        name = "x" if layer in self.inputs else "ŷ" if layer == self.last else "o"
        return symbol("u" if dropped else name, layer, j)

    def _plain_out(self, layer: str, j: int) -> Symbol:
        return symbol("ŷ" if layer == self.last else "o", layer, j)

    def _fed_value(self, layer: str, j: int) -> float:
        if layer in self.inputs:
            return float(self.numbers.inputs[layer][self.row, j])
        return float(self.numbers.layers[layer].fed_on[self.row, j])

    def _at(self, layer: str) -> LayerNumbers:
        return self.numbers.layers[layer]

    def _equation(
        self,
        left: Maths,
        formula: Maths | None,
        values: Mapping[Maths, float],
        result: float,
    ) -> Equation:
        if formula is None or not self._gives(formula, values, result):
            return Equation(left, self.digits.of(result))
        return worked(left, formula, values, result, self.digits, compute=self._value)

    def _gives(self, formula: Maths, values: Mapping[Maths, float], result: float) -> bool:
        exact = substitute(formula, {key: Number(value) for key, value in values.items()})
        try:
            found = self._value(exact)
        except (ArithmeticError, ValueError):
            return False
        size = max(abs(found), abs(result), 1e-6)
        return found == result or abs(found - result) <= self._near * size

    def _value(self, side: Maths) -> float:
        """Return the value of a formula of numbers, functions in Python among them."""
        calls: dict[Maths, Maths] = {
            call: Number(self._functions[call.name](float(self._value(call.arguments[0]))))
            for call in _calls(side)
            if call.name in self._functions
        }
        return float(Values((), lambda s, units, row: None, {}).of(substitute(side, calls)))

    # Forwards.

    def forward(self, layer: Layer, j: int) -> Iterator[Equation]:
        """Yield the equations of h and o of a unit."""
        own, row = self._at(layer.name), self.row
        h, o = symbol("h", layer.name, j), self._plain_out(layer.name, j)
        values: dict[Maths, float] = {}
        formula = folded(self._net_input(layer, j, values), values)
        yield self._equation(h, formula, values, float(own.h[row, j]))
        yield self._equation(o, *self._output(layer, j), float(own.o[row, j]))
        if own.factors is not None:
            factor = float(own.factors[row, j])
            after, kept = float(own.fed_on[row, j]), symbol("c", layer.name, j)
            known: dict[Maths, float] = {o: float(own.o[row, j]), kept: factor}
            yield self._equation(self.out(layer.name, j), o * kept, known, after)

    def _net_input(self, layer: Layer, j: int, values: dict[Maths, float]) -> list[Term]:
        block, theta = self._blocks[layer.name], self.numbers.theta
        terms = []
        if block.biases:
            b = symbol("b", layer.name, j)
            values[b] = float(theta[block.biases.start + j])
            terms.append(Term(b, values[b]))
        for index, source, i in self._incoming(block, j):
            w, o = symbol("w", source, i, layer.name, j), self.out(source, i)
            values[w], values[o] = float(theta[index]), self._fed_value(source, i)
            terms.append(Term(w * o, values[w] * values[o]))
        return terms

    def _incoming(self, block: Block, j: int) -> Iterator[tuple[int, str, int]]:
        at, masked = block.weights.start + j, self.network.masked
        for source in block.sources:
            for i in range(self.network.width(source)):
                if not masked[at]:
                    yield at, source, i
                at += block.shape[1]

    def _output(self, layer: Layer, j: int) -> tuple[Maths | None, dict[Maths, float]]:
        row, own = ACTIVATIONS[layer.activation], self._at(layer.name)
        h = symbol("h", layer.name, j)
        if row.coupled:
            return self._coupled_output(row, layer, j)
        values: dict[Maths, float] = {h: float(own.h[self.row, j])}
        try:
            f = activation_formula(row, j)
        except _MISSING:
            return self._called(str(row.name), lambda z: row.f(np, z), h), values
        return to_maths(spelled_out(f), {"z": h}), values

    def _called(self, name: str, f: Callable[[Any], Any], h: Maths) -> Maths:
        """Return a function that has no formula, and note how to compute it."""
        self._functions[name] = lambda z: float(f(np.array([[z]]))[0, 0])
        return Call(name, (h,))

    def _coupled_output(
        self, row: Activation, layer: Layer, j: int
    ) -> tuple[Maths | None, dict[Maths, float]]:
        own = self._at(layer.name)
        h = [symbol("h", layer.name, k) for k in range(layer.size)]
        values: dict[Maths, float] = {each: float(own.h[self.row, k]) for k, each in enumerate(h)}
        if row.family == "softmax":
            raised = [Term(Call("exp", (z,)), _exp(values[z])) for z in h]
            return raised[j].formula / folded(raised, values), values
        size = layer.size // row.group
        if row.family != "ordered" or j % size == 0:
            return (h[j] if row.family == "ordered" else None), values
        before = self._plain_out(layer.name, j - 1)
        values[before] = float(own.o[self.row, j - 1])
        return before + Call("log", (1 + Call("exp", (h[j],)),)), values

    # The error.

    def targets(self) -> Iterator[Equation]:
        """Yield the equations of targets that are smoothed."""
        if not self.loss.settings.get("smoothing"):
            return
        rule = error_rule(self.loss)
        assert rule.smoothed is not None
        for t in range(self.numbers.rows.Y.shape[1]):
            y = symbol("y", self.last, t)
            formula = to_maths(rule.smoothed, {"y": y, "k": Number(self.network.n_outputs)})
            known: dict[Maths, float] = {y: float(self.numbers.rows.Y[self.row, t])}
            left = symbol("t", self.last, t)
            yield self._equation(left, formula, known, self._target(t))

    def _target(self, t: int) -> float:
        """Return what stands for the target in the error, smoothed where labels are."""
        y = float(self.numbers.rows.Y[self.row, t])
        smoothing = float(self.loss.settings.get("smoothing", 0.0))
        among = 2 if self.loss.family == "binary_cross_entropy" else self.network.n_outputs
        return (1 - smoothing) * y + smoothing / among if smoothing else y

    def error(self) -> Equation:
        """Return the equation of the row's own error e."""
        values: dict[Maths, float] = {}
        try:
            rule = error_rule(self.loss)
        except _MISSING:
            return self._equation(symbol("e"), None, {}, float(self.numbers.row_errors[self.row]))
        terms = []
        for t in range(self.numbers.rows.Y.shape[1]):
            names = self._names(t, values)
            formula = _counted(rule.weights, t) * to_maths(spelled_out(rule.each), names)
            exact = substitute(formula, {key: Number(value) for key, value in values.items()})
            terms.append(Term(formula, self._value(exact)))
        result = float(self.numbers.row_errors[self.row])
        return self._equation(symbol("e"), folded(terms, values), values, result)

    def _names(self, t: int, values: dict[Maths, float]) -> dict[str, Maths]:
        """Return what the names of the error's formula stand for at a target, noting values."""
        each, own = self.loss.outputs_each, self._at(self.last)
        y = symbol("t" if self.loss.settings.get("smoothing") else "y", self.last, t)
        values[y] = self._target(t)
        outputs = [self._plain_out(self.last, t * each + m) for m in range(each)]
        for m, output in enumerate(outputs):
            values[output] = float(own.o[self.row, t * each + m])
        named: dict[str, Maths] = {f"yhat_{m + 1}": output for m, output in enumerate(outputs)}
        return named | {"y": y, "yhat": outputs[0]}

    @property
    def share(self) -> float:
        """What the row counts in E."""
        return float(self.numbers.share[self.row])

    # Back.

    def backward(self, layer: Layer, j: int) -> Iterator[Equation]:
        """Yield the equations of ∂E/∂o, ∂E/∂h and δ of a unit."""
        own, row = self._at(layer.name), self.row
        h, o = symbol("h", layer.name, j), self._plain_out(layer.name, j)
        in_output, in_net_input = float(own.dE_do[row, j]), float(own.dE_dh[row, j])
        at_output = layer.name == self.last
        told = self._slope_of_error(j) if at_output else self._fed_back(layer, j)
        yield self._equation(slope(E, o), *told, in_output)
        direct = self._fused(layer, j) if at_output else None
        back = direct or self._through(layer, j)
        yield self._equation(slope(E, h), *back, in_net_input)
        delta = symbol("δ", layer.name, j)
        yield self._equation(delta, -slope(E, h), {slope(E, h): in_net_input}, 0.0 - in_net_input)

    def _slope_of_error(self, j: int) -> tuple[Maths | None, dict[Maths, float]]:
        values: dict[Maths, float] = {}
        try:
            rule = error_rule(self.loss)
        except _MISSING:
            return None, values
        t = j // self.loss.outputs_each
        tree = spelled_out(rule.slopes[j % self.loss.outputs_each])
        formula = _counted(rule.weights, t) * to_maths(tree, self._names(t, values))
        return self._shared(formula, values), values

    def _shared(self, formula: Maths, values: dict[Maths, float]) -> Maths:
        """Return a slope of e as one of E: times what the row counts."""
        if self.share == 1:
            return formula
        share = symbol("s/Σs" if self.loss.reduction == "mean" else "s")
        values[share] = self.share
        return share * formula

    def _fused(self, layer: Layer, j: int) -> tuple[Maths, dict[Maths, float]] | None:
        """Return ∂E/∂h of an output unit where its activation and its error simplify it."""
        row, values = ACTIVATIONS[layer.activation], dict[Maths, float]()
        if row.family not in self.loss.pairs or self.loss.outputs_each > 1:
            return None
        names = self._names(j, values)
        if row.family == "softmax":
            if self.loss.settings.get("output_weights") is not None:
                return None
            return self._shared(names["yhat"] - names["y"], values), values
        try:
            rule = error_rule(self.loss)
            short = fused(rule.slopes[0], activation_slope(row, j), "yhat")
        except _MISSING:
            return None
        if short is None:
            return None
        counted = _counted(rule.weights, j)
        return self._shared(negative(counted * to_maths(short, names)), values), values

    def _fed_back(self, layer: Layer, j: int) -> tuple[Maths, dict[Maths, float]]:
        values: dict[Maths, float] = {}
        theta, terms = self.numbers.theta, list[Term]()
        for block in self.network.blocks:
            at = block.weights.start
            for source in block.sources:
                if source == layer.name:
                    terms += self._along(block, at, j, theta, values)
                at += self.network.width(source) * block.shape[1]
        formula = folded(terms, values)
        factors = self._at(layer.name).factors
        if factors is None:
            return formula, values
        kept = symbol("c", layer.name, j)
        values[kept] = float(factors[self.row, j])
        return kept * formula, values

    def _along(
        self, block: Block, at: int, j: int, theta: Any, values: dict[Maths, float]
    ) -> Iterator[Term]:
        """Yield w·∂E/∂h for each unit of a layer that unit j feeds, whose weights begin at `at`."""
        size = block.shape[1]
        for k in range(size):
            index = at + j * size + k
            if self.network.masked[index]:
                continue
            w, back = _symbol_of(self.network.name(index)), slope(E, symbol("h", block.name, k))
            values[w] = float(theta[index])
            values[back] = float(self._at(block.name).dE_dh[self.row, k])
            yield Term(w * back, values[w] * values[back])

    def _through(self, layer: Layer, j: int) -> tuple[Maths | None, dict[Maths, float]]:
        """Return ∂E/∂h from ∂E/∂o, through the activation."""
        row, own = ACTIVATIONS[layer.activation], self._at(layer.name)
        if row.coupled:
            return self._through_coupled(row, layer, j)
        h, o = symbol("h", layer.name, j), self._plain_out(layer.name, j)
        back = slope(E, o)
        values: dict[Maths, float] = {
            back: float(own.dE_do[self.row, j]),
            h: float(own.h[self.row, j]),
            o: float(own.o[self.row, j]),
        }
        try:
            tree = activation_slope(row, j)
        except _MISSING:
            at = self._called(f"{row.name}′", lambda z: row.slope(np, z, row.f(np, z)), h)
            return back * at, values
        return back * to_maths(spelled_out(tree), {"z": h, "o": o}), values

    def _through_coupled(
        self, row: Activation, layer: Layer, j: int
    ) -> tuple[Maths, dict[Maths, float]]:
        own, values = self._at(layer.name), dict[Maths, float]()
        one = slice(self.row, self.row + 1)
        jacobian = row.slope(np, own.h[one], own.o[one])[0]  # (i, j): ∂o_j/∂h_i
        terms = []
        for k in range(layer.size):
            if jacobian[j, k] == 0:
                continue
            o = self._plain_out(layer.name, k)
            back, through = slope(E, o), Slope(o, symbol("h", layer.name, j))
            values[back], values[through] = float(own.dE_do[self.row, k]), float(jacobian[j, k])
            terms.append(Term(back * through, values[back] * values[through]))
        return folded(terms, values), values


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _counted(weights: Sequence[float] | None, t: int) -> Maths:
    return Number(1 if weights is None else weights[t])


def _calls(node: Any) -> Iterator[Call]:
    if isinstance(node, Call):
        yield node
    if isinstance(node, tuple):
        for part in node:
            yield from _calls(part)
    elif isinstance(node, Maths) and is_dataclass(node):
        for field in fields(node):
            yield from _calls(getattr(node, field.name))


def _symbol_of(name: str) -> Symbol:
    from .quantity_words import of_weight

    return of_weight(name)
