"""Array types, the legend of sizes, and the checks that every array passes on its way in.

The legend, used in every docstring of the project:

=====  =============================================================
n      rows (examples), counted by μ in formulas
d      inputs of the network (columns of X)
k      outputs of the network (columns of Y and of the prediction ŷ)
P      all parameters of a network: the length of θ
=====  =============================================================

``W`` of a layer is (fan_in, fan_out); net inputs ``h`` and outputs ``o`` of a layer are (n, width).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import DataError

__all__ = [
    "Array",
    "Bools",
    "Floats",
    "Inputs",
    "Ints",
    "as_matrix",
    "as_row_weights",
    "as_targets",
    "is_sparse",
]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.integer[Any]]
Inputs = Any
"""X: `Floats`, or a ``scipy.sparse.csr_array`` of floats; SciPy has no types for it."""


def is_sparse(value: object) -> bool:
    """Return whether it is a sparse matrix or array of SciPy, which is not imported for that."""
    if isinstance(value, np.ndarray):
        return False
    return any(kind.__module__.startswith("scipy.sparse") for kind in type(value).__mro__)


def as_matrix(value: Any, columns: int, dtype: npt.DTypeLike, name: str = "X") -> Inputs:
    """Return `value` as a finite (n, columns) float matrix, C-contiguous.

    A sparse matrix or array of SciPy, of any format, stays sparse: it becomes a ``csr_array`` whose
    rows are sorted by column, with no entry twice.

    Raises
    ------
    DataError
        When it is not numeric, not two-dimensional, has another number of columns, no row, or
        holds NaN or infinity (the first such entry is named).
    """
    sparse = is_sparse(value)
    matrix = _as_csr(value, dtype, name) if sparse else _as_float(value, dtype, name)
    if not sparse and matrix.ndim == 1 and columns == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2:
        raise DataError(
            f"{name} must be a matrix of shape (n rows, {columns}), but it has shape "
            f"{matrix.shape}; reshape a single row with {name}.reshape(1, -1)"
        )
    if matrix.shape[1] != columns:
        raise DataError(
            f"{name} must have {columns} column{'s' * (columns != 1)}, one for each unit of the "
            f"network's layer, but it has {matrix.shape[1]}"
        )
    if not matrix.shape[0]:
        raise DataError(f"{name} has no rows; at least one is needed")
    return _finite_csr(matrix, name) if sparse else _finite(matrix, name)


def as_targets(value: Any, rows: int, columns: int, dtype: npt.DTypeLike) -> Floats:
    """Return targets as a finite (rows, columns) matrix; a vector serves where columns is 1."""
    if is_sparse(value):
        raise DataError("Y must be a dense array, but it is sparse; give Y.toarray()")
    targets: Floats = as_matrix(value, columns, dtype, "Y")
    if len(targets) != rows:
        raise DataError(f"X has {rows} rows but Y has {len(targets)}; they must be the same rows")
    return targets


def as_row_weights(value: Any, rows: int, dtype: npt.DTypeLike) -> Floats:
    """Return row weights s as a finite, non-negative (rows,) vector; None gives ones."""
    if value is None:
        return np.ones(rows, dtype)
    weights = _as_float(value, dtype, "sample_weight")
    if weights.shape != (rows,):
        raise DataError(
            f"sample_weight must have shape ({rows},), one number a row, but it has shape "
            f"{weights.shape}"
        )
    weights = _finite(weights, "sample_weight")
    if (weights < 0).any():
        raise DataError(
            f"sample_weight must not be negative, but row {int(np.argmax(weights < 0))} has "
            f"{weights.min()}; use 0 to leave a row out"
        )
    if not weights.any():
        raise DataError("sample_weight is 0 for every row, so there is nothing to learn from")
    return weights


def _as_float(value: Any, dtype: npt.DTypeLike, name: str) -> Floats:
    try:
        raw = np.asarray(value)
        if raw.dtype.kind in "cSUOMm" and raw.dtype.kind != "O":
            raise TypeError(f"its dtype is {raw.dtype}")
        with np.errstate(over="ignore"):  # what float32 cannot hold is found as infinite
            return np.asarray(raw, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{name} must hold numbers only ({error}); encode text and dates first, or give the "
            "whole table to fallline.train"
        ) from None


def _as_csr(value: Any, dtype: npt.DTypeLike, name: str) -> Inputs:
    from scipy.sparse import csr_array

    if value.dtype.kind not in "biuf":
        raise DataError(f"{name} must hold numbers only (its dtype is {value.dtype})")
    if value.ndim != 2:
        return value  # refused for its shape
    with np.errstate(over="ignore"):
        matrix = csr_array(value, dtype=dtype)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()  # it may share the caller's arrays
        matrix.sum_duplicates()
    return matrix


def _finite_csr(matrix: Inputs, name: str) -> Inputs:
    if (bad := ~np.isfinite(matrix.data)).any():
        at = int(np.argmax(bad))
        row = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
        raise _not_finite(name, f"row {row}, column {int(matrix.indices[at])}", matrix.data[at])
    return matrix


def _finite(array: Floats, name: str) -> Floats:
    # A finite sum costs one pass and no copy; only a bad array is searched. It is not BLAS's, whose
    # threads would go on spinning for longer than a small descent takes.
    with np.errstate(all="ignore"):
        total = array.sum()
    if np.isfinite(total) or np.isfinite(array).all():
        return array
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    place = f"row {where[0]}" + (f", column {where[1]}" if len(where) > 1 else "")
    raise _not_finite(name, place, array[where])


def _not_finite(name: str, place: str, value: np.floating[Any]) -> DataError:
    found = f"{value}" + (" in float32" if value.dtype == np.float32 else "")
    return DataError(
        f"{name} must be finite, but {place} (counting from 0) is {found}; drop or fill such rows "
        "first"
    )
