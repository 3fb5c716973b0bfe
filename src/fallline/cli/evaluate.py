"""``fallline evaluate``: how good a model is on rows whose target is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ..errors import DataError
from ..report.scores import score_rows
from . import options
from .reading import Answers, ask, open_model
from .show import Screen
from .telling import level_note, show_worst
from .text import clean, count
from .writing import plain

if TYPE_CHECKING:
    from ..arrays import Ints
    from ..training import WorstRow

__all__ = ["command"]

_MOST_CLASSES = 12


@options.command()
@options.model_argument
@options.data_argument()
@options.json_option
@options.reading_options
def command(model: str, data: str, as_json: bool, **given: Any) -> None:
    """Score a trained model on rows whose target is known.

    Tells the metrics and, for classes, how often each was taken for which; for numbers, the rows
    that are most wrong.
    """
    answers = ask(open_model(model, data), data, options.reading(given))
    target = answers.model.target
    assert target is not None
    if answers.truth is None:
        absent = ", ".join(f"'{name}'" for name in target.names)
        raise DataError(
            f"{answers.table.source} lacks the target {absent}, so there is nothing to compare "
            "with; to predict, use fallline predict"
        )
    metrics = answers.metrics()
    confusion = _confusion(answers) if target.task == "classification" else None
    worst = _worst(answers)
    if as_json:
        click.echo(json.dumps(_account(answers, metrics, confusion, worst), allow_nan=False))
    else:
        _show(Screen(), answers, metrics, confusion, worst)


def _confusion(answers: Answers) -> Ints:
    """Return (classes, classes) counts: rows by true class, columns by predicted class."""
    from ..report.numbers import confusion_counts

    target, truth, rows = answers.model.target, answers.truth, answers.known()
    assert target is not None and truth is not None
    return confusion_counts(target, answers.points[rows], truth[0].take(rows))


def _worst(answers: Answers) -> tuple[WorstRow, ...]:
    from ..training import worst_rows

    truth, rows = answers.truth, answers.known()
    assert truth is not None
    return worst_rows(
        answers.model,
        answers.points[rows],
        [column.take(rows) for column in truth],
        np.flatnonzero(rows),
    )


def _show(
    screen: Screen,
    answers: Answers,
    metrics: dict[str, float],
    confusion: Ints | None,
    worst: tuple[WorstRow, ...],
) -> None:
    target = answers.model.target
    assert target is not None
    known = int(answers.known().sum())
    screen.say(f"{answers.table.source}: {count(known, 'row')} with a known target", "bold")
    head, rows = score_rows({"network": metrics})
    screen.table(head, rows, numbers=[2])
    left = answers.table.n - known
    notes = [f"{count(left, 'row')} without a known target left out"] if left else []
    if answers.table.source == answers.model.facts.get("source"):
        notes.append(
            f"{answers.table.source} has the name of the table that the model was trained on: if "
            "it is that, most of these rows were trained on, and the scores are too good."
        )
    if answers.model.loss.family == "quantile":
        notes.append(level_note(answers.model.loss))
    screen.points([*answers.table.notes, *notes, *(str(note) for note in answers.notes)])
    if confusion is not None:
        _show_classes(screen, [clean(label) for label in target.labels], confusion)
    show_worst(screen, worst, target.task, target.names)


def _show_classes(screen: Screen, labels: list[str], confusion: Ints) -> None:
    """Draw each class's rows, and what they were taken for where that fits."""
    counts, right = confusion.sum(axis=1), np.diag(confusion)
    taken = confusion.sum(axis=0)
    screen.title("Classes")
    screen.table(
        ("class", "rows", "right", "recall", "predicted", "precision"),
        [
            (
                label,
                f"{counts[i]:,}",
                f"{right[i]:,}",
                _percent(right[i], counts[i]),
                f"{taken[i]:,}",
                _percent(right[i], taken[i]),
            )
            for i, label in enumerate(labels)
        ],
        numbers=range(1, 6),
    )
    if len(labels) > _MOST_CLASSES:
        screen.say(f"The table of {len(labels)} x {len(labels)} counts is in --json.", indent=2)
        return
    screen.title("True classes (rows) and what they were taken for (columns)")
    screen.table(
        ("", *labels),
        [(label, *(f"{n:,}" for n in confusion[i])) for i, label in enumerate(labels)],
        numbers=range(1, len(labels) + 1),
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _account(
    answers: Answers,
    metrics: dict[str, float],
    confusion: Ints | None,
    worst: tuple[WorstRow, ...],
) -> dict[str, Any]:
    target = answers.model.target
    assert target is not None
    told: dict[str, Any] = {
        "source": answers.table.source,
        "rows": int(answers.known().sum()),
        "rows_without_target": answers.table.n - int(answers.known().sum()),
        "metrics": metrics,
        "notes": [*answers.table.notes, *(str(note) for note in answers.notes)],
        "worst": [
            {"row": r.row, "truth": r.truth, "prediction": r.prediction, "miss": r.miss}
            for r in worst
        ],
    }
    if confusion is not None:
        told["labels"] = list(target.labels)
        told["confusion"] = confusion.tolist()
    data: dict[str, Any] = plain(told)
    return data
