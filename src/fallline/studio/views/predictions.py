"""Predictions beside the truth, of the rows trained on and of those held out."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats
from ...engines.calls import predict
from ...errors import DataError
from ...pictures.judged import Amounts, Classes
from ..instant import Instant
from ..message import Message
from .drawable import drawn, theta_now
from .scenery import Part, Scenery

__all__ = ["confusion", "predictions"]

_MOST_CLASSES = 30


def predictions(at: Instant, scenery: Scenery) -> Message:
    """Return `PredictionsView`: what is said of each row, and what is true.

    Numbers are in the target's own unit, their score is R². Of two classes the prediction is the
    probability of the second, and the truth 1 where that is the row's; of more it is the
    probability of the row's own class, and the truth is the class's number.

    Parameters
    ----------
    at
        The moment.
    scenery
        Its problem.

    Raises
    ------
    DataError
        When θ or what is said is beyond what can be drawn.

    Examples
    --------
    >>> from fallline.studio.problem import Problem
    >>> from fallline.studio.setup import Setup
    >>> problem = Problem.of(Setup(data="sine"))
    >>> at = Instant(
    ...     1, problem, problem.plan, 0, problem.start, problem.start[None], np.zeros(1, int), None
    ... )
    >>> found = predictions(at, Scenery(at.problem))
    >>> found.fields["output"], found.fields["score"]["name"]
    ('predicted y', 'R²')
    """
    theta, asked = theta_now(at), scenery.asked
    rows = [_judged(theta, scenery, part) for part in scenery.parts]
    truth, predicted = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
    sizes = [len(row[0]) for row in rows]
    scores = [row[2] for row in rows]
    labels = asked.labels
    named = asked.one_of(None)[1] if labels else scenery.output
    output = named if len(labels) <= 2 else f"{asked.quantity} of the row's class"
    fields = {
        "run": at.run,
        "step": at.step,
        "output": output,
        "unit": "" if labels else scenery.target_name,
        "score": {
            "name": "accuracy" if labels else "R²",
            "train": scores[0],
            "validation": scores[1] if len(scores) > 1 else None,
        },
        "note": scenery.sample_note,
    }
    arrays = {"truth": truth, "predicted": predicted, "part": np.repeat(range(len(sizes)), sizes)}
    return drawn(Message("predictions", fields, arrays))


def _judged(theta: Floats, scenery: Scenery, part: Part) -> tuple[Floats, Floats, float]:
    """Return truth, prediction and score of a part."""
    said = _said(theta, scenery, part)
    if not part.asked.labels:
        found = Amounts(scenery.target_name, part.truth, said[:, 0])
        with np.errstate(all="ignore"):  # huge predictions
            return found.truth, found.predicted, found.r2
    codes = part.truth.astype(np.int64)
    right = float((np.argmax(said, axis=1) == codes).mean())
    own = said[:, 1] if said.shape[1] == 2 else said[np.arange(len(codes)), codes]
    return part.truth, own, right


def _said(theta: Floats, scenery: Scenery, part: Part) -> Floats:
    return scenery.said(part.asked, predict(scenery.problem.network, theta, part.X))


def confusion(at: Instant, scenery: Scenery) -> Message:
    """Return `ConfusionView`: how many rows of each class were taken for which.

    Of many classes the most frequent ones are told, and the others as one.

    Raises
    ------
    DataError
        When θ or what is said is beyond what can be drawn, or numbers are predicted.

    Examples
    --------
    >>> from fallline.studio.problem import Problem
    >>> from fallline.studio.setup import Setup
    >>> problem = Problem.of(Setup(data="xor"))
    >>> at = Instant(
    ...     1, problem, problem.plan, 0, problem.start, problem.start[None], np.zeros(1, int), None
    ... )
    >>> int(confusion(at, Scenery(at.problem)).arrays["counts"][0].sum())
    128
    """
    theta, labels = theta_now(at), scenery.asked.labels
    if not labels:
        raise DataError("a confusion matrix is of classes, and this network predicts numbers")
    place, names = _told(scenery, labels)
    counts = np.zeros((2, len(names), len(names)))
    for i, part in enumerate(scenery.parts):
        scores = _said(theta, scenery, part)
        truth, taken = place[part.truth.astype(np.int64)], place[np.argmax(scores, axis=1)]
        counts[i] = Classes(tuple(names), truth, taken, scores, True).confusion
    fields = {"run": at.run, "step": at.step, "classes": names, "note": scenery.sample_note}
    return Message("confusion", fields, {"counts": counts})


def _told(scenery: Scenery, labels: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    """Return the row of the matrix for each class, and the names of these rows."""
    if len(labels) <= _MOST_CLASSES:
        return np.arange(len(labels)), list(labels)
    counts = np.bincount(scenery.truth.astype(np.int64), minlength=len(labels))
    shown = np.sort(np.argsort(-counts, kind="stable")[: _MOST_CLASSES - 1])
    place = np.full(len(labels), len(shown))
    place[shown] = np.arange(len(shown))
    return place, [*(labels[i] for i in shown), f"{len(labels) - len(shown)} others"]
