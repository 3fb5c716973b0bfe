"""Reading formulas that people write, as text.

The text is cut into numbers, names and signs by a pattern of our own; what passes is parsed by
Python's ``ast`` and walked through a whitelist. It is never executed, and never handed to SymPy.
"""

from __future__ import annotations

import ast
import re
import warnings

from ..errors import SpecError, suggest
from .expression import CONSTANTS, Expression, check_numbers, node, number
from .expression_functions import FUNCTIONS
from .expression_stable import stable

__all__ = ["mentions", "read_expression"]

_LONGEST = 1000  # characters
_DEEPEST = 50  # brackets, and nodes
_MOST_NODES = 200

_TOKEN = re.compile(
    r"""[ \t]*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
        |(?P<name>[A-Za-z_]\w{0,30})(?!\w)
        |\*\*|[-+*/(),]|[<>]=?)""",
    re.VERBOSE | re.ASCII,
)
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow",
}  # fmt: skip
_WORDS = frozenset({"if", "else"})


def mentions(text: str, name: str) -> bool:
    """Return whether a name stands in a text as a word of its own.

    >>> mentions("exp(-z)", "z"), mentions("zip", "z")
    (True, False)
    """
    return re.search(rf"(?<!\w){name}(?!\w)", text[: 10 * _LONGEST]) is not None


def read_expression(text: str, names: tuple[str, ...]) -> Expression:
    """Return the tree of a formula that a person wrote, in these names.

    Spellings that overflow are replaced by functions that do not: ``log(1 + exp(z))`` becomes
    ``softplus(z)``; see ``expression_stable``.

    Parameters
    ----------
    text
        Numbers, the names, ``pi``, ``+ - * / **``, ``a if u > v else b``, and the functions of
        `FUNCTIONS`.
    names
        What may stand for arrays: ``("z",)`` or ``("y", "yhat")``.

    Raises
    ------
    SpecError
        For everything else; no other exception leaves here.

    Examples
    --------
    >>> str(read_expression("z*tanh(log(1 + exp(z)))", ("z",)))
    'z*tanh(softplus(z))'
    """
    shown = f"{text[:60]}..." if len(text) > 60 else text
    try:
        tree = _tree(_parsed(text), names, 1)
        if sum(1 for _ in tree.walk()) > _MOST_NODES:
            raise SpecError(f"it has more than {_MOST_NODES} numbers, names and functions")
        tree = stable(tree)
        check_numbers(tree)
        return tree
    except SpecError as error:
        raise SpecError(f"cannot read the formula {shown!r}: {error}") from None


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise SpecError(f"it has {len(text)} characters, but {_LONGEST} is the most")
    _check_tokens(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own remarks on the spelling
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise SpecError(
            f"it is no formula from character {error.offset or 1} on; an example of one is "
            "z/(1 + exp(-z))"
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise SpecError("it is nested too deeply") from None


def _check_tokens(text: str) -> None:
    """Raise a SpecError at the first character that is no part of a formula."""
    end, depth, at = len(text.rstrip(" \t")), 0, 0
    while at < end:
        found = _TOKEN.match(text, at)
        if not found:
            at += len(text[at:]) - len(text[at:].lstrip(" \t"))
            raise SpecError(
                f"{text[at]!r} at character {at + 1} is no part of a formula, which holds numbers, "
                "names, functions, + - * / ** and a if u > v else b"
            )
        depth += (found[0][-1] == "(") - (found[0][-1] == ")")
        if depth > _DEEPEST:
            raise SpecError(f"its brackets are more than {_DEEPEST} deep")
        at = found.end()
    if not end:
        raise SpecError("it is empty")


def _tree(part: ast.expr, names: tuple[str, ...], depth: int) -> Expression:
    if depth > 4 * _DEEPEST:
        raise SpecError("it is nested too deeply")

    def below(inner: ast.expr) -> Expression:
        return _tree(inner, names, depth + 1)

    match part:
        case ast.Constant(value=value) if type(value) in (int, float):
            return number(value)
        case ast.Name(id=name):
            return _name(name, names)
        case ast.BinOp(op=ast.Sub()):
            return node("add", below(part.left), node("neg", below(part.right)))
        case ast.BinOp() if type(part.op) in _OPERATORS:
            return node(_OPERATORS[type(part.op)], below(part.left), below(part.right))
        case ast.UnaryOp(op=ast.USub()):
            return node("neg", below(part.operand))
        case ast.UnaryOp(op=ast.UAdd()):
            return below(part.operand)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return node(name, *(below(argument) for argument in part.args))
        case ast.IfExp(test=ast.Compare(left=left, ops=[operator], comparators=[right])):
            yes, no = below(part.body), below(part.orelse)
            return _choice(operator, below(left), below(right), yes, no)
    raise SpecError(
        f"{ast.unparse(part)[:40]!r} cannot stand in a formula, which is made of numbers, "
        f"{', '.join(names)}, + - * / **, a if u > v else b, and "
        f"the functions {', '.join(FUNCTIONS)}"
    )


def _name(name: str, names: tuple[str, ...]) -> Expression:
    if name in names or name in CONSTANTS:
        return Expression(name)
    if name in FUNCTIONS:
        raise SpecError(f"the function {name} needs an argument, as in {name}({names[-1]})")
    raise SpecError(f"it has the unknown name {name!r}; {suggest(name, (*names, *CONSTANTS))}")


def _choice(
    operator: ast.cmpop, u: Expression, v: Expression, yes: Expression, no: Expression
) -> Expression:
    match operator:
        case ast.Gt():
            return node("if", u, v, yes, no)
        case ast.Lt():
            return node("if", v, u, yes, no)
        case ast.LtE():
            return node("if", u, v, no, yes)
        case ast.GtE():
            return node("if", v, u, no, yes)
    raise SpecError("a condition in a formula is one comparison: <, <=, > or >=")
