"""The rows of a table as dots on a picture, by class or by amount, and the legend of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats, Ints
from .style import Style, error_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

__all__ = ["amounts_scale", "class_colours", "class_legend", "draw_rows", "dress_bar", "some"]

_MARKS = ("o", "s", "^", "D", "v", "P", "X")  # classes differ by more than colour


def class_colours(look: Style, count: int) -> list[Any]:
    """Return a colour for each class; of two, those at the ends of `diverging_map`.

    From the eighth on they are the first ones again, half way to ink, then half way to paper.
    """
    from matplotlib.colors import to_hex, to_rgb

    if count == 2:
        return [look.colours[1], look.colours[0]]
    seven, found = len(look.colours), []
    for i in range(count):
        own = np.array(to_rgb(look.colours[i % seven]))
        towards = np.array(to_rgb(look.background if (i // seven) % 2 == 0 else look.ink))
        found.append(to_hex(tuple(own if i < seven else (own + towards) / 2)))
    return found


def draw_rows(
    ax: Axes,
    points: Floats,
    truth: Ints | Floats | None,
    labels: Sequence[str],
    look: Style,
    size: float = 22,
    scale: Normalize | None = None,
) -> None:
    """Draw a dot for each row: marks of classes, or true amounts in the colours of a scale."""
    edge = look.background if look.name == "light" else "#000000"
    if truth is None:
        ax.scatter(points[:, 0], points[:, 1], s=size / 2, color=look.colours[1], edgecolors=edge,
                   linewidths=0.3, zorder=3)  # fmt: skip
        return
    if not labels:
        ax.scatter(points[:, 0], points[:, 1], s=size, c=truth, cmap=error_map(), norm=scale,
                   edgecolors=look.ink, linewidths=0.35, zorder=3)  # fmt: skip
        return
    for i, (label, colour) in enumerate(zip(labels, class_colours(look, len(labels)), strict=True)):
        own = points[truth == i]
        ax.scatter(
            own[:, 0], own[:, 1], s=size, color=colour, edgecolors=edge, label=label, zorder=3,
            marker=_MARKS[(i + i // len(_MARKS)) % len(_MARKS)],
            linewidths=0.6 if size > 10 else 0.25,
        )  # fmt: skip


def amounts_scale(truth: Ints | Floats) -> Normalize:
    """Return a scale of colours for amounts, which a few far ones do not stretch."""
    from matplotlib.colors import Normalize

    low, high = np.percentile(truth, [2, 98])
    return Normalize(float(low), float(high))


def class_legend(axes: Any, look: Style) -> None:
    """Tell which mark is which class: beneath a figure of several axes, else on the axes."""
    several = isinstance(axes, np.ndarray)
    first = axes.flat[0] if several else axes
    handles, names = first.get_legend_handles_labels()
    if not handles:
        return
    where: dict[str, Any] = (
        {"loc": "outside lower center", "ncols": min(len(names), 7)} if several else {}
    )
    legend = (first.figure if several else first).legend(
        handles, names, fontsize=8, labelcolor=look.ink, framealpha=0.85, edgecolor="none", **where
    )
    legend.get_frame().set_facecolor(look.background)


def dress_bar(bar: Any, label: str, look: Style) -> None:
    """Give a bar of colours its label and the style's ink."""
    bar.set_label(label, color=look.ink)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=look.ink, labelsize=8)


def some(truth: Ints | Floats | None, most: int) -> Ints | Floats | None:
    """Return the first of the truth, where it is known."""
    return None if truth is None else truth[:most]
