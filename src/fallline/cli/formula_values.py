"""Values of options that name rows of the tables of formulas, with their settings."""

from __future__ import annotations

import json
from typing import Any

import click

from ..errors import SpecError
from ..formulas.optimizers import OPTIMIZERS, SOLVERS, optimizer_from
from ..formulas.optimizers.base import Method
from ..formulas.registry import Registry
from .values import Hint, Value

__all__ = ["METHODS", "MethodName", "MethodSetting", "Named", "Names", "Pairs"]

METHODS: dict[str, type[Method]] = {**OPTIMIZERS, **SOLVERS}
"""Optimizers and solvers by name."""


class Named(Value):
    """A row of a table: its name, with settings in brackets where it has some, or a formula."""

    name = "name"

    def __init__(self, table: Registry[Any], example: str, *others: str) -> None:
        self.table, self.others = table, others
        self.expected = " or ".join([f"one of {', '.join(table)}, such as {example}", *others])

    def read(self, value: Any) -> str:
        """Return the canonical name."""
        if value in self.others:
            return str(value)
        try:
            return str(self.table[value].name)
        except SpecError as error:
            raise Hint(_reason(error)) from None

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Return the names that begin so."""
        return completed(self.table, incomplete)


def completed(names: Any, incomplete: str) -> list[Any]:
    """Return the names that begin so, for the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _reason(error: SpecError) -> str:
    """Return what an error says beside that the name is unknown."""
    text = str(error)
    if not text.startswith("unknown "):
        return text
    hint = text.rpartition("; ")[2]
    return hint if hint.startswith("did") else ""


class MethodName(Value):
    """An optimizer or a solver, with settings in brackets or without."""

    name = "name"
    expected = f"one of {', '.join(METHODS)}, such as 'sgd(momentum=0.9)'"

    def read(self, value: Any) -> str:
        """Return the text."""
        try:
            optimizer_from(str(value))
        except SpecError as error:
            raise Hint(_reason(error)) from None
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Return the names that begin so."""
        return completed(METHODS, incomplete)


class MethodSetting(Value):
    """A number that some optimizers take, checked by one of them."""

    name = "number"

    def __init__(self, setting: str, method: str, whole: bool) -> None:
        self.setting, self.method, self.whole = setting, method, whole
        self.toml = (int,) if whole else (int, float)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number that the optimizer accepts."""
        try:
            number = int(value) if self.whole else float(value)
            METHODS[self.method](**{self.setting: number})
        except SpecError as error:
            self.fail(str(error).partition(f".{self.setting} ")[2] or str(error), param, ctx)
        except (ValueError, OverflowError):
            kind = "whole number" if self.whole else "number"
            self.fail(f"must be a {kind}, not {value!r}", param, ctx)
        return number


class Pairs(Value):
    """Names with numbers, or one value for all.

    Parameters
    ----------
    expected
        What a value must be, in words.
    alone
        Returns the value of a text without names, or raises a ValueError.
    """

    name = "text"
    toml = (int, float, str, dict)

    def __init__(self, expected: str, alone: Any) -> None:
        self.expected, self.alone = expected, alone

    def read(self, value: Any) -> Any:
        """Return what `alone` gives, or a dict of numbers."""
        if isinstance(value, dict):
            return _numbers(value)
        text = str(value).strip()
        if text.startswith("{"):  # names with commas in them: JSON
            try:
                return _numbers(json.loads(text, object_pairs_hook=_once))
            except RecursionError:
                raise ValueError from None
        if "=" not in text:
            return self.alone(value)
        pairs = [part.rpartition("=") for part in text.split(",")]
        if not all(mark and name.strip() for name, mark, _ in pairs):
            raise Hint("write NAME=NUMBER, NAME=NUMBER")
        return _numbers(_once([(name.strip(), number) for name, _, number in pairs]))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a mapping; of a name given twice, one number would be lost unseen."""
    found = dict(pairs)
    for name in found:
        if [other for other, _ in pairs].count(name) > 1:
            raise Hint(f"{name} is given twice")
    return found


def _numbers(pairs: dict[Any, Any]) -> dict[str, float]:
    if any(isinstance(value, bool | list | dict | None) for value in pairs.values()):
        raise ValueError
    return {str(name): float(value) for name, value in pairs.items()}


class Names(Value):
    """Names from a table; several may stand with commas between them."""

    name = "name"
    envvar_list_splitter = ","

    def __init__(self, table: Registry[Any]) -> None:
        self.table = table
        self.expected = f"one of {', '.join(table)}"

    def read(self, value: Any) -> str:
        """Return the names, with commas between them."""
        try:
            return ",".join(self.table[part.strip()].name for part in str(value).split(","))
        except SpecError as error:
            raise Hint(_reason(error)) from None
