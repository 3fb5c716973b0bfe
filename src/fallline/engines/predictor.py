"""A network with its weights, made ready once to predict again and again."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Inputs, as_matrix, is_sparse
from ..errors import DataError, SpecError
from ..spec.initial import given_theta
from ..spec.network import Network
from .protocol import Engine, Ready
from .registry import get_engine

__all__ = ["Kept", "Predictor", "kept", "outputs_of", "predictor"]

_MOST_KEPT = 2**20
"""Bytes of θ above which nothing is kept for the next call."""


@dataclass(frozen=True)
class Kept:
    """What `calls.predict` last made ready for a network."""

    network: weakref.ref[Network]
    engine: str
    theta: Floats
    ready: Ready | None

    def serves(self, network: Network, theta: Any, engine: str) -> bool:
        """Return whether it predicts with these: θ is compared bit by bit."""
        return (
            self.network() is network
            and self.engine == engine
            and self.ready is not None
            and self.ready.holds(theta)
        )


_KEPT: dict[int, Kept] = {}
"""By the id of the network: to hash a network of large masks takes longer than to use it."""


class Predictor:
    """A network with its weights, made ready to predict; `predictor` makes it.

    Called with a row (d,) or with rows (n, d) it returns the outputs ŷ, (k,) or (n, k), the same
    bits as `predict`, however many rows stand beside. It takes what `predict` takes, and is fastest
    for an array of its own dtype. Several threads may call it at once. It can be pickled.

    Attributes
    ----------
    network
        The network.
    theta
        (P,) its own copy of the weights, read-only: arrays that change later change nothing here.

    Raises
    ------
    DataError
        When called with what has another number of columns, no row, or holds anything but finite
        numbers.
    """

    __slots__ = ("_engine", "_few", "_name", "_ready", "network", "theta")

    def __init__(self, network: Network, theta: Floats, engine: str) -> None:
        self.network, self.theta, self._name = network, theta, engine
        self._engine: Engine = get_engine(engine)
        self._ready = self._engine.ready(network, theta)
        self._few = _nothing if self._ready is None else self._ready.few

    def __call__(self, X: Any) -> Floats:
        """Return the outputs ŷ: (k,) of one row (d,), (n, k) of rows (n, d)."""
        found = self._few(X)
        return self._checked(X) if found is None else found

    def _checked(self, X: Any) -> Floats:
        """Return ŷ of what must be looked at, or converted, first."""
        rows = self._rows_of(X)
        matrix = as_matrix(X if rows is None else rows, self.network.n_inputs, self.theta.dtype)
        outputs = outputs_of(self._engine, self._ready, self.network, self.theta, matrix)
        return outputs if rows is None else outputs[0]

    def _rows_of(self, X: Any) -> Any:
        """Return a single row (d,) as rows (1, d); None where it is not one."""
        if is_sparse(X):
            return None
        try:
            row, width = np.asarray(X), self.network.n_inputs
        except ValueError:  # rows of several lengths
            return None
        if row.ndim == 1 and row.shape != (width,):
            raise DataError(
                f"X must be a row of shape ({width},) or rows of shape (n, {width}), but it has "
                f"shape {row.shape}"
            )
        return row[None] if row.ndim == 1 else None

    def __repr__(self) -> str:
        """Return the network and the dtype."""
        return f"Predictor({str(self.network)!r}, {self.theta.dtype})"

    def __getstate__(self) -> tuple[Network, Floats, str]:
        """Return what it was made of."""
        return self.network, self.theta, self._name

    def __setstate__(self, state: tuple[Network, Floats, str]) -> None:
        """Make it again, with the engine that this machine has."""
        network, theta, engine = state
        theta.flags.writeable = False
        self.__init__(network, theta, engine)  # type: ignore[misc]


def predictor(
    network: Network,
    theta: npt.ArrayLike,
    *,
    dtype: npt.DTypeLike | None = None,
    engine: str = "auto",
) -> Predictor:
    """Return a network with its weights made ready to predict: a row takes about a microsecond.

    For predictions that are asked one row, or a few, at a time. All that does not depend on the
    rows is done here, once: the weights are checked, and copied into the layout of the engine.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) parameters. They are copied: what happens to the array later changes no prediction.
    dtype
        float32 or float64, of the arithmetic and of the outputs; that of `theta` unless given.
    engine
        A name from the table of engines.

    Returns
    -------
    Predictor
        A function of a row (d,), which returns ŷ (k,), or of rows (n, d), also sparse ones of
        SciPy, which returns ŷ (n, k). Rows of the same dtype are not copied.

    Raises
    ------
    SpecError
        When θ does not fit the network, or for another dtype.

    Examples
    --------
    >>> net = Network.parse("2 -> 1")
    >>> ask = predictor(net, [2.0, -1.0, 0.5])
    >>> ask([3.0, 1.0])
    array([5.5])
    >>> ask([[3.0, 1.0], [0.0, 0.0]])
    array([[5.5],
           [0.5]])
    """
    own = given_theta(network, theta, dtype)
    if own.dtype not in (np.float32, np.float64):
        raise SpecError(f"dtype must be float32 or float64, not {own.dtype}")
    own.flags.writeable = False
    return Predictor(network, own, engine)


def kept(network: Network, theta: Any, engine: str) -> Kept:
    """Return what predicts with these: that of the last call for the network, if it was the same.

    Raises
    ------
    SpecError
        When θ does not fit the network.
    """
    number = id(network)
    found = _KEPT.get(number)
    if found is not None and found.serves(network, theta, engine):
        return found
    checked = given_theta(network, theta)
    ready = get_engine(engine).ready(network, checked)
    found = Kept(weakref.ref(network, lambda _: _KEPT.pop(number, None)), engine, checked, ready)
    if ready is not None and checked.nbytes <= _MOST_KEPT:
        _KEPT[number] = found
    return found


def outputs_of(
    engine: Engine, ready: Ready | None, network: Network, theta: Floats, X: Inputs
) -> Floats:
    """Return ŷ (n, k) of checked rows."""
    found = None
    if ready is not None:
        found = None if is_sparse(X) else ready.few(X)
        found = ready.many(X) if found is None else found
    return engine.predict(network, theta, X) if found is None else found


def _nothing(X: Any) -> None:
    """Return None: this engine has no short way."""
