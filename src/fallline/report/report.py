"""`model_report`: a model on one page, which needs no network and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, SpecError
from ..explain.document import Block, Document, Note, Paragraph, Svg, Title
from ..explain.explained import Explained
from ..explain.of_model import input_blocks, rule_of
from ..model import Model
from ..pictures.diagram import Diagram
from ..pictures.svg import svg_of
from .again import Recipe, again
from .asked import Asked, deeper
from .numbers import numbers
from .pictures import PICTURES, Picture, checked_names, draw, on_page
from .steps import steps

__all__ = ["Report", "model_report"]

_MOST_TARGETS = 4  # that have a picture each


@dataclass(frozen=True, eq=False)
class Report(Explained):
    """A model, what it says of a table, and how it learnt: `html` is one page that needs no other.

    Attributes
    ----------
    asked
        The model and the rows.
    recipe
        What to type to make it again.
    pictures
        Names of the pictures on it, each with the options of its drawing.
    """

    asked: Asked
    recipe: Recipe
    pictures: Mapping[str, Mapping[str, Any]]

    @property
    def document(self) -> Document:
        """The report as blocks."""
        return Document(f"{self.asked.name}: a report", self._blocks())

    def _blocks(self) -> Iterator[Block]:
        asked = self.asked
        yield from numbers(asked)
        yield from self._pictures()
        yield Title(f"Row {asked.row:,}: what the network gets")
        yield from deeper(input_blocks(asked.model, asked.one))
        yield Title(f"Row {asked.row:,}, step by step")
        yield from steps(asked, self.recipe.trace)
        yield Title("The rule by which it learns")
        yield from _rule(asked)
        yield Title("How to make it again")
        yield from again(asked, self.recipe)

    def _pictures(self) -> Iterator[Block]:
        for name, options in self.pictures.items():
            picture, target = PICTURES[name], self.asked.model.target
            yield Title(picture.title)
            yield Paragraph(picture.about)
            names = target.names if target is not None and picture.each else ()
            several = [{"of": of} for of in names[:_MOST_TARGETS]] if len(names) > 1 else [{}]
            for place, one in enumerate(several):
                yield self._picture(picture, {**options, **one}, f"{name}{place or ''}")

    def _picture(self, picture: Picture, options: Mapping[str, Any], called: str) -> Block:
        try:
            drawn = draw(self.asked.model, picture.name, self.asked.rows.table, **options)
        except (SpecError, DataError) as error:  # such as rows that are all of one class
            return Note(f"There is no picture: {error}")
        drawing = drawn.svg if isinstance(drawn, Diagram) else svg_of(drawn.figure_, called)
        return Svg(drawing, picture.about)


def _rule(asked: Asked) -> Iterator[Block]:
    try:
        yield from deeper(rule_of(asked.model, asked.one).blocks)
    except SpecError as error:  # a Python function of the user's has no formula
        yield Note(f"The rule of this network cannot be derived: {error}")


def model_report(
    model: Model,
    data: Any,
    *,
    name: str = "model",
    row: int | None = None,
    pictures: Iterable[str] | None = None,
    recipe: Recipe | None = None,
) -> Report:
    """Return a report on a model and a table with known targets.

    It holds the scores, pictures, one row followed through the network, the rule derived, and how
    to make it all again.

    Parameters
    ----------
    model
        A model that knows its columns, as `train` and `load` give it.
    data
        A `Table`, a frame or a mapping of columns, with the target.
    name
        What to call the model.
    row
        The row that is followed, from 1; the first with a known target unless given.
    pictures
        Names from `fallline.report.pictures.PICTURES`; those that suit the model unless given.
    recipe
        What to type to make it again, where that is known.

    Returns
    -------
    Report
        ``.html`` is a page; ``.text``, ``.markdown`` and ``.latex`` have the same words.

    Raises
    ------
    SpecError
        When there is no picture of a name.
    DataError
        When the model knows no columns, the table lacks one, or no row's target is known.
    MissingExtraError
        Where matplotlib or SymPy is not installed.

    Examples
    --------
    >>> import fallline as fl
    >>> cars = fl.data.samples.load("cars_and_bikes", n=60)
    >>> model = fl.train(cars, "kind", epochs=3, l2=0.01).model
    >>> page = model_report(model, cars, name="cars", pictures=["training"]).html
    >>> page[:15], "<h1>cars: a report</h1>" in page
    ('<!DOCTYPE html>', True)
    """
    chosen = on_page(model) if pictures is None else checked_names(pictures)
    return Report(Asked.of(model, data, name, row), recipe or Recipe(), chosen)
