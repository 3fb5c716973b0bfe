"""``fallline train``: a table in, a trained network out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from . import options, processes
from .config import config_option, keys_of, to_toml
from .option import option
from .reading import read_data, refuse_model
from .telling import next_lines
from .training import Outputs, default_output, fit, on_table
from .values import Columns

if TYPE_CHECKING:
    from ..data import Table

__all__ = ["command"]


@options.command(
    environment=True,
    epilog="Every option can also be set by an environment variable, FALLLINE_ and its name "
    "(FALLLINE_EPOCHS=50), and those of the first four sections in a file given with --config, in "
    "the tables [data], [columns], [model] and [training]. An option goes before the environment, "
    "and that before the file.",
)
@options.data_argument(required=False)
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
@options.parting_options
@options.training_options
@options.output_options
@options.checkpoint_options
@options.process_options
@config_option
@option("other", "--print-config", is_flag=True, help="Print the settings as TOML and end.")
def command(**given: Any) -> None:
    """Train a network to predict a column of a table.

    DATA is a CSV, TSV or Parquet file, a folder of Parquet files, or - for CSV from standard input.
    What is not said is found out or chosen by rule, and told.
    """
    if given["print_config"]:
        click.echo(_config(click.get_current_context()))
        return
    data = given["data"]
    if data is None:
        raise click.UsageError("DATA is missing: fallline train DATA --target COLUMN")
    outputs = Outputs(
        given["output"] or default_output(data),
        given["history"],
        given["force"],
        given["as_json"],
        given["quiet"],
        given["checkpoint"],
    )
    other = given["validation"] if isinstance(given["validation"], str) else None
    refuse_model(data)
    outputs.check(data, *([other] if other else []))
    settings = options.settings_of(given)
    _check(settings)
    if processes.wanted(given):
        own = {name: given[name] for name in (*options.KINDS, *options.PARTING)}
        processes.train_together(given, outputs, settings | _columns(own), other)
        return
    read = options.reading(given)
    table = read_data(data, read)
    target = _target(given["target"], table, data)
    settings |= {kind: options.resolve(kind, given[kind], table.names) for kind in options.KINDS}
    for name in options.PARTING:
        settings[name] = options.resolve_one(name, given[name], table.names)
    for name in ("checkpoint", "checkpoint_every", "resume"):
        if given[name] is not None:
            settings[name] = given[name]
    validation = None if other is None else read_data(other, read)
    kept = read | ({} if other is None or validation is None else {"validation": validation.source})
    fit(
        on_table(table, target, settings, validation),
        outputs,
        read=kept,
        next_lines=next_lines(outputs.model),
    )


def _columns(own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that options name, before anything is read that could tell them apart."""
    several = {
        kind: tuple(part.strip() for text in own[kind] for part in text.split(","))
        for kind in options.KINDS
    }
    return several | {name: own[name] for name in options.PARTING}


def _check(settings: dict[str, Any]) -> None:
    """Refuse what cannot be before anything is read."""
    from ..training import Settings

    Settings.of(**settings)


def _target(names: tuple[str, ...], table: Table, data: str) -> tuple[str, ...]:
    if not names:
        listed = ", ".join(table.names[:20]) + (", ..." if len(table.names) > 20 else "")
        raise DataError(f"say which column to predict with --target; '{data}' has {listed}")
    return options.resolve("target", names, table.names)


def _config(ctx: click.Context) -> str:
    """Return run.toml for what was given in any way."""
    default = click.core.ParameterSource.DEFAULT
    tables = {
        table: {
            key: ctx.params[param.name or ""]
            for key, param in keys.items()
            if ctx.get_parameter_source(param.name or "") is not default
        }
        for table, keys in keys_of(ctx.command).items()
    }
    if tables["training"].get("batch_size") == 0:
        tables["training"]["batch_size"] = "full"
    return to_toml(tables)
