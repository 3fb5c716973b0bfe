"""Drawings over two features: decisions, responses of units, and bent spaces."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import SpecError, suggest
from .draw_rows import amounts_scale, class_colours, class_legend, draw_rows, dress_bar, some
from .lettering import minus
from .style import (
    Style,
    StyleName,
    canvas,
    diverging_map,
    dress,
    error_map,
    new_figure,
    style_named,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .bending import Bending, Space
    from .features import Decision, Units
    from .side_by_side import Decisions

__all__ = ["draw_bending", "draw_decision", "draw_decisions", "draw_units"]

_INKS = ("#1f2430", "#f4f4f2")  # on the light and on the dark half of a map of numbers


def draw_decision(
    found: Decision, ax: Axes | None, most_points: int, style: StyleName | Style
) -> Axes:
    """Draw the map, the boundaries and the rows."""
    look = style_named(style)
    ax = canvas(ax, look)
    drawn = _classes(found, ax, look) if found.labels else _amounts(found, ax, look)
    if found.labels and drawn is not None:
        _scale(found, drawn, ax, look)
    truth = some(found.truth, most_points)
    scale = None if found.labels else drawn.norm
    draw_rows(ax, found.points[:most_points], truth, found.labels, look, scale=scale)
    _frame(ax, found.x, found.y, found.names, found.note, look)
    if found.labels:
        ax.set_title("Decision")
        class_legend(ax, look)
    return ax


def draw_decisions(found: Decisions, most_points: int, style: StyleName | Style) -> Any:
    """Draw the maps side by side, with one scale of probabilities for all."""
    look, count = style_named(style), len(found.maps)
    columns = min(count, 4)
    rows = -(-count // columns)
    figure = new_figure(look, (3.2 * columns + 0.8, 3.2 * rows + 0.2))
    axes = np.atleast_1d(np.asarray(figure.subplots(rows, columns))).ravel()
    every = zip(axes, found.names, found.maps, found.accuracies, strict=False)
    drawn = None
    for place, (ax, name, each, accuracy) in enumerate(every):
        dress(ax, look)
        drawn = _classes(each, ax, look)
        truth = some(each.truth, most_points)
        draw_rows(ax, each.points[:most_points], truth, each.labels, look, size=14)
        _frame(ax, each.x, each.y, each.names, each.note if place == 0 else "", look)
        told = "" if np.isnan(accuracy) else f" ({100 * accuracy:.0f} % right)"
        ax.set_title(f"{name}{told}", fontsize=10)
        if place % columns:
            ax.set_ylabel("")
    for left in axes[count:]:
        left.remove()
    if drawn is not None:
        _scale(found.maps[0], drawn, list(axes[:count]), look)
    class_legend(axes, look)
    return axes[:count]


def _classes(found: Decision, ax: Axes, look: Style) -> Any:
    """Draw the classes' map; return what a scale can be made of, if it has one."""
    if len(found.labels) == 2:
        return _two_classes(found, ax, look)
    return _many_classes(found, ax, look)


def _scale(found: Decision, drawn: Any, axes: Any, look: Style) -> None:
    first = axes[0] if isinstance(axes, list) else axes
    bar = first.figure.colorbar(drawn, ax=axes, ticks=[0, 0.25, 0.5, 0.75, 1], pad=0.02)
    dress_bar(bar, f"{found.quantity} of {found.labels[1]}", look)


def _two_classes(found: Decision, ax: Axes, look: Style) -> Any:
    second = found.values[:, :, 1]
    drawn = ax.contourf(
        found.x, found.y, np.clip(second, 0, 1), np.linspace(0, 1, 21),
        cmap=diverging_map(look), vmin=-0.25, vmax=1.25,
    )  # fmt: skip
    ax.contour(found.x, found.y, second, [0.5], colors=[look.ink], linewidths=1.6)
    return drawn


