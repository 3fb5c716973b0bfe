"""Products of columns: made anew wherever a table is encoded, and kept in files."""

from __future__ import annotations

import numpy as np
import pytest

from fallline.data import Table, TableEncoder, find_roles
from fallline.data.products import products_of, with_products
from fallline.errors import DataError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(3.0, 2.0, 30), RNG.normal(size=30)
TABLE = Table.of({"x": X, "town": ["a", "b", "c"] * 10, "y": Y})


def crossed(table: Table = TABLE, most: int = 4) -> TableEncoder:
    return TableEncoder.fit(table, find_roles(table)).crossed(table, most)


def test_the_products_are_standardised_like_any_column() -> None:
    encoder = crossed()
    assert encoder.names == ("x", "town", "y") and encoder.feature_names[-3:] == ("x·y", "x²", "y²")
    features = encoder.encode(TABLE)
    at = {name: i for i, name in enumerate(encoder.feature_names)}
    for name, values in {"x·y": X * Y, "x²": X**2, "y²": Y**2}.items():
        wanted = (values - values.mean()) / values.std()
        np.testing.assert_allclose(features[:, at[name]], wanted, rtol=1e-12, atol=1e-12)


def test_other_rows_need_the_original_columns_only() -> None:
    encoder = crossed()
    one = encoder.encode({"y": ["2"], "x": [3], "town": ["b"], "more": [1]})
    by_hand = {"x·y": 6.0, "x²": 9.0, "y²": 4.0}
    for name, value in by_hand.items():
        column = next(c for c in encoder.columns if c.name == name)
        at = encoder.feature_names.index(name)
        assert one[0, at] == pytest.approx((value - column.mean) / column.std)  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"lacks 1 of the 3 columns .*'y'"):
        encoder.encode({"x": [1.0], "town": ["a"]})


def test_they_are_in_the_json_and_come_back() -> None:
    encoder = crossed()
    again = TableEncoder.from_json(encoder.to_json())
    assert again == encoder and "products" in encoder.to_json()
    assert np.array_equal(again.encode(TABLE), encoder.encode(TABLE))
    plain = TableEncoder.fit(TABLE, find_roles(TABLE))
    assert "products" not in plain.to_json()


def test_products_that_cannot_be_are_refused() -> None:
    good = crossed().to_json()
    for products in (
        None,
        [],
        [{}],
        [{"name": "x·y", "left": "x"}],
        [{"name": "x·y", "left": "x", "right": 3}],
        [{"name": "town", "left": "x", "right": "y"}],  # no numeric column
        [{"name": "q", "left": "x", "right": "y"}],  # no column at all
        [{"name": "x·y", "left": "x·y", "right": "y"}],  # of itself
        [{"name": "x²", "left": "x·y", "right": "y"}, {"name": "x·y", "left": "x", "right": "y"}],
        good["products"] * 2,
    ):
        with pytest.raises(DataError):
            TableEncoder.from_json(good | {"products": products})


def test_no_more_than_so_many_columns_are_multiplied() -> None:
    table = Table.of({name: RNG.normal(size=20) for name in "abcdef"})
    assert len(crossed(table).products) == 10
    assert [p.name for p in crossed(table, 2).products] == ["a·b", "a²", "b²"]
    with pytest.raises(DataError, match="no column is numeric"):
        crossed(Table.of({"town": ["a", "b"] * 10, "more": ["p", "q", "q", "p"] * 5}))


def test_a_missing_factor_makes_a_missing_product() -> None:
    table = Table.of({"x": [1.0, None, 3.0, 4.0], "y": [2.0, 5.0, None, 1.0]})
    made = with_products(table, products_of(["x", "y"]))
    assert made["x·y"].known.tolist() == [True, False, False, True]
    encoder = crossed(table)
    assert "x·y (missing)" in encoder.feature_names
    assert np.isfinite(encoder.encode(table)).all()


def test_huge_numbers_stay_finite() -> None:
    table = Table.of({"x": [1e200, -1e300, 3.0, 0.0], "y": [1e200, 1.0, float("inf"), 2.0]})
    assert np.isfinite(crossed(table).encode(table)).all()


def test_names_that_are_taken_are_made_unique() -> None:
    table = Table.of({"x": [1.0, 2.0, 4.0], "x²": [5.0, 7.0, 6.0]})
    encoder = crossed(table)
    assert len(set(encoder.feature_names)) == len(encoder.feature_names) == 5
    at = encoder.feature_names.index("x²")
    raw = (np.array([5.0, 7.0, 6.0]) - 6.0) / np.std([5.0, 7.0, 6.0])
    np.testing.assert_allclose(encoder.encode(table)[:, at], raw)


def test_numbers_with_a_decimal_comma_are_read_as_their_column_is() -> None:
    table = Table.of({"x": ["1,5", "2,5", "4,0", "3,0"] * 5, "y": [1.0, 2.0, 3.0, 4.0] * 5})
    roles = find_roles(table, numeric=["x"])
    encoder = TableEncoder.fit(table, roles).crossed(table)
    square = next(c for c in encoder.columns if c.name == "x²")
    assert square.mean == pytest.approx(np.mean([2.25, 6.25, 16.0, 9.0]))  # type: ignore[attr-defined]
