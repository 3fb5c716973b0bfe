"""Formulas in presentation MathML, which browsers show without any library."""

from __future__ import annotations

from html import escape

from .maths import (
    Apply,
    Call,
    Cases,
    Dot,
    Equation,
    Maths,
    Negative,
    Number,
    Place,
    Power,
    Product,
    Quotient,
    Same,
    Slope,
    Sum,
    SumOver,
    Symbol,
    signed,
)
from .maths_text import ATOM, POWER, PRODUCT, QUOTIENT, SIGN, level

__all__ = ["mathml_of", "mathml_of_equation"]

_HAT = '<mover accent="true"><mi>y</mi><mo>^</mo></mover>'
_LINE = 4  # terms of a sum in a line
_NAMES = {"sigmoid": "σ", "log": "ln", "atan": "arctan"}


def mathml_of(node: Maths) -> str:
    """Return a formula as a MathML element, to stand inside ``<math>``.

    >>> from fallline.explain.maths import symbol
    >>> print(mathml_of(symbol("x") / 2))
    <mfrac><mi>x</mi><mn>2</mn></mfrac>
    """
    match node:
        case Number():
            return _number(node.shown)
        case Symbol():
            return _symbol(node)
        case Slope(of, by):
            above, below = (f"<mrow><mo>∂</mo>{mathml_of(part)}</mrow>" for part in (of, by))
            return f"<mfrac>{above}{below}</mfrac>"
        case Apply(name, argument, primes):
            return _row(_primed(_letter(name), primes), _bracketed(mathml_of(argument)))
        case Sum(terms):
            return _sum(terms)
        case Product(factors):
            return _product(factors)
        case Quotient(above, below):
            return f"<mfrac>{mathml_of(above)}{mathml_of(below)}</mfrac>"
        case Power(base, exponent):
            plain = level(base) >= ATOM and not isinstance(base, Slope | Call)
            inside = mathml_of(base) if plain else _bracketed(mathml_of(base))
            return f"<msup>{inside}{mathml_of(exponent)}</msup>"
        case Negative(inner):
            return _row("<mo>−</mo>", _in(inner, PRODUCT))
        case SumOver(index, _, body):
            mark = f"<munder><mo>∑</mo><mi>{escape(index)}</mi></munder>"
            return _row(mark, _in(body, PRODUCT))
        case Dot(left, right):
            return _row(f"<msup>{_in(left, POWER)}<mo>⊤</mo></msup>", _in(right, POWER))
        case Same(one, other):
            return _row("<mo>[</mo>", _unit(one), "<mo>=</mo>", _unit(other), "<mo>]</mo>")
        case Cases():
            return _cases(node)
        case Call(name, arguments):
            return _call(name, [mathml_of(argument) for argument in arguments])
    raise TypeError(f"no formula is a {type(node).__name__}")


def mathml_of_equation(equation: Equation) -> str:
    """Return an equation as MathML, each formula after the second on a line of its own.

    A long sum goes on in the next line, so that it is whole on paper too.
    """
    rows = []
    for at, ((sign, side), *values) in enumerate(equation.lines):
        left = "" if at else mathml_of(equation.sides[0])
        *before, right = _broken(side)
        for equals, value in values:
            right += f"<mo>{escape(equals)}</mo>{mathml_of(value)}"
        mark = f"<mo>{escape(sign)}</mo>"
        for part in (*before, right):
            rows.append(
                f'<mtr><mtd class="left">{left}</mtd><mtd>{mark}</mtd>'
                f'<mtd class="right">{_row(part)}</mtd></mtr>'
            )
            left = mark = ""
    return f'<mtable displaystyle="true">{"".join(rows)}</mtable>'


def _broken(side: Maths) -> list[str]:
    """Return a formula in lines: a sum of many terms in several."""
    if not isinstance(side, Sum) or len(side.terms) <= _LINE + 1:
        return [mathml_of(side)]
    first, *rest = (side.terms[at : at + _LINE] for at in range(0, len(side.terms), _LINE))
    return [_sum(first), *("".join(_added(terms)) for terms in rest)]


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _bracketed(inside: str) -> str:
    return _row("<mo>(</mo>", inside, "<mo>)</mo>")


