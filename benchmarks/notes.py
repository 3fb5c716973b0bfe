"""What a reader of the results must know: who was left out or not ranked, and why."""

from __future__ import annotations

import sys

notes: list[str] = []


def note(text: str) -> None:
    """Print a line now, and keep it for the page."""
    notes.append(text)
    print(text, file=sys.stderr, flush=True)
