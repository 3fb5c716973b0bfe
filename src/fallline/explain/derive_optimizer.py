"""The step of an optimizer, from the text of its own formula in the table of optimizers.

``m = beta1*m + (1 - beta1)*g; w = w - eta*m`` becomes one equation a statement. The texts are those
of fallline's tables; what is not a number, a name or an operator in them is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ..errors import SpecError
from ..formulas.optimizers import LBFGS, SGD, Optimizer, Solver
from ..formulas.optimizers.base import Method
from .derive_notation import Step
from .maths import Call, Cases, Equation, Maths, Number, Power, Quotient, Slope, Symbol, symbol

__all__ = ["optimizer_steps", "settings_of", "statements"]

_LETTERS = {
    "eta": "η", "eta0": "η_0", "beta": "β", "beta1": "β_1", "beta2": "β_2", "rho": "ρ",
    "epsilon": "ε", "lam": "λ", "psi": "ψ", "alpha": "α", "grow": "η_+", "shrink": "η_-",
    "least": "D_min", "most": "D_max", "start": "G_0",
}  # fmt: skip
_SETTINGS = {
    "learning_rate": "eta", "momentum": "beta", "decay": "rho", "weight_decay": "lam",
    "beta1": "beta1", "beta2": "beta2", "epsilon": "epsilon", "psi": "psi", "grow": "grow",
    "shrink": "shrink", "least": "least", "most": "most", "start": "start",
}  # fmt: skip
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


def statements(text: str) -> Iterator[Equation]:
    """Yield the statements of an optimizer's formula, one equation each.

    >>> for equation in statements("v = beta*v - eta*g; w = w + v"):
    ...     print(equation)
    v ← β·v − η·g
    w ← w + v
    """
    for statement in filter(None, map(str.strip, text.split(";"))):
        left, _, right = statement.partition(" = ")
        yield Equation(_letter(left), _read(ast.parse(right, mode="eval").body), signs="←")


def _letter(name: str) -> Symbol:
    return symbol(_LETTERS.get(name, name))


def _read(node: ast.expr) -> Maths:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Number(value)
        case ast.Name(id=name):
            return _letter(name)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_read(inner)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return _joined(_read(left), _OPERATORS[type(operator)], _read(right))
        case ast.Call(func=ast.Name(id="where"), args=[ast.Compare() as test, yes, no]):
            return _choice(test, _read(yes), _read(no))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return Call(name, tuple(map(_read, arguments)))
    raise SpecError(f"an optimizer's formula cannot hold {ast.unparse(node)!r}")


def _joined(left: Maths, operator: str, right: Maths) -> Maths:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return Quotient(left, right)
    return Power(left, right)


def _choice(test: ast.Compare, yes: Maths, no: Maths) -> Maths:
    sign = ">" if isinstance(test.ops[0], ast.Gt) else "<"
    first = (yes, _read(test.left), sign, _read(test.comparators[0]))
    if isinstance(no, Cases):
        return Cases((first, *no.cases), no.otherwise)
    return Cases((first,), no)


# --- the steps -----------------------------------------------------------------------------------


def settings_of(method: Method) -> dict[str, float]:
    """Return the values of the letters in an optimizer's formula.

    >>> from fallline.formulas.optimizers import SGD
    >>> settings_of(SGD(0.1, momentum=0.9))
    {'η': 0.1, 'η_0': 0.1, 'β': 0.9}
    """
    found: dict[str, float] = {}
    for item in fields(method):  # type: ignore[arg-type]  # every optimizer is a dataclass
        name = _SETTINGS.get(item.name)
        if name:
            found[_LETTERS[name]] = getattr(method, item.name)
            if name == "eta":
                found["η_0"] = getattr(method, item.name)
    return found


def optimizer_steps(method: Method, gradient: Slope) -> Iterator[Step]:
    """Yield the step that a weight takes, and for a solver its search.

    Parameters
    ----------
    method
        An optimizer or a solver.
    gradient
        The slope that it descends.
    """
    if isinstance(method, LBFGS):
        from .derive_solver import lbfgs_steps

        yield from lbfgs_steps(method, gradient)
    elif isinstance(method, Optimizer):
        yield _step(method, gradient)
    else:
        assert isinstance(method, Solver)
        why = (*_about(method), " g is ", gradient, " of all weights and biases together.")
        yield Step(_title(method), why, tuple(statements(method.text)))


def _title(method: Method) -> str:
    dialect = getattr(method, "dialect", "fallline")
    told = "" if dialect == "fallline" else f", as in {_speaker(dialect)}"
    return f"The step of {type(method).__name__}{told}"


def _speaker(dialect: str) -> str:
    from ..formulas.optimizers import DIALECTS

    return DIALECTS[dialect]


def _about(method: Method) -> tuple[str, ...]:
    if isinstance(method, SGD) and not method.momentum:
        return ("Plain gradient descent: a step downhill, as long as the slope is steep.",)
    first = (type(method).__doc__ or "").strip().splitlines()[0]
    return (first,)


def _step(method: Optimizer, gradient: Slope) -> Step:
    formula = method.formula
    equations = tuple(statements(formula.step))
    letters = _mentioned(equations)
    given = [
        part
        for name, value in settings_of(method).items()
        if name in letters
        for part in (", " if name != "η" else "", Equation(symbol(name), Number(value)))
    ]
    start = [part for e in _start(formula.start) for part in (", ", e)][1:]
    why: tuple[Any, ...] = (*_about(method), " g is ", gradient, ", for each weight and bias")
    why += (" by itself",) if len(equations) > 1 else ()
    why += ("; with ", *given, ".") if given else (".",)
    if start:
        why += (" At the start ", *start, ".")
    if "d" in letters:
        why += (" d is 1 for weights and 0 for biases.",)
    if method.name == "sgd":
        why += (
            " The minus leads downhill: where E rises with w, w is made smaller, and where E "
            "falls, larger; the learning rate η says how far.",
        )
    return Step(_title(method), why, equations)


def _start(text: str) -> Iterator[Equation]:
    for equation in statements(text):
        yield Equation(*equation.sides)


def _mentioned(node: Any) -> set[str]:
    """Return the letters in formulas."""
    if isinstance(node, Symbol):
        return {node.name}
    if isinstance(node, Equation):
        return _mentioned(node.sides)
    if isinstance(node, tuple):
        return set().union(*map(_mentioned, node))
    if isinstance(node, Maths):
        return _mentioned(tuple(vars(node).values()))
    return set()


def value_after(method: Optimizer, values: Mapping[str, float]) -> dict[str, float]:
    """Return the letters after one step of the printed formula, from those before it.

    Examples
    --------
    >>> from fallline.formulas.optimizers import SGD
    >>> value_after(SGD(0.1), {"w": 1.0, "g": 2.0})["w"]
    0.8
    """
    from .maths_value import Values

    now = {**settings_of(method), **values}
    for equation in statements(method.formula.step):
        found = Values((), lambda s, units, row: now.get(s.name), {}).of(equation.sides[1])
        now[_name(equation)] = found
    return now


def _name(equation: Equation) -> str:
    first = equation.sides[0]
    assert isinstance(first, Symbol)
    return first.name
