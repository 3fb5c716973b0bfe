"""The formulas of tables and users as SymPy expressions, read from their texts alone.

What is computed elsewhere from a row's functions is not used here: the certificate holds it against
these. Texts are walked through a whitelist of our own, and never handed to SymPy as text.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import MissingExtraError, SpecError
from ..formulas.activation import Activation
from ..formulas.loss import Loss
from ..formulas.own_name import OwnName

__all__ = ["ActivationText", "Running", "loss_terms", "read", "sympy_module"]

S = Any  # a SymPy expression


def sympy_module() -> Any:
    """Return SymPy.

    Raises
    ------
    MissingExtraError
        Where it is not installed.
    """
    try:
        import sympy
    except ImportError:
        raise MissingExtraError("sympy", "explain", "certifying a gradient") from None
    return sympy


@cache
def _choice() -> Any:
    """Return the function choice(u, v, a, b): a where u > v, else b. SymPy's own is slow."""
    sp = sympy_module()

    def differentiated(self: S, symbol: S) -> S:
        u, v, yes, no = self.args
        return made(u, v, yes.diff(symbol), no.diff(symbol))

    def same(cls: S, u: S, v: S, yes: S, no: S) -> S | None:
        return yes if yes == no else None  # SymPy's hook: the value, or None to stay as it is

    methods = {"nargs": 4, "_eval_derivative": differentiated, "eval": classmethod(same)}
    made = type(sp.Function)("choice", (sp.Function,), methods)
    return made


def _greater(sp: Any, u: S, v: S, yes: S, no: S) -> S:
    return _choice()(u, v, yes, no)


def _from_left(pair: Callable[..., S]) -> Callable[..., S]:
    def of(sp: Any, first: S, *others: S) -> S:
        for other in others:
            first = pair(sp, first, other)
        return first

    return of


_FUNCTIONS: dict[str, Callable[..., S]] = {
    "log1p": lambda sp, u: sp.log(1 + u),
    "expm1": lambda sp, u: sp.exp(u) - 1,
    "abs": lambda sp, u: _greater(sp, u, 0, u, -u),
    "sign": lambda sp, u: _greater(sp, u, 0, 1, _greater(sp, 0, u, -1, 0)),
    "step": lambda sp, u: _greater(sp, 0, u, 0, 1),
    "sigmoid": lambda sp, u: 1 / (1 + sp.exp(-u)),
    "softplus": lambda sp, u: sp.log(1 + sp.exp(u)),
    "logcosh": lambda sp, u: sp.log(sp.cosh(u)),
    "relu": lambda sp, u: _greater(sp, u, 0, u, 0),
    "max": _from_left(lambda sp, a, b: _greater(sp, a, b, a, b)),
    "min": _from_left(lambda sp, a, b: _greater(sp, b, a, a, b)),
}
_OF_SYMPY = ("exp", "log", "sqrt", "tanh", "sinh", "cosh", "sin", "cos", "atan", "erf")

_OPERATORS: dict[type[ast.operator], Callable[[S, S], S]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}

Running = tuple[S, S, str]
"""A sum over units in a formula: the symbol that stands for it, its term in z_j, and its name."""


def read(text: str, names: Mapping[str, S], sums: list[Running] | None = None) -> S:
    """Return a formula's text as a SymPy expression.

    Parameters
    ----------
    text
        The formula.
    names
        What its names stand for.
    sums
        Gets each ``sum_...(term)`` in it, for which a new symbol stands.

    Examples
    --------
    >>> import sympy
    >>> print(read("max(z, 0) + 0.5*z**2", {"z": sympy.Symbol("z")}))
    z**2/2 + choice(z, 0, z, 0)
    """
    sp = sympy_module()

    def walk(node: ast.AST) -> S:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int(value)):
                return sp.Integer(value)
            case ast.Constant(value=float(value)):
                return sp.Rational(*value.as_integer_ratio())  # what an engine computes with
            case ast.Name(id="pi"):
                return sp.pi
            case ast.Name(id=name) if name in names:
                return names[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -walk(inner)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return _OPERATORS[type(sign)](walk(left), walk(right))
            case ast.IfExp(test=ast.Compare(left=u, ops=[ast.Gt()], comparators=[v])):
                return _greater(sp, walk(u), walk(v), walk(node.body), walk(node.orelse))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return call(name, [walk(argument) for argument in arguments])
        raise SpecError(f"the formula '{text}' cannot be read: {ast.unparse(node)[:40]!r}")

    def call(name: str, arguments: list[S]) -> S:
        if name.startswith("sum_") and sums is not None:
            sums.append((sp.Dummy(name, real=True), arguments[0], name))
            return sums[-1][0]
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](sp, *arguments)
        if name in _OF_SYMPY:
            return getattr(sp, name)(*arguments)
        raise SpecError(f"the formula '{text}' has the unknown function {name!r:.40}")

    return walk(ast.parse(text, mode="eval").body)


