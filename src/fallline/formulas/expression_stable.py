"""Spellings that overflow, replaced by functions that do not.

exp(z) overflows beyond z = 709 (88 in float32), which spoils a formula whose own value is modest.
The spellings that people write are known, and so are their stable equals:

===============================  ==========================
``log(1 + exp(u))``              ``softplus(u)``
``log1p(exp(u))``                ``softplus(u)``
``log(exp(a) + exp(b))``         ``b + softplus(a - b)``
``a/(1 + exp(u))``               ``a*sigmoid(-u)``
``exp(u)/(1 + exp(u))``          ``sigmoid(u)``
``log(sigmoid(u))``              ``-softplus(-u)``
``log(cosh(u))``                 ``logcosh(u)``
``sinh(u)/cosh(u)``              ``tanh(u)``
===============================  ==========================

also (eᵘ − e⁻ᵘ)/(eᵘ + e⁻ᵘ), (e²ᵘ − 1)/(e²ᵘ + 1) and (1 − e⁻²ᵘ)/(1 + e⁻²ᵘ), which are tanh(u) too.
"""

from __future__ import annotations

from .expression import Expression, negative, node, number

__all__ = ["stable"]


def stable(tree: Expression) -> Expression:
    """Return an equal formula without the known spellings that overflow.

    >>> from fallline.formulas.expression_text import read_expression
    >>> str(read_expression("2*z*exp(z)/(exp(z) + 1)", ("z",)))
    '2*z*sigmoid(z)'
    """
    if not tree.arguments:
        return tree
    made = node(str(tree.head), *map(stable, tree.arguments))
    if made.head in ("log", "log1p"):
        return _logarithm(made)
    return _quotient(made) if made.head == "div" else made


def _exponent(tree: Expression) -> Expression | None:
    """Return u where a tree is exp(u)."""
    return tree.arguments[0] if tree.head == "exp" else None


def _one_plus_exp(tree: Expression) -> Expression | None:
    """Return u where a tree is 1 + exp(u), in either order."""
    if tree.head != "add" or len(tree.arguments) != 2:
        return None
    one, other = sorted(tree.arguments, key=lambda term: term.head != 1)
    return _exponent(other) if one.head == 1 else None


def _logarithm(tree: Expression) -> Expression:
    inner = tree.arguments[0]
    if tree.head == "log1p":
        u = _exponent(inner)
        return tree if u is None else node("softplus", u)
    if (u := _one_plus_exp(inner)) is not None:
        return node("softplus", u)
    if inner.head == "cosh":
        return node("logcosh", *inner.arguments)
    if inner.head == "sigmoid":
        return negative(node("softplus", negative(inner.arguments[0])))
    if inner.head == "add" and len(inner.arguments) == 2:
        a, b = map(_exponent, inner.arguments)
        if a is not None and b is not None:
            return node("add", b, node("softplus", node("add", a, negative(b))))
    return tree


def _quotient(tree: Expression) -> Expression:
    above, below = tree.arguments
    if (u := _tanh_of(above, below)) is not None:
        return node("tanh", u)
    if (u := _one_plus_exp(below)) is None:
        return tree
    factors = above.arguments if above.head == "mul" else (above,)
    grows = next((factor for factor in factors if _exponent(factor) == u), None)
    bounded = node("sigmoid", negative(u) if grows is None else u)
    at = factors.index(grows) if grows is not None else len(factors)
    kept = (*factors[:at], *factors[at + 1 :], bounded)
    if kept[0].head == 1:  # 1*sigmoid(u)
        kept = kept[1:]
    if kept[0].head == -1 and len(kept) == 2:
        return negative(bounded)
    return node("mul", *kept) if len(kept) > 1 else bounded


def _tanh_of(above: Expression, below: Expression) -> Expression | None:
    """Return u where above/below is tanh(u) in sinh and cosh or in exponentials."""
    if above.head == "sinh" and below == node("cosh", *above.arguments):
        return above.arguments[0]
    if above.head != "add" or below.head != "add" or len(above.arguments) != 2:
        return None
    first, second = above.arguments
    if below.arguments not in ((first, negative(second)), (negative(second), first)):
        return None
    u, w = _exponent(first), _exponent(negative(second))
    if u is not None and w == negative(u):
        return u
    if u is not None and second.head == -1:
        return node("div", u, number(2))
    return node("div", negative(w), number(2)) if w is not None and first.head == 1 else None
