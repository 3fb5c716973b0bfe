"""A fit by steps: a run of fallline's own descent, watched as scikit-learn watches its own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from ..arrays import Array, Floats
from ..descent.progress import Progress, Snapshot
from ..descent.run import Run
from ..descent.through import by_epochs_alone, takes_several
from ..engines.threads import one_thread
from ..errors import DivergenceWarning
from ..formulas.optimizers import Solver
from ..spec.plan import Plan
from .callbacks import EpochCallbacks
from .draws import ShuffledOrder
from .problem import DivergedError, Problem, seeded
from .rates import Rates, at_rates, moves_at_stops_only
from .scoring import scorer_of
from .watching import Watch

__all__ = ["fit_by_steps"]


def fit_by_steps(
    estimator: Any,
    problem: Problem,
    theta: Floats,
    rates: Rates,
    callbacks: EpochCallbacks,
    *,
    epochs: int | None = None,
    state: Mapping[str, Array] | None = None,
) -> tuple[Floats, Mapping[str, Array], Run]:
    """Descend from θ until a rule says stop, and keep the estimator's attributes up.

    Parameters
    ----------
    epochs
        The most epochs; those of the plan unless given.
    state
        The engine's arrays to go on from, with θ as given. None starts the optimizer anew, and so
        do arrays of another kind, such as before momentum was switched off.

    Returns
    -------
    theta, state, run
        The weights (P,) that the fit ends with, the arrays to go on from, and what happened.
    """
    scorer = scorer_of(estimator, problem)
    keep_best = estimator.early_stopping or estimator.restore_best
    watch = Watch(estimator, problem, rates, scorer, theta)
    plan = seeded(at_rates(problem.plan, rates, epochs), estimator._random_state)
    run = _run(estimator, problem, plan, theta, watch)
    if state is not None and {"theta", *state} == run.snapshot().arrays.keys():
        arrays = {**state, "theta": theta}
        progress = Progress(step=int(state["step"]))
        run.restore(Snapshot(arrays, progress, run.network, run.plan))
    with one_thread():  # entered once: each epoch's own costs more than a small epoch
        _epochs(run, watch, callbacks, to_the_end=epochs is None)
    arrays = run.snapshot().arrays
    if keep_best and scorer is not None:
        return watch.best_theta, arrays, run
    if run.divergence is not None:
        raise DivergedError(f" Here {run.divergence}.")
    return run.theta, arrays, run


def _run(estimator: Any, problem: Problem, plan: Plan, theta: Floats, watch: Watch) -> Run:
    held_out: dict[str, Any] = {}
    if (rows := problem.validation) is not None:
        held_out = {"X_val": rows.X, "y_val": rows.Y, "sample_weight_val": rows.weights}
    return Run(
        problem.network,
        problem.X,
        problem.Y,
        sample_weight=problem.weights,
        theta=theta,
        plan=plan,
        engine=estimator.engine,
        order=ShuffledOrder(len(problem.Y), estimator._random_state, plan.shuffle),
        on_steps=watch.losses.add,
        **held_out,
    )


def _epochs(run: Run, watch: Watch, callbacks: EpochCallbacks, *, to_the_end: bool) -> None:
    """Take the epochs, each with what is watched of it and what is called for it."""

    def theta() -> Floats:
        return run.theta  # read by those who ask: it costs more than the Python of an epoch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # it is told by the error that follows
        several = not callbacks.watched and watch.score is None and by_epochs_alone(run)
        several = several and moves_at_stops_only(run.plan, watch.rates)
        try:
            while run.stopped is None:
                if several and takes_several(run, watch.sure, watch.epochs_ended):
                    continue
                callbacks.begin(theta)
                epoch = next(run, None)
                reason = None if epoch is None else watch.epoch_ended(epoch, theta)
                reason = callbacks.end(epoch, theta) or reason
                if reason:
                    run.finish(reason)
                elif to_the_end and run.stopped is not None and epoch is not None:
                    _warn_of_limit(run, watch)
        except KeyboardInterrupt:
            callbacks.interrupt()
            run.finish("it was interrupted")


def _warn_of_limit(run: Run, watch: Watch) -> None:
    """Warn as scikit-learn does where a fit ends because its epochs are over."""
    est = watch.estimator
    if est.n_iter_ < est.max_iter or isinstance(run.plan.optimizer, Solver):
        return
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({est.max_iter}) "
        "reached and the optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=5,
    )
