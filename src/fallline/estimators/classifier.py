"""`MLPClassifier`: scikit-learn's, on fallline's own descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import column_or_1d, validate_data

from ..arrays import Array, Floats
from ..formulas.losses import LOSSES
from ..formulas.metrics import shares
from .base import MLPBase, unchanged_on_error
from .documentation import documented
from .parameters import CONSTRAINTS, store, targets_of
from .problem import has_steps, loss_name
from .scoring import accuracy

__all__ = ["MLPClassifier"]


def _gives_probabilities(estimator: MLPClassifier) -> bool:
    """Return True where outputs are probabilities; else raise an AttributeError."""
    if LOSSES[loss_name(estimator, exclusive=False)].gives_probabilities:
        return True
    raise AttributeError(f"a network trained with loss={estimator.loss!r} gives no probabilities")


def _gives_margins(estimator: MLPClassifier) -> bool:
    """Return True where outputs are margins, whose sign decides; else raise an AttributeError."""
    if targets_of(estimator.loss) == "sign":
        return True
    raise AttributeError(f"a network trained with loss={estimator.loss!r} gives no margins")


def _balanced(labels: Array, weights: Floats | None) -> Floats:
    """Return a weight for each of n labels by which all that occur weigh the same together."""
    _, at = np.unique(labels, return_inverse=True)
    totals = np.bincount(at, weights)
    shares: Floats = totals.sum() / np.count_nonzero(totals) / np.where(totals, totals, 1)
    return shares[at]


def _mapped(weights: Mapping[Any, float], classes: Array, labels: Array) -> Floats:
    """Return the weight of each of n labels' class; 1 of a class that has no name there."""
    if unknown := [name for name in weights if name not in classes.tolist()]:
        raise ValueError(
            f"class_weight names {unknown}, which are none of the classes {classes.tolist()}"
        )
    each = np.array([weights.get(name, 1.0) for name in classes.tolist()], np.float64)
    found: Floats = each[np.searchsorted(classes, labels)]
    return found


@documented
class MLPClassifier(ClassifierMixin, MLPBase):  # type: ignore[misc]
    """A network that predicts classes, with scikit-learn's interface and numbers.

    With the parameters of `sklearn.neural_network.MLPClassifier` it takes the same random numbers,
    batches and steps, so that its weights are the same. The parameters after `max_fun` are
    fallline's own.

    Parameters
    ----------
    {shared}
    loss
        ``"log_loss"``, or any error of classes that fallline knows, such as ``"hinge"``,
        ``"squared_error"`` or ``"cross_entropy(smoothing=0.1)"``.
    class_weight
        ``"balanced"``, or a mapping from classes to their weights, 1 of those that it lacks: each
        row's weight is multiplied by that of its class. Those given to `fit` as
        `sample_weight_val` stay as they are.

    Attributes
    ----------
    classes_ : ndarray
        The classes, sorted.
    {fitted}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier(scale_inputs=True, learning_rate_init=0.01, tol=1e-3, random_state=0)
    >>> bool(net.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **CONSTRAINTS,
        "class_weight": [None, dict, list, StrOptions({"balanced"})],
    }

    def __init__(
        self,
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
        loss: str = "log_loss",
        class_weight: Any = None,
        output_activation: str | None = None,
        optimizer: Any = None,
        schedule: Any = None,
        dropout: float = 0.0,
        l1: float = 0.0,
        clip_norm: float | None = None,
        scale_inputs: bool = False,
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
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """Take one epoch of steps over the given rows, from where the weights are.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes
            All classes there will be; needed in the first call.
        """
        with unchanged_on_error(self):
            if _check_partial_fit_first_call(self, classes):
                several = type_of_target(y).startswith("multilabel")
                self._label_binarizer = LabelBinarizer().fit(y if several else classes)
            self._fitted(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Array:
        """Return the predicted classes of rows X (n, d): (n,), or (n, k) of several labels."""
        return self._decode(self._predicted(X))

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Floats:
        """Return the (n, classes) probabilities of rows X (n, d), in the order of ``classes_``.

        They sum to 1, but for several labels a row, where each is the probability of its label.
        """
        outputs = self._predicted(X)
        if outputs.shape[1] > 1:
            whole: Floats = shares(np, outputs) if self._exclusive else outputs
            return whole
        return np.hstack([1 - outputs, outputs])

    @available_if(_gives_margins)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Floats:
        """Return the margins of rows X (n, d), which ``loss="hinge"`` learns.

        Returns
        -------
        ndarray
            (n,) for two classes, above 0 for the second; else (n, classes), or (n, k) of several
            labels.
        """
        outputs = self._predicted(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of the (n, classes) probabilities."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):  # log 0 is −∞
            logarithms: Floats = np.log(probabilities, out=probabilities)
        return logarithms

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's tools may expect: most errors allow several labels a row."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = targets_of(self.loss) != "distribution"
        return tags

    # What `MLPBase` asks for.

    @property
    def _exclusive(self) -> bool:
        whole = self.loss != "log_loss" and LOSSES[self.loss].targets == "distribution"
        if whole and self._label_binarizer.y_type_.startswith("multilabel"):
            raise ValueError(
                f"loss={self.loss!r} needs rows of one class each, but here a row may have several "
                "labels; take 'binary_cross_entropy'"
            )
        return whole or self._label_binarizer.y_type_ == "multiclass"

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=self.dtype or (np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y), same=self.warm_start and not incremental)
        return X, y.toarray() if hasattr(y, "toarray") else y  # labels, not inputs

    def _check_classes(self, classes: Array, same: bool) -> None:
        """Raise a ValueError for classes that were not there before."""
        if same and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same "
                "classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _row_weights(self, y: Array, weights: Floats | None, incremental: bool) -> Floats | None:
        if self.class_weight is None:
            return weights
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' cannot know the classes' shares in partial_fit; give a "
                "mapping from classes to weights, such as that of "
                "sklearn.utils.class_weight.compute_class_weight"
            )
        own: Floats
        if self.class_weight == "balanced":
            own = np.prod([_balanced(labels, weights) for labels in y.reshape(len(y), -1).T], 0)
        else:
            own = self._named_weights(y)
        return own if weights is None else weights * own

    def _named_weights(self, y: Array) -> Floats:
        """Return the weights of the labels' classes, some of which y may lack."""
        given = self.class_weight
        if y.ndim == 1 and isinstance(given, dict):
            return _mapped(given, self.classes_, y)
        columns = list(zip(given, y.T, strict=False)) if y.ndim == 2 else []
        if columns and len(given) == len(columns) and all(isinstance(each, dict) for each in given):
            zero_one = np.array([0, 1])
            each = [_mapped(weights, zero_one, labels) for weights, labels in columns]
            product: Floats = np.prod(each, axis=0)
            return product
        found: Floats = compute_sample_weight(given, y)
        return found

    def _encode(self, y: Array) -> Floats:
        Y: Floats = self._label_binarizer.transform(y).astype(np.float64)
        if self._loss.targets == "distribution" and Y.shape[1] == 1:
            return np.hstack([1 - Y, Y])
        return 2 * Y - 1 if self._loss.targets == "sign" else Y

    def _labels(self, Y: Floats) -> Array:
        return self._decode(Y)

    def _decode(self, outputs: Floats) -> Array:
        shares = self._loss.points(outputs)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(shares))
        shares = shares.ravel() if shares.shape[1] == 1 else shares
        labels: Array = self._label_binarizer.inverse_transform(shares)
        return labels

    def _score_outputs(self, outputs: Floats, y: Array, weights: Floats | None) -> float:
        return accuracy(y, self._decode(outputs), weights)