def _many_classes(found: Decision, ax: Axes, look: Style) -> None:
    """Draw each class in its colour, the paler the less sure."""
    from matplotlib.colors import to_rgb

    colours = np.array([to_rgb(c) for c in class_colours(look, len(found.labels))])
    best = found.classes
    sure = np.clip(np.take_along_axis(found.values, best[:, :, None], axis=2), 0, 1)
    least = 1 / len(found.labels)
    depth = 0.12 + 0.5 * np.clip((sure - least) / (1 - least), 0, 1)
    picture = depth * colours[best] + (1 - depth) * np.array(to_rgb(look.background))
    extent = (found.x[0], found.x[-1], found.y[0], found.y[-1])
    ax.imshow(picture, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    for i in range(len(found.labels)):
        if (best == i).any() and (best != i).any():
            rest = np.delete(found.values, i, axis=2).max(axis=2)
            lead = found.values[:, :, i] - rest
            ax.contour(found.x, found.y, lead, [0], colors=[look.ink], linewidths=1.2)


def _amounts(found: Decision, ax: Axes, look: Style) -> Any:
    """Draw a map of predictions; return it, for its scale of colours."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    shown = found.values[:, :, 0]
    drawn = ax.contourf(found.x, found.y, shown, 20, cmap=error_map())
    low, high = float(shown.min()), float(shown.max())
    form = "{x:,.0f}" if max(abs(low), abs(high)) >= 1e4 else None
    if high > low:
        levels = MaxNLocator(8).tick_values(low, high)
        inks = [_INKS[int(level > (low + high) / 2)] for level in levels]
        lines = ax.contour(
            found.x, found.y, shown, levels, colors=inks, linewidths=0.6, linestyles="solid"
        )
        ax.clabel(lines, fontsize=7, fmt=StrMethodFormatter(form or "{x:.4g}"))
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, format=form, ticks=MaxNLocator(8))
    dress_bar(bar, found.quantity, look)
    ax.set_title("Prediction" if found.truth is None else "Prediction, and the rows' true values")
    return drawn


def _frame(ax: Axes, x: Floats, y: Floats, names: tuple[str, str], note: str, look: Style) -> None:
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel=names[0], ylabel=names[1])
    if note:
        ax.annotate(
            fill(note, 76), (0, 0), (0, -38), "axes fraction", textcoords="offset points",
            fontsize=7.5, color=look.ink, alpha=0.75, annotation_clip=False, va="top",
        )  # fmt: skip


def draw_units(
    found: Units,
    ax: Axes | None,
    layer: str | None,
    unit: int | None,
    most: int,
    style: StyleName | Style,
) -> Any:
    """Draw a map for each unit."""
    look = style_named(style)
    layers = [_known(layer, found.layers)] if layer is not None else [*found.layers]
    widths = {name: each.shape[2] for name, each in zip(found.layers, found.responses, strict=True)}
    if unit is not None and (layer is None or not 0 <= unit < widths[layer]):
        raise SpecError(f"say layer=, and of its units one from 0, not unit={unit!r}")
    if ax is not None:
        if layer is None or (unit is None and widths[layer] > 1):
            raise SpecError("one ax takes the map of one unit; say layer= and unit=")
        return _unit(found, layer, unit or 0, canvas(ax, look), look)
    chosen = {
        name: [unit] if unit is not None else [*range(min(widths[name], most))] for name in layers
    }
    columns = max(map(len, chosen.values()))
    figure = new_figure(look, (max(1.75 * columns, 3.2) + 0.9, 1.85 * len(layers) + 0.8))
    axes = np.asarray(figure.subplots(len(layers), columns, squeeze=False))
    for row, (name, shown) in zip(axes, chosen.items(), strict=True):
        for place, each in zip(shown, row, strict=False):
            _unit(found, name, place, dress(each, look), look)
            each.set(xticks=[], yticks=[], xlabel="", ylabel="")
            each.spines[:].set_visible(False)
        for left in row[len(shown) :]:
            left.set_axis_off()
        if len(shown) < widths[name] and unit is None:
            row[0].set_ylabel(f"{len(shown)} of {widths[name]} units", fontsize=9)
    across, up = found.names
    figure.suptitle(f"across: {across}; up: {up}", fontsize=9, color=look.ink)
    class_legend(axes, look)
    return axes


def _unit(found: Units, layer: str, unit: int, ax: Axes, look: Style) -> Axes:
    values = found.responses[found.layers.index(layer)][:, :, unit]
    low, high = float(values.min()), float(values.max())
    far = max(abs(low), abs(high)) or 1.0
    signed = low < 0
    colours = diverging_map(look) if signed else error_map()
    ax.pcolormesh(
        found.x, found.y, values, cmap=colours, shading="nearest", rasterized=True,
        vmin=-far if signed else 0.0, vmax=far,
    )  # fmt: skip
    if high - low > 0.05 * far:  # a constant unit has no line
        ax.contour(
            found.x, found.y, values, [_middle(found, layer, low, high)], colors=[look.ink],
            linewidths=1, linestyles="solid",
        )  # fmt: skip
    truth = some(found.truth, 300) if found.labels else None
    draw_rows(ax, found.points[:300], truth, found.labels, look, size=7)
    ax.set(xlim=(found.x[0], found.x[-1]), ylim=(found.y[0], found.y[-1]))
    ax.set(xlabel=found.names[0], ylabel=found.names[1])
    ax.set_title(minus(f"{layer}.{unit}  [{low:.2g}, {high:.2g}]"), fontsize=8)
    return ax


def _middle(found: Units, layer: str, low: float, high: float) -> float:
    """Return where a unit is undecided: half of a probability, nought, or half its range."""
    if layer in found.shares:
        return 0.5
    return 0.0 if low < 0 < high else (low + high) / 2


def _known(layer: str, layers: Sequence[str]) -> str:
    if layer not in layers:
        raise SpecError(f"there is no layer {layer!r} in this picture; {suggest(layer, layers)}")
    return layer


def draw_bending(
    found: Bending, ax: Axes | None, layer: str | None, style: StyleName | Style
) -> Any:
    """Draw the spaces side by side."""
    look = style_named(style)
    names = [space.layer for space in found.spaces]
    spaces = [
        space for space in found.spaces if layer is None or space.layer == _known(layer, names)
    ]
    if ax is not None:
        if len(spaces) > 1:
            raise SpecError("one ax takes the space of one layer; say layer=")
        return _space(found, spaces[0], canvas(ax, look), look)
    figure = new_figure(look, (3.7 * len(spaces) + 0.3, 4.0))
    axes = np.atleast_1d(np.asarray(figure.subplots(1, len(spaces))))
    for each, space in zip(axes, spaces, strict=True):
        _space(found, space, dress(each, look), look)
    if found.truth is not None and not found.labels:
        bar = figure.colorbar(axes[0].collections[-1], ax=list(axes), pad=0.02)
        dress_bar(bar, "true value", look)
    class_legend(axes, look)
    return axes


def _space(found: Bending, space: Space, ax: Axes, look: Style) -> Axes:
    for lines in (space.grid, space.grid.swapaxes(0, 1)):
        for line in lines:
            ax.plot(line[:, 0], line[:, 1], color=look.faint, linewidth=0.6, zorder=1)
    scale = None if found.truth is None or found.labels else amounts_scale(found.truth)
    truth = some(found.truth, 1000)
    draw_rows(ax, space.points[:1000], truth, found.labels, look, size=16, scale=scale)
    every = np.concatenate([space.grid.reshape(-1, 2), space.points])
    low, high = every.min(axis=0), every.max(axis=0)
    margin = np.where(high > low, 0.04 * (high - low), 1.0)
    if space.line is not None:
        _boundary(ax, space.line, low - margin, high + margin, look)
    ax.set(xlim=(low[0] - margin[0], high[0] + margin[0]), xlabel=space.names[0])
    ax.set(ylim=(low[1] - margin[1], high[1] + margin[1]), ylabel=space.names[1])
    whole = "" if space.share > 0.9995 else f" ({100 * space.share:.0f} % of the variance)"
    ax.set_title(space.layer + whole, fontsize=10)
    return ax


def _boundary(
    ax: Axes, line: tuple[float, float, float], low: Floats, high: Floats, look: Style
) -> None:
    x, y = np.meshgrid(np.linspace(low[0], high[0], 3), np.linspace(low[1], high[1], 3))
    net_input = line[0] * x + line[1] * y + line[2]
    if net_input.min() < 0 < net_input.max():
        ax.contour(x, y, net_input, [0], colors=[look.ink], linewidths=1.6)
