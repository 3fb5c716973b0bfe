"""One lesson of the guided tour, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .setup import Setup

__all__ = ["Command", "Lesson", "Try", "play", "restart_with", "step"]

Command = Mapping[str, Any]
"""What a page may ask for, without its number: see ``protocol.ts``."""


@dataclass(frozen=True)
class Try:
    """A button: what it says, and what it asks for, in this order."""

    label: str
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes
    ----------
    name, title
        For links, and for people.
    text, ask
        What it is about, and what to look for.
    show
        Which views to bring to the front.
    setup
        What it begins with.
    speed
        Steps a second; None for as many as can be.
    tries
        Buttons.
    surface
        The plane of the map: ``along`` and ``span``, or None for what suits.
    focus
        The element whose formula is shown at first, if any.
    number, of
        Its place in the tour.
    """

    name: str
    title: str
    text: str
    ask: str
    show: tuple[str, ...]
    setup: Setup
    speed: float | None
    tries: tuple[Try, ...]
    surface: Mapping[str, Any] | None = None
    focus: str | None = None
    number: int = 0
    of: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the lesson as the page takes it."""
        return {
            "name": self.name,
            "title": self.title,
            "number": self.number,
            "of": self.of,
            "text": self.text,
            "ask": self.ask,
            "show": list(self.show),
            "focus": self.focus,
            "tries": [
                {"label": each.label, "commands": [dict(one) for one in each.commands]}
                for each in self.tries
            ],
        }


def play() -> Command:
    """Let it run."""
    return {"do": "play"}


def step(of: str = "batch") -> Command:
    """Take one step, or the steps of one epoch."""
    return {"do": "step", "of": of}


def restart_with(**changes: Any) -> Command:
    """Begin anew with other fields of the setup."""
    return {"do": "setup", "changes": changes}
