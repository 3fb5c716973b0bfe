"""``fallline`` itself: a group whose commands are imported when they are used."""

from __future__ import annotations

from importlib import import_module

import click

from ..errors import suggest
from .main import COMMANDS
from .option import CONTEXT, debug_option

__all__ = ["fallline"]


class Commands(click.Group):
    """The commands of the table in `main`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f".{cmd_name}", __package__)
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for, or say which one may be meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            hint = suggest(name, COMMANDS)
            if "." in name:
                hint = f"for a table: fallline train {name} --target COLUMN"
            raise click.UsageError(f"there is no command '{name}'; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table; nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.util import find_spec

    from .. import __version__

    core = "built" if find_spec("fallline._core") else "not built"
    click.echo(f"fallline {__version__} (native core: {core})")
    ctx.exit()


@click.group(
    cls=Commands,
    context_settings=CONTEXT,
    epilog="Start with: fallline demo. For the options of a command: fallline train --help. "
    'Completion in bash: eval "$(_FALLLINE_COMPLETE=bash_source fallline)"; zsh_source and '
    "fish_source serve the other shells.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version, and whether the native core is built.",
)
@debug_option
def fallline() -> None:
    """Train feed-forward neural networks on tables, and predict with them."""
