"""An error surface drawn in three dimensions: the mountain, and the path down it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..arrays import Floats
from ..errors import SpecError
from .axes import legend_below
from .levels import Scale, is_log, levels_of, line_colours, norm_of
from .style import Style, StyleName, canvas, error_map, style_named
from .surface_drawing import ends_of, lowest_text, title_of
from .words import error_text, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .surface import Surface

__all__ = ["RELIEF_SIZE", "draw_relief"]

RELIEF_SIZE = (7.2, 6.0)  # inches

_MOST = 101
"""Lines of the mesh along each side: more would only make the file larger."""

_LIFT = 0.012
"""By which share of its height lines lie above the mountain, so that it does not hide them."""

_UP, _HIGH = 38.0, 0.72
"""From how far above it is looked at, in degrees, and how high it is, in widths."""

_DENT = 0.08
"""The height, in its whole, to which walls about a point do not count as hiding it."""

_TURNS = (-60, -30, 30, 60, 120, 150, 210, 240)
"""Sides to look from, in degrees, none of them straight along an axis."""

Height = Callable[[Any], Any]


def draw_relief(
    surface: Surface,
    ax: Axes | None,
    levels: int = 12,
    scale: Scale = "auto",
    style: StyleName | Style = "light",
) -> Axes:
    """Draw a surface as `Surface.plot` says, with the path at the errors that the plane has.

    Where levels are spaced by their logarithm, so are heights; then what lies far below the lowest
    level is drawn not far below it, as 0 has no logarithm.

    Raises
    ------
    SpecError
        When the axes that were given are flat.
    """
    look = style_named(style)
    ax = canvas(ax, look, RELIEF_SIZE, "3d")
    if not hasattr(ax, "zaxis"):
        raise SpecError("kind='3d' needs axes made with projection='3d'; or leave ax= out")
    solid = cast(Any, ax)  # matplotlib's types know little of Axes3D
    lines = levels_of(surface.errors, levels, scale)
    logarithmic = is_log(surface.errors, lines)
    floor = float(lines[0] * (lines[0] / lines[1])) if logarithmic else -np.inf

    def height(errors: Any) -> Any:
        return np.log10(np.maximum(errors, floor)) if logarithmic else errors

    solid.computed_zorder = False  # else the mountain may hide what lies on it
    _draw_mesh(solid, surface, lines, height)
    _draw_path_and_minimum(solid, surface, height, look)
    _dress(solid, look)
    solid.set_xlabel(surface.plane.labels[0], labelpad=8, fontsize=9)
    solid.set_ylabel(surface.plane.labels[1], labelpad=8, fontsize=9)
    told = "error J"
    if logarithmic:
        solid.zaxis.set_major_locator(_whole())
        solid.zaxis.set_major_formatter(lambda z, _: number(10.0**z))
        cut = float(np.nanmin(surface.errors)) < floor
        told += f"\n(drawn at {number(floor, 2)} where less)" if cut else ""
    solid.set_zlabel(told, labelpad=12 if logarithmic else 8, fontsize=9)
    solid.set_title(title_of(surface), loc="left", fontsize=9, color=look.ink)
    solid.view_init(elev=_UP, azim=_turn(surface, height))
    solid.set_box_aspect((1, 1, _HIGH), zoom=0.92)
    legend_below(solid, look)
    return ax


def _whole() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(6, integer=True)


def _turn(surface: Surface, height: Height) -> int:
    """Return the side from which the mountain hides least of the path and the minimum."""
    heights = height(np.where(np.isfinite(surface.errors), surface.errors, np.nan))
    low, high = np.nanmin(heights), np.nanmax(heights)
    heights = np.nan_to_num((heights - low) / ((high - low) or 1.0))
    marks = np.array([[surface.minimum.x, surface.minimum.y]])
    if surface.path is not None:
        marks = np.vstack([np.repeat(marks, 4, axis=0), surface.path.points])
    corner = np.array([axis[0] for axis in surface.grid])
    marks = (marks - corner) / (np.array([axis[-1] for axis in surface.grid]) - corner)
    marks = marks[((marks >= 0) & (marks <= 1)).all(axis=1)]

    def hides(turn: int) -> tuple[float, float]:
        right, back = np.cos(np.radians(turn)) > 0, np.sin(np.radians(turn)) > 0
        front = heights[-1 if back else 0, -1 if right else 0]
        return round(_hidden(heights, marks, np.radians(turn)), 2), float(front)

    return min(_TURNS, key=hides)


def _hidden(heights: Floats, marks: Floats, turn: float) -> float:
    """Return how high walls stand before marks (k, 2), seen from there.

    All lies in a square, and heights are from 0 to 1.
    """
    size = np.array(heights.shape[::-1]) - 1
    away = np.linspace(0.03, 1.4, 60)
    towards = np.array([np.cos(turn), np.sin(turn)])
    points = marks[:, None] + away[:, None] * towards
    inside = ((points >= 0) & (points <= 1)).all(axis=2)
    x, y = (np.clip(points, 0, 1) * size).round().astype(int).transpose(2, 0, 1)
    x0, y0 = (marks * size).round().astype(int).T
    rise = _HIGH * (heights[y, x] - heights[y0, x0][:, None]) - away * np.tan(np.radians(_UP))
    return float(np.maximum(np.where(inside, rise, -1.0).max(axis=1) - _DENT, 0.0).mean())


def _draw_mesh(ax: Any, surface: Surface, lines: Floats, height: Height) -> None:
    """Draw the mountain's faces and its contour lines as one, so that each hides what is behind."""
    from mpl_toolkits.mplot3d.art3d import (  # type: ignore[import-untyped]
        Poly3DCollection,
    )

    every = -(-len(surface.grid.x) // _MOST)
    x, y = (axis[::every] for axis in surface.grid)
    errors = np.where(np.isfinite(surface.errors), surface.errors, np.nan)[::every, ::every]
    heights = height(errors)
    low, high = np.nanmin(heights), np.nanmax(heights)
    faces, middles = _faces(x, y, errors, heights)
    drawn = error_map()(norm_of(errors, lines)(middles))
    edges, colours = _edges(x, y, errors, lines, height)
    edges[..., 2] += _LIFT * (high - low)
    mesh = Poly3DCollection(
        np.concatenate([faces, edges]), facecolors=[*drawn, *colours],
        edgecolors=[*drawn, *colours], linewidths=0.7, zorder=1,
    )  # fmt: skip
    mesh.set_rasterized(True)
    ax.add_collection3d(mesh)
    ax.auto_scale_xyz(x[[0, -1]], y[[0, -1]], [low, high])


def _faces(x: Floats, y: Floats, errors: Floats, heights: Floats) -> tuple[Floats, Floats]:
    """Return the corners (k, 4, 3) of the mesh's faces, and (k,) their mean errors."""
    corners = np.stack([*np.meshgrid(x, y), heights, errors], axis=2)
    around = [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]]
    found = np.stack(around, axis=2).reshape(-1, 4, 4)
    found = found[np.isfinite(found).all(axis=(1, 2))]
    return found[..., :3], found[..., 3].mean(axis=1)


