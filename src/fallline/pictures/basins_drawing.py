"""Basins drawn: a colour for each minimum, the darker the longer the descent to it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..arrays import Array, Floats
from ..errors import SpecError
from .style import Style, StyleName, dress, new_figure, style_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from .basins import BasinMap, Basins

__all__ = ["draw_basins"]

_PALE = 0.3  # how much of its colour a basin has where the descent is fastest
_NAMED = 5  # minima with a colour of their own


def draw_basins(found: Basins, ax: Any, style: StyleName) -> Any:
    """Draw every map; return the axes, an array of them for several maps."""
    look = style_named(style)
    axes = _axes(ax, len(found.maps), look)
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
    pixels = _pixels(one, look, low, high)
    ax.imshow(pixels, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
    for number in range(min(len(found.minima), _NAMED)):
        x, y = found.minima[number, list(found.places)]
        if extent[0] < x < extent[1] and extent[2] < y < extent[3]:
            face = "black" if found.is_global[number] else "white"
            ax.plot(x, y, "o", color=face, markeredgecolor="black", markersize=8)
            ax.annotate(
                str(number + 1), (x, y), (7, 5), textcoords="offset points", color="black",
                fontsize=9, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0,
                                  "alpha": 0.8},
            )  # fmt: skip
    ax.set_xlabel(f"start of {found.along[0]}")
    if ax.get_subplotspec() is None or cast(Any, ax.get_subplotspec()).is_first_col():
        ax.set_ylabel(f"start of {found.along[1]}")
    told = f"{one.label}\n{_percent(one.share_global)} of the starts reach the least error"
    ax.set_title(told, fontsize=10)
    _legend(found, one, ax, look)


def _pixels(one: BasinMap, look: Style, low: float, high: float) -> Floats:
    """Return (ny, nx, 3): the colour of the minimum, mixed with white where it came soon."""
    from matplotlib.colors import to_rgb

    own = [to_rgb(colour) for colour in look.colours[:_NAMED]]
    table = np.array([*own, *[to_rgb("#8a8f99")] * max(1, 1 + int(one.reached.max()) - len(own))])
    colours = table[np.maximum(one.reached, 0)]
    slow = np.log1p(np.nan_to_num(one.epochs, nan=low)) - np.log1p(low)
    share = slow / (np.log1p(high) - np.log1p(low)) if high > low else np.ones_like(slow)
    depth = (_PALE + (1 - _PALE) * share)[..., None]
    mixed = 1 - depth * (1 - colours)
    mixed[one.reached == -1] = to_rgb("#dcdcdc")
    mixed[one.reached == -2] = to_rgb("#3a3a3a")
    result: Floats = np.clip(mixed, 0, 1)
    return result


def _legend(found: Basins, one: BasinMap, ax: Axes, look: Style) -> None:
    from matplotlib.patches import Patch

    shown = [k for k in range(min(len(found.minima), _NAMED)) if one.share(k)]
    parts = [
        Patch(
            facecolor=look.colours[k],
            label=f"{k + 1}: E = {found.errors[k]:.4g}, {_percent(one.share(k))}"
            + (", least" if found.is_global[k] else ""),
        )
        for k in shown
    ]
    rest = float((one.reached >= _NAMED).mean())
    others = [(rest, "#8a8f99", f"{max(0, len(found.minima) - _NAMED)} other minima"),
              (one.share(-1), "#dcdcdc", "at no minimum yet"),
              (one.share(-2), "#3a3a3a", "diverged")]  # fmt: skip
    parts += [
        Patch(facecolor=colour, label=f"{text}, {_percent(share)}")
        for share, colour, text in others
        if share
    ]
    made = ax.legend(
        handles=parts, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False,
        fontsize=8, labelcolor=look.ink if ax.get_facecolor() != (1, 1, 1, 1) else None,
    )  # fmt: skip
    made.set_in_layout(True)


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


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
