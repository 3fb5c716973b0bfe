"""The options that several commands share, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeVar

import click

from ..errors import SpecError, suggest
from ..formulas.optimizers import optimizer_from
from ..formulas.optimizers.base import Method
from ..formulas.registry import read_call
from . import values
from .items import ITEMS, method_items, method_settings
from .option import CONTEXT, Command, debug_option, option

__all__ = [
    "checkpoint_options",
    "column_options",
    "command",
    "data_argument",
    "json_option",
    "method_of",
    "model_argument",
    "output_options",
    "parting_options",
    "process_options",
    "reading",
    "reading_options",
    "resolve",
    "resolve_one",
    "settings_of",
    "training_options",
]

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

READING = ("delimiter", "encoding", "header", "decimal", "allow_bad_rows")
KINDS = ("numeric", "category", "date", "text", "drop")
PARTING = {
    "group": "Keep rows that are alike in this column in one part: no such group is learnt from "
    "and judged on. It is no input.",
    "time": "Order the rows by this column: the latest are the test, the latest of the others the "
    "validation.",
}


def command(environment: bool = False, **settings: Any) -> Callable[[F], click.Command]:
    """Return the decorator that makes a command; with `environment` it reads FALLLINE_*."""
    context = CONTEXT | ({"auto_envvar_prefix": "FALLLINE"} if environment else {})

    def decorate(function: F) -> click.Command:
        made = click.command(cls=Command, context_settings=context, **settings)
        return made(debug_option(function))

    return decorate


def _all(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    return lambda function: reduce(lambda done, add: add(done), reversed(decorators), function)


def data_argument(required: bool = True) -> Callable[[F], F]:
    """Return the decorator that adds DATA."""
    shown = "DATA" if required else "[DATA]"
    return click.argument("data", type=values.File(), required=required, metavar=shown)


def model_argument(function: F) -> F:
    """Add MODEL."""
    decorate: Callable[[F], F] = click.argument("model", type=values.File(), metavar="MODEL")
    return decorate(function)


def json_option(function: F) -> F:
    """Add ``--json``."""
    decorate: Callable[[F], F] = option(
        "output",
        "--json",
        "as_json",
        is_flag=True,
        help="Print one JSON object and nothing else.",
    )
    return decorate(function)


def reading_options(function: F) -> F:
    """Add the options of reading a text file."""
    return _all(
        option(
            "data",
            "--delimiter",
            example=",",
            type=values.Delimiter(),
            help="What stands between cells; found out unless given.",
        ),
        option(
            "data",
            "--encoding",
            example="utf-8",
            type=values.Encoding(),
            help="How the text is encoded; found out unless given.",
        ),
        option(
            "data",
            "--decimal",
            example=".",
            type=values.OneOf(lambda: (".", ",")),
            help="The decimal mark of the file; a point unless given.",
        ),
        option(
            "data",
            "--header/--no-header",
            example=True,
            default=None,
            help="Whether the first line holds names; found out unless given.",
        ),
        option(
            "data",
            "--allow-bad-rows",
            example=False,
            is_flag=True,
            default=None,
            help="Go on when more than 1 % of the rows have too many cells.",
        ),
    )(function)


def column_options(function: F) -> F:
    """Add the options that say what columns are for."""
    kinds = [
        option(
            "columns",
            f"--{kind}",
            type=values.Columns(),
            multiple=True,
            help=f"Take this column as {kind}." if kind != "drop" else "Leave this column out.",
        )
        for kind in KINDS
    ]
    return _all(*kinds)(function)


def parting_options(function: F) -> F:
    """Add the options that say which rows stand together, or in which order."""
    parting = [
        option("columns", f"--{name}", type=values.Columns(), help=text, example=name)
        for name, text in PARTING.items()
    ]
    return _all(*parting)(function)


def training_options(function: F) -> F:
    """Add the options of the model and its training."""
    decorate: Callable[[F], F] = _all(*(item.option() for item in (*ITEMS, *method_items())))
    return decorate(function)


def output_options(function: F) -> F:
    """Add what train and demo write and print."""
    return _all(
        option(
            "model",
            "-o",
            "--output",
            type=values.File(),
            metavar="MODEL.fall",
            example="model.fall",
            help="Where to save the model; named after the data unless given.",
        ),
        option(
            "training",
            "--history",
            type=values.File(),
            metavar="FILE.jsonl",
            example="epochs.jsonl",
            help="Write the epochs of the training there, one JSON line each.",
        ),
        option("output", "--force", is_flag=True, help="Overwrite any file, not only a model."),
        json_option,
        option("output", "--quiet", is_flag=True, help="Print only the score, and errors."),
    )(function)


def checkpoint_options(function: F) -> F:
    """Add the options that keep a training while it runs, and go on with one."""
    return _all(
        option(
            "training",
            "--checkpoint",
            type=values.File(),
            metavar="FILE",
            example="run.ckpt",
            help="Keep the last training in this file while it runs, to go on after a stop.",
        ),
        option(
            "training",
            "--checkpoint-every",
            type=values.Often(),
            help='How often: "10 epochs", "500 steps" or "5 minutes"; 10 epochs unless given.',
            example="10 epochs",
        ),
        option(
            "other",
            "--resume",
            type=values.File(),
            metavar="FILE",
            help="Go on with the training that --checkpoint kept in this file.",
        ),
    )(function)


def process_options(function: F) -> F:
    """Add the options of training with several processes."""
    return _all(
        option(
            "processes",
            "--processes",
            type=values.Whole(1),
            help="Train with this many processes on this machine, or on each host; each reads its "
            "own part of the rows.",
        ),
        option(
            "processes",
            "--hosts",
            type=values.Hosts(),
            metavar="HOST[:PORT],HOST,...",
            help="Train on these machines; run the same command on each. auto: as srun or mpiexec "
            "started this process.",
        ),
        option(
            "processes",
            "--host-index",
            type=values.Whole(0),
            help="Which of the hosts this machine is, from 0; found by its name unless given.",
        ),
        option(
            "processes",
            "--relaunch",
            type=values.Whole(0),
            help="Start all processes again, so many times at most, from the checkpoint, where one "
            "was lost.",
        ),
    )(function)


def reading(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of reading a file that were given."""
    return {name: given[name] for name in READING if given[name] is not None}


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of `fallline.train` that were given, those of columns left out.

    Raises
    ------
    SpecError
        When a setting does not belong to the optimizer.
    """
    values = {item.name: given[item.name] for item in ITEMS}
    settings = {name: value for name, value in values.items() if value not in (None, ())}
    if "metrics" in settings:
        settings["metrics"] = tuple(",".join(settings["metrics"]).split(","))
    if isinstance(settings.get("validation"), str):
        del settings["validation"]
    return settings | {"optimizer": method_of(given, settings)}


def method_of(given: Mapping[str, Any], settings: dict[str, Any], usual: str = "adam") -> Method:
    """Return the optimizer of the options, and take its rate out of the settings.

    Raises
    ------
    SpecError
        When a setting does not belong to the optimizer.
    """
    name, chosen = read_call(settings.get("optimizer", usual))
    if "learning_rate" in settings:
        chosen["learning_rate"] = settings.pop("learning_rate")
    for setting, methods in method_settings().items():
        value = given[setting]
        if value is None:
            continue
        if name not in methods:
            raise SpecError(
                f"--{setting.replace('_', '-')} is for {', '.join(methods)}, not for {name}; leave "
                f"it out, or take --optimizer {methods[0]}"
            )
        chosen[setting] = value
    made: Method = optimizer_from({"name": name, **chosen})
    return made


def resolve_one(name: str, text: str | None, known: Sequence[str]) -> str | None:
    """Return the one column that the value of an option names, or None for none."""
    found = () if text is None else resolve(name, [text], known)
    if len(found) > 1:
        raise SpecError(f"--{name} takes one column, not {', '.join(found)}")
    return found[0] if found else None


def resolve(name: str, texts: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that the values of an option name, commas between them or not.

    Raises
    ------
    click.BadParameter
        For one that is not there, with a suggestion.
    """
    found: list[str] = []
    for text in texts:
        parts = [text] if text in known else [part.strip() for part in text.split(",")]
        for part in parts:
            if part not in known:
                ctx = click.get_current_context()
                param = next(p for p in ctx.command.params if p.name == name)
                hint = suggest(part, known)
                raise click.BadParameter(
                    f"names '{part}', which is no column of the table; {hint}", ctx, param
                )
            if part not in found:
                found.append(part)
    return tuple(found)
