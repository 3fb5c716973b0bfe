"""The table of engines, and the choice among them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ..formulas.registry import Registry
from .protocol import Engine

__all__ = ["ENGINES", "EngineRow", "get_engine"]


@dataclass(frozen=True)
class EngineRow:
    """One engine: its name, what it is for, and how to make it."""

    name: str
    purpose: str
    make: Callable[[], Engine]


def _reference() -> Engine:
    from .reference import ReferenceEngine

    return ReferenceEngine()


ENGINES: Registry[EngineRow] = Registry(
    "engine",
    [EngineRow("reference", "NumPy: the definition, for reading and checking", _reference)],
    aliases={"auto": "reference"},
)


@cache
def get_engine(name: str = "auto") -> Engine:
    """Return the engine called `name`; ``"auto"`` is the fastest that this machine has.

    Raises
    ------
    SpecError
        For an unknown name, with a suggestion.
    """
    return ENGINES[name].make()
