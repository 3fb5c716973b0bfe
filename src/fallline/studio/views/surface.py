"""The map of the error around the weights, with the path of the descent on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...arrays import Floats, Ints
from ...errors import DataError
from ...pictures.critical import CriticalPoint, Grid, is_flat, lowest_point
from ...pictures.levels import is_log, levels_of
from ...pictures.surface import on_plane
from ..instant import Instant
from ..message import Message
from .drawable import held
from .ground import COARSE, FINE, Ground, Sight, ground_of, names_of

__all__ = ["Dropped", "Map", "surface"]

_PIECE = 256  # points of the grid that are computed between two looks at whether to go on
_WORK, _COARSEST = 1.2e10, 17  # multiplications of a fine map; points a side, at least
_LINES = 12  # about so many contours
_REFINED = 4e6  # multiplications of one error up to which the lowest point is refined at once
_MOVED = 0.15  # share of their range by which errors may have moved before levels are set anew


class Dropped(Exception):
    """The picture is not wanted any more."""


@dataclass(frozen=True, eq=False)
class Map:
    """The error over a window of a plane.

    Attributes
    ----------
    ground
        The plane and the window.
    step
        Steps that had been taken.
    fine
        Whether on the fine grid.
    grid, errors
        x (m,), y (q,), and J (q, m) there; of one free weight q is 1.
    levels
        At which errors contours are drawn.
    spread
        (3,) least, middle and largest error when the levels were set.
    minimum
        The lowest point.
    path
        (t, 3) coordinates and true J of the kept steps.
    path_steps
        (t,) their numbers.
    """

    ground: Ground
    step: int
    fine: bool
    grid: Grid
    errors: Floats
    levels: Floats
    spread: Floats
    minimum: CriticalPoint
    path: Floats
    path_steps: Ints

    @property
    def notes(self) -> list[str]:
        """What an honest reader has to know."""
        of, found = self.ground.landscape, list(self.ground.notes)
        rows = f"{of.objective_text.replace('_', ' ')} of {of.rows_text}"
        found.insert(0, f"{rows}, a sample" if of.rows.n < of.total else rows)
        if self.minimum.kind == "lowest in view":
            found.append("the lowest point in view is at its edge: beyond it the error falls on")
        if not np.isfinite(self.errors).all():
            found.append("where nothing is drawn, the error is beyond all numbers")
        return found

    @property
    def message(self) -> Message:
        """The map as `SurfaceView`."""
        ground, low = self.ground, self.minimum
        names = list(names_of(ground.landscape.network))
        if ground.plane.kind == "slice":  # those in use are among them, however many there are
            names += [name for name in ground.plane.labels if name and name not in names]
        return Message(
            "surface",
            {
                "run": ground.run,
                "step": self.step,
                "fine": self.fine,
                "axes": list(ground.plane.labels),
                "kind": ground.plane.kind,
                "names": names,
                "low": float(self.errors[np.isfinite(self.errors)].min()),
                "levels": self.levels.tolist(),
                "scale": "log" if is_log(self.errors, self.levels) else "square",
                "minimum": {"x": low.x, "y": low.y, "error": low.error, "kind": low.kind},
                "notes": self.notes,
            },
            {
                "x": self.grid.x,
                "y": self.grid.y,
                "errors": self.errors,
                "path": self.path,
                "steps": self.path_steps,
            },
        )


def surface(
    at: Instant,
    sight: Sight,
    before: Map | None = None,
    fine: bool = False,
    dropped: Callable[[], bool] = lambda: False,
) -> Map:
    """Return the map of the error around the weights of an instant.

    Parameters
    ----------
    at
        The moment.
    sight
        What was asked for.
    before
        The last map: its axes, window and levels are kept while they serve.
    fine
        Whether on the fine grid.
    dropped
        Says while it is computed whether it is not wanted any more.

    Raises
    ------
    DataError
        When θ is beyond what can be drawn, or J is everywhere in the window.
    SpecError
        When the plane cannot be.
    Dropped
        When it is not wanted any more.

    Examples
    --------
    >>> from fallline.studio.problem import Problem
    >>> from fallline.studio.setup import Setup
    >>> problem = Problem.of(Setup(data="xor"))
    >>> at = Instant(
    ...     1, problem, problem.plan, 0, problem.start, problem.start[None], np.zeros(1, int), None
    ... )
    >>> found = surface(at, Sight(("w[input.0->hidden1.0]", "b[output.0]")))
    >>> found.errors.shape, found.ground.plane.labels
    ((33, 33), ('w[input.0->hidden1.0]', 'b[output.0]'))
    """
    with np.errstate(all="ignore"):  # what overflows is left white
        ground = ground_of(at, sight, None if before is None else before.ground)
        grid = _grid(ground, _side(ground, fine))
        errors = _errors(ground, grid, dropped)
        if not np.isfinite(errors).any():
            raise DataError(
                "the error is beyond all numbers everywhere around the weights; step back, or "
                "restart with a smaller learning rate"
            )
        return _map(at, ground, grid, errors, before, fine)


def _map(
    at: Instant, ground: Ground, grid: Grid, errors: Floats, before: Map | None, fine: bool
) -> Map:
    true = ground.landscape.errors(np.asarray(at.path[ground.places], np.float64))
    return Map(
        ground, at.step, fine, grid, errors, *_levels(errors, before),
        _lowest(ground, grid, errors, refined=fine or _is_quick(ground)),
        np.column_stack([ground.points, true]), at.path_steps[ground.places],
    )  # fmt: skip


def _side(ground: Ground, fine: bool) -> int:
    """Return the points along each side: fewer where one error takes long."""
    each = ground.landscape.rows.n * ground.landscape.network.size
    most, work = (FINE, _WORK) if fine else (COARSE, _WORK / 4)
    return int(np.clip(np.sqrt(work / each), _COARSEST, most))


def _grid(ground: Ground, side: int) -> Grid:
    x, y = (np.linspace(low, high, side) for low, high in ground.window)
    return Grid(x, np.zeros(1)) if ground.is_line else Grid(x, y)


def _errors(ground: Ground, grid: Grid, dropped: Callable[[], bool]) -> Floats:
    points = np.column_stack([each.ravel() for each in np.meshgrid(grid.x, grid.y)])
    found = []
    for start in range(0, len(points), _PIECE):
        if dropped():
            raise Dropped
        found.append(ground.landscape.errors_on(ground.plane, points[start : start + _PIECE]))
    return held(np.concatenate(found)).reshape(len(grid.y), len(grid.x))


def _levels(errors: Floats, before: Map | None) -> tuple[Floats, Floats]:
    """Return the contours' errors, those of the last map where they still fit, and their spread."""
    spread = np.percentile(errors[np.isfinite(errors)], [0, 50, 100])
    if before is not None and before.minimum.kind != "flat":
        old = before.spread
        if (np.abs(spread - old) <= _MOVED * (old[2] - old[0])).all():
            return before.levels, old
    return levels_of(errors, _LINES), spread


