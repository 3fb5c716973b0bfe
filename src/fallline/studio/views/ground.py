"""Where the error surface is cut: the plane through the weights, and the window on it.

A plane goes through the weights as they are *now*: while other weights move, an old one shows the
error of weights that nobody has any more. Its axes stay as long as they tell the path well, so that
the map keeps still under the path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays import Floats, Ints
from ...errors import SpecError
from ...pictures.landscape import Landscape, landscape
from ...pictures.plane import Plane, pca_plane, random_plane, slice_plane
from ...pictures.words import percent
from ...spec.network import Network
from ..instant import Instant
from .drawable import LARGEST, are_drawable, theta_now

if TYPE_CHECKING:
    from ..problem import Problem

__all__ = [
    "COARSE",
    "FINE",
    "Along",
    "Ground",
    "Sight",
    "Span",
    "ground_of",
    "names_of",
]

Along = tuple[str, str] | Literal["pca", "random", "auto"]
Span = tuple[tuple[float, float], tuple[float, float]]

COARSE, FINE = 33, 81
"""Grid points along each side of the map."""

_FEWEST, _ROWS = 100, 4000  # rows of a map, where there are more
_WORK = 1.5e6  # multiplications of one error of it
_PATH = 200  # points of the path that are looked at
_LEAST_PATH = 4  # points from which on a path has principal directions worth a map
_ENOUGH = 0.88  # of the share of the path that the best axes show, for old ones to stay
_EDGE = 0.1  # of the window: nearer to its edge than this, the window moves
_WIDE = 8.0  # fitting windows that an old one may be as wide as
_ROOM = 1.6  # half the window, in halves of the path
_SHORT, _LEAST_HALF = 30, 1.5  # points of a path that is short; half the window then, at least
_DIRECTIONS = ("first principal direction of the path", "second principal direction of the path")


@dataclass(frozen=True)
class Sight:
    """What a person asked to see of the error surface.

    Attributes
    ----------
    along
        Two names of weights or biases, ``"pca"``, ``"random"`` or ``"auto"``.
    span
        The window, ((x low, x high), (y low, y high)); None: it follows the path.
    """

    along: Along = "auto"
    span: Span | None = None

    @classmethod
    def of(cls, along: Any, span: Any = None) -> Sight:
        """Return what a page asks for, given as plain data.

        Raises
        ------
        SpecError
            When it is no such thing.

        Examples
        --------
        >>> Sight.of(["w[input.0->output.0]", "b[output.0]"], [[-1, 1], [0, 2]]).span
        ((-1.0, 1.0), (0.0, 2.0))
        """
        if isinstance(along, str) and along in ("pca", "random", "auto"):
            return cls(along, _span(span))  # type: ignore[arg-type]
        pair = isinstance(along, list | tuple) and len(along) == 2
        if not pair or not all(isinstance(name, str) for name in along):
            told = repr(along)
            raise SpecError(
                "along must be two names of weights or biases, 'pca', 'random' or 'auto', not "
                f"{told if len(told) < 80 else told[:77] + '...'}"
            )
        return cls((along[0], along[1]), _span(span))

    def check(self, network: Network) -> None:
        """Raise a SpecError where the network has no such weights."""
        if not isinstance(self.along, str):
            slice_plane(network, np.zeros(network.size), self.along)


def _span(span: Any) -> Span | None:
    if span is None:
        return None
    try:
        (left, right), (low, high) = (map(float, ends) for ends in span)
    except (TypeError, ValueError):
        left = right = low = high = math.nan
    whole = all(abs(end) < LARGEST for end in (left, right, low, high))
    if not (whole and left < right and low < high):
        raise SpecError(
            "span must be ((x low, x high), (y low, y high)), finite and rising, or null"
        )
    return (left, right), (low, high)


class _Line(Plane):
    """All θ = origin + x u, where there is one free weight only: y is always 0."""

    def coordinates(self, thetas: Floats) -> Floats:
        """Return (m, 2): x, and 0."""
        x = (thetas - self.origin) @ self.axes[0]
        return np.column_stack([x, np.zeros_like(x)])


@dataclass(frozen=True, eq=False)
class Ground:
    """A plane, a window on it, and the error over it.

    Attributes
    ----------
    run, problem
        The descent that it belongs to, and what that is about.
    sight
        What was asked for.
    landscape
        J on the training rows, or on a sample of them.
    plane
        Which θ belongs to which coordinates.
    window
        (2, 2) low and high of x, and of y.
    places
        Which points of the instant's path are shown.
    points
        (t, 2) their coordinates; the last is θ now.
    notes
        What the plane is, and why this one.
    """

    run: int
    problem: Problem
    sight: Sight
    landscape: Landscape
    plane: Plane
    window: Floats
    places: Ints
    points: Floats
    notes: tuple[str, ...]

    def leads_to(self, at: Instant, sight: Sight) -> bool:
        """Return whether an instant can be shown with the same axes: also of a descent anew."""
        ours, theirs = self.problem, at.problem
        same = ours.rows is theirs.rows and ours.network is theirs.network
        return same and self.sight == sight

    @property
    def is_line(self) -> bool:
        """Whether there is one free weight, and so one coordinate."""
        return isinstance(self.plane, _Line)


def ground_of(at: Instant, sight: Sight, before: Ground | None = None) -> Ground:
    """Return the plane and the window that show an instant.

    Parameters
    ----------
    at
        The moment.
    sight
        What was asked for.
    before
        What was shown last: its axes and its window are kept while they serve.

    Raises
    ------
    DataError
        When θ is beyond what can be drawn.
    SpecError
        When the plane that was asked for cannot be.
    """
    theta = theta_now(at)
    if before is not None and not before.leads_to(at, sight):
        before = None
    places = _some(at.path)
    path = np.vstack([at.path[places[:-1]], theta[None]]).astype(np.float64)
    of = _landscape(at, before)
    plane, notes = _plane(at, sight, path, of, before)
    points = plane.coordinates(path)
    same = before is not None and np.array_equal(before.plane.axes, plane.axes)
    window = _window(sight, plane, points, before.window if same and before else None)
    return Ground(at.run, at.problem, sight, of, plane, window, places, points, notes)


def _some(path: Floats) -> Ints:
    """Return the places of finite points evenly along a path, the last always among them."""
    finite = np.flatnonzero(are_drawable(path).all(axis=1))
    picked = np.linspace(0, len(finite) - 1, min(len(finite), _PATH)).round().astype(np.int64)
    return np.append(finite[picked[:-1]], len(path) - 1)


def _landscape(at: Instant, before: Ground | None) -> Landscape:
    network, o = at.problem.network, at.plan.objective
    if before is not None and before.landscape.objective == o:
        return before.landscape
    rows = at.problem.train
    return landscape(
        network, rows.X, rows.Y, sample_weight=rows.weights, loss=o.loss, l2=o.l2, l1=o.l1,
        alpha=o.alpha, rows=max(_FEWEST, min(_ROWS, int(_WORK / network.size))),
    )  # fmt: skip


# --- which plane ---------------------------------------------------------------------------------


def _plane(
    at: Instant, sight: Sight, path: Floats, of: Landscape, before: Ground | None
) -> tuple[Plane, tuple[str, ...]]:
    """Return the plane, and sentences on what it is."""
    network, theta = of.network, path[-1]
    if not isinstance(sight.along, str):
        return _slice(network, theta, sight.along)
    if sight.along == "random":
        old = None if before is None else before.plane
        plane = random_plane(network, theta, at.plan.seed) if old is None else _through(old, theta)
        return plane, ("plane of two random directions through the weights as they are now",)
    return _shows_most(network, path, of, before, asked=sight.along == "pca")


def _slice(
    network: Network, theta: Floats, names: tuple[str, str]
) -> tuple[Plane, tuple[str, ...]]:
    note = "all other weights are held as they are"
    return slice_plane(network, theta, names), (note,) if network.size > 2 else ()


def _shows_most(
    network: Network, path: Floats, of: Landscape, before: Ground | None, asked: bool
) -> tuple[Plane, tuple[str, ...]]:
    """Return the plane that shows most of the path: of two weights theirs, else the principal one.

    Before there is a path, it is that of the two weights along which the error is steepest.
    """
    theta = path[-1]
    free = np.flatnonzero(~(network.masked | network.frozen))
    if len(free) == 1:
        return _line(network, theta, int(free[0])), ()
    if len(free) == 2 and not asked:
        return _slice(network, theta, _names(network, free))
    old = None if before is None else before.plane
    plane = _principal(network, path, old)
    if plane is not None:
        if len(path) < _LEAST_PATH:
            return plane, ("the plane of the descent before, through the weights as they are now",)
        share = percent(plane.explained(path))
        return plane, (f"plane along which the path moves most: it shows {share} of the path",)
    if old is not None and old.kind == "slice":  # chosen before, and the path still is too short
        names = old.labels
    else:
        slopes = np.abs(of.error_and_gradient(theta)[1][free])
        names = _names(network, np.sort(free[np.argsort(-slopes, kind="stable")[:2]]))
    chosen, notes = _slice(network, theta, names)
    why = "along these two weights the error was steepest; the path is too short to choose by"
    return chosen, (*notes, why)


def _names(network: Network, free: Ints) -> tuple[str, str]:
    return network.name(int(free[0])), network.name(int(free[1]))


def _line(network: Network, theta: Floats, index: int) -> Plane:
    origin, axes = theta.copy(), np.zeros((2, network.size))
    origin[index], axes[0, index] = 0.0, 1.0
    marks = np.array([[theta[index], 0.0]])
    return _Line("slice", origin, axes, theta, (network.name(index), ""), marks)


def _principal(network: Network, path: Floats, old: Plane | None) -> Plane | None:
    """Return the plane of the path's principal directions; None while it has not two."""
    if len(path) < _LEAST_PATH:
        return None if old is None or old.kind != "pca" else _through(old, path[-1])
    try:
        best = replace(pca_plane(network, path[-1], path), labels=_DIRECTIONS)
    except SpecError:
        return None
    if old is None or old.kind != "pca":
        return best
    kept = _through(old, path[-1])
    return kept if kept.explained(path) >= _ENOUGH * best.explained(path) else best


