"""A plane through the inputs of a model, and what the model says and its units give on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np

from ..arrays import Array, Floats, Ints
from ..data.table import Column
from ..errors import DataError, SpecError
from .display import Display
from .layers import layer_outputs
from .lettering import shortened
from .questions import Asked, ask
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Decision",
    "Plane",
    "Units",
    "axis_values",
    "decision",
    "plane_of",
    "units",
    "usual_value",
]

Features = Sequence[str] | Literal["pca"] | None

_MARGIN = 0.08  # of the points' range, on each side
_MOST_CELLS = 2000
_SHARES = ("logistic", "softmax")  # whose outputs are probabilities, or like them


class Plane(NamedTuple):
    """A grid over two features, or over two directions through the inputs.

    Attributes
    ----------
    names
        What the axes are.
    x, y
        (m,) their values, in the features' own units.
    inputs
        (m·m, d) the network's inputs; y is the slower axis.
    points
        (n, 2) where the rows lie.
    note
        How all other features are set, or how much of the spread the plane holds; empty where the
        plane holds everything.
    """

    names: tuple[str, str]
    x: Floats
    y: Floats
    inputs: Floats
    points: Floats
    note: str


def plane_of(asked: Asked, features: Features = None, cells: int = 151) -> Plane:
    """Return a plane of inputs with `cells` values along each axis.

    Parameters
    ----------
    asked
        The model and its rows.
    features
        The names of two columns of numbers: all others stay at their median, or at their most
        frequent value. ``"pca"``: the plane of the first two principal components of the inputs.
        Unless given, the two columns of numbers where there are no more than two, else ``"pca"``.

    Raises
    ------
    SpecError, DataError
        When a feature is unknown, or holds no numbers, or there are not two.
    """
    if isinstance(cells, bool) or not 2 <= cells <= _MOST_CELLS:
        raise SpecError(f"cells must be from 2 to {_MOST_CELLS}, but it is {cells!r}")
    if features is None:
        numeric = [column.name for column in asked.table if column.kind in ("float", "integer")]
        features = numeric if len(numeric) == 2 else "pca"
    if isinstance(features, str):
        if features != "pca":
            raise SpecError(f"features must be two names of columns or 'pca', not {features!r}")
        return _principal(asked, cells)
    if len(features) != 2 or features[0] == features[1]:
        raise SpecError(f"features must be two different columns, not {list(features)}")
    return _chosen(asked, (str(features[0]), str(features[1])), cells)


def _chosen(asked: Asked, names: tuple[str, str], cells: int) -> Plane:
    points = np.column_stack([_numbers(asked.table[name]) for name in names])
    x, y = axis_values(points[:, 0], cells), axis_values(points[:, 1], cells)
    across, up = np.meshgrid(x, y)
    fixed = {c.name: usual_value(c) for c in asked.table if c.name not in names}
    wide: dict[str, Array] = {
        name: np.repeat(values, across.size) for name, (values, _) in fixed.items()
    }
    wide |= {names[0]: across.ravel(), names[1]: up.ravel()}
    grid = Asked(asked.model, asked.table.take(np.zeros(across.size, np.int64)))
    told = ", ".join(f"{name} = {text}" for name, (_, text) in list(fixed.items())[:4])
    more = f", and {len(fixed) - 4} more" if len(fixed) > 4 else ""
    note = f"all else as usual: {told}{more}" if fixed else ""
    return Plane(names, x, y, grid.inputs(wide), points, note)


def _principal(asked: Asked, cells: int) -> Plane:
    X = asked.inputs().astype(np.float64)
    if X.shape[1] < 2 or len(X) < 2:
        raise DataError(
            "a plane needs at least two inputs and two rows; of a single column, the picture "
            "'dependence' shows what is predicted"
        )
    middle = X.mean(axis=0)
    axes, shares = principal_axes(X)
    points = (X - middle) @ axes.T
    x, y = axis_values(points[:, 0], cells), axis_values(points[:, 1], cells)
    across, up = np.meshgrid(x, y)
    inputs = middle + np.column_stack([across.ravel(), up.ravel()]) @ axes
    note = f"the plane holds {100 * shares.sum():.0f} % of the inputs' variance"
    names = ("first principal component", "second principal component")
    return Plane(names, x, y, inputs.astype(asked.model.theta.dtype), points, note)


def principal_axes(X: Floats) -> tuple[Floats, Floats]:
    """Return the first two principal axes (2, d) of X and their shares (2,) of the variance.

    The largest entry of each axis is positive, so that equal data give equal pictures.
    """
    _, sizes, axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    largest = np.argmax(np.abs(axes), axis=1)
    axes = axes * np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)[:, None]
    total = float((sizes**2).sum())
    return axes[:2], sizes[:2] ** 2 / total if total else np.zeros(2)


def _numbers(column: Column) -> Floats:
    if column.kind not in ("float", "integer"):
        raise SpecError(
            f"the feature '{column.name}' holds {column.kind}, not numbers; choose another, or "
            "features='pca'"
        )
    known = column.values[column.known].astype(np.float64)
    if not known.size:
        raise DataError(f"every cell of '{column.name}' is missing")
    return np.where(column.known, column.values.astype(np.float64), known.mean())


def axis_values(values: Floats, cells: int) -> Floats:
    """Return so many values evenly along an axis that shows all of these, with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, cells)


