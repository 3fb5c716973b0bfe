"""Minima, maxima and saddles of a function of two coordinates: sought on a grid, then refined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ..arrays import Floats

__all__ = ["CriticalPoint", "Grid", "critical_points", "is_flat", "lowest_point"]

Function = Callable[[Floats], tuple[float, Floats]]
"""From coordinates (2,) to the value and its two partial derivatives."""

_MOST, _ITERATIONS, _NEAR = 40, 30, 2.5
"""Candidates that are looked into; Newton steps of each; cells that it may move."""

_ROUNDING = 1e-14
"""The share of a number by which equals may differ."""


class Grid(NamedTuple):
    """Where a function was computed: x (m,) and y (q,), both rising; values are (q, m)."""

    x: Floats
    y: Floats

    @property
    def cell(self) -> Floats:
        """The distances of neighbours, (2,)."""
        return np.array([self.x[1] - self.x[0], self.y[1] - self.y[0]])

    @property
    def points(self) -> Floats:
        """All points (q·m, 2), row by row."""
        x, y = np.meshgrid(self.x, self.y)
        return np.column_stack([x.ravel(), y.ravel()])


@dataclass(frozen=True)
class CriticalPoint:
    """A point where the slope within the plane is 0, or the lowest one seen.

    Attributes
    ----------
    x, y
        Its coordinates.
    error
        J there.
    kind
        "minimum", "maximum" or "saddle", by the signs of the two curvatures; "lowest in view"
        where the error still falls towards the edge of the view; "flat" where it is the same all
        over the view, so that no point is lower than others.
    """

    x: float
    y: float
    error: float
    kind: Literal["minimum", "maximum", "saddle", "lowest in view", "flat"]


def lowest_point(function: Function, grid: Grid, values: Floats) -> CriticalPoint:
    """Return the minimum that the lowest point of the grid leads to, refined numerically.

    Where it lies on the edge of the view it is called "lowest in view", and "flat" is the middle of
    a view without any lower point.

    Examples
    --------
    >>> grid = Grid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5))
    >>> values = ((grid.points - 0.3) ** 2).sum(axis=1).reshape(5, 5)
    >>> lowest_point(lambda p: (float(((p - 0.3) ** 2).sum()), 2 * (p - 0.3)), grid, values)
    CriticalPoint(x=0.3, y=0.3, error=0.0, kind='minimum')
    """
    place = int(np.nanargmin(np.where(np.isfinite(values), values, np.inf)))
    if is_flat(values):
        x, y = ((float(axis[0]) + float(axis[-1])) / 2 for axis in grid)
        return CriticalPoint(x, y, float(values.flat[place]), "flat")
    near = _refined(function, grid, grid.points[place])
    if near is not None and near.kind == "minimum" and near.error <= values.flat[place]:
        return near
    return _followed(function, grid, values, place)


def is_flat(values: Floats) -> bool:
    """Return whether the finite values differ by no more than rounding."""
    finite = values[np.isfinite(values)]
    return bool(np.ptp(finite) <= _ROUNDING * np.abs(finite).max())


def _followed(function: Function, grid: Grid, values: Floats, place: int) -> CriticalPoint:
    """Return where the error falls to within the view: in kinks, valleys, and at the edge."""
    from scipy.optimize import minimize  # takes its time to load, and is seldom needed

    start, cell = grid.points[place], grid.cell
    low, high = (np.array([axis[end] for axis in grid]) for end in (0, -1))
    size = float(np.ptp(values[np.isfinite(values)])) or 1.0

    def scaled(q: Floats) -> tuple[float, Floats]:
        value, slope = function(start + q * cell)
        return value / size, slope * cell / size

    bounds = list(zip((low - start) / cell, (high - start) / cell, strict=True))
    found = minimize(
        scaled, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 200},
    )  # fmt: skip
    point = start + found.x * cell
    error = function(point)[0]
    if not error <= values.flat[place]:  # lost its way in a kink
        point, error = start, float(values.flat[place])
    at_edge = (np.minimum(point - low, high - point) <= 1e-6 * cell).any()
    kind: Literal["minimum", "lowest in view"] = "lowest in view" if at_edge else "minimum"
    return CriticalPoint(float(point[0]), float(point[1]), error, kind)


def critical_points(function: Function, grid: Grid, values: Floats) -> tuple[CriticalPoint, ...]:
    """Return the minima, maxima and saddles within the view, the lowest first.

    A grid point is a candidate by the signs of its differences to the eight around it: all above,
    all below, or above and below in turn twice. Newton's method moves it to where the slope is 0,
    and the two curvatures there tell its kind. What does not converge near by, as in a kink or on
    flat ground, is left out; so is what lies between grid points that do not show it.

    Examples
    --------
    The double well (x² − 1)² + y² has two minima with a saddle between them:

    >>> def well(p):
    ...     x, y = p
    ...     return float((x**2 - 1)**2 + y**2), np.array([4 * x * (x**2 - 1), 2 * y])
    >>> grid = Grid(np.linspace(-2, 2, 24), np.linspace(-1, 1, 24))
    >>> values = np.array([well(p)[0] for p in grid.points]).reshape(24, 24)
    >>> [(p.kind, round(abs(p.x), 9), round(abs(p.y), 9)) for p in critical_points(
    ...     well, grid, values)]
    [('minimum', 1.0, 0.0), ('minimum', 1.0, 0.0), ('saddle', 0.0, 0.0)]
    """
    found: list[CriticalPoint] = []
    for place in _candidates(values):
        point = _refined(function, grid, grid.points[place])
        if point is not None and not any(_same(point, other, grid.cell) for other in found):
            found.append(point)
    return tuple(sorted(found, key=lambda point: point.error))


def _candidates(values: Floats) -> list[int]:
    """Return the places of inner grid points that look critical, the lowest first."""
    q, m = values.shape
    inner = values[1:-1, 1:-1]
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    around = np.array([values[a : a + q - 2, b : b + m - 2] for a, b in ring])
    later = np.array([place > (1, 1) for place in ring])[:, None, None]
    with np.errstate(invalid="ignore"):
        above = (around > inner) | ((around == inner) & later)  # of equals one counts as higher
    changes = (above != np.roll(above, 1, axis=0)).sum(axis=0)
    finite = np.isfinite(around).all(axis=0) & np.isfinite(inner)
    level = (around == inner).all(axis=0)
    rows, columns = np.nonzero(finite & ~level & ((changes == 0) | (changes >= 4)))
    order = np.argsort(inner[rows, columns], kind="stable")[:_MOST]
    return [int(place) for place in ((rows + 1) * m + columns + 1)[order]]


def _refined(function: Function, grid: Grid, start: Floats) -> CriticalPoint | None:
    """Return the critical point that Newton's method reaches from near by, or None."""
    cell, point = grid.cell, np.array(start)
    for _ in range(_ITERATIONS):
        value, slope = function(point)
        curvature = _curvature(function, point, cell)
        if not np.isfinite(value) or not np.isfinite(curvature).all():
            return None
        sizes, axes = np.linalg.eigh(curvature)
        if np.abs(sizes).min() <= 1e-7 * np.abs(sizes).max():
            return None  # flat in one direction: no kind can be told
        move = -axes @ ((axes.T @ (slope * cell)) / sizes)
        step = move * min(1.0, 1.0 / (float(np.linalg.norm(move)) or 1.0))
        point = point + step * cell
        if np.linalg.norm((point - start) / cell) > _NEAR:
            return None
        if np.linalg.norm(move) < 1e-9:
            return _classified(function, grid, point, sizes)
    return None


def _classified(
    function: Function, grid: Grid, point: Floats, sizes: Floats
) -> CriticalPoint | None:
    inside = all(axis[0] <= p <= axis[-1] for axis, p in zip(grid, point, strict=True))
    if not inside:
        return None
    below = int((sizes < 0).sum())
    kind: Literal["minimum", "saddle", "maximum"]
    kind = "minimum" if below == 0 else "saddle" if below == 1 else "maximum"
    return CriticalPoint(float(point[0]), float(point[1]), function(point)[0], kind)


def _curvature(function: Function, point: Floats, cell: Floats) -> Floats:
    """Return the second derivatives (2, 2) in units of cells, by central differences."""
    h = 1e-3
    found = np.empty((2, 2))
    for i in range(2):
        move = np.zeros(2)
        move[i] = h * cell[i]
        found[i] = (function(point + move)[1] - function(point - move)[1]) * cell / (2 * h)
    symmetric: Floats = (found + found.T) / 2
    return symmetric


def _same(one: CriticalPoint, other: CriticalPoint, cell: Floats) -> bool:
    apart = np.array([one.x - other.x, one.y - other.y]) / cell
    return one.kind == other.kind and bool(np.linalg.norm(apart) < 0.5)
