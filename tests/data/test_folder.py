from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fallline as fl
from fallline.data import open_source, read_table
from fallline.data.folder import ParquetFolder
from fallline.errors import DataError


def write(path: Path, start: int, n: int, rows: int = 10, **more: object) -> None:
    table = {"i": pa.array(range(start, start + n), pa.int64()), "f": np.zeros(n)}
    pq.write_table(pa.table(table | more), path, row_group_size=rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    (data / "below").mkdir(parents=True)
    write(data / "b.parquet", 25, 17, rows=5)
    write(data / "a.pq", 0, 25)
    write(data / "a2.parquet", 0, 0)
    write(data / "below" / "c.parquet", 42, 8, rows=100)
    write(data / "_old.parquet", 0, 9)
    (data / "_SUCCESS").write_text("")
    return data


def test_files_are_one_table_in_the_order_of_their_paths(folder: Path) -> None:
    source = open_source(folder)
    assert isinstance(source, ParquetFolder)
    assert source.names == ("i", "f") and source.n == 50
    assert source.read()["i"].values.tolist() == list(range(50))
    assert [table.n for table in source.batches(20)] == [20, 20, 10]
    assert source.row_groups == 3 + 4 + 1
    assert read_table(f"{folder}/*.parquet").n == 17
    assert source.fingerprint() == ParquetFolder(folder).fingerprint()


def test_any_run_of_rows_can_be_read(folder: Path) -> None:
    source = ParquetFolder(folder)
    for start in range(0, 50, 3):
        for stop in range(start + 1, 51, 4):
            assert source.rows(start, stop)["i"].values.tolist() == list(range(start, stop))


def test_other_row_groups_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    values = np.random.default_rng(0).normal(size=40_000)
    pq.write_table(pa.table({"x": values}), path, row_group_size=10_000, use_dictionary=False)
    column = pq.read_metadata(path).row_group(2).column(0)
    content = bytearray(path.read_bytes())
    start = column.data_page_offset
    content[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(content)
    source = ParquetFolder(path)
    assert (source.rows(0, 20_000)["x"].values == values[:20_000]).all()
    assert (source.rows(30_000, 40_000)["x"].values == values[30_000:]).all()
    with pytest.raises(DataError, match=r"t\.parquet"):
        source.rows(19_999, 20_001)


def test_columns_that_differ_are_told_once(folder: Path) -> None:
    write(folder / "z.parquet", 0, 3, extra=pa.array([1, 2, 3]))
    with pytest.raises(DataError, match=r"'z\.parquet' has a column 'extra' besides"):
        open_source(folder)
    pq.write_table(pa.table({"i": ["x"], "f": [0.0]}), folder / "z.parquet")
    with pytest.raises(DataError, match=r"'z\.parquet' holds 'i' as VARCHAR, not as BIGINT"):
        open_source(folder)
    pq.write_table(pa.table({"i": [1]}), folder / "z.parquet")
    with pytest.raises(DataError, match=r"'z\.parquet' lacks the column 'f'"):
        open_source(folder)


def test_types_that_are_read_alike_are_alike(folder: Path) -> None:
    narrow = {"i": pa.array([50], pa.int32()), "f": pa.array([0.0], pa.float32())}
    pq.write_table(pa.table(narrow), folder / "z.parquet")
    assert open_source(folder).read()["i"].values.tolist() == list(range(51))


def test_what_is_no_folder_of_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="names no Parquet file"):
        open_source(tmp_path)
    with pytest.raises(DataError, match="names no Parquet file"):
        open_source(tmp_path / "*.parquet")
    (tmp_path / "year=2024").mkdir()
    write(tmp_path / "year=2024" / "a.parquet", 0, 3)
    with pytest.raises(DataError, match="year=2024"):
        open_source(tmp_path)
    with pytest.raises(DataError, match="are for text files"):
        open_source(tmp_path, delimiter=";")
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "a.parquet", 0, 0)
    with pytest.raises(DataError, match="holds no rows"):
        open_source(tmp_path / "data")
    (tmp_path / "data" / "b.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        open_source(tmp_path / "data")


def test_one_process_trains_on_a_folder_as_on_a_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    data, table = tmp_path / "data", pa.table({"x": x, "y": 2 * x + rng.normal(size=200)})
    data.mkdir()
    pq.write_table(table.slice(0, 50), data / "a.parquet")
    pq.write_table(table.slice(50), data / "b.parquet")
    settings = {"l2": 0.01, "epochs": 2, "net": "4 tanh"}
    one = fl.train(data, "y", **settings)
    assert one.model.theta.tobytes() == fl.train(table, "y", **settings).model.theta.tobytes()
