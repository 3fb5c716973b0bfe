"""Products of two columns as further columns: what lets a straight line bend.

A product is named after its factors, ``x·y`` or ``x²``, and made anew from them wherever a table is
encoded, so that who asks a model need not know of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from .columns import unique_names
from .numbers_text import numbers_of
from .strict import Fields
from .table import Column, Table

__all__ = ["Product", "products_from_json", "products_of", "with_products"]

_MOST = 10_000


@dataclass(frozen=True)
class Product:
    """A column that is the product of two others, or the square of one.

    Attributes
    ----------
    name
        Its own name.
    left, right
        Its factors; the same name twice for a square.
    """

    name: str
    left: str
    right: str

    def of(self, table: Table, decimals: Mapping[str, str]) -> Column:
        """Return the column; a cell is missing where one of its factors is."""
        one, other = (
            numbers_of(table[name], decimals.get(name, "."))[0] for name in (self.left, self.right)
        )
        with np.errstate(over="ignore", invalid="ignore"):
            values = one * other
        return Column(self.name, np.clip(values, -_HUGE, _HUGE))

    def to_json(self) -> dict[str, str]:
        """Return the product as strict JSON data."""
        return {"name": self.name, "left": self.left, "right": self.right}


_HUGE = float(np.finfo(np.float64).max)


def products_of(names: Iterable[str], taken: Collection[str] = ()) -> tuple[Product, ...]:
    """Return all products of two of these columns, and their squares, named apart from `taken`.

    Examples
    --------
    >>> [product.name for product in products_of(["x", "y"])]
    ['x·y', 'x²', 'y²']
    """
    pairs = list(combinations_with_replacement(names, 2))
    pairs.sort(key=lambda pair: pair[0] == pair[1])  # squares last
    plain = [f"{one}²" if one == other else f"{one}·{other}" for one, other in pairs]
    unique, _ = unique_names([*taken, *plain])
    own = unique[len(taken) :]
    return tuple(Product(name, *pair) for name, pair in zip(own, pairs, strict=True))


def with_products(
    table: Table, products: Iterable[Product], decimals: Mapping[str, str] | None = None
) -> Table:
    """Return the table with the products as columns at its end.

    Parameters
    ----------
    decimals
        The decimal marks of factors that are written as text; ``"."`` unless given.

    Examples
    --------
    >>> table = with_products(Table.of({"x": [1.0, 3.0], "y": [2.0, 5.0]}), products_of(["x", "y"]))
    >>> table["x·y"].values.tolist()
    [2.0, 15.0]
    """
    made = tuple(product.of(table, decimals or {}) for product in products)
    own = {column.name for column in made}
    kept = tuple(column for column in table if column.name not in own)
    return replace(table, columns=(*kept, *made))


def products_from_json(items: Any, columns: Collection[str]) -> Iterator[Product]:
    """Yield the products that ``Product.to_json`` described, one for each of some `columns`."""
    fields = Fields({"products": items}, ("products",), "a table encoder")
    for item in fields.items("products", _MOST):
        one = Fields(item, ("name", "left", "right"), "a product of columns")
        yield Product(one.text("name", columns), one.text("left"), one.text("right"))
