"""What an epoch is measured by at its end: the validation error, the metrics, evaluations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats
from ..engines.protocol import Engine, Rows, State
from ..errors import DataError
from ..formulas.metrics import METRICS
from ..spec.network import Network
from ..spec.plan import Plan
from .solving import evaluations

__all__ = ["check_metrics", "measure", "validate"]


def check_metrics(plan: Plan, training: Rows, validation: Rows | None) -> None:
    """Raise a DataError where a metric of classes would judge rows of several labels or of none."""
    Y = plan.objective.error.plain((validation or training).Y)
    for name in plan.metrics:
        several = METRICS[name].task == "classification" and Y.shape[1] > 1
        if several and (wrong := np.abs(Y.sum(axis=1) - 1) > 1e-5).any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"{name} judges rows of one class each, so that targets sum to 1 over a row, but "
                f"those of row {row} sum to {Y[row].sum():g}; for labels take label_{name}"
            )


def measure(
    engine: Engine,
    state: State,
    network: Network,
    plan: Plan,
    training: Rows,
    validation: Rows | None,
) -> tuple[dict[str, Any], Floats | None]:
    """Return what an `Epoch` records of an engine's state at its end, by field, and θ (P,).

    θ is None, and not read, where nothing is to be told of it: reading costs more than the Python
    of a small epoch.
    """
    theta = None if validation is None and not plan.metrics else engine.snapshot(state)["theta"]
    error, metrics = None, dict[str, float]()
    if theta is not None:
        error, metrics = validate(engine, network, plan, theta, training, validation)
    measured = {"validation_error": error, "metrics": metrics}
    return measured | {"evaluations": evaluations(engine, state)}, theta


def validate(
    engine: Engine,
    network: Network,
    plan: Plan,
    theta: Floats,
    training: Rows,
    validation: Rows | None,
) -> tuple[float | None, dict[str, float]]:
    """Return the validation error without penalty (None without such rows), and the metrics.

    Metrics are those of the validation rows, else of the training rows.
    """
    with np.errstate(all="ignore"):  # what overflows is reported as such
        error = None
        if validation is not None:
            error = engine.error(network, plan.judged, theta, validation)
        if not plan.metrics:
            return error, {}
        rows = validation or training
        outputs = engine.predict(network, theta, rows.X)
        loss = plan.objective.error
        y, yhat = loss.plain(rows.Y), loss.points(outputs)
        values = {
            name: float(METRICS[name].value(np, y, yhat, rows.weights)) for name in plan.metrics
        }
    return error, values
