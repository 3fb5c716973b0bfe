"""From the formulas of fallline's tables to those of documents, and their slopes as in textbooks.

A table's text is read by the whitelist of ``expression_text`` and differentiated by SymPy, through
``calculus``. What SymPy gives is then written as textbooks do: the slope of a sigmoid as o(1 − o),
in its own output.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from ..formulas.calculus import simplified
from ..formulas.expression import Expression, is_negative, negative, node, number
from ..formulas.expression_text import read_expression
from .maths import Call, Cases, Maths, Negative, Number, Power, Quotient, maths, product, total

__all__ = ["branches", "in_output", "read", "spelled_out", "switches", "to_maths"]

_SWITCHES = frozenset({"if", "max", "min", "abs", "sign", "relu"})


def read(text: str, *names: str) -> Expression:
    """Return the tree of a table's formula."""
    return read_expression(text, names)


def to_maths(tree: Expression, names: Mapping[str, Maths]) -> Maths:
    """Return a tree as a formula, each of its names replaced.

    >>> from fallline.explain.maths import symbol
    >>> tree = read("(y - yhat)**2/2", "y", "yhat")
    >>> print(to_maths(tree, {"y": symbol("y"), "yhat": symbol("ŷ")}))
    ½·(y − ŷ)²
    """
    if not isinstance(tree.head, str):
        return maths(tree.head)
    if not tree.arguments:
        return names.get(tree.head) or _constant(tree.head)
    parts = [to_maths(part, names) for part in tree.arguments]
    match tree.head:
        case "add":
            return total(*parts)
        case "mul":
            return product(*parts)
        case "div":
            return _quotient(*parts)
        case "pow":
            return Power(*parts)
        case "neg":
            return -parts[0]
        case "if":
            return _cases(*parts)
    return Call(str(tree.head), tuple(parts))


def _constant(name: str) -> Maths:
    from ..formulas.expression import CONSTANTS

    return Number(CONSTANTS[name], "π" if name == "pi" else "")


def _quotient(above: Maths, below: Maths) -> Maths:
    """Return a quotient; a half stands before what it halves."""
    if isinstance(above, Negative):
        return -_quotient(above.inner, below)
    if below == Number(2) and above != Number(1):
        return product(Quotient(Number(1), Number(2)), above)
    return Quotient(above, below)


def _cases(left: Maths, right: Maths, value: Maths, otherwise: Maths) -> Maths:
    """Return a choice; what is chosen otherwise joins its own cases."""
    sign = ">"
    if isinstance(left, Number) and not isinstance(right, Number):
        left, right, sign = right, left, "<"
    first = (value, left, sign, right)
    if isinstance(otherwise, Cases):
        return Cases((first, *otherwise.cases), otherwise.otherwise)
    return Cases((first,), otherwise)


# --- spellings -----------------------------------------------------------------------------------


def spelled_out(tree: Expression) -> Expression:
    """Return a formula in the functions that everybody knows: sigmoid(u) as 1/(1 + exp(−u)).

    >>> print(spelled_out(read("z*sigmoid(z)", "z")))
    z/(1 + exp(-z))
    """
    if not tree.arguments:
        return tree
    parts = [spelled_out(part) for part in tree.arguments]
    if tree.head == "mul" and tree.arguments[-1].head == "sigmoid":
        *others, last = parts  # last is 1/(1 + exp(−u))
        above = node("mul", *others) if len(others) > 1 else others[0]
        return node("div", above, last.arguments[1])
    u = parts[0]
    match tree.head:
        case "sigmoid":
            return node("div", number(1), _one_plus_exp(u))
        case "softplus":
            return node("log", node("add", number(1), node("exp", u)))
        case "logcosh":
            return node("log", node("cosh", u))
        case "relu":
            return node("max", u, number(0))
    return node(str(tree.head), *parts)


def _one_plus_exp(u: Expression) -> Expression:
    return node("add", number(1), node("exp", negative(u)))


def in_output(slope: Expression, f: Expression) -> Expression:
    """Return a slope with the unit's own output o in it, wherever that stands.

    >>> from fallline.formulas.calculus import derivative
    >>> f = read("tanh(z)", "z")
    >>> print(in_output(derivative(f, "z"), f))
    1 - o**2
    """
    slope = _without_mirrors(slope)
    return slope if f.is_name else _replaced(slope, f)


def _without_mirrors(tree: Expression) -> Expression:
    """Return a formula with 1 − sigmoid(u) for sigmoid(−u), and sigmoids first in products."""
    if not tree.arguments:
        return tree
    parts = [_without_mirrors(part) for part in tree.arguments]
    if tree.head == "sigmoid" and is_negative(parts[0]):
        return node("add", number(1), negative(node("sigmoid", negative(parts[0]))))
    if tree.head == "mul":
        parts.sort(key=lambda part: part.head == "add")
    return node(str(tree.head), *parts)


def _replaced(tree: Expression, f: Expression) -> Expression:
    if tree == f:
        return Expression("o")
    if not tree.arguments:
        return tree
    return node(str(tree.head), *(_replaced(part, f) for part in tree.arguments))


# --- pieces --------------------------------------------------------------------------------------


def branches(f: Expression, kinks: tuple[float, ...]) -> list[Expression]:
    """Return what a formula is between kinks, from above the last to below the first.

    Between two neighbours no switch of the formula (``max``, ``if``, ...) may change its mind.

    >>> [str(f) for f in branches(read("max(z, 0) + 0.1*min(z, 0)", "z"), (0.0,))]
    ['z', '0.1*z']
    """
    ends = sorted(kinks)
    inside = [(low + high) / 2 for low, high in pairwise(ends)]
    points = [ends[-1] + 1, *reversed(inside), ends[0] - 1]
    return [simplified(_pruned(f, point)) for point in points]


def switches(tree: Expression) -> bool:
    """Return whether a formula has a part that changes its mind somewhere."""
    return any(part.head in _SWITCHES for part in tree.walk())


def _pruned(tree: Expression, point: float) -> Expression:
    """Return a formula with each switch as it stands at a point."""
    if not tree.arguments:
        return tree
    parts = [_pruned(part, point) for part in tree.arguments]
    if tree.head not in _SWITCHES:
        return _folded(node(str(tree.head), *parts))
    values = [_at(part, point) for part in parts]
    match tree.head:
        case "max" | "min":
            pick = max if tree.head == "max" else min
            return parts[values.index(pick(values))]
        case "if":
            return parts[2] if values[0] > values[1] else parts[3]
        case "sign":
            return number((values[0] > 0) - (values[0] < 0))
        case "relu":
            return parts[0] if values[0] > 0 else number(0)
    return parts[0] if values[0] > 0 else negative(parts[0])


def _folded(tree: Expression) -> Expression:
    """Return a formula without terms of 0; a constant that comes out whole as a number."""
    from ..formulas.expression_program import constant

    if not tree.names:
        value = constant(tree)
        return number(value) if value.is_integer() else tree
    if tree.head == "add":
        kept = [part for part in tree.arguments if part.head != 0]
        return node("add", *kept) if len(kept) > 1 else kept[0]
    return tree


def _at(tree: Expression, point: float) -> float:
    """Return the value of a formula in z at a point."""
    import numpy as np

    from ..formulas.expression_program import Program

    return float(Program(tree)(np, z=np.array([point]))[0])
