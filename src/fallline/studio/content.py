"""The bytes of a dropped file: what is plainly no table is refused before it is read."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataError
from .setup import LIMITS

__all__ = ["FILE", "check_columns", "check_content", "shown_name"]

FILE = "fallline-upload.csv"
"""What a dropped file is called for as long as it is read."""

_CELLS = 5_000_000
_NAME = 200  # characters
_LINE = 1 << 20  # bytes; no table that a person looks at has a longer one
_OTHERS = {
    b"PAR1": "a Parquet file; name it on the command line, as in: fallline studio DATA.parquet",
    b"\x1f\x8b": "packed with gzip; unpack it first",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
}


def shown_name(name: str) -> str:
    """Return the name of a dropped file as it is shown: no folder, no control characters.

    Examples
    --------
    >>> shown_name("../my cars.csv")
    'my cars.csv'
    """
    plain = str(name).replace("\\", "/").rpartition("/")[2]
    # The terminal shows it, too: no escapes, and nothing that turns the direction of writing.
    return "".join(filter(str.isprintable, plain)).strip()[:80] or "table.csv"


def check_content(shown: str, content: bytes) -> None:
    """Raise a DataError where the bytes are too many, packed, or plainly no table."""
    most = LIMITS["upload_bytes"]
    if len(content) > most:
        raise DataError(
            f"'{shown}' has {len(content) / 2**20:.0f} MiB, and the page takes at most "
            f"{most >> 20}; name it on the command line, as in: fallline studio DATA.csv"
        )
    if not content.strip():
        raise DataError(f"'{shown}' is empty; a table needs a header line and at least one row")
    for magic, what in _OTHERS.items():
        if content.startswith(magic):
            raise DataError(f"'{shown}' must be a CSV file, but it is {what}")
    if max(map(len, content.replace(b"\r", b"\n").split(b"\n"))) > _LINE:
        raise DataError(
            f"'{shown}' has a line of more than 1 MiB, so it is hardly a table; save it as CSV "
            "with one line a row"
        )
    lines = max(content.count(end) for end in (b"\n", b"\r"))
    cells = lines + max(content.count(mark) for mark in (b",", b";", b"\t", b"|"))
    if cells > _CELLS:
        raise DataError(
            f"'{shown}' has about {cells:,} cells, and the page takes at most {_CELLS:,}; name it "
            "on the command line, as in: fallline studio DATA.csv"
        )


def check_columns(name: str, columns: Sequence[str]) -> None:
    """Raise a DataError where there are too many columns, or their names are none."""
    if len(columns) > LIMITS["columns"]:
        raise DataError(
            f"'{name}' has {len(columns):,} columns, and the studio takes at most "
            f"{LIMITS['columns']:,}; leave some out"
        )
    if any(len(column) > _NAME for column in columns):
        raise DataError(
            f"'{name}' has a column whose name is longer than {_NAME} characters, so its first "
            "line hardly holds names; give each column a short name there"
        )
