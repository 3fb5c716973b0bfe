"""Derivatives of formulas: from tree to SymPy, differentiated there, and back to a tree.

SymPy gets expressions built by its constructors from our own trees, never text. Functions that are
stable where their spelling in exponentials is not (softplus, sigmoid, ...) stay functions of their
own, with the derivatives of the table below, so that a stable formula has a stable derivative.
Constants that are no simple fractions travel as symbols, which keeps SymPy's exact arithmetic, and
the digits that the user wrote, as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from types import SimpleNamespace
from typing import Any

from ..errors import MissingExtraError, SpecError
from .expression import Expression, is_negative, negative, node, number

__all__ = ["derivative", "simplified"]

_LONGEST = 2000  # nodes: of the derivative of a formula, and of its derivative's derivative
_SHORT = 100  # operations: of what is brought over one denominator
_SIMPLE = 1000  # the largest numerator and denominator that SymPy computes with

S = Any  # a SymPy expression

# The slopes of functions that SymPy lacks, or has with a wrong slope or none at their kinks.
_SLOPES: dict[str, Callable[[SimpleNamespace, S], S]] = {
    "log1p": lambda f, u: 1 / (1 + u),
    "expm1": lambda f, u: f.exp(u),
    "abs": lambda f, u: f.sign(u),
    "sign": lambda f, u: 0 * u,
    "sigmoid": lambda f, u: f.sigmoid(u) * f.sigmoid(-u),
    "softplus": lambda f, u: f.sigmoid(u),
    "logcosh": lambda f, u: f.tanh(u),
    "relu": lambda f, u: f.choice(u, 0, 1, 0),
}
_NATIVE = ("exp", "log", "tanh", "sinh", "cosh", "sin", "cos", "atan", "erf")


def derivative(tree: Expression, name: str) -> Expression:
    """Return ∂tree/∂name as a tree, in the shorter of SymPy's forms.

    At a kink it has the slope that the formula's functions have there: 0 for ``relu`` and ``abs``
    at 0, that of the last argument where two arguments of ``max`` or ``min`` are equal.

    Parameters
    ----------
    tree
        The formula.
    name
        The name to differentiate for.

    Raises
    ------
    MissingExtraError
        Where SymPy is not installed.
    SpecError
        Where the derivative is too long.

    Examples
    --------
    >>> from fallline.formulas.expression_text import read_expression
    >>> str(derivative(read_expression("z*tanh(2*z)", ("z",)), "z"))
    '2*z*(1 - tanh(2*z)**2) + tanh(2*z)'
    """
    functions, sympy = _functions()
    translation = _Translation(sympy, functions)
    slope = sympy.diff(translation.to_sympy(tree), translation.symbol(name))
    slope = slope.replace(sympy.Abs, functions.abs).replace(sympy.sign, functions.sign)
    return min(map(translation.to_tree, _forms(sympy, slope)), key=_length)


def simplified(tree: Expression) -> Expression:
    """Return a formula with common factors cancelled, where that makes it shorter.

    Raises
    ------
    MissingExtraError
        Where SymPy is not installed.

    Examples
    --------
    >>> from fallline.formulas.expression_text import read_expression
    >>> text = "((1 - y)/(1 - yhat) - y/yhat)*yhat*(1 - yhat)"
    >>> str(simplified(read_expression(text, ("y", "yhat"))))
    'yhat - y'
    """
    functions, sympy = _functions()
    translation = _Translation(sympy, functions)
    form = translation.to_sympy(tree)
    if form.count_ops() > _SHORT:
        return tree
    forms = [form, sympy.cancel(sympy.together(form))]
    return min([tree, *map(translation.to_tree, forms)], key=_length)


def _forms(sympy: Any, slope: S) -> list[S]:
    """Return equal forms, made with bounded effort; none that could newly overflow or cancel."""
    if slope.count_ops() > _LONGEST:
        return [slope]
    factored = sympy.factor_terms(slope)
    forms = [factored, slope]
    # Over one denominator, exp(-u) would become an exp(u) below.
    if slope.count_ops() <= _SHORT and not slope.has(sympy.exp, sympy.sinh, sympy.cosh):
        above, below = factored.as_numer_denom()
        forms += [above / below] if below != 1 else []
    return forms


def _length(tree: Expression) -> int:
    return sum(1 for _ in tree.walk())


@cache
def _functions() -> tuple[SimpleNamespace, Any]:
    """Return SymPy's functions and our own by name, and SymPy."""
    try:
        import sympy
    except ImportError:
        raise MissingExtraError("sympy", "explain", "deriving the slope of a formula") from None
    table = SimpleNamespace(**{name: getattr(sympy, name) for name in _NATIVE})

    def own(name: str, **methods: Any) -> None:
        setattr(table, name, type(sympy.Function)(name, (sympy.Function,), methods))

    def by_slope(slope: Callable[[SimpleNamespace, S], S]) -> Callable[..., S]:
        return lambda self, argindex=1: sympy.sympify(slope(table, self.args[0]))

    for name, slope in _SLOPES.items():
        own(name, nargs=1, fdiff=by_slope(slope))

    def choice(self: S, symbol: S) -> S:
        u, v, a, b = self.args
        return table.choice(u, v, a.diff(symbol), b.diff(symbol))

    def greatest(self: S, symbol: S) -> S:
        a, b = self.args
        return table.choice(a, b, a.diff(symbol), b.diff(symbol))

    def least(self: S, symbol: S) -> S:
        a, b = self.args
        return table.choice(b, a, a.diff(symbol), b.diff(symbol))

    def same(cls: S, u: S, v: S, a: S, b: S) -> S | None:
        return a if a == b else None  # SymPy's hook: the value, or None to stay as it is

    own("choice", nargs=4, _eval_derivative=choice, eval=classmethod(same))
    own("max", nargs=2, _eval_derivative=greatest)
    own("min", nargs=2, _eval_derivative=least)
    return table, sympy


