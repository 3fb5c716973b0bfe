"""What the value of an option may be. Each type says what it expects, and what came instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from ..errors import SpecError, suggest

__all__ = [
    "BatchSize",
    "Columns",
    "Delimiter",
    "Devices",
    "Encoding",
    "File",
    "Hint",
    "Host",
    "Hosts",
    "Layers",
    "Listed",
    "Number",
    "Often",
    "OneOf",
    "Row",
    "Validation",
    "Value",
    "Whole",
    "share",
]


if TYPE_CHECKING:
    Base = click.ParamType[Any]
else:
    Base = click.ParamType  # which is generic in new versions only


class Value(Base):
    """A type that knows in words what it expects.

    Attributes
    ----------
    expected
        What a value must be.
    toml
        The types that a value may have in run.toml.
    """

    expected: str = ""
    toml: tuple[type, ...] = (str,)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value read, or fail with what was expected and what came."""
        try:
            return self.read(value)
        except ValueError as error:
            hint = f"; {error}" if isinstance(error, Hint) and str(error) else ""
            came = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
            self.fail(f"must be {self.expected}, not {came}{hint}", param, ctx)

    def read(self, value: Any) -> Any:
        """Return the value, or raise a ValueError; each type says which it takes."""
        return value


class Hint(ValueError):
    """A ValueError whose text helps."""


class Whole(Value):
    """A whole number of at least `least`, and at most `most` unless that is None."""

    name = "number"
    toml = (int,)

    def __init__(self, least: int, most: int | None = None) -> None:
        self.least, self.most = least, most
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        self.expected = f"a whole number {bounds}"

    def read(self, value: Any) -> int:
        """Return an int."""
        number = int(value)
        if number < self.least or (self.most is not None and number > self.most):
            raise ValueError
        return number


class Number(Value):
    """A finite number within bounds."""

    name = "number"
    toml = (int, float)

    def __init__(
        self, least: float = -math.inf, most: float = math.inf, *, above: bool = False
    ) -> None:
        self.least, self.most, self.above = least, most, above
        self.expected = f"a number {'above' if above else 'of at least'} {least:g}"
        if most < math.inf:
            self.expected = f"a number from {least:g} to {most:g}"

    def read(self, value: Any) -> float:
        """Return a float."""
        number = float(value)
        inside = self.least < number if self.above else self.least <= number
        if not (math.isfinite(number) and inside and number <= self.most):
            raise ValueError
        return number


def share() -> Number:
    """Return the type of a share of the rows."""
    return Number(0.0, 0.9)


class OneOf(Value):
    """One of some names, given when they are asked for: their table may be dear to import."""

    name = "name"

    def __init__(self, names: Callable[[], Iterable[str]], metavar: str | None = None) -> None:
        self._names, self._metavar = names, metavar

    @property
    def names(self) -> list[str]:
        """All names, aliases included."""
        found = self._names()
        return [*found, *getattr(found, "aliases", ())]

    @property
    def expected(self) -> str:  # type: ignore[override]
        """The names in words."""
        return "one of " + ", ".join(self.names)

    def read(self, value: Any) -> str:
        """Return the name."""
        if value not in self.names:
            hint = suggest(value, self.names)
            raise Hint(hint) if hint.startswith("did") else ValueError
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: Any = None) -> str:
        """Return the names for the help."""
        listed = "|".join(self._names()) if self._metavar is None else self._metavar
        return listed if len(listed) <= 20 else "NAME"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Return the names that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self.names if name.startswith(incomplete)]


class Row(OneOf):
    """A row of a table, with settings in brackets where it has some."""

    def read(self, value: Any) -> str:
        """Return the name, as it was given."""
        if "(" not in str(value):
            return super().read(value)
        table: Any = self._names()
        try:
            return str(table[value].name)
        except SpecError as error:
            raise Hint(str(error)) from None


class BatchSize(Value):
    """Rows of a step; ``full`` is 0, all rows."""

    name = "rows"
    expected = "a whole number of at least 1, or full"
    toml = (int, str)

    def read(self, value: Any) -> int:
        """Return an int."""
        if value == "full":
            return 0
        return Whole(1).read(value)


