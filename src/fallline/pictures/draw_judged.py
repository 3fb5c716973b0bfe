"""Drawings of predictions beside the truth, by scikit-learn's Displays in the style of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SpecError, suggest
from .lettering import amount, grouped, minus
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
    from matplotlib.ticker import MaxNLocator
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
        ax.set_title(f"Residuals (RMSE {amount(typical)})")
    else:
        ax.set(xlabel=f"predicted {found.name}", ylabel=f"true {found.name}")
        ax.set_title(minus(f"Prediction and truth (R² {found.r2:.3f})"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5))  # the Display marks odd numbers
        grouped(axis)
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
    _restyle(found, ax, look, skipped="Perfectly calibrated", place="upper left")
    ax.set(xlabel="mean predicted probability", ylabel="share of rows of the class")
    ax.set_title("Calibration")


def _roc(found: Classes, ax: Axes, look: Style) -> None:
    from sklearn.metrics import RocCurveDisplay

    for i in found.curves[:_MOST_CURVES]:
        drawn = RocCurveDisplay.from_predictions(found.truth == i, found.scores[:, i], ax=ax)
        _call(drawn, f"{found.labels[i]} (AUC {drawn.roc_auc:.3f})")
    ax.plot([0, 1], [0, 1], color=look.faint, label="by chance")
    _restyle(found, ax, look, skipped="by chance", place="lower right")
    ax.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC curve")


def _precision_recall(found: Classes, ax: Axes, look: Style) -> None:
    from sklearn.metrics import PrecisionRecallDisplay

    for i in found.curves[:_MOST_CURVES]:
        drawn = PrecisionRecallDisplay.from_predictions(found.truth == i, found.scores[:, i], ax=ax)
        _call(drawn, f"{found.labels[i]} (AP {drawn.average_precision:.3f})")
    _restyle(found, ax, look, skipped="", place="lower left")
    ax.set(xlabel="recall", ylabel="precision", title="Precision and recall")


def _call(drawn: Any, name: str) -> None:
    """Name a Display's line; it rounds to two digits, so that 0.998 looks perfect."""
    line = drawn.line_[0] if isinstance(drawn.line_, list) else drawn.line_
    line.set_label(name)


def _restyle(found: Classes, ax: Axes, look: Style, skipped: str, place: Any) -> None:
    """Give the lines of a Display our colours, whatever its version takes as keywords."""
    curves = [line for line in ax.get_lines() if line.get_label() != skipped]
    for i, line in enumerate(curves):
        line.set_color(look.colours[i % len(look.colours)])
        line.set_linestyle(_LINES[i % len(_LINES)])
    for line in ax.get_lines():
        if line.get_label() == skipped:
            line.set(color=look.faint, linestyle="-")
    legend = ax.legend(
        fontsize=8, labelcolor=look.ink, framealpha=0.85, edgecolor="none", loc=place
    )
    legend.get_frame().set_facecolor(look.background)
    left_out = len(found.curves) - _MOST_CURVES
    if left_out > 0:
        legend.set_title(f"{left_out} more classes are left out")
        legend.get_title().set(color=look.ink, fontsize=8)
