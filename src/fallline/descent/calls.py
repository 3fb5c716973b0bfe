"""The whole descent in one call."""

from __future__ import annotations

import warnings
from typing import Any

import numpy.typing as npt

from ..errors import InterruptWarning
from ..spec.network import Network
from .run import Run

__all__ = ["descend"]


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
