"""A figure as SVG to stand in a page: small, the same bytes each time, in light and in dark.

Letters stay letters (they can be searched and copied, and weigh a third of drawn outlines), set in
DejaVu Sans or the reader's own sans-serif. Places are rounded to a tenth of a point. What has
thousands of points, such as a cloud of rows, is put in as pixels, and the rest stays lines. Paper,
ink and the colours of lines follow the page's light or dark look, a cloud of one colour too; a map,
what is drawn on it, and its legend are the same in both.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ..errors import SpecError
from .style import DARK, LIGHT
from .svg_small import SVG, share_styles, shorten, unwrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["save_for_page", "svg_of"]

Element = ElementTree.Element

_LINK = "http://www.w3.org/1999/xlink"
_DPI = 140  # of what is put in as pixels
_HEAVY = 1200  # points from which on pixels are smaller than lines
_FULL, _FEW = 8000, 40  # of a figure's smaller clouds together, and the rows of a cloud
_ON_MAP = "on-map"
_FAMILY = re.compile(r" ?font-family:[^;]*;?")
_NOTHING: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_BOX = ("x", "y", "width", "height")
_NEAR, _OPAQUE, _STEP = 12, 64, 255 / 7  # of colours and opacities from 0 to 255

# What turns with the page, by its colour in light. White is left as it is inside, for there it is
# the colour of letters on dark; only its lines, around letters, are paper.
_TURNS = {
    LIGHT.ink: DARK.ink,
    LIGHT.faint: DARK.faint,
    **{LIGHT.colours[i]: DARK.colours[i] for i in (0, 2, 3)},
}
_INK = "var(--fl-0)"
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
    return _small(ElementTree.fromstring(file.getvalue()), name)


def save_for_page(figure: Figure, path: str | PathLike[str]) -> None:
    """Write a figure drawn in the light style as a file of SVG on paper that turns as its ink does.

    Raises
    ------
    SpecError
        When the file's name does not end in ``.svg``.
    """
    if Path(path).suffix.lower() != ".svg":
        raise SpecError(f"a picture for a page is SVG: end the file's name in .svg, not {path}")
    paper = f"</style><style>.fl-plot{{background:var(--fl-{len(_TURNS)})}}</style>"
    markup = svg_of(figure, Path(path).stem).replace("</style>", paper, 1)
    Path(path).write_text(f"{markup}\n", encoding="utf-8")


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
    """Mark what has many points, and what belongs to maps, for the time of a drawing."""
    before = [(artist, artist.get_gid(), artist.get_rasterized()) for artist in figure.findobj()]
    for artist in _heavy(figure):
        artist.set_rasterized(True)
    for artist in _of_maps(figure):
        artist.set_gid(_ON_MAP)
    try:
        yield
    finally:
        for artist, name, pixels in before:
            artist.set_gid(name)
            artist.set_rasterized(pixels)


def _heavy(figure: Figure) -> Iterator[Any]:
    """Yield what is smaller as pixels: what has many points, alone or together with its like."""
    import numpy as np

    every = {artist: _points(artist) for axes in figure.axes for artist in axes.collections}
    yield from (artist for artist, count in every.items() if count > _HEAVY)
    clouds = [a for a in every if np.shape(a.get_offsets())[0] > _FEW and every[a] <= _HEAVY]
    if sum(every[cloud] for cloud in clouds) > _FULL:
        yield from clouds
    for axes in figure.axes:
        if sum(map(_points, axes.lines)) > _HEAVY:
            yield from axes.lines


def _of_maps(figure: Figure) -> Iterator[Any]:
    """Yield what is drawn on maps, and the marks of their legends, wherever those stand."""
    maps = [axes for axes in figure.axes if _is_map(axes)]
    if not maps:
        return
    legends = list(figure.legends)
    figure.savefig(BytesIO(), format="svg")  # so that everything has its place, for this format
    for axes in maps:
        yield from (*axes.collections, *axes.lines, *axes.patches)
        yield from (text for text in axes.texts if _lies_on(text, axes))
        legend = axes.get_legend()
        if legend is not None and _lies_on(legend, axes):
            yield legend
        elif legend is not None:
            legends.append(legend)
    for legend in legends:
        yield from filter(None, legend.legend_handles)


def _lies_on(artist: Any, axes: Any) -> bool:
    box = artist.get_window_extent()
    return bool(axes.bbox.contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))


def _is_map(axes: Any) -> bool:
    return bool(axes.images) or any(map(_fills, axes.collections))


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


def _small(drawn: Element, name: str) -> str:
    """Return the markup of a drawing with what it can do without left out."""
    name = re.sub(r"\W", "-", name)
    still = {id(e) for e in _within(drawn, _ON_MAP)}
    framed = {id(e) for name in ("legend_", "pane3d_") for e in _within(drawn, name)}
    _drop(drawn, {f"{SVG}metadata", f"{SVG}style"})
    for place, (parent, image) in enumerate(_images(drawn)):
        _paint(parent, image, f"{name}-{place}", id(image) in still)
    used = set(
        re.findall(r"#([\w.-]+)", " ".join(v for e in drawn.iter() for v in e.attrib.values()))
    )
    shared = {id(e) for defs in drawn.iter(f"{SVG}defs") for e in defs.iter()}
    for element in drawn.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        shorten(element, 2 if id(element) in shared else 1)
        if "style" in element.attrib:
            style = _FAMILY.sub("", element.attrib["style"]).replace("; ", ";").replace(": ", ":")
            if id(element) not in still:
                black = element.tag == f"{SVG}text" and "fill:" not in style
                style = _turning(style, id(element) in framed) + black * f";fill:{_INK}"
            element.attrib["style"] = style
    unwrap(drawn)
    looks = ElementTree.Element(f"{SVG}style")
    looks.text = _STYLE + share_styles(drawn, f"{name}-s")
    drawn.set("class", "fl-plot")
    drawn.insert(0, looks)
    ElementTree.register_namespace("", SVG[1:-1])
    ElementTree.register_namespace("xlink", _LINK)
    return ElementTree.tostring(drawn, encoding="unicode")


def _drop(parent: Element, tags: set[str]) -> None:
    for child in list(parent):
        _drop(child, tags)
        if child.tag in tags or (child.tag == f"{SVG}defs" and not len(child)):
            parent.remove(child)


def _images(drawn: Element) -> list[tuple[Element, Element]]:
    return [(each, child) for each in drawn.iter() for child in each if child.tag == f"{SVG}image"]


def _paint(parent: Element, image: Element, name: str, still: bool) -> None:
    """Make an image small: of one colour that turns with the page, a mask for that colour."""
    from PIL import Image  # matplotlib needs it too

    data = b64decode(image.get(f"{{{_LINK}}}href", "").partition(",")[2])
    with Image.open(BytesIO(data)) as pixels:
        colour = None if still else _one_colour(pixels)
        if colour is None:
            _put(image, pixels.quantize(64, method=Image.Quantize.FASTOCTREE))
            return
        seen = pixels.convert("RGBA").getchannel("A")
        _put(image, seen.point([round(round(v / _STEP) * _STEP) for v in range(256)]))
    cover = ElementTree.Element(f"{SVG}rect", {n: image.get(n, "") for n in _BOX})
    cover.set("style", f"fill:{_TURNING[colour]}")
    if turn := image.attrib.pop("transform", ""):
        cover.set("transform", turn)
    cover.set("mask", f"url(#{name})")
    mask = ElementTree.Element(f"{SVG}mask", {"id": name})
    mask.append(image)
    place = list(parent).index(image)
    parent[place : place + 1] = [mask, cover]


def _one_colour(pixels: Any) -> str | None:
    """Return the colour of an image's points if it is one, and turns with the page."""
    import numpy as np

    seen = np.asarray(pixels.convert("RGBA")).reshape(-1, 4).astype(int)
    seen = seen[seen[:, 3] >= _OPAQUE, :3]
    for colour in _TURNING:
        own = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        if len(seen) and np.abs(seen - own).max() <= _NEAR:
            return colour
    return None


def _put(image: Element, pixels: Any) -> None:
    file = BytesIO()
    pixels.save(file, format="png", optimize=True)
    image.set(f"{{{_LINK}}}href", f"data:image/png;base64,{b64encode(file.getvalue()).decode()}")


def _turning(style: str, framed: bool) -> str:
    """Return a style whose colours are the page's; of white only lines, and frames."""
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
