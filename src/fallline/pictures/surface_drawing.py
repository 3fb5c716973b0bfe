"""An error surface drawn as a map: contours, the path of a descent, and what is known of points."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import SpecError
from .axes import legend_below, plain_ticks
from .contour_labels import label_lines
from .critical import CriticalPoint, Grid, is_flat
from .levels import Scale, levels_of, line_colours, norm_of
from .style import Style, StyleName, canvas, error_map, style_named
from .words import error_text, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from .surface import PathOnPlane, Surface

__all__ = [
    "draw_contours",
    "draw_lowest",
    "draw_map",
    "draw_path",
    "ends_of",
    "lowest_text",
    "title_of",
]

_WIDTH, _BESIDE, _ABOVE = 7.2, 1.75, 1.35
"""Inches: of the figure, of what stands beside its map, and of what stands above and below it."""

_EQUAL = (0.4, 2.5)
"""Heights of a map, in its widths, at which both its axes have one scale."""

_SHADES, _ARROWS = 6, 13
"""Shades between two contour lines; arrows along each side of a map."""

_MOST_DOTS = 150
"""Steps of a path beyond which only its line is drawn."""

_MARKS = {"minimum": ("o", "local minimum"), "saddle": ("X", "saddle"), "maximum": ("^", "maximum")}


def draw_map(
    surface: Surface,
    ax: Axes | None,
    arrows: bool,
    steepest_at: tuple[float, float] | None,
    levels: int,
    scale: Scale,
    style: StyleName | Style,
) -> Axes:
    """Draw a surface as `Surface.plot` says; return the axes."""
    look, given = style_named(style), ax is not None
    ax = canvas(ax, look, _size(surface))
    _keep_shape(ax, surface.grid)
    path = surface.path
    busy = np.array(
        [[surface.minimum.x, surface.minimum.y], *([] if path is None else path.points)]
    )
    filled = draw_contours(
        ax, surface.grid, surface.errors, levels, scale, look, bar=not given, avoid=busy
    )
    if arrows:
        _draw_arrows(ax, surface)
    if path is not None:
        draw_path(ax, path, look, filled)
    _draw_points(ax, surface)
    if steepest_at is not None:
        _draw_steepest(ax, surface, steepest_at, look)
    ax.set_xlabel(surface.plane.labels[0])
    ax.set_ylabel("\n".join(wrap(surface.plane.labels[1], 42)))
    ax.set_title(title_of(surface), loc="left", fontsize=9, color=look.ink)
    if not np.isfinite(surface.errors).all():
        _draw_holes(ax, look)
    plain_ticks(ax)
    legend_below(ax, look)
    return ax


def draw_contours(
    ax: Axes,
    grid: Grid,
    errors: Floats,
    levels: int = 12,
    scale: Scale = "auto",
    style: StyleName | Style = "light",
    bar: bool = True,
    avoid: Floats | None = None,
) -> Any:
    """Fill a map of errors, the darker the larger, and draw labelled contour lines on it.

    Parameters
    ----------
    ax
        Where to draw.
    grid, errors
        Coordinates, and (q, m) the errors there.
    levels, scale
        About how many lines, and how they are spaced: see `levels_of`.
    bar
        Whether to add a scale of colours beside it.
    avoid
        (m, 2) places that labels of lines leave free.

    Returns
    -------
    QuadContourSet
        The filled contours.
    """
    look = style_named(style)
    shown = np.ma.masked_invalid(errors)
    lines = levels_of(errors, levels, scale)
    norm = norm_of(errors, lines)
    filled = ax.contourf(grid.x, grid.y, shown, _bands(errors, lines), cmap=error_map(), norm=norm)
    filled.set_edgecolor("face")  # no seams between the fills
    filled.set_rasterized(True)  # pixels in PDF and SVG, a tenth of the size; lines stay lines
    drawn = ax.contour(grid.x, grid.y, shown, lines, linewidths=0.6, colors=line_colours(lines))
    ax.set_xlim(grid.x[0], grid.x[-1])
    ax.set_ylim(grid.y[0], grid.y[-1])
    label_lines(ax, drawn, np.empty((0, 2)) if avoid is None else avoid)
    if bar:
        # Beside the map itself, so that it is as high as the map, whatever the shape of that.
        beside = ax.inset_axes((1.03, 0.0, 0.035, 1.0))
        told = lines.mean(keepdims=True) if is_flat(errors) else lines
        scaled = ax.figure.colorbar(filled, cax=beside, ticks=told)
        scaled.set_label("error J", color=look.ink)
        beside.set_yticks(told, [number(value, 6) for value in told])
        beside.minorticks_off()
        beside.tick_params(colors=look.ink, labelsize=8)
        scaled.outline.set_visible(False)
    return filled


def title_of(surface: Surface) -> str:
    """Return what stands above a picture: its honest notes, in short lines."""
    return "\n".join(line for note in surface.notes for line in wrap(note, 86))


def draw_path(
    ax: Axes, path: PathOnPlane, style: StyleName | Style = "light", filled: Any = None
) -> None:
    """Draw a descent on a map: a line, its steps as dots, start and end, and both their errors.

    Parameters
    ----------
    filled
        What `draw_contours` returned: then, where the path leaves the plane, each dot has the
        colour of its true error, beside the ground's, which is the plane's.
    """
    look, points = style_named(style), path.points
    ax.plot(*points.T, color="white", linewidth=3.2, alpha=0.8, zorder=4)
    ax.plot(*points.T, color=look.path, linewidth=1.5, zorder=5)
    if len(points) <= _MOST_DOTS:
        off = filled is not None and not np.allclose(path.errors, path.on_plane, rtol=1e-6)
        colours = filled.cmap(filled.norm(path.errors)) if off else look.path
        name = "steps, in the colour of their true error" if off else None
        # White around the dots: in grey print their colour may be that of the ground.
        x, y = points.T
        ax.scatter(x, y, s=56 if off else 26, color="white", linewidths=0, zorder=4)
        ax.scatter(
            x, y, s=22 if off else 9, c=colours, edgecolors=look.path,
            linewidths=1.0, zorder=6, label=name,
        )  # fmt: skip
    for place, name, marker, colour in ends_of(path, look):
        ax.plot(
            *points[place], marker=marker, markersize=8, color=colour, markeredgecolor="white",
            linestyle="none", zorder=7, label=f"{name}: {_both_errors(path, place)}",
        )  # fmt: skip


def ends_of(path: PathOnPlane, look: Style) -> list[tuple[int, str, str, str]]:
    """Return of both ends of a path their place, name, marker and colour."""
    first = f"{path.unit} {path.steps[0]:,}" if path.steps[0] else "start"
    if len(path.points) == 1:
        return [(0, f"{first}, without a step", "s", look.start)]
    return [(0, first, "s", look.start), (-1, "end", "D", look.end)]


def _both_errors(path: PathOnPlane, place: int) -> str:
    """Return the true error, and the plane's beside it where that is another."""
    true, shown = float(path.errors[place]), float(path.on_plane[place])
    same = np.isclose(true, shown, rtol=1e-6, atol=0.0)
    told = error_text(true, path.errors)
    return told if same else f"{told} (the plane shows {number(shown)})"


