"""Printed numbers, and how many of their digits agree."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.errors import DataError
from fallline.explain.printed import agreement, printed_number, rounded_to

VALUES = st.floats(1e-6, 1e6).flatmap(lambda x: st.sampled_from([x, -x]))


@given(VALUES, st.integers(2, 9))
def test_a_rounded_number_agrees_in_all_its_digits(value, digits):
    printed = printed_number(f"{value:.{digits - 1}e}", "x")
    found = agreement(value, printed)
    assert found.complete and found.digits == found.printed_digits == digits


@given(VALUES, st.integers(3, 9), st.data())
def test_as_many_digits_agree_as_the_difference_leaves(value, digits, data):
    place = data.draw(st.integers(1, digits - 1))  # the first digit that is wrong, after `place`
    text = f"{value:.{digits - 1}e}"
    exponent = int(text.partition("e")[2])
    off = Decimal(3).scaleb(exponent - place)  # 3 units of the digit after `place` right ones
    printed = printed_number(text, "x") + off.copy_sign(Decimal(text))
    found = agreement(value, printed)
    if printed.adjusted() == exponent:  # no carry into a new leading digit
        assert not found.complete and found.digits == place


@pytest.mark.parametrize(
    ("value", "printed", "complete", "cut_off", "digits"),
    [
        (2 / 3, "0.6667", True, False, 4),
        (2 / 3, "0.6666", True, True, 4),
        (-2 / 3, "-0.6666", True, True, 4),
        (2 / 3, "-0.6667", False, False, 0),
        (0.125, "0.12", True, False, 2),  # halves may go either way
        (0.125, "0.13", True, False, 2),
        (0.5, "0", True, False, 1),
        (0.7, "0", False, False, 0),
        (1234.5, "1.2e3", True, False, 2),
        (1234.5, "1200", False, False, 2),
        (9.99, "10.0", True, False, 3),
        (9.9, "10.0", False, False, 2),
        (1e-9, "0.000", True, False, 1),
        (float("inf"), "1.0", False, False, 0),
    ],
)
def test_cases(value, printed, complete, cut_off, digits):
    found = agreement(value, Decimal(printed))
    assert (found.complete, found.cut_off, found.digits) == (complete, cut_off, digits)


def test_digits_at_the_end_and_spellings():
    assert printed_number("0.40", "E") == Decimal("0.40")
    assert printed_number("0.40", "E").as_tuple().exponent == -2
    assert printed_number("−0,5", "E") == Decimal("-0.5")
    assert printed_number(0.1, "E") == Decimal("0.1")
    assert str(rounded_to(0.45, Decimal("0.400"))) == "0.450"


@pytest.mark.parametrize("value", ["", "a half", "nan", "inf", None, "1,234.5", [1]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(DataError, match=r"E: a printed number is needed, such as"):
        printed_number(value, "E")
