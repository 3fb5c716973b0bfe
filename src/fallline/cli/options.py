"""The options that several commands share, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import reduce
from typing import Any, TypeVar

import click

from ..errors import SpecError, suggest
from ..formulas.losses import LOSSES
from ..formulas.optimizers import OPTIMIZERS, optimizer_from
from . import values
from .option import CONTEXT, Command, debug_option, option

__all__ = [
    "SETTINGS",
    "column_options",
    "command",
    "data_argument",
    "json_option",
    "model_argument",
    "optimizer_settings",
    "output_options",
    "reading",
    "reading_options",
    "resolve",
    "settings_of",
    "training_options",
]

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

READING = ("delimiter", "encoding", "header", "decimal", "allow_bad_rows")
KINDS = ("numeric", "category", "date", "text", "drop")
SETTINGS = (
    *("task", "net", "loss", "l2", "batch_size", "epochs", "patience", "test", "seed"),
    *("time_budget", "dtype", "engine"),
)
"""Options that are fields of `training.Settings` as they stand."""


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
    return click.argument("data", type=values.File(), required=required, metavar="DATA")


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
            type=values.Delimiter(),
            help="What stands between cells; found out unless given.",
        ),
        option(
            "data",
            "--encoding",
            type=values.Encoding(),
            help="How the text is encoded; found out unless given.",
        ),
        option(
            "data",
            "--decimal",
            type=values.OneOf(lambda: (".", ",")),
            help="The decimal mark of the file; a point unless given.",
        ),
        option(
            "data",
            "--header/--no-header",
            default=None,
            help="Whether the first line holds names; found out unless given.",
        ),
        option(
            "data",
            "--allow-bad-rows",
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


def training_options(function: F) -> F:
    """Add the options of the model and its training."""
    parts = [*_model_options(), *_optimizer_options(), *_descent_options()]
    decorate: Callable[[F], F] = _all(*parts)
    return decorate(function)


def _model_options() -> list[Callable[[Any], Any]]:
    tasks = values.OneOf(lambda: ("regression", "classification"))
    return [
        option(
            "model",
            "--task",
            type=tasks,
            help="regression or classification; guessed from the target unless given.",
        ),
        option(
            "model",
            "--net",
            type=values.Layers(),
            help='Hidden layers: "32 relu, 16 relu"; none for a linear model; by the number of '
            "rows unless given.",
        ),
        option(
            "model",
            "--loss",
            type=values.OneOf(values.names_of(LOSSES)),
            help=f"The error that is descended ({', '.join(LOSSES)}); by the task unless given.",
        ),
    ]


def optimizer_settings() -> dict[str, list[str]]:
    """Return every setting that an optimizer has beside its rate, and the optimizers with it."""
    found: dict[str, list[str]] = {}
    for name, kind in OPTIMIZERS.items():
        for field in fields(kind):
            if field.name != "learning_rate":
                found.setdefault(field.name, []).append(name)
    return found


def _optimizer_options() -> list[Callable[[Any], Any]]:
    made = [
        option(
            "training",
            "--optimizer",
            type=values.OneOf(values.names_of(OPTIMIZERS)),
            help=f"How to step ({', '.join(OPTIMIZERS)}); adam unless given.",
        ),
        option(
            "training",
            "--learning-rate",
            type=values.Number(0.0, above=True),
            help="The size of a step; the optimizer's own unless given.",
        ),
    ]
    for name, kinds in optimizer_settings().items():
        defaults = [_default(kind, name) for kind in kinds]
        shown = [f"{kind} ({default})" for kind, default in zip(kinds, defaults, strict=True)]
        what: dict[str, Any] = {"type": values.OptimizerSetting(name, kinds[0])}
        if isinstance(defaults[0], bool):
            shown, what = kinds, {"is_flag": True, "default": None}
        made.append(option("training", f"--{name}", **what, help=f"For {', '.join(shown)}."))
    return made


def _default(kind: str, setting: str) -> Any:
    return next(field.default for field in fields(OPTIMIZERS[kind]) if field.name == setting)


def _descent_options() -> list[Callable[[Any], Any]]:
    def add(name: str, kind: Any, text: str, **more: Any) -> Callable[[Any], Any]:
        return option("training", name, type=kind, help=text, **more)

    return [
        add("--l2", values.Number(0.0), "λ of the penalty; chosen by validation unless given."),
        add("--batch-size", values.BatchSize(), "Rows of a step, or full; by the number of rows."),
        add("--epochs", values.Whole(1), "The most epochs; chosen by validation unless given."),
        add(
            "--validation",
            values.Validation(),
            "Share of the training rows, or a file of other rows, to choose and stop by; by the "
            "number of rows unless given, 0 for none.",
        ),
        add(
            "--test",
            values.share(),
            "Share of the rows never used in training, only to judge it.",
            default=0.2,
            show_default=True,
        ),
        add(
            "--patience",
            values.Whole(1),
            "Epochs without a lower validation error after which to stop.",
            default=20,
            show_default=True,
        ),
        add(
            "--seed",
            values.Whole(0),
            "Start of all that is drawn.",
            default=0,
            show_default=True,
        ),
        add("--time-budget", values.Number(0.0, above=True), "Seconds for the last training."),
        add(
            "--dtype",
            values.OneOf(lambda: ("float32", "float64")),
            "The numbers to compute with.",
            default="float32",
            show_default=True,
        ),
        add(
            "--engine",
            values.OneOf(_engines, "NAME"),
            "What computes; the fastest that this machine has unless given.",
            default="auto",
        ),
    ]


def _engines() -> Any:
    from ..engines.registry import ENGINES

    return ENGINES


def output_options(function: F) -> F:
    """Add what train and demo write and print."""
    return _all(
        option(
            "model",
            "-o",
            "--output",
            type=values.File(),
            metavar="MODEL.fall",
            help="Where to save the model; named after the data unless given.",
        ),
        option(
            "training",
            "--history",
            type=values.File(),
            metavar="FILE.jsonl",
            help="Write the epochs of the training there, one JSON line each.",
        ),
        option("output", "--force", is_flag=True, help="Overwrite any file, not only a model."),
        json_option,
        option("output", "--quiet", is_flag=True, help="Print only the score, and errors."),
    )(function)


def reading(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of reading a file that were given."""
    return {name: given[name] for name in READING if given[name] is not None}


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of `fallline.train` that were given.

    Raises
    ------
    SpecError
        When a setting does not belong to the optimizer.
    """
    settings = {name: given[name] for name in SETTINGS if given[name] is not None}
    name = given["optimizer"] or "adam"
    chosen = {"learning_rate": given["learning_rate"]}
    for setting, kinds in optimizer_settings().items():
        value = given[setting]
        if value is None:
            continue
        if OPTIMIZERS[name].name not in kinds:
            raise SpecError(
                f"--{setting.replace('_', '-')} is for {', '.join(kinds)}, not for {name}; leave "
                f"it out, or take --optimizer {kinds[0]}"
            )
        chosen[setting] = value
    plain = {key: value for key, value in chosen.items() if value is not None}
    settings["optimizer"] = optimizer_from({"name": name, **plain})
    if isinstance(given["validation"], float):
        settings["validation"] = given["validation"]
    return settings


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
