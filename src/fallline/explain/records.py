"""Tables for people who go on computing: a DataFrame where pandas is, else a list of records."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Records", "plain", "table_of"]

Records = Any
"""A ``pandas.DataFrame``, or a list of dicts where pandas is not installed."""


def table_of(records: list[dict[str, Any]]) -> Records:
    """Return records as a DataFrame, or as they are where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        return records
    return pd.DataFrame.from_records(records)


def plain(value: Any) -> Any:
    """Return plain data without numbers that JSON has not: those that are not finite are None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
