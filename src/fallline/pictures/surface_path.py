"""The path of a descent: the weights that it went through, and how they look from a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..descent import Run
from ..descent.recorded import recorded_from, recorded_path
from ..errors import DataWarning, SpecError, warn
from ..history import History
from ..spec.initial import given_theta
from ..spec.network import Network
from .landscape import Landscape
from .plane import Plane
from .record import Record
from .words import percent

__all__ = ["LITTLE", "PathOnPlane", "Trail", "path_on_plane", "trail_of"]

_MOST = 1000
"""Points of a path that are looked at; a longer one is thinned evenly."""

LITTLE = 0.8
"""The share of a path below which a plane explains little of it."""


class Trail(NamedTuple):
    """The θ (t, P) of a path, the ``begun`` steps or epochs before it, and which: its ``unit``."""

    thetas: Floats
    begun: int
    unit: str


@dataclass(frozen=True)
class PathOnPlane(Record):
    """A descent seen from a plane.

    Attributes
    ----------
    points
        (t, 2) coordinates of the plane's points nearest to each θ.
    errors
        (t,) J at each θ itself, on the rows of the map.
    on_plane
        (t,) J at the plane's nearest point: what the map shows there.
    distances
        (t,) how far each θ is from the plane.
    explained
        The share of the path's squared distances from the plane's centre that the plane shows.
    steps
        (t,) how many steps had been taken there; of a run that recorded epochs, how many epochs.
        The first is not 0 where the run no longer had its start.
    unit
        Which of the two: "step" or "epoch".
    """

    points: Floats
    errors: Floats
    on_plane: Floats
    distances: Floats
    explained: float
    steps: npt.NDArray[np.int64]
    unit: str = "step"

    @property
    def leaves(self) -> bool:
        """Whether it leaves the plane by more than rounding."""
        return bool(self.distances.max() > 1e-9 * (1 + np.abs(self.points).max()))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the plane does not show of it, and what the run did not keep."""
        found = []
        if self.leaves:
            shown, off = percent(self.explained), f"{self.distances.max():.3g}"
            told = f"the plane explains {shown} of the path, which leaves it by up to {off}"
            if self.explained < LITTLE:
                told = (
                    f"the plane explains only {shown} of the path, which leaves it by up to {off}: "
                )
                told += "the ground under it is not what it descended"
            found.append(told)
        if self.steps[0]:
            found.append(f"the path is known from {self.unit} {self.steps[0]:,} on")
        return tuple(found)


def trail_of(network: Network, path: Any) -> Trail:
    """Return the path of a run that recorded it, or the θ (t, P) of each step as they are given.

    Raises
    ------
    SpecError
        When there are none, or they do not fit.

    Warns
    -----
    DataWarning
        When the run kept only the end of its path.
    """
    if isinstance(path, History):
        raise SpecError(
            "a history holds errors but no weights; give as path= the run itself, made with "
            "record='steps' or record='epochs', or the θ of each step as an array (t, P)"
        )
    if isinstance(path, Run):
        return _recorded(path)
    try:
        listed = [given_theta(network, theta, np.float64) for theta in path]
    except TypeError:
        raise SpecError(f"path must be a run or the θ of each step, (t, P), not {path!r}") from None
    if not listed:
        raise SpecError("the path is empty; give at least its start")
    return Trail(np.array(listed), 0, "step")


def _recorded(run: Run) -> Trail:
    thetas = recorded_path(run).astype(np.float64)
    begun, unit = recorded_from(run)
    if begun:
        every = begun + len(thetas) - 1
        warn(
            f"the run kept only the last {len(thetas) - 1:,} of its {every:,} {unit}s, so that the "
            f"start of the path is missing; make it with keep={every}",
            DataWarning,
        )
    return Trail(thetas, begun, unit)


def path_on_plane(of: Landscape, plane: Plane, trail: Trail) -> PathOnPlane:
    """Return what a path looks like from a plane; of a long one, points evenly along it."""
    thetas = trail.thetas
    places = np.linspace(0, len(thetas) - 1, min(len(thetas), _MOST)).round().astype(np.int64)
    some = thetas[places]
    points = plane.coordinates(some)
    return PathOnPlane(
        points,
        of.errors(some),
        of.errors_on(plane, points),
        plane.distances(some),
        plane.explained(thetas),
        places + trail.begun,
        trail.unit,
    )
