r"""Documents in LaTeX: a file that compiles by itself, or what stands in its body."""

from __future__ import annotations

from .document import Block, Bullets, Code, Document, Note, Paragraph, Svg, Table, Title, Words
from .latex_escape import escaped
from .maths import Equation, Maths
from .maths_latex import aligned, latex_of, latex_of_equation

__all__ = ["body", "latex"]

_HEAD = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\usepackage{longtable,array}
\usepackage[margin=25mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\allowdisplaybreaks
\sloppy
\begin{document}
"""
_LEVELS = {1: "section*", 2: "subsection*", 3: "subsubsection*"}


def latex(document: Document) -> str:
    """Return a document as a whole LaTeX file."""
    return f"{_HEAD}{body(document)}\n\\end{{document}}\n"


def body(document: Document) -> str:
    """Return a document as LaTeX to stand within another's body."""
    return "\n\n".join([_block(Title(document.title, 1)), *map(_block, document.blocks)])


def _block(block: Block) -> str:
    match block:
        case Title(text, level):
            return rf"\{_LEVELS.get(level, 'paragraph*')}{{{escaped(text)}}}"
        case Paragraph(spoken):
            return _spoken(spoken)
        case Note(spoken):
            return f"\\begin{{quote}}\n{_spoken(spoken)}\n\\end{{quote}}"
        case Equation():
            return f"\\begin{{align*}}\n{aligned(block)}\n\\end{{align*}}"
        case Bullets(items, numbered):
            kind = "enumerate" if numbered else "itemize"
            lines = "\n".join(rf"\item {{}}{_spoken(item)}" for item in items)
            return f"\\begin{{{kind}}}\n{lines}\n\\end{{{kind}}}"
        case Table():
            return _table(block)
        case Svg(_, alt):
            return rf"\emph{{(Picture: {escaped(alt)})}}"
        case Code(text):
            lines = " \\\\\n".join(rf"\texttt{{{_code(line)}}}" for line in text.splitlines())
            return f"\\begin{{quote}}\n{lines}\n\\end{{quote}}"
    raise TypeError(f"no block is a {type(block).__name__}")


def _code(line: str) -> str:
    return escaped(line).replace("  ", r"\ \ ").replace("-", "{-}")


def _spoken(spoken: Words) -> str:
    parts = []
    for part in spoken:
        if isinstance(part, Equation):
            parts.append(f"${latex_of_equation(part)}$")
        else:
            parts.append(f"${latex_of(part)}$" if isinstance(part, Maths) else escaped(part))
    return "".join(parts)


def _table(table: Table) -> str:
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    caption = f"{escaped(table.caption)}\n\n" if table.caption else ""
    head, *rows = (" & ".join(map(_spoken, row)) + r" \\" for row in (table.head, *table.rows))
    lines = "\n".join([head, r"\hline", *rows])
    return f"{caption}\\begin{{longtable}}{{{columns}}}\n{lines}\n\\end{{longtable}}"
