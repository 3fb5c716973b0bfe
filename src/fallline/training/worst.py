"""The rows that a model gets most wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..data.table import Column
from ..model import Model

__all__ = ["WorstRow", "worst_rows"]


@dataclass(frozen=True)
class WorstRow:
    """A test row that the model gets most wrong.

    Attributes
    ----------
    row
        Its number in the table, from 1, the header not counted.
    truth, prediction
        In the target's units, or labels.
    miss
        Regression: prediction − truth. Classification: the probability given to the true class.
    """

    row: int
    truth: Any
    prediction: Any
    miss: float


def worst_rows(
    model: Model, outputs: Floats, truth: Sequence[Column], numbers: Ints, count: int = 5
) -> tuple[WorstRow, ...]:
    """Return the rows with the largest misses, the worst first; none where no number tells.

    Parameters
    ----------
    model
        A model that knows its target.
    outputs, truth
        The points (n, targets) of its outputs, and the true target columns.
    numbers
        (n,) the rows' numbers in the table, from 0.
    count
        How many to return at the most; of a classification only rows that are wrong.
    """
    assert model.target is not None
    classes = model.target.task == "classification"
    if len(truth) > 1 or (classes and not model.loss.gives_probabilities):
        return ()  # no one number tells how wrong a row is
    predictions = model.target.decode(outputs)
    if model.target.task == "regression":
        values = model.target.decode(model.target.encode(truth))
        misses = predictions - values
        order = np.argsort(-np.abs(misses), kind="stable")
    else:
        probabilities = model.target.probabilities(outputs)
        codes = model.target.codes(truth[0])
        misses = probabilities[np.arange(len(codes)), codes]
        values = model.target.label_array()[codes]
        order = np.argsort(misses, kind="stable")
        order = order[predictions[order] != values[order]]  # only rows that are wrong
    return tuple(
        WorstRow(int(numbers[i]) + 1, _plain(values[i]), _plain(predictions[i]), float(misses[i]))
        for i in order[:count]
    )


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
