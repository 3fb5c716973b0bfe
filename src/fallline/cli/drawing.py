"""What commands that draw have in common: the look, and the file that a picture goes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import DataError
from ..files import check_writable
from .option import F, option
from .values import File, OneOf
from .writing import refuse_same

__all__ = ["MOVING", "STILL", "check_picture", "picture_option", "style_option"]

STILL, MOVING = (".png", ".svg", ".pdf"), (".gif", ".mp4")


def picture_option(text: str) -> Callable[[F], F]:
    """Return the decorator that adds the option of a picture's file."""
    return option("output", "-o", "--output", type=File(), metavar="FILE", help=text)


def style_option(function: F) -> F:
    """Add the option of a picture's look."""
    decorate: Callable[[F], F] = option(
        "output",
        "--style",
        type=OneOf(lambda: ("light", "dark")),
        default="light",
        show_default=True,
        help="light or dark.",
    )
    return decorate(function)


def check_picture(path: str, endings: tuple[str, ...], *read: str | None) -> str:
    """Return the ending of a picture's file, once it can be written there.

    Raises
    ------
    DataError
        When the ending is none of these, the file is one that is read, or cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise DataError(f"the output must end in {', '.join(endings)}, not '{path}'")
    refuse_same(path, *(name for name in read if name is not None))
    check_writable(path)
    return ending
