"""The error over one weight drawn with tangents and steps; a function drawn with its slope."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from .style import SIZE, Style, StyleName, canvas, style_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .bowl import Bowl, Tangent

__all__ = ["draw_bowl", "draw_tangent"]

_HALF = 0.14
"""Half of a tangent's length, as a share of the picture's width."""


def draw_bowl(
    bowl: Bowl, ax: Axes | None, tangents: int = 4, style: StyleName | Style = "light"
) -> Axes:
    """Draw a bowl as `Bowl.plot` says; return the axes."""
    look = style_named(style)
    ax = canvas(ax, look, SIZE)
    curve, steps, touching = look.colours[0], look.path, look.colours[2]
    ax.plot(bowl.values, bowl.errors, color=curve, linewidth=2, zorder=2)
    _frame(ax, bowl.values, bowl.errors, bowl.step_errors)
    for place in range(min(max(tangents, 0), len(bowl.steps))):
        x, y = _touching(ax, bowl.steps[place], bowl.step_errors[place], bowl.slopes[place])
        name = None if place else f"tangents; the first has slope {bowl.slopes[0]:.4g}"
        ax.plot(x, y, color=touching, linewidth=1.6, zorder=3, label=name)
    for (start, level), (to, _) in pairwise(_pairs(bowl)):
        ax.annotate(
            "", (to, level), (start, level), zorder=4, annotation_clip=True,
            arrowprops={"arrowstyle": "->", "color": steps, "linewidth": 1.1, "shrinkA": 0},
        )  # fmt: skip
    ends = zip(bowl.steps[1:], bowl.step_errors[:-1], bowl.step_errors[1:], strict=True)
    for across, before, after in ends:
        ax.plot([across] * 2, [before, after], color=steps, linewidth=1.0, linestyle=":", zorder=3)
    ax.plot(
        bowl.steps, bowl.step_errors, marker="o", markersize=6, color=steps, linestyle="none",
        markeredgecolor=look.background, zorder=5,
        label=f"{len(bowl.steps) - 1} steps Δw = −η ∂J/∂w, η = {bowl.learning_rate:g}",
    )  # fmt: skip
    name = "lowest in view" if bowl.on_edge else "minimum"
    ax.plot(
        bowl.lowest, bowl.lowest_error, marker="o", markersize=7.5, color=look.ink, zorder=6,
        markeredgecolor=look.background, linestyle="none",
        label=f"{name}: J = {bowl.lowest_error:.4g} at {bowl.lowest:.4g}",
    )  # fmt: skip
    ax.set_xlabel(bowl.name)
    ax.set_ylabel("error J")
    title = f"{bowl.landscape.objective_text} of {bowl.landscape.rows_text}"
    title += "; all other weights are held" * (bowl.landscape.network.size > 1)
    ax.set_title(title, loc="left", fontsize=9, color=look.ink)
    ax.legend(fontsize=8, frameon=False, labelcolor=look.ink)
    return ax


def draw_tangent(tangent: Tangent, ax: Axes | None, style: StyleName | Style = "light") -> Axes:
    """Draw a function with its slope as `Tangent.plot` says; return the axes."""
    look = style_named(style)
    ax = canvas(ax, look, SIZE)
    at, value, slope = tangent.at, tangent.value, tangent.slope
    name = f"f(x) = {tangent.formula}"
    ax.plot(tangent.x, tangent.y, color=look.colours[0], linewidth=2, label=name, zorder=2)
    _frame(ax, tangent.x, tangent.y, np.array([value]))
    x = np.array(ax.get_xlim())
    touching = f"tangent, of slope f′({at:g}) = {slope:.6g}"
    ax.plot(x, value + slope * (x - at), color=look.colours[2], linewidth=1.6, label=touching)
    # The triangle: one step to the side, and so many up as the slope says.
    side = 10.0 ** np.floor(np.log10(0.25 * (x[1] - x[0])))
    side *= -1.0 if at + side > x[1] else 1.0
    corner = [at, at + side, at + side], [value, value, value + slope * side]
    ax.plot(*corner, color=look.path, linewidth=1.2, linestyle="--", zorder=3)
    texts = ((at + side / 2, value, f"{side:g}", (0, -11)),
             (at + side, value + slope * side / 2, f"{slope * side:.4g}", (6, -3)))  # fmt: skip
    for across, up, text, moved in texts:
        ax.annotate(
            text, (across, up), moved, textcoords="offset points", color=look.path, fontsize=9,
            annotation_clip=True, ha="center" if moved[0] == 0 else "left",
        )  # fmt: skip
    ax.plot(at, value, marker="o", color=look.ink, markersize=7, linestyle="none", zorder=5,
            label=f"f({at:g}) = {value:.6g}")  # fmt: skip
    ax.set_xlabel("x")
    ax.set_ylabel("f(x)")
    ax.set_title(f"f′(x) = {tangent.slope_formula}", loc="left", fontsize=9, color=look.ink)
    ax.legend(fontsize=8, frameon=False, labelcolor=look.ink)
    return ax


def _pairs(bowl: Bowl) -> list[tuple[float, float]]:
    return list(zip(bowl.steps.tolist(), bowl.step_errors.tolist(), strict=True))


def _frame(ax: Axes, x: Floats, y: Floats, shown: Floats) -> None:
    """Show the whole curve, but let no wall or pole of it squeeze the points that matter."""
    finite = y[np.isfinite(y)]
    low = min(float(finite.min()), float(shown.min()))
    high = max(float(np.percentile(finite, 97)), float(shown.max()))
    gap = 0.08 * (high - low) or 1.0
    ax.set_xlim(float(x[0]), float(x[-1]))
    ax.set_ylim(low - gap, high + gap)


def _touching(ax: Axes, at: float, value: float, slope: float) -> tuple[Floats, Floats]:
    """Return the two ends of a piece of the tangent that is as long as others on the paper."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    steep = slope * (right - left) / (high - low)
    half = _HALF * (right - left) / np.hypot(1.0, steep)
    x = np.array([at - half, at + half])
    return x, value + slope * (x - at)
