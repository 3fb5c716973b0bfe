r"""Formulas in LaTeX, for TeX itself and for MathJax in notebooks and Markdown."""

from __future__ import annotations

from .latex_escape import letters, upright
from .maths import (
    Apply,
    Call,
    Cases,
    Dot,
    Equation,
    Maths,
    Negative,
    Number,
    Place,
    Power,
    Product,
    Quotient,
    Same,
    Slope,
    Sum,
    SumOver,
    Symbol,
    signed,
)
from .maths_text import ATOM, POWER, PRODUCT, QUOTIENT, SIGN, level

__all__ = ["aligned", "latex_of", "latex_of_equation"]

_SIGNS = {"=": "=", "≈": r"\approx", "←": r"\leftarrow", ">": ">", "<": "<", "≤": r"\le",
          "≥": r"\ge", "≠": r"\ne"}  # fmt: skip
_TEMPLATES = {
    "exp": "e^{{{0}}}",
    "sqrt": r"\sqrt{{{0}}}",
    "abs": r"\left|{0}\right|",
    "sigmoid": r"\sigma\left({0}\right)",
    "log": r"\ln\left({0}\right)",
    "atan": r"\arctan\left({0}\right)",
    "logcosh": r"\ln\cosh\left({0}\right)",
    "log1p": r"\ln\left(1 + {0}\right)",
    "expm1": r"\left(e^{{{0}}} - 1\right)",
}
_COMMANDS = ("tanh", "sinh", "cosh", "sin", "cos", "max", "min")


def latex_of(node: Maths) -> str:
    r"""Return a formula in LaTeX, without dollar signs.

    >>> from fallline.explain.maths import symbol
    >>> y, o = symbol("y", "output", "j"), symbol("ŷ", "output", "j")
    >>> print(latex_of((y - o) ** 2 / 2))
    \frac{\left(y_{\mathrm{output}.j} - \hat{y}_{\mathrm{output}.j}\right)^{2}}{2}
    """
    match node:
        case Number():
            return _number(node.shown)
        case Symbol():
            return _symbol(node)
        case Slope(of, by):
            return rf"\frac{{\partial {latex_of(of)}}}{{\partial {latex_of(by)}}}"
        case Apply(name, argument, primes):
            return rf"{letters(name)}{chr(39) * primes}\left({latex_of(argument)}\right)"
        case Sum(terms):
            return _sum(terms)
        case Product(factors):
            return _product(factors)
        case Quotient(above, below):
            return rf"\frac{{{latex_of(above)}}}{{{latex_of(below)}}}"
        case Power(base, exponent):
            plain = level(base) >= ATOM and not isinstance(base, Slope | Call)
            inside = latex_of(base) if plain else rf"\left({latex_of(base)}\right)"
            return f"{inside}^{{{latex_of(exponent)}}}"
        case Negative(inner):
            return f"-{_in(inner, PRODUCT)}"
        case SumOver(index, _, body):
            return rf"\sum_{{{letters(index)}}} {_in(body, PRODUCT)}"
        case Dot(left, right):
            return rf"{_in(left, POWER)}^{{\top}} {_in(right, POWER)}"
        case Same(one, other):
            return rf"\left[{letters(str(one))} = {letters(str(other))}\right]"
        case Cases():
            return _cases(node)
        case Call(name, arguments):
            return _call(name, ", ".join(map(latex_of, arguments)))
    raise TypeError(f"no formula is a {type(node).__name__}")


def latex_of_equation(equation: Equation) -> str:
    """Return an equation in LaTeX, in one line."""
    return " ".join([latex_of(equation.sides[0]), *map(_line, equation.lines)])


def aligned(equation: Equation) -> str:
    """Return an equation for LaTeX's aligned lines: each later formula begins one."""
    first, *others = map(_line, equation.lines)
    return " \\\\\n".join([f"{latex_of(equation.sides[0])} &{first}", *(f"&{o}" for o in others)])


def _line(line: list[tuple[str, Maths]]) -> str:
    return " ".join(f"{_SIGNS[sign]} {latex_of(side)}" for sign, side in line)


def _symbol(node: Symbol) -> str:
    marks = r" \to ".join(map(_place, node.places))
    row = f"{letters(node.row)}" if node.row else ""
    if row and not marks:
        return f"{letters(node.name)}_{{{row}}}"
    return (
        letters(node.name) + (f"_{{{marks}}}" if marks else "") + (f"^{{({row})}}" if row else "")
    )


def _place(place: Place) -> str:
    unit = "+".join(map(letters, str(place.unit).split("+")))
    return f"{upright(place.layer)}.{unit}" if place.layer else unit


def _number(shown: str) -> str:
    mantissa, _, exponent = shown.replace("−", "-").partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _in(node: Maths, least: int) -> str:
    written = latex_of(node)
    return written if level(node) >= least else rf"\left({written}\right)"


def _sum(terms: tuple[Maths, ...]) -> str:
    written = _in(terms[0], SIGN)
    for term in terms[1:]:
        minus, inner = signed(term)
        written += f" {'-' if minus else '+'} {_in(inner, PRODUCT)}"
    return written


def _product(factors: tuple[Maths, ...]) -> str:
    written = _in(factors[0], POWER if isinstance(factors[0], SumOver) else PRODUCT)
    for at, factor in enumerate(factors[1:], 1):
        last = at == len(factors) - 1
        told = _in(factor, PRODUCT if last and isinstance(factor, SumOver) else QUOTIENT)
        written += (r" \cdot " if told[0].isdigit() else r" \, ") + told
    return written


def _cases(node: Cases) -> str:
    rows = [
        rf"{latex_of(value)} & \text{{if }} {latex_of(left)} {_SIGNS[sign]} {latex_of(right)}"
        for value, left, sign, right in node.cases
    ]
    rows.append(rf"{latex_of(node.otherwise)} & \text{{otherwise}}")
    lines = r" \\ ".join(rows)
    return rf"\begin{{cases}} {lines} \end{{cases}}"


def _call(name: str, arguments: str) -> str:
    if name in _TEMPLATES:
        return _TEMPLATES[name].format(arguments)
    command = rf"\{name}" if name in _COMMANDS else rf"\operatorname{{{name}}}"
    return rf"{command}\left({arguments}\right)"
