"""What every picture's record can do: draw itself as scikit-learn's Displays do, and be saved."""

from __future__ import annotations

from io import BytesIO
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

from ..errors import NotFittedError
from .record import Record
from .saving import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Display"]


class Display(Record):
    """A record of numbers that draws itself.

    A subclass is a frozen dataclass of plain arrays. Its `plot` draws them and ends with
    ``return self._drawn_on(ax)``.

    Attributes
    ----------
    ax_, figure_
        Where `plot` drew last (`ax_` is an array of axes for a picture of several).
    """

    ax_: Any
    figure_: Figure

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the numbers; every picture says here what can be chosen."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is drawn")

    def save(self, path: str | PathLike[str], *, page: bool = False, **options: Any) -> None:
        """Write the picture drawn last to a file, in the format that its name ends in.

        The same picture gives the same bytes: no date is written.

        Parameters
        ----------
        path
            Such as ``surface.svg``, ``.pdf`` or ``.png``.
        page
            Write `svg`, on paper of its own, for a web page; else SVG for any program.
        options
            What `matplotlib.figure.Figure.savefig` takes, such as `dpi`.

        Raises
        ------
        NotFittedError
            Nothing has been drawn yet.
        SpecError
            The picture would be too large, or the `dpi` is none; or one for a page is to be written
            to a file that does not end in ``.svg``.
        """
        if not hasattr(self, "figure_"):
            raise NotFittedError("nothing is drawn yet: call plot() first, then save(path)")
        if page:
            from .svg import save_for_page

            return save_for_page(self.figure_, path)
        save_figure(self.figure_, path, **options)

    @property
    def svg(self) -> str:
        """The picture drawn last as SVG to stand in a web page: small, and its letters are letters.

        What was drawn in light follows the reader's light or dark look. Programs other than
        browsers may know no such thing: for them use `save`.

        Raises
        ------
        NotFittedError
            Nothing has been drawn yet.
        """
        from .svg import svg_of

        if not hasattr(self, "figure_"):
            raise NotFittedError("nothing is drawn yet: call plot() first, then take .svg")
        return svg_of(self.figure_, type(self).__name__.lower())

    def _drawn_on(self, axes: Any) -> Self:
        first = axes.flat[0] if hasattr(axes, "flat") else axes
        for drawn in axes.flat if hasattr(axes, "flat") else (axes,):
            _as_they_are(drawn)
        object.__setattr__(self, "ax_", axes)  # records are frozen; this is no number of theirs
        object.__setattr__(self, "figure_", first.figure)
        return self

    def _repr_png_(self) -> bytes | None:
        """Return the picture drawn last, for Jupyter: a figure made without pyplot has no other."""
        if not hasattr(self, "figure_"):
            return None
        with BytesIO() as file:
            self.figure_.savefig(file, format="png")
            return file.getvalue()


def _as_they_are(axes: Any) -> None:
    """Show names as they are: a dollar sign in a column's or a class's begins no formula."""
    from matplotlib.text import Text
    from matplotlib.ticker import LogFormatter, ScalarFormatter

    numbers = set()  # labels such as 10³, which matplotlib writes as formulas itself
    for axis in (axes.xaxis, axes.yaxis):
        labels = axis.get_ticklabels(which="both")
        if isinstance(axis.get_major_formatter(), LogFormatter | ScalarFormatter):
            numbers |= {id(label) for label in labels} | {id(axis.get_offset_text())}
    for text in axes.findobj(Text):
        if id(text) not in numbers:
            text.set_parse_math(False)
