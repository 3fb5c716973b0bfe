"""A table of named rows, some with settings, that answers an unknown name with a suggestion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar, cast

from ..errors import SpecError, suggest
from .checks import Setting
from .own_name import OwnName

__all__ = ["Family", "Registry", "call_text", "read_call"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=_Named)


@dataclass(frozen=True)
class Family(Generic[Row]):
    """Rows that differ in settings: ``huber`` with its ``delta``.

    Attributes
    ----------
    name
        The plain name, which gives the row of the default settings.
    settings
        What can be set, with defaults and checks, in the order in which it is written.
    make
        ``make(**settings) -> row``; the row must be a dataclass with the fields ``name``,
        ``family`` and ``settings``, which the table fills in. It raises a SpecError where checked
        settings do not go together.
    """

    name: str
    settings: Mapping[str, Setting]
    make: Callable[..., Row]

    def row(self, given: Mapping[str, object]) -> Row:
        """Return the row of these settings, checked; the others have their defaults.

        Raises
        ------
        SpecError
            For an unknown setting, with the nearest known one, and for a value that cannot be.
        """
        for name in given:
            if name not in self.settings:
                raise SpecError(
                    f"{self.name} has no setting {name!r}; {suggest(name, self.settings)}"
                )
        values = {
            name: setting.read(f"{self.name}: {name}", given[name])
            if name in given
            else setting.default
            for name, setting in self.settings.items()
        }
        changed = {
            name: value for name, value in values.items() if value != self.settings[name].default
        }
        made: Any = self.make(**values)
        identity = {
            "name": call_text(self.name, changed),
            "family": self.name,
            "settings": MappingProxyType(values),
        }
        return cast(Row, replace(made, **identity))


class Registry(Mapping[str, Row], Generic[Row]):
    """A read-only mapping from names, and their aliases, to rows.

    A name may carry settings, ``"huber(delta=2.0)"``: then the row is bound to them, and its own
    name is the canonical text, without the settings that equal their defaults. Iteration and
    ``len`` go over plain names; aliases and settings are found by ``[]``, and aliases by ``in``.

    Parameters
    ----------
    kind
        What a row is, in the singular, for messages: ``"activation"``.
    rows
        The rows and families, in the order in which they are listed to people.
    aliases
        Other names for some of the rows.
    fallback
        Called with a text that is no row's name: returns the row that it describes, or None.

    Attributes
    ----------
    families
        The families by plain name: which rows can be set, and how.

    Examples
    --------
    >>> from fallline.formulas.activations import ACTIVATIONS
    >>> ACTIVATIONS["sigmoid"].name
    'logistic'
    >>> row = ACTIVATIONS["leaky_relu( slope=2e-1 )"]
    >>> row.name, row.family, dict(row.settings)
    ('leaky_relu(slope=0.2)', 'leaky_relu', {'slope': 0.2})
    """

    def __init__(
        self,
        kind: str,
        rows: Iterable[Row | Family[Row]],
        aliases: Mapping[str, str] | None = None,
        fallback: Callable[[str], Row | None] | None = None,
    ) -> None:
        self.kind = kind
        self.aliases = dict(aliases or {})
        self.fallback = fallback
        self.families: dict[str, Family[Row]] = {}
        self._rows: dict[str, Row] = {}
        for item in rows:
            if isinstance(item, Family):
                self.families[item.name] = item
                self._rows[item.name] = item.row({})
            else:
                self._rows[item.name] = item
        self._described = lru_cache(maxsize=256)(self._describe)

    def __getitem__(self, name: str) -> Row:
        if isinstance(name, OwnName) and name.kind == self.kind:
            return cast(Row, name.row)
        if isinstance(name, str):
            found = self._rows.get(self.aliases.get(name, name)) or self._described(name)
            if found is None and self.fallback:
                found = self.fallback(name)
            if found is not None:
                return found
        shown = name if not isinstance(name, str) or len(name) <= 200 else name[:200] + "..."
        raise SpecError(f"unknown {self.kind} {shown!r}; {self._hint(_plain_name(shown))}")

    def _hint(self, name: object) -> str:
        """Return what was probably meant: another name, or settings by their names."""
        family = self.families.get(self.aliases.get(name, name)) if isinstance(name, str) else None
        if family is None:
            return suggest(name, [*self._rows, *self.aliases])
        first, setting = next(iter(family.settings.items()))
        example = call_text(family.name, {first: setting.default})
        return f"settings are given by name, as in {example!r}; known: {', '.join(family.settings)}"

    def _describe(self, text: str) -> Row | None:
        """Return the row that a text with settings describes."""
        found = _CALL.fullmatch(text) if len(text) <= _LONGEST else None  # not a formula: f(z)
        name = self.aliases.get(found[1], found[1]) if found else ""
        if found and name in self.families:
            given = _settings(text, found[2])
            try:
                return self.families[name].row(given)
            except SpecError as error:
                raise SpecError(f"{self.kind} {error}") from None
        if found and name in self._rows:
            raise SpecError(f"{self.kind} {name} has no settings; write {name!r}")
        return None

    def __contains__(self, name: object) -> bool:
        return name in self._rows or name in self.aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


# --- names with settings, as text --------------------------------------------------------------
# Read with patterns of our own and not by Python's parser, which a hostile text can exhaust.

_LONGEST = 50_000  # characters
_NUMBER = r"[-+]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][-+]?\d{1,4})?"
_LITERAL = rf"{_NUMBER}|'[^'\\]*'|\"[^\"\\]*\"|True|False|None"
_CALL = re.compile(r"\s*([^\W\d]\w*)\s*\((\s*|\s*[^\W\d]\w*\s*=(?!=).*)\)\s*", re.DOTALL)
_SETTING = re.compile(rf"\s*([^\W\d]\w*)\s*=\s*({_LITERAL}|\[[^\[\]]*\])\s*(?:,|$)", re.DOTALL)
_ITEM = re.compile(rf"\s*({_LITERAL})\s*(?:,|$)")
_WORDS = {"True": True, "False": False, "None": None}


def call_text(name: str, settings: Mapping[str, Any]) -> str:
    """Return a name with settings as the text that a `Registry` reads back.

    Examples
    --------
    >>> call_text("quantile", {"levels": (0.1, 0.9)}), call_text("relu", {})
    ('quantile(levels=[0.1, 0.9])', 'relu')
    """
    written = ", ".join(f"{key}={_written(value)}" for key, value in settings.items())
    return f"{name}({written})" if written else name


def read_call(text: str) -> tuple[str, dict[str, object]]:
    """Return name and settings of a text that `call_text` wrote; a plain name has none.

    Raises
    ------
    SpecError
        When the settings cannot be read.

    Examples
    --------
    >>> read_call("sgd(momentum=0.5, nesterov=True)"), read_call("adam")
    (('sgd', {'momentum': 0.5, 'nesterov': True}), ('adam', {}))
    """
    found = _CALL.fullmatch(text) if len(text) <= _LONGEST else None
    return (found[1], _settings(text, found[2])) if found else (text, {})


def _written(value: Any) -> str:
    return repr(list(value)) if isinstance(value, tuple | list) else repr(value)


def _plain_name(name: object) -> object:
    return name.partition("(")[0].strip() if isinstance(name, str) else name


def _settings(text: str, inside: str) -> dict[str, object]:
    """Return the settings between the brackets of a text: ``delta=2.0, levels=[0.1, 0.9]``."""
    result: dict[str, object] = {}
    at = 0
    while inside[at:].strip():
        found = _SETTING.match(inside, at)
        if not found or found[1] in result:
            problem = f"{found[1]} is given twice" if found else f"at {inside[at:].strip()[:40]!r}"
            raise SpecError(
                f"cannot read the settings of {text[:200]!r} ({problem}); write them as in "
                "'huber(delta=2.0)' or 'quantile(levels=[0.1, 0.9])'"
            )
        result[found[1]] = _value(text, found[2])
        at = found.end()
    return result


def _value(text: str, written: str) -> object:
    if written in _WORDS:
        return _WORDS[written]
    if written[0] in "'\"":
        return written[1:-1]
    if written[0] != "[":
        digits = written.lstrip("+-")
        return int(written) if digits.isdecimal() and len(digits) < 19 else float(written)
    items, inside, at = [], written[1:-1], 0
    while inside[at:].strip():
        found = _ITEM.match(inside, at)
        if not found:
            raise SpecError(f"cannot read the list {written[:60]!r} in {text[:200]!r}")
        items.append(_value(text, found[1]))
        at = found.end()
    return tuple(items)
