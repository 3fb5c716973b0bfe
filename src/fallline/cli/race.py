"""``fallline race``: several ways to descend on a table, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..files import whole_file
from . import options
from .drawing import MOVING, STILL, check_picture, picture_option, style_option
from .items import ITEMS
from .option import option
from .reading import read_data, refuse_model
from .show import Screen
from .text import count, number
from .values import BatchSize, Columns, Listed, Number, Whole
from .writing import plain

if TYPE_CHECKING:
    from ..pictures.race import Race
    from ..training.work import Work

__all__ = ["command"]

_ITEM = {item.name: item for item in ITEMS}
_VARIED = {"learning_rate": "learning_rates", "momentum": "momenta", "batch_size": "batch_sizes"}
_USUAL = ("sgd(learning_rate=0.1)", "sgd(learning_rate=0.1, momentum=0.9)",
          "rmsprop(learning_rate=0.01)", "adam(learning_rate=0.01)")  # fmt: skip


@options.command(
    epilog="Rates that are small, right and too large: fallline race houses.csv -t price "
    "--net none --learning-rates auto. Batches: --optimizer 'sgd(learning_rate=0.02)' "
    "--batch-sizes full,32,1. Optimizers: give --optimizer several times.",
)
@options.data_argument()
@options.reading_options
@option(
    "columns",
    "-t",
    "--target",
    type=Columns(),
    multiple=True,
    help="The column to predict; several, or with commas, for a network with several outputs.",
)
@options.column_options
@_ITEM["task"].option()
@_ITEM["net"].option()
@_ITEM["loss"].option()
@option(
    "training",
    "--optimizer",
    type=_ITEM["optimizer"].kind,
    multiple=True,
    help="Who takes part, with settings in brackets: 'sgd(learning_rate=0.1)'; give it several "
    "times. Plain descent, momentum, RMSProp and Adam unless given.",
)
@option(
    "training",
    "--learning-rates",
    type=Listed(Number(0, above=True), "auto"),
    help="Instead: one optimizer (sgd unless given) at these rates; auto: small, right, and above "
    "the limit that the curvature sets.",
)
@option(
    "training",
    "--momenta",
    type=Listed(Number(0, 1)),
    help="Instead: one optimizer with these momenta.",
)
@option(
    "training",
    "--batch-sizes",
    type=Listed(BatchSize()),
    help="Instead: one optimizer with these batches: full,32,1.",
)
@option(
    "training",
    "--batch-size",
    type=BatchSize(),
    default="full",
    show_default=True,
    help="Rows of a step, or full.",
)
@option("training", "--epochs", type=Whole(1), default=50, show_default=True, help="For each way.")
@option(
    "training",
    "--l2",
    type=Number(0),
    default=0.0,
    show_default=True,
    help="λ of the penalty ½λw² on weights.",
)
@_ITEM["seed"].option()
@picture_option("Draw the race there: .png, .svg or .pdf; .gif or .mp4 for the paths in motion.")
@style_option
@option(
    "output",
    "--dpi",
    type=Whole(20, 600),
    help="Dots an inch of the picture; 150 unless given, 100 in motion.",
)
@options.json_option
def command(
    data: str, output: str | None, style: str, dpi: int | None, as_json: bool, **given: Any
) -> None:
    """Race optimizers, learning rates, momenta or batch sizes on a table.

    All start from the same weights and see the same batches of all rows of DATA; nothing is kept
    apart and no model is written. The table tells what each came to, and after how many steps,
    passes over the rows and milliseconds it was there: near the least error that any came to.
    """
    if output is not None:
        check_picture(output, (*STILL, *MOVING), data)
    refuse_model(data)
    work = _work(data, given)
    found = _race(work, given)
    if as_json:
        rows = work.prepared.counts["train"]
        told = {"rows": rows, "epochs": given["epochs"], "there": found.level}
        click.echo(json.dumps(plain(told | {"ways": found.to_records()}), allow_nan=False))
    else:
        _show(found, work)
    if output is not None:
        _draw(found, output, style, dpi)
        if not as_json:
            click.echo(f"drawn to {output}")


def _work(data: str, given: dict[str, Any]) -> Work:
    """Return the table's rows, all of them for training, and the network that they ask for."""
    from ..training import Settings
    from ..training.prepare import prepare
    from ..training.work import Work

    settings = {name: given[name] for name in ("task", "net", "loss") if given[name] is not None}
    settings |= {"test": 0.0, "validation": 0.0, "l2": given["l2"], "seed": given["seed"]}
    Settings.of(**settings)  # what cannot be is refused before anything is read
    table = read_data(data, options.reading(given))
    if not given["target"]:
        listed = ", ".join(table.names[:20]) + (", ..." if len(table.names) > 20 else "")
        raise DataError(f"say which column to predict with --target; '{data}' has {listed}")
    settings |= {kind: options.resolve(kind, given[kind], table.names) for kind in options.KINDS}
    asked = Settings.of(**settings, dtype="float64")
    target = options.resolve("target", given["target"], table.names)
    return Work.of(prepare(table, target, asked, None), asked)


