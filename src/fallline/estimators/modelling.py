"""From an estimator to the `Model` that everything else in fallline reads."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..arrays import Floats
from ..data.column_encoders import NumericEncoder
from ..data.encoders import TableEncoder
from ..data.targets import TargetEncoder
from ..model import Model

__all__ = ["model_of", "target_names"]

_MOST_COLUMNS = 10_000  # more are no table that a person names columns of
_MOST_CLASSES = 1000  # as many as a model file may hold


def model_of(estimator: Any) -> Model:
    """Return the model of a fitted estimator.

    It has no encoder where the rows were a sparse matrix, or have too many columns for a table;
    what is standardised inside then goes into the weights of the first layer. An encoder fills
    missing cells with the means of the training rows. The model has no target for several labels a
    row, and where two classes have an output each.
    """
    encoder, theta = _encoder(estimator), estimator._theta.copy()
    if encoder is None:
        _take_in_scales(estimator, theta)
    elif estimator._scaling.of_inputs is None:
        _take_in_centres(estimator, theta)
    return Model(
        network=estimator._network,
        theta=theta,
        plan=estimator._plan,
        encoder=encoder,
        target=_classes(estimator) if is_classifier(estimator) else _amounts(estimator),
        history=estimator.history_,
        facts=_facts(estimator),
    )


def target_names(y: Any) -> tuple[str, ...]:
    """Return the names that targets come with: of a series, or of a frame's columns."""
    names = getattr(y, "columns", None)
    names = [getattr(y, "name", None)] if names is None else list(names)
    named = all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names)
    return tuple(map(str, names)) if named else ()


def _feature_names(estimator: Any) -> list[str]:
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or len(set(names)) < len(names):
        return [f"x{i}" for i in range(estimator.n_features_in_)]
    return list(map(str, names))


def _encoder(estimator: Any) -> TableEncoder | None:
    """Return what takes numeric columns to inputs."""
    scaling, count = estimator._scaling, estimator.n_features_in_
    if scaling.sparse or count > _MOST_COLUMNS:
        return None
    means, scales = scaling.centres, np.ones(count)
    if scaling.of_inputs is not None:
        means, scales = scaling.of_inputs.means, scaling.of_inputs.scales
    columns = zip(_feature_names(estimator), means.tolist(), scales.tolist(), strict=True)
    return TableEncoder(tuple(NumericEncoder(*column, missing=False) for column in columns))


def _take_in_scales(estimator: Any, theta: Floats) -> None:
    """Let the first layer's weights do what standardising did: W(x − m)/s = (W/s)x − W(m/s)."""
    scaling = estimator._scaling.of_inputs
    if scaling is None:
        return
    first = estimator._network.views(theta)[estimator._network.layers[0].name]
    first.weights[...] /= scaling.scales[:, None]
    if scaling.means is not None:
        first.biases[...] -= scaling.means @ first.weights


def _take_in_centres(estimator: Any, theta: Floats) -> None:
    """Let the biases undo the encoder's centring: Wx + b = W(x − m) + (b + Wm)."""
    first = estimator._network.views(theta)[estimator._network.layers[0].name]
    first.biases[...] += estimator._scaling.centres @ first.weights


def _names(estimator: Any, count: int) -> tuple[str, ...]:
    """Return the targets' names, none of which is that of an input."""
    known = estimator._target_names
    if len(known) != count:
        known = ("y",) if count == 1 else tuple(f"y{i}" for i in range(count))
    taken = set(_feature_names(estimator))
    return tuple(name if name not in taken else f"{name} (target)" for name in known)


def _amounts(estimator: Any) -> TargetEncoder:
    """Return what takes outputs to numbers in the targets' own units."""
    count = estimator._network.n_outputs // estimator._loss.outputs_each
    scaling = estimator._scaling.of_targets
    means, stds = np.zeros(count), np.ones(count)
    if scaling is not None:
        means, stds = means if scaling.means is None else scaling.means, scaling.scales
    return TargetEncoder(
        "regression",
        _names(estimator, count),
        means=tuple(means.tolist()),
        stds=tuple(stds.tolist()),
        decimals=(".",) * count,
    )


def _classes(estimator: Any) -> TargetEncoder | None:
    """Return what takes outputs to classes, or None where no single column holds them."""
    if estimator._label_binarizer.y_type_.startswith("multilabel"):
        return None
    labels = tuple(estimator.classes_.tolist())
    plain = all(isinstance(label, str | int | bool | float) for label in labels)
    target = TargetEncoder("classification", _names(estimator, 1), labels=labels)
    fits = 2 <= len(labels) <= _MOST_CLASSES and target.k == estimator._network.n_outputs
    return target if plain and fits else None


def _facts(estimator: Any) -> dict[str, Any]:
    """Return what is to be told of the training, as plain data."""
    kind, history = type(estimator).__name__, estimator.history_
    changed = {
        name: _plain(value)
        for name, value in estimator.get_params(deep=False).items()
        if not _is_default(estimator, name, value)
    }
    told = ", ".join(f"{name}={value!r}" for name, value in changed.items())
    facts: dict[str, Any] = {"estimator": kind, "parameters": changed, "stopped": estimator._ended}
    facts["choices"] = [f"trained in Python by {kind}({told})"]
    if history:
        facts["rows"] = {"train": history[0].rows}
    return facts


def _is_default(estimator: Any, name: str, value: Any) -> bool:
    default = inspect.signature(type(estimator).__init__).parameters[name].default
    return type(value) is type(default) and value == default


def _plain(value: Any) -> Any:
    """Return a parameter as JSON can hold it; of an object its text or its type's name."""
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return getattr(value, "__name__", type(value).__name__)
