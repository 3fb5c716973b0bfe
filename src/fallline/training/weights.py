"""Row weights from class weights: what the rows of each class count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..data.columns import text_of
from ..data.table import Column
from ..data.targets import TargetEncoder
from ..errors import DataError, SpecError, suggest

__all__ = ["class_weights", "row_weights"]


def class_weights(
    wanted: str | Mapping[str, float] | None,
    target: TargetEncoder,
    counts: Callable[[], Ints],
) -> Floats | None:
    """Return what a row of each class counts, in the order of the labels; None for no weights.

    Parameters
    ----------
    wanted
        ``"balanced"``: n/(classes · rows of the class), of the training rows, as scikit-learn
        has it, so that weights are 1 on average; or numbers by label, 1 where one is left out.
    target, counts
        The target's encoder, and a function that returns how many training rows each class has.

    Raises
    ------
    SpecError
        Where the target has no classes.
    DataError
        For a label that is not there.
    """
    if wanted is None:
        return None
    if target.task != "classification":
        raise SpecError(
            f"class_weight is for classes, but '{target.names[0]}' is a number; leave it out, or "
            "say task='classification'"
        )
    labels = [text_of(label) for label in target.labels]
    if isinstance(wanted, str):
        rows = counts()
        present = rows > 0
        balanced: Floats = rows.sum() / (present.sum() * np.maximum(rows, 1))
        return np.where(present, balanced, 1.0)
    weights = np.ones(len(labels))
    found: dict[int, str] = {}
    for label, weight in wanted.items():
        place = _place(label, target, labels)
        if place in found:
            raise DataError(
                f"class_weight names the class {labels[place]!r} twice, as {found[place]!r} and "
                f"{label!r}; leave one out"
            )
        found[place] = label
        weights[place] = weight
    return weights


def _place(label: str, target: TargetEncoder, labels: Sequence[str]) -> int:
    """Return the place of a class, spelt as cells are (1, true) or as it is shown (1.0, True)."""
    if label in labels:
        return labels.index(label)
    shown = [str(known) for known in target.labels]
    if label not in shown:
        raise DataError(
            f"class_weight names {label!r}, which is no class of '{target.names[0]}'; "
            f"{suggest(label, shown)}"
        )
    return shown.index(label)


def row_weights(
    weights: Floats | None,
    target: TargetEncoder,
    columns: Sequence[Column],
    dtype: npt.DTypeLike = np.float64,
) -> Floats:
    """Return the (n,) row weights of these target columns: those of their classes, or ones."""
    if weights is None:
        return np.ones(len(columns[0]), dtype)
    return weights[target.codes(columns[0])].astype(dtype)
