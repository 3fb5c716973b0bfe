"""`train`: from a table and the name of its target to a model and an account of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..data.encoders import TableEncoder
from ..data.sources import read_table
from ..data.table import Table
from ..descent import Run
from ..engines.protocol import Rows
from ..engines.threads import one_thread
from ..errors import DataError, InterruptWarning, SpecError
from ..formulas.activations import ACTIVATIONS
from ..formulas.losses import LOSSES
from ..history import Epoch
from ..spec.network import Network
from .account import account
from .baselines import baseline_outputs
from .choose import Choice, batch_by_rule, choose, net_by_rule
from .prepare import Prepared, prepare
from .result import Stage, Start, TrainingResult
from .settings import Settings, network_for

__all__ = ["train"]


@one_thread()  # of the scores too, which the model's file holds
def train(
    data: Any,
    target: str | Sequence[str],
    *,
    validation_data: Any = None,
    start: Callable[[Start], None] | None = None,
    watch: Callable[[Stage], None] | None = None,
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
    prepared = prepare(table, target, asked, validation)
    whole, activation = _with_rules(asked, prepared)
    report = watch or (lambda stage: None)

    def build(n_inputs: int) -> Network:
        return network_for(whole.net or "none", n_inputs, prepared.target.k, activation)

    def choosing(epoch: Epoch, done: int, total: int, detail: str) -> None:
        report(Stage("choosing", done, total, epoch, detail))

    encoder = prepared.encoder(prepared.train)
    if start is not None:
        start(_start(table, prepared, whole, build(encoder.d)))
    choice = choose(prepared, whole, build, choosing)
    rows = prepared.rows(encoder, prepared.train, whole.dtype)
    ask = prepared.rows(encoder, prepared.judged, whole.dtype)
    # Before the last training: once that is interrupted, nothing slow may follow.
    simple = baseline_outputs(prepared.target, rows, ask)
    run = _run(prepared, whole, choice, encoder, rows, build)
    interrupted = _finish(run, choice, report)
    if not run.history:
        raise DataError(f"nothing was learnt: {run.stopped}")
    return account(prepared, whole, choice, run, encoder, rows, ask, simple, interrupted)


def _start(table: Table, prepared: Prepared, settings: Settings, network: Network) -> Start:
    return Start(
        source=table.source,
        table_rows=table.n,
        table_columns=len(table.columns),
        target=prepared.target.names,
        task=prepared.task,
        task_reason=prepared.task_reason,
        roles=prepared.roles,
        rows=prepared.counts,
        notes=prepared.notes,
        network=network,
        settings=settings,
    )


def _with_rules(asked: Settings, prepared: Prepared) -> tuple[Settings, str]:
    """Return the settings with what the rules fill in, and the output activation."""
    n, target = len(prepared.train), prepared.target
    activation, loss = "identity", "squared_error"
    if target.task == "classification":
        binary = target.k == 1
        activation = "logistic" if binary else "softmax"
        loss = "binary_cross_entropy" if binary else "cross_entropy"
    wanted = LOSSES[asked.loss or loss]
    if wanted.only_pairs and activation not in wanted.pairs:
        if target.task == "regression":
            raise SpecError(
                f"{wanted.name} is for classes, but the target is a number; take squared_error, "
                "or say task='classification'"
            )
        activation = next(iter(wanted.pairs))
        if ACTIVATIONS[activation].coupled and target.k == 1:
            raise SpecError(f"{wanted.name} needs three classes or more; take {loss}")
    filled = replace(
        asked,
        loss=wanted.name,
        net=net_by_rule(n) if asked.net is None else asked.net,
        batch_size=batch_by_rule(n) if asked.batch_size is None else asked.batch_size,
    )
    return filled, activation


def _run(
    prepared: Prepared,
    settings: Settings,
    choice: Choice,
    encoder: TableEncoder,
    rows: Rows,
    build: Callable[[int], Network],
) -> Run:
    """Return the run of the last training, at its start."""
    validation = prepared.validation_rows(encoder, settings.dtype)
    plan = settings.plan(
        choice.l2,
        epochs=choice.epochs,
        patience=None if validation is None else settings.patience,
    )
    return Run(
        build(encoder.d),
        rows.X,
        rows.Y,
        X_val=None if validation is None else validation.X,
        y_val=None if validation is None else validation.Y,
        plan=plan,
        engine=settings.engine,
        dtype=settings.dtype,
    )


def _finish(run: Run, choice: Choice, report: Callable[[Stage], None]) -> bool:
    """Train to the end; return whether Ctrl-C came before it."""
    try:
        for epoch in run:
            report(Stage("training", epoch.epoch, choice.epochs, epoch, f"λ {choice.l2:g}"))
    except KeyboardInterrupt:
        run.finish(f"it was interrupted in epoch {run.position[0]}")
        warnings.warn(f"training ended: {run.stopped}", InterruptWarning, stacklevel=3)
        return True
    return False