def _edges(
    x: Floats, y: Floats, errors: Floats, lines: Floats, height: Height
) -> tuple[Floats, list[Any]]:
    """Return the pieces of contour lines as faces (k, 4, 3) without width, and their colours."""
    from contourpy import contour_generator
    from matplotlib.colors import to_rgba

    generator = contour_generator(x, y, np.ma.masked_invalid(errors))
    found, colours = [np.empty((0, 4, 3))], []
    for level, colour in zip(lines, line_colours(lines), strict=True):
        for line in cast(list[Floats], generator.lines(level)):
            points = np.column_stack([line, np.full(len(line), height(level))])
            pieces = np.stack([points[:-1], points[1:], points[1:], points[:-1]], axis=1)
            found.append(pieces)
            colours += [to_rgba(colour)] * len(pieces)
    return np.concatenate(found), colours


def _dress(ax: Any, look: Style) -> None:
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color(look.background)
        axis.line.set_color(look.ink)
        axis._axinfo["grid"]["color"] = look.faint


def _draw_path_and_minimum(ax: Any, surface: Surface, height: Height, look: Style) -> None:
    lowest, path = surface.minimum, surface.path
    if path is not None:
        points, z = path.points, height(path.on_plane)
        ax.plot(*points.T, z, color="white", linewidth=3.2, zorder=4)
        ax.plot(*points.T, z, color=look.path, linewidth=1.6, zorder=5)
        for place, name, marker, colour in ends_of(path, look):
            ax.plot(
                *points[place][:, None], z[[place]], marker=marker, markersize=7, color=colour,
                markeredgecolor="white", linestyle="none", zorder=6,
                label=f"{name}: {error_text(path.on_plane[place], path.on_plane)}"
                + " in the plane" * path.leaves,
            )  # fmt: skip
    flat = lowest.kind == "flat"
    ax.plot(
        [lowest.x], [lowest.y], height(np.array([lowest.error])), marker="" if flat else "o",
        markersize=7, color="black", markeredgecolor="white", linestyle="none", zorder=7,
        label=lowest_text(lowest, surface.errors),
    )  # fmt: skip