def _draw_points(ax: Axes, surface: Surface) -> None:
    lowest, seen = surface.minimum, set()
    for point in surface.critical:
        if point.kind == "minimum" and _is_same(point, lowest, surface.grid):
            continue
        marker, name = _MARKS[point.kind]
        label = None if point.kind in seen else name
        seen.add(point.kind)
        ax.plot(
            point.x, point.y, marker=marker, markersize=7, markerfacecolor="white",
            markeredgecolor="black", markeredgewidth=1.2, linestyle="none", zorder=6, label=label,
        )  # fmt: skip
    draw_lowest(ax, lowest, surface.errors)
    if surface.path is None and surface.plane.kind in ("slice", "random"):
        error = surface.slope(*surface.plane.marks[0])[0]
        _draw_mark(ax, surface.plane.marks[0], f"the weights θ: J = {number(error)}")
    if surface.plane.kind == "three":
        for place, mark in enumerate(surface.plane.marks, start=1):
            _draw_mark(ax, mark, "one of the three points" if place == 1 else None)
            ax.annotate(
                str(place), tuple(mark), (7, 5), textcoords="offset points", zorder=9, fontsize=9,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip


def draw_lowest(ax: Axes, lowest: CriticalPoint, errors: Floats) -> Line2D:
    """Draw the dot at the lowest point, which has a word and its error in the key."""
    flat = lowest.kind == "flat"
    dot: Line2D = ax.plot(
        [] if flat else [lowest.x], [] if flat else [lowest.y], marker="" if flat else "o",
        markersize=7.5, color="black", markeredgecolor="white", linestyle="none", zorder=8,
        label=lowest_text(lowest, errors), clip_on=False,
    )[0]  # fmt: skip
    return dot


def lowest_text(lowest: CriticalPoint, errors: Floats) -> str:
    """Return what the key says of the lowest point of a map."""
    told = error_text(lowest.error, errors)
    return f"{lowest.kind}: {told}" + " everywhere in view" * (lowest.kind == "flat")


def _draw_mark(ax: Axes, mark: Floats, label: str | None) -> None:
    ax.plot(
        *mark, marker="P", markersize=9, color="white", markeredgecolor="black", zorder=7,
        linestyle="none", label=label,
    )  # fmt: skip


def _draw_holes(ax: Axes, look: Style) -> None:
    """Hatch what lies under the map, which shows where there is no error, and tell why."""
    from matplotlib.patches import Rectangle

    hatched: Any = {"facecolor": look.background, "edgecolor": look.faint, "hatch": "////"}
    ax.patch.set(**hatched)
    corner = ax.get_xlim()[0], ax.get_ylim()[0]
    ax.add_patch(Rectangle(corner, 0, 0, label="the error is no finite number", **hatched))


def _is_same(one: CriticalPoint, other: CriticalPoint, grid: Grid) -> bool:
    apart = np.abs(np.array([one.x - other.x, one.y - other.y])) / grid.cell
    return bool((apart < 0.5).all())


def _draw_arrows(ax: Axes, surface: Surface) -> None:
    """Draw −∂J at points evenly over the map, all of one length: the direction is meant."""
    x, y = (np.linspace(axis[0], axis[-1], _ARROWS + 2)[1:-1] for axis in surface.grid)
    at = np.array([(a, b) for b in y for a in x])
    slopes = np.array([surface.slope(a, b)[1] for a, b in at])
    _arrow(ax, surface.grid, at, slopes, 0.045, width=0.0028, color="#3a3f4b", alpha=0.85, zorder=3)


def _draw_steepest(ax: Axes, surface: Surface, place: tuple[float, float], look: Style) -> None:
    """Draw the direction of steepest descent at one point, and tell its slope."""
    try:
        at = np.array([place], np.float64)
    except (TypeError, ValueError):
        at = np.empty(0)
    if at.shape != (1, 2) or not np.isfinite(at).all():
        raise SpecError(f"steepest_at must be a point (x, y), not {place!r}")
    error, slope = surface.slope(*at[0])
    _arrow(ax, surface.grid, at, slope[None], 0.16, width=0.008, color=look.colours[3], zorder=9)
    ax.plot(
        *at[0], marker="o", markersize=6, color=look.colours[3], markeredgecolor="white",
        linestyle="none", zorder=9,
        label=f"steepest descent: J = {number(error)}, "
        f"−∂J = ({number(-slope[0], 3)}, {number(-slope[1], 3)})",
    )  # fmt: skip


def _arrow(ax: Axes, grid: Grid, at: Floats, slopes: Floats, length: float, **options: Any) -> None:
    """Draw arrows against slopes, as long as so many widths of the map each."""
    sides = np.array([grid.x[-1] - grid.x[0], grid.y[-1] - grid.y[0]])
    seen = np.linalg.norm(slopes / sides, axis=1)
    move = np.isfinite(seen) & (seen > 0)
    if move.any():
        moves = -length * slopes[move] / seen[move, None]
        ax.quiver(*at[move].T, *moves.T, angles="xy", scale_units="xy", scale=1, **options)


def _shape(grid: Grid) -> float:
    """Return the height of a map in its widths: where both axes can have one scale, that of both.

    Then right angles show, such as that of a path and the contour lines that it crosses.
    """
    ratio = float((grid.y[-1] - grid.y[0]) / (grid.x[-1] - grid.x[0]))
    return ratio if _EQUAL[0] <= ratio <= _EQUAL[1] else 0.8


def _keep_shape(ax: Axes, grid: Grid) -> None:
    ax.set_xlim(grid.x[0], grid.x[-1])
    ax.set_ylim(grid.y[0], grid.y[-1])
    ratio = float((grid.y[-1] - grid.y[0]) / (grid.x[-1] - grid.x[0]))
    if _EQUAL[0] <= ratio <= _EQUAL[1]:
        ax.set_aspect("equal", adjustable="box")


def _size(surface: Surface) -> tuple[float, float]:
    """Return the inches of a figure whose map fills it."""
    wide = _WIDTH - _BESIDE
    high = min(wide * _shape(surface.grid), wide)
    return _WIDTH, high + _ABOVE + 0.16 * title_of(surface).count("\n")


def _bands(errors: Floats, lines: Floats) -> Floats:
    """Return levels from the lowest error to the highest, some within each band: colours flow."""
    finite = errors[np.isfinite(errors)]
    knots = np.unique([finite.min(), *lines, finite.max()])
    places = np.linspace(0, len(knots) - 1, (len(knots) - 1) * _SHADES + 1)
    found: Floats = np.interp(places, np.arange(len(knots)), knots)
    return found
