from __future__ import annotations

import numpy as np
import pytest

from fallline.data import Column
from fallline.data.cells import booleans_of, is_boolean_text, kept_texts, nulls_of, texts_of
from fallline.data.dates import date, dates_of, guess_order
from fallline.data.numbers_text import guess_decimal, is_coded, number, numbers_of


@pytest.mark.parametrize(
    "text", ["", " ", "NA", "n/a", "null", "None", "NaN", "?", "-", "<NA>", "#N/A"]
)
def test_texts_that_mean_nothing(text: str) -> None:
    assert nulls_of(Column.of("x", [text, "1"])).tolist() == [True, False]


def test_na_is_namibia_among_country_codes_only() -> None:
    assert "na" in kept_texts(["DE", "FR", "CH", "IT", "US", "NA"])
    assert "na" not in kept_texts(["DE", "FR", "NA"])
    assert "na" not in kept_texts(["Germany", "France", "NA", "Italy", "Spain", "Chad"])
    column = Column.of("c", ["NA", "n/a"])
    assert nulls_of(column, {"na"}).tolist() == [False, True]


def test_none_is_a_value_of_a_category_only() -> None:
    assert kept_texts(["none", "gas"], category=True) == {"none"} and not kept_texts(["none"])


def test_booleans_in_any_dress() -> None:
    column = Column.of("x", ["Yes", "n", "TRUE", "off", "1", "0", "maybe", "n/a"])
    values, unreadable = booleans_of(column)
    assert values[:6].tolist() == [1, 0, 1, 0, 1, 0] and np.isnan(values[6:]).all()
    assert unreadable.tolist() == [False] * 6 + [True, False]
    assert booleans_of(Column.of("x", [1.0, 0.0, 2.0]))[1].tolist() == [False, False, True]
    assert is_boolean_text(["Y", "n"]) and not is_boolean_text(["yes", "n"])


def test_numbers_spelt_alike_as_categories() -> None:
    for values in ([1, 2], [1.0, 2.0], ["1", " 2 "]):
        assert texts_of(Column.of("x", values)).tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("12", ".", 12.0), ("-1.5e3", ".", -1500.0), (".5", ".", 0.5), ("5.", ".", 5.0),
        ("1,234", ".", 1234.0), ("1,234,567.8", ".", 1234567.8), ("1 234", ".", 1234.0),
        ("1'234.5", ".", 1234.5), ("1\u00a0234", ".", 1234.0), ("1,5", ",", 1.5),
        ("1.234,5", ",", 1234.5), ("1.234", ",", 1234.0), ("$1,200", ".", 1200.0),
        ("1200 €", ".", 1200.0), ("-$3", ".", -3.0), ("12%", ".", 12.0), ("(7)", ".", -7.0),
        ("\u22123", ".", -3.0), ("10:30", ".", 37800.0), ("00:00:01.5", ".", 1.5),
        ("1,5", ".", None), ("1,23,4", ".", None), ("abc", ".", None), ("1_000", ".", None),
        ("inf", ".", None), ("1e999", ".", None), ("0x10", ".", None), ("1" * 100, ".", None),
        ("", ".", None), ("10:75", ".", None), ("--1", ".", None), ("1.2.3", ".", None),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, decimal: str, value: float | None) -> None:
    assert number(text, decimal) == value


def test_decimal_mark_is_that_which_reads_more() -> None:
    assert guess_decimal(["1,234", "2,000"]) == (".", 1.0)
    assert guess_decimal(["1,234", "2,5"]) == (",", 1.0)
    assert guess_decimal(["1.234,5", "x"]) == (",", 0.5)


def test_codes_are_no_numbers() -> None:
    assert is_coded(["12", "01234"]) and is_coded(["1" * 16]) and not is_coded(["0", "0.5", "10"])


def test_columns_of_numbers_count_what_they_cannot_read() -> None:
    values, unreadable = numbers_of(Column.of("x", ["1,200", "n/a", "many", " 3 "]))
    assert values[[0, 3]].tolist() == [1200.0, 3.0] and unreadable.tolist() == [
        False,
        False,
        True,
        False,
    ]
    values, unreadable = numbers_of(Column.of("x", [np.inf, 1.0, np.nan]))
    assert unreadable.tolist() == [True, False, False] and np.isnan(values[0])


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("2020-02-29", "ymd", "2020-02-29"),
        ("2020/2/9", "ymd", "2020-02-09"),
        ("31.12.2020", "dmy", "2020-12-31"),
        ("12/31/2020", "mdy", "2020-12-31"),
        ("1.2.99", "dmy", "1999-02-01"),
        ("1.2.05", "dmy", "2005-02-01"),
        ("2020-01-01 10:20:30.5", "ymd", "2020-01-01T10:20:30.5"),
        ("2020-01-01T00:00:00+02:00", "ymd", "2019-12-31T22:00"),
        ("2020-01-01T00:00Z", "ymd", "2020-01-01"),
        ("2021-02-29", "ymd", None),
        ("31.12.2020", "mdy", None),
        ("1.2.3", "dmy", None),
        ("2020-01-01 25:00", "ymd", None),
        ("0001-01-01T00:00:00+10:00", "ymd", None),
        ("20200101", "ymd", None),
    ],
)
def test_dates_as_people_write_them(text: str, order: str, iso: str | None) -> None:
    expected = None if iso is None else int(np.datetime64(iso, "us").astype(np.int64))
    got = date(text, order)
    assert got == expected or (iso is None and got is not None and text.startswith("0001"))


def test_order_of_dates() -> None:
    assert guess_order(["2020-01-02"])[::2] == ("ymd", False)
    assert guess_order(["12/31/2020", "01/02/2020"])[::2] == ("mdy", False)
    assert guess_order(["01/02/2020"])[::2] == ("dmy", True)


def test_columns_of_dates() -> None:
    values, unreadable = dates_of(Column.of("d", ["1.2.2020", "2020-02-01", "soon", "n/a"]), "dmy")
    assert (values[:2] == np.datetime64("2020-02-01")).all()
    assert unreadable.tolist() == [False, False, True, False]
    values, unreadable = dates_of(Column.of("d", [86400.0, 1e300, np.nan]))
    assert values[0] == np.datetime64("1970-01-02") and unreadable.tolist() == [False, True, False]
