"""The account of a training: scores, baselines, the most wrong rows, and what was chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..arrays import Floats
from ..data.encoders import TableEncoder
from ..data.table import Column
from ..descent.many import kept_error
from ..engines.calls import predict
from ..engines.protocol import Rows
from ..formulas.metrics import METRICS
from ..model import Model
from ..model.quantiles import training_quantiles
from .choose import Choice
from .last import Last
from .prepare import Prepared
from .result import Restart, TrainingResult
from .settings import Settings
from .worst import worst_rows

__all__ = ["account"]


def account(
    prepared: Prepared,
    settings: Settings,
    choice: Choice,
    last: Last,
    encoder: TableEncoder,
    rows: Rows,
    ask: Rows,
    simple: Mapping[str, Floats],
) -> TrainingResult:
    """Return the model that a run reached, judged on the rows `ask`, as the `simple` ones are."""
    run, judged = last.run, prepared.judged
    bare = Model.of(run, encoder=encoder, target=prepared.target)
    truth = prepared.truth(judged)
    outputs, train_truth = bare.network_outputs(ask.X), prepared.truth(prepared.train)
    scores = {"train": _judged(bare, prepared, bare.network_outputs(rows.X), train_truth, rows)}
    if len(prepared.test):
        scores["test"] = _judged(bare, prepared, outputs, truth, ask)
    baselines = {
        name: _scores(bare, prepared, theirs, truth, ask) for name, theirs in simple.items()
    }
    constant = training_quantiles(bare.loss, rows.Y, len(ask.Y))
    if constant is not None:
        baselines["training quantiles"] = _judged(bare, prepared, constant, truth, ask)
    restarts = _restarts(last, bare, prepared, truth, ask) if len(last.runs) > 1 else ()
    counts = prepared.counts
    choices = (
        f"hidden layers {settings.net}, batches of {_batch(settings)}",
        *choice.reasons,
        *_weights_in_words(prepared, settings),
        *_restarts_in_words(restarts),
    )
    facts: dict[str, Any] = {
        "source": prepared.known.table.source,
        "rows": counts,
        "scores": scores,
        "baselines": baselines,
        "choices": list(choices),
        "stopped": str(run.stopped),
        "settings": settings.to_json(),
    }
    if restarts:
        facts["restarts"] = [asdict(restart) for restart in restarts]
    return TrainingResult(
        model=Model.of(run, encoder=encoder, target=prepared.target, facts=facts),
        task=prepared.task,
        task_reason=prepared.known.task_reason,
        roles=prepared.roles,
        rows=counts,
        scores=scores,
        baselines=baselines,
        choices=choices,
        notes=prepared.notes,
        stopped=str(run.stopped),
        interrupted=last.interrupted,
        worst=worst_rows(bare, bare.points(outputs), truth, prepared.known.numbers[judged]),
        test_rows=prepared.known.numbers[prepared.test],
        restarts=restarts,
    )


def _judged(
    model: Model, prepared: Prepared, outputs: Floats, truth: Sequence[Column], rows: Rows
) -> dict[str, float]:
    """Return the metrics of a network's outputs (n, k)."""
    told = model.judge(outputs, truth)
    return told | _scores(model, prepared, model.points(outputs), truth, rows)


def _scores(
    model: Model, prepared: Prepared, outputs: Floats, truth: Sequence[Column], rows: Rows
) -> dict[str, float]:
    """Return the metrics, every row counting 1; with class weights, those with them too."""
    scores = model.score(outputs, truth)
    if prepared.class_weights is None:
        return scores
    y, yhat = model.loss.plain(rows.Y).astype(np.float64), outputs.astype(np.float64)
    s = rows.weights.astype(np.float64)
    weighted = {f"weighted_{name}": float(METRICS[name].value(np, y, yhat, s)) for name in scores}
    return scores | weighted


def _restarts(
    last: Last, bare: Model, prepared: Prepared, truth: Sequence[Column], ask: Rows
) -> tuple[Restart, ...]:
    return tuple(
        Restart(
            seed=run.plan.seed,
            validation_error=error if math.isfinite(error := kept_error(run)) else None,
            epochs=len(run.history),
            scores=_judged(bare, prepared, predict(run.network, run.theta, ask.X), truth, ask),
            stopped=str(run.stopped),
            kept=run is last.run,
        )
        for run in last.runs
    )


def _weights_in_words(prepared: Prepared, settings: Settings) -> tuple[str, ...]:
    if prepared.class_weights is None:
        return ()
    pairs = zip(prepared.target.labels, prepared.class_weights.tolist(), strict=True)
    listed = [f"{label} {weight:.4g}" for label, weight in pairs]
    shown = ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "")
    how = " (balanced)" if settings.class_weight == "balanced" else ""
    return (f"a row counts by its class{how}: {shown}",)


def _restarts_in_words(restarts: Sequence[Restart]) -> tuple[str, ...]:
    for restart in restarts:
        if restart.kept:
            return (
                f"start weights of seed {restart.seed}: the least validation error of "
                f"{len(restarts)} starts",
            )
    return ()


def _batch(settings: Settings) -> str:
    return f"{settings.batch_size} rows" if settings.batch_size else "all rows"
