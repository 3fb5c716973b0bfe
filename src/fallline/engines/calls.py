"""The public one-off computations: the error and its gradient, and predictions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, as_matrix, as_row_weights, as_targets
from ..errors import SpecError
from ..spec.fits import check_trainable, target_count
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Objective, check_targets
from .predictor import kept, outputs_of
from .protocol import Rows
from .registry import get_engine
from .threads import allowed_threads, one_thread

__all__ = ["checked_rows", "error_and_gradient", "errors_at", "example_gradients", "predict"]


def checked_rows(
    network: Network,
    objective: Objective,
    X: Any,
    Y: Any,
    sample_weight: Any,
    dtype: npt.DTypeLike,
) -> Rows:
    """Return X, Y and row weights as checked arrays of one dtype that fit network and error.

    Rows that are ready come in place of X, and are returned as they are: so may those come that
    other processes have a part of.

    Raises
    ------
    SpecError, DataError
        When they do not.
    """
    objective.check(network)
    if isinstance(X, Rows):
        check_targets(objective, X.Y)
        return X
    inputs = as_matrix(X, network.n_inputs, dtype, "X")
    n = inputs.shape[0]  # a sparse matrix has no len
    targets = as_targets(Y, n, target_count(objective.error, network), dtype)
    check_targets(objective, targets)
    return Rows(inputs, targets, as_row_weights(sample_weight, n, dtype))


def error_and_gradient(
    network: Network,
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    loss: str = "squared_error",
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    sample_weight: npt.ArrayLike | None = None,
    engine: str = "auto",
) -> tuple[float, Floats]:
    """Return J = E + R of all rows and its gradient ∂J/∂θ.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) parameters; their dtype, float32 or float64, decides the arithmetic.
    X, Y
        (n, d) inputs, also sparse ones of SciPy, and (n, k) targets; a vector serves for a single
        column.
    loss
        The error.
    l2, l1, alpha
        Of the penalties ½λ‖W‖², λ₁ Σ |w| and ½α‖W‖² / Σ s on weights; see `Objective`.
    sample_weight
        (n,) row weights s; 1 unless given.
    engine
        A name from the table of engines.

    Returns
    -------
    error : float
        J, in the units of the error: Σ s e for ``sse``, else Σ s e / Σ s, plus the penalty.
    gradient : ndarray
        (P,) ∂J/∂θ; 0 at absent connections.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    One linear unit ŷ = w x with w = 2, at x = 3, y = 5: E = ½(5 − 6)², dE/dw = −(5 − 6)·3.

    >>> net = Network.parse("1 -> 1 nobias")
    >>> error_and_gradient(net, [2.0], [[3.0]], [[5.0]], loss="sse")
    (0.5, array([3.]))
    """
    checked = given_theta(network, theta)
    objective = Objective(loss, l2, l1, alpha)
    rows = checked_rows(network, objective, X, Y, sample_weight, checked.dtype)
    check_trainable(network)
    return get_engine(engine).error_and_gradient(network, objective, checked, rows)


def errors_at(
    network: Network,
    thetas: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    loss: str = "squared_error",
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    sample_weight: npt.ArrayLike | None = None,
    engine: str = "auto",
) -> Floats:
    """Return J = E + R of the same rows at many points θ: an error surface in bulk.

    Each is what `error_and_gradient` gives there. The points are shared among as many threads as
    this process may use, except with the reference engine.

    Parameters
    ----------
    network
        The network.
    thetas
        (m, P) parameters, a point a row; their dtype, float32 or float64, decides the arithmetic.
    X, Y, loss, l2, l1, alpha, sample_weight, engine
        As for `error_and_gradient`.

    Returns
    -------
    ndarray
        (m,) J at each point; infinite or NaN where it overflows.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    The error ½(5 − 3w)² of one linear unit ŷ = w x at x = 3, y = 5, for w = 1 and w = 2:

    >>> net = Network.parse("1 -> 1 nobias")
    >>> errors_at(net, [[1.0], [2.0]], [[3.0]], [[5.0]], loss="sse")
    array([2. , 0.5])
    """
    points = _points(network, thetas)
    objective = Objective(loss, l2, l1, alpha)
    rows = checked_rows(network, objective, X, Y, sample_weight, points.dtype)
    check_trainable(network)
    chosen = get_engine(engine)
    found = np.empty(len(points))

    def compute(start: int, step: int) -> None:
        with np.errstate(all="ignore"):  # what overflows is reported as such
            for i in range(start, len(points), step):
                found[i] = chosen.error(network, objective, points[i], rows)

    threads = min(allowed_threads() if chosen.name == "native" else 1, len(points))
    with one_thread():
        if threads == 1:
            compute(0, 1)
            return found
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(compute, range(threads), [threads] * threads))
    return found


def _points(network: Network, thetas: Any) -> Floats:
    """Return many θ as a checked matrix (m, P)."""
    try:
        points = np.asarray(thetas)
    except ValueError as error:
        raise SpecError(f"thetas must be a matrix of numbers ({error})") from None
    if points.ndim != 2 or points.shape[1] != network.size or not len(points):
        raise SpecError(
            f"thetas must have shape (m, {network.size}), a point of all weights and biases a row, "
            f"but it has {points.shape}"
        )
    if points.dtype not in (np.float32, np.float64):
        points = np.array([given_theta(network, point, np.float64) for point in points])
    bad = ~np.isfinite(points).all(axis=1) | (points[:, network.masked] != 0).any(axis=1)
    if bad.any():
        given_theta(network, points[int(np.argmax(bad))])  # says what is wrong with it
    return np.ascontiguousarray(points)


def example_gradients(
    network: Network,
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    loss: str = "squared_error",
    engine: str = "auto",
) -> Floats:
    """Return the gradient ∂e/∂θ of each row's error alone.

    Their sum over rows is the gradient of ``sse``, their mean over rows that of an error which is a
    mean, as `error_and_gradient` returns it without penalties.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) parameters; their dtype, float32 or float64, decides the arithmetic.
    X, Y
        (n, d) inputs, also sparse ones of SciPy, and (n, k) targets; a vector serves for a single
        column.
    loss
        The error.
    engine
        A name from the table of engines.

    Returns
    -------
    ndarray
        (n, P) the gradient of row i in row i; 0 at absent connections. It takes n·P numbers of 8
        bytes (4 in float32): 10 000 rows of a network of 10 000 parameters take 800 MB, so hand
        over as many rows at a time as there is memory for.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    One linear unit ŷ = w x with w = 2: at x = 3, y = 5 the error is ½(5 − 6)², with the slope
    −(5 − 6)·3; at x = 1, y = 2 there is none.

    >>> net = Network.parse("1 -> 1 nobias")
    >>> example_gradients(net, [2.0], [[3.0], [1.0]], [[5.0], [2.0]], loss="sse")
    array([[3.],
           [0.]])
    """
    checked = given_theta(network, theta)
    objective = Objective(loss)
    rows = checked_rows(network, objective, X, Y, None, checked.dtype)
    check_trainable(network)
    return get_engine(engine).example_gradients(network, objective, checked, rows)


def predict(
    network: Network, theta: npt.ArrayLike, X: npt.ArrayLike, *, engine: str = "auto"
) -> Floats:
    """Return the outputs ŷ (n, k) of a network for rows X (n, d), dense or sparse.

    The dtype of θ, float32 or float64, decides the arithmetic. To ask for a few rows at a time,
    again and again, `predictor` is faster still.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    >>> predict(Network.parse("1 -> 1"), [2.0, 1.0], [[3.0]])
    array([[7.]])
    """
    found = kept(network, theta, engine)
    if found.ready is not None and isinstance(X, np.ndarray) and X.ndim == 2:
        outputs = found.ready.few(X)
        if outputs is not None:
            return outputs
    matrix = as_matrix(X, network.n_inputs, found.theta.dtype)
    return outputs_of(get_engine(engine), found.ready, network, found.theta, matrix)