class Devices(Value):
    """How many devices, or ``all``."""

    name = "number"
    expected = "a whole number of at least 1, or all"
    toml = (int, str)

    def read(self, value: Any) -> int | str:
        """Return an int, or all."""
        return "all" if value == "all" else Whole(1).read(value)


class Listed(Value):
    """Several values of one type, with commas between them; or the one word `word`."""

    def __init__(self, kind: Value, word: str = "") -> None:
        self.kind, self.word = kind, word
        self.name = f"{kind.name},..."
        self.expected = f"values with commas between them, each {kind.expected}"
        self.expected += f"; or {word}" if word else ""

    def read(self, value: Any) -> Any:
        """Return the list, or the word."""
        if self.word and value == self.word:
            return self.word
        return [self.kind.read(part.strip()) for part in str(value).split(",")]


class Validation(Value):
    """A share of the training rows, or the path of a table."""

    name = "share|file"
    expected = "a share from 0 to 0.9, or the path of a table"
    toml = (int, float, str)

    def read(self, value: Any) -> float | str:
        """Return a float or a path."""
        try:
            number = float(value)
        except ValueError:
            from pathlib import Path

            if Path(value).is_file():
                return str(value)
            raise Hint(f"there is no file '{value}'") from None
        return share().read(number)


class Layers(Value):
    """Hidden layers, as `network_for` reads them."""

    name = "layers"
    expected = "hidden layers such as '32 relu, 16 relu', or none"

    def read(self, value: Any) -> str:
        """Return the text."""
        from ..training.settings import network_for

        try:
            network_for(value, 1, 1, "identity")
        except SpecError as error:
            raise Hint(str(error)) from None
        return str(value)


class Delimiter(Value):
    """One character between cells; the word tab is a tab."""

    name = "character"
    expected = "one character other than a quote or a line end, or tab"

    def read(self, value: Any) -> str:
        """Return the character."""
        mark = "\t" if value in ("tab", "\\t") else str(value)
        if len(mark) != 1 or mark in '"\r\n\0':
            raise ValueError
        return mark


class Encoding(Value):
    """The name of a codec of text."""

    name = "name"
    expected = "a text encoding such as utf-8, utf-16 or latin-1"

    def read(self, value: Any) -> str:
        """Return the name."""
        import codecs

        try:
            "a".encode(codecs.lookup(value).name)
        except (LookupError, UnicodeError, TypeError):
            raise ValueError from None
        return str(value)


class Columns(Value):
    """A column's name; several may stand with commas between them."""

    name = "column"
    expected = "the name of a column"
    envvar_list_splitter = "\n"

    def read(self, value: Any) -> str:
        """Return the text."""
        if not str(value).strip():
            raise ValueError
        return str(value)


class Often(Value):
    """How often a checkpoint is written."""

    name = "text"
    expected = "a number of epochs, steps or minutes, as in '10 epochs', '500 steps', '5 minutes'"

    def read(self, value: Any) -> str:
        """Return the text."""
        from ..descent.checkpoint import Every

        Every.of(str(value))
        return str(value)


class Host(Value):
    """A name or an address to listen on."""

    name = "host"
    expected = "an address of this machine such as 127.0.0.1, or its name"

    def read(self, value: Any) -> str:
        """Return the text."""
        if not re.fullmatch(r"[\w.:-]{1,253}", str(value), re.ASCII):
            raise ValueError
        return str(value)


class Hosts(Value):
    """The machines of a training."""

    name = "text"
    expected = "auto, or hosts with commas between, as in alpha:4000,beta"

    def read(self, value: Any) -> str:
        """Return the text."""
        if not all(str(value).split(",")):
            raise ValueError
        return str(value)


class File(Value):
    """A path; the shell completes it."""

    name = "file"
    expected = "the path of a file"

    def read(self, value: Any) -> str:
        """Return the text."""
        if not str(value) or "\0" in str(value):
            raise ValueError
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Let the shell complete files."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]
