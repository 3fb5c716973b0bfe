"""Drawing: the few shapes of which everything on the terminal is made.

rich is imported here, and only when something is drawn. Every text goes through `clean`, for a
table's cells must not steer a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from .text import clean

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Screen"]

Row = Sequence[str]


class Screen:
    """A stream that people read: a terminal, or a file without colours.

    Parameters
    ----------
    stream
        Standard output, unless another is given.
    """

    def __init__(self, stream: Any = None) -> None:
        try:
            from rich.console import Console
        except ImportError:
            raise MissingExtraError("rich", "cli", "the command line") from None
        self.console: Console = Console(
            file=stream or sys.stdout, markup=False, highlight=False, emoji=False
        )

    @property
    def width(self) -> int:
        """Columns of characters."""
        return self.console.width

    def say(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """Print a text, wrapped."""
        from rich.padding import Padding

        drawn = clean(text, keep="\n")
        self.console.print(
            Padding(drawn, (0, 0, 0, indent)) if indent else drawn, style=style or None
        )

    def verbatim(self, text: str) -> None:
        """Print a line as it is, to be copied: never wrapped."""
        self.console.print(clean(text), soft_wrap=True)

    def title(self, text: str) -> None:
        """Print a heading after an empty line."""
        self.say()
        self.say(text, "bold")

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Print labelled texts, the labels in a column of their own; empty texts are left out."""
        from rich.table import Table

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="bold", no_wrap=True, min_width=9)
        grid.add_column(overflow="fold")
        for label, text in pairs:
            if text:
                grid.add_row(label, clean(text, keep="\n"))
        if grid.row_count:
            self.console.print(grid)

    def points(self, sentences: Iterable[str]) -> None:
        """Print sentences, each on a line of its own, marked."""
        from rich.table import Table

        grid = Table.grid(padding=(0, 1, 0, 0))
        for sentence in sentences:
            grid.add_row("  -", clean(sentence))
        if grid.row_count:
            self.console.print(grid)

    def table(self, head: Row, rows: Iterable[Row], *, numbers: Iterable[int] = ()) -> None:
        """Print rows under a head; the columns `numbers` are set to the right."""
        from rich.padding import Padding
        from rich.table import Table

        right = set(numbers)
        drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for place, name in enumerate(head):
            last = place == len(head) - 1 and place not in right
            drawn.add_column(
                clean(name),
                justify="right" if place in right else "left",
                overflow="fold",
                no_wrap=place in right,
                max_width=None if last else max(16, self.width // 2 - 4),
            )
        for row in rows:
            drawn.add_row(*(clean(cell) for cell in row))
        self.console.print(Padding(drawn, (0, 0, 0, 2)))
