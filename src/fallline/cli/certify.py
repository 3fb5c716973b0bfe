"""``fallline certify``: whether a model's gradient is right, by three ways to compute it."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from . import options
from .explaining import check_document, document_options, give_document, rows_of
from .option import option
from .reading import open_model
from .values import Whole

__all__ = ["command"]


@options.command()
@options.model_argument
@options.data_argument()
@option(
    "data",
    "--rows",
    type=Whole(1),
    default=50,
    show_default=True,
    help="How many rows of DATA to take at the most, evenly from all of it.",
)
@document_options
@options.json_option
@options.reading_options
def command(
    model: str,
    data: str,
    rows: int,
    form: str | None,
    output: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Check a model's gradient: by symbols, by each engine, by differences.

    The slope of the error in each weight (in some of each layer, where there are many) is computed
    by SymPy from the formulas, by every engine, and by central differences. Ends with exit code 1
    where they disagree.
    """
    from ..explain.certify import certify

    form = check_document(form, output, model, data, as_json=as_json)
    learnt = open_model(model, data)
    found = rows_of(learnt, data, options.reading(given))
    plan = learnt.plan
    certificate = certify(
        learnt.network, learnt.theta.astype(np.float64), found.X, found.Y, plan.loss,
        l2=plan.l2, l1=plan.l1, alpha=plan.alpha, rows=rows,
    )  # fmt: skip
    if as_json:
        click.echo(certificate.json)
    else:
        give_document(certificate.document, form, output)
    if not certificate.passed:
        raise click.exceptions.Exit(1)
