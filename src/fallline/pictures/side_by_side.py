"""Several models on the same data: what a layer more lets a network decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import DataError, SpecError
from .display import Display
from .features import Decision, Features, decision
from .judged import classes
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Decisions", "decisions"]


@dataclass(frozen=True)
class Decisions(Display):
    """What several models say over the same two features.

    Attributes
    ----------
    names
        What the models are called.
    maps
        The decision of each.
    accuracies
        The share of the rows that each gets right; NaN where the truth is not known.
    """

    names: tuple[str, ...]
    maps: tuple[Decision, ...]
    accuracies: tuple[float, ...]

    def plot(
        self, ax: Axes | None = None, *, most_points: int = 500, style: StyleName | Style = "light"
    ) -> Self:
        """Draw the maps side by side, each with its accuracy above it.

        Parameters
        ----------
        ax
            There are as many axes as models, so that it has to be None.
        most_points
            The first so many rows are drawn.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When `ax` is given.
        """
        from .draw_features import draw_decisions

        if ax is not None:
            raise SpecError("maps side by side need axes of their own; plot each of .maps on an ax")
        return self._drawn_on(draw_decisions(self, most_points, style))


def decisions(
    models: Mapping[str, Any], data: Any, y: Any = None, *, features: Features = None,
    cells: int = 151,
) -> Decisions:  # fmt: skip
    """Return what several classifiers say over the same two features of the same rows.

    Parameters
    ----------
    models
        Models, runs or fitted estimators, by what they are to be called.
    data, y, features, cells
        As in `decision`.

    Raises
    ------
    SpecError, DataError
        When there is no model, one of them does not classify, or as in `decision`.

    Examples
    --------
    A straight line cannot part the corners of a square by pairs; a hidden layer can.

    >>> from fallline.estimators import MLPClassifier
    >>> X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]] * 9), [0, 1, 1, 0] * 9
    >>> nets = {
    ...     "no hidden layer": MLPClassifier((), solver="lbfgs", random_state=0).fit(X, y),
    ...     "4 tanh": MLPClassifier((4,), "tanh", solver="lbfgs", random_state=0).fit(X, y),
    ... }
    >>> found = decisions(nets, X, y, cells=5)
    >>> found.accuracies[0] < 0.8, found.accuracies[1]
    (True, 1.0)
    """
    if not models:
        raise SpecError("give at least one model, by its name")
    maps = [decision(each, data, y, features=features, cells=cells) for each in models.values()]
    for name, found in zip(models, maps, strict=True):
        if not found.labels:
            raise SpecError(f"the model '{name}' does not classify, so that it decides nothing")
    if len({found.labels for found in maps}) > 1:
        raise DataError("the models know different classes; train them on the same targets")
    return Decisions(
        tuple(map(str, models)),
        tuple(maps),
        tuple(_accuracy(each, data, y) for each in models.values())
        if maps[0].truth is not None
        else (np.nan,) * len(maps),
    )


def _accuracy(model: Any, data: Any, y: Any) -> float:
    judged = classes(model, data, y)
    return float((judged.truth == judged.predicted).mean())
