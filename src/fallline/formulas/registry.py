"""A table of named rows that answers an unknown name with a suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from ..errors import SpecError, suggest

__all__ = ["Registry"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=_Named)


class Registry(Mapping[str, Row], Generic[Row]):
    """A read-only mapping from names, and their aliases, to rows.

    Iteration and ``len`` go over the rows' own names; aliases are found by ``[]`` and ``in`` only.

    Parameters
    ----------
    kind
        What a row is, in the singular, for messages: ``"activation"``.
    rows
        The rows, in the order in which they are listed to people.
    aliases
        Other names for some of the rows.

    Examples
    --------
    >>> from fallline.formulas.activations import ACTIVATIONS
    >>> ACTIVATIONS["sigmoid"].name
    'logistic'
    """

    def __init__(
        self, kind: str, rows: Iterable[Row], aliases: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self.aliases = dict(aliases or {})
        self._rows = {row.name: row for row in rows}

    def __getitem__(self, name: str) -> Row:
        found = self._rows.get(self.aliases.get(name, name)) if isinstance(name, str) else None
        if found is None:
            known = [*self._rows, *self.aliases]
            raise SpecError(f"unknown {self.kind} {name!r}; {suggest(name, known)}")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._rows or name in self.aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
