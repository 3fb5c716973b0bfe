"""Numbers as a book prints them, and how far a computed number agrees with one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from ..errors import DataError

__all__ = ["Agreement", "agreement", "printed_number", "rounded_to"]

_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", ",": ".", "_": None, " ": None})


@dataclass(frozen=True)
class Agreement:
    """How a computed number agrees with a printed one.

    Attributes
    ----------
    digits
        Significant digits that agree.
    printed_digits
        Significant digits that are printed.
    complete
        Whether the computed number, rounded or cut off to as many places, is the printed one.
    cut_off
        Whether it is so only when it is cut off instead of rounded.
    """

    digits: int
    printed_digits: int
    complete: bool
    cut_off: bool


def printed_number(value: Any, what: str) -> Decimal:
    """Return a printed number with its digits.

    Parameters
    ----------
    value
        A text, which keeps zeros at the end (``"0.40"`` has two places), or a number.
    what
        What the number is of, for the message.

    Raises
    ------
    DataError
        When it is no finite number.

    Examples
    --------
    >>> printed_number("−0.40", "E"), printed_number(0.25, "E")
    (Decimal('-0.40'), Decimal('0.25'))
    """
    try:
        number = Decimal(str(value).strip().translate(_SIGNS))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise DataError(f'{what}: a printed number is needed, such as "0.593269992", not {value!r}')
    return number


def rounded_to(value: float, printed: Decimal) -> Decimal:
    """Return a computed number rounded to as many places as a printed one has.

    Examples
    --------
    >>> rounded_to(0.123456, Decimal("0.99"))
    Decimal('0.12')
    """
    return Decimal(value).quantize(_place(printed), ROUND_HALF_EVEN)


def agreement(value: float, printed: Decimal) -> Agreement:
    """Return how far a computed number agrees with a printed one.

    d digits agree where the two differ by at most half a unit of the d-th significant digit.

    Examples
    --------
    >>> agreement(2 / 3, Decimal("0.6667"))
    Agreement(digits=4, printed_digits=4, complete=True, cut_off=False)
    >>> agreement(2 / 3, Decimal("0.6666")).cut_off
    True
    >>> agreement(2 / 3, Decimal("0.6766")).digits
    1
    """
    if not math.isfinite(value):
        return Agreement(0, _digits(printed), False, False)
    place, computed = _place(printed), Decimal(value)
    apart = abs(computed - printed)
    # What a book rounds may lie on the edge, and a float64 a hair beside it.
    edge = place / 2 + abs(computed) * Decimal("1e-14")
    if apart <= edge:
        return Agreement(_digits(printed), _digits(printed), True, False)
    if _digits(printed) > 1 and computed.quantize(place, ROUND_DOWN) == printed:
        return Agreement(_digits(printed), _digits(printed), True, True)
    leading = max(computed.adjusted(), printed.adjusted() if printed else -(10**6))
    agreeing = math.floor(leading + 1 - float((2 * apart).log10()) + 1e-9)
    return Agreement(max(0, min(agreeing, _digits(printed) - 1)), _digits(printed), False, False)


def _place(printed: Decimal) -> Decimal:
    """Return one unit of the last printed place."""
    exponent = printed.as_tuple().exponent
    assert isinstance(exponent, int)  # a finite number has one
    return Decimal(1).scaleb(exponent)


def _digits(printed: Decimal) -> int:
    """Return how many significant digits are printed; a 0 has one."""
    return max(1, len(printed.as_tuple().digits) if printed else 1)
