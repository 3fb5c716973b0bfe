"""A figure as SVG to stand in a page: small, the same bytes each time, in light and in dark.

Letters stay letters (they can be searched and copied, and weigh a third of drawn outlines), set in
DejaVu Sans or the reader's own sans-serif. Places are rounded to a tenth of a point. What has
thousands of points, such as a cloud of rows, is put in as pixels, and the rest stays lines. Paper,
ink and the colours of lines follow the page's light or dark look; a map, and what is drawn on it,
are the same in both.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ..pictures.style import DARK, LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["save_figure", "svg_of"]

Element = ElementTree.Element

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_DPI = 140  # of what is put in as pixels
_HEAVY = 1200  # points from which on pixels are smaller than lines
_ON_MAP = "on-map"
_LONG = re.compile(r"-?\d+\.\d{2,}")
_FAMILY = re.compile(r" ?font-family:[^;]*;?")
_NOTHING: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_PLACES = {"d", "x", "y", "transform", "points", "width", "height"}

# What turns with the page, by its colour in light. White is left as it is inside, for there it is
# the colour of letters on dark; only its lines, around letters, are paper.
_TURNS = {
    LIGHT.ink: DARK.ink,
    LIGHT.faint: DARK.faint,
    **{LIGHT.colours[i]: DARK.colours[i] for i in (0, 2, 3)},
}
_TURNING = {colour: f"var(--fl-{place})" for place, colour in enumerate(_TURNS)}


def _look(dark: bool) -> str:
    pairs = [*_TURNS.items(), (LIGHT.background, DARK.background)]
    return ";".join(f"--fl-{place}:{pair[dark]}" for place, pair in enumerate(pairs))


_STYLE = (
    f".fl-plot{{{_look(False)};font-family:'DejaVu Sans',system-ui,sans-serif;"
    "stroke-linejoin:round;stroke-linecap:butt;max-width:100%;height:auto}"
    f"@media screen and (prefers-color-scheme:dark){{.fl-plot{{{_look(True)}}}}}"
)


def svg_of(figure: Figure, name: str) -> str:
    """Return a figure drawn in the light style as SVG markup.

    Parameters
    ----------
    figure
        The figure; its paper becomes the page's.
    name
        Of the picture: no other in the page has it, so that its parts have names of their own.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    file = StringIO()
    with _settings(name), _marked(figure):
        figure.savefig(file, format="svg", metadata=_NOTHING, transparent=True, dpi=_DPI)
    return _small(ElementTree.fromstring(file.getvalue()))


def save_figure(figure: Figure, path: str | Path, form: str, dpi: int) -> None:
    """Write a figure as it is, in the format ``"png"``, ``"svg"`` or ``"pdf"``: no date in it."""
    undated: Any = {"svg": _NOTHING, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    with _settings("fallline"):
        figure.savefig(path, format=form, dpi=dpi, metadata=undated[form])


def _settings(salt: str) -> Any:
    """Return the context in which letters stay letters, and names of parts come out the same."""
    import matplotlib

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "path.simplify": True,
        "path.simplify_threshold": 0.2,
    }
    return matplotlib.rc_context(settings)


@contextmanager
def _marked(figure: Figure) -> Iterator[None]:
    """Mark what has many points, and what is drawn on maps, for the time of a drawing."""
    before = []
    for axes in figure.axes:
        on_map = bool(axes.images) or any(map(_fills, axes.collections))
        points = {artist: _points(artist) for artist in (*axes.collections, *axes.lines)}
        crowd = sum(points[line] for line in axes.lines) > _HEAVY
        for artist in (*points, *axes.texts, *axes.patches):
            before.append((artist, artist.get_gid(), artist.get_rasterized()))
            if points.get(artist, 0) > _HEAVY or (crowd and artist in axes.lines):
                artist.set_rasterized(True)
            if on_map:
                artist.set_gid(_ON_MAP)
    yield
    for artist, name, pixels in before:
        artist.set_gid(name)
        artist.set_rasterized(pixels)


