"""How a CSV file is written (delimiter, quote, header, types), found over the whole file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from .columns import unique_names
from .duck import glob_safe
from .repair import DELIMITERS

__all__ = ["Dialect", "sniff"]


@dataclass(frozen=True)
class Dialect:
    """A CSV file's dialect, pinned after the sniff so that reading guesses nothing.

    `names` are the user's; inside DuckDB the columns are c0, c1, ..., for its names know no case.
    """

    delimiter: str
    quote: str
    escape: str
    comment: str
    new_line: str
    skip: int
    header: bool
    names: tuple[str, ...]
    renamed: tuple[str, ...]
    kinds: tuple[str, ...]
    date_format: str | None
    timestamp_format: str | None

    def looks_ragged(self, path: Path, delimiter: str | None) -> bool:
        """Say whether the sniffer has given the file up: one column, or a header skipped over."""
        with path.open("r", encoding="utf-8-sig", newline="") as file:
            lines = list(islice(file, self.skip + 1))
        if delimiter is None and len(self.kinds) == 1:
            return any(mark in lines[-1] for mark in DELIMITERS)
        return any(self.delimiter in line for line in lines[: self.skip])

    def reader(self, path: Path, kinds: tuple[str, ...]) -> tuple[str, list[Any]]:
        """Return the SQL that reads `path` in this dialect with these types, and its values."""
        options: dict[str, Any] = {
            "delim": self.delimiter,
            "quote": self.quote,
            "escape": self.escape,
            "comment": self.comment,
            "new_line": self.new_line,
            "skip": self.skip,
            "header": self.header,
            "columns": {f"c{i}": kind for i, kind in enumerate(kinds)},
            "dateformat": self.date_format,
            "timestampformat": self.timestamp_format,
        }
        given = {name: value for name, value in options.items() if value is not None}
        parts = ", ".join(f"{name}=?" for name in given)
        sql = f"read_csv(?, auto_detect=false, {parts})"
        return sql, [glob_safe(str(path.absolute())), *given.values()]


def sniff(connection: Any, path: Path, delimiter: str | None, header: bool | None) -> Dialect:
    """Return the dialect of the whole file `path`; DuckDB's errors pass through."""
    options = {"delim": delimiter, "header": header}
    given = {name: value for name, value in options.items() if value is not None}
    parts = "".join(f", {name}=?" for name in given)
    found = connection.execute(
        "SELECT Delimiter, Quote, Escape, Comment, NewLineDelimiter, SkipRows, HasHeader, Columns, "
        f"DateFormat, TimestampFormat FROM sniff_csv(?, sample_size=-1{parts})",
        [glob_safe(str(path.absolute())), *given.values()],
    ).fetchall()[0]
    mark, quote, escape, comment = ("" if value == "(empty)" else value for value in found[:4])
    names = [column["name"] for column in found[7]]
    if found[6]:
        names = _header_names(path, mark, quote, int(found[5]), comment) or names
    blanks = [name.strip() or f"column{i}" for i, name in enumerate(names)]
    if len(blanks) != len(found[7]):
        blanks = [column["name"] for column in found[7]]
    unique, renamed = unique_names(blanks)
    return Dialect(
        mark, quote, escape, comment, found[4], int(found[5]), bool(found[6]), unique, renamed,
        tuple(column["type"] for column in found[7]), found[8], found[9],
    )  # fmt: skip


def _header_names(path: Path, mark: str, quote: str, skip: int, comment: str) -> list[str]:
    """Return the names as the file has them; DuckDB's are made unique without a word."""
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        lines = (line for line in islice(file, skip, None) if line.strip("\r\n"))
        if comment:
            lines = (line for line in lines if not line.startswith(comment))
        try:
            if quote:
                return next(csv.reader(lines, delimiter=mark, quotechar=quote), [])
            return next(csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE), [])
        except csv.Error:
            return []
