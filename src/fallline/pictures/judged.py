"""Predictions beside the truth: what scikit-learn's Displays draw, from a model of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Floats, Ints
from ..errors import DataError, SpecError
from .display import Display
from .questions import ask
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Amounts", "Classes", "amounts", "classes"]


@dataclass(frozen=True)
class Amounts(Display):
    """Predicted numbers beside the true ones.

    Attributes
    ----------
    name
        The target's.
    truth, predicted
        (n,) in the target's own units.
    """

    name: str
    truth: Floats
    predicted: Floats

    @property
    def residuals(self) -> Floats:
        """(n,) the truth less the prediction."""
        return self.truth - self.predicted

    @property
    def r2(self) -> float:
        """The share of the truth's variance that is explained; NaN where it has none."""
        spread = float(((self.truth - self.truth.mean()) ** 2).sum())
        return 1 - float((self.residuals**2).sum()) / spread if spread else float("nan")

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: str | None = None,
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw predictions and residuals, through scikit-learn's PredictionErrorDisplay.

        Parameters
        ----------
        ax
            Axes for one of the two; then say which, or it is the predictions.
        kind
            ``"predictions"`` or ``"residuals"``; both side by side unless given.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When there is no such kind.
        """
        from .draw_judged import draw_amounts

        return self._drawn_on(draw_amounts(self, ax, kind, style))


def amounts(model: Any, data: Any, y: Any = None, *, of: Any = None) -> Amounts:
    """Return a model's predictions of numbers beside the truth.

    Parameters
    ----------
    model, data, y
        As in `fallline.Model.plot`.
    of
        Of several targets this one, by name or position; the first unless given.

    Raises
    ------
    SpecError, DataError
        When the model classifies, the truth is not known, or there is no such target.

    Examples
    --------
    >>> from fallline.estimators import MLPRegressor
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 4.0])
    >>> net = MLPRegressor(tol=1.0, random_state=0).fit(X, y)
    >>> amounts(net, X, y).truth.tolist()
    [0.0, 1.0, 4.0]
    """
    asked = ask(model, data, y)
    truth = asked.amounts()
    place, _ = asked.one_of(of)
    said = asked.said(asked.model.network_outputs(asked.inputs()))
    return Amounts(asked.truth[place].name, truth[:, place], said[:, place])


@dataclass(frozen=True)
class Classes(Display):
    """Predicted classes beside the true ones.

    Attributes
    ----------
    labels
        The c classes' names.
    truth, predicted
        (n,) their numbers.
    scores
        (n, c) what is said for each class, from 0 to 1.
    probable
        Whether the scores are probabilities.
    """

    labels: tuple[str, ...]
    truth: Ints
    predicted: Ints
    scores: Floats
    probable: bool

    @property
    def confusion(self) -> Ints:
        """(c, c) how many rows of each true class (down) each was taken for (across)."""
        count = len(self.labels)
        cells = np.bincount(self.truth * count + self.predicted, minlength=count**2)
        return cells.reshape(count, count)

    @property
    def curves(self) -> tuple[int, ...]:
        """The classes that have a curve against all others; of two classes the second only.

        A class of which the rows hold none, or hold nothing else, has none.
        """
        every = range(len(self.labels)) if len(self.labels) > 2 else (1,)
        return tuple(i for i in every if 0 < int((self.truth == i).sum()) < len(self.truth))

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: str = "confusion",
        bins: int = 10,
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw one of four pictures, through scikit-learn's Displays.

        Parameters
        ----------
        ax
            Axes to draw on; those of a new figure unless given.
        kind
            ``"confusion"``, ``"calibration"``, ``"roc"`` or ``"precision_recall"``. Of more than
            two classes the last three have a curve for each class against all others, of the
            first seven.
        bins
            Of the calibration: so many bins with equally many rows.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When there is no such kind, or margins are to be calibrated.
        DataError
            When the rows are all of one class, for curves.
        """
        from .draw_judged import draw_classes

        if kind == "calibration" and not self.probable:
            raise SpecError("a calibration is of probabilities, and this model gives margins")
        if kind != "confusion" and not self.curves:
            raise DataError("all rows are of one class, so that no curve tells two apart")
        return self._drawn_on(draw_classes(self, ax, kind, bins, style))


def classes(model: Any, data: Any, y: Any = None) -> Classes:
    """Return a model's classes beside the true ones: see `amounts`.

    Examples
    --------
    >>> from fallline.estimators import MLPClassifier
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 0, 1, 1]
    >>> net = MLPClassifier(tol=1.0, random_state=0).fit(X, y)
    >>> int(classes(net, X, y).confusion.sum())
    4
    """
    asked = ask(model, data, y)
    truth = asked.codes()
    scores = asked.said(asked.model.network_outputs(asked.inputs()))
    probable = asked.model.loss.gives_probabilities
    return Classes(asked.labels, truth, np.argmax(scores, axis=1), scores, probable)
