"""``fallline worksheet``: an exercise sheet and its key."""

from __future__ import annotations

import click

from . import options
from .option import option
from .values import File, OneOf, Whole

__all__ = ["command"]


def _kinds() -> list[str]:
    from ..explain.worksheet_kinds import KINDS

    return ["all", *KINDS]


@options.command()
@option(
    "data",
    "--seed",
    type=Whole(0),
    default=0,
    show_default=True,
    help="Of the numbers: the same seed gives the same sheet.",
)
@option(
    "data",
    "--kind",
    type=OneOf(_kinds, "KIND"),
    default="all",
    show_default=True,
    help="One of linear_unit, sigmoid_unit, several_outputs, batch, softmax, hidden_layer, graph; "
    "or all: one of each.",
)
@option(
    "output",
    "--folder",
    type=File(),
    default=".",
    metavar="FOLDER",
    help="Where to write; the current folder unless given.",
)
@option("output", "--force", is_flag=True, help="Replace files that hold something else.")
def command(seed: int, kind: str, folder: str, force: bool) -> None:
    """Make an exercise sheet on gradient descent, and its key.

    Each exercise gives a small network with its weights, and asks for the numbers of a step:
    forwards, backwards, and the new weights. Writes four files: sheet and key, as Markdown and as
    HTML.
    """
    from ..explain.worksheet import worksheet

    for path in worksheet(seed, kind).save(folder, force=force):
        click.echo(f"written to {path}")
