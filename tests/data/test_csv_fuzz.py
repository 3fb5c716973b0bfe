"""Any text is a table or a DataError, and what a table's writer wrote is read cell by cell."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.data import read_table
from fallline.data.cells import texts_of
from fallline.errors import DataError

TEXT = st.text(st.sampled_from('ab1.,;"\n\r\t\0 -é/'), max_size=60)


@given(content=TEXT.map(str.encode) | st.binary(max_size=60))
def test_any_content(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "t.csv"
    file.write_bytes(content)
    try:
        table = read_table(file)
    except DataError as error:
        message = str(error)
        assert message and "\n" not in message.replace(str(file.parent), "")
        assert "read_csv" not in message and "SELECT" not in message
    else:
        assert table.n and len(set(table.names)) == len(table.names)


WORD = st.text(st.sampled_from('ab,;"\n é|'), max_size=6).map(lambda t: f"w{t}w")


@given(data=st.data(), delimiter=st.sampled_from(",;\t|"))
def test_written_tables_are_read_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, delimiter: str
) -> None:
    width = data.draw(st.integers(2, 4))
    rows = data.draw(
        st.lists(st.lists(WORD, min_size=width, max_size=width), min_size=1, max_size=8)
    )
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([f"name{i}" for i in range(width)])
    writer.writerows(rows)
    file = tmp_path_factory.mktemp("fuzz") / "t.csv"
    file.write_bytes(out.getvalue().encode())
    table = read_table(file, delimiter=delimiter, header=True)
    cells = [list(row) for row in zip(*(texts_of(column) for column in table), strict=True)]
    assert cells == [[cell.strip() for cell in row] for row in rows]
