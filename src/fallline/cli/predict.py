"""``fallline predict``: a column of predictions for a table, in its order."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from . import options
from .option import option
from .reading import Answers, ask, open_model
from .text import clean, count, number
from .values import Columns, File
from .writing import check_output, plain, refuse_same, write_table

if TYPE_CHECKING:
    from ..data import Column, Table

__all__ = ["command"]


@options.command()
@options.model_argument
@options.data_argument()
@option(
    "output",
    "-o",
    "--output",
    type=File(),
    default="-",
    metavar="FILE",
    help="A .csv, .parquet or .jsonl file; standard output, as CSV, unless given.",
)
@option(
    "output",
    "--probabilities/--no-probabilities",
    default=None,
    help="Whether to add a column for the probability of each class; yes unless told.",
)
@option("output", "--keep", is_flag=True, help="Put all columns of DATA in front.")
@option(
    "output", "--id", "ids", type=Columns(), multiple=True, help="Put this column of DATA in front."
)
@option("output", "--fill-missing-columns", is_flag=True, help="Take absent columns as missing.")
@option("output", "--quiet", is_flag=True, help="Print no notes and no metrics.")
@options.json_option
@options.reading_options
def command(model: str, data: str, **given: Any) -> None:
    """Predict with a trained model.

    DATA need not hold the target; where it does, the metrics are told on standard error. Columns
    are found by name. The output has a column 'prediction' (with several targets one for each,
    'prediction_NAME'; for quantiles 'prediction_LEVEL'; for a Gaussian likelihood also
    'prediction_sd') and, for classes, 'probability_CLASS'.
    """
    output = given["output"]
    check_output(output)
    refuse_same(output, data, model)
    learnt = open_model(model, data)
    if given["probabilities"] and learnt.task != "classification":
        raise DataError(f"this model predicts {learnt.task}, which has no probabilities")
    if given["probabilities"] and not learnt.loss.gives_probabilities:
        raise DataError(f"a model trained with {learnt.loss.name} gives margins, not probabilities")
    answers = ask(learnt, data, options.reading(given), fill_missing=given["fill_missing_columns"])
    ids = options.resolve("ids", given["ids"], answers.table.names)
    table = _table(answers, given["keep"], ids, given["probabilities"] is not False)
    metrics, why = _metrics(answers)
    if not given["as_json"]:
        write_table(table, output)
        if not given["quiet"]:
            _tell(answers, metrics, why, output)
        return
    if output != "-":
        write_table(table, output)
    told = _account(answers, metrics, table, output)
    click.echo(json.dumps(told, allow_nan=False))


def _table(answers: Answers, keep: bool, ids: Sequence[str], probabilities: bool) -> Table:
    """Return the table to write."""
    from ..data import Table

    front = answers.table.names if keep else ids
    made = _columns(answers, probabilities)
    for column in made:
        if column.name in front:
            raise DataError(
                f"{answers.table.source} has a column '{column.name}' already; leave out --keep, "
                "or name the columns to keep with --id"
            )
    return Table((*answers.table.select(front).columns, *made), "predictions")


def _columns(answers: Answers, probabilities: bool) -> list[Column]:
    from ..data import Column

    target = answers.model.target
    assert target is not None
    decoded, names = answers.model.decode(answers.outputs), answers.model.prediction_names
    if len(names) > 1:
        return [Column.of(name, decoded[:, i]) for i, name in enumerate(names)]
    made = [Column.of(names[0], decoded)]
    told = target.task == "classification" and answers.model.loss.gives_probabilities
    if probabilities and told:
        shares = target.probabilities(answers.outputs)
        made += [
            Column.of(f"probability_{label}", shares[:, i]) for i, label in enumerate(target.labels)
        ]
    return made


def _metrics(answers: Answers) -> tuple[dict[str, float], str]:
    """Return the metrics where the target is known, and why not otherwise."""
    if answers.truth is None:
        return {}, ""
    try:
        return answers.metrics(), ""
    except DataError as error:
        return {}, str(error)


def _tell(answers: Answers, metrics: dict[str, float], why: str, output: str) -> None:
    told = [*answers.table.notes, *(str(note) for note in answers.notes)]
    if metrics:
        scores = ", ".join(f"{name} {number(value)}" for name, value in metrics.items())
        told.append(f"{scores} on {count(int(answers.known().sum()), 'row')} with a known target")
    elif why:
        told.append(f"no metrics: {why}")
    if output != "-":
        told.append(f"{count(answers.table.n, 'prediction')} written to {output}")
    for line in told:
        print(clean(line), file=sys.stderr)


def _account(
    answers: Answers, metrics: dict[str, float], table: Table, output: str
) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": output}
    if output == "-":
        shown = {c.name: c.values.tolist() for c in table}
    told: dict[str, Any] = plain(
        {
            "source": answers.table.source,
            "rows": answers.table.n,
            "notes": [*answers.table.notes],
            "columns": [
                {
                    "name": note.column,
                    "unseen": note.unseen,
                    "missing": note.missing,
                    "unreadable": note.unreadable,
                }
                for note in answers.notes
            ],
            "metrics": metrics,
            "predictions": shown,
        }
    )
    return told
