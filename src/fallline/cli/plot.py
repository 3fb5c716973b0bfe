"""``fallline plot``: a picture of a model, to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..files import whole_file
from . import options
from .drawing import STILL, check_picture, picture_option, style_option
from .option import option
from .reading import ask, open_model
from .show import Screen
from .values import Columns, OneOf, Whole

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["command"]


def _kinds() -> list[str]:
    from ..report.pictures import PICTURES

    return list(PICTURES)


@options.command()
@options.model_argument
@options.data_argument(required=False)
@option(
    "output",
    "--kind",
    "-k",
    type=OneOf(_kinds),
    help="Which picture; without it the pictures that can be of MODEL are listed.",
)
@option(
    "data",
    "--feature",
    "features",
    type=Columns(),
    multiple=True,
    help="A column to draw over; two for decision, units and bending, any number for dependence.",
)
@option(
    "data",
    "--of",
    metavar="NAME",
    help="Of several targets this one, for predictions, residuals, decision and dependence; for "
    "dependence of classes, the class.",
)
@option(
    "data",
    "--along",
    nargs=2,
    metavar="A B",
    help="The surface over two weights or biases, such as 'w[input.0->output.0]' 'b[output.0]'; "
    "over two random directions unless given.",
)
@picture_option("Write there: .png, .svg or .pdf; a diagram is .svg. MODEL-KIND.png unless given.")
@style_option
@option(
    "output", "--dpi", type=Whole(20, 600), default=150, show_default=True, help="Dots an inch."
)
@options.reading_options
def command(
    model: str,
    data: str | None,
    kind: str | None,
    features: tuple[str, ...],
    of: str | None,
    along: tuple[str, str] | None,
    output: str | None,
    style: str,
    dpi: int,
    **given: Any,
) -> None:
    """Draw a picture of a model, or list those that there are.

    Pictures are of the training, of the network, or of what the model says of the rows of DATA.
    """
    learnt = open_model(model, data or "")
    if kind is None:
        _list(learnt)
        return
    endings = (".svg",) if kind == "diagram" else STILL
    target = output or f"{Path(model).stem}-{kind}{endings[0]}"
    ending = check_picture(target, endings, model, data)
    from ..pictures.diagram import Diagram
    from ..pictures.saving import save_figure
    from ..report.pictures import draw

    table = None if data is None else ask(learnt, data, options.reading(given)).table
    chosen = {"features": features or None, "of": of, "along": along or None}
    told = {name: value for name, value in chosen.items() if value is not None}
    drawn = draw(learnt, kind, table, style=style, **told)
    with whole_file(target) as temporary:
        if isinstance(drawn, Diagram):
            temporary.write_text(drawn.svg, encoding="utf-8")
        else:
            save_figure(drawn.figure_, temporary, format=ending[1:], dpi=dpi)
    click.echo(target)


def _list(model: Model) -> None:
    """Tell which pictures can be of a model."""
    from ..report.pictures import pictures_for

    screen = Screen()
    rows = [(p.name, "DATA" if p.needs else "", p.about) for p in pictures_for(model)]
    screen.table(("kind", "needs", "shows"), rows)
