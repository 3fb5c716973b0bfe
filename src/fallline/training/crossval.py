"""`cross_validate`: the whole job, done again on each fold, its choices included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..data.sources import read_table
from ..data.table import Table
from ..engines.threads import one_thread
from ..errors import SpecError
from .checks import check_count
from .folds import CrossValidation, Fold
from .prepare import prepare, prepared_part
from .result import Stage, TrainingResult
from .settings import Settings
from .work import Work

__all__ = ["cross_validate", "over_folds"]


@one_thread()  # as in `train`
def cross_validate(
    data: Any,
    target: str | Sequence[str],
    folds: int = 5,
    *,
    validation_data: Any = None,
    watch: Callable[[Stage], None] | None = None,
    **settings: Any,
) -> CrossValidation:
    """Judge the whole job of `train` by cross-validation.

    For each fold, everything that `train` does is done on the other rows alone: roles and encoders
    are found, penalty and epochs are chosen, the network is trained; and the rows of the fold
    judge it. So every row judges once, and none judges what has seen it. With ``group``, groups
    stand in one fold each; with ``time``, the earliest rows are only learnt from, and each fold
    judges what was learnt from the rows before it.

    Parameters
    ----------
    data, target, validation_data, watch, **settings
        As `train` takes them, without ``test``.
    folds
        How many, at least 2.

    Returns
    -------
    CrossValidation
        ``folds``, ``mean``, ``std``, ``baselines``; as text, a line with the first metric.

    Raises
    ------
    DataError, SpecError
        In one sentence: what was expected, what came, what to do.

    Examples
    --------
    >>> from fallline.data import samples
    >>> result = cross_validate(samples.load("xor", n=80), "label", 4, l2=0.001, epochs=60)
    >>> len(result.folds), [fold.rows["test"] for fold in result.folds]
    (4, [20, 20, 20, 20])
    >>> sorted(result.mean) == sorted(result.std) == ["accuracy", "log_loss"]
    True
    """
    if settings.get("test"):
        raise SpecError("each fold is tested in its turn, so there is no test share; leave it out")
    check_count("folds", folds, 2)
    asked = Settings.of(**settings | {"folds": folds})
    validation = None if validation_data is None else read_table(validation_data)
    whole = Work.of(prepare(read_table(data), target, asked, validation), asked)
    return over_folds(whole, validation, watch or (lambda stage: None))


def over_folds(
    whole: Work, validation: Table | None, report: Callable[[Stage], None]
) -> CrossValidation:
    """Return the scores of a job on the folds that its settings ask for.

    Network and batches are those of the whole table, so that all folds judge the same job.
    """
    known, asked = whole.prepared.known, whole.settings
    count = asked.folds or 0
    done = []
    alone = replace(asked, folds=None, test=None)
    for number, (fit, check) in enumerate(known.folds(np.arange(known.n), count, asked.seed)):
        split = known.split_training(fit, alone, check, given_validation=validation is not None)
        work = Work.of(prepared_part(known, split, alone, validation), alone)

        def watch(stage: Stage, number: int = number) -> None:
            detail = f"fold {number + 1}, {stage.name} {stage.done} of {stage.total} epochs"
            report(Stage("judging", number, count, stage.epoch, detail))

        done.append(_fold(work.do(watch)))
    return CrossValidation(known.task, known.names, tuple(done))


def _fold(result: TrainingResult) -> Fold:
    if result.interrupted:
        raise KeyboardInterrupt
    return Fold(
        rows=result.rows,
        scores=result.scores["test"],
        baselines=result.baselines,
        l2=result.model.plan.l2,
        epochs=len(result.model.history),
    )
