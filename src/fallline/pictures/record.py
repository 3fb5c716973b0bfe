"""Records of arrays: shown in a line, and each equal to itself alone."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

__all__ = ["Record"]

_LONGEST = 60  # letters of a value


class Record:
    """What frozen dataclasses of arrays derive from, so that they can be shown and compared.

    ``repr`` tells of arrays their shape. Two records are equal where they are one: ``==`` of
    arrays gives arrays, and no hash.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Curve(Record):
    ...     name: str
    ...     points: np.ndarray
    >>> Curve("descent", np.zeros((1000, 2)))
    Curve(name='descent', points=<1000×2 float64>)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # In the class itself: there `dataclass` leaves them as they are.
        for name in ("__repr__", "__eq__", "__hash__"):
            setattr(cls, name, cls.__dict__.get(name, getattr(Record, name)))

    def __repr__(self) -> str:
        shown = (field.name for field in fields(self) if field.repr)  # type: ignore[arg-type]
        told = ", ".join(f"{name}={_told(getattr(self, name))}" for name in shown)
        return f"{type(self).__name__}({told})"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def _told(value: Any) -> str:
    """Return a value in a few letters."""
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, np.ndarray):
        return f"<{'×'.join(map(str, value.shape))} {value.dtype}>"
    text = repr(value) if isinstance(value, str | int | float | bool | None) else ""
    if isinstance(value, tuple) and all(isinstance(each, str | int | float) for each in value):
        text = repr(value)
    if 0 < len(text) <= _LONGEST:
        return text
    if isinstance(value, str):
        return f"{text[: _LONGEST - 3]}..."
    if isinstance(value, tuple | list | dict):
        return f"<{len(value)} in a {type(value).__name__}>"
    return f"<{type(value).__name__}>"
