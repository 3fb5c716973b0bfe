"""Tables and numbers as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NONE = "–"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def number(value: float) -> str:
    """Return three digits, or all digits before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def quartiles(values: Mapping[str, float]) -> list[str]:
    """Return the median, and the quartiles around it."""
    return [number(values["median"]), f"{number(values['low'])} to {number(values['high'])}"]