# --- the lowest point ----------------------------------------------------------------------------


def _is_quick(ground: Ground) -> bool:
    return ground.landscape.rows.n * ground.landscape.network.size <= _REFINED


def _lowest(ground: Ground, grid: Grid, errors: Floats, refined: bool) -> CriticalPoint:
    if ground.is_line:
        return _lowest_on_line(ground, grid, errors)
    if not refined:
        return _lowest_of_grid(grid, errors)
    return lowest_point(lambda p: on_plane(ground.landscape, ground.plane, p), grid, errors)


def _lowest_of_grid(grid: Grid, errors: Floats) -> CriticalPoint:
    row, column = np.unravel_index(
        np.argmin(np.where(np.isfinite(errors), errors, np.inf)), errors.shape
    )
    point = float(grid.x[column]), float(grid.y[row]), float(errors[row, column])
    if is_flat(errors):
        return CriticalPoint(*point, "flat")
    at_edge = row in (0, len(grid.y) - 1) or column in (0, len(grid.x) - 1)
    return CriticalPoint(*point, "lowest in view" if at_edge else "minimum")


def _lowest_on_line(ground: Ground, grid: Grid, errors: Floats) -> CriticalPoint:
    """Return the minimum along one weight: that of E(x) + c y², which has its y at 0."""
    finite = errors[np.isfinite(errors)]
    c = float(np.ptp(finite)) or 1.0
    sides = Grid(grid.x, np.array([-1.0, 0.0, 1.0]))

    def bowl(p: Floats) -> tuple[float, Floats]:
        error, slope = on_plane(ground.landscape, ground.plane, p)
        return error + c * p[1] ** 2, np.array([slope[0], 2 * c * p[1]])

    found = lowest_point(bowl, sides, errors + c * (sides.y**2)[:, None])
    return replace(found, y=0.0, kind="flat") if is_flat(errors) else replace(found, y=0.0)
