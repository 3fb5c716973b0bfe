"""An estimator's weights, as lists of matrices and as one vector θ, and what they predict."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from ..arrays import Floats
from ..engines.registry import get_engine
from ..spec.network import Network

__all__ = ["Weights"]

_ROWS = 8192  # predicted at once, so that the working set stays small beside the data


class Weights:
    """``coefs_`` and ``intercepts_``: views of θ, which may also be replaced by hand."""

    coefs_: list[Floats]
    intercepts_: list[Floats]
    engine: str
    _network: Network
    _scaling: Any

    def _set_weights(self, theta: Floats) -> None:
        """Let θ (P,) be the weights."""
        vars(self).update(self._weights_at(theta))
        self._vector = theta, [*self.coefs_, *self.intercepts_]

    def _weights_at(self, theta: Floats) -> dict[str, list[Floats]]:
        """Return ``coefs_`` and ``intercepts_`` as views of θ."""
        views = self._network.views(theta).values()
        return {"coefs_": [v.weights for v in views], "intercepts_": [v.biases for v in views]}

    def _at(self, theta: Floats) -> Any:
        """Return a copy of this estimator that predicts with the weights θ."""
        other = copy.copy(self)
        other._set_weights(theta)
        return other

    @property
    def _theta(self) -> Floats:
        """θ (P,) of ``coefs_`` and ``intercepts_`` as they are now."""
        now = [*self.coefs_, *self.intercepts_]
        theta, views = vars(self).get("_vector", (None, []))
        if theta is not None and all(a is b for a, b in zip(now, views, strict=True)):
            own: Floats = theta
            return own
        theta = np.empty(self._network.size, np.result_type(*now))
        for name, arrays in self._weights_at(theta).items():
            for view, given in zip(arrays, getattr(self, name), strict=True):
                view[...] = given
        return theta

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the lists of weights, not θ beside them."""
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_vector"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled; the weights are again views of one θ, not packed at each call."""
        super().__setstate__(state)  # type: ignore[misc]
        if "coefs_" in state and "_network" in state:
            self._set_weights(self._theta)

    def _inputs(self, X: Any) -> Any:
        """Return the network's inputs for rows as the user gives them."""
        check_is_fitted(self)
        dtype = self.coefs_[0].dtype
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=dtype, reset=False)
        return self._scaling.inputs(X)

    def _outputs(self, theta: Floats, X: Any) -> Floats:
        """Return the network's outputs (n, k) for its own inputs, some rows at a time."""
        engine = get_engine(self.engine)
        X = X.tocsr() if hasattr(X, "tocsr") else np.ascontiguousarray(X)
        starts = range(0, X.shape[0], _ROWS)
        with np.errstate(all="ignore"):  # what overflows is told by the prediction itself
            parts = [engine.predict(self._network, theta, X[at : at + _ROWS]) for at in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _predicted(self, X: Any) -> Floats:
        """Return the network's outputs (n, k) for rows as the user gives them."""
        X = self._inputs(X)
        return self._outputs(self._theta, X)
