"""What the axes of several pictures have in common: logarithms, plain numbers, keys below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .style import Style
from .words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["legend_below", "log_axis", "plain_ticks"]

_POWERS = 1e3
"""The ratio of a logarithmic axis's ends from which on it has powers of ten only."""


def log_axis(ax: Axes) -> None:
    """Make the axis upwards logarithmic, with plain numbers where it spans little."""
    from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high >= _POWERS * low:
        ax.yaxis.set_minor_formatter(NullFormatter())
        return
    ax.yaxis.set_major_formatter("{x:g}")
    if high < 4 * low:
        ax.yaxis.set_major_locator(MaxNLocator(6))
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        ax.yaxis.set_minor_formatter(lambda y, _: f"{y:g}" if f"{y:e}"[0] in "25" else "")


def plain_ticks(ax: Axes) -> None:
    """Write the numbers of both axes in full: no common factor stands apart, beside a label."""
    from matplotlib.ticker import ScalarFormatter

    for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        largest = max(abs(low), abs(high))
        if high - low < 1e-4 * largest:
            continue  # they differ in their last digits only: better written as a sum
        formatter = ScalarFormatter(useOffset=False)
        formatter.set_scientific(False)
        small_or_large = not 1e-3 <= largest < 1e6
        axis.set_major_formatter((lambda x, _: number(x)) if small_or_large else formatter)


def legend_below(ax: Axes, look: Style, columns: int = 2, **options: Any) -> None:
    """Put the key under the axis's label, where it hides nothing."""
    from matplotlib.transforms import ScaledTranslation

    below = ScaledTranslation(0, -38 / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), bbox_transform=ax.transAxes + below,
        ncols=columns, fontsize=8, frameon=False, labelcolor=look.ink, **options,
    )  # fmt: skip
