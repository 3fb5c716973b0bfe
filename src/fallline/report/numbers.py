"""The numbers of a report: what was trained, how good it is, and where it is most wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from ..arrays import Ints
from ..data.table import Column
from ..data.targets import TargetEncoder
from ..explain.document import Block, Bullets, Note, Paragraph, Table, Title
from ..training.worst import worst_rows
from .asked import Asked
from .facts import scored_on, stored_scores, texts, trained
from .scores import score_rows
from .words import count, network_line, number, quantity

__all__ = ["confusion_counts", "numbers"]

_MOST_CLASSES = 12


def numbers(asked: Asked) -> Iterator[Block]:
    """Yield what was trained, its scores when it was, its scores here, and the worst rows."""
    yield Bullets(_facts(asked))
    stored = stored_scores(asked.model.facts)
    if stored:
        yield Title("How good it was when it was trained")
        yield _scores(stored, scored_on(asked.model.facts))
    yield Title("How good it is on these rows")
    outputs, truth = asked.outputs, asked.truth
    told = f"{count(len(asked.numbers), 'row')} of {asked.rows.table.source} with a known target"
    yield _scores({"network": asked.model.judge(outputs, truth)}, told)
    yield from _cautions(asked)
    target = asked.model.target
    assert target is not None
    if target.task == "classification":
        yield from _classes(confusion_counts(target, asked.model.points(outputs), truth[0]), target)
    yield from _worst(asked)


def confusion_counts(target: TargetEncoder, points: np.ndarray, truth: Column) -> Ints:
    """Return (classes, classes) counts: rows by true class, columns by predicted class.

    Parameters
    ----------
    target
        Of a classification.
    points
        (n, k) outputs; see `Model.points`.
    truth
        The target's column (n,), every row known.
    """
    codes = target.codes(truth)
    taken = np.argmax(target.probabilities(points), axis=1)
    counts = np.zeros((len(target.labels), len(target.labels)), np.int64)
    np.add.at(counts, (codes, taken), 1)
    return counts


def _facts(asked: Asked) -> Iterator[str]:
    model = asked.model
    target = model.target
    assert target is not None
    yield f"Predicts: {', '.join(target.names)} ({target.task})"
    if target.labels:
        listed = ", ".join(map(str, target.labels[:_MOST_CLASSES]))
        yield f"Classes: {listed}" + (", ..." if len(target.labels) > _MOST_CLASSES else "")
    yield f"Network: {network_line(model.network)}, {model.theta.dtype}"
    yield f"Trained: {trained(model)}"
    yield from (f"Chosen: {choice}" for choice in texts(model.facts.get("choices")))
    if stopped := str(model.facts.get("stopped", "")):
        yield f"Ended: {stopped}"


def _scores(models: Mapping[str, Mapping[str, float]], caption: str) -> Table:
    head, rows = score_rows(models)
    told = [[*row[:2], *map(_minus, row[2:])] for row in rows]
    return Table(["metric", "it is", *head[2:]], told, caption=caption)


def _cautions(asked: Asked) -> Iterator[Block]:
    source = asked.rows.table.source
    if source == asked.model.facts.get("source"):
        yield Note(
            f"{source} has the name of the table that the model was trained on. If it is that, "
            "most of these rows were trained on, and the scores on them are too good."
        )
    if asked.left:
        yield Note(f"{count(asked.left, 'row')} without a known target are left out.")


def _classes(counts: Ints, target: TargetEncoder) -> Iterator[Block]:
    if len(target.labels) > _MOST_CLASSES:
        yield Paragraph(f"Of {counts.sum():,} rows {np.trace(counts):,} are right.")
        return
    rows = [
        [str(label), *(f"{n:,}" for n in line)]
        for label, line in zip(target.labels, counts, strict=True)
    ]
    caption = "True classes (rows) and what they were taken for (columns)"
    yield Table(["true class", *map(str, target.labels)], rows, caption=caption)


def _worst(asked: Asked) -> Iterator[Block]:
    model = asked.model
    found = worst_rows(model, model.points(asked.outputs), asked.truth, asked.numbers)
    if not found:
        return
    miss = "miss" if model.task == "regression" else "probability of the true class"
    rows = [
        [f"{r.row:,}", *map(_minus, (quantity(r.truth), quantity(r.prediction), number(r.miss)))]
        for r in found
    ]
    yield Table(["row", "truth", "prediction", miss], rows, caption="The rows most wrong")


def _minus(text: str) -> str:
    """Return a number with a minus sign for its hyphen; other text as it is."""
    return re.sub(r"^-(?=\d)", "\N{MINUS SIGN}", text)