def usual_value(column: Column) -> tuple[Array, str]:
    """Return a column's median or most frequent value, as an array of one, and in words."""
    values = column.values[column.known]
    if not len(values):
        return column.values[:1], "missing"
    if column.kind in ("float", "integer"):
        middle = float(np.median(values))
        return np.array([middle]), f"{middle:.4g}"
    kinds, counts = np.unique(values, return_counts=True)
    most = kinds[int(np.argmax(counts))]
    text = str(most.astype("datetime64[D]") if column.kind == "date" else most)
    return np.array([most], column.values.dtype), shortened(text)


@dataclass(frozen=True)
class Decision(Display):
    """What a model says over two features.

    Attributes
    ----------
    names
        What the axes are.
    x, y
        (m,) their values.
    values
        (m, m, c) what is said at (y, x): for classes their probabilities, else the predictions.
    quantity
        What `values` are.
    labels
        The classes' names; none for predictions of numbers.
    points
        (n, 2) where the rows lie.
    truth
        (n,) their classes' numbers, or their true amounts; None where they are not known.
    note
        How all other features are set.
    """

    names: tuple[str, str]
    x: Floats
    y: Floats
    values: Floats
    quantity: str
    labels: tuple[str, ...]
    points: Floats
    truth: Ints | Floats | None
    note: str

    @property
    def classes(self) -> Ints:
        """(m, m) the number of the most probable class, the first of equal ones."""
        best: Ints = np.argmax(self.values, axis=2)
        return best

    def plot(
        self, ax: Axes | None = None, *, most_points: int = 1000, style: StyleName | Style = "light"
    ) -> Self:
        """Draw the map, the boundaries between classes, and the rows.

        Parameters
        ----------
        ax
            Axes to draw on; those of a new figure unless given.
        most_points
            The first so many rows are drawn.
        style
            ``"light"`` or ``"dark"``.
        """
        from .draw_features import draw_decision

        return self._drawn_on(draw_decision(self, ax, most_points, style))


