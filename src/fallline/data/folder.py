"""A folder of Parquet files as one table: in whole, in batches, or any run of its rows.

The table is the files' rows one below another, the files in the order of their paths, so that the
number of a row is a function of the folder alone. Reading a run of rows opens only the row groups
that hold them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import DataError, suggest
from .columns import unique_names
from .duck import batches_of, glob_safe, plain, reading, same_size
from .table import Table
from .textfile import check_file

__all__ = ["ParquetFolder", "is_several", "parquet_files"]

_ROWS = 1 << 16
_ENDINGS = (".parquet", ".pq")
_WILD = re.compile(r"[*?\[]")
_CAST = re.compile(r'CAST\("x" AS (\w+)\) AS "x"')
_ROW = "file_row_number"  # DuckDB's own column of it


def is_several(path: str | os.PathLike[str]) -> bool:
    """Say whether a path names a folder, or is a pattern that names files."""
    found = Path(path)
    return found.is_dir() or (not found.exists() and bool(_WILD.search(str(path))))


def parquet_files(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Return the Parquet files in a folder and those below it, or of a pattern, in order of path.

    Files whose name, or whose folder's name, begins with ``_`` or ``.`` are passed over, as what
    writes such folders leaves notes of its own there.

    Raises
    ------
    DataError
        When there is none, or when names of folders hold columns (``year=2024``).
    """
    folder = Path(path) if Path(path).is_dir() else None
    if folder is not None:
        every = [file for file in folder.rglob("*") if file.suffix.lower() in _ENDINGS]
        base = folder
    else:
        base, pattern = _split_pattern(path)
        every = [file for file in base.glob(pattern) if file.is_file()] if base.is_dir() else []
    parts = {file: file.relative_to(base).parts for file in every}
    files = sorted((f for f in every if not _hidden(parts[f])), key=lambda f: parts[f])
    if not files:
        what = f"the folder '{path}'" if folder is not None else f"the pattern '{path}'"
        raise DataError(
            f"{what} names no Parquet file (*.parquet, *.pq); give a folder of them, or one file"
        )
    for file in files:
        if columns := [part for part in parts[file][:-1] if "=" in part]:
            raise DataError(
                f"the folder '{path}' keeps a column in the name of a folder ('{columns[0]}'), "
                "which is not read; write such columns into the files"
            )
    return tuple(files)


def _hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(("_", ".")) for part in parts)


