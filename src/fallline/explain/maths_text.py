"""Formulas as text in one line, in Unicode, readable in a terminal: ``∂E/∂w = −(y − ŷ)·x``."""

from __future__ import annotations

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

__all__ = ["level", "pieces", "place_text", "text_of", "text_of_equation"]

SUM, SIGN, PRODUCT, QUOTIENT, POWER, ATOM = range(6)  # what binds tighter is greater
"""How tightly a node binds; the three printers share it."""

_SUPERSCRIPTS = str.maketrans("0123456789−t", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵗ")
_SUBSCRIPTS = {"i": "ᵢ", "j": "ⱼ", "k": "ₖ", "l": "ₗ", "m": "ₘ", "n": "ₙ"}
_NAMES = {"sigmoid": "σ", "log": "ln", "atan": "arctan"}
_HALF = Quotient(Number(1), Number(2))


def level(node: Maths) -> int:
    """Return how tightly what is printed for a node binds."""
    match node:
        case Sum():
            return SUM
        case Number():
            return SIGN if node.shown.startswith("−") else PRODUCT if "e" in node.shown else ATOM
        case Negative():
            return SIGN
        case SumOver() | Product() | Dot():
            return PRODUCT
        case Quotient():
            return QUOTIENT
        case Power():
            return POWER
    return ATOM


def text_of(node: Maths) -> str:
    """Return a formula as text.

    >>> from fallline.explain.maths import Call, symbol
    >>> y, o = symbol("y", "output", 0), symbol("ŷ", "output", 0)
    >>> print((y - o) ** 2 / 2, "and", -(y - o) * o * (1 - o))
    (y[output.0] − ŷ[output.0])²/2 and −(y[output.0] − ŷ[output.0])·ŷ[output.0]·(1 − ŷ[output.0])
    """
    match node:
        case Number():
            return node.shown
        case Symbol():
            return _symbol(node)
        case Slope(of, by):
            return f"∂{text_of(of)}/∂{text_of(by)}"
        case Apply(name, argument, primes):
            return f"{name}{'′' * primes}({text_of(argument)})"
        case Sum():
            return " ".join(pieces(node))
        case Product(factors):
            return _product(factors)
        case Quotient() if node == _HALF:
            return "½"
        case Quotient(above, below):
            least = POWER if isinstance(above, SumOver) else PRODUCT
            return f"{_in(above, least)}/{_in(below, POWER)}"
        case Power(base, exponent):
            return _power(base, exponent)
        case Negative(inner):
            return f"−{_in(inner, PRODUCT)}"
        case SumOver(index, _, body):
            mark = _SUBSCRIPTS.get(index, f"_{index}")
            return f"Σ{mark} {_in(body, PRODUCT)}"
        case Dot(left, right):
            return f"{_in(left, POWER)}ᵀ{_in(right, POWER)}"
        case Same(one, other):
            return f"[{one} = {other}]"
        case Cases(cases, otherwise):
            told = [f"{text_of(v)} if {text_of(a)} {s} {text_of(b)}" for v, a, s, b in cases]
            return "{" + "; ".join([*told, f"else {text_of(otherwise)}"]) + "}"
        case Call(name, arguments):
            return _call(name, list(map(text_of, arguments)))
    raise TypeError(f"no formula is a {type(node).__name__}")


def text_of_equation(equation: Equation) -> str:
    """Return an equation as text in one line."""
    first, *others = map(text_of, equation.sides)
    rest = (f" {sign} {side}" for sign, side in zip(equation.signs, others, strict=True))
    return first + "".join(rest)


def place_text(places: tuple[Place, ...]) -> str:
    """Return places as they stand in names: ``input.0->hidden1.2``."""
    return "->".join(f"{p.layer}.{p.unit}" if p.layer else str(p.unit) for p in places)


def _symbol(node: Symbol) -> str:
    plain = not node.places or not any(place.layer for place in node.places)
    if plain:
        marks = [str(place.unit) for place in node.places] + ([node.row] if node.row else [])
        index = ",".join(marks)
        return node.name + (f"_{index}" if index.isalnum() else f"_({index})" if index else "")
    row = f", {node.row}" if node.row else ""
    return f"{node.name}[{place_text(node.places)}{row}]"


def _in(node: Maths, least: int) -> str:
    text = text_of(node)
    return text if node == _HALF or level(node) >= least else f"({text})"


def pieces(node: Maths) -> list[str]:
    """Return the terms of a sum with the sign before each, where a long one may be cut.

    >>> from fallline.explain.maths import symbol
    >>> pieces(symbol("b") - 2 * symbol("x"))
    ['b', '− 2·x']
    """
    if not isinstance(node, Sum):
        return [text_of(node)]
    first, *others = node.terms
    return [_in(first, SIGN), *map(_later, others)]


def _later(term: Maths) -> str:
    minus, inner = signed(term)
    return f"{'−' if minus else '+'} {_in(inner, PRODUCT)}"


def _product(factors: tuple[Maths, ...]) -> str:
    # A sum over units reaches as far as it can, so that nothing may follow it unbracketed.
    *others, last = factors
    parts = [_in(factor, POWER) for factor in others]
    parts.append(_in(last, PRODUCT if isinstance(last, SumOver) else POWER))
    return "·".join(parts)


def _power(base: Maths, exponent: Maths) -> str:
    written, inside = text_of(exponent), _in(base, ATOM)
    if isinstance(base, Slope):
        inside = f"({inside})"
    simple = all(letter in "0123456789−t" for letter in written)
    return inside + (written.translate(_SUPERSCRIPTS) if simple else f"^{_in(exponent, ATOM)}")


def _call(name: str, arguments: list[str]) -> str:
    if name == "sqrt":
        return f"√({arguments[0]})"
    if name == "abs":
        return f"|{arguments[0]}|"
    return f"{_NAMES.get(name, name)}({', '.join(arguments)})"
