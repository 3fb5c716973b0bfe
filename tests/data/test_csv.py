"""Every ugly file: what is read, what is said about it, and what is refused."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fallline.data import Table, open_source, read_table
from fallline.errors import DataError


def read(folder: Path, content: str | bytes, name: str = "t.csv", **options: object) -> Table:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(file, **options)


def rows(table: Table) -> list[tuple[object, ...]]:
    cells = [
        [v if k else None for v, k in zip(c.values.tolist(), c.known, strict=True)] for c in table
    ]
    return list(zip(*cells, strict=True))


def kinds(table: Table) -> dict[str, str]:
    return {column.name: column.kind for column in table}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"\xef\xbb\xbfa,b\n1,2\n3,4\n", [(1, 2), (3, 4)], id="bom"),
        pytest.param('a,b\n1,"x\ny"\n2,z\n', [(1, "x\ny"), (2, "z")], id="quoted newline"),
        pytest.param(b"a,b\n1,x\x00y\n2,z\n", [(1, "x\0y"), (2, "z")], id="nul"),
        pytest.param("a,b\r\n1,2\r\n\r\n3,4\r\n\r\n", [(1, 2), (3, 4)], id="crlf blank lines"),
        pytest.param("a,b\r\n1,2\n3,4\r\n", [(1, 2), (3, 4)], id="mixed line ends"),
        pytest.param("a,b\r1,2\r3,4\r", [(1, 2), (3, 4)], id="old mac line ends"),
        pytest.param("a;b\n1,5;2\n3,25;4\n", [("1,5", 2), ("3,25", 4)], id="semicolon"),
        pytest.param("a\tb\n1\t2\n3\t4\n", [(1, 2), (3, 4)], id="tab"),
        pytest.param("a|b\n1|2\n", [(1, 2)], id="pipe"),
        pytest.param("zip,x\n01234,1\n98765,2\n", [("01234", 1), ("98765", 2)], id="zip codes"),
        pytest.param('p,x\n"1,234",1\n"2,345",2\n', [("1,234", 1), ("2,345", 2)], id="thousands"),
        pytest.param("a\n1\n\n3\n", [(1,), (None,), (3,)], id="one column"),
        pytest.param("\n\na,b\n1,2\n", [(1, 2)], id="blank lines on top"),
        pytest.param("a, b\n1, 2\n3, 4\n", [(1, 2), (3, 4)], id="spaces"),
        pytest.param(
            'a,b\n1,"say ""hi"", you"\n2,c\n', [(1, 'say "hi", you'), (2, "c")], id="quotes"
        ),
        pytest.param("#id,v\n1,2\n3,4\n", [(1, 2), (3, 4)], id="hash in header"),
        pytest.param("a,b\n1,2", [(1, 2)], id="no last line end"),
    ],
)
def test_reads_as_written(
    tmp_path: Path, content: str | bytes, expected: list[tuple[object, ...]]
) -> None:
    assert rows(read(tmp_path, content)) == expected


def test_short_lines_end_in_missing_cells_and_are_counted(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8\n")
    assert rows(table) == [(1, 2, 3), (4, 5, None), (6, 7, 8)]
    assert table.notes == ("1 row had fewer than 3 cells; those at the end are taken as missing.",)


def test_short_line_after_thousands_of_good_ones(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n" + "1,2,3\n" * 30_000 + "4,5\n")
    assert table.n == 30_001 and kinds(table) == dict.fromkeys("abc", "integer")
    assert table["c"].missing_count == 1


def test_long_lines_are_left_out_counted_and_named(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n" + "1,2\n" * 500 + "1,2,3\n" + "3,4\n" * 100 + "1,2,3,4\n")
    assert table.n == 600
    assert table.notes == (
        "2 rows had more than 2 cells and were left out: line 502 (3 cells), line 603 (4 cells).",
    )


def test_too_many_long_lines_stop_the_reading_unless_allowed(tmp_path: Path) -> None:
    text = "a,b\n" + "1,2\n" * 20 + "1,2,3\n" * 7
    with pytest.raises(DataError, match=r"7 of its 27 rows have more: line 22 \(3 cells\)") as e:
        read(tmp_path, text)
    assert str(e.value).count("cells)") == 5 and "allow_bad_rows" in str(e.value)
    table = read(tmp_path, text, allow_bad_rows=True)
    assert table.n == 20 and "7 rows had more than 2 cells" in table.notes[0]


def test_line_numbers_count_lines_inside_quotes(tmp_path: Path) -> None:
    text = 'a,b\n1,"x\ny\nz"\n' + "1,2\n" * 200 + "1,2,3\n"
    assert "line 205 (3 cells)" in read(tmp_path, text).notes[0]


def test_trailing_empty_cells_are_no_bad_rows(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n1,2,\n3,4,\n5,6,\n")
    assert rows(table) == [(1, 2), (3, 4), (5, 6)]


def test_row_names_without_a_header_as_r_writes_them(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\nx,1,2\ny,3,4\nz,5,6\n")
    assert table.names == ("row", "a", "b") and rows(table)[0] == ("x", 1, 2)


def test_title_lines_are_left_out_and_noted(tmp_path: Path) -> None:
    table = read(tmp_path, "My report\n\na,b\n1,2\n3,4\n")
    assert rows(table) == [(1, 2), (3, 4)] and "above the header left out" in table.notes[0]


def test_type_that_changes_after_30000_rows(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n" + "".join(f"{i},{i}\n" for i in range(30_000)) + "n/a,5\n")
    assert kinds(table) == {"a": "text", "b": "integer"} and table["a"].values[-1] == "n/a"


def test_decimal_comma_is_read_when_said(tmp_path: Path) -> None:
    text = "a;b;c\n1,5;x,y;1.234\n-1.003,25;4;2.000\n;z;3.000\n"
    table = read(tmp_path, text, decimal=",")
    assert kinds(table) == {"a": "float", "b": "text", "c": "float"}
    assert rows(table) == [(1.5, "x,y", 1234.0), (-1003.25, "4", 2000.0), (None, "z", 3000.0)]


def test_no_header_is_noted(tmp_path: Path) -> None:
    table = read(tmp_path, "1,2,x\n3,4,y\n")
    assert table.names == ("column0", "column1", "column2") and table.n == 2
    assert "looks like data" in table.notes[0]


def test_header_can_be_said(tmp_path: Path) -> None:
    assert read(tmp_path, "2019,2020\n1,2\n", header=True).names == ("2019", "2020")
    table = read(tmp_path, "a,b\nc,d\n", header=False)
    assert table.names == ("column0", "column1") and table.n == 2 and table.notes == ()


def test_duplicate_names_are_made_unique_and_noted(tmp_path: Path) -> None:
    table = read(tmp_path, "a,a,b,a_1\n1,2,3,4\n5,6,7,8\n")
    assert len(set(table.names)) == 4 and table.names[0] == "a" and table.names[3] == "a_1"
    assert rows(table)[0] == (1, 2, 3, 4) and "shared a name" in table.notes[0]


def test_names_differing_in_case_only_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,A,"b ""c"""\n1,2,3\n').names == ("a", "A", 'b "c"')


