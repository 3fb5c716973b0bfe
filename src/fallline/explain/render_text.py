"""Documents for a terminal: Unicode, wrapped to a width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from .document import Block, Bullets, Code, Document, Note, Paragraph, Svg, Table, Title, Words
from .maths import Equation, Maths
from .maths_text import pieces, text_of, text_of_equation

__all__ = ["spoken_text", "text", "width_of"]

_INDENT = "    "
_UNDERLINES = {1: "=", 2: "-"}


def text(document: Document, width: int = 100) -> str:
    """Return a document as text whose lines fit into a width, as far as its parts can be cut."""
    width = max(width, 20)
    parts = ["\n".join(_title(Title(document.title, 1), width))]
    parts += ["\n".join(_block(block, width)) for block in document.blocks]
    return "\n\n".join(part for part in parts if part)


def _block(block: Block, width: int) -> Iterator[str]:
    match block:
        case Title():
            yield from _title(block, width)
        case Paragraph(spoken):
            yield from _wrapped(spoken, width)
        case Note(spoken):
            yield from (f"│ {line}" for line in _wrapped(spoken, width - 2))
        case Equation():
            yield from _equation(block, width)
        case Bullets():
            yield from _bullets(block, width)
        case Table():
            yield from _table(block, width)
        case Code():
            yield from (f"{_INDENT}{_clean(line)}" for line in block.text.splitlines())
        case Svg():
            yield from _wrapped((f"[picture: {block.alt}]",), width)


def width_of(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
    marks = sum(bool(unicodedata.combining(letter)) for letter in line)
    return len(line) + wide - marks


def _clean(line: str) -> str:
    """Return a line without characters that could steer a terminal."""
    return "".join(
        letter if letter == "\t" or unicodedata.category(letter)[0] != "C" else "�"
        for letter in line
    )


def _title(title: Title, width: int) -> Iterator[str]:
    lines = list(_wrapped((title.text,), width))
    yield from lines
    mark = _UNDERLINES.get(title.level)
    if mark:
        yield mark * max(map(width_of, lines), default=0)


def spoken_text(spoken: Words) -> str:
    """Return running text with its formulas in one line."""
    parts = []
    for part in spoken:
        if isinstance(part, Equation):
            parts.append(text_of_equation(part))
        else:
            parts.append(text_of(part) if isinstance(part, Maths) else part)
    return _clean("".join(parts).replace("\n", " "))


def _wrapped(spoken: Words, width: int) -> Iterator[str]:
    """Yield lines broken at the spaces of the words."""
    line = ""
    for word in _unbroken(spoken, width):
        if line and width_of(line) + 1 + width_of(word) > width:
            yield line
            line = word
        else:
            line += f" {word}" if line else word
    if line:
        yield line


def _unbroken(spoken: Words, width: int) -> Iterator[str]:
    """Yield what no line is broken within: words, and formulas that fit into a line."""
    joined = ""
    for part in spoken:
        if isinstance(part, str):
            joined += part.replace("\n", " ")
        else:
            told = spoken_text((part,))
            joined += told.replace(" ", "\0") if width_of(told) <= width else told
    for word in joined.split(" "):
        if word:
            yield "".join(" " if letter == "\0" else _clean(letter) for letter in word)


def _equation(equation: Equation, width: int) -> Iterator[str]:
    whole = _clean(text_of_equation(equation))
    if width_of(_INDENT + whole) <= width:
        yield _INDENT + whole
        return
    left = _clean(text_of(equation.sides[0]))
    lead = _INDENT + left + " "
    if width_of(lead) > width // 2:
        yield lead.rstrip()
        lead = _INDENT * 2
    later = " " * width_of(lead)
    for at, (sign, side) in enumerate(zip(equation.signs, equation.sides[1:], strict=True)):
        before = (later if at else lead) + sign + " "
        yield from _side(side, before, width)


def _side(side: Maths, before: str, width: int) -> Iterator[str]:
    """Yield one side of an equation, cut before the signs of its terms where it is too long."""
    first, *others = map(_clean, pieces(side))
    line, later = before + first, " " * width_of(before)
    for piece in others:
        if width_of(line) + 1 + width_of(piece) > width:
            yield from _cut(line, later, width)
            line = later + piece
        else:
            line += f" {piece}"
    yield from _cut(line, later, width)


def _cut(line: str, later: str, width: int) -> Iterator[str]:
    """Yield a line in parts that fit, each after the first beginning with a sign."""
    while width_of(line) > width:
        found = _best_cut(line, len(later) + 2, width)
        if found is None:
            break
        yield line[:found].rstrip()
        line = f"{later}  {line[found:].lstrip()}"
    yield line


def _best_cut(line: str, start: int, end: int) -> int | None:
    """Return where a line is cut best: before the last sign that stands in the fewest brackets.

    A sum is cut between its terms before a factor is cut off one of them.
    """
    depth, best = 0, None
    for at, letter in enumerate(line[:end]):
        depth += (letter in "([{") - (letter in ")]}")
        other = line.startswith("else ", at)
        signed = letter in "+−" and line[at - 1] == line[at + 1 : at + 2] == " "
        factor = letter == "·" or (letter == "/" and line[at - 1] == ")" and line[at + 1] in "(√")
        cost = (depth - other, factor)  # the cases of a choice hold together
        if at > start and (other or signed or factor) and (best is None or cost <= best[0]):
            best = cost, at
    return None if best is None else best[1]


def _bullets(bullets: Bullets, width: int) -> Iterator[str]:
    for number, item in enumerate(bullets.items, 1):
        mark = f"{number}. " if bullets.numbered else "• "
        lines = list(_wrapped(item, width - len(mark) - 2)) or [""]
        for at, line in enumerate(lines):
            yield "  " + (mark if not at else " " * len(mark)) + line


def _table(table: Table, width: int) -> Iterator[str]:
    cells = [[spoken_text(cell) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(width_of(row[at]) for row in cells) for at in range(len(table.head))]
    if table.caption:
        yield from _wrapped((table.caption,), width)
    if sum(widths) + 2 * len(widths) - 2 > width:
        yield from _stacked(cells, width)
        return
    for at, row in enumerate(cells):
        yield "  ".join(
            _padded(cell, size, numeric)
            for cell, size, numeric in zip(row, widths, table.numeric, strict=True)
        ).rstrip()
        if not at:
            yield "  ".join("─" * size for size in widths)


def _stacked(cells: list[list[str]], width: int) -> Iterator[str]:
    """Yield a table that is too wide row by row, a line for each cell."""
    head, *rows = cells
    lead = max(map(width_of, head))
    for at, row in enumerate(rows):
        if at:
            yield ""
        for name, cell in zip(head, row, strict=True):
            lines = list(_wrapped((cell,), width - lead - 2)) or [""]
            for number, line in enumerate(lines):
                yield f"{_padded('' if number else name, lead, False)}  {line}"


def _padded(cell: str, size: int, numeric: bool) -> str:
    gap = " " * (size - width_of(cell))
    return gap + cell if numeric else cell + gap
