"""Options and commands as fallline has them: in sections, some of them settable in run.toml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

__all__ = ["CONTEXT", "TABLES", "Command", "Option", "debug_option", "option", "place"]

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

TABLES = ("data", "columns", "model", "training")
"""The sections whose options are also keys of the table of that name in run.toml."""

_HEADINGS = (*TABLES, "optimizer", "processes", "output", "other")

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option that stands in a section of the help.

    Parameters
    ----------
    section
        The section; those of `TABLES` are tables of run.toml too.
    heading
        The heading in the help, where it is not the section.
    example
        A value for run.toml, where there is no default to show.
    """

    def __init__(
        self,
        *args: Any,
        section: str = "other",
        heading: str = "",
        example: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.section, self.heading, self.example = section, heading or section, example


class Command(click.Command):
    """A command whose help lists the options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, one section after the other."""
        records: dict[str, list[tuple[str, str]]] = {name: [] for name in _HEADINGS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                records[getattr(param, "heading", "other")].append(record)
        for name, rows in records.items():
            if rows:
                with formatter.section(f"{name.capitalize()} options"):
                    formatter.write_dl(rows)


def option(section: str, *names: str, **settings: Any) -> Callable[[F], F]:
    """Return the decorator that adds an option to a section."""
    return click.option(*names, cls=Option, section=section, **settings)


def debug_option(function: F) -> F:
    """Add ``--debug``; `run` looks for it among the arguments, for errors of the parser too."""
    decorate = option(
        "other", "--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors."
    )
    return decorate(function)


def place(ctx: click.Context | None, param: click.Parameter) -> str:
    """Return where the user gave a value: its option, variable or key, for error messages."""
    name = param.name or ""
    shown = param.opts[0] if isinstance(param, click.Option) else param.human_readable_name
    shown = next((text for text in param.opts if text.startswith("--")), shown)
    source = None if ctx is None else ctx.get_parameter_source(name)
    if source is ParameterSource.DEFAULT_MAP and ctx is not None:
        section = getattr(param, "section", "data")
        key = name if isinstance(param, click.Option) else "file"
        return f"'{ctx.meta.get('config', 'run.toml')}', [{section}] {key}"
    if source is ParameterSource.ENVIRONMENT:
        return f"{shown}, from the environment variable FALLLINE_{name.upper()},"
    return shown
