"""Printing formulas: the text that is read back as the same tree, and LaTeX."""

from __future__ import annotations

from .expression import Expression, is_negative, negative
from .expression_functions import FUNCTIONS

__all__ = ["latex_of", "text_of"]

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)  # what binds tighter is greater
_LATEX_NAMES = {"yhat": r"\hat{y}", "pi": r"\pi"}


def _level(tree: Expression) -> int:
    """Return how tightly the text of a node binds."""
    if not isinstance(tree.head, str):
        return _SIGN if tree.head < 0 else _ATOM
    return {"add": _SUM, "mul": _PRODUCT, "div": _PRODUCT, "neg": _SIGN, "pow": _POWER}.get(
        tree.head, _ATOM
    )


def text_of(tree: Expression) -> str:
    """Return the canonical text of a formula: `read_expression` reads it back as the same tree.

    >>> from fallline.formulas.expression_text import read_expression
    >>> text_of(read_expression("(-1 if z<=0 else -z)*2  -  -3*z/(y+1)", ("z", "y")))
    '(-z if z > 0 else -1)*2 + 3*z/(y + 1)'
    """
    head, parts = tree.head, tree.arguments
    if not isinstance(head, str):
        return repr(head)
    if not parts:
        return head
    match head:
        case "add":
            return _terms([(_bracketed(p, _PRODUCT), q) for p, q in _signed(parts)])
        case "mul":
            first, *others = parts
            rest = [_bracketed(factor, _POWER) for factor in others]
            return "*".join([_bracketed(first, _PRODUCT), *rest])
        case "div":
            return f"{_bracketed(parts[0], _PRODUCT)}/{_bracketed(parts[1], _POWER)}"
        case "pow":
            plain = not isinstance(parts[1].head, str)
            exponent = text_of(parts[1]) if plain else _bracketed(parts[1], _ATOM)
            return f"{_bracketed(parts[0], _ATOM)}**{exponent}"
        case "neg":
            return f"-{_bracketed(parts[0], _POWER)}"
        case "if":
            u, v, a, b = map(text_of, parts)
            return f"({a} if {u} > {v} else {b})"
    return f"{head}({', '.join(map(text_of, parts))})"


def _bracketed(tree: Expression, least: int) -> str:
    return text_of(tree) if _level(tree) >= least else f"({text_of(tree)})"


def _signed(terms: tuple[Expression, ...]) -> list[tuple[Expression, str]]:
    """Return each term of a sum with its sign; the first keeps its own."""
    first, *others = terms
    split = [(negative(t), "-") if is_negative(t) else (t, "+") for t in others]
    return [(first, ""), *split]


def _terms(written: list[tuple[str, str]]) -> str:
    return "".join(f" {sign} {text}" if sign else text for text, sign in written)


def latex_of(tree: Expression) -> str:
    r"""Return a formula in LaTeX.

    >>> from fallline.formulas.expression_text import read_expression
    >>> print(latex_of(read_expression("z/(1 + exp(-2*z))**2", ("z",))))
    \frac{z}{\left(1 + e^{-2 z}\right)^{2}}
    """
    head, parts = tree.head, tree.arguments
    if not isinstance(head, str):
        mantissa, _, exponent = repr(head).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
    if not parts:
        return _LATEX_NAMES.get(head, head)
    match head:
        case "add":
            return _terms([(_braced(p, _PRODUCT), q) for p, q in _signed(parts)])
        case "mul":
            first, *others = parts
            rest = [_factor(factor) for factor in others]
            return " ".join([_braced(first, _PRODUCT), *rest])
        case "div" if is_negative(parts[0]):
            return rf"-\frac{{{latex_of(negative(parts[0]))}}}{{{latex_of(parts[1])}}}"
        case "div":
            return rf"\frac{{{latex_of(parts[0])}}}{{{latex_of(parts[1])}}}"
        case "pow":
            plain = not parts[0].arguments and _level(parts[0]) == _ATOM
            base = latex_of(parts[0]) if plain else rf"\left({latex_of(parts[0])}\right)"
            return f"{base}^{{{latex_of(parts[1])}}}"
        case "neg":
            return f"-{_braced(parts[0], _PRODUCT)}"
        case "if":
            u, v, a, b = map(latex_of, parts)
            return rf"\begin{{cases}} {a} & {u} > {v} \\ {b} & \text{{otherwise}} \end{{cases}}"
    return FUNCTIONS[head].latex.format(", ".join(map(latex_of, parts)))


def _braced(tree: Expression, least: int) -> str:
    text = latex_of(tree)
    return text if _level(tree) >= least else rf"\left({text}\right)"


def _factor(tree: Expression) -> str:
    """Return a factor after the first: in brackets where a sign or digit would run into it."""
    if not isinstance(tree.head, str) and tree.head >= 0:
        return rf"\cdot {latex_of(tree)}"
    return _braced(tree, _POWER) if tree.head != "div" else latex_of(tree)
