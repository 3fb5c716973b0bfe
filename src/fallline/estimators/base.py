"""The flow of a fit, which both estimators share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from ..arrays import Array, Floats
from ..formulas.losses import LOSSES, Loss
from ..model import Model
from .callbacks import CallbackSupportMixin, EpochCallbacks, callback_management_context
from .draws import split_validation, start_weights
from .lbfgs import fit_by_lbfgs
from .modelling import model_of, target_names
from .parameters import CONSTRAINTS, check_names
from .problem import (
    DivergedError,
    Problem,
    Validation,
    all_logistic,
    loss_name,
    network_of,
    optimizer_of,
    plan_of,
    rates_of,
    reported,
)
from .rates import Rates
from .scaling import Scaling
from .scoring import check_judges
from .stepwise import fit_by_steps
from .weights import Weights

__all__ = ["MLPBase", "unchanged_on_error"]

HeldOut = tuple[Any, Any, Any]
"""What the user keeps for validation: X, y and row weights, or None for each."""


class Training(NamedTuple):
    """The training rows: as they came, and as numbers."""

    X: Any
    Y: Floats
    labels: Array
    weights: Floats | None


class MLPBase(Weights, CallbackSupportMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A feed-forward network as scikit-learn knows it."""

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS
    _error: str  # the name of the error that the last fit descended
    _rates: Rates
    _optimizer_state: dict[str, Mapping[str, Array]]

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Fit the network to the rows X and their targets y.

        Parameters
        ----------
        X
            (n, d) inputs: an array, a sparse matrix, or a pandas or polars frame.
        y
            (n,) or (n, k) targets: classes, or numbers.
        sample_weight
            (n,) weights of the rows; 1 unless given, 0 leaves a row out.
        X_val, y_val, sample_weight_val
            Rows kept for validation: for ``validation_curve_`` and ``validation_scores_``, and in
            place of a part of X for early stopping.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For data or parameters that cannot be. The estimator then stays as it was.
        """
        held_out = X_val, y_val, sample_weight_val
        return self._fitted(X, y, sample_weight, held_out, incremental=False)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools may expect: inputs may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What a classifier and a regressor do in their own ways.

    @abstractmethod
    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return X as floats and y as it is judged."""

    @abstractmethod
    def _encode(self, y: Array) -> Floats:
        """Return the targets (n, targets) that stand for y."""

    @abstractmethod
    def _labels(self, Y: Floats) -> Array:
        """Return the y that targets stand for."""

    @abstractmethod
    def _score_outputs(self, outputs: Floats, y: Array, weights: Floats | None) -> float:
        """Return accuracy or R² of the outputs for rows that were checked."""

    @abstractmethod
    def _row_weights(self, y: Array, weights: Floats | None, incremental: bool) -> Floats | None:
        """Return the weights of the rows with those of their classes."""

    @property
    def _loss(self) -> Loss:
        """The error that is descended."""
        return LOSSES[self._error]

    @property
    @abstractmethod
    def _exclusive(self) -> bool:
        """Whether a row is of one class out of several with one output each."""

    def to_model(self) -> Model:
        """Return the `Model` that the command line, the explanations and the pictures read.

        It holds the network, its weights, the plan and the history, and what is between columns
        and inputs. Columns are those of ``feature_names_in_``, else ``x0``, ``x1``, ...; the
        target has the name of the series that y was, else ``y``. Fitted to a sparse matrix or to
        more than 10,000 columns the model knows no columns and takes plain numbers; it gives them
        for several labels a row, and for two classes that have an output each.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        return model_of(self)

    # The flow.

    def _fitted(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        held_out: HeldOut = (None, None, None),
        *,
        incremental: bool,
    ) -> Any:
        """Fit, and return the estimator, which stays as it was where that fails."""
        with unchanged_on_error(self), callback_management_context(self):
            self._fit(X, y, sample_weight, held_out, incremental)
        return self

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, held_out: HeldOut, incremental: bool
    ) -> None:
        check_names(self)
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        given = X, y
        training = self._training(X, y, sample_weight, incremental, first)
        self._random_state = check_random_state(self.random_state)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        network = network_of(self, training.X.shape[1], training.Y.shape[1], self._exclusive)
        if first:
            self._scaling = Scaling.fit(self, training.X, training.Y, training.weights, self._loss)
            self._target_names = target_names(y)
            self._network = network
        elif network != self._network:
            raise ValueError(
                "a fit that goes on needs the network that was fitted before: "
                f"{self._network}; but the parameters and targets now are those of {network}; "
                "clone() the estimator, or set warm_start=False and call fit, to begin anew"
            )
        theta = self._begin(training.X.dtype) if first else self._theta
        problem = self._problem(training, held_out, incremental)
        restarts = self.restarts if first else 1
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        epochs = 1 if incremental else restarts * self.max_iter
        callbacks = EpochCallbacks(self, *given, metadata, epochs)
        best: dict[str, Any] = {}
        goodness = -np.inf
        for left in reversed(range(restarts)):
            try:
                self._solve(problem, theta, callbacks, incremental)
            except DivergedError as error:
                if not best and (callbacks.interrupted or not left):
                    raise ValueError(*error.args) from None  # of scikit-learn's own type
            else:
                if not best or self._goodness() > goodness:
                    best, goodness = dict(vars(self)), self._goodness()
            if callbacks.interrupted or not left:
                break
            theta = self._begin(training.X.dtype)
        self.__dict__.update(best)
        callbacks.close()

    def _training(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, first: bool
    ) -> Training:
        """Return the training rows, checked."""
        X, labels = self._validate_input(X, y, incremental, first)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        weights = self._row_weights(labels, weights, incremental)
        self._error = loss_name(self, self._exclusive)
        return Training(X, self._encode(labels), labels, weights)

    def _begin(self, dtype: Any) -> Floats:
        """Return new start weights, and set all attributes to where a first fit begins."""
        self.t_ = 0
        self.n_layers_ = len(self._network.layers) + 1
        self.out_activation_ = self._network.output.activation
        self.n_outputs_ = self._network.n_outputs
        self.loss_ = float("nan")  # of the last epoch; there may be no time for one
        self.loss_curve_: list[float] = []
        self.validation_curve_: list[float] | None = None
        self.validation_scores_: list[float] | None = None
        self.best_loss_: float | None = np.inf
        self.best_validation_score_: float | None = None
        self._no_improvement_count = 0
        logistic = all_logistic(self)
        return start_weights(self._network, self._random_state, dtype, logistic=logistic)

    def _problem(self, training: Training, held_out: HeldOut, incremental: bool) -> Problem:
        """Return what is descended; a part of the rows is kept for validation where asked."""
        X, Y, weights = training.X, training.Y, training.weights
        validation = self._held_out(*held_out)
        if validation is None and self.early_stopping and optimizer_of(self) is not None:
            stratify = Y > 0 if is_classifier(self) and Y.shape[1] == 1 else None
            (X, X_val), (Y, Y_val), (weights, weights_val) = split_validation(
                self._random_state, self.validation_fraction, stratify, X, Y, weights
            )
            validation = self._validation(X_val, self._labels(Y_val), Y_val, weights_val)
        check_judges(self, validation, incremental)
        told = plan_of(self, self._exclusive, len(Y))
        plan = reported(told, X.dtype)
        return Problem(
            network=self._network,
            plan=plan,
            told=told,
            X=self._scaling.inputs(X),
            Y=self._scaling.targets(Y),
            weights=weights,
            validation=validation,
            per_output=Y.shape[1] if plan.loss == "squared_error" else 1,
        )

    def _held_out(self, X: Any, y: Any, weights: Any) -> Validation | None:
        if X is None and y is None and weights is None:
            return None
        if X is None or y is None:
            raise ValueError("give X_val and y_val together (and sample_weight_val with them)")
        X, labels = self._validate_input(X, y, incremental=True, reset=False)
        weights = None if weights is None else _check_sample_weight(weights, X)
        return self._validation(X, labels, self._encode(labels), weights)

    def _validation(self, X: Any, labels: Array, Y: Floats, weights: Floats | None) -> Validation:
        scaled = self._scaling.inputs(X), self._scaling.targets(Y)
        return Validation(raw=X, X=scaled[0], Y=scaled[1], labels=labels, weights=weights)

    def _solve(
        self, problem: Problem, theta: Floats, callbacks: EpochCallbacks, incremental: bool
    ) -> None:
        """Descend from θ, and keep what comes of it."""
        self._ready_to_watch(problem)
        if optimizer_of(self) is None:
            theta, self.history_ = fit_by_lbfgs(self, problem, theta, callbacks)
        else:
            theta = self._steps(problem, theta, callbacks, incremental)
        if not np.isfinite(theta).all():
            raise DivergedError
        self._plan = problem.told
        self._set_weights(theta)

    def _steps(
        self, problem: Problem, theta: Floats, callbacks: EpochCallbacks, incremental: bool
    ) -> Floats:
        kind = type(problem.plan.optimizer).__name__
        rates, state = rates_of(self), None
        if incremental and hasattr(self, "_rates"):
            rates = copy(self._rates)
            state = self._optimizer_state.get(kind)
        theta, arrays, run = fit_by_steps(
            self, problem, theta, rates, callbacks, epochs=1 if incremental else None, state=state
        )
        self._rates, self.history_, self._ended = rates, run.history, str(run.stopped)
        self._optimizer_state = {kind: {k: v for k, v in arrays.items() if k != "theta"}}
        return theta

    def _ready_to_watch(self, problem: Problem) -> None:
        """Make the curves new lists, so that a fit that fails leaves those before it."""
        self.n_iter_ = 0
        self.loss_curve_ = list(self.loss_curve_)
        watched = problem.validation is not None
        self.validation_curve_ = list(self.validation_curve_ or []) if watched else None
        if watched or self.early_stopping:
            self.validation_scores_ = list(self.validation_scores_ or [])
            if self.best_validation_score_ is None:
                self.best_validation_score_ = -np.inf
        if self.early_stopping:
            self.best_loss_ = None
        elif self.best_loss_ is None:  # the fit before stopped early
            self.best_loss_ = np.inf

    def _goodness(self) -> float:
        """Return what restarts are compared by: the best validation score, else the loss."""
        score = self.best_validation_score_
        goodness = -float(self.loss_) if score is None or score == -np.inf else float(score)
        return -np.inf if np.isnan(goodness) else goodness  # NaN would win every comparison


@contextmanager
def unchanged_on_error(estimator: object) -> Iterator[None]:
    """Let an estimator keep the fit before this one, where this one fails."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