def _in(node: Maths, least: int) -> str:
    # Fractions have their bar, and need no brackets.
    free = isinstance(node, Quotient) or level(node) >= least
    return mathml_of(node) if free else _bracketed(mathml_of(node))


def _number(shown: str) -> str:
    mantissa, _, exponent = shown.partition("e")
    minus, digits = ("<mo>−</mo>", mantissa[1:]) if mantissa[0] == "−" else ("", mantissa)
    number = f"<mn>{escape(digits)}</mn>"
    if exponent:
        power = f"<mn>{int(exponent.replace('−', '-'))}</mn>".replace("-", "−")
        number += f"<mo>·</mo><msup><mn>10</mn>{power}</msup>"
    return _row(minus, number) if minus or exponent else number


def _primed(letter: str, primes: int) -> str:
    return f"<msup>{letter}<mo>{'′' * primes}</mo></msup>" if primes else letter


def _letter(name: str) -> str:
    base, _, index = name.partition("_")
    written = _HAT if base == "ŷ" else f"<mi>{escape(base)}</mi>"
    if base[:1] == "Δ" and base[1:]:  # an identifier of two letters would stand upright
        written = _row('<mi mathvariant="normal">Δ</mi>', _letter(base[1:]))
    return f"<msub>{written}{_letter(index)}</msub>" if index else written


def _unit(unit: int | str) -> str:
    return f"<mn>{unit}</mn>" if isinstance(unit, int) else f"<mi>{escape(unit)}</mi>"


def _symbol(node: Symbol) -> str:
    marks = "<mo>→</mo>".join(map(_place, node.places))
    row = f"<mi>{escape(node.row)}</mi>" if node.row else ""
    if not marks:
        return f"<msub>{_letter(node.name)}{row}</msub>" if row else _letter(node.name)
    if not row:
        return f"<msub>{_letter(node.name)}{_row(marks)}</msub>"
    return f"<msubsup>{_letter(node.name)}{_row(marks)}{_bracketed(row)}</msubsup>"


def _place(place: Place) -> str:
    layer = f"<mtext>{escape(place.layer)}.</mtext>" if place.layer else ""
    return layer + _unit(place.unit)


def _sum(terms: tuple[Maths, ...]) -> str:
    return _row(_in(terms[0], SIGN), *_added(terms[1:]))


def _added(terms: tuple[Maths, ...]) -> list[str]:
    """Return terms of a sum, each with the sign before it."""
    parts = []
    for term in terms:
        minus, inner = signed(term)
        parts += ["<mo>−</mo>" if minus else "<mo>+</mo>", _in(inner, PRODUCT)]
    return parts


def _product(factors: tuple[Maths, ...]) -> str:
    parts = [_in(factors[0], POWER if isinstance(factors[0], SumOver) else PRODUCT)]
    for at, factor in enumerate(factors[1:], 1):
        last = at == len(factors) - 1
        least = PRODUCT if last and isinstance(factor, SumOver) else QUOTIENT
        parts += ["<mo>·</mo>", _in(factor, least)]
    return _row(*parts)


def _cases(node: Cases) -> str:
    def line(value: str, condition: str) -> str:
        return f"<mtr><mtd>{value}</mtd><mtd>{condition}</mtd></mtr>"

    lines = [
        line(
            mathml_of(value),
            _row(
                "<mtext>if&#160;</mtext>",
                mathml_of(left),
                f"<mo>{escape(sign)}</mo>",
                mathml_of(right),
            ),
        )
        for value, left, sign, right in node.cases
    ]
    lines.append(line(mathml_of(node.otherwise), "<mtext>otherwise</mtext>"))
    return _row(
        '<mo stretchy="true" form="prefix">{</mo>',
        f'<mtable columnalign="left">{"".join(lines)}</mtable>',
    )


def _call(name: str, arguments: list[str]) -> str:
    if name == "sqrt":
        return f"<msqrt>{arguments[0]}</msqrt>"
    if name == "exp":
        return f"<msup><mi>e</mi>{arguments[0]}</msup>"
    if name == "abs":
        return _row("<mo>|</mo>", arguments[0], "<mo>|</mo>")
    inside = "<mo>,</mo>".join(arguments)
    return _row(f"<mi>{escape(_NAMES.get(name, name))}</mi>", "<mo>&#x2061;</mo>",
                _bracketed(inside))  # fmt: skip
