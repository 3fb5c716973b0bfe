"""A model and the rows that it is asked about: what every part of a report is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..data.table import Column, Table
from ..data.targets import known_rows
from ..explain.document import Block, Title
from ..explain.of_model import Rows, encoded, encoded_row
from ..model import Model

__all__ = ["Asked", "deeper"]


@dataclass(frozen=True, eq=False)
class Asked:
    """A model, the rows of a table whose target is known, and the row that is followed.

    Attributes
    ----------
    model, name
        The model, and what to call it.
    rows
        The rows, as the network gets them.
    numbers
        (n,) their numbers in the table, from 0.
    left
        How many rows of the table have no known target.
    row, one
        The number of the row that is followed, from 1, and that row as the network gets it.
    """

    model: Model
    name: str
    rows: Rows = field(repr=False)
    numbers: Ints = field(repr=False)
    left: int
    row: int
    one: Rows = field(repr=False)

    @classmethod
    def of(cls, model: Model, data: Any, name: str, row: int | None = None) -> Asked:
        """Return the model and its rows of a table; the first that is known is followed.

        Raises
        ------
        DataError
            When the model knows no columns, the table lacks one, or no row's target is known.
        """
        table = Table.of(data)
        rows = encoded(model, table)
        numbers = np.flatnonzero(known_rows(model.target_columns(table)))
        followed = int(numbers[0]) + 1 if row is None else row
        one = encoded_row(model, table, followed)
        return cls(model, name, rows, numbers, table.n - len(numbers), followed, one)

    @cached_property
    def outputs(self) -> Floats:
        """(n, k) of the network."""
        return self.model.network_outputs(self.rows.X)

    @property
    def truth(self) -> list[Column]:
        """The target's columns."""
        return self.model.target_columns(self.rows.table)


def deeper(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks with their headings a level down, to stand under a heading of their own."""
    for block in blocks:
        yield replace(block, level=min(block.level + 1, 4)) if isinstance(block, Title) else block
