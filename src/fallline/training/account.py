"""The account of a training: scores, baselines, the most wrong rows, and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping

from ..arrays import Floats
from ..data.encoders import TableEncoder
from ..descent import Run
from ..engines.protocol import Rows
from ..model import Model
from .choose import Choice
from .prepare import Prepared
from .result import TrainingResult
from .settings import Settings
from .worst import worst_rows

__all__ = ["account"]


def account(
    prepared: Prepared,
    settings: Settings,
    choice: Choice,
    run: Run,
    encoder: TableEncoder,
    rows: Rows,
    ask: Rows,
    simple: Mapping[str, Floats],
    interrupted: bool,
) -> TrainingResult:
    """Return the model that a run reached, judged on the rows `ask`, as the `simple` ones are."""
    bare = Model.of(run, encoder=encoder, target=prepared.target)
    judged = prepared.judged
    truth = [column.take(judged) for column in prepared.targets]
    outputs = bare.network_outputs(ask.X)
    train_truth = [column.take(prepared.train) for column in prepared.targets]
    scores = {"train": bare.score(bare.network_outputs(rows.X), train_truth)}
    if len(prepared.test):
        scores["test"] = bare.score(outputs, truth)
    baselines = {name: bare.score(theirs, truth) for name, theirs in simple.items()}
    counts = prepared.counts
    choices = (f"hidden layers {settings.net}, batches of {_batch(settings)}", *choice.reasons)
    facts = {
        "source": prepared.table.source,
        "rows": counts,
        "scores": scores,
        "baselines": baselines,
        "choices": list(choices),
        "stopped": str(run.stopped),
        "settings": settings.to_json(),
    }
    return TrainingResult(
        model=Model.of(run, encoder=encoder, target=prepared.target, facts=facts),
        task=prepared.task,
        task_reason=prepared.task_reason,
        roles=prepared.roles,
        rows=counts,
        scores=scores,
        baselines=baselines,
        choices=choices,
        notes=prepared.notes,
        stopped=str(run.stopped),
        interrupted=interrupted,
        worst=worst_rows(bare, outputs, truth, prepared.numbers[judged]),
        test_rows=prepared.numbers[prepared.test],
    )


def _batch(settings: Settings) -> str:
    return f"{settings.batch_size} rows" if settings.batch_size else "all rows"
