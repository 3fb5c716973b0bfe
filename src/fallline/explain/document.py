"""Documents: what is explained, once, as blocks; shown as text, Markdown, LaTeX or HTML.

::

    from .document import Bullets, Code, Document, Note, Paragraph, Svg, Table, Title
    from .maths import Equation, Number, slope, symbol

    E, w = symbol("E"), symbol("w", "input", 0, "output", 0)
    page = Document("The rule of one unit", [
        Title("The error"),                                    # level 2 unless given; 2 to 4
        Paragraph("With ", w, ", the error E rises by ", slope(E, w), " for each unit of it."),
        Equation(slope(E, w), Number(0.24 * 0.15, "0.036")),   # a block of its own
        Table(["name", slope(E, w)], [[w, Number(0.5)]], caption="Each weight"),
        Bullets(["one thing", ("another, ", w)]),              # numbered=True: 1. 2. 3.
        Svg("<svg ...>...</svg>", "The network, with its weights at the edges"),
        Code("fallline trace model.fall data.csv --row 3"),
        Note("A kink: relu has no derivative at 0."),
    ])
    print(page.text); page.markdown; page.latex; page.html     # and itself in Jupyter
    page.to_text(width=120)

Wherever words stand, they are a string, a formula (``maths.Maths`` or ``Equation``), or a tuple of
strings and formulas. All strings are shown as they are: each format escapes them, so that names and
data of users can be handed over. Only `Svg` holds markup, which must be made of escaped parts.

In a table, columns whose cells are all numbers or formulas of numbers are set flush right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .maths import Equation, Maths

__all__ = [
    "Block",
    "Bullets",
    "Code",
    "Document",
    "Note",
    "Paragraph",
    "Svg",
    "Table",
    "Title",
    "Words",
    "words",
]

Words = tuple[str | Maths | Equation, ...]
"""Running text with formulas in it."""


def words(value: Any) -> Words:
    """Return a string, a formula, or several of both, as `Words`; a number as its digits."""
    if isinstance(value, tuple | list):
        return tuple(part for item in value for part in words(item))
    return (value,) if isinstance(value, str | Maths | Equation) else (str(value),)


@dataclass(frozen=True)
class Title:
    """A heading; level 2 is that of a section of the document."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    words: Words

    def __init__(self, *parts: Any) -> None:
        object.__setattr__(self, "words", words(parts))


@dataclass(frozen=True)
class Note:
    """A remark, set off from the text."""

    words: Words

    def __init__(self, *parts: Any) -> None:
        object.__setattr__(self, "words", words(parts))


@dataclass(frozen=True)
class Bullets:
    """A list of words, with bullets or numbers."""

    items: tuple[Words, ...]
    numbered: bool = False

    def __init__(self, items: Iterable[Any], numbered: bool = False) -> None:
        object.__setattr__(self, "items", tuple(map(words, items)))
        object.__setattr__(self, "numbered", numbered)


@dataclass(frozen=True)
class Table:
    """A table of words; every row has as many cells as the head."""

    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    caption: str = ""

    def __init__(
        self, head: Sequence[Any], rows: Iterable[Sequence[Any]], caption: str = ""
    ) -> None:
        object.__setattr__(self, "head", tuple(map(words, head)))
        object.__setattr__(self, "rows", tuple(tuple(map(words, row)) for row in rows))
        object.__setattr__(self, "caption", caption)
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError("each row of a table has as many cells as its head")

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether all its cells are numbers."""
        return tuple(
            bool(self.rows) and all(_is_number(row[at]) for row in self.rows)
            for at in range(len(self.head))
        )


def _is_number(cell: Words) -> bool:
    from .maths_text import text_of

    plain = "".join(part if isinstance(part, str) else "" for part in cell)
    plain += "".join(text_of(part) for part in cell if isinstance(part, Maths))
    stripped = plain.strip().lstrip("≈ ").replace("−", "-").replace(",", "")
    if stripped in ("", "-", "–"):
        return True
    try:
        float(stripped)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Svg:
    """A picture as SVG markup of our own, and what it shows in words, for where it cannot be."""

    markup: str
    alt: str


@dataclass(frozen=True)
class Code:
    """Lines of code or of a terminal, as they are."""

    text: str


Block = Title | Paragraph | Note | Bullets | Table | Svg | Code | Equation


@dataclass(frozen=True)
class Document:
    """A title and blocks, in one of four formats; in Jupyter it shows itself.

    Parameters
    ----------
    title
        What the page is about, in a line.
    blocks
        The blocks in their order.

    Examples
    --------
    >>> from fallline.explain.maths import symbol
    >>> page = Document("One unit", [Paragraph("Its net input is h:"),
    ...     Equation(symbol("h"), symbol("b") + symbol("w") * symbol("x"))])
    >>> print(page)
    One unit
    ========
    <BLANKLINE>
    Its net input is h:
    <BLANKLINE>
        h = b + w·x
    """

    title: str
    blocks: tuple[Block, ...]

    def __init__(self, title: str, blocks: Iterable[Block]) -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "blocks", tuple(blocks))

    def to_text(self, width: int = 100) -> str:
        """Return the document for a terminal of so many columns, in Unicode."""
        from .render_text import text

        return text(self, width)

    @property
    def text(self) -> str:
        """The document for a terminal of 100 columns, in Unicode."""
        return self.to_text()

    @property
    def markdown(self) -> str:
        """The document in Markdown, formulas as LaTeX between dollar signs."""
        from .render_markdown import markdown

        return markdown(self)

    @property
    def latex(self) -> str:
        """The document as a LaTeX file that compiles by itself."""
        from .render_latex import latex

        return latex(self)

    @property
    def html(self) -> str:
        """The document as a page of HTML, formulas in MathML, which needs nothing else."""
        from .render_html import page

        return page(self)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from .render_html import fragment

        return fragment(self)

    def _repr_markdown_(self) -> str:
        return self.markdown

    def _repr_latex_(self) -> str:
        from .render_latex import body

        return body(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text)
