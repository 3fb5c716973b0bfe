"""`TableEncoder`: from a table's columns, found by name, to the matrix X of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import DataError, suggest
from .column_encoders import (
    BooleanEncoder,
    CategoryEncoder,
    ColumnEncoder,
    ColumnNote,
    NumericEncoder,
)
from .date_text_encoders import DateEncoder, TextEncoder
from .products import Product, products_of, with_products
from .roles import Role
from .table import Column, Table

__all__ = ["ColumnNote", "TableEncoder"]


@dataclass(frozen=True)
class TableEncoder:
    """What was learnt of the columns of the training rows; frozen, and plain JSON.

    Parameters
    ----------
    columns
        One encoder for each used column, in the order of their features in X.
    products
        Which of these columns are products of two others, from which they are made.

    Examples
    --------
    >>> from fallline.data import find_roles
    >>> table = Table.of({"size": [1.0, 2.0, 3.0, None], "sold": [True, False, True, True]})
    >>> encoder = TableEncoder.fit(table, find_roles(table))
    >>> encoder.feature_names
    ('size', 'size (missing)', 'sold')
    >>> encoder.encode({"sold": ["no"], "size": ["2"], "extra": [0]}).round(3).tolist()
    [[0.0, 0.0, -1.732]]
    """

    columns: tuple[ColumnEncoder, ...]
    products: tuple[Product, ...] = ()

    @staticmethod
    def fit(table: Table, roles: Iterable[Role]) -> TableEncoder:
        """Learn means, standard deviations and categories from the training rows alone.

        Parameters
        ----------
        table
            The training rows.
        roles
            What `find_roles` returned; only used columns are encoded.

        Raises
        ------
        DataError
            When no role is used, or a role's column is not there.
        """
        used = [role for role in roles if role.used]
        if not used:
            raise DataError("no role is used, so there is nothing to encode; see find_roles")
        return TableEncoder(tuple(_fitted(table[role.name], role) for role in used))

    def crossed(self, table: Table, most: int = 4) -> TableEncoder:
        """Return the encoder with the products and squares of the first numeric columns as well.

        Parameters
        ----------
        table
            The training rows that it was fitted on: the products are fitted on them, too.
        most
            How many numeric columns are multiplied with one another.

        Raises
        ------
        DataError
            When no column is numeric.

        Examples
        --------
        >>> table = Table.of({"x": [1.0, 2.0, 4.0], "y": [3.0, 5.0, 4.0]})
        >>> from fallline.data import find_roles
        >>> TableEncoder.fit(table, find_roles(table)).crossed(table).feature_names
        ('x', 'y', 'x·y', 'x²', 'y²')
        """
        names = [c.name for c in self.columns if isinstance(c, NumericEncoder)][:most]
        if not names:
            raise DataError("no column is numeric, so there are no products of columns to add")
        products = products_of(names, [column.name for column in self.columns])
        whole = with_products(table, products, self._decimals)
        roles = (Role(product.name, "numeric", "It is a product.") for product in products)
        fitted = tuple(_fitted(whole[role.name], role) for role in roles)
        return TableEncoder((*self.columns, *fitted), products)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are needed, in order."""
        made = {product.name for product in self.products}
        own = [column.name for column in self.columns if column.name not in made]
        factors = (name for each in self.products for name in (each.left, each.right))
        return tuple(dict.fromkeys([*own, *factors]))

    @property
    def _decimals(self) -> dict[str, str]:
        return {c.name: c.decimal for c in self.columns if isinstance(c, NumericEncoder)}

    def completed(self, table: Table) -> Table:
        """Return a table that has `names` with all columns that are encoded: products too."""
        return with_products(table, self.products, self._decimals) if self.products else table

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The d names of X's columns."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def d(self) -> int:
        """The number of columns of X: the input layer's size."""
        return len(self.feature_names)

    def encode(self, data: Any, *, fill_missing: bool = False) -> Floats:
        """Return X of the rows of `data`.

        Parameters
        ----------
        data
            A Table, a mapping of name to array, or a frame. Columns are found by name; others are
            ignored, and each may come as any kind (numbers as text, yes as true, ...).
        fill_missing
            Take a column that is not there as missing throughout.

        Returns
        -------
        ndarray
            (n, d) float64, finite, C-contiguous.

        Raises
        ------
        DataError
            When columns are not there; all are named.
        """
        return self.encode_with_notes(data, fill_missing=fill_missing)[0]

    def encode_with_notes(
        self, data: Any, *, fill_missing: bool = False
    ) -> tuple[Floats, tuple[ColumnNote, ...]]:
        """Return X as `encode` does, and a `ColumnNote` for each column with anything odd in it."""
        table = self.completed(self._needed(data, fill_missing))
        X = np.zeros((table.n, self.d))
        notes, start = [], 0
        for encoder in self.columns:
            stop = start + len(encoder.features)
            notes.append(encoder.encode(table[encoder.name], X[:, start:stop]))
            start = stop
        return X, tuple(note for note in notes if note)

    def _needed(self, data: Any, fill_missing: bool) -> Table:
        if isinstance(data, Mapping):
            # Only what is needed is converted: another column may be of any kind.
            data = {name: data[name] for name in self.names if name in data} or dict(data)
        table = Table.of(data)
        absent = [name for name in self.names if name not in table]
        if absent and not fill_missing:
            shown = ", ".join(f"'{name}'" for name in absent[:20])
            hint = suggest(absent[0], [n for n in table.names if n not in self.names])
            raise DataError(
                f"{table.source} lacks {len(absent)} of the {len(self.names)} columns that the "
                f"model was trained on: {shown}{', ...' if len(absent) > 20 else ''}; for "
                f"'{absent[0]}', {hint}"
            )
        blank = np.full(table.n, "", object)
        holes = np.ones(table.n, np.bool_)
        filled = tuple(Column(name, blank, holes) for name in absent)
        return Table((*table.select(n for n in self.names if n in table).columns, *filled))

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data: no NaN, floats that read back bit for bit."""
        plain: dict[str, Any] = {
            "format": 1,
            "columns": [column.to_json() for column in self.columns],
        }
        if self.products:
            plain["products"] = [product.to_json() for product in self.products]
        return plain

    @staticmethod
    def from_json(data: Any) -> TableEncoder:
        """Return the encoder that `to_json` described.

        Raises
        ------
        DataError
            When `data` is anything that `to_json` does not return.
        """
        from .encoder_json import parts_from_json

        return TableEncoder(*parts_from_json(data))


def _fitted(column: Column, role: Role) -> ColumnEncoder:
    if role.kind == "numeric":
        return NumericEncoder.fit(column, role)
    if role.kind == "boolean":
        return BooleanEncoder.fit(column)
    if role.kind == "date":
        return DateEncoder.fit(column, role)
    return (CategoryEncoder if role.kind == "category" else TextEncoder).fit(column, role)
