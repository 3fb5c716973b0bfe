"""L-BFGS by its own rule: the two-loop recursion for the direction, and the search along it."""

from __future__ import annotations

from collections.abc import Iterator

from ..formulas.optimizers import LBFGS
from .derive_notation import Step
from .maths import Apply, Call, Dot, Equation, Maths, Number, Slope, Sum, Symbol, symbol

__all__ = ["SEARCHED", "lbfgs_steps"]

SEARCHED = symbol("w_new")
"""All the weights at a length that the search tries: no quantity of one row."""


def lbfgs_steps(method: LBFGS, gradient: Slope) -> Iterator[Step]:
    """Yield the steps of one iteration of L-BFGS.

    Source: Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithms 7.4 and 7.5.
    """
    yield _direction(method, gradient)
    yield _search(method)


def _at(name: str, index: str = "i") -> Symbol:
    return symbol(name, "", index)


def _direction(method: LBFGS, gradient: Slope) -> Step:
    s, y, share = _at("s"), _at("y"), _at("a")
    q, p, g = symbol("q"), symbol("p"), symbol("g")
    last_s, last_y = _at("s", "m"), _at("y", "m")
    equations = (
        Equation(s, Sum((_at("w", "i+1"), -_at("w"))), signs="="),
        Equation(y, Sum((_at("g", "i+1"), -_at("g"))), signs="="),
        Equation(q, -g, signs="←"),
        Equation(share, Dot(s, q) / Dot(s, y), signs="←"),
        Equation(q, q - share * y, signs="←"),
        Equation(p, q * (Dot(last_s, last_y) / Dot(last_y, last_y)), signs="←"),
        Equation(p, p + s * (share - Dot(y, p) / Dot(s, y)), signs="←"),
    )
    why = (
        "Takes all rows at once. Newton's direction is p = −H·g, with H the inverse of the "
        "curvature, and g = ", gradient, f" of all weights and biases. H is never formed: the last "
        f"{method.memory} steps s and the changes y of the gradient along them tell of it. From "
        "the newest pair to the oldest, the two lines with a are done; then p is scaled by the "
        "newest pair m; and from the oldest to the newest the last line is done. Without pairs "
        "p = −g: plain descent.",
    )  # fmt: skip
    return Step("The direction of L-BFGS", why, equations)


def _search(method: LBFGS) -> Step:
    w, p, a, g = symbol("w"), symbol("p"), symbol("α"), symbol("g")
    there, start = SEARCHED, symbol("w")
    fall, flat = symbol("c_1"), symbol("c_2")

    def slope_at(point: Symbol) -> Maths:
        return Dot(Apply("∇J", point), p)

    along = Dot(g, p)
    equations = (
        Equation(there, w + a * p),
        Equation(Apply("J", there), Apply("J", start) + fall * a * along, signs="≤"),
        Equation(_size(slope_at(there)), flat * _size(along), signs="≤"),
    )
    why = (
        "How far to go along p is searched, so that no learning rate is needed. A length α will do "
        "where J fell enough for it, and where the slope along p has become flat enough (the "
        "strong Wolfe conditions, with ",
        Equation(fall, Number(method.fall)), ", ", Equation(flat, Number(method.flat)),
        f"). It ends where no entry of the gradient exceeds {method.tolerance:g}.",
    )  # fmt: skip
    return Step("The search along that direction", why, equations)


def _size(inner: Maths) -> Maths:
    return Call("abs", (inner,))
