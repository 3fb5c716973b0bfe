"""Drawings of predictions beside the truth, by scikit-learn's Displays in the style of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SpecError, suggest
from .style import Style, StyleName, canvas, dress, error_map, new_figure, style_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .judged import Amounts, Classes

__all__ = ["draw_amounts", "draw_classes"]

_LINES: Sequence[Any] = ("-", "--", "-.", ":")
_MOST_CURVES = 7
_AMOUNTS = {"predictions": "actual_vs_predicted", "residuals": "residual_vs_predicted"}


def draw_amounts(
    found: Amounts, ax: Axes | None, kind: str | None, style: StyleName | Style
) -> Any:
    """Draw predictions, residuals, or both."""
    look = style_named(style)
    if kind is not None and kind not in _AMOUNTS:
        raise SpecError(f"there is no picture {kind!r} of amounts; {suggest(kind, _AMOUNTS)}")
    if ax is not None or kind is not None:
        return _amounts(found, kind or "predictions", canvas(ax, look), look)
    axes = np.asarray(new_figure(look, (9.0, 4.2)).subplots(1, 2))
    for each, name in zip(axes, _AMOUNTS, strict=True):
        _amounts(found, name, dress(each, look), look)
    return axes


def _amounts(found: Amounts, kind: str, ax: Axes, look: Style) -> Axes:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter
    from sklearn.metrics import PredictionErrorDisplay

    PredictionErrorDisplay(y_true=found.truth, y_pred=found.predicted).plot(
        ax=ax,
        kind=_AMOUNTS[kind],
        scatter_kwargs={"color": look.colours[0], "alpha": 0.45, "s": 14, "linewidths": 0},
        line_kwargs={"color": look.ink, "alpha": 0.9},
    )
    if kind == "residuals":
        ax.set(xlabel=f"predicted {found.name}", ylabel="residual: truth − prediction")
        typical = float(np.sqrt((found.residuals**2).mean()))
        ax.set_title(f"Residuals (RMSE {typical:.4g})")
    else:
        ax.set(xlabel=f"predicted {found.name}", ylabel=f"true {found.name}")
        ax.set_title(f"Prediction and truth (R² {found.r2:.3f})")
    ax.xaxis.set_major_locator(MaxNLocator(5))  # the Display marks odd numbers
    ax.yaxis.set_major_locator(MaxNLocator(6))
    if float(np.abs(found.truth).max()) >= 1e4:
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return ax


def draw_classes(
    found: Classes, ax: Axes | None, kind: str, bins: int, style: StyleName | Style
) -> Axes:
    """Draw a confusion matrix, or one of the curves."""
    look = style_named(style)
    kinds: dict[str, Callable[..., None]] = {
        "confusion": _confusion,
        "calibration": partial(_calibration, bins=bins),
        "roc": _roc,
        "precision_recall": _precision_recall,
    }
    if kind not in kinds:
        raise SpecError(f"there is no picture {kind!r} of classes; {suggest(kind, kinds)}")
    ax = canvas(ax, look)
    kinds[kind](found, ax, look)
    return ax


def _confusion(found: Classes, ax: Axes, look: Style) -> None:
    from sklearn.metrics import ConfusionMatrixDisplay

    many = len(found.labels) > 6
    ConfusionMatrixDisplay(found.confusion, display_labels=found.labels).plot(
        ax=ax, cmap=error_map(), colorbar=False, xticks_rotation=60 if many else 0,
        include_values=len(found.labels) <= 20,
    )  # fmt: skip
    right = float((found.truth == found.predicted).mean())
    ax.set(xlabel="predicted", ylabel="true", title=f"Confusion matrix (accuracy {right:.3f})")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _calibration(found: Classes, ax: Axes, look: Style, bins: int) -> None:
    from sklearn.calibration import CalibrationDisplay

    for place, i in enumerate(found.curves[:_MOST_CURVES]):
        CalibrationDisplay.from_predictions(
            found.truth == i, np.clip(found.scores[:, i], 0, 1), n_bins=bins, strategy="quantile",
            ax=ax, name=found.labels[i], ref_line=place == 0,
        )  # fmt: skip
    _restyle(found, ax, look, skipped="Perfectly calibrated")
    ax.set(xlabel="mean predicted probability", ylabel="share of rows that are so")
    ax.set_title("Calibration")


def _roc(found: Classes, ax: Axes, look: Style) -> None:
    from sklearn.metrics import RocCurveDisplay

    for i in found.curves[:_MOST_CURVES]:
        RocCurveDisplay.from_predictions(
            found.truth == i, found.scores[:, i], ax=ax, name=found.labels[i]
        )
    ax.plot([0, 1], [0, 1], color=look.faint, label="by chance")
    _restyle(found, ax, look, skipped="by chance")
    ax.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC curve")


def _precision_recall(found: Classes, ax: Axes, look: Style) -> None:
    from sklearn.metrics import PrecisionRecallDisplay

    for i in found.curves[:_MOST_CURVES]:
        PrecisionRecallDisplay.from_predictions(
            found.truth == i, found.scores[:, i], ax=ax, name=found.labels[i]
        )
    _restyle(found, ax, look, skipped="")
    ax.set(xlabel="recall", ylabel="precision", title="Precision and recall")


def _restyle(found: Classes, ax: Axes, look: Style, skipped: str) -> None:
    """Give the lines of a Display our colours, whatever its version takes as keywords."""
    curves = [line for line in ax.get_lines() if line.get_label() != skipped]
    for place, line in enumerate(curves):
        line.set_color(look.colours[place % len(look.colours)])
        line.set_linestyle(_LINES[place % len(_LINES)])
    for line in ax.get_lines():
        if line.get_label() == skipped:
            line.set(color=look.faint, linestyle="-")
    legend = ax.legend(fontsize=8, labelcolor=look.ink, framealpha=0.85, edgecolor="none")
    legend.get_frame().set_facecolor(look.background)
    left_out = len(found.curves) - _MOST_CURVES
    if left_out > 0:
        legend.set_title(f"{left_out} more classes are left out")