def _split_pattern(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the folder before the first part with a wild card, and the pattern from there."""
    parts = Path(path).parts
    first = next(i for i, part in enumerate(parts) if _WILD.search(part))
    return Path(*parts[:first]), str(Path(*parts[first:]))


@dataclass(frozen=True)
class _File:
    """One file: its columns as (name, DuckDB type), and how many rows it has."""

    path: Path
    columns: tuple[tuple[str, str], ...]
    rows: int


class ParquetFolder:
    """Parquet files with the same columns as one table.

    Parameters
    ----------
    path
        A folder, a pattern such as ``"data/part-*.parquet"``, or one file.

    Raises
    ------
    DataError
        When there is no file, one is damaged, their columns differ, or none has a row.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        files = parquet_files(path) if is_several(path) else (Path(path),)
        self._path = Path(path)
        self._files = tuple(_described(check_file(file)) for file in files)
        for file in self._files[1:]:
            _check_same(self._files[0], file)
        if not self.n:
            raise DataError(f"'{self.name}' holds no rows; at least one is needed")

    @property
    def name(self) -> str:
        """What the table is called: the name of the folder, the pattern or the file."""
        return self._path.name or str(self._path.resolve())

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the order of the first file."""
        return self._plan[0]

    @property
    def n(self) -> int:
        """The number of rows."""
        return sum(file.rows for file in self._files)

    @property
    def row_groups(self) -> int:
        """The number of row groups that have rows."""
        with reading(self.name) as connection:
            sql = "SELECT count(DISTINCT (file_name, row_group_id)) FROM parquet_metadata(?)"
            sql += " WHERE row_group_num_rows > 0"
            return int(connection.execute(sql, [_globs(self._files)]).fetchall()[0][0])

    def read(self) -> Table:
        """Return all rows as one table."""
        return self.rows(0, self.n)

    def rows(self, start: int, stop: int) -> Table:
        """Return the rows from number `start` to before `stop`, at least one.

        Only the row groups that hold them are read.
        """
        return Table.stack(list(self._pieces(start, stop)))

    def batches(self, rows: int) -> Iterator[Table]:
        """Yield the rows in order, `rows` at a time."""
        return same_size(self._pieces(0, self.n), rows)

    def fingerprint(self) -> dict[str, Any]:
        """Return kind, name, number of files, size and SHA-256 over the files' own."""
        digest = hashlib.sha256()
        for file in self._files:
            with file.path.open("rb") as raw:
                digest.update(hashlib.file_digest(raw, "sha256").digest())
        return {
            "kind": "parquet",
            "name": self.name,
            "files": len(self._files),
            "bytes": sum(file.path.stat().st_size for file in self._files),
            "sha256": digest.hexdigest(),
            "options": {},
        }

    def _pieces(self, start: int, stop: int) -> Iterator[Table]:
        """Yield the rows of a run in order, in tables of any size."""
        begun = 0
        for file in self._files:
            first, last = max(start - begun, 0), min(stop - begun, file.rows)
            begun += file.rows
            if first < last:
                yield from self._of_file(file, first, last)

    def _of_file(self, file: _File, first: int, last: int) -> Iterator[Table]:
        names, select = self._plan
        sql = f"SELECT {select} FROM read_parquet(?, {_ROW} = true)"
        if (first, last) != (0, file.rows):
            sql += f" WHERE {_ROW} >= {first} AND {_ROW} < {last}"
        with reading(file.path.name) as connection:
            relation = connection.sql(sql, params=[_glob(file.path)])
            for table in batches_of(relation, _ROWS, self.name):
                pairs = zip(table.columns, names, strict=True)
                yield replace(table, columns=tuple(c.renamed(name) for c, name in pairs))

    @cached_property
    def _plan(self) -> tuple[tuple[str, ...], str]:
        columns = self._files[0].columns
        names, _ = unique_names([name for name, _ in columns])
        return names, ", ".join(plain(*column) for column in columns)


def _glob(path: Path) -> str:
    return glob_safe(str(path.absolute()))


def _globs(files: Sequence[_File]) -> list[str]:
    return [_glob(file.path) for file in files]


def _described(path: Path) -> _File:
    """Return what a file's own words say of it; none of its rows is read."""
    with reading(path.name) as connection:
        described = connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?)", [_glob(path)]
        ).fetchall()
        counted = connection.execute(
            "SELECT num_rows FROM parquet_file_metadata(?)", [_glob(path)]
        ).fetchall()
    return _File(path, tuple((row[0], row[1]) for row in described), int(counted[0][0]))


def _check_same(first: _File, other: _File) -> None:
    """Raise a DataError where two files differ in a column, or in what it holds."""
    ours, theirs = dict(first.columns), dict(other.columns)
    for name in ours:
        if name not in theirs:
            raise _different(first, other, f"lacks the column '{name}'; {suggest(name, theirs)}")
    for name, kind in theirs.items():
        if name not in ours:
            raise _different(first, other, f"has a column '{name}' besides")
        if _kind(ours[name]) != _kind(kind):
            raise _different(first, other, f"holds '{name}' as {kind}, not as {ours[name]}")


def _different(first: _File, other: _File, how: str) -> DataError:
    return DataError(
        f"all files of a table must have the same columns as the first, '{first.path.name}', but "
        f"'{other.path.name}' {how}; write them alike, or leave the file out"
    )


def _kind(duck: str) -> str:
    """Return what a column of this DuckDB type is read as; types that are read alike are alike."""
    sql = plain("x", duck)
    if sql.startswith("make_timestamp"):
        return "TIMESTAMP"
    cast = _CAST.fullmatch(sql)
    return cast[1] if cast else duck
