"""What the main job gives back: the model, and all that a person should be told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..arrays import Ints
from ..data.roles import Role
from ..history import Epoch
from ..model import Model
from ..spec.network import Network
from .folds import CrossValidation
from .settings import Settings
from .worst import WorstRow

__all__ = ["Restart", "Stage", "Start", "TrainingResult"]


@dataclass(frozen=True)
class Start:
    """What was understood of the table: told before anything is trained.

    Attributes
    ----------
    source, table_rows, table_columns
        The table's name and size, rows without a known target included.
    target
        The names of the target columns.
    task, task_reason
        Regression or classification, and why.
    roles
        What each other column was taken for.
    rows
        Numbers of rows by part: ``train``, ``validation``, ``test``.
    notes
        Sentences: what the user should know about the data.
    network
        The network that will be trained.
    settings
        The settings, filled in by the rules.
    """

    source: str
    table_rows: int
    table_columns: int
    target: tuple[str, ...]
    task: str
    task_reason: str
    roles: tuple[Role, ...]
    rows: Mapping[str, int]
    notes: tuple[str, ...]
    network: Network
    settings: Settings


@dataclass(frozen=True)
class Stage:
    """How far the job is: given to the watcher after each epoch.

    Attributes
    ----------
    name
        ``"judging"``: the whole job, once for each fold; ``"choosing"``: short trainings on parts
        of the rows, to choose penalty and epochs; ``"training"``: those whose weights may be kept.
    done, total
        Epochs of this stage, done and at the most; of judging, folds.
    epoch
        The record of the epoch that has just ended.
    detail
        What is being tried, in a few words.
    """

    name: Literal["judging", "choosing", "training"]
    done: int
    total: int
    epoch: Epoch
    detail: str


@dataclass(frozen=True)
class Restart:
    """One of several trainings from different start weights.

    Attributes
    ----------
    seed
        Of its start weights and its order of rows.
    validation_error
        Of the weights that it ended with; None where it reached none.
    epochs
        How many it took.
    scores
        Metrics on the rows that the model is judged on; the choice did not look at them.
    stopped
        Why it ended.
    kept
        Whether its weights are those of the model.
    """

    seed: int
    validation_error: float | None
    epochs: int
    scores: Mapping[str, float]
    stopped: str
    kept: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of `fallline.train`.

    Attributes
    ----------
    model
        The trained model.
    task, task_reason
        Regression or classification, and why.
    roles
        What each column was taken for.
    rows
        Numbers of rows: ``train``, ``validation``, ``test``.
    scores
        Metrics by part (``"train"``, ``"test"``); the test rows were never used before. Every row
        counts 1; with class weights, ``weighted_...`` are the same metrics with them.
    baselines
        Metrics of simple models on the same test rows (training rows if there is no test).
    choices
        Sentences: what was chosen by rule, and why.
    notes
        Sentences: what the user should know about the data.
    stopped
        Why the training ended.
    interrupted
        Whether Ctrl-C ended it.
    worst
        The test rows with the largest misses.
    test_rows
        The numbers of the test rows in the table, from 0.
    restarts
        The trainings from different start weights, where there were several.
    cross_validation
        What `cross_validate` gives, where folds were asked for: it judges the job, and the model
        was then trained on all rows.
    """

    model: Model
    task: str
    task_reason: str
    roles: tuple[Role, ...]
    rows: Mapping[str, int]
    scores: Mapping[str, Mapping[str, float]]
    baselines: Mapping[str, Mapping[str, float]]
    choices: tuple[str, ...]
    notes: tuple[str, ...]
    stopped: str
    interrupted: bool
    worst: tuple[WorstRow, ...]
    test_rows: Ints
    restarts: tuple[Restart, ...] = ()
    cross_validation: CrossValidation | None = None
