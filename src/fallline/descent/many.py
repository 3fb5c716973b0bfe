"""Several descents that differ in what is drawn: start weights, order of rows, dropped units."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InterruptWarning, SpecError
from ..spec.network import Network
from ..spec.plan import Plan
from .run import Run

__all__ = ["best_run", "descend_many", "kept_error"]


def descend_many(
    network: Network,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    seeds: int | Sequence[int] = 10,
    **options: Any,
) -> tuple[Run, ...]:
    """Train a network once from each seed, and return the finished runs in that order.

    Each is the run that `descend` gives with this seed: other start weights, unless ``theta`` is
    given, another order of rows, other dropout. Ctrl-C ends the run in progress well and starts
    no more.

    Parameters
    ----------
    seeds
        The seeds, or their number k for 0, ..., k − 1.
    **options
        What `Run` takes, except ``seed`` and ``checkpoint``. An ``order`` is that of every run,
        and must then be a pure function of the epoch; callbacks are told of one run after another.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    >>> net = Network.parse("1 -> 2 tanh -> 1")
    >>> runs = descend_many(net, [[0.0], [1.0]], [0.0, 1.0], seeds=3, epochs=5)
    >>> len(runs), [run.plan.seed for run in runs]
    (3, [0, 1, 2])
    >>> best = best_run(runs)
    """
    for name in ("seed", "checkpoint"):
        if name in options:
            raise SpecError(f"descend_many takes seeds, one a run, and no {name}; leave it out")
    finished: list[Run] = []
    for seed in _seeds(seeds):
        run = Run(network, X, Y, **_seeded(options, seed))
        finished.append(run)
        try:
            for _ in run:
                pass
        except KeyboardInterrupt:
            run.finish(f"it was interrupted in epoch {run.position[0]}")
            warnings.warn(f"training ended: {run.stopped}", InterruptWarning, stacklevel=2)
            break
    return tuple(finished)


def best_run(runs: Sequence[Run]) -> Run:
    """Return the run whose weights have the least error: the first of those, see `kept_error`."""
    if not runs:
        raise SpecError("there is no run to choose among")
    return min(runs, key=kept_error)


def kept_error(run: Run) -> float:
    """Return the error of the weights that a run ends with, as its history has it.

    The validation error; without validation rows the training error of the last epoch. Infinite
    where there is none.
    """
    if not run.history:
        return math.inf
    last = run.history[-1]
    if last.validation_error is None:
        return _ordered(last.error)
    kept = run.history.best if run.plan.restore_best else last
    return _ordered(kept.validation_error)


def _ordered(error: float | None) -> float:
    return math.inf if error is None or math.isnan(error) else error


def _seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool) and seeds > 0:
        return list(range(int(seeds)))
    listed = list(seeds) if isinstance(seeds, Iterable) and not isinstance(seeds, str) else []
    if not listed:
        raise SpecError(f"seeds must be whole numbers, or how many above 0, not {seeds!r}")
    return listed


def _seeded(options: dict[str, Any], seed: int) -> dict[str, Any]:
    plan = options.get("plan")
    if isinstance(plan, Plan):
        return options | {"plan": replace(plan, seed=seed)}
    return options | {"seed": seed}
