"""The bytes of a ``.fall`` file: one safetensors file with canonical JSON as its only metadata.

This module knows arrays and JSON, not models: `write` and `read` carry a document (plain data)
and named float arrays. The format is specified in ``docs/file-format.md``. The reader trusts
nothing: it checks every length before it allocates, and answers every defect with one exception.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import Array
from .errors import ModelFileError
from .files import whole_file
from .spec.codec import canonical_json, strict_json

__all__ = ["FORMAT", "looks_like_fall", "read", "to_bytes", "write"]

FORMAT = 1
_KEY = "fallline"
_HEADER_LIMIT = 64 * 2**20  # bytes of JSON: a mask of 8,000 x 8,000 still fits
_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}
_TENSOR_KEYS = {"dtype", "shape", "data_offsets"}


def to_bytes(document: Mapping[str, Any], tensors: Mapping[str, Array]) -> bytes:
    """Return the bytes of a file; equal arguments give equal bytes.

    Parameters
    ----------
    document
        Plain data without NaN; ``format``, ``tensors`` and ``checksum`` are added.
    tensors
        float32, float64 and int64 arrays by name.
    """
    from safetensors.numpy import save

    # safetensors stores a transposed array's buffer as it lies: contiguous copies only.
    arrays = {name: np.array(array, order="C") for name, array in sorted(tensors.items())}
    whole = {**document, "format": FORMAT, "tensors": _shapes(arrays)}
    whole["checksum"] = _checksum(whole, arrays)
    return save(arrays, metadata={_KEY: canonical_json(whole)})


def write(path: str | Path, document: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write a file whole or not at all, after reading its bytes back as a check."""
    content = to_bytes(document, tensors)
    parse(content)
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def looks_like_fall(path: str | Path) -> bool:
    """Return whether a file starts like a ``.fall`` file (its content may still be unsound)."""
    try:
        with open(path, "rb") as file:
            start = file.read(9 + 100)
    except OSError:
        return False
    return len(start) > 9 and start[8:9] == b"{" and b'"__metadata__"' in start


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the document and the tensors of a file.

    Raises
    ------
    ModelFileError
        For any file that `write` could not have written.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(8)
            _check_length(start, os.fstat(file.fileno()).st_size)
            return parse(start + file.read())
    except OSError as error:
        raise ModelFileError(f"cannot read '{path}': {error.strerror}") from None
    except ModelFileError as error:
        raise ModelFileError(f"'{path}' is not a sound .fall file: {error}") from None


def parse(content: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the document and the tensors in a file's bytes; see `read`."""
    header, data = _header(content)
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {_KEY}:
        raise ModelFileError(f"its metadata must hold the one key '{_KEY}'")
    document = _json(metadata[_KEY], "its description")
    if not isinstance(document, dict):
        raise ModelFileError("its description must be an object")
    if document.get("format") != FORMAT:
        raise ModelFileError(
            f"it has format {document.get('format')!r}, and this version of fallline reads "
            f"format {FORMAT}; a newer fallline may read it"
        )
    tensors = _tensors(header, data)
    claimed, shapes = document.pop("checksum", None), document.get("tensors")
    if claimed != _checksum(document, tensors) or shapes != _shapes(tensors):
        raise ModelFileError("its checksum is wrong: the file was damaged or changed")
    return {k: v for k, v in document.items() if k not in ("format", "tensors")}, tensors


def _header(content: bytes) -> tuple[dict[str, Any], memoryview]:
    length = _check_length(content[:8], len(content))
    header = _json(content[8 : 8 + length], "its header")
    if not isinstance(header, dict):
        raise ModelFileError("its header must be an object")
    return header, memoryview(content)[8 + length :]


def _check_length(start: bytes, size: int) -> int:
    """Return the length of the header, from the first 8 bytes of a file of this size."""
    if len(start) < 8:
        raise ModelFileError(f"it has {size} bytes, too few for any model")
    length = int.from_bytes(start, "little")
    if length > _HEADER_LIMIT or 8 + length > size:
        raise ModelFileError("it is cut short, or of another kind")
    return length


def _json(text: object, place: str) -> Any:
    if not isinstance(text, str | bytes):
        raise ModelFileError(f"{place} must be text")
    try:
        return strict_json(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{place} is not strict JSON ({error})") from None


def _tensors(header: Mapping[str, Any], data: memoryview) -> dict[str, Array]:
    """Return the arrays; they must cover the data without gap or overlap."""
    spans: list[tuple[int, int]] = []
    tensors = {}
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != _TENSOR_KEYS:
            raise ModelFileError(f"tensor {name!r} is not described as the format asks")
        dtype, shape = entry["dtype"], entry["shape"]
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            allowed = ", ".join(_DTYPES)
            raise ModelFileError(f"tensor {name!r} has dtype {dtype!r}; it may be {allowed}")
        if not (_counts(shape) and _counts(entry["data_offsets"])) or len(shape) > 2:
            raise ModelFileError(f"tensor {name!r} has a shape or place that cannot be")
        start, stop = (entry["data_offsets"] + [-1, -1])[:2]
        size = math.prod(shape) * _DTYPES[dtype].itemsize
        if len(entry["data_offsets"]) != 2 or stop - start != size or stop > len(data):
            raise ModelFileError(f"tensor {name!r} does not fit the file")
        spans.append((start, stop))
        tensors[name] = np.frombuffer(data[start:stop], _DTYPES[dtype]).reshape(shape).copy()
    edges = sorted(spans)
    ends = [0, *(stop for _, stop in edges)]
    if [start for start, _ in edges] != ends[:-1] or ends[-1] != len(data):
        raise ModelFileError("its tensors leave gaps or overlap")
    return tensors


def _counts(value: object) -> bool:
    limit = 2**48  # far above any file; keeps products of shapes small integers
    return isinstance(value, list) and all(type(n) is int and 0 <= n < limit for n in value)


def _shapes(tensors: Mapping[str, Array]) -> dict[str, list[int]]:
    """Return the shape of each tensor: in the JSON, the checksum covers names and shapes too."""
    return {name: list(array.shape) for name, array in tensors.items()}


def _checksum(document: Mapping[str, Any], tensors: Mapping[str, Array]) -> str:
    """Return SHA-256, in hex, over the tensors' bytes by name and the JSON without checksum."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(tensors[name].tobytes())
    plain = {key: value for key, value in document.items() if key != "checksum"}
    digest.update(canonical_json(plain).encode())
    return digest.hexdigest()
