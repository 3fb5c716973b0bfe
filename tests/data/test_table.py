from __future__ import annotations

import numpy as np
import pytest

from fallline.data import Column, Table
from fallline.errors import DataError


@pytest.fixture
def table() -> Table:
    return Table.of({"a": [1, None, 3], "b": ["x", "y", None], "c": [1.5, np.nan, 2.5]})


def test_kinds_and_missing_cells(table: Table) -> None:
    assert [c.kind for c in table] == ["integer", "text", "float"]
    assert [c.missing_count for c in table] == [1, 1, 1]
    assert table["a"].values.tolist() == [1, 0, 3] and table["b"].values.tolist() == ["x", "y", ""]


def test_rows_and_columns_can_be_chosen(table: Table) -> None:
    rows = table.take(np.array([2, 0]))
    assert rows["a"].values.tolist() == [3, 1] and rows["b"].missing_count == 1
    assert table.take(np.array([True, False, True])).n == 2
    assert table.without(["b"]).names == ("a", "c") and table.select(["c", "a"]).names == ("c", "a")
    with pytest.raises(DataError, match="no column 'd'"):
        table.without(["d"])


def test_unknown_column_is_suggested() -> None:
    with pytest.raises(DataError, match="did you mean 'price'"):
        Table.of({"price": [1.0]})["pric"]


def test_columns_must_fit_together() -> None:
    with pytest.raises(DataError, match="equally long"):
        Table.of({"a": [1], "b": [1, 2]})
    with pytest.raises(DataError, match="two columns named 'a'"):
        Table((Column.of("a", [1]), Column.of("a", [2])))
    with pytest.raises(DataError, match=r"use Column\.of"):
        Column("a", np.zeros(3, np.float32))
    with pytest.raises(DataError, match="mask"):
        Column("a", np.zeros(3), np.zeros(2, np.bool_))


def test_stacking_keeps_masks(table: Table) -> None:
    both = Table.stack([table, table.take(np.array([0]))])
    assert both.n == 4 and both["a"].known.tolist() == [True, False, True, True]


def test_a_sample_of_rows_is_drawn_without_repeating_and_in_order() -> None:
    table = Table.of({"x": np.arange(50), "y": np.arange(50.0)})
    drawn = table.sample(20, seed=1)
    assert drawn.n == 20 and (np.diff(drawn["x"].values) > 0).all()
    assert np.array_equal(drawn["x"].values, drawn["y"].values)
    assert np.array_equal(drawn["x"].values, table.sample(20, seed=1)["x"].values)
    assert not np.array_equal(drawn["x"].values, table.sample(20, seed=2)["x"].values)
    assert table.sample(50)["x"].values.tolist() == list(range(50))
    for bad in (0, 51, True, 2.0):
        with pytest.raises(DataError, match="has 50 rows, of which"):
            table.sample(bad)  # type: ignore[arg-type]