class _Translation:
    """Between trees and SymPy, remembering which constants became symbols."""

    def __init__(self, sympy: Any, functions: SimpleNamespace) -> None:
        self.sympy = sympy
        self.functions = functions
        self.constants: dict[S, Expression] = {}

    def symbol(self, name: str) -> S:
        return self.sympy.Symbol(name, real=True)

    def to_sympy(self, tree: Expression) -> S:
        if not tree.names:
            return self._constant(tree)
        if not tree.arguments:
            return self.symbol(str(tree.head))
        parts = [self.to_sympy(part) for part in tree.arguments]
        match tree.head:
            case "add":
                return self.sympy.Add(*parts)
            case "mul":
                return self.sympy.Mul(*parts)
            case "div":
                return parts[0] / parts[1]
            case "pow":
                return parts[0] ** self._exponent(tree.arguments[1])
            case "neg":
                return -parts[0]
            case "sqrt":
                return self.sympy.sqrt(parts[0])
            case "if":
                return self.functions.choice(*parts)
            case "max" | "min":
                pair = getattr(self.functions, tree.head)
                first, *others = parts
                for other in others:
                    first = pair(first, other)
                return first
        return getattr(self.functions, str(tree.head))(*parts)

    def _exponent(self, tree: Expression) -> S:
        """Return an exponent as a fraction: of a symbol, u**c would have the slope c*u**c/u."""
        from .expression_program import constant

        exact = _fraction(tree) or Fraction(repr(constant(tree)))
        return self.sympy.Rational(exact.numerator, exact.denominator)

    def _constant(self, tree: Expression) -> S:
        if fraction := _fraction(tree):
            return self.sympy.Rational(fraction.numerator, fraction.denominator)
        if tree.head == "neg" or tree != negative(negative(tree)):
            return -self._constant(negative(tree))
        from .expression_program import constant

        value = constant(tree)
        sign = {"positive": True} if value > 0 else {"negative": True} if value < 0 else {}
        known = {kept: made for made, kept in self.constants.items()}
        made = known.get(tree) or self.sympy.Dummy(f"c{len(known)}", real=True, **sign)
        self.constants[made] = tree
        return made

    def to_tree(self, form: S) -> Expression:
        self.left = _LONGEST
        return self._tree(form)

    def _tree(self, form: S) -> Expression:
        self.left -= 1
        if self.left < 0:
            raise SpecError(f"its derivative has more than {_LONGEST} parts; write a shorter one")
        if form in self.constants:
            return self.constants[form]
        if form == self.sympy.pi:
            return Expression("pi")
        if form.is_Symbol:
            return Expression(form.name)
        if form.is_Rational:
            return _quotient(int(form.p), int(form.q))
        if form.is_Add:
            return self._sum(form)
        if form.is_Mul:
            return self._product(form)
        if form.is_Pow:
            return self._power(form.base, form.exp)
        name = form.func.__name__
        return node("if" if name == "choice" else name, *map(self._tree, form.args))

    def _sum(self, form: S) -> Expression:
        terms = [self._tree(term) for term in form.as_ordered_terms()]
        return node("add", *sorted(terms, key=_comes_last))

    def _product(self, form: S) -> Expression:
        above: list[S] = []
        below: list[S] = []
        for factor in form.as_ordered_factors():
            if factor.is_Rational:
                above += [factor.p] if abs(factor.p) != 1 or factor.p < 0 else []
                below += [factor.q] if factor.q != 1 else []
            elif factor.is_Pow and factor.exp.is_negative:
                below.append(factor.base**-factor.exp)
            else:  # exp(-u) too: exp(u) below could overflow
                above.append(factor)
        numerator = self._factors(above)
        return node("div", numerator, self._factors(below)) if below else numerator

    def _factors(self, parts: list[S]) -> Expression:
        first, *others = [self._tree(self.sympy.sympify(part)) for part in parts or [1]]
        if first.head == -1 and others:
            first, *others = negative(others[0]), *others[1:]
        return node("mul", first, *others) if others else first

    def _power(self, base: S, exponent: S) -> Expression:
        if exponent.is_negative:
            below = self._power(base, -exponent)
            return node("div", number(1), below)
        if exponent == 1:
            return self._tree(base)
        if exponent == self.sympy.Rational(1, 2):
            return node("sqrt", self._tree(base))
        return node("pow", self._tree(base), self._tree(exponent))


def _comes_last(term: Expression) -> int:
    """Return the order in a sum: variable terms, constants, and what begins with a minus."""
    return 2 * is_negative(term) + (not term.names)


def _fraction(tree: Expression) -> Fraction | None:
    """Return the simple fraction that a tree is: a number or a quotient of two."""
    if tree.head == "div":
        above, below = map(_fraction, tree.arguments)
        found = above / below if above is not None and below else None
    else:
        found = None if isinstance(tree.head, str) else Fraction(repr(tree.head))
    if found is None or max(abs(found.numerator), found.denominator) > _SIMPLE:
        return None
    return found


def _quotient(above: int, below: int) -> Expression:
    """Return a fraction as a number where it has few decimals, else as a quotient."""
    value = above / below
    if below == 1 or (len(repr(value)) < 8 and Fraction(repr(value)) == Fraction(above, below)):
        return number(value if below > 1 else above)
    return node("div", number(above), number(below))
