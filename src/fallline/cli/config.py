"""run.toml: the settings of a training as a file, read for ``--config`` and written for its like.

::

    [data]                        # DATA and how it is read
    file = "houses.csv"
    delimiter = ";"

    [columns]                     # what columns are for
    target = "price"
    drop = ["id", "comment"]

    [model]                       # task, network, error
    net = "32 relu, 16 relu"

    [training]                    # everything else
    optimizer = "adam"
    learning_rate = 0.001

The keys of a table are the long names of the options in that section of ``fallline train --help``.
What is given on the command line, or in the environment, goes before the file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..errors import suggest
from .option import TABLES, Option

__all__ = ["config_option", "keys_of", "to_toml", "toml_value"]

Tables = Mapping[str, Mapping[str, Any]]


def keys_of(command: click.Command) -> dict[str, dict[str, click.Parameter]]:
    """Return the keys that each table of run.toml may have, with their options."""
    keys: dict[str, dict[str, click.Parameter]] = {table: {} for table in TABLES}
    for param in command.params:
        if isinstance(param, click.Argument):
            keys["data"]["file"] = param
        elif isinstance(param, Option) and param.section in TABLES and param.name:
            keys[param.section][param.name] = param
    return keys


def config_option(function: Any) -> Any:
    """Add ``--config``: its file gives the values of options that are not given otherwise."""
    return click.option(
        "--config",
        cls=Option,
        section="other",
        metavar="RUN.toml",
        is_eager=True,
        expose_value=False,
        callback=_read,
        help="Take settings from this file; options go before it.",
    )(function)


def _read(ctx: click.Context, param: click.Parameter, path: str | None) -> None:
    if path is None or ctx.resilient_parsing:
        return
    ctx.meta["config"] = path
    ctx.default_map = {
        name: value
        for table, keys in _parsed(ctx, path).items()
        for name, value in _values(ctx, path, table, keys).items()
    }


def _parsed(ctx: click.Context, path: str) -> Tables:
    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise click.UsageError(f"cannot read the config '{path}': {error.strerror}", ctx) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"the config '{path}' is not TOML: {error}", ctx) from None
    for name, table in tables.items():
        if name not in TABLES:
            raise click.UsageError(f"'{path}': {_unknown_table(ctx, name)}", ctx)
        if not isinstance(table, dict):
            raise click.UsageError(f"'{path}': write [{name}] as a table of keys", ctx)
    return tables


def _unknown_table(ctx: click.Context, name: str) -> str:
    for table, keys in keys_of(ctx.command).items():
        if name.replace("-", "_") in keys:
            return f"the key '{name}' belongs in the table [{table}]"
    return f"there is no table [{name}]; {suggest(name, TABLES)}"


def _values(ctx: click.Context, path: str, table: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of one table by the names of their parameters, their types checked."""
    known = keys_of(ctx.command)
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        if name not in known[table]:
            hint = suggest(name, known[table])
            if elsewhere := [other for other in TABLES if name in known[other]]:
                hint = f"it belongs in [{elsewhere[0]}]"
            raise click.UsageError(f"'{path}': [{table}] has no key '{key}'; {hint}", ctx)
        param = known[table][name]
        found[param.name or ""] = _typed(param, value, f"'{path}', [{table}] {key}", ctx)
    return found


def _typed(param: click.Parameter, value: Any, where: str, ctx: click.Context) -> Any:
    if isinstance(param, Option) and param.is_flag:
        if not isinstance(value, bool):
            raise click.UsageError(f"{where} must be true or false, not {value!r}", ctx)
        return value
    several = isinstance(param, click.Option) and param.multiple
    items = value if several and isinstance(value, list) else [value]
    types = getattr(param.type, "toml", (str,))
    for item in items:
        if isinstance(item, bool) or not isinstance(item, types):
            expected = getattr(param.type, "expected", "text")
            raise click.UsageError(f"{where} must be {expected}, not {item!r}", ctx)
    return items if several else value


def to_toml(tables: Tables, comments: Sequence[str] = ()) -> str:
    """Return the TOML of these tables, empty ones left out.

    Examples
    --------
    >>> print(to_toml({"model": {"net": "8 tanh"}, "training": {}, "data": {"file": "a.csv"}}))
    [model]
    net = "8 tanh"
    <BLANKLINE>
    [data]
    file = "a.csv"
    """
    parts = [
        "\n".join([f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in table.items())])
        for name, table in tables.items()
        if table
    ]
    head = "".join(f"# {line}\n" for line in comments)
    return head + "\n\n".join(parts)


def toml_value(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{toml_value(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return repr(value)
