"""A text file made ready for the CSV reader: found, unpacked, and in UTF-8.

DuckDB reads UTF-8 only, expands ``*`` in names and takes any bytes for text. So the file is looked
at here first: what must be rewritten is rewritten into a temporary folder that lives as long as the
`TextFile`, and what is no text is refused by name.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import hashlib
import lzma
import os
import shutil
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import DataError, suggest

__all__ = ["TextFile", "check_file"]

_CHUNK = 1 << 20
_PACKED: tuple[tuple[bytes, Any], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 before UTF-16, whose mark is how UTF-32's begins.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"SQLite format 3\x00", "an SQLite database; export the table as CSV"),
    (b"ARROW1", "an Arrow file; read it with pyarrow and give the table"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it first"),
    (b"%PDF", "a PDF; export the table as CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_TEXT_CONTROLS = b"\t\n\r\f\x00"


def check_file(path: str | os.PathLike[str]) -> Path:
    """Return `path` as a readable, non-empty file.

    Raises
    ------
    DataError
        When it is missing (files of the same folder are suggested), a folder, empty or locked.
    """
    file = Path(path)
    if file.is_dir():
        raise DataError(f"'{file}' is a folder; give one file in it")
    if file.exists() and not file.is_file():
        raise DataError(
            f"'{file}' is a device or a pipe; give a file, or - for CSV from standard input"
        )
    if not file.is_file():
        raise DataError(f"there is no file '{file}'; {_neighbours(file)}")
    if not os.access(file, os.R_OK):
        raise DataError(f"'{file}' may not be read; ask its owner for the right to")
    if file.stat().st_size == 0:
        raise DataError(f"'{file}' is empty; a table needs a header line and at least one row")
    return file


def _neighbours(file: Path) -> str:
    if not file.parent.is_dir():
        return f"its folder '{file.parent}' does not exist either"
    names = [entry.name for entry in file.parent.iterdir() if entry.is_file()]
    return suggest(file.name, names) if names else f"the folder '{file.parent}' holds no files"


class TextFile:
    """A UTF-8 text file, with the hash of the bytes that the user gave.

    Parameters
    ----------
    path
        The file, packed (gzip, bzip2, xz) or not; ``"-"`` is standard input.
    encoding
        A Python codec's name; None finds it: a byte order mark, UTF-16's zeros, UTF-8, and else
        Windows-1252 (which holds Latin-1), with a note.

    Attributes
    ----------
    path : Path
        A UTF-8 file with the text, the user's own where that serves.
    name, size, sha256
        The file's name without its folder, its size in bytes and its hash.
    notes : list of str
        What had to be done.

    Raises
    ------
    DataError
        When there is no such file, no such codec, or the bytes are no text.
    """

    def __init__(self, path: str | os.PathLike[str], encoding: str | None = None) -> None:
        self._folder: str | None = None
        self.notes: list[str] = []
        given = self._spooled_stdin() if str(path) == "-" else check_file(path)
        self.name = "standard input" if str(path) == "-" else given.name
        self.size, self.sha256 = given.stat().st_size, _digest(given)
        self.path = self._in_utf8(self._unpacked(given), encoding)

    def temporary(self, name: str) -> Path:
        """Return the path of a new file in the temporary folder of this object."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="fallline-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return Path(self._folder) / name

    def _spooled_stdin(self) -> Path:
        target = self.temporary("stdin")
        stdin: IO[bytes] = sys.stdin.buffer
        with target.open("wb") as file:
            shutil.copyfileobj(stdin, file, _CHUNK)
        if not target.stat().st_size:
            raise DataError("standard input is empty; pipe a CSV table into it")
        return target

    def _unpacked(self, file: Path) -> Path:
        with file.open("rb") as raw:
            head = raw.read(16)
        opener = next((o for magic, o in _PACKED if head.startswith(magic)), None)
        if opener is None:
            return file
        target = self.temporary("unpacked")
        try:
            with opener(file, "rb") as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out, _CHUNK)
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            raise DataError(
                f"'{self.name}' is damaged ({error}); it could not be unpacked to its end, so "
                "fetch it again"
            ) from None
        if not target.stat().st_size:
            raise DataError(f"'{self.name}' holds an empty file; a table needs at least one row")
        return target

    def _in_utf8(self, file: Path, encoding: str | None) -> Path:
        with file.open("rb") as raw:
            head = raw.read(1 << 16)
        if encoding is None:
            _refuse_other_kinds(head, self.name)
        codec = self._codec(head, encoding)
        if codec in (None, "utf-8"):
            if _decodes(file):
                _refuse_binary(head, self.name)
                return file
            if encoding is not None:
                raise DataError(_wrong_encoding(self.name, encoding))
            _refuse_binary(head, self.name)
            codec = "cp1252"
            self.notes.append(
                f"'{self.name}' is not UTF-8 and was read as Windows-1252 (Latin-1); if letters "
                "look wrong, say encoding=."
            )
        return self._transcoded(file, codec or "utf-8", encoding)

    def _codec(self, head: bytes, encoding: str | None) -> str | None:
        if encoding is not None:
            try:
                return codecs.lookup(encoding).name
            except LookupError:
                known = ["utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "ascii"]
                raise DataError(
                    f"there is no encoding '{encoding}'; {suggest(encoding, known)}"
                ) from None
        for mark, codec in _BOMS:
            if head.startswith(mark):
                return codec
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.05 * len(head) / 2:
            return "utf-16-be" if even > odd else "utf-16-le"
        return None

    def _transcoded(self, file: Path, codec: str, encoding: str | None) -> Path:
        target = self.temporary("text.csv")
        # Five bytes mean nothing in Windows-1252; when we guessed it, they must not stop the run.
        errors = "replace" if encoding is None and codec == "cp1252" else "strict"
        try:
            with (
                file.open("r", encoding=codec, errors=errors, newline="") as text,
                target.open("w", encoding="utf-8", newline="") as out,
            ):
                shutil.copyfileobj(text, out, _CHUNK)
        except UnicodeError:
            raise DataError(_wrong_encoding(self.name, encoding or codec)) from None
        with target.open("rb") as raw:
            _refuse_binary(raw.read(1 << 16), self.name)
        return target


def _wrong_encoding(name: str, encoding: str) -> str:
    return (
        f"'{name}' is not {encoding} text; leave encoding= out to have it found, or say another "
        "one, such as utf-8, utf-16 or latin-1"
    )


def _refuse_other_kinds(head: bytes, name: str) -> None:
    for magic, kind in _OTHERS:
        if head.startswith(magic):
            raise DataError(f"'{name}' must be a CSV or Parquet table, but it is {kind}")


def _refuse_binary(head: bytes, name: str) -> None:
    controls = sum(head.count(code) for code in range(32) if code not in _TEXT_CONTROLS)
    if controls + max(0, head.count(0) - 8) > 0.02 * len(head):
        raise DataError(
            f"'{name}' must be a table of text (CSV), but its bytes are not text; give a CSV or "
            "Parquet file, or say encoding= if it is text in a rare encoding"
        )


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as raw:
        while chunk := raw.read(_CHUNK):
            yield chunk


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def _decodes(file: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
