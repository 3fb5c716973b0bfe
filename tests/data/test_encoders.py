from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.data import Table, TableEncoder, find_roles, read_table
from fallline.errors import DataError

N = 40


def fit(columns: dict[str, object], **options: object) -> TableEncoder:
    table = Table.of(columns)
    return TableEncoder.fit(table, find_roles(table, **options))


def test_numbers_are_standardised_by_the_training_rows() -> None:
    x = np.arange(N) * 0.5
    X = fit({"x": x}).encode({"x": [0.0, x.mean(), 1e6, -np.inf, None]})
    assert X.dtype == np.float64 and X.flags.c_contiguous and X.shape == (5, 1)
    assert X[0, 0] == pytest.approx(-x.mean() / x.std(), rel=1e-14)
    assert X[1:, 0].tolist() == [0.0, pytest.approx((1e6 - x.mean()) / x.std()), 0.0, 0.0]


def test_missing_numbers_are_the_mean_and_marked() -> None:
    encoder = fit({"x": [1.0, 3.0, None, "n/a"] * 10})
    assert encoder.feature_names == ("x", "x (missing)")
    assert encoder.encode({"x": [3.0, None]}).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_huge_numbers_stay_finite() -> None:
    encoder = fit({"x": np.array([1e300, -1e300, 1e308, 0.0] * 10)})
    assert np.isfinite(encoder.encode({"x": [1.7e308, -1.7e308, 5.0]})).all()


def test_categories_are_ordered_by_count_then_value() -> None:
    encoder = fit({"c": ["b"] * 10 + ["a"] * 10 + ["z"] * 15 + ["once", "twice"]})
    assert encoder.feature_names == ("c=z", "c=a", "c=b", "c=(other)")
    X, notes = encoder.encode_with_notes({"c": ["a", "once", "new", None]})
    assert X.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert [(n.column, n.unseen, n.missing) for n in notes] == [("c", 0, 1)]


def test_unseen_categories_without_a_slot_are_zero_and_counted() -> None:
    encoder = fit({"c": ["a", "b", "c", None] * 10})
    assert encoder.feature_names == ("c=a", "c=b", "c=c", "c=(missing)")
    X, notes = encoder.encode_with_notes({"c": ["d", None, "c"]})
    assert X.tolist() == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    assert notes[0].unseen == 1 and "1 cell of a value" in str(notes[0])


def test_two_categories_share_a_column() -> None:
    encoder = fit({"c": ["a", "b"] * 20})
    assert encoder.feature_names == ("c=b",)
    assert encoder.encode({"c": ["a", "b", "new", None]}).ravel().tolist() == [-1.0, 1.0, 0.0, 0.0]


def test_rare_values_of_a_big_category() -> None:
    values = [f"v{i:03}" for i in range(350)] * 2
    encoder = fit({"c": values}, category=["c"])
    assert encoder.d == 301 and encoder.feature_names[-1] == "c=(other)"


def test_columns_may_come_as_another_kind() -> None:
    encoder = fit(
        {
            "n": [1.5, 2.5] * 20,
            "b": [True, False] * 20,
            "c": [str(i % 4) if i % 5 else "A" for i in range(N)],
            "d": [dt.date(2020, 1, 1), dt.date(2021, 6, 1)] * 20,
        }
    )
    native = {
        "n": [1.5, 2.5],
        "b": [True, False],
        "c": ["1", "2"],
        "d": ["2020-01-01", "2021-06-01"],
    }
    other = {
        "n": ["1.5", " 2.5 "], "b": ["yes", "No"], "c": np.array([1.0, 2.0]),
        "d": np.array(["2020-01-01", "2021-06-01"], "M8[D]"),
    }  # fmt: skip
    assert (encoder.encode(native) == encoder.encode(other)).all()
    codes = {**other, "c": [1, 2], "b": [1, 0], "d": [1577836800, 1622505600]}
    assert (encoder.encode(native) == encoder.encode(codes)).all()


def test_unreadable_cells_are_counted_as_missing() -> None:
    encoder = fit({"n": [1.5, 2.5] * 20, "b": [True, False] * 20})
    X, notes = encoder.encode_with_notes({"n": ["many", None], "b": ["maybe", "?"]})
    assert not X.any()
    assert [(n.column, n.missing, n.unreadable) for n in notes] == [("n", 1, 1), ("b", 1, 1)]


def test_the_way_of_reading_text_is_kept() -> None:
    encoder = fit({"n": ["1.000,5", "2,5", "3,0"] * 10, "d": ["31.12.2020", "01.02.2021"] * 15})
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    X = again.encode({"n": ["1.000,5", "1000.5"], "d": ["01.02.2021", "2021-02-01"]})
    assert X[0, 0] > 0 and X[1, 0] == 0.0  # "1000.5" is no number with a decimal comma
    assert (X[0, 1:] == X[1, 1:]).all()


def test_date_parts_only_where_they_vary() -> None:
    days = np.datetime64("2020-01-01") + np.arange(N)
    hours = np.datetime64("2020-01-06T00") + np.arange(20)
    assert fit({"d": days}).feature_names == (
        "d (day)", "d (month sine)", "d (month cosine)", "d (weekday sine)", "d (weekday cosine)",
    )  # fmt: skip
    encoder = fit({"d": hours})
    assert encoder.feature_names == ("d (day)", "d (hour sine)", "d (hour cosine)")
    X = encoder.encode({"d": ["2020-01-06 06:00", None]})
    assert X[0, 1:].tolist() == pytest.approx([1.0, 0.0], abs=1e-15) and not X[1].any()
    assert encoder.encode({"d": np.array(["9999-01-01"], "M8[D]")})[0, 0] == 10.0


