"""`train`: from a table and the name of its target to a model and an account of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.sources import read_table
from ..data.table import Table
from ..engines.threads import one_thread
from .crossval import over_folds
from .folds import CrossValidation
from .last import Keeping
from .prepare import prepare
from .result import Stage, Start, TrainingResult
from .settings import Settings
from .work import Work

__all__ = ["train"]

_NOT_AGAIN = (
    "a training that goes on from a checkpoint judges no fold again: for the scores over folds, "
    "leave resume out, or use cross_validate"
)


@one_thread()  # of the scores too, which the model's file holds
def train(
    data: Any,
    target: str | Sequence[str],
    *,
    validation_data: Any = None,
    start: Callable[[Start], None] | None = None,
    watch: Callable[[Stage], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: str | int = "10 epochs",
    resume: str | Path | None = None,
    **settings: Any,
) -> TrainingResult:
    """Train a network to predict a column of a table.

    The column roles, the encoders, the split and, where they are not given, the size of the
    network, the penalty and the number of epochs are chosen by stated rules; the result says how.

    Parameters
    ----------
    data
        A path (CSV, TSV, Parquet), a pandas, polars or Arrow frame, a mapping of columns or a
        `Table`.
    target
        The column to predict; several names for a regression with several outputs.
    validation_data
        Rows of their own to choose and stop by, in any of these forms.
    start
        Called once with a `Start`: what was understood of the table, before anything is trained.
    watch
        Called with a `Stage` after each epoch. Ctrl-C in the last training keeps what it reached.
    checkpoint, checkpoint_every
        A file to keep the last training in while it runs, and how often: ``"10 epochs"``,
        ``"500 steps"`` or ``"5 minutes"``.
    resume
        Such a file, to go on from: with the same data and settings, the weights are those of a
        training that was never stopped, bit for bit. Nothing is chosen again, and folds are not
        judged again.
    **settings
        The fields of `Settings`: ``net``, ``loss``, ``optimizer``, ``learning_rate``, ``l2``,
        ``batch_size``, ``epochs``, ``validation``, ``test``, ``seed``, ``drop``, ...

    Returns
    -------
    TrainingResult
        With ``model``, ``scores``, ``baselines``, ``roles``, ``choices``, ...

    Raises
    ------
    DataError, SpecError
        In one sentence: what was expected, what came, what to do.

    Examples
    --------
    >>> from fallline.data import samples
    >>> result = train(samples.load("xor", n=80), "label", seed=1, l2=0.001, epochs=60)
    >>> result.task, result.rows["test"]
    ('classification', 16)
    """
    asked = Settings.of(**settings)
    validation = None if validation_data is None else read_table(validation_data)
    table = read_table(data)
    work = Work.of(prepare(table, target, asked, validation), asked)
    report = watch or (lambda stage: None)
    keeping = Keeping(checkpoint, checkpoint_every, resume)
    keeping.check(asked.restarts)
    judged = asked.folds is not None and resume is None
    if asked.folds is not None and not judged:
        work = work.with_note(_NOT_AGAIN)
    if start is not None:
        start(_start(table, work))
    folds = over_folds(work, validation, report) if judged else None
    return _with_folds(work.do(report, keeping), folds)


def _with_folds(result: TrainingResult, folds: CrossValidation | None) -> TrainingResult:
    if folds is None:
        return result
    facts = {**result.model.facts, "cross_validation": folds.to_json()}
    model = replace(result.model, facts=facts)
    return replace(result, model=model, cross_validation=folds)


def _start(table: Table, work: Work) -> Start:
    prepared = work.prepared
    return Start(
        source=table.source,
        table_rows=table.n,
        table_columns=len(table.columns),
        target=prepared.target.names,
        task=prepared.task,
        task_reason=prepared.known.task_reason,
        roles=prepared.roles,
        rows=prepared.counts,
        notes=prepared.notes,
        network=work.network(prepared.encoder(prepared.train).d),
        settings=work.settings,
    )
