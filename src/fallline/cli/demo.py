"""``fallline demo``: the sample houses, from start to end."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from . import options
from .option import option
from .show import Screen
from .telling import show_next
from .text import quantity
from .training import Outputs, fit, on_table
from .values import File, OneOf
from .writing import check_output, write_table

if TYPE_CHECKING:
    from ..data import Table
    from ..data.samples import Sample
    from ..training import TrainingResult

__all__ = ["command"]

_SHOWN = 3


def _samples() -> Any:
    from ..data.samples import SAMPLES

    return SAMPLES


@options.command()
@option(
    "data",
    "--sample",
    type=OneOf(_samples, "NAME"),
    default="houses",
    show_default=True,
    help="Which sample: houses, or a made one such as cars_and_bikes, xor, moons, spiral.",
)
@option(
    "data",
    "--data",
    "table_file",
    type=File(),
    metavar="FILE.csv",
    help="Also write the sample's table there, to try the other commands on.",
)
@options.training_options
@options.output_options
def command(**given: Any) -> None:
    """Train on the sample houses, from start to end.

    Tells what is in the table, trains a network as train does, and predicts rows that it has never
    seen. Nothing is written but the model: houses.fall in the current folder.
    """
    from ..data import samples

    sample = samples.SAMPLES[given["sample"]]
    outputs = Outputs(
        given["output"] or f"{sample.name}.fall",
        given["history"],
        given["force"],
        given["as_json"],
        given["quiet"],
    )
    outputs.check()
    if given["table_file"]:
        _check_table(given["table_file"], given["force"])
    settings = options.settings_of(given)
    table = samples.load(sample.name)
    if given["table_file"]:
        write_table(table, given["table_file"])
    screen = outputs.screen
    if screen is not None:
        _introduce(screen, sample, given["table_file"])
    result = fit(on_table(table, [sample.target], settings), outputs)
    if screen is not None:
        _predict(screen, table, sample, result)
        _next(screen, sample, outputs.model, given["table_file"])


def _check_table(path: str, force: bool) -> None:
    check_output(path)
    if Path(path).exists() and not force:
        raise DataError(f"'{path}' exists; choose another name, or overwrite it with --force")


def _introduce(screen: Screen, sample: Sample, file: str | None) -> None:
    screen.say(sample.about)
    screen.say(f"A network learns to predict '{sample.target}' from the other columns.")
    if file:
        screen.say(f"The table is in {file}.")
    screen.say()


def _predict(screen: Screen, table: Table, sample: Sample, result: TrainingResult) -> None:
    """Predict a few test rows, the truth beside."""
    rows = result.test_rows[:_SHOWN]
    if not len(rows):
        return
    asked = table.take(rows)
    predicted = result.model.predict(asked).tolist()
    truth = asked[sample.target].values.tolist()
    names = [name for name in table.names if name != sample.target][:3]
    screen.title(f"{len(rows)} rows that it has never seen")
    screen.table(
        ("row", *names, "predicted", f"true {sample.target}"),
        [
            (
                f"{row + 1:,}",
                *(quantity(asked[name].values.tolist()[i]) for name in names),
                quantity(predicted[i]),
                quantity(truth[i]),
            )
            for i, row in enumerate(rows.tolist())
        ],
        numbers=range(3 + len(names)),
    )


def _next(screen: Screen, sample: Sample, model: str, file: str | None) -> None:
    name = shlex.quote(model)
    table = shlex.quote(file or f"{sample.name}.csv")
    lines = [f"fallline info {name}"]
    if file is None:
        lines.append(f"fallline demo --sample {sample.name} --data {table}")
    lines += [
        f"fallline inspect {table} --target {sample.target}",
        f"fallline predict {name} {table} -o predictions.csv",
        f"fallline train {table} --target {sample.target} --net '16 tanh' -o other.fall",
    ]
    show_next(screen, lines)
