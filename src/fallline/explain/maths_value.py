"""Formulas computed: from equations, each of which defines the quantity on its left.

What a reader sees is what computes: a quantity's value is that of the last side of the equation
that begins with it, and so on down to the weights, inputs and targets that are known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ..errors import SpecError
from .maths import (
    Call,
    Cases,
    Dot,
    Equation,
    Maths,
    Negative,
    Number,
    Power,
    Product,
    Quantity,
    Quotient,
    Same,
    Slope,
    Sum,
    SumOver,
    Symbol,
    Unit,
)

__all__ = ["FUNCTIONS", "Values", "substitute"]

Known = Callable[[Symbol, tuple[Unit, ...], int], Any]
"""From a symbol, its units as numbers and a row to a value, or None where it knows none."""

ROWS = "rows"


def _sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u)) if u >= 0 else 1 - 1 / (1 + math.exp(u))


def _sign(u: float) -> float:
    return float((u > 0) - (u < 0))


FUNCTIONS: Mapping[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in ("exp", "log", "log1p", "expm1", "sqrt", "tanh",
                                              "sinh", "cosh", "sin", "cos", "atan", "erf")},
    "abs": abs,
    "sign": _sign,
    "sigmoid": _sigmoid,
    "softplus": lambda u: max(u, 0.0) + math.log1p(math.exp(-abs(u))),
    "logcosh": lambda u: abs(u) + math.log1p(math.exp(-2 * abs(u))) - math.log(2),
    "relu": lambda u: max(u, 0.0),
    "max": max,
    "min": min,
    "clip": lambda u, low, high: min(max(u, low), high),
}  # fmt: skip
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


def substitute(node: Any, change: Mapping[Maths, Maths]) -> Any:
    """Return a formula or an equation with some of its parts replaced.

    >>> from fallline.explain.maths import symbol
    >>> x, w = symbol("x"), symbol("w", "input", 0, "output", 0)
    >>> print(substitute(2 * x, {x: w}))
    2·w[input.0->output.0]
    """
    if isinstance(node, Maths) and node in change:
        return change[node]
    if isinstance(node, tuple) and not hasattr(node, "_fields"):
        return tuple(substitute(part, change) for part in node)
    if isinstance(node, Equation):
        return Equation(*substitute(node.sides, change), signs=node.signs)
    if isinstance(node, Maths) and is_dataclass(node):
        parts = {field.name: getattr(node, field.name) for field in fields(node)}
        return type(node)(**{name: substitute(part, change) for name, part in parts.items()})
    return node


class Values:
    """The values of formulas at one point.

    Parameters
    ----------
    equations
        What defines quantities; of two for the same quantity the later one counts.
    known
        What tells the symbols that no equation defines.
    widths
        The units of each layer, and the number of ``"rows"``.
    ready
        Called with each row that a sum comes to.
    """

    def __init__(
        self,
        equations: Iterable[Equation],
        known: Known,
        widths: Mapping[str, int],
        ready: Callable[[int], None] = lambda row: None,
    ) -> None:
        self.known, self.widths, self.ready = known, widths, ready
        self._rules: dict[tuple[Any, ...], list[tuple[tuple[Unit, ...], Maths]]] = {}
        self._found: dict[tuple[Any, ...], Any] = {}
        for equation in equations:
            first = equation.sides[0]
            if isinstance(first, Quantity):
                self._rules.setdefault(first.key, []).insert(0, (first.units, equation.sides[-1]))

    def of(self, node: Maths, units: Mapping[str, int] | None = None, row: int = 0) -> Any:
        """Return the value of a formula, for index letters at these units, in this row.

        Raises
        ------
        SpecError
            Where something in it is neither defined nor known.
        """
        at = units or {}

        def value(part: Maths) -> Any:
            return self.of(part, at, row)

        match node:
            case Number():
                return node.value
            case Quantity():
                return self._quantity(node, at, row)
            case Sum(terms):
                return sum(map(value, terms[1:]), value(terms[0]))
            case Product(factors):
                return _product(map(value, factors))
            case Quotient(above, below):
                return _quotient(value(above), value(below))
            case Power(base, exponent):
                return _power(value(base), value(exponent))
            case Negative(inner):
                return -value(inner)
            case Call(name, arguments):
                return _call(name, list(map(value, arguments)))
            case Dot(left, right):
                return value(left) @ value(right)
            case SumOver(index, layer, body):
                return sum(self._over(index, layer, body, at, row))
            case Same(one, other):
                return float(_number(one, at) == _number(other, at))
            case Cases(cases, otherwise):
                for yes, left, sign, right in cases:
                    if _HOLDS[sign](value(left), value(right)):
                        return value(yes)
                return value(otherwise)
        raise TypeError(f"no formula is a {type(node).__name__}")

    def _over(
        self, index: str, layer: str, body: Maths, at: Mapping[str, int], row: int
    ) -> Iterable[Any]:
        for number in range(self.widths[layer]):
            if layer == ROWS:
                self.ready(number)
            yield self.of(body, {**at, index: number}, number if layer == ROWS else row)

    def _quantity(self, node: Quantity, at: Mapping[str, int], row: int) -> Any:
        units = tuple(_number(unit, at) for unit in node.units)
        row = at.get(_row_of(node), row)
        key = (node.key, units, row)
        if key not in self._found:
            self._found[key] = self._defined(node, units, row)
        return self._found[key]

    def _defined(self, node: Quantity, units: tuple[int, ...], row: int) -> Any:
        for pattern, side in self._rules.get(node.key, ()):
            bound = _matched(pattern, units)
            if bound is not None:
                return self.of(side, bound, row)
        if isinstance(node, Symbol):
            found = self.known(node, units, row)
            if found is not None:
                return found
        raise SpecError(f"no equation tells {node}")


def _row_of(node: Quantity) -> str:
    if isinstance(node, Slope):
        return node.of.row
    return node.row if isinstance(node, Symbol) else ""


def _number(unit: Unit, at: Mapping[str, int]) -> int:
    return at[unit] if isinstance(unit, str) else unit


def _matched(pattern: tuple[Unit, ...], units: tuple[int, ...]) -> dict[str, int] | None:
    """Return what each letter of a pattern stands for at these units; None where it is another."""
    bound: dict[str, int] = {}
    for expected, unit in zip(pattern, units, strict=True):
        if isinstance(expected, str):
            if bound.setdefault(expected, unit) != unit:
                return None
        elif expected != unit:
            return None
    return bound


def _product(factors: Iterable[Any]) -> Any:
    """Return a product, which is 0 where a factor is: 0·ln 0 is 0 in errors."""
    result: Any = 1.0
    for factor in factors:
        if not hasattr(factor, "shape") and factor == 0:
            return 0.0
        result = result * factor
    return result


def _quotient(above: Any, below: Any) -> Any:
    try:
        return above / below
    except ZeroDivisionError:
        return math.nan if above == 0 or above != above else math.copysign(math.inf, above)


def _power(base: Any, exponent: Any) -> Any:
    try:
        return base**exponent if base >= 0 or exponent == int(exponent) else math.nan
    except OverflowError:
        return _wide(base) ** exponent
    except ZeroDivisionError:
        return math.inf


# --- functions -----------------------------------------------------------------------------------
# What leaves the range of floats goes on as a number of mpmath, which has no such range, and which
# comes with SymPy: so exp(900)/(1 + exp(900)) is 1, as the engines have it by other formulas.

_FAR = 700.0
_STEEP = ("exp", "expm1", "sinh", "cosh")


def _call(name: str, arguments: list[Any]) -> Any:
    wide = not all(isinstance(u, float | int) for u in arguments)
    if wide or (name in _STEEP and abs(arguments[0]) > _FAR):
        return _wide_call(name, [_wide(u) for u in arguments])
    if name == "log" and arguments[0] == 0:
        return -math.inf
    try:
        return FUNCTIONS[name](*arguments)
    except ValueError:
        return math.nan


def _wide(value: Any) -> Any:
    import mpmath

    return mpmath.mpf(value)


def _wide_call(name: str, arguments: list[Any]) -> Any:
    import mpmath

    u = arguments[0]
    match name:
        case "sigmoid":
            return 1 / (1 + mpmath.exp(-u))
        case "softplus":
            return mpmath.log1p(mpmath.exp(u))
        case "logcosh":
            return mpmath.log(mpmath.cosh(u))
        case "log" if u == 0:
            return -mpmath.inf
        case "log" | "sqrt" if u < 0:
            return mpmath.nan
        case "abs" | "sign" | "relu" | "max" | "min" | "clip":
            return FUNCTIONS[name](*arguments)
    return getattr(mpmath, name)(*arguments)
