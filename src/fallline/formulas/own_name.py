"""Names of formulas and functions that users bring: texts that carry the row that they name.

A table finds its rows by name. What a user brings is in no table, so its name brings its row along:
networks and plans hold the name as they hold any other, and nothing that another network or file
does can change what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

__all__ = ["Kind", "OwnName", "own_rows"]

Kind = Literal["activation", "loss"]


class OwnName(str):
    """The name of a row that is in no table, with the row.

    Attributes
    ----------
    kind
        Of which table it would be a row.
    row
        The row; its own `name` is this.
    plain
        Plain data from which the row can be made again; None for a Python function.
    """

    kind: Kind
    row: Any
    plain: Mapping[str, Any] | None

    @classmethod
    def of(cls, text: str, kind: Kind, plain: Mapping[str, Any] | None) -> OwnName:
        """Return a name whose `row` is still to be set."""
        name = cls(text)
        name.kind, name.plain = kind, plain
        return name

    def __copy__(self) -> OwnName:
        return self

    def __deepcopy__(self, memo: object) -> OwnName:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from .custom import name_from_json

        if self.plain is None:
            raise TypeError(
                f"the {self.kind} '{self}' is a Python function, which stays in its own process; "
                "write it as a formula, in text"
            )
        return name_from_json, (self.kind, self.plain)


def own_rows(kind: Kind) -> Callable[[str], Any]:
    """Return the `fallback` of a table: it finds what users brought, and reads formulas."""

    def row(text: str) -> Any:
        from .custom import row_of  # on first use: tables of names stay cheap to load

        return row_of(kind, text)

    return row
