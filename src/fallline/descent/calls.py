"""The whole descent in one call, and the rest of one that was stopped."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ..errors import DataError, InterruptWarning
from ..spec.network import Network
from .checkpoint import read_checkpoint
from .run import Run

__all__ = ["descend", "resume"]


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
        for _ in run:
            pass
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
        What `Run` takes: the same row weights and validation rows, and what is to be new, such as
        `callbacks`, `checkpoint`, `engine`, or `epochs` for a longer run.

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
    plan = replace(found.plan, epochs=options.pop("epochs", found.plan.epochs))
    theta = found.snapshot.arrays["theta"]
    run = Run(found.network, X, Y, plan=plan, theta=theta, **options)
    if run.data_digest() != found.data:
        raise DataError(
            f"these are not the rows of the run in '{path}'; give the same X, Y, sample_weight and "
            "validation rows, in the same order"
        )
    run.restore(found.snapshot)
    return run
