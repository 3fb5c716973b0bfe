"""``fallline init``: a run.toml to start from, with every key and what was found in the data."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..files import check_writable, whole_file
from . import options
from .config import keys_of, toml_value
from .option import TABLES, Option, option
from .reading import read_data, refuse_model
from .text import clean, count
from .training import default_output
from .values import Columns, File
from .writing import refuse_same

if TYPE_CHECKING:
    from ..data import Role, Table

__all__ = ["command", "run_toml"]

_WIDTH = 100
_ABOUT = {
    "data": "DATA, and how it is read.",
    "columns": "What the columns are for.",
    "model": "Task, network, error, and where the model goes.",
    "training": "Everything else.",
}
_OPTIMIZER = "--- Settings of optimizers: each is refused by an optimizer that lacks it. ---"


@options.command()
@options.data_argument()
@option(
    "columns",
    "-t",
    "--target",
    type=Columns(),
    multiple=True,
    required=True,
    help="The column to predict; several, or with commas, for a network with several outputs.",
)
@options.column_options
@options.parting_options
@options.reading_options
@option(
    "output",
    "-o",
    "--output",
    type=File(),
    default="run.toml",
    show_default=True,
    metavar="RUN.toml",
    help="Where to write; - prints it.",
)
@option("output", "--force", is_flag=True, help="Overwrite the file.")
def command(data: str, output: str, force: bool, **given: Any) -> None:
    """Write a run.toml to start from.

    It holds every setting with its meaning, and what was found in the data. As it stands, training
    with it is training without it: fallline train --config run.toml.
    """
    _check(data, output, force)
    read = options.reading(given)
    table = read_data(data, read)
    text = run_toml(_found(table, data, given) | {"data": {"file": data, **read}}, table)
    if output == "-":
        click.echo(text, nl=False)
        return
    with whole_file(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"{clean(output)} is written. Train with: ", nl=False)
    click.echo(clean(f"fallline train --config {shlex.quote(output)}"))


def _check(data: str, output: str, force: bool) -> None:
    if data == "-":
        raise DataError("run.toml names the file of the data, so give one instead of -")
    refuse_model(data)
    if output == "-":
        return
    check_writable(output)
    refuse_same(output, data)
    if Path(output).exists() and not force:
        raise DataError(f"'{output}' exists; choose another name, or overwrite it with --force")


def _found(table: Table, data: str, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the keys that are set: the target, and the columns that the user has spoken of."""
    target = options.resolve("target", given["target"], table.names)
    columns: dict[str, Any] = {"target": list(target)}
    for kind in options.KINDS:
        if named := options.resolve(kind, given[kind], table.names):
            columns[kind] = list(named)
    for name in options.PARTING:
        if one := options.resolve_one(name, given[name], table.names):
            columns[name] = one
    return {"columns": columns}


@dataclass(frozen=True)
class Facts:
    """What was found in the data.

    Attributes
    ----------
    task, reason
        Regression or classification, and why.
    roles
        What the columns are taken for.
    examples
        Values that the rules would take, by key.
    """

    task: str
    reason: str
    roles: Sequence[Role]
    examples: Mapping[str, Any]


def run_toml(given: Mapping[str, Mapping[str, Any]], table: Table) -> str:
    """Return the text of run.toml.

    Parameters
    ----------
    given
        The keys that are set, by the tables of run.toml.
    table
        The data.
    """
    from .train import command as train

    facts = _facts(given, table)
    lines = [
        f"# run.toml for {clean(table.source)}, written by fallline init. Train with it:",
        "#     fallline train --config run.toml",
        "# A line that begins with '#' and a key shows what could be set there: its default, or an",
        "# example where the default is found out. Take the '#' away to set it.",
    ]
    keys = keys_of(train)
    for name in TABLES:
        lines += ["", "", f"[{name}]", f"# {_ABOUT[name]}", *_about(name, facts, table)]
        heading = name
        for key, param in keys[name].items():
            if getattr(param, "heading", name) == "optimizer" != heading:
                heading = "optimizer"
                lines += ["", f"# {_OPTIMIZER}"]
            lines += ["", *_key(key, param, given.get(name, {}), facts.examples)]
    return "\n".join(lines) + "\n"


def _facts(given: Mapping[str, Mapping[str, Any]], table: Table) -> Facts:
    from ..training.known import known_part
    from ..training.prepare import target_encoder
    from ..training.rules import batch_by_rule, loss_by_task, net_by_rule
    from ..training.settings import Settings

    columns = dict(given["columns"])
    target = columns.pop("target")
    settings = Settings.of(**columns)
    known = known_part(table, target, settings)
    rows = known.split(settings, given_validation=False)[0]
    encoder = target_encoder(known, rows, settings)
    other = next((name for name in table.names if name not in target), "column")
    examples = {
        "task": known.task,
        "net": net_by_rule(len(rows)),
        "loss": loss_by_task(encoder),
        "batch_size": batch_by_rule(len(rows)),
        "metrics": ["r2" if known.task == "regression" else "accuracy"],
        "group": other,
        "time": other,
        "output": default_output(given["data"]["file"]),
    }
    return Facts(known.task, known.task_reason, known.roles(rows, settings), examples)


def _about(name: str, facts: Facts, table: Table) -> Iterator[str]:
    """Yield comments on what was found."""
    if name == "data":
        size = f"{count(table.n, 'row')}, {count(len(table.columns), 'column')}"
        yield f"# Found: {size}."
        for note in table.notes:
            yield from _comment(f"Found: {note}.")
    if name == "model":
        yield from _comment(f"Found: a {facts.task}. {facts.reason}")
    if name != "columns":
        return
    yield "# Found in the training rows:"
    widest = min(max(len(role.name) for role in facts.roles), 30)
    for role in facts.roles:
        missing = f" {count(role.missing, 'cell')} missing." if role.missing else ""
        told = f"{clean(role.name):<{widest}}  {role.kind:<10}  {role.reason}{missing}"
        yield from _comment(told, "#   ", "#" + " " * (widest + 17))
        if role.leak:
            yield from _comment(role.leak, "#     ! ", "#       ")


def _key(
    key: str, param: click.Parameter, given: Mapping[str, Any], examples: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the meaning of a key, and the key: set, or what could be set."""
    text = param.help if isinstance(param, Option) and param.help else "The file of the table."
    yield from _comment(text)
    if key in given:
        yield f"{key} = {toml_value(given[key])}"
    else:
        yield f"#{key} = {toml_value(examples.get(key, _example(param)))}"


def _example(param: click.Parameter) -> Any:
    if isinstance(param, Option):
        if param.example is not None:
            return param.example
        if param.multiple:
            return []
        if param.default is not None:
            return param.default
    raise AssertionError(f"the option {param.name} has neither an example nor a default")


def _comment(text: str, first: str = "# ", rest: str = "# ") -> list[str]:
    return textwrap.wrap(
        clean(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
