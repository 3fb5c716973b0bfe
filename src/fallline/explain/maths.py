"""Formulas as trees that can be shown and computed: what every equation of a document is made of.

Nodes are plain, frozen data. ``maths_text``, ``maths_latex`` and ``maths_mathml`` print them,
``maths_value`` computes them, so that what is read is what was computed. They are put together with
Python's operators, and stay in the order in which they were written, as a textbook's do::

    y, yhat = symbol("y", "output", "j"), symbol("ŷ", "output", "j")
    Equation(slope(symbol("E"), yhat), -(y - yhat))        # ∂E/∂ŷ[output.j] = −(y[...] − ŷ[...])

A *quantity* (a symbol, a slope or a function of one) may carry places: a layer, and a unit of it
that is a number or an index letter. ``symbol("w", "input", "i", "hidden1", "j")`` is printed as
``w[input.i->hidden1.j]``, the name that weights have everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "Apply", "Call", "Cases", "Dot", "Equation", "Maths", "Negative", "Number", "Place", "Power",
    "Product", "Quantity", "Quotient", "Same", "Slope", "Sum", "SumOver", "Symbol", "Unit",
    "maths", "negative", "product", "same", "signed", "slope", "sum_over", "symbol", "total",
]  # fmt: skip

Unit = int | str


class Place(NamedTuple):
    """A unit of a layer; the unit is a number or an index letter, the layer may be empty."""

    layer: str
    unit: Unit


class Maths:
    """A formula; the operators put formulas together, numbers among them."""

    def __add__(self, other: Any) -> Maths:
        return total(self, maths(other))

    def __radd__(self, other: Any) -> Maths:
        return total(maths(other), self)

    def __sub__(self, other: Any) -> Maths:
        return total(self, negative(maths(other)))

    def __rsub__(self, other: Any) -> Maths:
        return total(maths(other), negative(self))

    def __mul__(self, other: Any) -> Maths:
        return product(self, maths(other))

    def __rmul__(self, other: Any) -> Maths:
        return product(maths(other), self)

    def __truediv__(self, other: Any) -> Maths:
        return Quotient(self, maths(other))

    def __rtruediv__(self, other: Any) -> Maths:
        return Quotient(maths(other), self)

    def __pow__(self, other: Any) -> Maths:
        return Power(self, maths(other))

    def __neg__(self) -> Maths:
        return negative(self)

    def __str__(self) -> str:
        from .maths_text import text_of

        return text_of(self)

    @property
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        from .maths_latex import latex_of

        return latex_of(self)


@dataclass(frozen=True)
class Number(Maths):
    """A number, and the digits to show of it: all that are needed to read it back, unless given."""

    value: float
    digits: str = ""

    @property
    def shown(self) -> str:
        """The digits, with a true minus sign, and a power of ten as a plain number: 5e−7."""
        digits = self.digits or _plain(self.value)
        return re.sub(r"e\+?(-?)0*(?=\d)", r"e\1", digits).replace("-", "−")


def _plain(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        return repr(int(value))
    mantissa, _, exponent = repr(float(value)).partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


class Quantity(Maths):
    """Something that has a value of its own, which an equation may define."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols that it is made of."""
        raise NotImplementedError

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is, without the units at which it stands."""
        mark = (self.name, self.primes) if isinstance(self, Apply) else type(self).__name__
        return (mark, *((s.name, tuple(p.layer for p in s.places)) for s in self.symbols))

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units at which it stands: numbers and index letters."""
        return tuple(place.unit for found in self.symbols for place in found.places)


@dataclass(frozen=True)
class Symbol(Quantity):
    """A letter with the places it is of, and the letter of the row it is of (empty: the row)."""

    name: str
    places: tuple[Place, ...] = ()
    row: str = ""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Itself."""
        return (self,)


@dataclass(frozen=True)
class Slope(Quantity):
    """The partial derivative ∂of/∂by."""

    of: Symbol
    by: Symbol

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The two that it is of."""
        return (self.of, self.by)


@dataclass(frozen=True)
class Apply(Quantity):
    """A function named by a letter, of a symbol: f(h), or with one prime its slope f'(h)."""

    name: str
    argument: Symbol
    primes: int = 0

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What it is of."""
        return (self.argument,)


@dataclass(frozen=True)
class Sum(Maths):
    """Terms added from the left; a `Negative` one is shown as taken away."""

    terms: tuple[Maths, ...]


@dataclass(frozen=True)
class Product(Maths):
    """Factors, multiplied."""

    factors: tuple[Maths, ...]


@dataclass(frozen=True)
class Quotient(Maths):
    """One formula over another."""

    above: Maths
    below: Maths


@dataclass(frozen=True)
class Power(Maths):
    """A formula to a power."""

    base: Maths
    exponent: Maths


@dataclass(frozen=True)
class Negative(Maths):
    """A formula with a minus before it."""

    inner: Maths


@dataclass(frozen=True)
class Call(Maths):
    """A function of `fallline.formulas.expression_functions`, or clip, of formulas."""

    name: str
    arguments: tuple[Maths, ...]


@dataclass(frozen=True)
class Dot(Maths):
    """The inner product of two vectors."""

    left: Maths
    right: Maths


@dataclass(frozen=True)
class SumOver(Maths):
    """Σ over an index letter that runs through the units of a layer, or through "rows"."""

    index: str
    layer: str
    body: Maths


@dataclass(frozen=True)
class Same(Maths):
    """1 where two units are the same, else 0: Kronecker's delta, written [i = j]."""

    one: Unit
    other: Unit