def _fills(collection: Any) -> bool:
    from matplotlib.collections import QuadMesh
    from matplotlib.contour import ContourSet

    return isinstance(collection, QuadMesh) or (
        isinstance(collection, ContourSet) and bool(collection.filled)
    )


def _points(artist: Any) -> int:
    """Return about how many places an artist's markup has."""
    if not hasattr(artist, "get_paths"):
        return len(artist.get_xydata())
    corners = sum(len(path.vertices) for path in artist.get_paths())
    return max(corners, 5 * len(artist.get_offsets()))  # a marker's place weighs more


def _small(drawn: Element) -> str:
    """Return the markup of a drawing with what it can do without left out."""
    still = {id(e) for e in _within(drawn, _ON_MAP)}
    framed = {id(e) for e in _within(drawn, "legend_")}
    for image in drawn.iter(f"{{{_SVG}}}image"):
        image.set(f"{{{_LINK}}}href", _fewer_colours(image.get(f"{{{_LINK}}}href", "")))
    _drop(drawn, {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"})
    used = set(
        re.findall(r"#([\w.-]+)", " ".join(v for e in drawn.iter() for v in e.attrib.values()))
    )
    shared = {id(e) for defs in drawn.iter(f"{{{_SVG}}}defs") for e in defs.iter()}
    for element in drawn.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        _shorten(element, 2 if id(element) in shared else 1)
        if "style" in element.attrib:
            style = _FAMILY.sub("", element.attrib["style"]).replace("; ", ";").replace(": ", ":")
            kept = id(element) in still
            element.attrib["style"] = style if kept else _turning(style, id(element) in framed)
    _unwrap(drawn)
    drawn.set("class", "fl-plot")
    looks = ElementTree.Element(f"{{{_SVG}}}style")
    looks.text = _STYLE
    drawn.insert(0, looks)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    return ElementTree.tostring(drawn, encoding="unicode")


def _drop(parent: Element, tags: set[str]) -> None:
    for child in list(parent):
        _drop(child, tags)
        if child.tag in tags or (child.tag == f"{{{_SVG}}}defs" and not len(child)):
            parent.remove(child)


def _shorten(element: Element, digits: int) -> None:
    """Round places, and take out the spaces between elements."""
    for name in _PLACES & element.attrib.keys():
        text = _LONG.sub(lambda found: _rounded(found[0], digits), element.attrib[name])
        element.attrib[name] = " ".join(text.split()).replace("rotate(-0", "rotate(0")
    if (element.text or "").isspace() and element.tag != f"{{{_SVG}}}tspan":
        element.text = None
    if (element.tail or "").isspace():
        element.tail = None


def _fewer_colours(link: str) -> str:
    """Return an image's link with its pixels in 64 colours, at about a third of the size."""
    from PIL import Image  # matplotlib needs it too

    file = BytesIO()
    with Image.open(BytesIO(b64decode(link.partition(",")[2]))) as image:
        few = image.quantize(64, method=Image.Quantize.FASTOCTREE)
        few.save(file, format="png", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def _turning(style: str, framed: bool) -> str:
    """Return a style whose colours are the page's; of white only lines and the legend's frame."""
    for what in ("stroke", "fill") if framed else ("stroke",):
        style = style.replace(f"{what}:{LIGHT.background}", f"{what}:var(--fl-{len(_TURNS)})")
    for colour, turning in _TURNING.items():
        style = style.replace(colour, turning)
    return style


def _within(drawn: Element, name: str) -> Iterator[Element]:
    """Yield the elements of the groups whose name begins so."""
    for group in drawn.iter():
        if group.get("id", "").startswith(name):
            yield from group.iter()


def _rounded(number: str, digits: int) -> str:
    return f"{float(number):.{digits}f}".rstrip("0").rstrip(".")


def _unwrap(parent: Element) -> None:
    """Take groups that say nothing out of the way of what they hold."""
    for child in list(parent):
        _unwrap(child)
        if child.tag == f"{{{_SVG}}}g" and not child.attrib:
            place = list(parent).index(child)
            parent.remove(child)
            for offset, inner in enumerate(child):
                parent.insert(place + offset, inner)
