r"""Documents in Markdown (CommonMark with tables), formulas in LaTeX between dollar signs."""

from __future__ import annotations

import base64
import re

from .document import Block, Bullets, Code, Document, Note, Paragraph, Svg, Table, Title, Words
from .maths import Equation, Maths
from .maths_latex import aligned, latex_of, latex_of_equation

__all__ = ["markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&^-])")


def markdown(document: Document) -> str:
    """Return a document in Markdown."""
    parts = [f"# {escaped(document.title)}", *map(_block, document.blocks)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return any text as Markdown that shows it.

    >>> print(escaped("a_b *c* <script>"))
    a\_b \*c\* \<script\>
    """
    one_line = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    # A minus or plus is special only where it begins a line, a bracket only in links.
    return re.sub(r"\\([()+{}!^-])", r"\1", _SPECIAL.sub(r"\\\1", one_line))


def _block(block: Block) -> str:
    match block:
        case Title(text, level):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(spoken):
            return _start(_spoken(spoken))
        case Note(spoken):
            return f"> {_start(_spoken(spoken))}"
        case Equation():
            return f"$$\n{_displayed(block)}\n$$"
        case Bullets(items, numbered):
            marks = [f"{n}." if numbered else "-" for n in range(1, len(items) + 1)]
            return "\n".join(
                f"{mark} {_start(_spoken(item))}" for mark, item in zip(marks, items, strict=True)
            )
        case Table():
            return _table(block)
        case Svg(markup, alt):
            return f"![{escaped(alt)}](data:image/svg+xml;base64,{_base64(markup)})"
        case Code(text):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}text\n{text}\n{fence}"
    raise TypeError(f"no block is a {type(block).__name__}")


def _start(text: str) -> str:
    """Return a line that cannot be taken for a list or a heading."""
    text = re.sub(r"^(\s*)([-+=])", r"\1\\\2", text)
    return re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", text)


def _displayed(equation: Equation) -> str:
    if len(equation.sides) < 3:
        return latex_of_equation(equation)
    return f"\\begin{{aligned}}\n{aligned(equation)}\n\\end{{aligned}}"


def _spoken(spoken: Words) -> str:
    parts = []
    for part in spoken:
        if isinstance(part, Equation):
            parts.append(f"${latex_of_equation(part)}$")
        else:
            parts.append(f"${latex_of(part)}$" if isinstance(part, Maths) else escaped(part))
    return "".join(parts)


def _table(table: Table) -> str:
    def line(cells: tuple[Words, ...]) -> str:
        return "| " + " | ".join(_cell(cell) for cell in cells) + " |"

    rule = "|" + "|".join("---:" if numeric else "---" for numeric in table.numeric) + "|"
    lines = [line(table.head), rule, *map(line, table.rows)]
    return "\n".join(([f"*{escaped(table.caption)}*", ""] if table.caption else []) + lines)


def _cell(cell: Words) -> str:
    """Return a cell; an upright bar in a formula would end it."""
    parts = []
    for part in cell:
        if isinstance(part, Maths | Equation):
            parts.append(_spoken((part,)).replace("\\left|", r"\lvert ").replace(
                "\\right|", r" \rvert "))  # fmt: skip
        else:
            parts.append(escaped(part))
    return "".join(parts)


def _base64(markup: str) -> str:
    return base64.b64encode(markup.encode()).decode()
