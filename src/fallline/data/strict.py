"""Reading our own JSON back from a stranger: every field checked, every size bounded."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import DataError

__all__ = ["Fields"]

MAX_ITEMS = 100_000
MAX_TEXT = 100_000


class Fields:
    """The fields of one JSON object, taken one by one with a check of each.

    Parameters
    ----------
    data
        What should be a JSON object with exactly the keys `names`.
    names
        The keys it must have.
    what
        What the object describes, for messages.

    Raises
    ------
    DataError
        When it is no object, or has other keys. Each method raises it when its field is not as it
        should be.
    """

    def __init__(self, data: Any, names: Collection[str], what: str) -> None:
        self._what = what
        if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
            raise DataError(f"{what} must be an object with text keys, but it is {_shown(data)}")
        if set(data) != set(names):
            wrong = sorted(set(names) ^ set(data))
            raise DataError(f"{what} has missing or unknown fields: {', '.join(wrong)[:200]}")
        self._data = data

    def text(self, name: str, choices: Collection[str] | None = None) -> str:
        """Return a text, one of `choices` where they are given."""
        value = self._data[name]
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            self._refuse(name, "a text")
        if choices is not None and value not in choices:
            self._refuse(name, "one of " + ", ".join(choices))
        return str(value)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._data[name]
        if not isinstance(value, bool):
            self._refuse(name, "true or false")
        return bool(value)

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self._data[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._refuse(name, f"a whole number from {low} to {high}")
        return int(value)

    def number(self, name: str, positive: bool = False) -> float:
        """Return a finite number."""
        value = self._data[name]
        if not _finite(value) or (positive and value <= 0):
            self._refuse(name, "a finite number" + (" above 0" if positive else ""))
        return float(value)

    def numbers(self, name: str, length: int, positive: bool = False) -> tuple[float, ...]:
        """Return `length` finite numbers."""
        values = self.items(name, length)
        if len(values) != length or not all(_finite(v) and (not positive or v > 0) for v in values):
            self._refuse(name, f"{length} finite numbers" + (" above 0" if positive else ""))
        return tuple(float(value) for value in values)

    def texts(self, name: str, limit: int = MAX_ITEMS, distinct: bool = False) -> tuple[str, ...]:
        """Return at most `limit` texts, all different where `distinct`."""
        values = self.items(name, limit)
        if not all(isinstance(value, str) and len(value) <= MAX_TEXT for value in values):
            self._refuse(name, "a list of texts")
        if distinct and len(set(values)) < len(values):
            self._refuse(name, "a list of different texts")
        return tuple(values)

    def items(self, name: str, limit: int = MAX_ITEMS) -> list[Any]:
        """Return a list of at most `limit` items."""
        value = self._data[name]
        if not isinstance(value, list) or len(value) > limit:
            self._refuse(name, f"a list of at most {limit} items")
        return list(value)

    def _refuse(self, name: str, expected: str) -> None:
        raise DataError(
            f"{self._what}: '{name}' must be {expected}, but it is {_shown(self._data[name])}"
        )


def _finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _shown(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple, set)):
        return f"a {type(value).__name__} of {len(value)} items"
    if isinstance(value, int) and abs(value) > 10**30:
        return "a huge whole number"
    return repr(value)[:80]
