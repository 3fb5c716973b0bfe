"""``fallline report``: a model on one page of HTML."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..files import check_writable, whole_file
from . import options
from .explaining import row_option
from .option import option
from .reading import ask, open_model
from .repeating import config_of
from .text import clean, size
from .values import File
from .writing import refuse_same

if TYPE_CHECKING:
    from ..model import Model
    from ..report.again import Recipe

__all__ = ["command"]


@options.command()
@options.model_argument
@options.data_argument()
@row_option(required=False)
@option(
    "output",
    "-o",
    "--output",
    type=File(),
    metavar="FILE",
    help="Write there, a name that ends in .html; MODEL.html unless given, - for standard output.",
)
@options.reading_options
def command(model: str, data: str, row: int | None, output: str | None, **given: Any) -> None:
    """Write a model's numbers, pictures and rule on one page.

    The page holds the scores, pictures of the training and of the model, a row of DATA followed
    through the network, the rule derived, and how to make it all again. It is one file of HTML,
    which needs no network, runs nothing, prints, and follows the reader's light or dark look.
    --row says which row is followed; the first with a known target unless given.
    """
    from ..report.report import model_report

    target = output or f"{Path(model).stem}.html"
    if target != "-":
        if Path(target).suffix.lower() not in (".html", ".htm"):
            raise DataError(f"the output must be - or end in .html, not '{target}'")
        refuse_same(target, model, data)
        check_writable(target)
    learnt = open_model(model, data)
    read = options.reading(given)
    table = ask(learnt, data, read).table
    recipe = _recipe(learnt, model, data, row, read)
    page = model_report(learnt, table, name=Path(model).name, row=row, recipe=recipe).html
    page = clean(page, keep="\n\t")  # names of columns may hold anything
    if target == "-":
        click.echo(page)
        return
    with whole_file(target) as temporary:
        temporary.write_text(page, encoding="utf-8")
    click.echo(f"{target} ({size(len(page.encode()))})")


def _recipe(model: Model, path: str, data: str, row: int | None, read: Mapping[str, Any]) -> Recipe:
    """Return what to type to make the model and its page again."""
    from ..report.again import Recipe

    given = [shlex.quote(path), shlex.quote(data), *_as_typed(read)]
    row_given = [] if row is None else ["--row", str(row)]
    try:
        config = config_of(model, path)
    except DataError:  # trained from Python on plain numbers
        config = ""
    named = config.startswith("[data]\nfile") or "\n[data]\nfile" in config
    return Recipe(
        report=" ".join(["fallline report", *given, *row_given]),
        trace=" ".join(["fallline trace", *given]),
        train=f"fallline train {'' if named else 'DATA '}--config run.toml",
        config=config,
        files={Path(name).name: _fingerprint(name) for name in (path, data) if name != "-"},
    )


def _as_typed(read: Mapping[str, Any]) -> list[str]:
    """Return the options of reading as they are typed."""
    typed = []
    for name, value in read.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            typed.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            typed += [f"--{flag}", shlex.quote(str(value))]
    return typed


def _fingerprint(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
