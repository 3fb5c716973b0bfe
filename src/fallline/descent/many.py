"""Several descents that differ in what is drawn: start weights, order of rows, dropped units."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engines.registry import get_engine
from ..engines.threads import allowed_threads, one_thread
from ..errors import InterruptWarning, SpecError
from ..spec.network import Network
from ..spec.plan import Plan
from .run import Run
from .through import shares_well, through

__all__ = ["best_run", "descend_many", "kept_error"]


def descend_many(
    network: Network,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    seeds: int | Sequence[int] = 10,
    threads: int | None = None,
    **options: Any,
) -> tuple[Run, ...]:
    """Train a network once from each seed, and return the finished runs in that order.

    Each is the run that `descend` gives with this seed: other start weights, unless ``theta`` is
    given, another order of rows, other dropout. Ctrl-C ends the runs in progress well and starts
    no more.

    Parameters
    ----------
    seeds
        The seeds, or their number k for 0, ..., k − 1. A seed may come several times: runs of one
        seed see the same batches.
    threads
        The most runs at a time, each in a thread of its own; as many as pay unless given: one
        where Python is needed after each of many short epochs, else as many as this process may
        use cores. No bit of any run depends on it. Functions of yours, as ``callbacks``,
        ``on_steps`` and an ``order`` have them, are called in the calling thread, and of one run
        after another: then, and with the reference engine, there is one run at a time.
    **options
        What `Run` takes, except ``seed`` and ``checkpoint``. ``theta`` is (P,) for every run, or
        (k, P), a row for each. An ``order`` is that of every run, and must then be a pure function
        of the epoch.

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
    _check_threads(threads)
    listed = _seeds(seeds)
    starts = _starts(options.get("theta"), len(listed))

    def make(place: int) -> Run:
        own = {} if starts is None else {"theta": starts[place]}
        return Run(network, X, Y, **_seeded(options, listed[place]) | own)

    work = _Work(make, range(len(listed)))
    try:
        work.share(1 if _calls_back(options) else threads)
    except KeyboardInterrupt:
        work.finish()
        begun = f"{len(work.runs)} of {len(listed)} runs were begun"
        warnings.warn(
            f"training ended: it was interrupted; {begun}", InterruptWarning, stacklevel=2
        )
    return tuple(work.runs)


class _Work:
    """Runs that threads make and train, each the next one.

    Attributes
    ----------
    runs
        Those begun so far, in the order of their places.
    """

    def __init__(self, make: Callable[[int], Run], places: Sequence[int]) -> None:
        self.runs: list[Run] = []
        self._make, self._places = make, places
        self._lock = Lock()
        self._over = False

    def share(self, most: int | None) -> None:
        """Train all of them; an error in one ends the others, and is raised.

        The first one is made in the calling thread: what is wrong is told there, and it shows
        whether more threads than one pay.
        """
        first = self._make(self._places[0])
        self.runs.append(first)
        most = (allowed_threads() if shares_well(first) else 1) if most is None else most
        threads = min(most, len(self._places))
        if threads == 1:
            return self._train(first)
        # The runs share the cores, so that each takes one thread of the core and of NumPy.
        with one_thread(), ThreadPoolExecutor(threads) as pool:
            try:  # from here on: to leave the pool is to wait for its threads
                ended = [pool.submit(self._train, run) for run in [first, *[None] * (threads - 1)]]
                for future in as_completed(ended):
                    future.result()
            except BaseException:
                self._stop()
                raise
        return None

    def finish(self) -> None:
        """End those that have not ended; nobody trains them any more."""
        for run in self.runs:
            run.finish(_interrupted(run))

    def _train(self, run: Run | None) -> None:
        while run := run or self._next():
            through(run)
            run = None

    def _next(self) -> Run | None:
        with self._lock:
            begun = len(self.runs)
            if self._over or begun == len(self._places):
                return None
            run = self._make(self._places[begun])
            self.runs.append(run)
            return run

    def _stop(self) -> None:
        with self._lock:
            self._over = True
            for run in self.runs:
                if run.stopped is None:
                    # Its thread is within an epoch later than the one that is known here.
                    run.request_stop("it was interrupted")


def _interrupted(run: Run) -> str:
    return f"it was interrupted in epoch {run.position[0]}"


def _check_threads(threads: object) -> None:
    if threads is not None and (type(threads) is not int or threads < 1):
        raise SpecError(f"threads must be a whole number above 0, or None, not {threads!r}")


def _calls_back(options: dict[str, Any]) -> bool:
    """Return whether functions of the user's are called, or all is done in Python anyhow."""
    told = any(options.get(name) for name in ("callbacks", "on_steps", "order"))
    return told or get_engine(options.get("engine", "auto")).name != "native"


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


def _starts(theta: Any, count: int) -> Any:
    """Return the start weights of each run, (k, P); None where all start alike."""
    if theta is None or np.ndim(np.asarray(theta, dtype=object)) != 2:
        return None
    if len(theta) != count:
        raise SpecError(
            f"theta must have a row of start weights for each of the {count} seeds, not "
            f"{len(theta)}; or be one vector for all"
        )
    return theta


def _seeded(options: dict[str, Any], seed: int) -> dict[str, Any]:
    plan = options.get("plan")
    if isinstance(plan, Plan):
        return options | {"plan": replace(plan, seed=seed)}
    return options | {"seed": seed}
