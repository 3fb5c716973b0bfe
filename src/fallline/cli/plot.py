"""``fallline plot``: a picture of a model, to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..files import check_writable, whole_file
from . import options
from .option import option
from .reading import ask, open_model
from .show import Screen
from .values import File, OneOf, Whole
from .writing import refuse_same

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["command"]

_ENDINGS = (".png", ".svg", ".pdf")


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
    "output",
    "-o",
    "--output",
    type=File(),
    metavar="FILE",
    help="Write there: .png, .svg or .pdf; MODEL-KIND.png unless given.",
)
@option(
    "output",
    "--style",
    type=OneOf(lambda: ("light", "dark")),
    default="light",
    show_default=True,
    help="light or dark.",
)
@option("output", "--dpi", type=Whole(20), default=150, show_default=True, help="Dots an inch.")
@options.reading_options
def command(
    model: str,
    data: str | None,
    kind: str | None,
    output: str | None,
    style: str,
    dpi: int,
    **given: Any,
) -> None:
    """Draw a picture of a model: of its training, or of what it says of the rows of DATA."""
    learnt = open_model(model, data or "")
    if kind is None:
        _list(learnt)
        return
    target = output or f"{Path(model).stem}-{kind}.png"
    if Path(target).suffix.lower() not in _ENDINGS:
        raise DataError(f"the output must end in {', '.join(_ENDINGS)}, not '{target}'")
    refuse_same(target, model, *([] if data is None else [data]))
    check_writable(target)
    from ..report.pictures import draw
    from ..report.svg import save_figure

    table = None if data is None else ask(learnt, data, options.reading(given)).table
    drawn = draw(learnt, kind, table, style=style)
    with whole_file(target) as temporary:
        save_figure(drawn.figure_, temporary, Path(target).suffix.lower()[1:], dpi)
    click.echo(target)


def _list(model: Model) -> None:
    """Tell which pictures can be of a model."""
    from ..report.pictures import pictures_for

    screen = Screen()
    rows = [(p.name, "DATA" if p.needs else "", p.about) for p in pictures_for(model)]
    screen.table(("kind", "needs", "shows"), rows)
