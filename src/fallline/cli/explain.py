"""``fallline explain``: the descent rule of a model's network, and what its inputs are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from . import options
from .explaining import check_document, document_options, give_document, row_of, row_option
from .reading import open_model

__all__ = ["command"]


@options.command()
@options.model_argument
@options.data_argument(required=False)
@row_option(required=False)
@document_options
@options.reading_options
def command(
    model: str,
    data: str | None,
    row: int | None,
    form: str | None,
    output: str,
    **given: Any,
) -> None:
    """Derive the rule by which a model's network learns, step by step.

    Says which column each input is, and derives the rule of the network by the chain rule, from
    the error to the step of each weight. With --row the numbers of a row of DATA stand beside the
    formulas; DATA is the table of the training unless given. Inputs and targets are in the units
    that the network gets: standardised.
    """
    from ..explain.of_model import explain_model

    if data is not None and row is None:
        raise click.UsageError("DATA is looked at for one row; say which, with --row NUMBER")
    form = check_document(form, output, model, *([] if data is None else [data]))
    learnt = open_model(model, data or "")
    rows = None
    if row is not None:
        table = data or _source(learnt.facts.get("source"), model)
        rows = row_of(learnt, table, options.reading(given), row)
    give_document(explain_model(learnt, Path(model).name, rows), form, output)


def _source(source: Any, model: str) -> str:
    """Return the table that a model was trained on, where it still is."""
    if isinstance(source, str):
        for place in (Path(source), Path(model).parent / Path(source).name):
            if place.is_file():
                return str(place)
    raise DataError(
        "--row is of a table, and that of the training is not there; name one: fallline explain "
        "MODEL DATA --row NUMBER"
    )
