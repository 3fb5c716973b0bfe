from __future__ import annotations

import datetime as dt
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fallline.data import Table, open_source, read_table
from fallline.data.arrow import tables_of_stream
from fallline.errors import DataError

DAY = dt.datetime(2020, 1, 2, 3, 4, 5)
CELLS = {
    "i": [1, None, 2**60 + 1],
    "f": [1.5, None, -2.0],
    "b": [True, None, False],
    "s": ["ü", None, "x"],
    "d": [DAY, None, DAY],
}


class Capsule:
    """A table of a library that nobody knows: all it has is Arrow's stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def cells(table: Table) -> dict[str, list[object]]:
    return {
        c.name: [v if k else None for v, k in zip(c.values.tolist(), c.known, strict=True)]
        for c in table
    }


def pandas_frame() -> pd.DataFrame:
    kinds = {"i": "Int64", "f": "Float64", "b": "boolean", "s": "str", "d": "datetime64[ns]"}
    return pd.DataFrame({name: pd.Series(v, dtype=kinds[name]) for name, v in CELLS.items()})


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(CELLS, id="mapping"),
        pytest.param(pandas_frame(), id="pandas"),
        pytest.param(pl.DataFrame(CELLS), id="polars"),
        pytest.param(pl.DataFrame(CELLS).lazy(), id="polars lazy"),
        pytest.param(pa.table(CELLS), id="arrow"),
        pytest.param(pa.RecordBatch.from_pydict(CELLS), id="record batch"),
        pytest.param(Capsule(pa.table(CELLS)), id="stream"),
        pytest.param(Capsule(pa.concat_tables([pa.table(CELLS)] * 2).slice(2, 3)), id="sliced"),
    ],
)
def test_every_kind_of_frame_gives_the_same_table(frame: object) -> None:
    table = read_table(frame)
    got = cells(table)
    if len({str(v) for v in got["i"][:1]} & {"1"}) == 0:  # the slice begins at the third row
        got = {name: [*v[1:], v[0]] for name, v in got.items()}
    assert got == CELLS
    assert [c.kind for c in table] == ["integer", "float", "boolean", "text", "date"]


def test_pandas_needs_no_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "nanoarrow", None)
    assert cells(read_table(pandas_frame())) == CELLS


def test_streams_fall_back_to_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoarrow", None)
    (table,) = tables_of_stream(pa.table(CELLS), "t")
    assert cells(table) == CELLS


def test_rarer_types() -> None:
    arrow = pa.table(
        {
            "date": pa.array([dt.date(2020, 1, 2), None], pa.date32()),
            "zone": pa.array([DAY, None], pa.timestamp("ms", "Europe/Zurich")),
            "code": pa.array(["a", None]).dictionary_encode(),
            "large": pa.array(["a", "b"], pa.large_string()),
            "half": pa.array([1, 2], pa.uint8()),
            "null": pa.nulls(2),
        }
    )
    direct, streamed = read_table(arrow), read_table(Capsule(arrow))
    assert cells(direct) == cells(streamed)
    assert cells(direct)["date"] == [dt.datetime(2020, 1, 2), None]
    assert cells(direct)["zone"] == [DAY, None]  # already UTC inside


def test_pandas_categories_labels_and_mixtures() -> None:
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["u", None, "v"]),
            "n": pd.Categorical([3, 1, 3]),
            "m": [1, "a", None],
            "z": pd.to_datetime(["2020-01-01"] * 3, utc=True),
        }
    )
    table = read_table(frame.set_axis([0, 1, 0, ("a", "b")], axis=1))
    assert table.names == ("0", "1", "0_1", "a_b") and "shared a name" in table.notes[0]
    assert cells(table)["0"] == ["u", None, "v"] and cells(table)["1"] == [3, 1, 3]
    assert cells(table)["0_1"] == ["1", "a", None]
    assert table["a_b"].kind == "date"


def test_arrays_with_names() -> None:
    table = read_table(np.array([[1, 2], [3, 4]]), columns=["a", "b"])
    assert cells(table) == {"a": [1, 3], "b": [2, 4]}
    assert read_table(np.zeros((1, 2))).names == ("column0", "column1")
    records = np.array([(1, "x")], [("a", "i4"), ("b", "U1")])
    assert cells(Table.of(records)) == {"a": [1], "b": ["x"]}


def test_what_is_no_table() -> None:
    with pytest.raises(DataError, match="gives 1 names"):
        read_table(np.zeros((2, 2)), columns=["a"])
    with pytest.raises(DataError, match="same name twice"):
        read_table(np.zeros((2, 2)), columns=["a", "a"])
    with pytest.raises(DataError, match="2-D NumPy array only"):
        read_table({"a": [1]}, columns=["b"])
    with pytest.raises(DataError, match="it is a list"):
        read_table([1, 2])
    with pytest.raises(DataError, match="are for text files"):
        read_table({"a": [1]}, delimiter=";")
    with pytest.raises(DataError, match="no rows"):
        read_table({"a": []})
    with pytest.raises(DataError, match="no rows"):
        read_table({})
    with pytest.raises(DataError, match="2 dimensions"):
        Table.of(np.zeros(3))


def test_a_source_passes_through_and_gives_batches() -> None:
    source = open_source({"a": np.arange(5)})
    assert open_source(source) is source
    assert [b["a"].values.tolist() for b in source.batches(2)] == [[0, 1], [2, 3], [4]]


def test_fingerprint_is_of_names_and_cells() -> None:
    one = open_source(pl.DataFrame(CELLS)).fingerprint()
    assert one == open_source(pandas_frame()).fingerprint()
    assert one != open_source({**CELLS, "i": [1, None, 2]}).fingerprint()
