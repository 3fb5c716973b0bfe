"""Figures written to files: the same bytes each time, and none larger than can be used."""

from __future__ import annotations

from math import isfinite
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from ..errors import SpecError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_dpi", "save_figure"]

_FINEST = 2400.0  # dots an inch: what the best printers set
_MOST_PIXELS = 10**8  # 400 MB while it is drawn; matplotlib itself would take 16 times as many
_UNDATED: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "svgz": {"Date": None},
    "pdf": {"CreationDate": None},
    "ps": {"CreationDate": None},
    "eps": {"CreationDate": None},
}


def check_dpi(dpi: Any, size: tuple[float, float], images: int = 1) -> None:
    """Raise a SpecError unless so many images of `size` inches can be made at `dpi`.

    Examples
    --------
    >>> check_dpi(5000, (6.4, 4.8))
    Traceback (most recent call last):
    ...
    fallline.errors.SpecError: dpi must be a number from 1 to 2400, not 5000
    """
    real = isinstance(dpi, int | float) and not isinstance(dpi, bool) and isfinite(dpi)
    if not (real and 1 <= dpi <= _FINEST):
        raise SpecError(f"dpi must be a number from 1 to {_FINEST:.0f}, not {dpi!r}")
    wide, high = (round(side * dpi) for side in size)
    if wide * high * images > _MOST_PIXELS:
        many = f"{images} pictures" if images > 1 else "a picture"
        raise SpecError(
            f"{many} of {size[0]:g} × {size[1]:g} inches at {dpi:g} dpi would have "
            f"{wide * high * images / 1e6:,.0f} million pixels, and {_MOST_PIXELS / 1e6:.0f} "
            "million are the most; take a smaller dpi"
        )


def save_figure(figure: Figure, path: str | PathLike[str] | Any, **options: Any) -> None:
    """Write a figure as `matplotlib.figure.Figure.savefig` does, without a date or chance in it.

    Raises
    ------
    SpecError
        The picture would be too large, or the `dpi` is none.
    """
    import matplotlib

    dpi = options.get("dpi", figure.dpi)
    wide, high = figure.get_size_inches().tolist()
    check_dpi(figure.dpi if dpi == "figure" else dpi, (wide, high))
    form = options.get("format") or (
        "" if hasattr(path, "write") else fspath(path).rpartition(".")[2].lower()
    )
    if form in _UNDATED:
        options["metadata"] = _UNDATED[form] | dict(options.get("metadata") or {})
    salt: Any = {"svg.hashsalt": matplotlib.rcParams["svg.hashsalt"] or "fallline"}
    with matplotlib.rc_context(salt):
        figure.savefig(path, **options)