def test_blank_names_are_numbered(tmp_path: Path) -> None:
    assert read(tmp_path, "a,,c\n1,2,3\n").names == ("a", "column1", "c")


@pytest.mark.parametrize(
    "text",
    ["d,x\n2020-12-31,1\n2021-02-01,2\n", "d,x\n31.12.2020,1\n01.02.2021,2\n",
     "d,x\n12/31/2020,1\n02/01/2021,2\n"],
    ids=["iso", "european", "american"],
)  # fmt: skip
def test_dates(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)
    expected = np.array(["2020-12-31", "2021-02-01"], "M8[us]")
    assert (table["d"].values == expected).all() and table.notes == ()


def test_ambiguous_dates_are_noted(tmp_path: Path) -> None:
    table = read(tmp_path, "d,x\n01/02/2020,1\n01/03/2021,2\n")
    assert "read with the day first" in table.notes[0]


def test_times_with_a_zone_become_utc(tmp_path: Path) -> None:
    table = read(tmp_path, "t,x\n2021-01-01T10:00:00Z,1\n2021-01-01T10:00:00+02:00,2\n")
    assert table["t"].values.astype(str).tolist() == [
        "2021-01-01T10:00:00.000000",
        "2021-01-01T08:00:00.000000",
    ]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_unicode_encodings_are_found(tmp_path: Path, codec: str) -> None:
    table = read(tmp_path, ("name,x\nMüller,1\nJosé,2\n" + "Zoë,3\n" * 50).encode(codec))
    assert table["name"].values[:2].tolist() == ["Müller", "José"] and table.notes == ()


