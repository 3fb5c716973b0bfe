"""Formulas as trees: plain, frozen data that can be stored, printed and computed, never executed.

A node is a number, a name, or a function of nodes; the operators are functions too:

=====================  =======================================================
``add``, ``mul``       two nodes or more, taken from the left
``div``, ``pow``       two nodes; the exponent is a constant
``neg``                one node
``if``                 ``if(u, v, a, b)``: a where u > v, else b
names of `FUNCTIONS`   ``exp``, ``max``, ...
=====================  =======================================================

Every tree is made by `node`, which keeps to one form (no sum in the first place of a sum; a minus
stands before the first factor of a product), so that text and tree correspond one to one. Reading
text is the work of ``expression_text``, computing that of ``expression_program``, differentiating
that of ``calculus``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import SpecError, suggest
from .checks import finite_number
from .expression_functions import FUNCTIONS

__all__ = [
    "CONSTANTS",
    "HIGHEST_POWER",
    "Expression",
    "check_numbers",
    "is_negative",
    "negative",
    "node",
    "number",
]

CONSTANTS = {"pi": math.pi}
"""Names that stand for numbers."""

HIGHEST_POWER = 64
"""Of powers within powers multiplied: (z**8)**8 is as high as it gets."""

_MOST_NODES = 10_000  # of any tree: a curvature is far longer than its formula
_DEEPEST = 100
_COUNTS = {
    "add": (2, math.inf), "mul": (2, math.inf), "div": (2, 2), "pow": (2, 2), "neg": (1, 1),
    "if": (4, 4),
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """A formula: a number, a name, or a function of formulas. Make it with `node` or from text.

    Attributes
    ----------
    head
        A number, a name such as ``"z"``, or the name of a function or operator.
    arguments
        What the function is of; empty for numbers and names.

    Examples
    --------
    >>> from fallline.formulas.expression_text import read_expression
    >>> tree = read_expression("z*tanh(softplus(z))", ("z",))
    >>> tree.to_json()
    ['mul', 'z', ['tanh', ['softplus', 'z']]]
    >>> str(Expression.from_json(tree.to_json(), ("z",)))
    'z*tanh(softplus(z))'
    """

    head: float | str
    arguments: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        """Return the text that is read back as this tree."""
        from .expression_print import text_of

        return text_of(self)

    @property
    def latex(self) -> str:
        """The formula in LaTeX."""
        from .expression_print import latex_of

        return latex_of(self)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that the formula depends on."""
        if self.is_name:
            return frozenset({str(self.head)} - set(CONSTANTS))
        return frozenset().union(*(argument.names for argument in self.arguments))

    @property
    def is_name(self) -> bool:
        """Whether this node is a name, of a variable or a constant."""
        return isinstance(self.head, str) and not self.arguments

    def walk(self) -> Iterator[Expression]:
        """Yield this node and all below it."""
        waiting = [self]
        while waiting:
            found = waiting.pop()
            yield found
            waiting.extend(found.arguments)

    def to_json(self) -> Any:
        """Return the tree as plain data: a number, a name, or ``[function, argument, ...]``."""
        if not self.arguments:
            return self.head
        return [self.head, *(argument.to_json() for argument in self.arguments)]

    @classmethod
    def from_json(cls, plain: Any, names: tuple[str, ...]) -> Expression:
        """Return the tree from plain data, in which only these names may stand; all is checked.

        Raises
        ------
        SpecError
            For unknown functions and names, wrong numbers of arguments, numbers that are not
            finite, too high powers, and trees that are too large or too deep.
        """
        seen = 0

        def read(item: Any, depth: int) -> Expression:
            nonlocal seen
            seen += 1
            if seen > _MOST_NODES or depth > _DEEPEST:
                raise SpecError(
                    f"a formula's tree has at most {_MOST_NODES} nodes, {_DEEPEST} deep"
                )
            if isinstance(item, list) and item and isinstance(item[0], str):
                return node(item[0], *(read(argument, depth + 1) for argument in item[1:]))
            if isinstance(item, str) and (item in names or item in CONSTANTS):
                return cls(item)
            if isinstance(item, int | float):
                return number(item)
            raise SpecError(
                "in a formula's tree stands a finite number, a name "
                f"({', '.join(names)}) or a list that begins with a function, not {item!r:.40}"
            )

        tree = read(plain, 1)
        check_numbers(tree)
        return tree


def number(value: object) -> Expression:
    """Return the node of a finite number; whole ones are stored as such: 2 and not 2.0."""
    found = finite_number(value)
    if found is None:
        raise SpecError(f"a number in a formula must be finite, not {value!r:.40}")
    whole = int(found)
    return Expression(whole if whole == found and abs(whole) < 2**53 else found)


def negative(tree: Expression) -> Expression:
    """Return −tree: the minus goes to the number or first factor, and two of them vanish.

    >>> str(negative(Expression("z"))), str(negative(number(-2)))
    ('-z', '2')
    """
    if not isinstance(tree.head, str):
        return number(-tree.head)
    if tree.head == "neg":
        return tree.arguments[0]
    if tree.head in ("mul", "div"):
        first, *others = tree.arguments
        return Expression(tree.head, (negative(first), *others))
    return Expression("neg", (tree,))


def is_negative(tree: Expression) -> bool:
    """Return whether a term begins with a minus, which a sum takes as its own."""
    if not isinstance(tree.head, str):
        return tree.head < 0
    if tree.head in ("mul", "div"):
        return is_negative(tree.arguments[0])
    return tree.head == "neg"


def node(head: str, *arguments: Expression) -> Expression:
    """Return a function of expressions in its one form.

    Raises
    ------
    SpecError
        For an unknown function, or a number of arguments that it does not take.

    Examples
    --------
    >>> z = Expression("z")
    >>> str(node("add", node("add", z, number(1)), node("neg", node("mul", z, z))))
    'z + 1 - z*z'
    """
    if head not in _COUNTS:
        if head not in FUNCTIONS:
            raise SpecError(f"formulas have no function {head!r:.40}; {suggest(head, FUNCTIONS)}")
        head = FUNCTIONS[head].name
    least, most = _COUNTS[head] if head in _COUNTS else FUNCTIONS[head].arguments
    if not least <= len(arguments) <= most:
        wanted = f"{least}" if least == most else f"{least} or more"
        raise SpecError(f"{head} takes {wanted} arguments in a formula, not {len(arguments)}")
    if head == "neg":
        return negative(arguments[0])
    if head in ("add", "mul") and arguments[0].head == head:
        arguments = (*arguments[0].arguments, *arguments[1:])
    if head == "pow" and arguments[1].names:
        raise SpecError(
            f"an exponent must be a constant, not {str(arguments[1])[:60]!r}; write a**b as "
            "exp(b*log(a))"
        )
    return Expression(head, arguments)


def check_numbers(tree: Expression) -> None:
    """Raise a SpecError where a constant part is not finite, or a power is too high."""
    from .expression_program import Program, constant

    def highest(part: Expression) -> float:
        below = max(map(highest, part.arguments), default=1.0)
        if part.head != "pow":
            return below
        power = below * max(1.0, abs(constant(part.arguments[1])))
        if power > HIGHEST_POWER:
            raise SpecError(
                f"the power {str(part)[:60]!r} is too high: powers, and powers within powers "
                f"multiplied, may come to {HIGHEST_POWER}"
            )
        return power

    highest(tree)
    Program(tree)  # computes every constant part
