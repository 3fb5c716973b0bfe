from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.data import Column
from fallline.data.columns import text_of, unique_names
from fallline.errors import DataError


@pytest.mark.parametrize(
    ("values", "kind", "cells"),
    [
        ([True, False], "boolean", [True, False]),
        ([1, 2], "integer", [1, 2]),
        ([1, 2.5], "float", [1.0, 2.5]),
        ([1, "a"], "text", ["1", "a"]),
        ([True, 2], "text", ["true", "2"]),
        ([2**63], "text", ["9223372036854775808"]),
        ([2**53 + 1, 0.5], "text", ["9007199254740993", "0.5"]),
        ([Decimal("1.5"), None], "float", [1.5, None]),
        ([dt.timedelta(seconds=3)], "float", [3.0]),
        ([b"ab"], "text", ["ab"]),
        ([dt.time(10, 30)], "text", ["10:30:00"]),
        ([None, None], "float", [None, None]),
        ([pd.NA, 1], "integer", [None, 1]),
        ([pd.NaT, pd.Timestamp("2020-01-01")], "date", [None, dt.datetime(2020, 1, 1)]),
        (np.array([1, 2], np.uint8), "integer", [1, 2]),
        (np.array([2**63], np.uint64), "text", ["9223372036854775808"]),
        (np.array([1.5, 2], np.float16), "float", [1.5, 2.0]),
        (np.array(["a", "b"]), "text", ["a", "b"]),
        (np.array([1000], "m8[ms]"), "float", [1.0]),
        (np.ma.array([1, 2], mask=[False, True]), "integer", [1, None]),
        (pd.Series([1, None], dtype="Int64"), "integer", [1, None]),
        (pl.Series([2**60 + 1, None]), "integer", [2**60 + 1, None]),
    ],
)
def test_each_kind_of_values(values: object, kind: str, cells: list[object]) -> None:
    column = Column.of("x", values)
    known = [v if k else None for v, k in zip(column.values.tolist(), column.known, strict=True)]
    assert (column.kind, known) == (kind, cells)


def test_zones_become_utc() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    column = Column.of("t", [dt.datetime(2020, 1, 1, 12, tzinfo=zone), dt.date(2020, 1, 2)])
    assert column.values.tolist() == [dt.datetime(2020, 1, 1, 10), dt.datetime(2020, 1, 2)]


@pytest.mark.parametrize(
    "values", [5, [[1, 2]], [{"a": 1}], np.zeros((2, 2)), np.array([1j]), "ab"]
)
def test_what_no_column_can_hold(values: object) -> None:
    with pytest.raises(DataError, match="column 'x'"):
        Column.of("x", values)


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1))
def test_integers_are_exact(values: list[int | None]) -> None:
    column = Column.of("x", values)
    if any(v is not None for v in values):
        known = [
            v if k else None for v, k in zip(column.values.tolist(), column.known, strict=True)
        ]
        assert known == values


@given(st.lists(st.text(max_size=3), max_size=8))
def test_names_become_unique_and_the_first_keeps_its_own(names: list[str]) -> None:
    unique, changed = unique_names(names)
    assert len(set(unique)) == len(names)
    assert sum(new != old for new, old in zip(unique, names, strict=True)) == len(changed)


def test_one_spelling_for_one_value() -> None:
    assert text_of(1) == text_of(1.0) == text_of(np.float64(1)) == text_of("1") == "1"
    assert text_of(np.datetime64("2020-01-01", "us")) == text_of(dt.datetime(2020, 1, 1))
