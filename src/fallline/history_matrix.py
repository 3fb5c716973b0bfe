"""A history as a matrix of numbers, bit for bit, as files keep it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import Array, Floats
from .errors import DataError
from .history import Epoch, History

__all__ = ["history_columns", "history_from_matrix", "history_matrix"]

_FIELDS = (
    "epoch",
    "steps",
    "rows",
    "error",
    "validation_error",
    "learning_rate",
    "gradient_norm",
    "error_at_end",
)
_SOLVERS = "evaluations"  # a column of its own, where an epoch has it
_WHOLE = {"epoch", "steps", "rows", _SOLVERS}
_OPTIONAL = {"validation_error", "error_at_end"}
_LARGEST = 2**53  # a whole number above it is not exact in a float64


def history_columns(history: History) -> list[str]:
    """Return the names of the matrix's columns: the fields of an epoch, then its metrics."""
    counted = [_SOLVERS] if any(epoch.evaluations is not None for epoch in history) else []
    return [*_FIELDS, *counted, *sorted({name for epoch in history for name in epoch.metrics})]


def history_matrix(history: History, columns: Sequence[str]) -> Floats:
    """Return (epochs, columns) float64; NaN where a value is None. Seconds are left out.

    Examples
    --------
    >>> history = History([Epoch(1, 4, 8, 0.5, None, {"r2": 0.1}, 0.1, 1.0, 0.01)])
    >>> history_from_matrix(history_columns(history), history_matrix(history,
    ...     history_columns(history))) == history
    True
    """
    rows = [[_number(epoch, name) for name in columns] for epoch in history]
    return np.array(rows, np.float64).reshape(len(history), len(columns))


def history_from_matrix(columns: Any, matrix: Array) -> History:
    """Return the history of a matrix; its seconds are NaN.

    Raises
    ------
    DataError
        When the columns are not those of a history, or do not fit the matrix.
    """
    texts = isinstance(columns, list) and all(isinstance(name, str) for name in columns)
    if not texts or tuple(columns[: len(_FIELDS)]) != _FIELDS or matrix.dtype != np.float64:
        raise DataError("its history has unknown columns")
    if matrix.ndim != 2 or matrix.shape[1] != len(columns) or len(set(columns)) < len(columns):
        raise DataError("its history does not fit its columns")
    return History(_epoch(columns, row.tolist()) for row in matrix)


def _number(epoch: Epoch, name: str) -> float:
    own = name in _FIELDS or name == _SOLVERS
    value = getattr(epoch, name) if own else epoch.metrics.get(name)
    return math.nan if value is None else float(value)


def _epoch(columns: Sequence[str], row: list[float]) -> Epoch:
    values: dict[str, Any] = dict(zip(columns, row, strict=True))
    metrics = {
        name: values.pop(name) for name in columns if name not in _FIELDS and name != _SOLVERS
    }
    for name in _WHOLE & values.keys():
        if not (0 <= values[name] < _LARGEST and values[name] == int(values[name])):
            raise DataError(f"its history has {values[name]} where it counts {name}")
        values[name] = int(values[name])
    for name in _OPTIONAL:
        values[name] = None if math.isnan(values[name]) else values[name]
    return Epoch(**values, metrics=metrics, seconds=math.nan)
