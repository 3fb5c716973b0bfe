"""Drawings of a training: error curves, norms by layer, histograms over epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import SpecError, suggest
from .axes import log_axis
from .style import Style, StyleName, canvas, dress, error_map, new_figure, style_named
from .words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .training import Histograms, LayerHistory, TrainingCurves

__all__ = ["draw_curves", "draw_layers"]

_TITLES = {
    "gradients": "Gradient by layer",
    "updates": "Step over weights by layer",
    "weights": "Weights",
    "activations": "Outputs",
}
_LINES = ("-", "--", "-.", ":")  # told apart by more than colour


def draw_curves(
    curves: TrainingCurves, ax: Axes | None, log: bool, style: StyleName | Style
) -> Any:
    """Draw the errors on `ax`; or on a figure of its own, with the learning rate beneath."""
    look = style_named(style)
    if ax is not None:
        return _errors(curves, canvas(ax), log, look)
    upper, lower = new_figure(look).subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [3.2, 1]}
    )
    _errors(curves, dress(upper, look), log, look).set_xlabel("")
    dress(lower, look).plot(
        curves.epochs, curves.learning_rate, color=look.colours[2], drawstyle="steps-mid",
        marker=_marker(curves),
    )  # fmt: skip
    lower.set(xlabel="epoch", ylabel="rate η")
    lower.set_ylim(0, 1.25 * float(np.nanmax(curves.learning_rate)) or 1.0)
    return np.array([upper, lower])


def _marker(curves: TrainingCurves) -> str:
    """Return the dot that a curve of one epoch is."""
    return "o" if len(curves.epochs) == 1 else ""


def _errors(curves: TrainingCurves, ax: Axes, log: bool, look: Style) -> Axes:
    few = _marker(curves)
    ax.plot(
        curves.epochs,
        curves.error,
        marker=few,
        color=look.colours[0],
        label="training (during the epoch)",
    )
    shown = curves.error
    if curves.validated:
        shown = curves.validation_error
        ax.plot(
            curves.epochs,
            shown,
            "--",
            marker=few,
            color=look.colours[1],
            label="validation (at its end)",
        )
    at = int(np.flatnonzero(curves.epochs == curves.best)[0])
    ax.axvline(curves.best, color=look.faint, linewidth=1, zorder=0)
    ax.plot(
        [curves.best], [shown[at]], "o", color=look.ink, markersize=6, zorder=4,
        label=f"best: epoch {curves.best:,}, {number(float(shown[at]))}",
    )  # fmt: skip
    every = np.concatenate([curves.error, curves.validation_error])
    if log and _has_logarithms(every):
        log_axis(ax)
    ax.set(xlabel="epoch", ylabel="error E", title="Error by epoch")
    _legend(ax, look)
    return ax


def _has_logarithms(values: Floats) -> bool:
    """Return whether there are finite numbers, all above 0, and not all one."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and (finite > 0).all() and finite.min() < finite.max())


def _legend(ax: Axes, look: Style) -> None:
    ax.legend(frameon=False, fontsize=9, labelcolor=look.ink)


def draw_layers(
    found: LayerHistory,
    ax: Axes | None,
    kind: str | None,
    layer: str | None,
    style: StyleName | Style,
) -> Any:
    """Draw one kind of picture, or the two of lines side by side."""
    look = style_named(style)
    if kind is not None and kind not in _TITLES:
        raise SpecError(f"there is no picture of layers called {kind!r}; {suggest(kind, _TITLES)}")
    if layer is not None and layer not in found.layers:
        raise SpecError(f"the network has no layer {layer!r}; {suggest(layer, found.layers)}")
    if kind in ("gradients", "updates"):
        return _lines(found, kind, canvas(ax, look), look)
    layers = found.layers if layer is None else (layer,)
    if ax is not None:
        if kind is None or len(layers) > 1:
            raise SpecError("one ax takes one picture; say kind=, and layer= for histograms")
        return _histogram(found, kind, layers[0], ax, look)
    columns = 2 if kind is None else min(len(layers), 3)
    rows = 1 if kind is None else -(-len(layers) // columns)
    figure = new_figure(look, (4.3 * columns + 0.4, 3.4 * rows + 0.3))
    axes = np.atleast_1d(np.asarray(figure.subplots(rows, columns))).ravel()
    if kind is None:
        for each, of in zip(axes, ("gradients", "updates"), strict=True):
            _lines(found, of, dress(each, look), look)
        return axes
    for each, name in zip(axes, layers, strict=False):
        _histogram(found, kind, name, dress(each, look), look, key=each is axes[0])
    what = "weights" if kind == "weights" else "outputs"
    told = f"the darker, the larger the share of a layer's {what} (by its root)"
    figure.suptitle(told, fontsize=9, color=look.ink, x=0.01, ha="left")
    for left in axes[len(layers) :]:
        left.remove()
    return axes[: len(layers)]


def _lines(found: LayerHistory, kind: str, ax: Axes, look: Style) -> Axes:
    values = found.gradient_norms if kind == "gradients" else found.update_ratios
    for i, name in enumerate(found.layers):
        ax.plot(
            found.epochs, values[:, i], _LINES[i % len(_LINES)],
            color=look.colours[i % len(look.colours)], label=name,
        )  # fmt: skip
    if _has_logarithms(values):
        log_axis(ax)
    label = "‖∂J/∂θ‖" if kind == "gradients" else "‖ΔW‖ / ‖W‖ of a step"
    ax.set(xlabel="epoch", ylabel=label, title=_TITLES[kind])
    _legend(ax, look)
    return ax


def _histogram(
    found: LayerHistory, kind: str, layer: str, ax: Axes, look: Style, key: bool = True
) -> Axes:
    spreads = found.weights if kind == "weights" else found.activations
    spread: Histograms = spreads[found.layers.index(layer)]
    edges = _between(found.kept.astype(np.float64))
    # The root lets thin tails be seen beside a peak.
    shade = np.sqrt(spread.shares.T)
    ax.pcolormesh(edges, spread.edges, shade, cmap=error_map(), rasterized=True, vmin=0)
    ax.plot(found.kept, spread.medians, color=look.colours[1], linewidth=1.5, label="median")
    ax.set(xlabel="epoch", ylabel="w" if kind == "weights" else "output o")
    ax.set_title(f"{_TITLES[kind]} of {layer}")
    ax.set_xlim(edges[0], edges[-1])
    if key:
        ax.legend(frameon=True, framealpha=0.8, fontsize=8, loc="upper left")
    return ax


def _between(places: Any) -> Any:
    """Return edges half way between places, so that each has a cell."""
    if len(places) == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    inner = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - inner[0]], inner, [2 * places[-1] - inner[-1]]])