def decision(
    model: Any,
    data: Any,
    y: Any = None,
    *,
    features: Features = None,
    cells: int = 151,
    of: Any = None,
) -> Decision:
    """Return what a model says over two features of its data.

    Parameters
    ----------
    model
        A `Model`, a `Run` or a fitted estimator.
    data, y
        Rows, with their truth if it is known: see `fallline.Model.plot`.
    features, cells
        The plane: see `plane_of`.
    of
        Of several targets this one, by name or position; the first unless given. All classes of a
        classifier are shown.

    Raises
    ------
    SpecError, DataError
        When the features are unknown or no numbers, there is no such target, or the data lack a
        column.

    Examples
    --------
    >>> from fallline.estimators import MLPClassifier
    >>> X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 0, 1, 1]
    >>> net = MLPClassifier((3,), tol=1.0, random_state=0).fit(X, y)
    >>> found = decision(net, X, y, cells=5)
    >>> found.names, found.values.shape, found.quantity
    (('x0', 'x1'), (5, 5, 2), 'probability')
    """
    asked = ask(model, data, y)
    plane = plane_of(asked, features, cells)
    if asked.labels and of is not None:
        raise SpecError("the picture 'decision' shows all classes; leave of= away")
    values = asked.said(asked.model.network_outputs(plane.inputs))
    place, quantity = (0, asked.quantity) if asked.labels else asked.one_of(of)
    values = values if asked.labels else values[:, place : place + 1]
    return Decision(
        plane.names, plane.x, plane.y, values.reshape(len(plane.y), len(plane.x), -1),
        quantity, asked.labels, plane.points, truth_of(asked, place), plane.note,
    )  # fmt: skip


def truth_of(asked: Asked, place: int = 0) -> Ints | Floats | None:
    """Return the classes' numbers or one target's amounts, where they are known."""
    if not asked.truth:
        return None
    return asked.codes() if asked.labels else asked.amounts()[:, place]


@dataclass(frozen=True)
class Units(Display):
    """The outputs of a network's units over two features.

    Attributes
    ----------
    names, x, y, points, truth, labels, note
        As of a `Decision`.
    layers
        Names of the layers, the output last.
    responses
        For each layer (m, m, width): o of its units at (y, x).
    shares
        Names of the layers whose outputs lie between 0 and 1, as probabilities do.
    """

    names: tuple[str, str]
    x: Floats
    y: Floats
    layers: tuple[str, ...]
    responses: tuple[Floats, ...]
    points: Floats
    truth: Ints | Floats | None
    labels: tuple[str, ...]
    note: str
    shares: tuple[str, ...] = ()

    def plot(
        self,
        ax: Axes | None = None,
        *,
        layer: str | None = None,
        unit: int | None = None,
        most: int = 8,
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw a map for each unit, a row of maps a layer.

        A line is drawn where a unit is undecided: at a probability of one half, at 0 of a unit
        that gives both signs, else half way between its least and its largest output.

        Parameters
        ----------
        ax
            Axes for one map: say its `layer` and its `unit`.
        layer, unit
            Draw this layer, or this unit, from 0, only.
        most
            Of a layer the first so many units are drawn.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When there is no such layer or unit, or `ax` is to take several maps.
        """
        from .draw_features import draw_units

        return self._drawn_on(draw_units(self, ax, layer, unit, most, style))


def units(
    model: Any, data: Any, y: Any = None, *, features: Features = None, cells: int = 81
) -> Units:
    """Return what every unit of a network gives over two features: see `decision`.

    Examples
    --------
    >>> from fallline.estimators import MLPClassifier
    >>> X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    >>> net = MLPClassifier((3, 2), tol=1.0, random_state=0).fit(X, y)
    >>> found = units(net, X, y, cells=5)
    >>> found.layers, found.responses[0].shape
    (('hidden1', 'hidden2', 'output'), (5, 5, 3))
    """
    asked = ask(model, data, y)
    plane, found = plane_of(asked, features, cells), asked.model
    shape = (len(plane.y), len(plane.x), -1)
    names = tuple(layer.name for layer in found.network.layers)
    responses = tuple(
        layer_outputs(found.network, found.theta, plane.inputs, name).reshape(shape)
        for name in names
    )
    shares = tuple(each.name for each in found.network.layers if each.activation in _SHARES)
    return Units(
        plane.names, plane.x, plane.y, names, responses, plane.points, truth_of(asked),
        asked.labels, plane.note, shares,
    )  # fmt: skip
