"""The error surface over a plane through the weights, and a descent's path on it: the numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..errors import DataWarning, SpecError, warn
from ..spec.network import Network
from .critical import CriticalPoint, Grid, critical_points, lowest_point
from .display import Display
from .landscape import Landscape, landscape
from .levels import Scale
from .plane import Plane, plane_of
from .style import Style, StyleName
from .surface_path import LITTLE, PathOnPlane, path_on_plane, trail_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PathOnPlane", "Surface", "surface"]

_PLANES = {
    "slice": "slice: all other weights are held",
    "pca": "plane of the path's two principal directions",
    "random": "plane of two random directions, scaled unit by unit",
    "three": "plane through three points",
}


@dataclass(frozen=True)
class Surface(Display):
    """An error surface over a plane: plain arrays, and `plot` to draw them.

    Attributes
    ----------
    plane
        Which θ belongs to which coordinates.
    grid
        Coordinates x (m,) and y (q,).
    errors
        (q, m) J at (x[i], y[j]) in row j, column i.
    minimum
        The lowest point, refined numerically; its kind is "lowest in view" on the edge, and "flat"
        where all errors are equal.
    critical
        Minima, maxima and saddles within the plane, the lowest first.
    path
        The descent, or None.
    landscape
        What the errors are computed from: the rows and the objective.
    """

    plane: Plane
    grid: Grid
    errors: Floats
    minimum: CriticalPoint
    critical: tuple[CriticalPoint, ...]
    path: PathOnPlane | None
    landscape: Landscape = field(repr=False, compare=False)

    def slope(self, x: float, y: float) -> tuple[float, Floats]:
        """Return J at coordinates, and (2,) its partial derivatives ∂J/∂x and ∂J/∂y."""
        return on_plane(self.landscape, self.plane, np.array([x, y], np.float64))

    @property
    def notes(self) -> tuple[str, ...]:
        """What an honest reader has to know: the rows, the plane, and what it does not show."""
        rows = f"{self.landscape.objective_text} of {self.landscape.rows_text}"
        whole = self.plane.kind == "slice" and self.landscape.network.size == 2
        first = rows if whole else f"{rows}; {_PLANES[self.plane.kind]}"
        return (first, *(self.path.notes if self.path is not None else ()))

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["contour", "3d"] = "contour",
        arrows: bool = False,
        steepest_at: tuple[float, float] | None = None,
        levels: int = 12,
        scale: Scale = "auto",
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw the surface as a map with contours, or in three dimensions.

        Parameters
        ----------
        ax
            Axes of matplotlib to draw on; for ``kind="3d"`` with ``projection="3d"``. New ones
            unless given.
        kind
            "contour": the darker, the larger the error; "3d": the mountain.
        arrows
            Whether to draw arrows of −∂J, the direction of steepest descent, over the map.
        steepest_at
            A point (x, y) whose own direction of steepest descent is drawn, with its slope.
        levels
            About how many contour lines.
        scale
            Of the levels: "linear"; "square", which spaces the lines of a bowl evenly; "log"; or
            "auto", which is "log" where the error spans more than two orders of magnitude, else
            "square".
        style
            "light" or "dark".

        Returns
        -------
        Surface
            Itself, with `ax_` and `figure_` set.
        """
        from .surface_drawing import draw_map
        from .surface_relief import draw_relief

        if kind not in ("contour", "3d"):
            raise SpecError(f"kind must be 'contour' or '3d', not {kind!r}")
        if kind == "3d":
            return self._drawn_on(draw_relief(self, ax, levels, scale, style))
        return self._drawn_on(draw_map(self, ax, arrows, steepest_at, levels, scale, style))


