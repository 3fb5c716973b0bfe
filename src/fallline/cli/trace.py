"""``fallline trace``: every number of a model's step on one row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options
from .explaining import check_document, document_options, give_document, row_of, row_option
from .option import option
from .reading import open_model
from .values import Number

__all__ = ["command"]


@options.command()
@options.model_argument
@options.data_argument()
@row_option(required=True)
@option(
    "training",
    "--learning-rate",
    type=Number(0, above=True),
    help="Of the step; that of the training unless given.",
)
@document_options
@options.json_option
@options.reading_options
def command(
    model: str,
    data: str,
    row: int,
    learning_rate: float | None,
    form: str | None,
    output: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Show every number of a step on one row, with its formula.

    Forwards from the inputs to the error, backwards to the slope of each weight, and the step that
    the training's optimizer would take there first: net inputs, outputs, error terms, slopes, old
    and new weights, as text, as a page with a picture of the network (-o trace.html), or as JSON.
    Inputs and targets are in the units that the network gets: standardised.
    """
    from ..explain.document import Document, Title
    from ..explain.of_model import input_blocks, left_out, trace_of

    form = check_document(form, output, model, data, as_json=as_json)
    learnt = open_model(model, data)
    one = row_of(learnt, data, options.reading(given), row)
    traced = trace_of(learnt, one, learning_rate)
    if as_json:
        click.echo(traced.json)
        return
    page = traced.document
    title = f"{Path(model).name}, row {row}: {page.title}"
    beside = left_out(learnt, "step")
    blocks = [*input_blocks(learnt, one), Title("The step"), *beside, *page.blocks]
    give_document(Document(title, blocks), form, output)
