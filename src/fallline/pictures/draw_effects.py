"""Drawings of what each column does to a model: importance and partial dependence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SpecError
from .lettering import grouped, shortened
from .style import Style, StyleName, canvas, dress, new_figure, style_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .effects import Dependence, Importance

__all__ = ["draw_dependence", "draw_importance"]


def draw_importance(
    found: Importance, ax: Axes | None, most: int, style: StyleName | Style
) -> Axes:
    """Draw a bar for each column, the largest on top."""
    look = style_named(style)
    means = found.rises.mean(axis=1)
    shown = np.argsort(-means, kind="stable")[:most]
    ax = canvas(ax, look, (6.4, 1.4 + 0.3 * len(shown)))
    places = np.arange(len(shown))[::-1]
    ax.barh(places, means[shown], 0.65, color=look.colours[0])
    repeats = found.rises.shape[1]
    ax.plot(
        found.rises[shown].ravel(), np.repeat(places, repeats), "|", color=look.colours[1],
        markersize=8,
    )  # fmt: skip
    ax.axvline(0, color=look.ink, linewidth=0.8)
    ax.set_yticks(places, [shortened(found.names[i], 32) for i in shown])
    count = len(found.names)
    some = f" (the {most} largest of {count} columns)" if count > most else ""
    ax.set_title(f"Permutation importance{some}")
    ax.set_xlabel(
        f"rise of the error ({found.loss.replace('_', ' ')})\n"
        f"above {found.error:.4g}, on {found.rows:,} rows"
    )
    return ax


def draw_dependence(
    found: Dependence, ax: Axes | None, lines: int, style: StyleName | Style
) -> Any:
    """Draw a picture for each column, all on one scale."""
    from sklearn.inspection import PartialDependenceDisplay
    from sklearn.utils import Bunch

    look, count = style_named(style), len(found.names)
    if ax is not None and count > 1:
        raise SpecError("one ax takes the picture of one column; name one in features=")
    axes = _axes(count, look) if ax is None else np.array([canvas(ax, look)])
    categories = [deciles is None for deciles in found.deciles]
    results = [
        Bunch(grid_values=[grid], average=own.mean(axis=0)[None], individual=own[None])
        for grid, own in zip(found.grids, found.individual, strict=True)
    ]
    # Bars of categories have no lines of single rows.
    kinds = ["both" if lines and not each else "average" for each in categories]
    PartialDependenceDisplay(
        results,
        features=[(i,) for i in range(count)],
        feature_names=list(found.names),
        target_idx=0,
        deciles={i: d for i, d in enumerate(found.deciles) if d is not None},
        kind=kinds,
        subsample=max(lines, 1),
        random_state=0,
        is_categorical=[(each,) for each in categories],
    ).plot(
        ax=axes,
        ice_lines_kw={"color": look.colours[0], "alpha": 0.25 if lines > 10 else 0.5},
        pd_line_kw={"color": look.colours[1], "linewidth": 2.2, "linestyle": "-"},
        bar_kw={"color": look.colours[0]},
    )
    return _finished(found, axes, look) if ax is None else _finished(found, axes, look)[0]


def _axes(count: int, look: Style) -> Any:
    columns = min(count, 3)
    rows = -(-count // columns)
    size = (6.4, 4.8) if count == 1 else (2.7 * columns + 0.4, 2.3 * rows + 0.3)
    axes = np.atleast_1d(np.asarray(new_figure(look, size).subplots(rows, columns))).ravel()
    for left in axes[count:]:
        left.remove()
    return np.array([dress(each, look) for each in axes[:count]], object)


def _scale(found: Dependence) -> tuple[float, float]:
    """Return a scale for all pictures that a few far rows do not stretch; bars begin at 0."""
    own = [np.percentile(lines, [2, 98]) for lines in found.individual]
    every = np.concatenate([*own, *found.averages])
    low, high = float(every.min()), float(every.max())
    if any(deciles is None for deciles in found.deciles):
        low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.05 * (high - low) or 1.0
    return low - margin if low else 0.0, high + margin


def _finished(found: Dependence, axes: Any, look: Style) -> Any:
    from matplotlib.ticker import MaxNLocator

    low, high = _scale(found)
    for place, each in enumerate(axes):
        legend = each.get_legend()
        if legend is not None:
            legend.remove()
        each.set_xlabel(shortened(found.names[place], 32))
        each.set_ylim(low, high)
        each.set_ylabel(found.quantity if place % 3 == 0 else "")
        for marks in each.collections:
            marks.set_color(look.ink)
        if found.deciles[place] is None:
            names = [shortened(str(value), 14) for value in found.grids[place]]
            turned = 30 if max(map(len, names)) * len(names) > 20 else 0
            each.set_xticks(range(len(names)), names, rotation=turned,
                            ha="right" if turned else "center")  # fmt: skip
        else:
            each.xaxis.set_major_locator(MaxNLocator(4))
            grouped(each.xaxis)
        grouped(each.yaxis)
    if len(axes) == 1:
        axes[0].set_title(f"Partial dependence ({found.rows:,} rows)")
    return axes
