"""What each column does to a model: how much it relies on it, and how its predictions follow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Array, Bools, Floats
from ..data.table import Column
from ..engines.calls import error_and_gradient
from ..errors import DataError, SpecError
from .display import Display
from .questions import Asked, ask
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Dependence", "Importance", "dependence", "importance"]

_MOST = 6  # pictures of columns, where none are named


@dataclass(frozen=True)
class Importance(Display):
    """How much larger a model's error becomes when the cells of one column are shuffled.

    The rise is small too where another column tells nearly the same: the model then relies on both.

    Attributes
    ----------
    names
        The d columns.
    rises
        (d, repeats) the error with the column shuffled, less the error.
    error
        E of the rows as they are, without penalty.
    loss
        Which error it is.
    rows
        How many rows were asked.
    """

    names: tuple[str, ...]
    rises: Floats
    error: float
    loss: str
    rows: int

    def plot(
        self, ax: Axes | None = None, *, most: int = 20, style: StyleName | Style = "light"
    ) -> Self:
        """Draw a bar for each column, the largest first, with every repeat as a dot.

        Parameters
        ----------
        ax
            Axes to draw on; those of a new figure unless given.
        most
            So many columns are drawn.
        style
            ``"light"`` or ``"dark"``.
        """
        from .draw_effects import draw_importance

        return self._drawn_on(draw_importance(self, ax, most, style))


def importance(
    model: Any,
    data: Any,
    y: Any = None,
    *,
    repeats: int = 5,
    seed: int = 0,
    most_rows: int = 5000,
) -> Importance:
    """Return the permutation importance of each column, in the model's own error.

    The method is that of Breiman, "Random forests", Machine Learning 45 (2001), section 10, in the
    form for any model of Fisher, Rudin and Dominici, JMLR 20 (2019).

    Parameters
    ----------
    model, data, y
        As in `fallline.Model.plot`; rows that were not trained on tell most.
    repeats, seed
        How often each column is shuffled, and of the shuffles.
    most_rows
        The first so many rows are asked.

    Raises
    ------
    SpecError, DataError
        When the truth is not known, or `repeats` is below 1.

    Examples
    --------
    >>> from fallline.estimators import MLPRegressor
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> net = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, 3 * X[:, 0])
    >>> found = importance(net, X, 3 * X[:, 0])
    >>> found.names[int(found.rises.mean(axis=1).argmax())]
    'x0'
    """
    if repeats < 1 or most_rows < 1:
        raise SpecError("repeats and most_rows must be at least 1")
    asked = ask(model, data, y).first(most_rows)
    rng, Y = np.random.default_rng(seed), asked.targets()
    error = _error(asked, Y, {})
    rises = np.empty((len(asked.names), repeats))
    for i, column in enumerate(asked.table):
        for repeat in range(repeats):
            shuffled = column.take(rng.permutation(asked.table.n))
            rises[i, repeat] = _error(asked, Y, {column.name: shuffled}) - error
    return Importance(asked.names, rises, error, asked.model.plan.loss, asked.table.n)


def _error(asked: Asked, Y: Floats, changed: dict[str, Any]) -> float:
    found = asked.model
    X = asked.inputs(changed)
    return float(error_and_gradient(found.network, found.theta, X, Y, loss=found.plan.loss)[0])


@dataclass(frozen=True)
class Dependence(Display):
    """How predictions follow single columns.

    Attributes
    ----------
    names
        The columns.
    grids
        For each column (g,) the values that it was given in every row.
    individual
        For each column (n, g) what is said of each row then; their mean is the partial dependence.
    deciles
        For each column (9,) the deciles of its own values; none of a column of categories.
    quantity
        What is said.
    rows
        How many rows were asked.
    """

    names: tuple[str, ...]
    grids: tuple[Array, ...]
    individual: tuple[Floats, ...]
    deciles: tuple[Floats | None, ...]
    quantity: str
    rows: int

    @property
    def averages(self) -> tuple[Floats, ...]:
        """For each column (g,) the partial dependence."""
        return tuple(lines.mean(axis=0) for lines in self.individual)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        lines: int = 40,
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw the mean, and some of the rows' own lines, by PartialDependenceDisplay.

        Parameters
        ----------
        ax
            Axes for the picture of a single column.
        lines
            Of so many rows their own lines are drawn; 0 draws the mean alone.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When `ax` is to take several columns.
        """
        from .draw_effects import draw_dependence

        return self._drawn_on(draw_dependence(self, ax, lines, style))


