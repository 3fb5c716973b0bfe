"""Names and numbers as pictures write them: long names cut, large numbers in groups of three."""

from __future__ import annotations

from typing import Any

__all__ = ["amount", "grouped", "minus", "shortened"]

_LARGE, _HUGE = 1e4, 1e9


def shortened(name: str, most: int = 22) -> str:
    """Return a name of at the most so many characters.

    Examples
    --------
    >>> shortened("the age of the customer", 12)
    'the age of …'
    """
    return name if len(name) <= most else f"{name[: most - 1]}…"


def amount(value: float) -> str:
    """Return a number of four digits, or whole in groups of three.

    Examples
    --------
    >>> amount(51746.2), amount(0.31452)
    ('51,746', '0.3145')
    """
    return f"{value:,.0f}" if _LARGE <= abs(value) < _HUGE else minus(f"{value:.4g}")


def grouped(axis: Any) -> None:
    """Write an axis's numbers in groups of three where they are large."""
    from matplotlib.ticker import ScalarFormatter, StrMethodFormatter

    far = max(abs(float(end)) for end in axis.get_view_interval())
    if _LARGE <= far < _HUGE and isinstance(axis.get_major_formatter(), ScalarFormatter):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def minus(text: str) -> str:
    """Return a number's text with a minus sign for its hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")