def _race(work: Work, given: dict[str, Any]) -> Race:
    from ..pictures.race import race

    prepared = work.prepared
    encoder = prepared.encoder(prepared.train)
    rows = prepared.rows(encoder, prepared.train, "float64")
    network = work.network(encoder.d)
    lists = {name: given[name] for name in _VARIED.values() if given[name] is not None}
    if "batch_sizes" in lists:
        lists["batch_sizes"] = [size or None for size in lists["batch_sizes"]]
    if len(lists) > 1:
        raise DataError("vary one of --learning-rates, --momenta and --batch-sizes at a time")
    ways: dict[str, Any] = {"entries": given["optimizer"] or _USUAL}
    if lists:
        if len(given["optimizer"]) > 1:
            raise DataError("give one --optimizer whose rates, momenta or batches are to vary")
        one = given["optimizer"][0] if given["optimizer"] else "sgd(learning_rate=0.1)"
        ways = {**lists, "optimizer": one}
    return race(
        network, network.initial(seed=given["seed"]), rows.X, rows.Y, **ways,
        loss=work.settings.loss, l2=given["l2"], epochs=given["epochs"], seed=given["seed"],
        batch_size=given["batch_size"] or None,
    )  # fmt: skip


def _show(found: Race, work: Work) -> None:
    screen = Screen()
    network = found.surface.landscape.network
    rows = count(work.prepared.counts["train"], "row")
    screen.facts(
        [
            ("target", ", ".join(work.prepared.target.names)),
            ("network", f"{network}, {count(network.size, 'parameter')}"),
            ("error", f"{found.surface.landscape.objective_text} of all {rows}"),
            ("start", f"{number(float(found.lanes[0].errors[0]))}, the same for all"),
            ("there", f"{number(found.level)}: 1 % of the way from the least error to the start's"),
        ]
    )
    screen.say()
    head = ("way", "outcome", "error", "steps", "there: steps", "passes", "ms")
    screen.table(head, [_cells(row) for row in found.to_records()], numbers=range(2, 7))


def _cells(row: dict[str, Any]) -> list[str]:
    steps, passes = row["steps until there"], row["passes until there"]
    seconds = row["seconds until there"]
    late = seconds is None or seconds != seconds  # a descent that diverges has no time
    return [
        row["label"],
        row["outcome"],
        number(row["error"]),
        f"{row['steps']:,}",
        "" if steps is None else f"{steps:,}",
        "" if passes is None else f"{passes:,.3g}",
        "" if late else f"{1e3 * seconds:,.3g}",
    ]


def _draw(found: Race, output: str, style: Any, dpi: int | None) -> None:
    ending: Any = Path(output).suffix.lower()
    with whole_file(output) as temporary:
        if ending in STILL:
            found.plot(style=style).save(temporary, format=ending[1:], dpi=dpi or 150)
        else:
            from ..pictures.animation import animate

            animate(found, style=style).save(temporary, format=ending[1:], dpi=dpi or 100)
