"""Where a formula may break: the edges at which a part of it may have no value, jump or bend.

A divisor, the base of a root or a negative power and what a logarithm is of have their edge at 0;
``abs``, ``sign``, ``relu``, ``max``, ``min`` and ``if`` switch where two things are equal. All else
that formulas are made of is smooth. So a pole, however narrow, and a jump or a kink, however small,
are found as zeros of these parts, where the values of the formula itself would not show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from .expression import Expression, negative, node, number

if TYPE_CHECKING:
    from ..arrays import Floats

__all__ = ["edges", "zeros"]

Function = Callable[[Any], Any]  # from an array (n,) to one

_HALVINGS, _THIRDS = 70, 80  # of an interval: to where numbers end
_MOST = 5000  # zeros of one part; those next to 0 are kept
_SAME_ZEROS = frozenset({"neg", "abs", "sign", "sqrt", "mul", "div", "pow"})


def edges(trees: Iterable[Expression]) -> list[Expression]:
    """Return the parts that are 0 wherever one of these formulas may break.

    Examples
    --------
    >>> from fallline.formulas.expression_text import read_expression
    >>> tree = read_expression("max(z, 1)/(z - 3)**2 + log(z*exp(z))", ("z",))
    >>> [str(part) for part in edges([tree])]
    ['z', 'exp(z)', 'z - 3', 'z - 1']
    """
    found = {
        factor: None
        for tree in trees
        for part in tree.walk()
        for edge in _edges_of(part)
        for factor in _factors(edge)
        if factor.names
    }
    return list(found)


def _edges_of(part: Expression) -> Iterator[Expression]:
    """Yield what is 0 where this one operation breaks."""
    match part.head, part.arguments:
        case "div", (_, below):
            yield below
        case "pow", (base, exponent) if not _is_count(exponent):
            yield base
        case "log" | "sqrt" | "abs" | "sign" | "relu", (inner,):
            yield inner
        case "log1p", (inner,):
            yield node("add", inner, number(1))
        case "if", (left, right, *_):
            yield _minus(left, right)
        case "max" | "min", several:
            yield from (_minus(one, other) for one, other in combinations(several, 2))


def _is_count(exponent: Expression) -> bool:
    """Return whether this is a whole number of at least 0, written as one."""
    return isinstance(exponent.head, int) and exponent.head >= 0


def _minus(one: Expression, other: Expression) -> Expression:
    return one if other.head == 0 else node("add", one, negative(other))


def _factors(part: Expression) -> Iterator[Expression]:
    """Yield parts that have the zeros of a product or power, but pass through them."""
    if part.head not in _SAME_ZEROS:
        yield part
        return
    kept = part.arguments if part.head == "mul" else part.arguments[:1]
    for argument in kept:
        yield from _factors(argument)


def zeros(function: Function, grid: Floats) -> Floats:
    """Return where a function crosses or touches 0, or comes close to it, along a rising grid.

    Parameters
    ----------
    function
        From points (n,) to values (n,).
    grid
        (m,) rising points; what happens twice between two of them may be overlooked.

    Examples
    --------
    >>> import numpy as np
    >>> zeros(lambda z: z * z - 2, np.linspace(-3, 3, 50)).round(6).tolist()
    [-1.414214, 1.414214]
    """
    import numpy as np

    values = function(grid)
    sides = _sides(values)
    at = np.flatnonzero(sides[:-1] != sides[1:])
    crossed = _crossings(function, grid[at], grid[at + 1], sides[at])
    size = np.abs(values)
    low = (size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:])
    low |= (size[1:-1] <= size[:-2]) & (size[1:-1] < size[2:])
    low &= (sides[1:-1] == sides[:-2]) & (sides[1:-1] == sides[2:])
    at = np.flatnonzero(low)
    touched = _least(function, grid[at], grid[at + 2])
    found = np.unique(np.concatenate([crossed, touched]))
    if len(found) > _MOST:
        found = np.sort(found[np.argsort(np.abs(found))[:_MOST]])
    return found


def _sides(values: Floats) -> Floats:
    """Return -1, 0, 1, or 2 where there is no number."""
    import numpy as np

    return np.where(np.isnan(values), 2.0, np.sign(values))


def _crossings(function: Function, low: Floats, high: Floats, side: Floats) -> Floats:
    """Return where the side changes, by halving intervals at whose lower ends it is `side`."""
    import numpy as np

    for _ in range(_HALVINGS if len(low) else 0):
        middle = (low + high) / 2
        same = _sides(function(middle)) == side
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.asarray(np.where(function(high) == 0, high, low)) if len(low) else low


def _least(function: Function, low: Floats, high: Floats) -> Floats:
    """Return where a function comes closest to 0 in each interval, by cutting thirds away."""
    import numpy as np

    for _ in range(_THIRDS if len(low) else 0):
        third = (high - low) / 3
        left = np.abs(function(low + third)) <= np.abs(function(high - third))
        low, high = np.where(left, low, low + third), np.where(left, high - third, high)
    return np.asarray((low + high) / 2)
