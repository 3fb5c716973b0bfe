"""Documents in HTML with MathML: one page that needs no network, light or dark, fit to print."""

from __future__ import annotations

from html import escape

from .document import Block, Bullets, Code, Document, Note, Paragraph, Svg, Table, Title, Words
from .maths import Equation, Maths
from .maths_mathml import mathml_of, mathml_of_equation
from .maths_text import text_of, text_of_equation

__all__ = ["STYLE", "fragment", "page"]

STYLE = """
.fallline { max-width: 56rem; line-height: 1.5; }
.fallline h1 { font-size: 1.6em; line-height: 1.2; }
.fallline h2 { font-size: 1.25em; margin-top: 1.8em; border-bottom: 1px solid #8886; }
.fallline h3 { font-size: 1.05em; margin-top: 1.4em; }
.fallline math { font-size: 1.08em; }
.fallline .equation { margin: .8em 0 .8em 1.5em; overflow-x: auto; overflow-y: hidden; }
.fallline .equation math { display: inline-block; }
.fallline mtd { padding: .25em .2em; }
.fallline mtd.left { text-align: right; }
.fallline mtd.right { text-align: left; }
.fallline .table { overflow-x: auto; }
.fallline table { border-collapse: collapse; margin: .8em 0; }
.fallline caption { text-align: left; padding: .3em 0; font-style: italic; white-space: nowrap; }
.fallline th, .fallline td { padding: .25em .8em .25em 0; text-align: left;
  vertical-align: baseline; border-bottom: 1px solid #8884; }
.fallline .number { text-align: right; font-variant-numeric: tabular-nums; }
.fallline .note { border-left: 3px solid #c80; padding: .1em 1em; margin: .8em 0; }
.fallline pre { padding: .6em 1em; background: #8881; overflow-x: auto; }
.fallline figure { margin: 1em 0; }
.fallline svg { max-width: 100%; height: auto; }
@media print { .fallline h2, .fallline h3, .fallline p:has(+ figure) { break-after: avoid; }
  .fallline .equation { overflow: visible; font-size: .72em; margin-left: 0; }
  .fallline .equation, .fallline tr, .fallline figure { break-inside: avoid; } }
"""
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 56rem; padding: 0 1rem; background: #fff; color: #1a1a1a;
  font-family: system-ui, "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } }
@media print { body { margin: 0; background: #fff; color: #000; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(document: Document) -> str:
    """Return a document as a whole page, which loads nothing and runs nothing."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{_PAGE_STYLE}</style>\n</head>\n<body>\n"
        f"{fragment(document)}\n</body>\n</html>\n"
    )


def fragment(document: Document) -> str:
    """Return a document as HTML to stand within a page, as in a notebook."""
    blocks = "\n".join([f"<h1>{escape(document.title)}</h1>", *map(_block, document.blocks)])
    return f'<div class="fallline">\n<style>{STYLE}</style>\n{blocks}\n</div>'


def _block(block: Block) -> str:
    match block:
        case Title(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(spoken):
            return f"<p>{_spoken(spoken)}</p>"
        case Note(spoken):
            return f'<div class="note"><p>{_spoken(spoken)}</p></div>'
        case Equation():
            label = escape(text_of_equation(block), quote=True)
            inside = mathml_of_equation(block)
            return (
                f'<div class="equation"><math display="block" alttext="{label}">{inside}</math>'
                "</div>"
            )
        case Bullets(items, numbered):
            kind = "ol" if numbered else "ul"
            told = "".join(f"<li>{_spoken(item, large=True)}</li>" for item in items)
            return f"<{kind}>{told}</{kind}>"
        case Table():
            return _table(block)
        case Svg(markup, alt):
            label = escape(alt, quote=True)
            return f'<figure role="img" aria-label="{label}">{markup}</figure>'
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
    raise TypeError(f"no block is a {type(block).__name__}")


def _spoken(spoken: Words, *, large: bool = False) -> str:
    """Return running text; `large` where a line has room for fractions in full size."""
    style = ' displaystyle="true"' if large else ""
    parts = []
    for part in spoken:
        if isinstance(part, Equation):
            label = escape(text_of_equation(part), quote=True)
            sides = [mathml_of(side) for side in part.sides]
            told = sides[0] + "".join(
                f"<mo>{escape(sign)}</mo>{side}"
                for sign, side in zip(part.signs, sides[1:], strict=True)
            )
            parts.append(f'<math{style} alttext="{label}"><mrow>{told}</mrow></math>')
        elif isinstance(part, Maths):
            label = escape(text_of(part), quote=True)
            parts.append(f'<math{style} alttext="{label}">{mathml_of(part)}</math>')
        else:
            parts.append(escape(part))
    return "".join(parts)


def _table(table: Table) -> str:
    def line(cells: tuple[Words, ...], tag: str) -> str:
        told = "".join(
            f"<{tag}{' class=number' if numeric else ''}>{_spoken(cell, large=True)}</{tag}>"
            for cell, numeric in zip(cells, table.numeric, strict=True)
        )
        return f"<tr>{told}</tr>"

    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    rows = "".join(line(row, "td") for row in table.rows)
    return (
        f'<div class="table"><table>{caption}<thead>{line(table.head, "th")}</thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
