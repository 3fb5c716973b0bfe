"""fallline beside scikit-learn on the user's own data: the same weights, in how much less time."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import sklearn
from sklearn import neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from ..arrays import Floats, Ints
from ..engines.registry import ENGINES
from ..errors import FalllineError
from ..history import Epoch
from .base import MLPBase
from .callbacks import EpochCallbacks
from .classifier import MLPClassifier
from .problem import Problem
from .regressor import MLPRegressor

__all__ = ["Both", "Comparison", "compare"]

T = TypeVar("T")

_EQUAL = 1e-8  # weights that differ by no more count as equal
_OURS = {neural_network.MLPClassifier: MLPClassifier, neural_network.MLPRegressor: MLPRegressor}
_LARGEST = 256 * 2**20  # bytes of our weights that are kept until scikit-learn's come


class Both(NamedTuple, Generic[T]):
    """One quantity of each library."""

    sklearn: T
    fallline: T


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found. ``print`` shows it as a table.

    Attributes
    ----------
    estimator, solver
        The name of the class, and its solver.
    shape
        (n, d): rows and inputs that were trained on.
    random_state, drawn
        The seed of both fits, and whether `compare` chose it, as the estimator had none.
    engine
        What computed fallline's side.
    epochs
        (m,) after which epochs, or iterations of L-BFGS, weights were compared: all, unless there
        were too many weights to keep.
    weight_differences
        (m,) the largest difference of any weight or bias after each of these.
    final_weight_difference
        The largest one between the weights that the fits ended with.
    loss_difference
        The largest difference of the losses of an epoch; for L-BFGS, of the last one.
    n_iter, score, seconds
        Of scikit-learn and of fallline: epochs or iterations; accuracy or R²; the time of the fit.
    score_rows
        Which rows the scores are of: "test" or "training".
    """

    estimator: str
    solver: str
    shape: tuple[int, int]
    random_state: int
    drawn: bool
    engine: str
    epochs: Ints
    weight_differences: Floats
    final_weight_difference: float
    loss_difference: float
    n_iter: Both[int]
    score: Both[float]
    seconds: Both[float]
    score_rows: str

    @property
    def speedup(self) -> float:
        """How many times as fast fallline was."""
        return self.seconds.sklearn / self.seconds.fallline

    @property
    def max_weight_difference(self) -> float:
        """The largest difference of weights after any epoch, or at the end."""
        return float(np.max(self.weight_differences, initial=self.final_weight_difference))

    @property
    def equal_epochs(self) -> int:
        """The last epoch until which weights were equal to 1e-8; 0 where there is none."""
        equal = np.logical_and.accumulate(self.weight_differences <= _EQUAL)
        return int(np.max(self.epochs[equal], initial=0))

    def __str__(self) -> str:
        n, d = self.shape
        steps = "iterations" if self.solver == "lbfgs" else "epochs"
        kind = "accuracy" if self.estimator == "MLPClassifier" else "R²"
        seed = f"random_state={self.random_state}" + (" (none was given)" if self.drawn else "")
        rows = [
            ("", "scikit-learn", "fallline"),
            (steps, *map(str, self.n_iter)),
            (f"{kind} of {self.score_rows} rows", *(f"{score:.4f}" for score in self.score)),
            ("seconds", *(f"{seconds:.3g}" for seconds in self.seconds)),
        ]
        return "\n".join(
            [
                f"{self.estimator}(solver={self.solver!r}), {n:,} rows, {d:,} inputs, {seed}",
                *(f"  {name:<26}{theirs:>14}{ours:>12}" for name, theirs, ours in rows),
                f"  {'times as fast':<26}{1:>14}{self.speedup:>12.2f}  (engine {self.engine!r})",
                f"  largest difference of a weight: {self.max_weight_difference:.1e} "
                f"(1e-8 until {steps[:-1]} {self.equal_epochs} of {min(self.n_iter)})",
                f"  largest difference of the loss: {self.loss_difference:.1e}",
            ]
        )


