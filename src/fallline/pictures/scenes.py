"""What moves in an animation: paths that grow by one clock, and the mountain that turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from ..arrays import Floats
from ..errors import SpecError
from .race import Race
from .race_drawing import about_map, lane_look, limit_errors
from .style import Style, StyleName, dress, new_figure, style_named
from .surface import Surface
from .surface_drawing import draw_contours, draw_lowest, title_of
from .surface_relief import RELIEF_SIZE, draw_relief

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["Track", "path_scene", "revealed", "surface_scene", "tracks_of"]

_SIZE = (12.0, 4.8)  # inches
_EASE = 2.0  # the clock's time is the share of the frames to this power

Scene = tuple["Figure", Callable[[float], None], tuple["Artist", ...]]
"""A figure, what changes it to a share of the time, and what is changed (see `Animation`)."""


class Track(NamedTuple):
    """A path as it is animated.

    ``times`` (m,) is when it was at each of its ``points`` (m, 2) on the map, in the unit that
    ``clock`` names, and ``errors`` (m,) are those of its true weights.
    """

    label: str
    clock: str
    times: Floats
    points: Floats
    errors: Floats


def tracks_of(subject: Race | Surface) -> tuple[Track, ...]:
    """Return the paths of a race, or the path of a surface.

    Raises
    ------
    SpecError
        When the surface has none, or the subject is neither.
    """
    if isinstance(subject, Race):
        plane = subject.surface.plane
        return tuple(
            Track(lane.label, "passes over the rows", lane.passes,
                  plane.coordinates(lane.thetas), lane.errors)
            for lane in subject.lanes
        )  # fmt: skip
    if not isinstance(subject, Surface):
        raise SpecError(f"only a race or a surface can be animated, not {type(subject).__name__}")
    if subject.path is None:
        raise SpecError("the surface has no path to animate: make it with path=, or kind='surface'")
    path = subject.path
    clock = f"{path.unit}s"
    return (Track("descent", clock, path.steps.astype(float), path.points, path.errors),)


def revealed(times: Floats, values: Floats, at: float) -> Floats:
    """Return the values (m, ...) up to a time, the last of them where the path then is.

    Examples
    --------
    >>> revealed(np.array([0.0, 1.0, 3.0]), np.array([5.0, 4.0, 2.0]), 2.0)
    array([5., 4., 3.])
    """
    count = int(np.searchsorted(times, at, side="right"))
    if count in (0, len(times)) or at == times[count - 1]:
        return values[: max(count, 1)]
    share = (at - times[count - 1]) / (times[count] - times[count - 1])
    head = (1 - share) * values[count - 1] + share * values[count]
    found: Floats = np.concatenate([values[:count], head[None]])
    return found


def path_scene(subject: Race | Surface, style: StyleName) -> Scene:
    """Return the figure of paths on a map with their errors beside it, and how it moves.

    Raises
    ------
    SpecError
        When there is no path.
    """
    tracks = tracks_of(subject)
    surface = subject.surface if isinstance(subject, Race) else subject
    about = about_map(subject) if isinstance(subject, Race) else title_of(subject)
    look = style_named(style)
    figure = new_figure(look, _SIZE)
    left, right = (dress(ax, look) for ax in figure.subplots(1, 2))
    lowest = _draw_ground(surface, left, look, about, tracks)
    paths = [_Growing(left, track.label, k, look, True) for k, track in enumerate(tracks)]
    curves = [_Growing(right, track.label, k, look, False) for k, track in enumerate(tracks)]
    _draw_frame(right, surface, tracks, look)
    first, last = _begin_and_end(tracks)
    clock = right.set_title(" ")

    def show(share: float) -> None:
        now = first + (last - first) * share**_EASE
        for track, path, curve in zip(tracks, paths, curves, strict=True):
            path.show(revealed(track.times, track.points, now))
            rise = np.column_stack([track.times, track.errors])
            curve.show(revealed(track.times, rise, now))
        clock.set_text(f"after {now:,.0f} {tracks[0].clock}")

    show(1.0)
    figure.canvas.draw()  # lays the figure out once, so that nothing jumps later
    figure.set_layout_engine("none")
    growing = [*paths, *curves]
    moving = (*(one.line for one in growing), lowest, *(one.head for one in growing), clock)
    return figure, show, moving


def surface_scene(surface: Surface, style: StyleName) -> Scene:
    """Return the figure of the mountain, and how it turns."""
    if not isinstance(surface, Surface):
        raise SpecError(f"only a race or a surface can be animated, not {type(surface).__name__}")
    look = style_named(style)
    figure = new_figure(look, RELIEF_SIZE)
    ax = cast(Any, dress(figure.add_subplot(projection="3d"), look))
    draw_relief(surface, ax, style=look)
    first = ax.azim
    figure.canvas.draw()
    figure.set_layout_engine("none")

    def show(share: float) -> None:
        ax.view_init(elev=ax.elev, azim=first + 360 * share)

    return figure, show, ()


def _draw_ground(
    surface: Surface, ax: Axes, look: Style, about: str, tracks: Sequence[Track]
) -> Line2D:
    """Draw the map, and return the dot at its lowest point."""
    busy = np.concatenate([track.points for track in tracks])
    draw_contours(ax, surface.grid, surface.errors, style=look, bar=False, avoid=busy)
    dot = draw_lowest(ax, surface.minimum, surface.errors)
    ax.set_xlabel(surface.plane.labels[0])
    ax.set_ylabel(surface.plane.labels[1])
    ax.set_title(about, fontsize=9)
    ax.set_autoscale_on(False)
    return dot


class _Growing:
    """A line with a dot at its head, which lies above all lines."""

    def __init__(self, ax: Axes, label: str, number: int, look: Style, on_map: bool) -> None:
        from matplotlib.patheffects import Normal, Stroke

        drawn = lane_look(number, look)
        halo = [Stroke(linewidth=3.6, foreground="white"), Normal()] if on_map else None
        self.line: Line2D = ax.plot(
            [], [], label=label, linewidth=1.8, zorder=6, path_effects=halo, **drawn
        )[0]  # fmt: skip
        self.head: Line2D = ax.plot(
            [], [], "o", color=drawn["color"], markeredgecolor="white", markersize=7, zorder=8
        )[0]  # fmt: skip

    def show(self, points: Floats) -> None:
        """Draw the line through points (m, 2)."""
        self.line.set_data(*points.T)
        self.head.set_data(*points[-1:].T)


def _begin_and_end(tracks: Sequence[Track]) -> tuple[float, float]:
    """Return the times between which the paths are known."""
    return (min(float(track.times[0]) for track in tracks),
            max(float(track.times[-1]) for track in tracks))  # fmt: skip


def _draw_frame(ax: Axes, surface: Surface, tracks: Sequence[Track], look: Style) -> None:
    """Give the curves' axes their limits and words, which stay while the curves grow."""
    errors = np.concatenate([track.errors for track in tracks])
    limit_errors(ax, errors[np.isfinite(errors)], float(tracks[0].errors[0]))
    first, last = _begin_and_end(tracks)
    gap = 0.02 * (last - first) or 0.5
    ax.set_xlim(first - gap, last + gap)
    ax.set_xlabel(tracks[0].clock)
    ax.set_ylabel(f"{surface.landscape.objective_text}")
    if len(tracks) > 1:
        ax.legend(loc="upper right", fontsize=8, facecolor=look.background, edgecolor=look.faint,
                  labelcolor=look.ink)  # fmt: skip
