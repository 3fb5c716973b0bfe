"""What the commands that explain a model share: the row, the format and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import DataError
from ..files import check_writable, whole_file
from .option import option
from .reading import ask
from .show import Screen
from .text import clean
from .values import File, OneOf, Whole
from .writing import refuse_same

if TYPE_CHECKING:
    from ..explain.document import Document
    from ..explain.of_model import Rows
    from ..model import Model

__all__ = ["check_document", "document_options", "give_document", "row_of", "row_option", "rows_of"]

FORMATS = {"text": ".txt", "md": ".md", "html": ".html", "latex": ".tex"}
"""The formats of a document, and how the names of their files end."""

F = TypeVar("F", bound=Callable[..., Any])


def document_options(function: F) -> F:
    """Add ``--format`` and ``--output``."""
    decorators = [
        option(
            "output",
            "--format",
            "form",
            type=OneOf(lambda: FORMATS),
            help="text (unless told otherwise by the output), md, html or latex.",
        ),
        option(
            "output",
            "-o",
            "--output",
            type=File(),
            default="-",
            metavar="FILE",
            help="Write there: .txt, .md, .html or .tex; standard output unless given.",
        ),
    ]
    return reduce(lambda done, add: add(done), reversed(decorators), function)


def row_option(required: bool) -> Callable[[F], F]:
    """Return the decorator that adds ``--row``."""
    return option(
        "data",
        "--row",
        type=Whole(1),
        required=required,
        metavar="NUMBER",
        help="Which row of DATA; 1 is the first below the header.",
    )


def check_document(form: str | None, output: str, *inputs: str, as_json: bool = False) -> str:
    """Return the format of a document, once it is known that it can be written.

    Raises
    ------
    UsageError
        When JSON is asked for, which is printed, beside a format or an output.
    DataError
        When it cannot, or the name of the output does not tell its format.
    """
    if as_json and (form is not None or output != "-"):
        given = "--format" if form is not None else "--output"
        raise click.UsageError(
            f"--json prints JSON to standard output, so it takes no {given}; leave one of them out"
        )
    if output == "-":
        return form or "text"
    ends = {ending: name for name, ending in FORMATS.items()}
    found = form or ends.get(Path(output).suffix.lower())
    if found is None:
        raise DataError(
            f"the output must end in {', '.join(ends)}, not '{output}'; or say --format"
        )
    refuse_same(output, *inputs)
    check_writable(output)
    return found


def give_document(document: Document, form: str, output: str) -> None:
    """Write a document to a file, or print it where that is ``-``."""
    if form == "text":
        text = document.to_text(Screen().width) if output == "-" else document.text
    else:
        text = getattr(document, {"md": "markdown"}.get(form, form))
    text = clean(text, keep="\n\t")  # names of columns may hold anything
    if output == "-":
        click.echo(text)
        return
    with whole_file(output) as temporary:
        temporary.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def rows_of(model: Model, data: str, options: Mapping[str, Any]) -> Rows:
    """Return the rows of DATA whose target is known, as the network gets them."""
    from ..explain.of_model import encoded

    return encoded(model, ask(model, data, options).table)


def row_of(model: Model, data: str, options: Mapping[str, Any], row: int) -> Rows:
    """Return one row of DATA, counted from 1, as the network gets it.

    Raises
    ------
    DataError
        When there is no such row, or its target is not known.
    """
    from ..explain.of_model import encoded_row

    return encoded_row(model, ask(model, data, options).table, row)
