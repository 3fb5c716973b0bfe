"""Which packages the data path needs: numpy alone to apply what was learnt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fallline.data import read_table
from fallline.errors import MissingExtraError

HEAVY = ("duckdb", "nanoarrow", "pyarrow", "pandas", "polars", "narwhals", "sklearn", "scipy")


def test_applying_an_encoder_needs_numpy_only() -> None:
    program = f"""
import sys
for name in {HEAVY}:
    sys.modules[name] = None
import fallline.data.encoders
from fallline.data import TableEncoder, TargetEncoder, find_roles, samples
table = samples.load("houses", n=200)
encoder = TableEncoder.fit(table, find_roles(table, "price"))
again = TableEncoder.from_json(encoder.to_json())
assert again.encode({{c.name: c.values for c in table}}).shape == (200, encoder.d)
TargetEncoder.fit(table["price"]).encode(table["price"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_is_light() -> None:
    program = f"import sys, fallline.data; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_reading_files_needs_no_pyarrow(tmp_path: Path) -> None:
    csv, parquet = tmp_path / "t.csv", tmp_path / "t.parquet"
    program = f"""
import sys
sys.modules["pyarrow"] = None
import duckdb
from fallline.data import read_table
duckdb.sql("COPY (SELECT i AS a, 't' || i AS b FROM range(3) t(i)) TO '{parquet}'")
duckdb.sql("COPY (SELECT i AS a, 't' || i AS b FROM range(3) t(i)) TO '{csv}' (HEADER)")
for path in ("{parquet}", "{csv}"):
    table = read_table(path)
    assert table["a"].values.tolist() == [0, 1, 2] and table["b"].values.tolist()[2] == "t2"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_duckdb_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fallline\[cli\]'"):
        read_table(f"{tmp_path}/t.csv" if _written(f"{tmp_path}/t.csv") else "")


def _written(path: str) -> bool:
    with open(path, "w", encoding="utf-8") as file:
        return bool(file.write("a,b\n1,2\n"))
