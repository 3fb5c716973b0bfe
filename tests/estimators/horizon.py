"""How long scikit-learn agrees with itself, and both libraries' fits, epoch by epoch."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
import scipy.optimize
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network._multilayer_perceptron import ACTIVATIONS

import fallline
from fallline.estimators.callbacks import EpochCallbacks

ULP_APART = 1e-10  # as far as two fits of scikit-learn may drift from a start one ulp apart
EQUAL = 1e-8  # as far as ours may be from scikit-learn's until then


@dataclass
class Fit:
    """A fitted estimator, and its weights (P,) after each epoch or iteration of L-BFGS."""

    estimator: Any
    weights: list[np.ndarray]

    def apart(self, other: "Fit") -> np.ndarray:
        """Return the largest difference of a weight after each epoch that both had."""
        pairs = zip(self.weights, other.weights, strict=False)
        return np.array([np.abs(a - b).max() for a, b in pairs])


def sklearns(
    estimator: Any, X: Any, y: Any, weights: Any = None, *, nudge: int | None = None
) -> Fit:
    """Fit scikit-learn's estimator; with `nudge` each start weight moves one ulp up or down."""
    seen: list[np.ndarray] = []
    if nudge is not None:
        _nudge(estimator, np.random.default_rng(nudge))
    counted, minimize = estimator._update_no_improvement_count, scipy.optimize.minimize

    def epoch_ended(*given: Any) -> None:
        seen.append(flat(estimator.coefs_, estimator.intercepts_))
        counted(*given)

    def minimizing(*given: Any, **options: Any) -> Any:
        return minimize(*given, **options, callback=lambda theta: seen.append(theta.copy()))

    estimator._update_no_improvement_count = epoch_ended
    with mock.patch.object(scipy.optimize, "minimize", minimizing):
        _fit(estimator, X, y, weights)
    return Fit(estimator, seen)


def _nudge(estimator: Any, rng: np.random.Generator) -> None:
    drawn = estimator._init_coef

    def one_ulp(array: np.ndarray) -> np.ndarray:
        ways = rng.choice([-np.inf, np.inf], array.shape).astype(array.dtype)
        return np.nextafter(array, ways)

    estimator._init_coef = lambda *given: tuple(map(one_ulp, drawn(*given)))


def elsewhere(seed: int) -> Any:
    """Let scikit-learn compute tanh and exp as on another machine: one ulp off, but at the ends.

    A saturated unit's 1 − o² is a few ulp of o, which start weights do not move, but a library
    of functions does.
    """
    rng = np.random.default_rng(seed)

    def moved(name: str) -> Any:
        exact = ACTIVATIONS[name]

        def function(X: np.ndarray) -> None:
            exact(X)
            inside = (np.abs(X) < 1) & (X != 0)
            ways = rng.choice([-np.inf, np.inf], X.shape).astype(X.dtype)
            X[inside] = np.clip(np.nextafter(X, ways), -1, 1)[inside]

        return function

    return mock.patch.dict(ACTIVATIONS, {name: moved(name) for name in ("tanh", "logistic")})


def ours(like: Any, X: Any, y: Any, weights: Any = None, **settings: Any) -> Fit:
    """Fit our estimator with the parameters of scikit-learn's.

    A second one, at whose epochs nobody looks, must come to the same bits.
    """
    make = getattr(fallline, type(like).__name__)
    estimator = make(**like.get_params(), callbacks=[lambda epoch: None], **settings)
    seen: list[np.ndarray] = []
    end = EpochCallbacks.end

    def ending(self: EpochCallbacks, epoch: Any, theta: Callable[[], np.ndarray]) -> str | None:
        if epoch is not None:
            seen.append(flat(*estimator._weights_at(theta()).values()))
        return end(self, epoch, theta)

    with mock.patch.object(EpochCallbacks, "end", ending):
        _fit(estimator, X, y, weights)
    if like.solver != "lbfgs":
        alone = make(**like.get_params(), **settings)
        _fit(alone, X, y, weights)
        same_bits(alone, estimator)
    return Fit(estimator, seen)


def same_bits(one: Any, other: Any) -> None:
    """Hold all that two fits leave against each other, but for how long they took."""
    assert _left(one) == _left(other)


def _left(fit: Any) -> dict[str, str]:
    weights = flat(fit.coefs_, fit.intercepts_).tobytes()
    epochs = [replace(epoch, seconds=0.0) for epoch in fit.history_]
    names = ("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "_no_improvement_count")
    names += ("validation_curve_", "validation_scores_", "_ended")
    plain = {name: getattr(fit, name, None) for name in names}
    return {name: repr(value) for name, value in (plain | {"W": weights, "e": epochs}).items()}


def _fit(estimator: Any, X: Any, y: Any, weights: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Got `batch_size` less than 1 or larger")
        estimator.fit(X, y) if weights is None else estimator.fit(X, y, weights)


def flat(coefs: list[np.ndarray], intercepts: list[np.ndarray]) -> np.ndarray:
    """Return weights as one new vector, in scikit-learn's order."""
    return np.concatenate([array.ravel() for array in (*coefs, *intercepts)])


@dataclass
class Horizon:
    """For how many epochs scikit-learn agrees with itself, and by how much its score does not."""

    weights: int
    losses: int
    score: float


def horizon(like: Any, fit: Fit, X: Any, y: Any, weights: Any = None) -> Horizon:
    """Return how long scikit-learn's fit agrees with four others from a start one ulp apart.

    In two of them its functions, too, are off by one ulp, as they are from machine to machine.
    """
    found = []
    for way in range(4):
        with elsewhere(way) if way % 2 else nullcontext():
            other = sklearns(clone(like), X, y, weights, nudge=way)
        curves = [getattr(each.estimator, "loss_curve_", []) for each in (fit, other)]
        losses = [abs(a - b) for a, b in zip(*curves, strict=False)]
        scores = [each.estimator.score(X, y) for each in (fit, other)]
        apart = abs(scores[0] - scores[1])
        found.append((_first_beyond(fit.apart(other)), _first_beyond(losses), apart))
    of_weights, of_losses, of_scores = zip(*found, strict=True)
    return Horizon(min(of_weights), min(of_losses), max(of_scores))


def _first_beyond(apart: Any) -> int:
    beyond = np.flatnonzero(~(np.asarray(apart) <= ULP_APART))  # NaN does not agree
    return int(beyond[0]) if len(beyond) else len(apart)
