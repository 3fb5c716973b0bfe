"""Computing a formula's tree over an array namespace: a list of steps, each part only once."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

from ..errors import SpecError
from .expression import CONSTANTS, Expression
from .expression_functions import FUNCTIONS, SCALARS, greater

__all__ = ["Program", "constant"]

A = Any  # an array of the namespace xp, or a plain number


def _from_left(join: Callable[[A, A], A]) -> Callable[..., A]:
    def value(xp: A, first: A, *others: A) -> A:
        for other in others:
            first = join(first, other)
        return first

    return value


_OPERATORS: dict[str, Callable[..., A]] = {
    "add": _from_left(lambda a, b: a + b),
    "mul": _from_left(lambda a, b: a * b),
    "div": lambda xp, a, b: a / b,
    "neg": lambda xp, a: -a,
    "if": greater,
}


def constant(tree: Expression) -> float:
    """Return the number that a formula without names is.

    Raises
    ------
    SpecError
        Where it is not finite, as ``log(0)`` is not.
    """
    if not isinstance(tree.head, str):
        return float(tree.head)
    if not tree.arguments:
        return CONSTANTS[tree.head]
    below = [constant(argument) for argument in tree.arguments]
    return _scalar(tree, below)


def _scalar(tree: Expression, below: list[float]) -> float:
    try:
        # math.pow and not **, which makes a complex number of a negative number's root.
        value = math.pow(*below) if tree.head == "pow" else _function(tree)(SCALARS, *below)
    except (ValueError, OverflowError, ZeroDivisionError):
        value = math.nan
    if not math.isfinite(value):
        raise SpecError(f"the part {str(tree)[:60]!r} of a formula is not a finite number")
    return float(value)


def _function(tree: Expression) -> Callable[..., A]:
    """Return what computes a node from its arguments; of a power, from its base."""
    head = str(tree.head)
    if head == "pow":
        exponent = constant(tree.arguments[1])
        # A whole exponent as int: arrays then multiply, and negative bases have powers.
        n = int(exponent) if exponent.is_integer() else exponent
        return lambda xp, base: base**n
    return _OPERATORS.get(head) or FUNCTIONS[head].value


class _Step(NamedTuple):
    part: Expression
    constant: float | None  # its value, where it depends on no name
    function: Callable[..., A] | None  # None for names and constants
    arguments: tuple[int, ...]  # the steps whose results it takes


class Program:
    """What computes a formula: ``program(xp, z=array)``.

    Parameters
    ----------
    tree
        The formula.

    Raises
    ------
    SpecError
        Where a constant part of it is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from fallline.formulas.expression_text import read_expression
    >>> square = Program(read_expression("z**2 + 1", ("z",)))
    >>> square(np, z=np.array([1.0, 3.0]))
    array([ 2., 10.])
    """

    def __init__(self, tree: Expression) -> None:
        self.tree = tree
        self._steps: list[_Step] = []
        self._place(tree, {})

    def _place(self, part: Expression, places: dict[Expression, int]) -> int:
        if part in places:
            return places[part]
        taken = part.arguments[:1] if part.head == "pow" and part.names else part.arguments
        below = tuple(self._place(argument, places) for argument in taken)
        if part.names:
            step = _Step(part, None, _function(part) if part.arguments else None, below)
        elif part.arguments:
            values = [self._steps[i].constant or 0.0 for i in below]
            step = _Step(part, _scalar(part, values), None, ())
        else:
            step = _Step(part, constant(part), None, ())
        self._steps.append(step)
        places[part] = len(self._steps) - 1
        return places[part]

    @property
    def steps(self) -> list[tuple[Expression, float | None, tuple[int, ...]]]:
        """Each part once: the part, its value if it is constant, and the steps it is made of."""
        return [(part, fixed, arguments) for part, fixed, _, arguments in self._steps]

    def __call__(self, xp: A, **values: A) -> A:
        """Return the formula's value, elementwise, for arrays by name, in their dtype.

        A formula without names has the first array's shape, and is NaN where that is.
        """
        result = self._results(xp, values)[-1]
        if isinstance(result, float):
            first = next(iter(values.values()))
            result = xp.where(first == first, xp.full_like(first, result), first)
        return result

    def fault(self, xp: A, **values: A) -> Expression:
        """Return the first part of the formula that is not finite somewhere in these arrays."""
        for step, result in zip(self._steps, self._results(xp, values), strict=True):
            if not bool(xp.all(xp.isfinite(result))):
                return step.part
        return self.tree

    def _results(self, xp: A, values: dict[str, A]) -> list[A]:
        results: list[A] = []
        # A part may overflow where the whole does not, as in 1/cosh(z).
        with xp.errstate(all="ignore") if hasattr(xp, "errstate") else nullcontext():
            for part, fixed, function, arguments in self._steps:
                if function is not None:
                    results.append(function(xp, *(results[i] for i in arguments)))
                else:
                    results.append(values[str(part.head)] if fixed is None else fixed)
        return results
