"""The pictures of a model that have a name: those of its page, and of ``fallline plot``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.table import Table
from ..errors import DataError, SpecError, suggest
from ..explain.of_model import encoded
from ..model import Model
from ..pictures.display import Display
from ..pictures.style import LIGHT, StyleName

if TYPE_CHECKING:
    from ..pictures.diagram import Diagram

__all__ = ["PICTURES", "Picture", "checked_names", "draw", "on_page", "pictures_for"]

_OF_MODEL = ("network", "theta", "X", "Y")
_REGRESSION, _CLASSES = ("regression",), ("classification",)


@dataclass(frozen=True)
class Picture:
    """A kind of picture.

    Attributes
    ----------
    name, title
        What users call it, and its heading.
    about
        What is to be seen, in a sentence or two.
    tasks
        Of models for which tasks it can be.
    needs
        What it is of beside the model: ``"data"`` (a table's rows), or ``""``.
    page
        The options with which it stands on a model's page; None where it does not.
    each
        Whether a page has one for each target.
    """

    name: str
    title: str
    about: str
    tasks: tuple[str, ...] = (*_REGRESSION, *_CLASSES)
    needs: str = "data"
    page: Mapping[str, Any] | None = field(default=None, hash=False)
    each: bool = False

    def unfit(self, model: Model) -> str:
        """Return why it cannot be of a model; "" where it can."""
        if model.task not in self.tasks and self.needs:
            return f"it is of {' or '.join(self.tasks)}, and the model is of {model.task}"
        if self.name == "training" and not len(model.history):
            return "the model was saved without the history of its training"
        if self.name == "calibration" and not model.loss.gives_probabilities:
            return "the model gives margins, not probabilities"
        return ""


PICTURES = {
    picture.name: picture
    for picture in (
        Picture(
            "training",
            "The training",
            "The error by epoch, and that of the validation rows where there were some; the best "
            "epoch is marked, and the learning rate stands beneath.",
            needs="",
            page={},
        ),
        Picture(
            "predictions",
            "Predictions and truth",
            "Each dot is a row. On the dashed line a prediction is right; how far a dot lies from "
            "it is the miss.",
            _REGRESSION,
            page={},
            each=True,
        ),
        Picture(
            "residuals",
            "Residuals",
            "The truth less the prediction. A band that bends or widens is something that the "
            "model has not learnt.",
            _REGRESSION,
        ),
        Picture(
            "confusion",
            "Classes and what they were taken for",
            "How many rows of each true class were taken for each class; right ones are on the "
            "diagonal.",
            _CLASSES,
            page={},
        ),
        Picture(
            "calibration",
            "Are the probabilities right?",
            "Of rows to which a class is given with some probability, such a share should be of "
            "that class: on the diagonal it is so.",
            _CLASSES,
            page={},
        ),
        Picture(
            "roc",
            "ROC curve",
            "The share of a class that is found, against the share of all others that is taken "
            "for it, for every threshold.",
            _CLASSES,
        ),
        Picture(
            "precision_recall",
            "Precision and recall",
            "The share of right ones among those taken for a class, against the share of the class "
            "that is found, for every threshold.",
            _CLASSES,
        ),
        Picture(
            "importance",
            "What the model looks at",
            "By how much the error rises when the values of a column are shuffled among the rows: "
            "the longer the bar, the more the model relies on the column.",
            page={},
        ),
        Picture(
            "dependence",
            "How the prediction goes with a column",
            "Every row is asked again with one column set to each value; thin lines are rows, the "
            "thick one is their mean. Unless named, columns are those that move it most.",
            page={"lines": 6, "cells": 20},
        ),
        Picture(
            "decision",
            "What the model says over a plane",
            "The prediction over two columns, all others as usual, or over the plane on which the "
            "rows are spread the most. Dots are rows, in the colour of their truth.",
            page={"most_points": 200, "cells": 81},
        ),
        Picture(
            "surface",
            "The error around these weights",
            "The error over two random directions from the trained weights, scaled unit by unit as "
            "the weights are, or over two weights; the darker, the larger.",
            page={"points": 41, "rows": 1000},
        ),
        Picture(
            "diagram",
            "The network",
            "Units and edges; the thicker an edge, the larger its weight, dashed where negative.",
            needs="",
        ),
        Picture(
            "units",
            "What each unit gives",
            "The output of every unit over the same plane.",
        ),
        Picture(
            "bending",
            "How the layers bend the plane",
            "Rows and a grid of the plane, as each layer passes them on.",
        ),
    )
}
"""Every picture by its name, in the order of a page."""


def pictures_for(model: Model) -> list[Picture]:
    """Return the pictures that can be of a model."""
    return [picture for picture in PICTURES.values() if not picture.unfit(model)]


def on_page(model: Model) -> dict[str, Mapping[str, Any]]:
    """Return the pictures of a model's page, each with the options of its drawing."""
    return {p.name: p.page for p in pictures_for(model) if p.page is not None}


def checked_names(names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return pictures by their names, with the options that they have on a page.

    Raises
    ------
    SpecError
        When there is no picture of a name.
    """
    return {name: _named(name).page or {} for name in names}


def _named(name: str) -> Picture:
    if name not in PICTURES:
        raise SpecError(f"there is no picture {name!r}; {suggest(name, PICTURES)}")
    return PICTURES[name]


def draw(model: Model, kind: str, table: Table | None = None, **options: Any) -> Display | Diagram:
    """Draw a picture of a model by its name.

    Parameters
    ----------
    model
        The model.
    kind
        A name of `PICTURES`.
    table
        Rows with known targets, for pictures that are of rows.
    options
        Of the picture, such as ``style="dark"``; see `Model.plot`.

    Raises
    ------
    SpecError
        When there is no such picture, or not of this model.
    DataError
        When it is of rows, and none are given.

    Examples
    --------
    >>> from fallline.descent import descend
    >>> from fallline.spec.network import Network
    >>> run = descend(Network.parse("1 -> 1"), [[0.0], [1.0]], [1.0, 3.0], epochs=3)
    >>> draw(Model.of(run), "training").best
    3
    """
    picture = _named(kind)
    if reason := picture.unfit(model):
        raise SpecError(f"the picture '{kind}' cannot be of this model: {reason}")
    from ..pictures.of_model import plot_model

    if picture.needs and table is None:
        raise DataError(f"the picture '{kind}' is of rows; give a table with known targets")
    if kind == "surface":
        assert table is not None
        return _surface(model, table, **options)
    drawn: Display | Diagram = plot_model(model, kind, table if picture.needs else None, **options)
    return drawn


def _surface(model: Model, table: Table, *, style: StyleName = "light", **options: Any) -> Display:
    """Draw the error of the model's rows, with the penalty of its training, about its weights."""
    from ..pictures.surface import surface

    known = [name for name in signature(surface).parameters if name not in _OF_MODEL]
    for name in options:
        if name not in known:
            raise SpecError(
                f"the picture 'surface' is over weights; it has no option '{name}'; "
                f"{suggest(name, known)}"
            )
    rows, plan = encoded(model, table), model.plan
    settings: dict[str, Any] = {
        "along": "random", "loss": plan.loss, "l2": plan.l2, "l1": plan.l1, "alpha": plan.alpha
    }  # fmt: skip
    theta = model.theta.astype(np.float64)
    found = surface(model.network, theta, rows.X, rows.Y, **settings | options).plot(style=style)
    x, y = found.plane.coordinates(theta[None])[0].tolist()
    found.ax_.plot([x], [y], "D", color=LIGHT.end, markeredgecolor=LIGHT.background, markersize=6)
    found.ax_.annotate(
        "trained", (x, y), (7, -11), textcoords="offset points", fontsize=8, color=LIGHT.ink,
        bbox={"boxstyle": "round,pad=0.15", "fc": LIGHT.background, "ec": "none", "alpha": 0.75},
    )  # fmt: skip
    return found