def dependence(
    model: Any,
    data: Any,
    y: Any = None,
    *,
    features: Sequence[str] | str | None = None,
    of: Any = None,
    cells: int = 40,
    most_rows: int = 500,
) -> Dependence:
    """Return how a model's predictions follow single columns: partial dependence.

    Every row is asked again with one column set to a value, for each value of a grid between the
    5th and the 95th percentile of that column, or for each of its categories. After Friedman,
    "Greedy function approximation", Annals of Statistics 29 (2001), section 8.2; the lines of
    single rows are Goldstein and others', Journal of Computational and Graphical Statistics 24
    (2015).

    Parameters
    ----------
    model, data, y
        As in `fallline.Model.plot`; the truth is not needed.
    features
        One column or several of numbers or categories. Unless given, the six that move what is
        said the most when their cells are shuffled.
    of
        The class, or the target, of which it is told; the last class, or the first target, unless
        given.
    cells
        Values on the grid; of a column of few distinct numbers it is these.
    most_rows
        The first so many rows are asked.

    Raises
    ------
    SpecError, DataError
        When a column, class or target is unknown, or a column holds dates or nothing.

    Examples
    --------
    >>> from fallline.estimators import MLPRegressor
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]])
    >>> net = MLPRegressor(hidden_layer_sizes=(), tol=1.0, random_state=0).fit(X, X[:, 0])
    >>> found = dependence(net, X, features="x1", cells=4)
    >>> found.names, found.individual[0].shape
    (('x1',), (3, 3))
    """
    if cells < 2 or most_rows < 1:
        raise SpecError("cells must be at least 2 and most_rows at least 1")
    asked = ask(model, data, y).first(most_rows)
    place, quantity = asked.one_of(of)
    names = _telling(asked, place) if features is None else features
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names:
        raise SpecError("name at least one column")
    grids = [_grid(asked.table[name], cells) for name in names]
    lines = [
        np.column_stack([_said(asked, _set_to(asked, name, value), place) for value in grid])
        for name, grid in zip(names, grids, strict=True)
    ]
    deciles = tuple(_deciles(asked.table[name]) for name in names)
    return Dependence(names, tuple(grids), tuple(lines), deciles, quantity, asked.table.n)


def _telling(asked: Asked, place: int) -> tuple[str, ...]:
    """Return the columns that have a grid and move what is said the most, the most first."""
    columns = [each for each in asked.table if each.kind != "date" and each.known.any()]
    said = _said(asked, {}, place)
    rows = np.random.default_rng(0).permutation(asked.table.n)
    moves = [np.abs(_said(asked, {c.name: c.take(rows)}, place) - said).mean() for c in columns]
    order = np.argsort(-np.array(moves), kind="stable")[:_MOST]
    return tuple(columns[i].name for i in order)


def _grid(column: Column, cells: int) -> Array:
    values = column.values[column.known]
    if not len(values):
        raise DataError(f"every cell of '{column.name}' is missing")
    if column.kind == "date":
        raise SpecError(f"'{column.name}' holds dates; choose columns of numbers or categories")
    distinct: Array = np.unique(values)
    if column.kind not in ("float", "integer"):
        counts = np.array([(values == each).sum() for each in distinct])
        return distinct[np.sort(np.argsort(-counts, kind="stable")[:12])]
    if len(distinct) <= min(cells, 12):
        return distinct
    low, high = np.percentile(values, [5, 95])
    low, high = (low, high) if high > low else (values.min(), values.max())
    return np.linspace(low, high, cells)


def _set_to(asked: Asked, name: str, value: Any) -> dict[str, Array | Column]:
    """Return a column that holds a value in every row."""
    kind = asked.table[name].values.dtype
    one = np.full(asked.table.n, value, kind if kind.kind in "Ob" else np.float64)
    return {name: one}


def _said(asked: Asked, changed: dict[str, Array | Column], place: int) -> Floats:
    return asked.said(asked.model.network_outputs(asked.inputs(changed)))[:, place]


def _deciles(column: Column) -> Floats | None:
    if column.kind not in ("float", "integer"):
        return None
    values: Bools | Array = column.values[column.known]
    found: Floats = np.percentile(values, np.arange(10, 100, 10))
    return found
