"""Rows as people write them down: many as matrices, or a single one as plain lists of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import is_sparse
from ..engines.calls import checked_rows
from ..engines.protocol import Rows
from ..spec.network import Network
from ..spec.plan import Objective

__all__ = ["rows_of"]


def rows_of(
    network: Network,
    objective: Objective,
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    dtype: npt.DTypeLike = np.float64,
) -> Rows:
    """Return X (n, d), Y (n, k) and row weights as checked arrays that fit network and error.

    A vector X of d numbers is one row, and Y then holds its targets.

    Raises
    ------
    SpecError, DataError
        When they do not fit together.

    Examples
    --------
    >>> rows_of(Network.parse("2 -> 1"), Objective("sse"), [1.0, 2.0], [3.0]).X
    array([[1., 2.]])
    """
    if not is_sparse(X) and _is_row(X, network.n_inputs):
        X, Y = np.reshape(X, (1, -1)), np.reshape(Y, (1, -1))
    return checked_rows(network, objective, X, Y, sample_weight, dtype)


def _is_row(X: Any, d: int) -> bool:
    """Return whether X is one row of d numbers; what is no array is for the checks to tell."""
    try:
        return np.ndim(X) == 0 or np.shape(X) == (d,)
    except ValueError:
        return False
