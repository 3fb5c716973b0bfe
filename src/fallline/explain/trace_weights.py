"""The equations of one weight or bias: its slope, summed over rows, and its step by the rule."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..formulas.optimizers import SGD, Optimizer, Solver
from .derive_optimizer import settings_of, statements
from .maths import Call, Equation, Maths, Number, Slope, Symbol, negative, slope, sum_over, symbol
from .maths_value import Values
from .quantity_words import of_weight
from .trace_formulas import LONGEST_SUM, SHOWN, E, Term, folded, with_rest
from .trace_move import Moved
from .trace_numbers import Numbers
from .trace_shown import Digits, worked

__all__ = ["LETTERS", "WeightFormulas", "rule_letters"]

J = symbol("J")
LETTERS: Mapping[str, Mapping[str, str]] = {
    "sgd": {"v": "velocity"},
    "adagrad": {"G": "squares"},
    "rmsprop": {"m": "mean_square", "a": "mean", "v": "velocity"},
    "adadelta": {"m": "mean_square", "d": "mean_square_step"},
    "adam": {"m": "mean", "v": "mean_square", "u": "largest", "t": "t"},
    "adamw": {"m": "mean", "v": "mean_square", "u": "largest", "t": "t"},
    "nadam": {"m": "mean", "v": "mean_square", "t": "t", "c": "product"},
    "lion": {"m": "mean"},
    "rprop": {"D": "size", "p": "gradient", "u": "step"},
}
"""The letters of each optimizer's formula, and the arrays of its state that they stand for."""


def rule_letters(moved: Moved, index: int, penalized: bool) -> dict[str, float]:
    """Return what the letters of an optimizer's formula are before the step, for one weight."""
    method = moved.plan.stepwise
    found = dict(settings_of(method))
    found |= {"η": moved.rate, "g": float(moved.used[index]), "w": float(moved.theta[index])}
    if method.decouples:
        found["d"] = float(penalized)
    for letter, name in LETTERS[method.name].items():
        if name in moved.state:
            array = np.asarray(moved.state[name])
            found[letter] = float(array[index] if array.ndim else array)
    if method.name == "rmsprop" and method.dialect == "torch" and "v" in found:
        found["v"] = 0.0 - found["v"]  # kept with the sign of the step
    return found