def compare(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    X_test: Any = None,
    y_test: Any = None,
    engine: str = "auto",
) -> Comparison:
    """Train scikit-learn's network and fallline's on the same rows from the same seed.

    The estimator that is given stays as it is: copies are trained, without warnings that they did
    not converge. The time of comparing is not counted.

    Parameters
    ----------
    estimator
        scikit-learn's `MLPClassifier` or `MLPRegressor`, with an integer as ``random_state``;
        where that is None, 0 is taken, and the table says so.
    X, y
        (n, d) inputs and (n,) or (n, k) targets to train on.
    X_test, y_test
        Rows to score; the training rows unless given.
    engine
        What computes fallline's side: a name from the table of engines.

    Returns
    -------
    Comparison
        Differences of weights and losses, scores and seconds.

    Raises
    ------
    TypeError
        For any other estimator, or a random state that is no integer.
    ValueError
        For test inputs without targets, or the reverse, and for what `fit` refuses.
    FalllineError
        When this version of scikit-learn cannot be followed, as its private methods changed.

    Notes
    -----
    For ``solver="lbfgs"`` weights are compared at the end of each of fallline's iterations, with
    the point at which scikit-learn was after as many evaluations of the error. With several
    outputs of a regressor the two differ from the start: scikit-learn follows a gradient that is
    not that of its error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_iris(return_X_y=True)
    >>> found = compare(MLPClassifier((10,), max_iter=30, random_state=3), scale(X), y)
    >>> bool(found.max_weight_difference < 1e-8), found.n_iter
    (True, Both(sklearn=30, fallline=30))
    """
    theirs, ours, drawn = _pair(estimator, engine)
    if (X_test is None) != (y_test is None):
        raise ValueError("give X_test and y_test together, or none of them")
    trace = _Trace()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        our_seconds = trace.time(lambda: _follow_ours(ours, trace).fit(X, y))
        their_seconds = trace.time(lambda: _follow_sklearns(theirs, trace).fit(X, y))
    trace.check(theirs)
    judged, rows = ((X, y), "training") if X_test is None else ((X_test, y_test), "test")
    return Comparison(
        estimator=type(ours).__name__,
        solver=theirs.solver,
        shape=(np.shape(y)[0], ours.n_features_in_),
        random_state=int(ours.random_state),
        drawn=drawn,
        engine=ENGINES[engine].name,
        epochs=np.array([epoch for epoch, _ in trace.differences], dtype=np.int64),
        weight_differences=np.array([apart for _, apart in trace.differences], dtype=np.float64),
        final_weight_difference=_apart(_vector(ours), _vector(theirs)),
        loss_difference=_losses_apart(theirs, ours),
        n_iter=Both(int(theirs.n_iter_), int(ours.n_iter_)),
        score=Both(float(theirs.score(*judged)), float(ours.score(*judged))),
        seconds=Both(their_seconds, our_seconds),
        score_rows=rows,
    )


def _pair(estimator: Any, engine: str) -> tuple[Any, Any, bool]:
    """Return a copy of scikit-learn's estimator, ours like it, and whether the seed is drawn."""
    ours = next((ours for kind, ours in _OURS.items() if isinstance(estimator, kind)), None)
    if ours is None:
        if isinstance(estimator, MLPBase):
            raise TypeError(
                "compare takes scikit-learn's estimator, and makes fallline's like it by itself: "
                f"give sklearn.neural_network.{type(estimator).__name__} with the same settings"
            )
        raise TypeError(
            "compare takes sklearn.neural_network.MLPClassifier or MLPRegressor, not "
            f"{type(estimator).__name__}; of a pipeline, give its last step and transformed inputs"
        )
    seed = estimator.random_state
    if not (seed is None or isinstance(seed, Integral)):
        raise TypeError(
            f"random_state must be an integer, so that both fits draw the same, not {seed!r}"
        )
    theirs = clone(estimator).set_params(random_state=0 if seed is None else int(seed))
    taken = ours().get_params()
    settings = {name: value for name, value in theirs.get_params().items() if name in taken}
    return theirs, ours(**settings, engine=engine), seed is None


