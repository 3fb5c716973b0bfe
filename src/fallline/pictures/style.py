"""How every picture looks: colours, sizes, and the axes that a drawing is made on.

The colours of lines are those of Okabe and Ito (2008), which colour-blind eyes tell apart. Maps of
an error go from light (small) to dark (large), so that they read in grey too.
matplotlib is imported when a picture is drawn, and only its objects are used, never pyplot's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from ..errors import MissingExtraError, SpecError, suggest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = [
    "AREAS",
    "DARK",
    "LIGHT",
    "SIZE",
    "Style",
    "StyleName",
    "canvas",
    "diverging_map",
    "dress",
    "error_map",
    "new_figure",
    "style_named",
]

StyleName = Literal["light", "dark"]

SIZE = (6.4, 4.8)  # inches: a figure of one picture
DPI = 120

# From small to large: pale sand to deep blue, falling evenly in lightness.
_ERROR_STOPS = (
    "#f7f3e8",
    "#d9e3d8",
    "#a9cbd0",
    "#74a9c4",
    "#4580b0",
    "#285690",
    "#152f66",
    "#0a1638",
)
# From negative through nought to positive, for weights and residuals.
_NEGATIVE, _POSITIVE = "#b2541a", "#1f5fa8"


# Of areas that touch and fade, each told from the others by every kind of colour-blind eye.
AREAS = ("#56b4e9", "#d55e00", "#332288", "#f0e442", "#882255")


@dataclass(frozen=True)
class Style:
    """Colours of one look, light or dark.

    Attributes
    ----------
    name
        "light" or "dark".
    background, ink, faint
        Of the paper, of text and axes, and of grid lines and what stays behind.
    colours
        Of lines and points, in the order in which they are to be used.
    path, start, end, minimum
        Of a descent's path on a map, its two ends, and the dot at the lowest point.
    """

    name: StyleName
    background: str
    ink: str
    faint: str
    colours: tuple[str, ...]
    path: str
    start: str
    end: str
    minimum: str


LIGHT = Style(
    name="light",
    background="#ffffff",
    ink="#1f2430",
    faint="#c9cdd6",
    colours=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"),
    path="#d55e00",
    start="#e69f00",
    end="#d55e00",
    minimum="#000000",
)
DARK = Style(
    name="dark",
    background="#14171f",
    ink="#e6e8ee",
    faint="#4a5060",
    colours=("#56b4e9", "#e69f00", "#12956c", "#e39ac4", "#f0e442", "#f0813a", "#ffffff"),
    path="#e0660b",
    start="#e69f00",
    end="#e0660b",
    minimum="#000000",
)
_STYLES = {style.name: style for style in (LIGHT, DARK)}


def style_named(name: StyleName | Style) -> Style:
    """Return the style called `name`; a `Style` comes back as it is.

    Raises
    ------
    SpecError
        No style has that name.

    Examples
    --------
    >>> style_named("dark").name
    'dark'
    """
    if isinstance(name, Style):
        return name
    if name not in _STYLES:
        raise SpecError(f"style must be 'light' or 'dark', not {name!r}; {suggest(name, _STYLES)}")
    return _STYLES[name]


def new_figure(style: StyleName | Style = "light", size: tuple[float, float] = SIZE) -> Figure:
    """Return an empty figure of `size` inches, on the style's paper, that lays itself out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure_class()(
        figsize=size, dpi=DPI, layout="constrained", facecolor=style_named(style).background
    )
    FigureCanvasAgg(figure)  # so that it can be saved without any window system
    return figure


def canvas(
    ax: Axes | None,
    style: StyleName | Style = "light",
    size: tuple[float, float] = SIZE,
    projection: str | None = None,
) -> Axes:
    """Return the axes to draw on: `ax` as the user made them, or those of a new, dressed figure."""
    _figure_class()
    if ax is not None:
        return ax
    return dress(new_figure(style, size).add_subplot(projection=projection), style)


def dress(ax: Axes, style: StyleName | Style = "light") -> Axes:
    """Give axes the style's colours, and take away the frame's upper and right side."""
    look = style_named(style)
    ax.set_facecolor(look.background)
    ax.tick_params(colors=look.ink, which="both", labelsize=9)
    for side, spine in ax.spines.items():
        spine.set_color(look.ink)
        spine.set_visible(side not in ("top", "right"))
    for axis in _axes_of(ax):
        axis.label.set_color(look.ink)
    ax.title.set_color(look.ink)
    ax.title.set_fontsize(11)
    return ax


def error_map() -> Colormap:
    """Return the colours of an error: the darker, the larger."""
    return _between(_ERROR_STOPS, "fallline.error")


def diverging_map(style: StyleName | Style = "light") -> Colormap:
    """Return colours from negative (orange) through nought (the paper) to positive (blue)."""
    middle = "#f4f4f2" if style_named(style).name == "light" else "#262b36"
    return _between((_NEGATIVE, middle, _POSITIVE), "fallline.signed")


def _between(stops: tuple[str, ...], name: str) -> Colormap:
    _figure_class()
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(stops))


def _axes_of(ax: Axes) -> list[Any]:
    return [cast(Any, ax).xaxis, cast(Any, ax).yaxis, *([ax.zaxis] if hasattr(ax, "zaxis") else [])]


def _figure_class() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plots", "drawing pictures") from error
    return Figure
