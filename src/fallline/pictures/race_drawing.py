"""A race drawn: the paths on one map, and their errors against what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ..arrays import Array, Floats
from ..errors import SpecError, suggest
from .axes import legend_below, log_axis, plain_ticks
from .style import SIZE, Style, StyleName, canvas, dress, new_figure, style_named
from .surface_drawing import draw_contours, draw_lowest
from .words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .race import Race

__all__ = ["about_map", "draw_race", "lane_look", "limit_errors"]

_COSTS = {
    "steps": "steps",
    "passes": "gradient evaluations (passes over the rows)",
    "seconds": "time",
}
_DASHES: tuple[Any, ...] = ("-", "--", (0, (1, 1.2)), "-.", (0, (5, 1, 1, 1, 1, 1)))
_ON_BLUE = (1, 4, 2, 3, 6)
"""The style's colours that show on the blue of a map, in the order in which lanes have them."""
_MARKED = 40  # a path of so few points has each of them marked


def draw_race(race: Race, ax: Any, kind: str, style: StyleName) -> Any:
    """Draw one kind on one axes, or all four; return the axes."""
    from .race import Kind

    if kind not in get_args(Kind):
        raise SpecError(
            f"kind must be one of {', '.join(get_args(Kind))}, not {kind!r}; "
            f"{suggest(kind, get_args(Kind))}"
        )
    look = style_named(style)
    if kind != "all":
        return _draw(race, canvas(ax, look), kind, look, True)
    axes = _four(ax, look)
    for one, at in zip(("map", *_COSTS), axes, strict=True):
        _draw(race, at, one, look, one == "steps")
    return axes


def _four(ax: Any, look: Style) -> Array:
    if ax is None:
        made = new_figure(look, (2 * SIZE[0], 2 * SIZE[1])).subplots(2, 2)
        return np.array([dress(one, look) for one in made.ravel()], dtype=object)
    given = np.array(ax, dtype=object).reshape(-1)
    if len(given) != 4:
        raise SpecError(f"all kinds take four axes, but ax is {len(given)}; give kind= for one")
    return given


def _draw(race: Race, ax: Axes, kind: str, look: Style, legend: bool) -> Axes:
    if kind == "map":
        _draw_paths(race, ax, look)
    else:
        _draw_costs(race, ax, kind, look)
    if kind == "map" and legend:
        legend_below(ax, look)
    elif legend:
        ax.legend(fontsize=8, frameon=True, framealpha=0.85, facecolor=look.background,
                  edgecolor=look.faint, labelcolor=look.ink)  # fmt: skip
    return ax


def lane_look(number: int, look: Style) -> dict[str, Any]:
    """Return the colour and the dashes of a lane's line."""
    colour = _ON_BLUE[number % len(_ON_BLUE)]
    turn = number + number // len(_ON_BLUE)  # each colour meets every dash before one returns
    return {"color": look.colours[colour], "linestyle": _DASHES[turn % len(_DASHES)]}


def _draw_paths(race: Race, ax: Axes, look: Style) -> None:
    shown = race.surface
    paths = [  # up to one more than is in view, for where it goes from there
        shown.plane.coordinates(lane.thetas[: lane.in_view.stop + 1]) for lane in race.lanes
    ]
    draw_contours(ax, shown.grid, shown.errors, style=look, bar=False, avoid=np.concatenate(paths))
    for place, (lane, points) in enumerate(zip(race.lanes, paths, strict=True)):
        drawn = lane_look(place, look)
        ax.plot(*points.T, color=look.background, linewidth=3.2, zorder=4)
        ax.plot(*points.T, label=lane.label, linewidth=1.7, zorder=5, **drawn)
        if len(points) <= _MARKED:
            ax.plot(*points.T, ".", color=drawn["color"], markersize=5, zorder=5)
        if len(points) == len(lane.thetas) and not lane.diverged:
            ax.plot(*points[-1], "D", color=drawn["color"], markersize=6.5,
                    markeredgecolor=look.background, zorder=6)  # fmt: skip
    start = shown.plane.coordinates(race.theta[None])[0]
    ax.plot(*start, "s", color=look.start, markersize=8, markeredgecolor="white", zorder=7,
            linestyle="none", label="start of all (diamonds: ends)")  # fmt: skip
    draw_lowest(ax, shown.minimum, shown.errors)
    ax.set_xlabel(shown.plane.labels[0])
    ax.set_ylabel(shown.plane.labels[1])
    ax.set_title(about_map(race), fontsize=9)
    plain_ticks(ax)


def about_map(race: Race) -> str:
    """Return what the map is of, and how far the paths leave it."""
    of, plane = race.surface.landscape, race.surface.plane
    told = f"{of.objective_text} of {of.rows_text}, dark: large; black dot: {_lowest(race)}"
    path = race.surface.path
    off = max(float(plane.distances(one.thetas[one.in_view]).max()) for one in race.lanes)
    if path is None or off <= 1e-9 * (1 + float(np.abs(plane.centre).max())):
        return told
    explained = percent(path.explained)
    return f"{told}\nthe plane explains {explained} of the paths, which leave it by up to {off:.3g}"


def _lowest(race: Race) -> str:
    kind = race.surface.minimum.kind
    return kind if kind != "minimum" else "the minimum"


def _draw_costs(race: Race, ax: Axes, cost: str, look: Style) -> None:
    unit, name = _unit(race) if cost == "seconds" else (1.0, "")
    for number, lane in enumerate(race.lanes):
        along = getattr(lane, cost) / unit
        if np.isfinite(along[1:]).any():
            ended = f"{lane.label} (diverged)" if lane.diverged else lane.label
            ax.plot(along, lane.errors, label=ended, linewidth=1.7, **lane_look(number, look))
    errors = np.concatenate([lane.errors for lane in race.lanes])
    limit_errors(ax, errors[np.isfinite(errors)], float(race.lanes[0].errors[0]))
    ax.axhline(race.level, color=look.faint, linewidth=1, zorder=0,
               label="there: 1 % of the way above the least")  # fmt: skip
    ax.set_xlabel(_COSTS[cost] + name)
    ax.set_ylabel(f"{race.surface.landscape.objective_text} of all rows")
    ax.margins(x=0.02)


def _unit(race: Race) -> tuple[float, str]:
    """Return the unit of time in which the longest descent is at least 1."""
    longest = max(
        (float(lane.seconds[-1]) for lane in race.lanes if not lane.diverged), default=1.0
    )
    for unit, name in ((1.0, " (s)"), (1e-3, " (ms)"), (1e-6, " (µs)")):
        if longest >= unit:
            return unit, name
    return 1e-6, " (µs)"


def limit_errors(ax: Axes, errors: Floats, start: float) -> None:
    """Show from the least error to somewhat above the start's; logarithmically where it spans."""
    low, high = float(errors.min()), min(float(errors.max()), 3 * abs(start))
    if low > 0 and high > 10 * low:
        low = max(low, 1e-16 * high)
        ax.set_ylim(low / 1.5, high * 1.5)
        log_axis(ax)
    elif high > low:
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
