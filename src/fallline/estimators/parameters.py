"""The parameters of both estimators: scikit-learn's own, with its limits, and those it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)

from ..engines.registry import ENGINES
from ..errors import SpecError
from ..formulas.activations import ACTIVATIONS
from ..formulas.losses import LOSSES
from ..formulas.optimizers import Optimizer, Solver, optimizer_from
from ..formulas.registry import Registry
from ..formulas.schedules import schedule_from

__all__ = ["CONSTRAINTS", "check_names", "store", "targets_of"]

_SKLEARNS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [str, "array-like"],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
}

_OURS: dict[str, Any] = {
    "loss": [str],
    "output_activation": [None, str],
    "optimizer": [None, str, Optimizer, Solver],
    "schedule": [None, str, callable],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "l1": [Interval(Real, 0, None, closed="left")],
    "clip_norm": [None, Interval(Real, 0, None, closed="neither")],
    "scale_inputs": ["boolean"],
    "restore_best": ["boolean"],
    "stopping_metric": [None, str, callable],
    "callbacks": [None, callable, "array-like"],
    "restarts": [Interval(Integral, 1, None, closed="left")],
    "time_budget": [None, Interval(Real, 0, None, closed="neither")],
    "dtype": [None, StrOptions({"float32", "float64"}), type, np.dtype],
    "engine": [str],
}

CONSTRAINTS: dict[str, Any] = _SKLEARNS | _OURS
"""What each parameter may be, in the form that scikit-learn checks and its tools read."""


def store(estimator: object, given: Mapping[str, Any]) -> None:
    """Keep the arguments of ``__init__`` as they came, which is all that it may do."""
    for name, value in given.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


def targets_of(loss: Any) -> str:
    """Return what targets an error is of; empty for a name that no table has."""
    if loss == "log_loss":  # the most usual one: scikit-learn's word for two errors
        return ""
    try:
        return LOSSES[loss].targets
    except SpecError:
        return ""


def check_names(estimator: Any) -> None:
    """Raise scikit-learn's InvalidParameterError for names that no table of fallline has."""
    activations = estimator.activation
    listed = [activations] if isinstance(activations, str) else list(activations)
    for name in listed:
        _look_up(estimator, "activation", name, ACTIVATIONS)
    if estimator.output_activation is not None:
        _look_up(estimator, "output_activation", estimator.output_activation, ACTIVATIONS)
    if estimator.loss != "log_loss" or not is_classifier(estimator):
        _look_up(estimator, "loss", estimator.loss, LOSSES)
    _look_up(estimator, "engine", estimator.engine, ENGINES)
    for name, read in (("optimizer", optimizer_from), ("schedule", schedule_from)):
        value = getattr(estimator, name)
        if isinstance(value, str):
            _refuse_spec_error(estimator, name, value, read)
    if estimator.dtype is not None:
        _check_dtype(estimator)


def _look_up(estimator: object, parameter: str, name: Any, table: Registry[Any]) -> None:
    _refuse_spec_error(estimator, parameter, name, table.__getitem__)


def _refuse_spec_error(estimator: object, parameter: str, value: Any, read: Any) -> None:
    try:
        read(value)
    except SpecError as error:
        raise InvalidParameterError(
            f"The {parameter!r} parameter of {type(estimator).__name__} cannot be {value!r}: "
            f"{error}"
        ) from None


def _check_dtype(estimator: Any) -> None:
    try:
        known = np.dtype(estimator.dtype) in (np.dtype(np.float32), np.dtype(np.float64))
    except TypeError:
        known = False
    if not known:
        raise InvalidParameterError(
            f"The 'dtype' parameter of {type(estimator).__name__} must be None, 'float32' or "
            f"'float64'. Got {estimator.dtype!r} instead."
        )
