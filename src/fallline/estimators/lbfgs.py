"""A fit by SciPy's L-BFGS-B, the solver that scikit-learn takes, on J and its own gradient."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from sklearn.exceptions import ConvergenceWarning

from ..arrays import Floats
from ..engines.calls import checked_rows
from ..engines.protocol import Rows
from ..engines.registry import get_engine
from ..formulas.clipping import euclidean
from ..history import Epoch, History
from ..spec.plan import Objective
from .callbacks import EpochCallbacks
from .problem import Problem
from .scoring import scorer_of

__all__ = ["fit_by_lbfgs"]


def fit_by_lbfgs(
    estimator: Any, problem: Problem, theta: Floats, callbacks: EpochCallbacks
) -> tuple[Floats, History]:
    """Descend from θ (P,) until SciPy stops; return the weights and a record of each iteration.

    The error is J itself, also of several outputs, where scikit-learn hands SciPy the gradient of
    another error.
    """
    descent = _Descent(estimator, problem, theta, callbacks)
    options = {
        "maxfun": estimator.max_fun,
        "maxiter": estimator.max_iter,
        "gtol": estimator.tol,
    }
    try:
        result = minimize(
            descent.error_and_gradient,
            theta.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=descent.iteration_ended,
            options=options,
        )
    except KeyboardInterrupt:
        callbacks.interrupt()
        descent.ended = "it was interrupted"
    else:
        descent.theta = result.x.astype(theta.dtype)
        _warn_of_failure(result, estimator.max_iter, descent.ended)
        descent.ended = descent.ended or str(result.message)
    estimator.n_iter_, estimator._ended = len(descent.epochs), descent.ended
    estimator.loss_ = descent.reported_loss(descent.theta)
    best = descent.best if estimator.restore_best and descent.best is not None else descent.theta
    return best, History(descent.epochs)


class _Descent:
    """J and ∂J/∂θ for SciPy, and what happened, iteration by iteration."""

    def __init__(
        self, estimator: Any, problem: Problem, theta: Floats, callbacks: EpochCallbacks
    ) -> None:
        self.theta = theta
        self.best: Floats | None = None
        self._best_score = -np.inf  # of this fit, also where one before it was better
        self.epochs: list[Epoch] = []
        self.ended = ""
        self._estimator, self._problem, self._callbacks = estimator, problem, callbacks
        self._engine, self._dtype = get_engine(estimator.engine), theta.dtype
        self._rows = self._checked(problem.X, problem.Y, problem.weights)
        held = problem.validation
        self._held_out = None if held is None else self._checked(held.X, held.Y, held.weights)
        self._score = scorer_of(estimator, problem)
        self._evaluations = 0
        self._gradient: Floats = np.zeros(0)  # of the last one
        self._began = self._at = time.monotonic()

    def _checked(self, X: Any, Y: Floats, weights: Floats | None) -> Rows:
        objective = self._problem.plan.objective
        return checked_rows(self._problem.network, objective, X, Y, weights, self._dtype)

    def error_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Return J and ∂J/∂θ (P,) in float64, which SciPy works in."""
        network, objective = self._problem.network, self._problem.plan.objective
        with np.errstate(all="ignore"):  # what overflows counts as too long a step
            error, gradient = self._engine.error_and_gradient(
                network, objective, theta.astype(self._dtype, copy=False), self._rows
            )
        self._evaluations += 1
        self._gradient = gradient
        return error, gradient.astype(np.float64)  # a copy: SciPy works on its own

    def iteration_ended(self, intermediate_result: OptimizeResult) -> None:
        """Record an iteration; raise StopIteration, which SciPy knows, to end the fit."""
        self._callbacks.begin(lambda: self.theta)
        self.theta = intermediate_result.x.astype(self._dtype)
        epoch = self._epoch(float(intermediate_result.fun))
        self.epochs.append(epoch)
        if self._estimator.verbose:
            print(f"Iteration {epoch.epoch}, loss = {epoch.error:.8f}")
        self._keep_best(epoch)
        self.ended = self._callbacks.end(epoch, lambda: self.theta) or ""
        budget = self._estimator.time_budget
        if budget is not None and time.monotonic() - self._began >= budget:
            self.ended = f"the time budget of {budget:g} s is spent"
        if self.ended:
            raise StopIteration

    def _epoch(self, error: float) -> Epoch:
        validation, told = None, self._problem.told
        if told.loss != self._problem.plan.loss:  # SciPy saw that of clipped probabilities
            error = self._error(told.objective, self.theta, self._rows)
        if self._held_out is not None:
            objective = Objective(self._problem.told.loss)
            validation = self._error(objective, self.theta, self._held_out)
            self._estimator.validation_curve_.append(validation)
        now = time.monotonic()
        seconds, self._at = now - self._at, now
        number = len(self.epochs) + 1
        return Epoch(
            epoch=number,
            steps=number,
            rows=len(self._rows.Y),
            error=error,
            validation_error=validation,
            metrics={},
            learning_rate=float("nan"),  # SciPy does not tell how far it went
            gradient_norm=float(euclidean(np, self._gradient)),
            seconds=seconds,
            evaluations=self._evaluations,
        )

    def _keep_best(self, epoch: Epoch) -> None:
        if self._score is None:
            return
        est, score = self._estimator, self._score(epoch, self.theta)
        est.validation_scores_.append(score)
        if score > self._best_score:
            self._best_score, self.best = score, self.theta
            est.best_validation_score_ = max(est.best_validation_score_, score)

    def _error(self, objective: Objective, theta: Floats, rows: Rows) -> float:
        with np.errstate(all="ignore"):
            return self._engine.error(self._problem.network, objective, theta, rows)

    def reported_loss(self, theta: Floats) -> float:
        """Return the loss as scikit-learn reports it: its mean over outputs, and the penalty."""
        objective = self._problem.plan.objective
        both = self._error(objective, theta, self._rows)
        error = self._error(Objective(objective.loss), theta, self._rows)
        return error / self._problem.per_output + (both - error)


def _warn_of_failure(result: OptimizeResult, max_iter: int, ended: str) -> None:
    """Warn as scikit-learn does where SciPy did not converge."""
    if result.status == 0 or ended:
        return
    count = min(result.nit, max_iter)
    more = ""
    if count == max_iter:
        more = (
            f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
        )
    warnings.warn(
        f"lbfgs failed to converge after {count} iteration(s) "
        f"(status={result.status}):\n{result.message}\n{more}\n"
        "You might also want to scale the data as shown in:\n"
        "    https://scikit-learn.org/stable/modules/preprocessing.html",
        ConvergenceWarning,
        stacklevel=6,
    )
