"""Equations with numbers in them whose digits are chosen so that what is shown adds up.

A reader has the digits that are printed, and no others. So a formula's numbers are printed with as
many digits as it takes to arrive, from them alone, at the printed result; where a few more do not
suffice, the result is marked ≈.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .maths import Equation, Maths, Number
from .maths_value import Values, substitute

__all__ = ["Digits", "worked"]

_MORE = 6  # digits by which the numbers of a formula may exceed those of its result
_MARKED = 2  # digits by which they do where no number of digits suffices
_NOTHING = 1e-13  # relative: what float64 leaves where a person finds 0 or a plain number

Compute = Callable[[Maths], float]


class Digits:
    """How numbers are printed: with so many significant digits, zeros at the end left out.

    Examples
    --------
    >>> digits = Digits(4)
    >>> print(digits.of(0.40), digits.of(0.0035471), digits.of(-123456), digits.of(1.5e-7))
    0.4 0.003547 −123500 1.5e−7
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def text(self, value: float, more: int = 0) -> str:
        """Return the digits of a number."""
        if not math.isfinite(value):
            return {math.inf: "∞", -math.inf: "-∞"}.get(value, "NaN")
        if float(value).is_integer() and abs(value) < 10 ** min(self.count + more, 15):
            return f"{int(value)}"
        mantissa, _, exponent = f"{value:.{self.count + more - 1}e}".partition("e")
        power = int(exponent)
        if -5 <= power < 9:
            places = max(self.count + more - 1 - power, 0)
            plain = f"{round(value, self.count + more - 1 - power):.{places}f}"
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}e{power}"

    def of(self, value: float, more: int = 0) -> Number:
        """Return a number whose value is the one that its digits say."""
        text = self.text(value, more)
        return Number(float(text) if math.isfinite(value) else value, text)


def _value(side: Maths) -> float:
    with_no_names: dict[str, int] = {}
    return float(Values((), lambda symbol, units, row: None, with_no_names).of(side))


def worked(
    left: Maths,
    formula: Maths,
    values: Mapping[Maths, float],
    result: float,
    digits: Digits,
    *,
    arrow: bool = False,
    compute: Compute = _value,
) -> Equation:
    """Return ``left = formula = formula with numbers = result``.

    Parameters
    ----------
    values
        What the quantities in the formula are.
    arrow
        Whether the left side is set anew: ``←`` in place of the first sign.
    compute
        From a formula with numbers to its value.

    Examples
    --------
    >>> from fallline.explain.maths import symbol
    >>> a, b = symbol("a"), symbol("b")
    >>> print(worked(symbol("E"), a * b, {a: 0.4, b: 0.15}, 0.06, Digits(4)))
    E = a·b = 0.4·0.15 = 0.06
    >>> print(worked(symbol("E"), a - b, {a: 2 / 3, b: 0.6}, 2 / 3 - 0.6, Digits(4)))
    E = a − b = 0.66667 − 0.6 = 0.06667
    """
    first = "←" if arrow else "="
    told = digits.of(result)
    if isinstance(formula, Number):
        same = _adds_up(formula, result, digits, compute)
        sides: Iterable[Any] = (left, told) if formula == told else (left, formula, told)
        sides = tuple(sides)
        signs = (first,) if len(sides) == 2 else (first, "=" if same else "≈")
        return Equation(*sides, signs=signs)
    for more in range(_MORE + 1):
        shown = substitute(formula, {key: digits.of(value, more) for key, value in values.items()})
        if _adds_up(shown, result, digits, compute):
            return _equation(left, formula, shown, told, first, "=")
    shown = substitute(formula, {key: digits.of(v, _MARKED) for key, v in values.items()})
    return _equation(left, formula, shown, told, first, "≈")


def _equation(
    left: Maths, formula: Maths, shown: Maths, told: Number, first: str, last: str
) -> Equation:
    if last == "=" and str(shown) == str(told):
        return Equation(left, formula, told, signs=(first, last))
    return Equation(left, formula, shown, told, signs=(first, "=", last))


def _adds_up(shown: Maths, result: float, digits: Digits, compute: Compute) -> bool:
    """Return whether a person who computes what is shown gets the digits of the result."""
    try:
        found = compute(shown)
    except (ArithmeticError, ValueError):
        return False
    if math.isnan(found) or math.isnan(result):
        return False
    if digits.text(found) == digits.text(result):
        return True
    # On the edge between two digits a hair decides, which no person sees.
    size = max(abs(found), abs(result))
    return abs(found - result) <= _NOTHING * size