class _Trace:
    """Our weights after each epoch, and how far scikit-learn's were from them.

    Ours are kept until scikit-learn's come: all, or every second, fourth, ... epoch's, so that
    memory has a bound. Epochs are told apart by their number, iterations of L-BFGS by how many
    evaluations there had been.
    """

    def __init__(self, largest: int = _LARGEST) -> None:
        self.differences: list[tuple[int, float]] = []
        self._kept: dict[int, tuple[int, Floats]] = {}
        self._largest, self._every = largest, 1
        self._calls, self._spent = 0, 0.0

    def time(self, fit: Callable[[], object]) -> float:
        """Return the seconds that a fit takes, less those that were spent here."""
        self._spent, begun = 0.0, time.perf_counter()
        fit()
        return time.perf_counter() - begun - self._spent

    def keep(self, epoch: Epoch, weights: Callable[[], Floats]) -> None:
        """Keep our weights after an epoch."""
        begun = time.perf_counter()
        if epoch.epoch % self._every == 0:
            vector = weights()
            self._kept[epoch.evaluations or epoch.epoch] = epoch.epoch, vector
            if len(self._kept) > 1 and len(self._kept) * vector.nbytes > self._largest:
                self._every *= 2
                kept = self._kept.items()
                self._kept = {at: own for at, own in kept if own[0] % self._every == 0}
        self._spent += time.perf_counter() - begun

    def meet(self, weights: Callable[[], Floats]) -> None:
        """Compare scikit-learn's weights after an epoch, or an evaluation, with ours there."""
        begun = time.perf_counter()
        self._calls += 1
        if self._calls in self._kept:
            epoch, own = self._kept.pop(self._calls)
            self.differences.append((epoch, _apart(own, weights())))
        self._spent += time.perf_counter() - begun

    def check(self, fitted: Any) -> None:
        """Raise an error where scikit-learn's fit was not followed."""
        if self._calls < fitted.n_iter_:
            raise _unknown(f"did not call {_METHODS[fitted.solver == 'lbfgs']!r} as it used to")


def _follow_ours(estimator: Any, trace: _Trace) -> Any:
    """Return our estimator, which tells of each epoch of its fit."""
    solve = estimator._solve

    def solving(problem: Problem, theta: Floats, callbacks: EpochCallbacks, more: bool) -> None:
        end = callbacks.end

        def ending(epoch: Epoch | None, theta: Callable[[], Floats]) -> str | None:
            if epoch is not None:
                trace.keep(epoch, lambda: _flat(*estimator._weights_at(theta()).values()))
            return end(epoch, theta)

        callbacks.end = ending  # type: ignore[method-assign]
        callbacks.watched = True
        solve(problem, theta, callbacks, more)

    estimator._solve = solving
    return estimator


_METHODS = ("_update_no_improvement_count", "_loss_grad_lbfgs")
"""scikit-learn's methods that it calls once an epoch, and once an evaluation of the error."""


def _follow_sklearns(estimator: Any, trace: _Trace) -> Any:
    """Return scikit-learn's estimator, which tells of each epoch or evaluation of its fit."""
    by_lbfgs = estimator.solver == "lbfgs"
    name = _METHODS[by_lbfgs]
    method = getattr(estimator, name, None)
    if method is None:
        raise _unknown(f"has no method {name!r}")

    def following(*given: Any) -> Any:
        # L-BFGS hands over the point itself; steps have moved the estimator's weights.
        trace.meet(lambda: given[0] if by_lbfgs else _vector(estimator))
        return method(*given)

    setattr(estimator, name, following)
    return estimator


def _unknown(what: str) -> FalllineError:
    return FalllineError(
        f"compare cannot follow a fit of scikit-learn {sklearn.__version__}, whose network {what}; "
        "compare coefs_ and intercepts_ after the fits instead, and please report it"
    )


def _vector(estimator: Any) -> Floats:
    return _flat(estimator.coefs_, estimator.intercepts_)


def _flat(coefs: Sequence[Floats], intercepts: Sequence[Floats]) -> Floats:
    """Return weights as one vector, in scikit-learn's order."""
    return np.concatenate([array.ravel() for array in (*coefs, *intercepts)])


def _apart(ours: Floats, theirs: Floats) -> float:
    return float(np.max(np.abs(ours - theirs)))


def _losses_apart(theirs: Any, ours: Any) -> float:
    """Return the largest difference of losses over the epochs that both had."""
    if theirs.solver == "lbfgs":
        return abs(float(theirs.loss_) - float(ours.loss_))
    both = min(len(theirs.loss_curve_), len(ours.loss_curve_))
    return _apart(np.array(ours.loss_curve_[:both]), np.array(theirs.loss_curve_[:both]))
