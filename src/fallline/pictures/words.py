"""Numbers as pictures print them: few digits, a true minus sign, powers of ten with exponents."""

from __future__ import annotations

import re

import numpy as np

from ..arrays import Floats

__all__ = ["error_text", "formula_text", "number", "percent"]

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NOTHING = 1e-20
"""The share of a usual error below which an error is what rounding leaves of 0."""


def number(value: float, digits: int = 4) -> str:
    """Return a number in so many digits.

    Examples
    --------
    >>> number(-0.98999), number(2.4652e-32), number(1e-5), number(123456.0, 6)
    ('−0.99', '2.465·10⁻³²', '10⁻⁵', '123456')
    """
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return mantissa.replace("-", "−")
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    return power if mantissa == "1" else f"{mantissa.replace('-', '−')}·{power}"


def percent(share: float) -> str:
    """Return a share in percent, which says 100 % or 0 % of nothing that is less or more.

    Examples
    --------
    >>> percent(0.9153), percent(1.0), percent(1 - 1e-9), percent(3e-8)
    ('91.5 %', '100 %', '> 99.9 %', '< 0.01 %')
    """
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    if 0 < share < 1e-4:
        return "< 0.01 %"
    return f"{100 * share:.3g} %"


def error_text(error: float, errors: Floats) -> str:
    """Return ``"J = 0.05"``, or ``"J ≈ 0"`` where beside most errors only rounding is left of it.

    Examples
    --------
    >>> [error_text(error, np.array([1.0, 2.0, 9.0])) for error in (0.05, 2e-32, 0.0)]
    ['J = 0.05', 'J ≈ 0', 'J = 0']
    """
    usual = float(np.median(np.abs(errors[np.isfinite(errors)])))
    rounded = 0 < abs(error) < _NOTHING * usual
    return "J ≈ 0" if rounded else f"J = {number(error)}"


def formula_text(formula: str) -> str:
    """Return a formula as it is printed in a book.

    Examples
    --------
    >>> formula_text("2*x**2 - 3*x"), formula_text("x**0.5")
    ('2·x² − 3·x', 'x^0.5')
    """
    raised = re.sub(r"\*\*(\d+)(?![\d.])", lambda found: found[1].translate(_RAISED), formula)
    return raised.replace("**", "^").replace("*", "·").replace("-", "−")
