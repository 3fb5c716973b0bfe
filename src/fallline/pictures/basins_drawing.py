"""Basins drawn: a colour for each minimum, the darker the longer the descent to it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..arrays import Array, Floats
from ..errors import SpecError
from .axes import legend_below, plain_ticks
from .basin_minima import DIVERGED, NOT_THERE
from .style import AREAS, Style, StyleName, dress, new_figure, style_named
from .words import number as printed
from .words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from .basins import BasinMap, Basins

__all__ = ["draw_basins"]

_PALE = 0.45  # how much of its colour a basin has where the descent is fastest
_NAMED = len(AREAS)  # minima with a colour of their own
_OTHER, _NOWHERE, _GONE = "#8a8f99", "#dcdcdc", "#3a3a3a"
_NOTHING = 1e-9  # the share of the fall's hundredth below which an error is nothing
_LARGE = 0.02  # the share of a map from which a region has its number written in it


def draw_basins(found: Basins, ax: Any, style: StyleName) -> Any:
    """Draw every map; return the axes, an array of them for several maps."""
    look = style_named(style)
    axes = _axes(ax, len(found.maps), look)
    if ax is None:
        title = axes[0].figure.suptitle(found.note, x=0.01, ha="left", fontsize=9)
        title.set_color(look.ink)
    low, high = _fastest_slowest(found)
    for one, at in zip(found.maps, axes, strict=True):
        _draw_map(found, one, at, look, low, high)
    if high > low:
        _add_bar(axes, look, low, high)
    return axes if len(found.maps) > 1 else axes[0]


def _axes(ax: Any, count: int, look: Style) -> Array:
    if ax is None:
        figure = new_figure(look, (1.0 + 4.6 * count, 5.2))
        made = figure.subplots(1, count, squeeze=False, sharey=True)[0]
        return np.array([dress(one, look) for one in made], dtype=object)
    given = np.array(ax, dtype=object).reshape(-1)
    if len(given) != count:
        raise SpecError(f"there are {count} maps to draw, so ax must be {count} axes, not "
                        f"{len(given)}")  # fmt: skip
    return given


def _draw_map(found: Basins, one: BasinMap, ax: Axes, look: Style, low: float, high: float) -> None:
    half = (found.xs[1] - found.xs[0]) / 2, (found.ys[1] - found.ys[0]) / 2
    extent = (
        found.xs[0] - half[0], found.xs[-1] + half[0],
        found.ys[0] - half[1], found.ys[-1] + half[1],
    )  # fmt: skip
    pixels = _pixels(one, low, high)
    ax.imshow(pixels, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
    _draw_borders(ax, one, found.xs - half[0], found.ys - half[1], half)
    _draw_numbers(ax, found, one)
    for number in range(min(len(found.minima), _NAMED)):
        x, y = found.minima[number, list(found.places)]
        if extent[0] < x < extent[1] and extent[2] < y < extent[3]:
            face = "black" if found.is_global[number] else "white"
            edge = "white" if found.is_global[number] else "black"
            ax.plot(x, y, "o", color=face, markeredgecolor=edge, markersize=8)
            _write(ax, x, y, str(number + 1), (7, 5))
    ax.set_xlabel(f"start of {found.along[0]}")
    if ax.get_subplotspec() is None or cast(Any, ax.get_subplotspec()).is_first_col():
        ax.set_ylabel(f"start of {found.along[1]}")
    told = f"{one.label}\n{percent(one.share_global)} of the starts reach the least error"
    ax.set_title(told, fontsize=10)
    plain_ticks(ax)
    _legend(found, one, ax, look)


def _draw_borders(ax: Axes, one: BasinMap, xs: Floats, ys: Floats, half: tuple[Any, Any]) -> None:
    """Draw lines between starts that lead elsewhere: basins can be told apart without colours."""
    from matplotlib.collections import LineCollection

    wide, high = 2 * half[0], 2 * half[1]
    beside = np.argwhere(one.reached[:, 1:] != one.reached[:, :-1])
    above = np.argwhere(one.reached[1:] != one.reached[:-1])
    upright = [((xs[i + 1], ys[j]), (xs[i + 1], ys[j] + high)) for j, i in beside]
    level = [((xs[i], ys[j + 1]), (xs[i] + wide, ys[j + 1])) for j, i in above]
    ax.add_collection(LineCollection([*upright, *level], colors="#1f2430", linewidths=0.6))


def _draw_numbers(ax: Axes, found: Basins, one: BasinMap) -> None:
    """Write its number in each large region that does not hold the dot of its minimum."""
    from scipy.ndimage import distance_transform_edt, label

    for number in range(min(len(found.minima), _NAMED)):
        regions, count = label(one.reached == number)
        dot = found.minima[number, list(found.places)]
        for region in range(1, count + 1):
            inside = regions == region
            if inside.mean() < _LARGE:
                continue
            depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
            j, i = np.unravel_index(int(depth.argmax()), depth.shape)
            held = np.abs(found.xs - dot[0]).argmin(), np.abs(found.ys - dot[1]).argmin()
            if not inside[held[1], held[0]]:
                _write(ax, float(found.xs[i]), float(found.ys[j]), str(number + 1), (0, 0))


def _write(ax: Axes, x: float, y: float, text: str, moved: tuple[int, int]) -> None:
    ax.annotate(
        text, (x, y), moved, textcoords="offset points", color="black", fontsize=9,
        ha="left" if moved[0] else "center", va="baseline" if moved[1] else "center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
    )  # fmt: skip


def _pixels(one: BasinMap, low: float, high: float) -> Floats:
    """Return (ny, nx, 3): the colour of the minimum, mixed with white where it came soon."""
    from matplotlib.colors import to_rgb

    own = [to_rgb(colour) for colour in AREAS]
    table = np.array([*own, *[to_rgb(_OTHER)] * max(1, 1 + int(one.reached.max()) - len(own))])
    colours = table[np.maximum(one.reached, 0)]
    slow = np.log1p(np.nan_to_num(one.epochs, nan=low)) - np.log1p(low)
    share = slow / (np.log1p(high) - np.log1p(low)) if high > low else np.ones_like(slow)
    depth = (_PALE + (1 - _PALE) * share)[..., None]
    mixed = 1 - depth * (1 - colours)
    mixed[one.reached == NOT_THERE] = to_rgb(_NOWHERE)
    mixed[one.reached == DIVERGED] = to_rgb(_GONE)
    result: Floats = np.clip(mixed, 0, 1)
    return result


def _legend(found: Basins, one: BasinMap, ax: Axes, look: Style) -> None:
    from matplotlib.patches import Patch

    shown = [k for k in range(min(len(found.minima), _NAMED)) if one.share(k)]
    parts = [
        Patch(
            facecolor=AREAS[k],
            label=f"{k + 1}: {_error(found, k)}, {percent(one.share(k))}"
            + (", least" if found.is_global[k] else ""),
        )
        for k in shown
    ]
    rest = float((one.reached >= _NAMED).mean())
    others = [(rest, _OTHER, f"{max(0, len(found.minima) - _NAMED)} other minima"),
              (one.share(NOT_THERE), _NOWHERE, "at no minimum yet"),
              (one.share(DIVERGED), _GONE, "diverged")]  # fmt: skip
    parts += [
        Patch(facecolor=colour, label=f"{text}, {percent(share)}")
        for share, colour, text in others
        if share
    ]
    legend_below(ax, look, handles=parts)


def _error(found: Basins, place: int) -> str:
    """Return J at a minimum; errors so near to each other count as one anyway."""
    error = float(found.errors[place])
    return "J ≈ 0" if 0 < abs(error) < _NOTHING * found.level else f"J = {printed(error)}"


def _add_bar(axes: Array, look: Style, low: float, high: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import FuncNorm

    norm = FuncNorm((np.log1p, np.expm1), vmin=low, vmax=high)
    figure = axes[0].figure
    bar = figure.colorbar(ScalarMappable(norm, _greys()), ax=list(axes), fraction=0.04, pad=0.02)
    bar.set_label("epochs until it is there", color=look.ink)
    between = np.expm1(np.linspace(np.log1p(low), np.log1p(high), 5))
    bar.set_ticks(sorted({round(value) for value in between}), labels=None)
    bar.ax.yaxis.set_major_formatter("{x:.0f}")
    bar.ax.minorticks_off()
    bar.ax.tick_params(colors=look.ink, labelsize=8)


def _greys() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    pale = 1 - _PALE * 0.7
    return LinearSegmentedColormap.from_list("fallline.shade", [(pale,) * 3, (0.3,) * 3])


def _fastest_slowest(found: Basins) -> tuple[float, float]:
    epochs = np.concatenate([one.epochs.ravel() for one in found.maps])
    epochs = epochs[np.isfinite(epochs)]
    return (float(epochs.min()), float(epochs.max())) if epochs.size else (0.0, 0.0)