def _formulas(text: str) -> list[str]:
    """Return the formulas of a text, parted by the commas that stand in no bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


@dataclass(frozen=True)
class ActivationText:
    """An activation, from its text.

    Attributes
    ----------
    own, running
        The symbols of the unit's own net input, and of z_j in the sums.
    first
        The symbols z_1, z_2, ... of the first units of a group.
    formulas
        The output of each unit of a group in turn, in these symbols and those of the sums.
    sums
        The sums over units that stand in the formulas.
    grouped
        The setting `group` of the activation.
    """

    own: S
    running: S
    first: tuple[S, ...]
    formulas: tuple[S, ...]
    sums: tuple[Running, ...]
    grouped: int

    @classmethod
    def of(cls, row: Activation) -> ActivationText | None:
        """Return that of a row, or None of a Python function, which has no text.

        Examples
        --------
        >>> from fallline.formulas.activations import ACTIVATIONS
        >>> text = ActivationText.of(ACTIVATIONS["softmax"])
        >>> text.formulas, text.sums
        ((exp(z)/_sum_j,), ((_sum_j, exp(z_j), 'sum_j'),))
        """
        return _activation_text(row)

    @property
    def alone(self) -> bool:
        """Whether each unit's output depends on its own net input only."""
        return not self.sums and len(self.formulas) == 1

    def group_size(self, width: int) -> int:
        """Return how many units stand together in a layer of a width."""
        return len(self.formulas) if len(self.formulas) > 1 else width // self.grouped

    def members(self, kind: str, i: int, width: int) -> range:
        """Return the units over which a sum in the formula of unit i runs."""
        if kind == "sum_j":
            return range(width)
        start = i - i % self.group_size(width)
        return range(start + 1, i + 1)  # sum_j_to_i

    def outputs(self, z: list[S]) -> list[S]:
        """Return the outputs of a layer, its sums written out, for net inputs z."""
        width, found = len(z), []
        size = self.group_size(width)
        for i in range(width):
            start = i - i % size
            known = dict(zip(self.first, z[start : start + size], strict=False)) | {self.own: z[i]}
            for mark, term, kind in self.sums:
                units = self.members(kind, i, width)
                known[mark] = sum((term.xreplace({self.running: z[j]}) for j in units), 0 * z[i])
            found.append(self.formulas[i % len(self.formulas)].xreplace(known))
        return found


@cache
def _activation_text(row: Activation) -> ActivationText | None:
    if not _has_text(row.name):
        return None
    sp = sympy_module()
    own, running = sp.Symbol("z", real=True), sp.Symbol("z_j", real=True)
    first = tuple(sp.Symbol(f"z_{m}", real=True) for m in (1, 2))
    names = {"z": own, "z_i": own, "z_j": running, "z_1": first[0], "z_2": first[1]}
    sums: list[Running] = []
    formulas = tuple(read(text, names, sums) for text in _formulas(row.text))
    return ActivationText(own, running, first, formulas, tuple(sums), row.group)


def _has_text(name: str) -> bool:
    """Return whether a row is a table's or a formula, and no Python function."""
    return not isinstance(name, OwnName) or name.plain is not None


def loss_terms(loss: Loss, width: int) -> tuple[list[S], list[S], list[S]] | None:
    """Return a row's error: symbols of its targets, of its ŷ, and the term of each target.

    None of a Python function, which has no text.

    Parameters
    ----------
    width
        The number of outputs, k.
    """
    if not _has_text(loss.name):
        return None
    sp, each = sympy_module(), loss.outputs_each
    y = [sp.Symbol(f"y_{t}", real=True) for t in range(width // each)]
    yhat = [sp.Symbol(f"yhat_{i}", real=True) for i in range(width)]
    weights = loss.settings.get("output_weights") or [1] * len(y)
    terms = []
    for t, target in enumerate(y):
        own = yhat[t * each : (t + 1) * each]
        names = {f"yhat_{i + 1}": output for i, output in enumerate(own)}
        names |= {"y": target, "yhat": own[0], "k": sp.Integer(width)}
        weight = weights[t]
        exact = (
            weight if isinstance(weight, int) else sp.Rational(*float(weight).as_integer_ratio())
        )
        terms.append(exact * read(loss.text, names))
    return y, yhat, terms
