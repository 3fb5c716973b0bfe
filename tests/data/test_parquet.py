from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fallline.data import open_source, read_table
from fallline.errors import DataError


def test_parquet_types(tmp_path: Path) -> None:
    import datetime as dt
    from decimal import Decimal

    table = pa.table(
        {
            "i": pa.array([1, None], pa.int32()),
            "f": pa.array([1.5, None], pa.float32()),
            "b": [True, None],
            "s": ["x", None],
            "d": [dt.date(2020, 1, 2), None],
            "t": pa.array([dt.datetime(2020, 1, 2), None], pa.timestamp("ns", "UTC")),
            "m": [Decimal("1.25"), None],
            "u": pa.array([2**64 - 1, None], pa.uint64()),
            "l": [[1, 2], None],
        }
    )
    pq.write_table(table, tmp_path / "t[1]*.parquet")
    got = read_table(tmp_path / "t[1]*.parquet")
    kinds = ["integer", "float", "boolean", "text", "date", "date", "float", "text", "text"]
    assert [c.kind for c in got] == kinds and all(c.missing_count == 1 for c in got)
    assert got["u"].values[0] == "18446744073709551615" and got["m"].values[0] == 1.25
    assert got["d"].values[0] == got["t"].values[0] == np.datetime64("2020-01-02")


def test_order_batches_and_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "t.pq"
    pq.write_table(pa.table({"i": np.arange(300_000)}), file, row_group_size=10_000)
    source = open_source(file)
    assert [b.n for b in source.batches(100_001)] == [100_001, 100_001, 99_998]
    assert (source.read()["i"].values == np.arange(300_000)).all()
    assert source.fingerprint()["name"] == "t.pq" and source.names == ("i",)


def test_damaged_empty_and_misused(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + b"\0" * 50)
    with pytest.raises(DataError, match=r"'bad\.parquet' cannot be read"):
        read_table(tmp_path / "bad.parquet")
    pq.write_table(pa.table({"i": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    with pytest.raises(DataError, match="holds no rows"):
        read_table(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="are for text files"):
        read_table(tmp_path / "none.parquet", delimiter=";")
