"""The pictures of a model that have a name: those of its page, and of ``fallline plot``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..data.table import Table
from ..errors import DataError, SpecError, suggest
from ..model import Model
from ..pictures.display import Display

__all__ = ["PICTURES", "Picture", "draw", "pictures_for"]

Draw = Callable[[Model, Table | None, dict[str, Any]], Display]
Suits = Callable[[Model], str]


@dataclass(frozen=True)
class Picture:
    """A kind of picture.

    Attributes
    ----------
    name, title
        What users call it, and its heading.
    about
        What is to be seen, in a sentence or two.
    draw
        Makes and draws it, of a model, a table with known targets, and options of its `plot`.
    needs_data
        Whether it is of a table's rows.
    unfit
        Why it cannot be of a model; "" where it can.
    """

    name: str
    title: str
    about: str
    draw: Draw
    needs_data: bool = True
    unfit: Suits = lambda model: ""


def _curves(model: Model, table: Table | None, options: dict[str, Any]) -> Display:
    from ..pictures.training import training_curves

    return training_curves(model.history).plot(**options)


def _no_epochs(model: Model) -> str:
    return "" if len(model.history) else "it was saved without the history of its training"


PICTURES = {
    picture.name: picture
    for picture in (
        Picture(
            "curves",
            "The training",
            "The error by epoch, and of the validation rows where there were some; the epoch that "
            "was best is marked, and the learning rate stands beneath.",
            _curves,
            needs_data=False,
            unfit=_no_epochs,
        ),
    )
}
"""Every picture by its name, in the order of a report."""


def pictures_for(model: Model) -> list[Picture]:
    """Return the pictures that can be of a model."""
    return [picture for picture in PICTURES.values() if not picture.unfit(model)]


def draw(model: Model, kind: str, table: Table | None = None, **options: Any) -> Display:
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
        Of the picture's `plot`, such as ``style="dark"``.

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
    >>> draw(Model.of(run), "curves").best
    3
    """
    if kind not in PICTURES:
        raise SpecError(f"there is no picture {kind!r}; {suggest(kind, PICTURES)}")
    picture = PICTURES[kind]
    if reason := picture.unfit(model):
        raise SpecError(f"the picture '{kind}' cannot be of this model: {reason}")
    if picture.needs_data and table is None:
        raise DataError(f"the picture '{kind}' is of rows; give a table with known targets")
    return picture.draw(model, table if picture.needs_data else None, options)
