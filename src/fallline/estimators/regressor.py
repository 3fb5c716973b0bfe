"""`MLPRegressor`: scikit-learn's, on fallline's own descent."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d, validate_data

from ..arrays import Array, Floats
from .base import MLPBase
from .documentation import documented
from .parameters import CONSTRAINTS, store, targets_of
from .problem import has_steps
from .scoring import r_squared

__all__ = ["MLPRegressor"]

VARIANCE = ("mean", "variance")


@documented
class MLPRegressor(RegressorMixin, MLPBase):  # type: ignore[misc]
    """A network that predicts numbers, with scikit-learn's interface and numbers.

    With the parameters of `sklearn.neural_network.MLPRegressor` it takes the same random numbers,
    batches and steps, so that its weights are the same. The parameters after `max_fun` are
    fallline's own.

    Parameters
    ----------
    loss
        ``"squared_error"``, ``"poisson"``, or any error of numbers that fallline knows, such as
        ``"mae"``, ``"huber(delta=2)"``, ``"quantile(levels=[0.1, 0.5, 0.9])"`` or
        ``"gaussian_likelihood"``.
    {shared}
    scale_target
        Whether targets are standardised inside; predictions and scores are in their own units,
        ``loss_`` is in standard deviations. For an error of positive numbers, such as
        ``"poisson"``, they are scaled, but not centred.

    Attributes
    ----------
    {fitted}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = MLPRegressor(scale_inputs=True, scale_target=True, early_stopping=True,
    ...                    hidden_layer_sizes=(16,), learning_rate_init=0.01, random_state=0)
    >>> bool(net.fit(X, y).score(X, y) > 0.5)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {**CONSTRAINTS, "scale_target": ["boolean"]}

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        output_activation: str | None = None,
        optimizer: Any = None,
        schedule: Any = None,
        dropout: float = 0.0,
        l1: float = 0.0,
        clip_norm: float | None = None,
        scale_inputs: bool = False,
        scale_target: bool = False,
        restore_best: bool = False,
        stopping_metric: Any = None,
        callbacks: Any = None,
        restarts: int = 1,
        time_budget: float | None = None,
        dtype: Any = None,
        engine: str = "auto",
    ) -> None:
        store(self, locals())

    @available_if(has_steps)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Take one epoch of steps over the given rows, from where the weights are.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        self._fitted(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the predicted numbers of rows X (n, d).

        Parameters
        ----------
        return_std
            Whether to return standard deviations, too; for ``loss="gaussian_likelihood"``.

        Returns
        -------
        y : ndarray
            (n,), or (n, k) for several targets. With an error of several quantiles the columns are
            their levels, in rising order, target by target.
        std : ndarray
            Of the same shape, where `return_std` asks for it.
        """
        outputs = self._predicted(X)
        if not return_std:
            return self._decode(outputs)
        if self._loss.parts != VARIANCE:
            raise ValueError(
                "return_std=True needs a network that predicts standard deviations: "
                "loss='gaussian_likelihood'"
            )
        deviations = self._scaling.spreads(np.sqrt(outputs[:, 1::2]))
        return self._decode(outputs), _flat(deviations)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions; of several quantiles, of the one nearest to one half."""
        return float(r2_score(y, self._points(self._predicted(X)), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools may expect: some errors take no targets below 0."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = targets_of(self.loss) in ("nonnegative", "positive")
        return tags

    # What `MLPBase` asks for.

    @property
    def _exclusive(self) -> bool:
        return False

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=self.dtype or (np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _row_weights(self, y: Array, weights: Floats | None, incremental: bool) -> Floats | None:
        return weights

    def _encode(self, y: Array) -> Floats:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _labels(self, Y: Floats) -> Array:
        return _flat(Y)

    def _decode(self, outputs: Floats) -> Array:
        loss = self._loss
        amounts = self._scaling.amounts(outputs, loss.outputs_each)
        return _flat(amounts[:, ::2] if loss.parts == VARIANCE else amounts)

    def _score_outputs(self, outputs: Floats, y: Array, weights: Floats | None) -> float:
        return r_squared(y, self._points(outputs), weights)

    def _points(self, outputs: Floats) -> Floats:
        """Return the predictions that are judged: of several quantiles, the one nearest to ½."""
        return _flat(self._scaling.amounts(self._loss.points(outputs)))


def _flat(values: Floats) -> Floats:
    """Return one column as a vector, as scikit-learn does."""
    return values.ravel() if values.shape[1] == 1 else values
