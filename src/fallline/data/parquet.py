"""Parquet files as a `Source`, read by DuckDB."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..errors import DataError
from .columns import unique_names
from .duck import batches_of, glob_safe, plain, reading
from .table import Table
from .textfile import check_file

__all__ = ["ParquetSource"]

_ROWS = 1 << 16


class ParquetSource:
    """One Parquet file; nested columns become text."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = check_file(path)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the file's order."""
        return self._plan[0]

    def read(self) -> Table:
        """Return the whole file as one table.

        Raises
        ------
        DataError
            When the file holds no row or is no sound Parquet file.
        """
        batches = list(self.batches(_ROWS))
        if not batches:
            raise DataError(f"'{self._path.name}' holds no rows; at least one is needed")
        return Table.stack(batches)

    def batches(self, rows: int) -> Iterator[Table]:
        """Yield the rows in the file's order, `rows` at a time."""
        names, select = self._plan
        with reading(self._path.name) as connection:
            relation = connection.sql(f"SELECT {select} FROM read_parquet(?)", params=[self._glob])
            for table in batches_of(relation, rows, self._path.name):
                pairs = zip(table.columns, names, strict=True)
                yield replace(table, columns=tuple(c.renamed(name) for c, name in pairs))

    def fingerprint(self) -> dict[str, Any]:
        """Return kind, name, size and SHA-256 of the bytes, as plain JSON data."""
        with self._path.open("rb") as raw:
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        return {
            "kind": "parquet",
            "name": self._path.name,
            "bytes": self._path.stat().st_size,
            "sha256": digest,
            "options": {},
        }

    @property
    def _glob(self) -> str:
        return glob_safe(str(self._path.absolute()))

    @cached_property
    def _plan(self) -> tuple[tuple[str, ...], str]:
        with reading(self._path.name) as connection:
            sql = "DESCRIBE SELECT * FROM read_parquet(?)"
            rows = connection.execute(sql, [self._glob]).fetchall()
        names, _ = unique_names([row[0] for row in rows])
        return names, ", ".join(plain(row[0], row[1]) for row in rows)
