"""`TableEncoder` from JSON that may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import DataError
from .cells import NULLS
from .column_encoders import BooleanEncoder, CategoryEncoder, ColumnEncoder, NumericEncoder
from .date_text_encoders import PARTS, DateEncoder, TextEncoder
from .dates import ORDERS
from .products import Product, products_from_json
from .strict import Fields

__all__ = ["parts_from_json"]

_MAX_COLUMNS = 200_000
_MAX_FEATURES = 5_000_000
_MAX_BUCKETS = 1 << 16


def parts_from_json(data: Any) -> tuple[tuple[ColumnEncoder, ...], tuple[Product, ...]]:
    """Return what ``TableEncoder.to_json`` described, or raise DataError."""
    crossed = isinstance(data, dict) and "products" in data
    names = ("format", "columns", "products") if crossed else ("format", "columns")
    fields = Fields(data, names, "a table encoder")
    fields.whole("format", 1, 1)
    columns = _columns(fields.items("columns", _MAX_COLUMNS))
    return columns, _products(data["products"], columns) if crossed else ()


def _columns(items: list[Any]) -> tuple[ColumnEncoder, ...]:
    columns: list[ColumnEncoder] = []
    features = 0
    for item in items:
        kind = item.get("kind") if isinstance(item, dict) else None
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            raise DataError(f"a column encoder must be one of {', '.join(_READERS)}")
        columns.append(reader(item))
        features += len(columns[-1].features)
        if features > _MAX_FEATURES:
            raise DataError(f"a table encoder may have at most {_MAX_FEATURES} features")
    if not columns or len({column.name for column in columns}) < len(columns):
        raise DataError("a table encoder must have columns, each with a name of its own")
    return tuple(columns)


def _products(items: Any, columns: tuple[ColumnEncoder, ...]) -> tuple[Product, ...]:
    """Return the products among the columns: numeric ones, of columns that are none."""
    numeric = [column.name for column in columns if isinstance(column, NumericEncoder)]
    products = tuple(products_from_json(items, numeric))
    made = {product.name for product in products}
    factors = {name for each in products for name in (each.left, each.right)}
    if not products or len(made) < len(products) or made & factors:
        raise DataError(
            "a table encoder: 'products' must be some, each of a name of its own, and of columns "
            "that are no products"
        )
    return products


def _numeric(data: Any) -> NumericEncoder:
    names = ("kind", "name", "mean", "std", "missing", "decimal")
    fields = Fields(data, names, "a numeric encoder")
    return NumericEncoder(
        fields.text("name"),
        fields.number("mean"),
        fields.number("std", positive=True),
        fields.flag("missing"),
        fields.text("decimal", (".", ",")),
    )


def _boolean(data: Any) -> BooleanEncoder:
    fields = Fields(data, ("kind", "name", "mean", "std", "missing"), "a boolean encoder")
    return BooleanEncoder(fields.text("name"), *_share(fields), fields.flag("missing"))


def _share(fields: Fields) -> tuple[float, float]:
    """Return mean and standard deviation of zeros and ones."""
    mean, std = fields.number("mean"), fields.number("std", positive=True)
    if not 0.0 <= mean <= 1.0 or not 1e-9 <= std <= 1.0:
        raise DataError("an encoder: 'mean' and 'std' must be those of zeros and ones")
    return mean, std


def _category(data: Any) -> CategoryEncoder:
    names = ("kind", "name", "values", "other", "missing", "kept", "mean", "std")
    fields = Fields(data, names, "a category encoder")
    return CategoryEncoder(
        fields.text("name"),
        fields.texts("values", distinct=True),
        fields.flag("other"),
        fields.flag("missing"),
        _kept(fields),
        *_share(fields),
    )


def _date(data: Any) -> DateEncoder:
    names = ("kind", "name", "mean", "std", "missing", "order", "parts")
    fields = Fields(data, names, "a date encoder")
    parts = fields.texts("parts", limit=len(PARTS), distinct=True)
    if parts != tuple(part for part in PARTS if part in parts):
        raise DataError(f"a date encoder: 'parts' must be of {', '.join(PARTS)}, in this order")
    return DateEncoder(
        fields.text("name"),
        fields.number("mean"),
        fields.number("std", positive=True),
        fields.flag("missing"),
        fields.text("order", ORDERS),
        parts,
    )


def _text(data: Any) -> TextEncoder:
    fields = Fields(data, ("kind", "name", "buckets", "missing", "kept"), "a text encoder")
    return TextEncoder(
        fields.text("name"),
        fields.whole("buckets", 1, _MAX_BUCKETS),
        fields.flag("missing"),
        _kept(fields),
    )


def _kept(fields: Fields) -> tuple[str, ...]:
    kept = fields.texts("kept", limit=len(NULLS), distinct=True)
    if not NULLS.issuperset(kept):
        raise DataError("an encoder: 'kept' must be texts that mean nothing elsewhere")
    return kept


_READERS: dict[str, Callable[[Any], ColumnEncoder]] = {
    "numeric": _numeric,
    "boolean": _boolean,
    "category": _category,
    "date": _date,
    "text": _text,
}
