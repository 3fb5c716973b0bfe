"""The file: the same bytes twice, whole or not at all, and no way in for a hostile one."""

import hashlib
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load as safetensors_load

import fallline as fl
from fallline import fall
from fallline.errors import ModelFileError
from fallline.files import whole_file
from fallline.spec.codec import canonical_json

DOCUMENT = {"name": "net", "numbers": [1, 2.5, -0.1], "nested": {"a": None, "b": True}}
TENSORS = {
    "theta": np.array([1.0, -2.0, 3.5]),
    "history": np.arange(6.0, dtype=np.float32).reshape(2, 3),
}
CONTENT = fall.to_bytes(DOCUMENT, TENSORS)


def sealed(header: dict, data: bytes = b"") -> bytes:
    """Return a file of this header and data, as an attacker would write it."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def same(first: tuple, second: tuple) -> bool:
    return first[0] == second[0] and all(
        np.array_equal(first[1][name], second[1][name]) for name in first[1] | second[1]
    )


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    fall.write(tmp_path / "a.fall", DOCUMENT, TENSORS)
    document, tensors = fall.read(tmp_path / "a.fall")
    assert {name: array.dtype for name, array in tensors.items()} == {
        "theta": np.float64,
        "history": np.float32,
    }
    assert same((document, tensors), (DOCUMENT, TENSORS))


def test_is_a_safetensors_file() -> None:
    assert np.array_equal(safetensors_load(CONTENT)["theta"], TENSORS["theta"])


def test_same_bytes_whatever_the_order_and_the_memory_layout() -> None:
    turned = {"history": np.asfortranarray(TENSORS["history"]), "theta": TENSORS["theta"]}
    assert fall.to_bytes(dict(reversed(DOCUMENT.items())), turned) == CONTENT


def test_checksum_is_the_documented_one() -> None:
    length = struct.unpack("<Q", CONTENT[:8])[0]
    header = json.loads(CONTENT[8 : 8 + length])
    document = json.loads(header["__metadata__"]["fallline"])
    claimed = document.pop("checksum")
    tensors = TENSORS["history"].tobytes() + TENSORS["theta"].tobytes()
    assert claimed == hashlib.sha256(tensors + canonical_json(document).encode()).hexdigest()


def test_every_truncation_is_an_error() -> None:
    for length in range(len(CONTENT)):
        with pytest.raises(ModelFileError):
            fall.parse(CONTENT[:length])
    with pytest.raises(ModelFileError):
        fall.parse(CONTENT + b"\0")


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_every_flipped_byte_is_an_error_or_the_same_content(flip: int) -> None:
    whole = fall.parse(CONTENT)
    errors = 0
    for position in range(len(CONTENT)):
        damaged = bytearray(CONTENT)
        damaged[position] ^= flip
        try:
            assert same(fall.parse(bytes(damaged)), whole)
        except ModelFileError:
            errors += 1
    assert errors > 0.9 * len(CONTENT)


@given(st.binary(max_size=400))
def test_any_bytes_give_the_one_error(content: bytes) -> None:
    with pytest.raises(ModelFileError):
        fall.parse(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(JSON, st.binary(max_size=32))
def test_any_header_gives_the_one_error(header: object, data: bytes) -> None:
    with pytest.raises(ModelFileError):
        fall.parse(sealed(header, data))
    with pytest.raises(ModelFileError):
        metadata = {"fallline": canonical_json(header)}
        fall.parse(sealed({"__metadata__": metadata, "theta": header}, data))


def described(**changes: object) -> dict:
    entry = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]} | changes
    metadata = {"fallline": canonical_json({"format": 1, "checksum": "0"})}
    return {"__metadata__": metadata, "theta": entry}


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (described(dtype="U8"), "dtype"),
        (described(dtype=["F64"]), "dtype"),
        (described(shape=[2**40, 2**40]), "does not fit"),
        (described(shape=[-1]), "cannot be"),
        (described(shape=[True]), "cannot be"),
        (described(shape=[1, 1, 1]), "cannot be"),
        (described(shape="1"), "cannot be"),
        (described(data_offsets=[0, 16]), "does not fit"),
        (described(data_offsets=[8, 0]), "does not fit"),
        (described(data_offsets=[0]), "does not fit"),
        (described(data_offsets=[0, 2**60]), "cannot be"),
        (described(extra=1), "not described"),
        (described(), "checksum"),
        ({"theta": {}}, "metadata"),
        ({"__metadata__": {"fallline": "{}", "other": ""}}, "metadata"),
        ({"__metadata__": {"fallline": "[1"}}, "JSON"),
        ({"__metadata__": {"fallline": '{"a":1,"a":2}'}}, "JSON"),
        ({"__metadata__": {"fallline": '{"format":NaN}'}}, "JSON"),
        ({"__metadata__": {"fallline": "[" * 5000}}, "JSON"),
        ({"__metadata__": {"fallline": '{"format":2}'}}, "newer fallline"),
    ],
)
def test_hostile_headers_are_refused_with_a_reason(header: dict, says: str) -> None:
    with pytest.raises(ModelFileError, match=says):
        fall.parse(sealed(header, b"\0" * 8))


def test_gaps_and_overlaps_are_refused() -> None:
    for second in ([0, 8], [16, 24]):
        header = described() | {"other": {"dtype": "F64", "shape": [1], "data_offsets": second}}
        with pytest.raises(ModelFileError, match="gaps or overlap"):
            fall.parse(sealed(header, b"\0" * 24))


def test_a_header_that_claims_to_be_huge_is_not_believed() -> None:
    with pytest.raises(ModelFileError, match="cut short"):
        fall.parse(struct.pack("<Q", 2**62) + b"{}")


def test_a_huge_foreign_file_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "huge.bin"
    with open(path, "wb") as file:
        file.write(b"PK\x03\x04" * 2)
        file.truncate(2**40)  # sparse: reading all of it would fail
    with pytest.raises(ModelFileError, match="of another kind"):
        fall.read(path)


def test_nan_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        fall.to_bytes({"error": float("nan")}, TENSORS)


def test_missing_and_foreign_files_name_the_path(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.fall"):
        fl.load(tmp_path / "none.fall")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n" * 10)
    with pytest.raises(ModelFileError, match=r"table\.csv' is not a sound"):
        fl.load(tmp_path / "table.csv")
    with pytest.raises(ModelFileError):
        fl.load(tmp_path)


def test_only_a_fall_file_looks_like_one(tmp_path: Path) -> None:
    fall.write(tmp_path / "a.fall", DOCUMENT, TENSORS)
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    assert fall.looks_like_fall(tmp_path / "a.fall")
    assert not fall.looks_like_fall(tmp_path / "b.csv")
    assert not fall.looks_like_fall(tmp_path / "none")


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.fall"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="full"), whole_file(path) as temporary:
        temporary.write_bytes(b"half of the n")
        raise RuntimeError("the disk is full")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.fall"]


def test_a_write_keeps_the_permissions_of_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.fall"
    path.write_bytes(b"old")
    os.chmod(path, 0o640)
    fall.write(path, DOCUMENT, TENSORS)
    assert path.stat().st_mode & 0o777 == 0o640