class WeightFormulas:
    """The equations of single weights and biases.

    Parameters
    ----------
    numbers
        The numbers of the batch.
    moved
        The step that they make.
    digits
        How numbers are printed.
    """

    def __init__(self, numbers: Numbers, moved: Moved, digits: Digits) -> None:
        self.numbers, self.moved, self.digits = numbers, moved, digits
        self.network = numbers.network
        self._plain = isinstance(moved.plan.optimizer, SGD) and not moved.plan.optimizer.momentum

    def equations(self, index: int) -> Iterator[Equation]:
        """Yield the equations of θ[index]: its slope, its step, and its new value."""
        w = of_weight(self.network.name(index))
        yield self.slope(index, w)
        free = self.network.trainable is None or bool(self.network.trainable[index])
        if not free:
            yield Equation(_step(w), Number(0))
            return
        yield from self._used(index, w)
        if isinstance(self.moved.plan.optimizer, Solver):
            yield self._solved(index, w)
            yield self._moved(index, w, float(self.moved.asked[index]))
        elif self._plain:
            yield self._descended(index, w)
            yield self._moved(index, w, float(self.moved.asked[index]))
        else:
            yield from self._by_rule(index, w, self.moved.plan.stepwise)
        yield from self._limited(index, w)

    # The slope.

    def slope(self, index: int, w: Symbol) -> Equation:
        """Return ∂E/∂w = −δ·o, of several rows their sum."""
        numbers, values = self.numbers, dict[Maths, float]()
        left, result = slope(E, w), float(numbers.of_error[index])
        count = len(numbers.index) + numbers.more
        terms = list(self._terms(index, w, values, count if count <= LONGEST_SUM else SHOWN))
        if len(terms) == count:
            formula = negative(folded(terms, values))
        else:
            formula = negative(with_rest(terms, self._rest(index, terms), values))
        told = worked(left, formula, values, result, self.digits)
        if count == 1:
            return told
        general = negative(sum_over("μ", "rows", _of_rows(terms[0].formula)))
        return Equation(left, general, *told.sides[2:], signs=("=", *told.signs[1:]))

    def _terms(
        self, index: int, w: Symbol, values: dict[Maths, float], count: int
    ) -> Iterator[Term]:
        """Yield δ·o of the first rows, of a bias δ."""
        numbers, j = self.numbers, w.places[-1]
        assert isinstance(j.unit, int)
        deltas = 0.0 - numbers.layers[j.layer].dE_dh[:count, j.unit]
        for row, value in enumerate(deltas.tolist()):
            several = len(numbers.index) + numbers.more > 1
            mark = f"row {numbers.index[row]}" if several else ""
            delta = symbol("δ", j.layer, j.unit, row=mark)
            values[delta] = value
            if len(w.places) == 1:
                yield Term(delta, value)
                continue
            source = w.places[0]
            o = symbol(self._output_name(source.layer), source.layer, source.unit, row=mark)
            values[o] = float(numbers.layers[j.layer].sources[row, self._row_of(index)])
            yield Term(delta * o, value * values[o])

    def _rest(self, index: int, shown: Sequence[Term]) -> float:
        """Return what the rows add up to that are not shown."""
        numbers = self.numbers
        if numbers.more:
            return math.fsum([-float(numbers.of_error[index]), *(-term.value for term in shown)])
        return -math.fsum(numbers.by_row(index)[len(shown) :].tolist())

    def _output_name(self, layer: str) -> str:
        inputs = {given.name for given in self.network.inputs}
        own = self.numbers.layers.get(layer)
        dropped = own is not None and own.factors is not None
        return "x" if layer in inputs else "u" if dropped else "o"

    def _row_of(self, index: int) -> int:
        block = next(block for block in self.network.blocks if index < block.stop)
        return int(index - block.weights.start) // block.shape[1]

    # What the optimizer gets.

    def _used(self, index: int, w: Symbol) -> Iterator[Equation]:
        numbers, moved, plan = self.numbers, self.moved, self.moved.plan
        slope_of = self._gradient(w)
        g: Maths = slope_of
        if numbers.strengths:
            yield self._penalized(index, w, slope_of)
        value = float(moved.gradient[index])
        if plan.clip_value is not None:
            limit = plan.clip_value
            held = float(np.clip(value, -limit, limit))
            clip = Call("clip", (g, Number(-limit), Number(limit)))
            yield worked(symbol("g"), clip, {g: value}, held, self.digits)
            g, value = symbol("g"), held
        if plan.clip_norm is not None and moved.norm > plan.clip_norm:
            norm = symbol("norm_g")
            known: dict[Maths, float] = {g: value, norm: moved.norm}
            scaled = g * (Number(plan.clip_norm) / norm)
            yield worked(symbol("g"), scaled, known, float(moved.used[index]), self.digits)

    def _gradient(self, w: Symbol) -> Slope:
        return slope(J if self.numbers.strengths else E, w)

    def _penalized(self, index: int, w: Symbol, g: Slope) -> Equation:
        numbers = self.numbers
        value = float(numbers.theta[index])
        formula: Maths = slope(E, w)
        known: dict[Maths, float] = {formula: float(numbers.of_error[index]), w: value}
        if numbers.network.penalized[index]:
            for name, strength in numbers.strengths.items():
                letter = symbol("λ" if name == "l2" else "λ_1")
                known[letter] = strength
                formula = formula + letter * (w if name == "l2" else Call("sign", (w,)))
        return worked(g, formula, known, float(numbers.gradient[index]), self.digits)

    # The step.

    def _descended(self, index: int, w: Symbol) -> Equation:
        g, eta = self._last_gradient(w), symbol("η")
        known: dict[Maths, float] = {eta: self.moved.rate, g: float(self.moved.used[index])}
        asked = float(self.moved.asked[index])
        return worked(_step(w), negative(eta * g), known, asked, self.digits)

    def _last_gradient(self, w: Symbol) -> Slope | Symbol:
        plan = self.moved.plan
        clipped = plan.clip_norm is not None and self.moved.norm > plan.clip_norm
        return symbol("g") if plan.clip_value is not None or clipped else self._gradient(w)

    def _moved(self, index: int, w: Symbol, step: float) -> Equation:
        old, delta = float(self.moved.theta[index]), _step(w)
        known: dict[Maths, float] = {w: old, delta: step}
        return worked(w, w + delta, known, old + step, self.digits, arrow=True)

    def _solved(self, index: int, w: Symbol) -> Equation:
        alpha, p = symbol("α"), Symbol("p", w.places)
        asked, rate = float(self.moved.asked[index]), self.moved.rate
        known: dict[Maths, float] = {alpha: rate, p: asked / rate if rate else 0.0}
        return worked(_step(w), alpha * p, known, asked, self.digits)

    def _by_rule(self, index: int, w: Symbol, method: Optimizer) -> Iterator[Equation]:
        """Yield the statements of the optimizer's own formula, each with its numbers."""
        now = rule_letters(self.moved, index, bool(self.network.penalized[index]))
        g = self._last_gradient(w)
        if g != symbol("g"):
            yield Equation(symbol("g"), g, self.digits.of(now["g"]))
        before = now["w"]
        for statement in statements(method.formula.step):
            left, right = statement.sides
            assert isinstance(left, Symbol)
            found = float(Values((), lambda s, units, row: now.get(s.name), {}).of(right))
            known: dict[Maths, float] = {symbol(name): value for name, value in now.items()}
            told = w if left.name == "w" else left
            yield worked(told, right, known, found, self.digits, arrow=True)
            now[left.name] = found
        both: dict[Maths, float] = {symbol("w"): now["w"], symbol("w_0"): before}
        yield worked(
            *(_step(w), symbol("w") - symbol("w_0"), both, float(self.moved.asked[index])),
            self.digits,
        )

    def _limited(self, index: int, w: Symbol) -> Iterator[Equation]:
        if self.moved.limited[index]:
            yield Equation(w, self.digits.of(float(self.moved.after[index])), signs="←")


def _step(w: Symbol) -> Symbol:
    return Symbol(f"Δ{w.name}", w.places)


def _of_rows(formula: Maths) -> Maths:
    """Return the term of a sum with μ for its row."""
    from .maths import Product

    if isinstance(formula, Product):
        return Product(tuple(map(_of_rows, formula.factors)))
    assert isinstance(formula, Symbol)
    return Symbol(formula.name, formula.places, "μ")
