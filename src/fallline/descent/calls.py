"""The whole descent in one call, and the rest of one that was stopped."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, InterruptWarning, SpecError
from ..spec.network import Network
from ..spec.plan import Plan
from .checkpoint import Checkpoint, read_checkpoint
from .progress import Progress
from .run import Run
from .through import through

__all__ = ["RENEWABLE", "descend", "resume"]

RENEWABLE = ("epochs", "time_budget")
"""What a run that goes on may have other than before: when it ends, not how it gets there."""

_KEPT = frozenset({f.name for f in fields(Plan)} - {*RENEWABLE} | {"plan", "theta", "initializer"})


def descend(network: Network, X: npt.ArrayLike, Y: npt.ArrayLike, **options: Any) -> Run:
    """Train a network to the end of its plan and return the finished `Run`.

    Takes what `Run` takes. Ctrl-C ends it well, with a warning: the run is returned with the best
    weights that it had reached.

    Returns
    -------
    Run
        Finished: ``run.theta`` (P,), ``run.history``, ``run.stopped``.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    >>> net = Network.parse("1 -> 1 nobias")
    >>> run = descend(net, [[1.0], [2.0]], [2.0, 4.0], loss="sse", batch_size=None,
    ...               optimizer={"name": "sgd", "learning_rate": 0.1}, epochs=20, theta=[0.0])
    >>> round(float(run.theta[0]), 3)
    2.0
    """
    run = Run(network, X, Y, **options)
    try:
        through(run)
    except KeyboardInterrupt:
        run.finish(f"it was interrupted in epoch {run.position[0]}")
        warnings.warn(f"training ended: {run.stopped}", InterruptWarning, stacklevel=2)
    return run


def resume(path: str | Path, X: npt.ArrayLike, Y: npt.ArrayLike, **options: Any) -> Run:
    """Return the run of a checkpoint, to go on as if it had never stopped.

    Parameters
    ----------
    path
        What `Run` wrote with ``checkpoint=``, or `Run.save_checkpoint`.
    X, Y
        The same rows as before, (n, d) and (n, k).
    **options
        What `Run` takes: the same row weights and validation rows, the same `order` if one was
        given, and what is to be new, such as `callbacks`, `on_steps`, `checkpoint`, `engine`,
        ``epochs`` for a longer run, or ``time_budget``, which counts from here. All else of the
        plan is as it was.

    Returns
    -------
    Run
        At the step where it was written; pull its epochs to go on.

    Raises
    ------
    ModelFileError
        When the file is not a sound checkpoint.
    DataError
        When the rows are not those of the run.
    SpecError
        When something is given that cannot be new, or fewer epochs than are done.

    Examples
    --------
    >>> import tempfile
    >>> net, X, Y = Network.parse("1 -> 1"), [[1.0], [2.0]], [2.0, 4.0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run(net, X, Y, epochs=9)
    ...     epoch = next(run)
    ...     run.save_checkpoint(f"{folder}/run.ckpt")
    ...     again = resume(f"{folder}/run.ckpt", X, Y)
    >>> len(again.history), len(list(again))
    (1, 8)
    """
    found = read_checkpoint(path)
    _check_kept(path, found, options)
    new = {name: options.pop(name) for name in RENEWABLE if name in options}
    plan, theta = replace(found.plan, **new), found.snapshot.arrays["theta"]
    _check_epochs(path, plan.epochs, found.snapshot.progress)
    run = Run(found.network, X, Y, plan=plan, theta=theta, **options)
    if run.data_digest() != found.data:
        raise DataError(
            f"these are not the rows of the run in '{path}'; give the same X, Y, sample_weight and "
            "validation rows, in the same order"
        )
    # A time budget counts from here: the time before is spent.
    run.restore(replace(found.snapshot, progress=replace(found.snapshot.progress, elapsed=0.0)))
    return run


def _check_kept(path: str | Path, found: Checkpoint, options: Mapping[str, Any]) -> None:
    """Raise a SpecError where something is given anew that a run was made with."""
    given = [name for name in options if name in _KEPT]
    if given:
        raise SpecError(
            f"the run in '{path}' was made with its own {', '.join(given)}, with which it goes on; "
            f"of its plan only {' and '.join(RENEWABLE)} may be new"
        )
    dtype, wanted = found.snapshot.arrays["theta"].dtype, options.get("dtype")
    if wanted is not None and dtype != wanted:
        raise SpecError(
            f"the run in '{path}' is of {dtype}, not of {np.dtype(wanted)}; leave dtype out"
        )


def _check_epochs(path: str | Path, epochs: int, progress: Progress) -> None:
    """Raise a SpecError where a run has come further than it is to go."""
    begun = progress.steps > 0
    least = len(progress.history) + begun
    if epochs < least:
        done = f"begun epoch {least}" if begun else f"done {least} epochs"
        raise SpecError(
            f"the run in '{path}' has {done}, so epochs must be at least {least}, not {epochs}; "
            "for fewer, train again without resuming"
        )
