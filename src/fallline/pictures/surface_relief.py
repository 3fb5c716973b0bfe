"""An error surface drawn in three dimensions: the mountain, and the path down it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..arrays import Floats
from ..errors import SpecError
from .levels import Scale, is_log, levels_of, line_colours, norm_of
from .style import Style, StyleName, canvas, error_map, style_named
from .surface_drawing import title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .surface import Surface

__all__ = ["RELIEF_SIZE", "draw_relief"]

RELIEF_SIZE = (7.2, 6.0)  # inches

_MOST = 101
"""Lines of the mesh along each side: more would only make the file larger."""


def draw_relief(
    surface: Surface,
    ax: Axes | None,
    levels: int = 12,
    scale: Scale = "auto",
    style: StyleName | Style = "light",
) -> Axes:
    """Draw a surface as `Surface.plot` says, with the path at the errors that the plane has.

    Where levels are spaced by their logarithm, so are heights.

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
    low = float(np.nanmin(np.where(np.isfinite(surface.errors), surface.errors, np.nan)))
    floor = max(low, float(lines[0]) * 1e-3) if logarithmic else low

    def height(errors: Any) -> Any:
        return np.log10(np.maximum(errors, floor)) if logarithmic else errors

    _draw_mesh(solid, surface, lines, height, look)
    _draw_path_and_minimum(solid, surface, height, look)
    solid.set_xlabel(surface.plane.labels[0], labelpad=8, fontsize=9)
    solid.set_ylabel(surface.plane.labels[1], labelpad=8, fontsize=9)
    solid.set_zlabel("log₁₀ of the error J" if logarithmic else "error J", labelpad=8, fontsize=9)
    solid.set_title(title_of(surface), loc="left", fontsize=9, color=look.ink)
    solid.view_init(elev=38, azim=-60)
    solid.set_box_aspect((1, 1, 0.72), zoom=0.9)
    solid.legend(loc="upper right", fontsize=8, frameon=False, labelcolor=look.ink)
    return ax


def _draw_mesh(ax: Any, surface: Surface, lines: Floats, height: Any, look: Style) -> None:
    every = -(-len(surface.grid.x) // _MOST)
    x, y = (axis[::every] for axis in surface.grid)
    errors = surface.errors[::every, ::every]
    shown = np.where(np.isfinite(errors), errors, np.nan)
    faces = error_map()(norm_of(errors, lines)(np.ma.masked_invalid(shown)))
    across, along = np.meshgrid(x, y)
    ax.plot_surface(
        across, along, height(shown), facecolors=faces, rcount=len(y), ccount=len(x),
        linewidth=0, antialiased=False, shade=False, zorder=1, rasterized=True,
    )  # fmt: skip
    ax.contour(
        across, along, height(shown), np.unique(height(lines)), colors=line_colours(lines),
        linewidths=0.6, zorder=2,
    )  # fmt: skip
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color(look.background)
        axis.line.set_color(look.ink)
        axis._axinfo["grid"]["color"] = look.faint


def _draw_path_and_minimum(ax: Any, surface: Surface, height: Any, look: Style) -> None:
    lowest = surface.minimum
    ax.computed_zorder = False  # else the mountain may hide what lies on it
    if surface.path is not None:
        points, z = surface.path.points, height(surface.path.on_plane)
        ax.plot(*points.T, z, color="white", linewidth=3.2, zorder=4)
        ax.plot(*points.T, z, color=look.path, linewidth=1.6, zorder=5)
        for place, name, marker, colour in (
            (0, "start", "s", look.start),
            (-1, "end", "D", look.end),
        ):
            ax.plot(
                *points[place][:, None], z[[place]], marker=marker, markersize=7, color=colour,
                markeredgecolor="white", linestyle="none", zorder=6,
                label=f"{name}: J = {surface.path.on_plane[place]:.4g} in the plane",
            )  # fmt: skip
    ax.plot(
        [lowest.x], [lowest.y], height(np.array([lowest.error])), marker="o", markersize=7,
        color="black", markeredgecolor="white", linestyle="none", zorder=7,
        label=f"{lowest.kind}: J = {lowest.error:.4g}",
    )  # fmt: skip
