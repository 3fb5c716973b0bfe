r"""LaTeX of the formulas in fallline's own tables.

They are written in the manner of Python: ``m = beta1*m + (1 - beta1)*g; w = w - eta*m``. A part
that is no formula (``of a wide layer``) becomes text.
"""

from __future__ import annotations

import ast
import re

__all__ = ["latex"]

_RELATION, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)  # what binds tighter is greater
_GREEK = "alpha|beta|gamma|delta|epsilon|eta|lambda|mu|pi|psi|rho|sigma|theta"
_WORDS = {"yhat": r"\hat{y}", "lam": r"\lambda", "fan_in": r"n_{\text{in}}",
          "fan_out": r"n_{\text{out}}", "eta0": r"\eta_{0}"}  # fmt: skip
_FUNCTIONS = {
    "exp": "e^{{{0}}}",
    "sqrt": r"\sqrt{{{0}}}",
    "abs": r"\left|{0}\right|",
    "floor": r"\left\lfloor {0} \right\rfloor",
    "N": r"\mathcal{{N}}\left({0}\right)",
    "U": r"\mathcal{{U}}\left({0}\right)",
}
_PLAIN = ("log", "sin", "cos", "tanh", "cosh", "max", "min")  # commands of LaTeX's own
_SIGNS = {ast.Lt: "<", ast.LtE: r"\le", ast.Gt: ">", ast.GtE: r"\ge", ast.Eq: "="}


def latex(text: str) -> str:
    r"""Return a formula's text in LaTeX, without dollar signs.

    Examples
    --------
    >>> print(latex("v = beta*v - eta*g; w = w + v"))
    v = \beta v - \eta g;\quad w = w + v
    >>> print(latex("exp(z_i)/sum_j(exp(z_j))"))
    \frac{e^{z_{i}}}{\sum_{j} e^{z_{j}}}
    >>> print(latex("N(0, 2/fan_in)"), latex("of a wide layer"))
    \mathcal{N}\left(0, \frac{2}{n_{\text{in}}}\right) \text{of a wide layer}
    """
    return ";\\quad ".join(
        ",\\; ".join(_part(part) for part in _split(statement, ","))
        for statement in _split(text, ";")
    )


def _split(text: str, mark: str) -> list[str]:
    """Return the parts between marks that stand outside brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == mark and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _part(text: str) -> str:
    formula, _, condition = text.partition(" while ")
    left, equals, right = formula.partition(" = ")
    try:
        told = _tree(left) + (f" = {_tree(right)}" if equals else "")
        return told + (rf"\quad\text{{while }} {_tree(condition)}" if condition else "")
    except (SyntaxError, KeyError, TypeError):
        return rf"\text{{{_escaped(text)}}}"


def _escaped(text: str) -> str:
    return re.sub(r"([_&%#$])", r"\\\1", text)


def _tree(text: str) -> str:
    return _written(ast.parse(text, mode="eval").body)


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return _operation(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"-{_braced(node.operand, _PRODUCT)}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node.args)
    if isinstance(node, ast.Compare):
        sign = _SIGNS[type(node.ops[0])]
        return f"{_braced(node.left, _SUM)} {sign} {_braced(node.comparators[0], _SUM)}"
    if isinstance(node, ast.Name):
        return _name(node.id)
    if isinstance(node, ast.Constant):
        return _number(node.value)
    raise TypeError(f"no formula has a {type(node).__name__}")


def _operation(node: ast.BinOp) -> str:
    left, right = node.left, node.right
    if isinstance(node.op, ast.Add):
        return f"{_written(left)} + {_braced(right, _PRODUCT)}"
    if isinstance(node.op, ast.Sub):
        return f"{_written(left)} - {_braced(right, _PRODUCT)}"
    if isinstance(node.op, ast.Div):
        return rf"\frac{{{_written(left)}}}{{{_written(right)}}}"
    if isinstance(node.op, ast.Pow):
        return f"{_braced(left, _ATOM)}^{{{_written(right)}}}"
    if isinstance(node.op, ast.Mult):
        factor = _braced(right, _POWER)
        return f"{_braced(left, _PRODUCT)}{_between(factor)}{factor}"
    raise TypeError("no formula has this operator")


def _between(factor: str) -> str:
    """Return what keeps a factor from running into the one before it."""
    if factor[:1].isdigit():
        return r" \cdot "
    return r" \, " if factor.startswith((r"\text", r"\operatorname")) else " "


def _level(node: ast.expr) -> int:
    """Return how tightly what is written for a node binds."""
    if isinstance(node, ast.Compare):
        return _RELATION
    if isinstance(node, ast.UnaryOp):
        return _SIGN
    if isinstance(node, ast.Call):
        return _POWER if getattr(node.func, "id", "").startswith(("exp", "sum_")) else _ATOM
    if isinstance(node, ast.BinOp):
        kinds = {ast.Add: _SUM, ast.Sub: _SUM, ast.Mult: _PRODUCT, ast.Div: _POWER}
        return kinds.get(type(node.op), _POWER)
    return _ATOM


def _braced(node: ast.expr, least: int) -> str:
    written = _written(node)
    return written if _level(node) >= least else rf"\left({written}\right)"


def _call(name: str, arguments: list[ast.expr]) -> str:
    if name == "where":
        condition, yes, no = map(_written, arguments)
        return _cases([(yes, condition), (no, r"\text{otherwise}")])
    if name == "Piecewise":
        pairs = [pair.elts for pair in arguments if isinstance(pair, ast.Tuple)]
        return _cases([(_written(value), _condition(when)) for value, when in pairs])
    told = ", ".join(map(_written, arguments))
    if name.startswith("sum_"):
        index = name.removeprefix("sum_").replace("_to_", r" \le ")
        return rf"\sum_{{{index}}} {_braced(arguments[0], _PRODUCT)}"
    if name in _FUNCTIONS:
        return _FUNCTIONS[name].format(told)
    command = name.lower()
    known = rf"\{command}" if command in _PLAIN else rf"\operatorname{{{_escaped(name)}}}"
    return rf"{known}\left({told}\right)"


def _condition(node: ast.expr) -> str:
    last = isinstance(node, ast.Constant) and node.value is True
    return r"\text{otherwise}" if last else _written(node)


def _cases(pairs: list[tuple[str, str]]) -> str:
    rows = r" \\ ".join(f"{value} & {condition}" for value, condition in pairs)
    return rf"\begin{{cases}} {rows} \end{{cases}}"


def _name(name: str) -> str:
    """Return a name: Greek where it is, a digit or what follows ``_`` as its index."""
    if name in _WORDS:
        return _WORDS[name]
    found = re.fullmatch(rf"({_GREEK}|yhat|[A-Za-z])(?:_?(\d+)|_(\w+))?", name)
    if not found:
        return rf"\text{{{_escaped(name)}}}"
    base = _WORDS.get(found[1], f"\\{found[1]}" if len(found[1]) > 1 else found[1])
    index = found[2] or found[3]
    return f"{base}_{{{index}}}" if index else base


def _number(value: object) -> str:
    mantissa, _, exponent = repr(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
