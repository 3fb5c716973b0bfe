"""Columns that say too much: exact copies of another, and those that give the target away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from ..arrays import Array, Floats
from .cells import texts_of
from .numbers_text import guess_decimal, numbers_of
from .table import Column

__all__ = ["copies", "leak_warning"]

_CORRELATION = 0.999
_MIN_ROWS = 10
_ROWS_EACH = 5


def copies(columns: Iterable[Column]) -> dict[str, str]:
    """Return, for each column that repeats an earlier one cell by cell, that column's name."""
    first: dict[bytes, str] = {}
    found: dict[str, str] = {}
    for column in columns:
        key = _digest(column)
        if key in first:
            found[column.name] = first[key]
        else:
            first[key] = column.name
    return found


def _digest(column: Column) -> bytes:
    digest = hashlib.sha256(f"{column.kind} {len(column)}".encode())
    digest.update(np.packbits(column.known).tobytes())
    if column.kind == "text":
        for text in column.values:
            cell = text.encode("utf-8", "surrogatepass")
            digest.update(len(cell).to_bytes(8, "little") + cell)
    else:
        digest.update(column.values.tobytes())
    return digest.digest()


def leak_warning(kind: str, decimal: str, column: Column, target: Column) -> str | None:
    """Return a warning where the column gives the target away, or None.

    A number does if it correlates with a numeric target beyond 0.999 either way, over at least 10
    rows. A category or boolean does if each of its values has one and the same target throughout,
    and a value has at least 5 rows on average. The target's cells are all known.
    """
    if len(target) < _MIN_ROWS:
        return None
    if kind == "numeric" and target.kind in ("float", "integer", "text"):
        r = _correlation(numbers_of(column, decimal)[0], _target_numbers(target))
        if abs(r) > _CORRELATION:
            return (
                f"'{column.name}' correlates with '{target.name}' at {r:.4f}: if it is only known "
                "once the target is, drop it."
            )
    if kind in ("category", "boolean") and _determines(texts_of(column), texts_of(target)):
        return (
            f"Each value of '{column.name}' goes with one value of '{target.name}': if it is only "
            "known once the target is, drop it."
        )
    return None


def _target_numbers(target: Column) -> Floats:
    """Return a target's numbers, also of text such as "1,5"; NaN where it holds none."""
    decimal = guess_decimal(texts_of(target))[0] if target.kind == "text" else "."
    return numbers_of(target, decimal)[0]


def _correlation(x: Array, y: Array) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < _MIN_ROWS:
        return 0.0
    # Scaled before centring, so that 1e300 does not overflow when squared.
    centred = []
    for values in (x[both], y[both]):
        scale = np.abs(values).max()
        part = values / scale if scale > 0 else values
        centred.append(part - part.mean())
    norm = float(np.linalg.norm(centred[0]) * np.linalg.norm(centred[1]))
    return float(centred[0] @ centred[1]) / norm if norm > 0 else 0.0


def _determines(values: Array, targets: Array) -> bool:
    goes_with: dict[str, str] = {}
    for value, target in zip(values, targets, strict=True):
        if goes_with.setdefault(value, target) != target:
            return False
    return len(goes_with) * _ROWS_EACH <= len(values) and len(set(goes_with.values())) > 1