@dataclass(frozen=True)
class Cases(Maths):
    """The first value whose condition left > right holds (or left < right), else the last."""

    cases: tuple[tuple[Maths, Maths, str, Maths], ...]  # value, left, sign, right
    otherwise: Maths


@dataclass(frozen=True)
class Equation:
    """Formulas joined by signs: ``a = b = c``. Also a block of a `Document`.

    Parameters
    ----------
    *sides
        Two formulas or more (or numbers); what the first is, the others tell.
    signs
        The sign between each two: ``=``, ``≈``, ``←``, ``>``, ``<``, ``≤``, ``≥``; one for all.
    """

    sides: tuple[Maths, ...]
    signs: tuple[str, ...]

    def __init__(self, *sides: Any, signs: str | tuple[str, ...] = "=") -> None:
        object.__setattr__(self, "sides", tuple(map(maths, sides)))
        between = len(sides) - 1
        object.__setattr__(self, "signs", (signs,) * between if isinstance(signs, str) else signs)
        if len(self.signs) != between or not between:
            raise ValueError(f"an equation of {len(sides)} sides has {between} signs, at least one")

    @property
    def lines(self) -> list[list[tuple[str, Maths]]]:
        """The sides after the first with their signs, those that are shown in one line together."""
        found: list[list[tuple[str, Maths]]] = []
        for sign, side in zip(self.signs, self.sides[1:], strict=True):
            if found and isinstance(side, Number):  # a value stands behind its formula
                found[-1].append((sign, side))
            else:
                found.append([(sign, side)])
        return found

    def __str__(self) -> str:
        from .maths_text import text_of_equation

        return text_of_equation(self)

    @property
    def latex(self) -> str:
        """The equation in LaTeX, without dollar signs."""
        from .maths_latex import latex_of_equation

        return latex_of_equation(self)


def signed(term: Maths) -> tuple[bool, Maths]:
    """Return whether a term is taken away, and what is: x of −x, 1 of −1."""
    if isinstance(term, Negative):
        return True, term.inner
    if isinstance(term, Number) and term.shown.startswith("−"):
        return True, Number(-term.value, term.digits.lstrip("-−"))
    return False, term


# --- putting together ---------------------------------------------------------------------------


def maths(value: Any) -> Maths:
    """Return a formula as it is, and a number as a formula."""
    return value if isinstance(value, Maths) else Number(value)


def symbol(name: str, *places: Unit, row: str = "") -> Symbol:
    """Return a letter with places, given as layer, unit, layer, unit, ...

    >>> print(symbol("w", "input", 0, "hidden1", 2), symbol("E"))
    w[input.0->hidden1.2] E
    """
    pairs = zip(places[::2], places[1::2], strict=True)
    return Symbol(name, tuple(Place(str(layer), unit) for layer, unit in pairs), row)


def slope(of: Symbol, by: Symbol) -> Slope:
    """Return ∂of/∂by."""
    return Slope(of, by)


def sum_over(index: str, layer: str, body: Maths) -> Maths:
    """Return Σ of `body` over the units of a layer; a minus or a fraction goes before it.

    >>> print(sum_over("j", "output", -symbol("y") ** 2 * (Number(1) / 2)))
    −Σⱼ y²·½
    >>> print(sum_over("j", "output", Number(1) / 2 * symbol("y") ** 2))
    ½·Σⱼ y²
    """
    if isinstance(body, Negative):
        return negative(sum_over(index, layer, body.inner))
    if isinstance(body, Product) and _is_fraction(body.factors[0]):
        return product(body.factors[0], SumOver(index, layer, product(*body.factors[1:])))
    return SumOver(index, layer, body)


def _is_fraction(node: Maths) -> bool:
    return (
        isinstance(node, Quotient)
        and isinstance(node.above, Number)
        and isinstance(node.below, Number)
    )


def same(one: Unit, other: Unit) -> Maths:
    """Return [one = other]; a number where both are known."""
    if isinstance(one, int) and isinstance(other, int):
        return Number(int(one == other))
    return Same(one, other)


def total(*terms: Maths) -> Maths:
    """Return the sum of these terms, sums among them opened; 0 of none."""
    flat: list[Maths] = []
    for term in terms:
        flat += term.terms if isinstance(term, Sum) else [term]
    kept = [term for term in flat if term != Number(0)]
    if len(kept) < 2:
        return kept[0] if kept else Number(0)
    return Sum(tuple(kept))


def product(*factors: Maths) -> Maths:
    """Return the product of these factors, a minus brought to the front, ones left out."""
    flat: list[Maths] = []
    minus = False
    for factor in factors:
        if isinstance(factor, Negative):
            minus, factor = not minus, factor.inner
        flat += factor.factors if isinstance(factor, Product) else [factor]
    if Number(0) in flat:
        return Number(0)
    kept = [factor for factor in flat if factor != Number(1)]
    made = Product(tuple(kept)) if len(kept) > 1 else kept[0] if kept else Number(1)
    return negative(made) if minus else made


def negative(inner: Maths) -> Maths:
    """Return a formula with a minus before it; two of them vanish."""
    if isinstance(inner, Negative):
        return inner.inner
    if isinstance(inner, Number) and not inner.digits:
        return Number(-inner.value) if inner.value else inner
    return Negative(inner)
