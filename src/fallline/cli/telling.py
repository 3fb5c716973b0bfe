"""The account of a training, for people: what was understood, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..report.scores import PINBALL, beside, comparable, score_rows
from ..report.words import method, network_line
from .show import Screen
from .text import count, quantity
from .text import number as figure

if TYPE_CHECKING:
    from ..data import Role
    from ..formulas.loss import Loss
    from ..training import CrossValidation, Settings, Start, TrainingResult, WorstRow

__all__ = [
    "level_note",
    "next_lines",
    "rivals",
    "show_next",
    "show_result",
    "show_saved",
    "show_start",
    "show_worst",
    "verdict",
    "yardstick",
]

_MOST_ROLES = 40


def show_start(screen: Screen, start: Start) -> None:
    """Tell what was understood of the table, before the training."""
    screen.say(
        f"{start.source}: {count(start.table_rows, 'row')}, {count(start.table_columns, 'column')}"
    )
    screen.title(f"What predicts {_names(start.target)}")
    _show_roles(screen, start.roles)
    if start.notes:
        screen.title("To know")
        screen.points(start.notes)
    screen.say()
    rows = start.rows
    parts = [f"{rows['train']:,} to train on"]
    if rows["validation"]:
        parts.append(f"{rows['validation']:,} to choose and stop by")
    if rows["test"]:
        parts.append(f"{rows['test']:,} kept to test")
    settings = start.settings
    batch = count(settings.batch_size, "row") if settings.batch_size else "all rows"
    screen.facts(
        [
            ("Task", f"{start.task}: {start.task_reason}"),
            ("Rows", ", ".join(parts)),
            ("Network", network_line(start.network)),
            (
                "Descent",
                f"{method(settings.optimizer)}, batches of {batch}, error {settings.loss}",
            ),
            ("Also", _also(settings)),
        ]
    )


_TOLD = frozenset(
    (
        *("task", "net", "loss", "optimizer", "l2", "batch_size", "epochs", "validation", "test"),
        *("patience", "seed", "dtype", "engine", "numeric", "category", "date", "text", "drop"),
    )
)
"""Settings that are told elsewhere, or are of no matter to the result."""


def _also(settings: Settings) -> str:
    """Return the settings that are not told elsewhere, in the words of the options."""
    return ", ".join(
        f"{name.replace('_', '-')} {_shown(value)}"
        for name, value in settings.to_json().items()
        if name not in _TOLD and value is not None
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return ", ".join(f"{name}={number:g}" for name, number in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _show_roles(screen: Screen, roles: Sequence[Role]) -> None:
    used = [role for role in roles if role.used]
    unused = [role for role in roles if not role.used]
    shown = [*used[:_MOST_ROLES], *unused[:_MOST_ROLES]]
    rows = [
        (
            role.name,
            role.kind,
            f"{role.reason} {count(role.missing, 'cell')} missing." * bool(role.missing)
            or role.reason,
        )
        for role in sorted(shown, key=list(roles).index)
    ]
    screen.table(("column", "taken as", "why"), rows)
    if len(roles) > len(shown):
        more = count(len(roles) - len(shown), "column")
        screen.say(f"... and {more} more (--json lists all)", indent=2)
    if unused:
        screen.say(f"Not used: {_names([role.name for role in unused[:_MOST_ROLES]])}", indent=2)


def show_result(screen: Screen, result: TrainingResult, seconds: float) -> None:
    """Tell how the training, which took so many seconds, ended and how good the model is."""
    screen.say()
    epochs = count(len(result.model.history), "epoch")
    screen.facts(
        [
            ("Chosen", "\n".join(result.choices[1:])),
            ("Ended", f"after {epochs}: {result.stopped}"),
            ("Took", f"{seconds:.1f} s"),
        ]
    )
    if result.cross_validation is not None:
        _show_folds(screen, result.cross_validation)
        screen.say(f"{_units(result)}{verdict(result)}", indent=2)
        return
    _show_restarts(screen, result)
    part = "test" if "test" in result.scores else "train"
    where = f"{count(result.rows[part], 'test row')}, never used in training"
    if part == "train":
        where = f"{count(result.rows[part], 'training row')} (no row was kept to test)"
    screen.title(f"Scores on {where}")
    models = beside(result.scores[part], comparable(result.baselines))
    head, rows = score_rows(models)
    screen.table(head, rows, numbers=range(2, 2 + len(models)))
    screen.say(f"{_units(result)}{verdict(result)}", indent=2)
    show_worst(screen, result.worst, result.task, result.model.target.names)  # type: ignore[union-attr]


def _show_folds(screen: Screen, judged: CrossValidation) -> None:
    """Tell the scores over folds, and those of each."""
    folds = judged.folds
    screen.title(f"Scores over {len(folds)} folds: mean ± standard deviation")
    models = beside(judged.mean, comparable(judged.baselines))
    spreads = beside(judged.std, comparable(judged.baselines_std))
    head, rows = score_rows(models, spreads)
    # The words for the metrics would leave no room for two numbers in a cell.
    screen.table((head[0], *head[2:]), [(row[0], *row[2:]) for row in rows], numbers=(1, 2, 3))
    names = [name for name in judged.mean if PINBALL not in judged.mean or _is_of_quantiles(name)]
    screen.title("Each fold: the network, trained on the other rows")
    screen.table(
        ("fold", "rows", "epochs", "λ", *names),
        [
            (
                *(str(number), f"{fold.rows['test']:,}", str(fold.epochs), f"{fold.l2:g}"),
                *(figure(fold.scores[name]) for name in names),
            )
            for number, fold in enumerate(folds, start=1)
        ],
        numbers=range(4 + len(names)),
    )
    screen.say("The model that is saved was then trained on all rows.", indent=2)


def _is_of_quantiles(name: str) -> bool:
    return name == PINBALL or name.startswith("coverage_")


def _show_restarts(screen: Screen, result: TrainingResult) -> None:
    """Tell how each training from other start weights ended."""
    if not result.restarts:
        return
    name = next(iter(result.restarts[0].scores))
    part = "test" if "test" in result.scores else "training"
    screen.title(f"{len(result.restarts)} trainings from different start weights")
    screen.table(
        ("seed", "validation error", "epochs", f"{name} on the {part} rows", ""),
        [
            (
                str(restart.seed),
                "-" if restart.validation_error is None else figure(restart.validation_error),
                str(restart.epochs),
                figure(restart.scores[name]),
                "kept" if restart.kept else "",
            )
            for restart in result.restarts
        ],
        numbers=range(4),
    )


def _units(result: TrainingResult) -> str:
    if result.task != "regression":
        return ""
    assert result.model.target is not None
    names = result.model.target.names
    loss = result.model.loss
    if loss.family != "quantile":
        return f"rmse and mae are in the units of {_names(names)}. "
    return f"rmse, mae and pinball are in the units of {_names(names)}. {level_note(loss)} "


def level_note(loss: Loss) -> str:
    """Return which of several quantiles the metrics of one number are of, and what to judge by."""
    level = loss.settings["levels"][loss.point]
    return (
        f"r2, rmse and mae, and the rows that are most wrong, are of the level {level} alone: "
        "judge quantiles by pinball and coverage."
    )


def rivals(result: TrainingResult) -> list[str]:
    """Return the simple models that the network is not better than.

    It is by r2 or accuracy; equal ones are told apart by the next metric, an error. Quantiles are
    compared by their pinball error with those of the training rows alone.
    """
    scores, name = _judged(result)
    return [
        rival
        for rival, theirs in beside({}, _simple(result)).items()
        if name in theirs and _rank(theirs, name) >= _rank(scores, name)
    ]


def yardstick(result: TrainingResult) -> tuple[str, str]:
    """Return the metric that the network is judged by, and the simple model to set beside it."""
    name = _judged(result)[1]
    return name, "training quantiles" if name == PINBALL else "linear model"


def _rank(scores: Mapping[str, float], name: str) -> tuple[float, ...]:
    """Return what a better model has more of: the metric `name`, and less of the next one."""
    if name == PINBALL:
        return (-scores[name],)
    return scores[name], *(-scores[metric] for metric in _next_metrics(scores, name))


def _next_metrics(scores: Mapping[str, float], name: str) -> list[str]:
    """Return the metric after this one, an error, if any; with class weights where it has them.

    A hinge gives no probabilities, so that there is none.
    """
    names = list(scores)
    return [after for after in names[names.index(name) + 1 :][:1] if not _is_weighted(after, name)]


def _is_weighted(after: str, name: str) -> bool:
    return after.startswith("weighted_") and not name.startswith("weighted_")


def verdict(result: TrainingResult) -> str:
    """Return the sentence that sets the network beside the simple models."""
    scores, name = _judged(result)
    simple, names, beaten = _simple(result), [name], yardstick(result)[1]
    if name != PINBALL and figure(scores[name]) == figure(simple[beaten][name]):
        names += _next_metrics(scores, name)
    shown = ", ".join(f"{metric} {figure(scores[metric])}" for metric in names)
    ours = f"The network ({shown}) is"

    def told(rival: str) -> str:
        theirs = (figure(simple[rival][metric]) for metric in names)
        return f"the {rival} ({', '.join(theirs)})"

    unbeaten = rivals(result)
    if not unbeaten:
        return f"{ours} better than {told(beaten)}."
    return (
        f"{ours} NOT better than {', nor than '.join(map(told, unbeaten))}: take the simple model, "
        "or try more rows or other settings."
    )


def _judged(result: TrainingResult) -> tuple[Mapping[str, float], str]:
    """Return the scores that count, and the metric: r2, accuracy, or the pinball error.

    With folds, their means count; with class weights, the weighted metric.
    """
    scores = result.scores.get("test", result.scores["train"])
    if result.cross_validation is not None:
        scores = result.cross_validation.mean
    if PINBALL in scores:
        return scores, PINBALL
    first = next(iter(scores))
    return scores, f"weighted_{first}" if f"weighted_{first}" in scores else first


def _simple(result: TrainingResult) -> Mapping[str, Mapping[str, float]]:
    judged = result.cross_validation
    return result.baselines if judged is None else judged.baselines


def show_worst(screen: Screen, worst: Sequence[WorstRow], task: str, target: Sequence[str]) -> None:
    """Tell which rows are the most wrong."""
    if not worst:
        return
    screen.title("The rows that it gets most wrong (row 1 is the first below the header)")
    last = "miss" if task == "regression" else f"P(true {target[0]})"
    screen.table(
        ("row", target[0], "predicted", last),
        [
            (f"{row.row:,}", quantity(row.truth), quantity(row.prediction), figure(row.miss))
            for row in worst
        ],
        numbers=range(4),
    )


def show_saved(screen: Screen, saved: str, lines: Sequence[str]) -> None:
    """Tell where the model is, and what to do next."""
    screen.title("Saved")
    screen.say(saved, indent=2)
    if lines:
        show_next(screen, lines)


def show_next(screen: Screen, lines: Sequence[str]) -> None:
    """Tell what to do next; the lines can be copied."""
    screen.title("Next")
    for line in lines:
        screen.verbatim(f"  {line}")


def next_lines(model: str) -> list[str]:
    """Return commands to go on with."""
    name = shlex.quote(model)
    return [
        f"fallline predict {name} NEW.csv -o predictions.csv",
        f"fallline evaluate {name} OTHER.csv",
        f"fallline info {name}",
    ]


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
