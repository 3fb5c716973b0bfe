"""The error over one weight drawn with tangents and steps; a function drawn with its slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from .axes import legend_below, plain_ticks
from .style import SIZE, Style, StyleName, canvas, style_named
from .words import error_text, formula_text, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .bowl import Bowl, Tangent

__all__ = ["draw_bowl", "draw_tangent"]

_HALF = 0.17
"""Half of a tangent's length, as a share of the picture's width."""

_SEEN = 0.012
"""Steps shorter than this share of the width have no arrows; where many are, dots are small."""


def draw_bowl(
    bowl: Bowl, ax: Axes | None, tangents: int = 4, style: StyleName | Style = "light"
) -> Axes:
    """Draw a bowl as `Bowl.plot` says; return the axes."""
    look = style_named(style)
    ax = canvas(ax, look, SIZE)
    curve, touching = look.colours[0], look.colours[2]
    ax.plot(bowl.values, bowl.errors, color=curve, linewidth=2, zorder=2)
    _frame(ax, bowl.values, bowl.errors, bowl.step_errors)
    for place in range(min(max(tangents, 0), len(bowl.steps))):
        x, y = _touching(ax, bowl.steps[place], bowl.step_errors[place], bowl.slopes[place])
        slope = number(bowl.slopes[0])
        name = f"tangents; the first has slope {slope}"
        ax.plot(x, y, color=touching, linewidth=1.6, zorder=3.5, label=None if place else name)
    _draw_steps(ax, bowl, look)
    flat = bool(np.ptp(bowl.errors[np.isfinite(bowl.errors)]) == 0)
    told = error_text(bowl.lowest_error, bowl.errors)
    told += " everywhere in view" if flat else f" at {number(bowl.lowest)}"
    ax.plot(
        bowl.lowest, bowl.lowest_error, marker="" if flat else "o", markersize=7.5, color=look.ink,
        zorder=7, markeredgecolor=look.background, linestyle="none", clip_on=False,
        label=f"{'flat' if flat else 'lowest in view' if bowl.on_edge else 'minimum'}: {told}",
    )  # fmt: skip
    ax.set_xlabel(bowl.name)
    ax.set_ylabel("error J")
    title = f"{bowl.landscape.objective_text} of {bowl.landscape.rows_text}"
    title += "; all other weights are held" * (bowl.landscape.network.size > 1)
    ax.set_title(title, loc="left", fontsize=9, color=look.ink)
    plain_ticks(ax)
    legend_below(ax, look)
    return ax


def _draw_steps(ax: Axes, bowl: Bowl, look: Style) -> None:
    """Draw each step as an arrow to the side and a line to the curve, and its ends as dots."""
    places, errors = bowl.steps, bowl.step_errors
    seen = np.abs(np.diff(places)) > _SEEN * (bowl.values[-1] - bowl.values[0])
    for k in np.flatnonzero(seen):
        ax.annotate(
            "", (places[k + 1], errors[k]), (places[k], errors[k]), zorder=4, annotation_clip=True,
            arrowprops={"arrowstyle": "->", "color": look.path, "linewidth": 1.1, "shrinkA": 0},
        )  # fmt: skip
        across, upright = [places[k + 1]] * 2, errors[k : k + 2]
        ax.plot(across, upright, color=look.path, linewidth=1.0, linestyle=":", zorder=3)
    close = not seen.all() and len(places) > 10
    ax.plot(
        places, errors, marker="o", markersize=3 if close else 6, color=look.path, zorder=5,
        linestyle="none", markeredgecolor=look.path if close else look.background,
        label=f"{len(places) - 1} steps Δw = −η ∂J/∂w, η = {number(bowl.learning_rate, 6)}",
    )  # fmt: skip
    ax.plot(
        places[0], errors[0], marker="s", markersize=7.5, color=look.start, zorder=6,
        linestyle="none", markeredgecolor=look.background,
        label=f"start: {error_text(errors[0], errors)} at {number(places[0])}",
    )  # fmt: skip


def draw_tangent(tangent: Tangent, ax: Axes | None, style: StyleName | Style = "light") -> Axes:
    """Draw a function with its slope as `Tangent.plot` says; return the axes."""
    look = style_named(style)
    ax = canvas(ax, look, SIZE)
    at, value, slope = tangent.at, tangent.value, tangent.slope
    name = f"f(x) = {formula_text(tangent.formula)}"
    ax.plot(tangent.x, tangent.y, color=look.colours[0], linewidth=2, label=name, zorder=2)
    _frame(ax, tangent.x, tangent.y, np.array([value]), walls=2)
    x = np.array(ax.get_xlim())
    touching = f"tangent, of slope f′({number(at)}) = {number(slope, 6)}"
    ax.plot(x, value + slope * (x - at), color=look.colours[2], linewidth=1.6, label=touching)
    if slope:
        _draw_triangle(ax, tangent, look)
    ax.plot(at, value, marker="o", color=look.ink, markersize=7, linestyle="none", zorder=5,
            label=f"f({number(at)}) = {number(value, 6)}")  # fmt: skip
    ax.set_xlabel("x")
    ax.set_ylabel("f(x)")
    title = f"f′(x) = {formula_text(tangent.slope_formula)}"
    ax.set_title(title, loc="left", fontsize=9, color=look.ink)
    plain_ticks(ax)
    legend_below(ax, look, columns=3)
    return ax


def _draw_triangle(ax: Axes, tangent: Tangent, look: Style) -> None:
    """Draw one step to the side, and so many up as the slope says."""
    at, value, slope = tangent.at, tangent.value, tangent.slope
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    side = 10.0 ** np.floor(np.log10(0.25 * (right - left)))
    side *= -1.0 if at + side > right - 0.1 * (right - left) else 1.0
    rise = slope * side
    corner = [at, at + side, at + side], [value, value, value + rise]
    ax.plot(*corner, color=look.path, linewidth=1.2, linestyle="--", zorder=3)
    half = np.clip(value + rise / 2, low, high)  # of a steep one what is in view
    beside = (6, "left") if side > 0 else (-6, "right")
    texts = ((at + side / 2, value, number(side), (0, -12 if rise > 0 else 5), "center"),
             (at + side, half, number(rise), (beside[0], -3), beside[1]))  # fmt: skip
    for across, up, text, moved, where in texts:
        ax.annotate(
            text, (across, up), moved, textcoords="offset points", color=look.path, fontsize=9,
            annotation_clip=True, ha=where, bbox={"facecolor": look.background, "pad": 0.6,
                                                  "edgecolor": "none", "alpha": 0.7},
        )  # fmt: skip


def _frame(ax: Axes, x: Floats, y: Floats, shown: Floats, walls: int = 1) -> None:
    """Show the whole curve, but let no wall or pole of it squeeze the points that matter.

    Of a bowl only walls upwards may be cut; with ``walls=2`` also what falls far below.
    """
    finite = y[np.isfinite(y)]
    low, high = (float(np.percentile(finite, share)) for share in (3 * (walls - 1), 97))
    low, high = min(low, float(shown.min())), max(high, float(shown.max()))
    gap = 0.08 * (high - low) or 0.5 * (abs(high) or 1.0)
    ax.set_xlim(float(x[0]), float(x[-1]))
    ax.set_ylim(low - gap, high + gap)


def _touching(ax: Axes, at: float, value: float, slope: float) -> tuple[Floats, Floats]:
    """Return the two ends of a piece of the tangent that is as long as others on the paper."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    steep = slope * (right - left) / (high - low)
    half = _HALF * (right - left) / np.hypot(1.0, steep)
    x = np.array([at - half, at + half])
    return x, value + slope * (x - at)