def test_latin_1_is_read_with_a_note_or_when_said(tmp_path: Path) -> None:
    content = "name,x\nMüller,1\nJosé,2\n".encode("latin-1")
    noted = read(tmp_path, content)
    said = read(tmp_path, content, encoding="latin-1")
    assert rows(noted) == rows(said) == [("Müller", 1), ("José", 2)]
    assert "Windows-1252" in noted.notes[0] and said.notes == ()


def test_a_late_latin_1_byte_is_found(tmp_path: Path) -> None:
    table = read(tmp_path, b"name,x\n" + b"abc,1\n" * 300_000 + b"M\xfcller,2\n")
    assert table["name"].values[-1] == "Müller"


def test_wrong_or_unknown_encoding(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not ascii text"):
        read(tmp_path, "name\nMüller\n", encoding="ascii")
    with pytest.raises(DataError, match="did you mean 'latin-1'"):
        read(tmp_path, "a\n1\n", encoding="latin_one")


def test_unclosed_quote_without_a_partner_is_read_leniently(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n').n == 3


def test_unclosed_quote_in_a_quoted_file_is_an_error_or_no_row_is_lost(tmp_path: Path) -> None:
    text = 'a,b\n1,"x, y"\n' + "2,y\n" * 50 + '3,"open\n' + "4,z\n" * 50
    with pytest.raises(DataError, match="line 53 is never closed"):
        read(tmp_path, text)


def test_long_digits_stay_text(tmp_path: Path) -> None:
    text = "id,w,v\n12345678901234567890123,9007199254740993,0.5\n"
    text += "7,9007199254740995,12345678901234567\n"
    table = read(tmp_path, text)
    assert table["id"].values.tolist() == ["12345678901234567890123", "7"]
    assert table["w"].values.tolist() == [9007199254740993, 9007199254740995]
    assert table["v"].values.tolist() == ["0.5", "12345678901234567"]


def test_long_fractions_are_numbers(tmp_path: Path) -> None:
    table = read(tmp_path, "v\n0.12345678901234567\n2.5\n")
    assert table["v"].values.tolist() == [0.12345678901234567, 2.5]


def test_yes_and_no_keep_their_words(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\nYes,True\nNo,false\n")
    assert kinds(table) == {"a": "text", "b": "boolean"}
    assert rows(table) == [("Yes", True), ("No", False)]


def test_column_without_any_value(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n1,\n2,\n")["b"].missing_count == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b,c\n", "has a header but no rows"),
        (bytes(range(256)) * 20, "bytes are not text"),
        (b"PK\x03\x04 an xlsx", "Excel workbook"),
        (b"\x89PNG\r\n", "a picture"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"\x1f\x8b\x08\x00 cut", "is damaged"),
    ],
)
def test_refused_files(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, content)
    assert "SELECT" not in str(caught.value) and "read_csv" not in str(caught.value)


def test_missing_file_suggests_a_neighbour(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"did you mean 'houses\.csv'"):
        read_table(tmp_path / "house.csv")
    with pytest.raises(DataError, match="does not exist either"):
        read_table(tmp_path / "nowhere" / "house.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_said_to_be_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="a device or a pipe; give a file, or - for CSV"):
        read_table(tmp_path / "pipe")


def test_folder_json_and_false_parquet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the folder '.*' names no Parquet file"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="is JSON"):
        read(tmp_path, "{}", "t.jsonl")
    with pytest.raises(DataError, match="not a sound Parquet"):
        read(tmp_path, "a,b\n1,2\n", "t.parquet")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")
@pytest.mark.parametrize(
    "name", ["a*b", "a?b", "a[1]", "[x]*", "q'u\"o", "é ü", "a;b--", "$HOME", "{a,b}"]
)
def test_names_are_never_patterns_or_sql(tmp_path: Path, name: str) -> None:
    for other in ("aXb", "a1", "x1", "a", "b"):
        (tmp_path / f"{other}.csv").write_text("v\n0\n")
    assert rows(read(tmp_path, "v\n1\n2\n", f"{name}.csv")) == [(1,), (2,)]
    (tmp_path / f"folder{name}").mkdir()
    assert rows(read(tmp_path, "v,w\n1,2\n3\n", f"folder{name}/t.csv")) == [(1, 2), (3, None)]


def test_packed_file(tmp_path: Path) -> None:
    table = read(tmp_path, gzip.compress("a,b\n1,ü\n".encode("utf-16")), "t.csv.gz")
    assert rows(table) == [(1, "ü")]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = SimpleNamespace(buffer=io.BytesIO(b"a,b\n1,2\n3\n"))
    monkeypatch.setattr(sys, "stdin", pipe)
    source = open_source("-")
    assert rows(source.read()) == [(1, 2), (3, None)] and rows(source.read())[0] == (1, 2)
    assert source.fingerprint()["name"] == "standard input"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(DataError, match="standard input is empty"):
        open_source("-")


def test_thousands_of_columns(tmp_path: Path) -> None:
    line = ",".join(["1.5"] * 3000)
    table = read(tmp_path, ",".join(f"c{i}" for i in range(3000)) + f"\n{line}\n{line}\n")
    assert len(table.columns) == 3000 and table["c2999"].values.tolist() == [1.5, 1.5]


def test_rows_keep_the_order_of_the_file_in_batches_of_one_size(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("i,s\n" + "".join(f"{i},s{i % 7}\n" for i in range(250_000)))
    source = open_source(tmp_path / "t.csv")
    batches = list(source.batches(30_000))
    assert [b.n for b in batches] == [30_000] * 8 + [10_000]
    whole = Table.stack(batches)
    assert (whole["i"].values == np.arange(250_000)).all()
    table = source.read()
    assert (table["i"].values == whole["i"].values).all()
    assert table["s"].values.tolist() == whole["s"].values.tolist()


def test_fingerprint_is_of_the_content_not_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for file in (tmp_path / "t.csv", tmp_path / "f" / "t.csv"):
        file.write_text("a,b\n1,2\n")
    one = open_source(tmp_path / "t.csv").fingerprint()
    assert one == open_source(str(tmp_path / "f" / "t.csv")).fingerprint()
    assert one["name"] == "t.csv" and one["bytes"] == 8 and str(tmp_path) not in str(one)
    (tmp_path / "t.csv").write_text("a,b\n1,3\n")
    assert open_source(tmp_path / "t.csv").fingerprint() != one


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ",,"}, "delimiter must be one character"),
        ({"delimiter": '"'}, "delimiter must be one character"),
        ({"decimal": ";"}, "decimal must be"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, "a\n1\n", **options)


def test_delimiter_can_be_said(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "a:b\n1:x,y\n2:z,w\n", delimiter=":")) == [(1, "x,y"), (2, "z,w")]
    assert rows(read(tmp_path, "a:b\n1:2\n3\n", delimiter=":")) == [(1, 2), (3, None)]


def test_temporary_files_are_gone_with_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gc
    import tempfile

    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    (tmp_path / "t.csv").write_bytes("a,b\n1,ü\n2\n".encode("utf-16"))
    source = open_source(tmp_path / "t.csv")
    assert source.read().n == 2 and list(spool.iterdir())
    del source
    gc.collect()
    assert not list(spool.iterdir())
