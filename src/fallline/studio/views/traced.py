"""The numbers of the last step, as far as the element in focus needs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...arrays import Ints
from ...descent.recorded import RecordedStep
from ...errors import DataError
from ...explain.trace import Trace, trace_recorded
from ...explain.trace_formulas import SHOWN
from ...explain.trace_move import moved_by
from ...explain.trace_numbers import Numbers, numbers_of
from ...formulas.optimizers import Optimizer
from ..instant import Instant

__all__ = ["DIGITS", "QUICK", "row_numbers", "traced_step"]

DIGITS = 5
QUICK = 3e9
"""Multiplications, rows times weights, that a formula may cost."""

_HELD = 1e6  # numbers of units that are held at a time


def row_numbers(at: Instant, row: int | None) -> tuple[Numbers, bool]:
    """Return the numbers of one row, and whether it was in the batch of the last step.

    Those of a row of the batch are what it adds to the step. Another row is taken alone, at the
    weights before the step, and before the first step at the weights now.

    Parameters
    ----------
    at
        The moment.
    row
        Which training row; the first of the batch unless given.

    Raises
    ------
    DataError
        When there is no such row, or it has no weight.
    """
    problem, taken = at.problem, at.last
    if row is not None and not 0 <= row < problem.train.n:
        raise DataError(
            f"there are {problem.train.n:,} training rows, but row {row + 1:,} was asked for"
        )
    if taken is not None:
        places = np.flatnonzero(
            (taken.order == row) if row is not None else taken.batch.weights > 0
        )
        if len(places):
            return _of_batch(taken, places[:1]), True
    index = np.array([0 if row is None else row])
    rows = problem.train.take(index)
    if not rows.weights.any():
        raise DataError(f"training row {index[0] + 1:,} has no weight, so that nothing comes of it")
    theta = at.theta if taken is None else taken.before["theta"]
    return numbers_of(problem.network, at.plan.objective, theta, rows, index=index), False


def _of_batch(taken: RecordedStep, places: Ints) -> Numbers:
    """Return what some rows of the batch add to its step."""
    return numbers_of(
        taken.network, taken.plan.objective, taken.before["theta"], taken.batch.take(places),
        index=taken.order[places], noise=taken.noise.take(places),
        total_weight=taken.total_weight, batch_weight=float(taken.batch.weights.sum()),
    )  # fmt: skip


def traced_step(taken: RecordedStep) -> Trace | None:
    """Return the trace of a step; None where that would take too long.

    Of a batch that is too large to be held whole the first rows are told one by one.
    """
    network, n = taken.network, taken.batch.n
    units = network.n_inputs + sum(layer.size for layer in network.layers)
    if n * network.size > QUICK:
        return None
    if n * units <= _HELD:
        return trace_recorded(taken, digits=DIGITS)
    numbers = _in_pieces(taken, max(SHOWN, int(_HELD / units)))
    theta = taken.before["theta"]
    state = {
        name.removeprefix("optimizer."): array
        for name, array in taken.before.items()
        if name.startswith("optimizer.")
    }
    if not isinstance(taken.plan.optimizer, Optimizer):
        return None
    moved = moved_by(network, taken.plan, theta, numbers.gradient, taken.rate, state)
    return Trace(numbers, moved, DIGITS, taken.step)


def _in_pieces(taken: RecordedStep, size: int) -> Numbers:
    """Return the numbers of the batch's first rows, with the error and the slopes of all."""
    present = np.flatnonzero(taken.batch.weights)
    first = _of_batch(taken, present[:SHOWN])
    error, of_error = first.error, first.of_error.copy()
    for start in range(SHOWN, len(present), size):
        piece = _of_batch(taken, present[start : start + size])
        error, of_error = error + piece.error, of_error + piece.of_error
    more = len(present) - len(first.index)
    return replace(first, error=error, of_error=of_error, more=more)