def _through(plane: Plane, theta: Floats) -> Plane:
    """Return the plane moved, at right angles to itself, until it goes through θ.

    So the coordinates of all points stay what they were.
    """
    origin = theta - plane.coordinates(theta[None])[0] @ plane.axes
    return replace(plane, origin=origin, centre=theta)


# --- which window --------------------------------------------------------------------------------


def _window(sight: Sight, plane: Plane, points: Floats, old: Floats | None) -> Floats:
    """Return low and high of both coordinates: as asked, as it was, or around the path."""
    if sight.span is not None:
        return np.array(sight.span, np.float64)
    fit = _fitting(plane, points)
    return old if old is not None and _serves(old, fit, points[-1]) else fit


def _fitting(plane: Plane, points: Floats) -> Floats:
    """Return the window around a path: of weights, and of a short path, never a narrow one."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = _ROOM * (high - low) / 2
    if plane.kind != "pca" or len(points) < _SHORT or not half.any():
        half = np.maximum(half, _LEAST_HALF)
    half = np.maximum(half, 0.5 * half.max())  # neither side is narrower than half of the other
    middle = (low + high) / 2
    return np.column_stack([middle - half, middle + half])


def _serves(window: Floats, fit: Floats, now: Floats) -> bool:
    """Return whether θ is well within a window that is not far too wide."""
    width = window[:, 1] - window[:, 0]
    inside = np.abs(now - window.mean(axis=1)) <= (0.5 - _EDGE) * width
    return bool(inside.all() and (width <= _WIDE * (fit[:, 1] - fit[:, 0])).all())


def names_of(network: Network, most: int = 200) -> Sequence[str]:
    """Return the names of the weights and biases that can be an axis, the first of them."""
    free = np.flatnonzero(~(network.masked | network.frozen))[:most]
    return [network.name(int(index)) for index in free]
