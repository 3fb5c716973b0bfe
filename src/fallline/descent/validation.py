"""What an epoch is measured by at its end: the validation error, the metrics, evaluations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, Floats
from ..engines.protocol import Engine, Rows
from ..errors import DataError
from ..formulas.metrics import METRICS
from ..spec.network import Network
from ..spec.plan import Objective, Plan

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
    network: Network,
    plan: Plan,
    arrays: dict[str, Array],
    training: Rows,
    validation: Rows | None,
) -> dict[str, Any]:
    """Return what an `Epoch` records of the engine's arrays at its end, by field."""
    error, metrics = validate(engine, network, plan, arrays["theta"], training, validation)
    evaluations = arrays.get("optimizer.evaluations")
    return {
        "validation_error": error,
        "metrics": metrics,
        "evaluations": None if evaluations is None else int(evaluations),
    }


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
    if validation is None and not plan.metrics:
        return None, {}
    with np.errstate(all="ignore"):  # what overflows is reported as such
        error = None
        if validation is not None:
            objective = Objective(plan.loss).unclipped
            error = engine.error(network, objective, theta, validation)
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
