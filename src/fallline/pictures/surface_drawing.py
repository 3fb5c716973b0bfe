"""An error surface drawn as a map: contours, the path of a descent, and what is known of points."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import SpecError
from .critical import CriticalPoint, Grid
from .levels import Scale, levels_of, line_colours, norm_of
from .style import Style, StyleName, canvas, error_map, style_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .surface import PathOnPlane, Surface

__all__ = ["MAP_SIZE", "draw_contours", "draw_map", "draw_path", "title_of"]

MAP_SIZE = (7.2, 5.8)  # inches

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
    ax = canvas(ax, look, MAP_SIZE)
    filled = draw_contours(ax, surface.grid, surface.errors, levels, scale, look, bar=not given)
    if arrows:
        _draw_arrows(ax, surface)
    if surface.path is not None:
        draw_path(ax, surface.path, look, filled)
    _draw_points(ax, surface)
    if steepest_at is not None:
        _draw_steepest(ax, surface, steepest_at, look)
    ax.set_xlabel(surface.plane.labels[0])
    ax.set_ylabel(surface.plane.labels[1])
    ax.set_title(title_of(surface), loc="left", fontsize=9, color=look.ink)
    _keep_shape(ax, surface.grid)
    _draw_key(ax, look)
    return ax


def draw_contours(
    ax: Axes,
    grid: Grid,
    errors: Floats,
    levels: int = 12,
    scale: Scale = "auto",
    style: StyleName | Style = "light",
    bar: bool = True,
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
    ax.clabel(drawn, fmt=_label, fontsize=7, inline_spacing=2)
    if bar:
        # Beside the map itself, so that it is as high as the map, whatever the shape of that.
        beside = ax.inset_axes((1.03, 0.0, 0.035, 1.0))
        scaled = ax.figure.colorbar(filled, cax=beside, ticks=lines)
        scaled.set_label("error J", color=look.ink)
        beside.set_yticks(lines, [_label(value) for value in lines])
        beside.minorticks_off()
        beside.tick_params(colors=look.ink, labelsize=8)
        scaled.outline.set_visible(False)
    return filled


def title_of(surface: Surface) -> str:
    """Return what stands above a picture: its honest notes, in short lines."""
    return "\n".join(line for note in surface.notes for line in wrap(note, 78))


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
        ax.scatter(
            points[:, 0], points[:, 1], s=22 if off else 9, c=colours, edgecolors=look.path,
            linewidths=1.0, zorder=6, label=name,
        )  # fmt: skip
    for place, name, marker, colour in ((0, "start", "s", look.start), (-1, "end", "D", look.end)):
        ax.plot(
            *points[place], marker=marker, markersize=8, color=colour, markeredgecolor="white",
            linestyle="none", zorder=7, label=f"{name}: {_both_errors(path, place)}",
        )  # fmt: skip


def _both_errors(path: PathOnPlane, place: int) -> str:
    """Return the true error, and the plane's beside it where that is another."""
    true, shown = float(path.errors[place]), float(path.on_plane[place])
    same = np.isclose(true, shown, rtol=1e-6, atol=0.0)
    return f"J = {true:.4g}" + ("" if same else f" (the plane shows {shown:.4g})")


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
    name = "minimum" if lowest.kind == "minimum" else lowest.kind
    ax.plot(
        lowest.x, lowest.y, marker="o", markersize=7.5, color="black", markeredgecolor="white",
        linestyle="none", zorder=8, label=f"{name}: J = {lowest.error:.4g}", clip_on=False,
    )  # fmt: skip
    if surface.plane.kind == "three":
        for number, mark in enumerate(surface.plane.marks, start=1):
            ax.plot(
                *mark, marker="P", markersize=9, color="white", markeredgecolor="black", zorder=7,
                linestyle="none", label="one of the three points" if number == 1 else None,
            )  # fmt: skip
            ax.annotate(
                str(number), tuple(mark), (7, 5), textcoords="offset points", zorder=9, fontsize=9,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip


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
        label=f"steepest descent: J = {error:.4g}, −∂J = ({-slope[0]:.3g}, {-slope[1]:.3g})",
    )  # fmt: skip


def _arrow(ax: Axes, grid: Grid, at: Floats, slopes: Floats, length: float, **options: Any) -> None:
    """Draw arrows against slopes, as long as so many widths of the map each."""
    sides = np.array([grid.x[-1] - grid.x[0], grid.y[-1] - grid.y[0]])
    seen = np.linalg.norm(slopes / sides, axis=1)
    move = np.isfinite(seen) & (seen > 0)
    if move.any():
        moves = -length * slopes[move] / seen[move, None]
        ax.quiver(*at[move].T, *moves.T, angles="xy", scale_units="xy", scale=1, **options)


def _keep_shape(ax: Axes, grid: Grid) -> None:
    """Let both axes have one scale, so that right angles show, where the shape stays readable."""
    ax.set_xlim(grid.x[0], grid.x[-1])
    ax.set_ylim(grid.y[0], grid.y[-1])
    ratio = (grid.y[-1] - grid.y[0]) / (grid.x[-1] - grid.x[0])
    if 0.4 <= ratio <= 2.5:
        ax.set_aspect("equal", adjustable="box")


def _draw_key(ax: Axes, look: Style) -> None:
    from matplotlib.transforms import ScaledTranslation

    below = ScaledTranslation(0, -38 / 72, ax.figure.dpi_scale_trans)  # under the axis's label
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), bbox_transform=ax.transAxes + below,
        ncols=2, fontsize=8, frameon=look.name == "dark", facecolor="#dde3ea", labelcolor="#1f2430",
    )  # fmt: skip


def _bands(errors: Floats, lines: Floats) -> Floats:
    """Return levels from the lowest error to the highest, some within each band: colours flow."""
    finite = errors[np.isfinite(errors)]
    knots = np.unique([finite.min(), *lines, finite.max()])
    places = np.linspace(0, len(knots) - 1, (len(knots) - 1) * _SHADES + 1)
    found: Floats = np.interp(places, np.arange(len(knots)), knots)
    return found


def _label(value: float) -> str:
    return f"{value:.6g}"