def surface(
    network: Network,
    theta: npt.ArrayLike | None,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    along: Any = None,
    path: Any = None,
    loss: str = "squared_error",
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    sample_weight: npt.ArrayLike | None = None,
    points: int = 101,
    span: Any = None,
    rows: int | None = None,
    critical: bool = True,
    seed: int = 0,
    engine: str = "auto",
) -> Surface:
    """Return the error J over a plane through the weights θ, as numbers that draw themselves.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) the weights that the plane goes through; None where `along` is three points.
    X, Y
        (n, d) inputs and (n, k) targets.
    along
        The plane. Two names, ``("w[input.0->output.0]", "b[output.0]")``: an exact slice, whose
        coordinates are the values of these two, all others being as in θ. ``"pca"``: the two
        directions in which the path moves most. ``"random"``: two random directions, scaled unit by
        unit as the weights are (filter normalisation: Li et al., 2018). Three points θ: the plane
        through them. Unless given: the slice of a network of two parameters, else "pca" with a
        path, else "random".
    path
        A descent to show: a `Run` made with ``record`` and a ``keep`` as long as its path, or
        (t, P) the θ of each step.
    loss, l2, l1, alpha, sample_weight, engine
        As for `error_and_gradient`.
    points
        Grid points along each side.
    span
        ((x low, x high), (y low, y high)) of the view; around path and θ unless given.
    rows
        How many rows to compute with; all unless that takes long. A sample is drawn with `seed`,
        and the picture says so.
    critical
        Whether to look for minima, maxima and saddles.
    seed
        Of the sample and of random directions.

    Returns
    -------
    Surface
        With `.grid`, `.errors`, `.minimum`, `.critical`, `.path` and `.plot()`.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Warns
    -----
    DataWarning
        When the plane explains less than 80 % of the path, or the run kept only the path's end.

    Examples
    --------
    A line y = w x + b through (3, 5) and (0, −1): the error of both is 0 at w = 2, b = −1.

    >>> net = Network.parse("1 -> 1")
    >>> s = surface(net, [0.0, 0.0], [[3.0], [0.0]], [5.0, -1.0], loss="sse", points=21,
    ...             span=((-1, 4), (-4, 4)))
    >>> s.errors.shape, s.minimum.kind
    ((21, 21), 'minimum')
    >>> round(s.minimum.x, 9), round(s.minimum.y, 9), round(s.minimum.error, 9)
    (2.0, -1.0, 0.0)
    """
    trail = None if path is None else trail_of(network, path)
    thetas = None if trail is None else trail.thetas
    along = _default_along(network, thetas) if along is None else along
    if theta is None and (
        isinstance(along, str) or not hasattr(along, "__len__") or len(along) != 3
    ):
        raise SpecError("theta may be None only where along is three points; give the weights")
    plane = plane_of(network, theta, along, thetas, seed)
    side = _points(points)
    of = landscape(
        network, X, Y, loss=loss, l2=l2, l1=l1, alpha=alpha, sample_weight=sample_weight,
        rows=rows, points=side * side, seed=seed, engine=engine,
    )  # fmt: skip
    grid = _grid(plane, thetas, span, side)
    errors = of.errors_on(plane, grid.points).reshape(side, side)
    if not np.isfinite(errors).any():
        raise SpecError("the error is finite nowhere in this view; choose another span=")

    def function(point: Floats) -> tuple[float, Floats]:
        return on_plane(of, plane, point)

    found = Surface(
        plane,
        grid,
        errors,
        lowest_point(function, grid, errors),
        critical_points(function, grid, errors) if critical else (),
        None if trail is None else path_on_plane(of, plane, trail),
        of,
    )
    if found.path is not None and found.path.explained < LITTLE:
        warn(f"{found.path.notes[0]}; along='pca' shows more of it", DataWarning)
    return found


def on_plane(of: Landscape, plane: Plane, point: Floats) -> tuple[float, Floats]:
    """Return J at coordinates (2,), and (2,) its partial derivatives along the plane's axes."""
    error, gradient = of.error_and_gradient(plane.thetas(point[None])[0])
    with np.errstate(invalid="ignore"):  # where the error overflows, its slope is no number
        return error, plane.axes @ gradient


def _default_along(network: Network, trail: Floats | None) -> Any:
    free = np.flatnonzero(~network.masked)
    if len(free) == 2:
        return network.name(int(free[0])), network.name(int(free[1]))
    return "random" if trail is None else "pca"


def _points(points: object) -> int:
    if type(points) is not int or not 3 <= points <= 2001:
        raise SpecError(f"points must be a whole number from 3 to 2001, not {points!r}")
    return points


def _grid(plane: Plane, trail: Floats | None, span: Any, side: int) -> Grid:
    (left, right), (low, high) = _span(plane, trail) if span is None else _given_span(span)
    return Grid(np.linspace(left, right, side), np.linspace(low, high, side))


def _span(plane: Plane, trail: Floats | None) -> Floats:
    """Return a view that holds the path and the plane's own points, with a margin."""
    shown = plane.marks if trail is None else np.vstack([plane.marks, plane.coordinates(trail)])
    low, high = shown.min(axis=0), shown.max(axis=0)
    half = (high - low) / 2
    if not half.any():  # one point: a weight's own size about it, or a unit's whole length
        half = np.maximum(1.0, np.abs(shown[0])) if plane.kind == "slice" else np.ones(2)
    half = 1.3 * np.maximum(half, 0.5 * half.max())  # no view is narrower than half of the other
    middle = (low + high) / 2
    found: Floats = np.column_stack([middle - half, middle + half])
    return found


def _given_span(span: Any) -> Floats:
    try:
        found = np.asarray(span, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (2, 2) or not np.isfinite(found).all() or (found[:, 0] >= found[:, 1]).any():
        raise SpecError(f"span must be ((x low, x high), (y low, y high)), not {span!r}")
    return found