def test_seconds_are_not_lost_in_dates() -> None:
    seconds = np.datetime64("2026-01-01T00:00:00") + np.arange(20).astype("m8[s]")
    X = fit({"d": seconds}).encode({"d": seconds})
    assert np.diff(X[:, 0]) == pytest.approx(np.full(19, np.diff(X[:, 0]).mean()), rel=1e-3)


def test_hashed_text_is_the_same_on_every_machine() -> None:
    encoder = fit({"t": [f"red house number {i}" for i in range(N)]}, text=["t"])
    assert encoder.d == 16
    X = encoder.encode({"t": ["Red HOUSE", "house red", "", "unknown"]})
    assert (X[0] == X[1]).all() and not X[2].any() and X[3].any()
    # CRC-32 of "red" is 0x66a1ba4f and of "house" 0x7dde3a24 or so: computed here anew.
    import zlib

    expected = np.zeros(16)
    for word in (b"red", b"house"):
        code = zlib.crc32(word)
        expected[code % 16] += (1 if code >> 31 else -1) / np.sqrt(2)
    assert X[0] == pytest.approx(expected)


def test_columns_are_found_by_name() -> None:
    encoder = fit({"area": np.arange(N) * 0.5, "b": np.arange(N) * -0.5})
    X = encoder.encode({"b": [1.0], "extra": [{"any": "thing"}], "area": [2.0]})
    assert (encoder.encode(pd.DataFrame({"area": [2.0], "b": [1.0]})) == X).all()
    with pytest.raises(
        DataError, match=r"lacks 2 of the 2.*'area', 'b'.*did you mean 'Area'"
    ) as caught:
        encoder.encode({"Area": [1.0], "c": [1.0]})
    assert "\n" not in str(caught.value)
    assert encoder.encode({"area": [2.0, 3.0]}, fill_missing=True).shape == (2, 2)
    with pytest.raises(DataError, match="lacks 1 of the 2"):
        encoder.encode({"area": [2.0]})


def test_only_training_rows_are_looked_at() -> None:
    table = Table.of({"x": np.arange(100) / 2, "c": ["a", "b"] * 50})
    train = table.take(np.arange(50))
    encoder = TableEncoder.fit(train, find_roles(train))
    assert encoder.columns[0].to_json()["mean"] == 12.25


CELL = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(), st.text(max_size=8),
    st.sampled_from(["n/a", "1,5", "01.02.2020", "yes", "$3"]),
    st.datetimes(min_value=dt.datetime(1700, 1, 1), max_value=dt.datetime(2200, 1, 1)),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["numeric", "category", "date", "text", None]),
    st.lists(CELL, min_size=2, max_size=30),
    st.lists(CELL, min_size=1, max_size=10),
)
def test_any_cells_give_finite_numbers_and_json_keeps_every_bit(
    kind: str | None, train: list[object], later: list[object]
) -> None:
    table = Table.of({"x": train, "y": np.arange(len(train)) % 2 == 0})
    options = {} if kind is None else {kind: ["x"]}
    encoder = TableEncoder.fit(table, find_roles(table, **options))
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json(), allow_nan=False)))
    assert again == encoder
    X, _ = encoder.encode_with_notes({"x": later, "y": [True] * len(later)})
    assert X.shape == (len(later), len(encoder.feature_names)) and np.isfinite(X).all()
    assert X.tobytes() == again.encode({"x": later, "y": [True] * len(later)}).tobytes()


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_csv_pandas_and_polars_encode_alike(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rows = st.tuples(
        st.integers(-1000, 1000),
        st.none() | st.floats(-1e6, 1e6).map(lambda v: round(v, 3)),
        st.sampled_from(["red", "green", "blue, dark", 'the "other"']) | st.none(),
        st.sampled_from(["Yes", "No"]),
        st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
    )
    cells = data.draw(st.lists(rows, min_size=8, max_size=40))
    names = ["i", "f", "c", "b", "d"]
    frame = pl.DataFrame(
        cells,
        schema=dict(zip(names, [pl.Int64, pl.Float64, pl.String, pl.String, pl.Date], strict=True)),
        orient="row",
    )
    file = tmp_path_factory.mktemp("frames") / "t.csv"
    frame.write_csv(file)
    table = read_table(file)
    options = {"numeric": ["i", "f"], "category": ["c", "b"], "date": ["d"]}
    encoder = TableEncoder.fit(table, find_roles(table, **options))
    X = encoder.encode(table)
    pandas = pd.DataFrame({name: frame[name].to_list() for name in names})
    for other in (frame, pandas, frame.to_arrow(), frame.to_dict(as_series=False)):
        assert encoder.encode(other).tobytes() == X.tobytes()
        again = Table.of(other)
        assert TableEncoder.fit(again, find_roles(again, **options)) == encoder


def test_houses_from_file_and_frame(tmp_path: Path) -> None:
    from fallline.data import samples

    file = read_table(samples.path("houses"))
    roles = find_roles(file, "price")
    encoder = TableEncoder.fit(file, roles)
    frame = pd.read_csv(samples.path("houses"), keep_default_na=False)
    assert encoder.encode(frame).tobytes() == encoder.encode(file).tobytes()
    assert encoder.encode(samples.load("houses")).tobytes() == encoder.encode(file).tobytes()
    assert find_roles(Table.of(frame), "price") == roles
