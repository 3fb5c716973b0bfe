"""A race: several ways to descend from the same start with the same batches, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Floats
from ..errors import SpecError
from ..explain.records import Records, table_of
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Plan
from .curvature_rates import three_rates
from .display import Display
from .entrants import entrants, varied
from .landscape import landscape
from .lanes import Followed, Lane
from .style import StyleName
from .surface import Surface, surface

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Kind", "Lane", "Race", "race"]

Kind = Literal["all", "map", "steps", "passes", "seconds"]

_CLOSE = 0.01  # of the fall from the start to the least error: there


@dataclass(frozen=True, eq=False)
class Race(Display):
    """Descents from one start, with the surface that they go down.

    Attributes
    ----------
    lanes
        One a way to descend.
    surface
        The error over a plane that all paths are shown on.
    theta
        (P,) the start.
    """

    lanes: tuple[Lane, ...]
    surface: Surface
    theta: Floats

    @property
    def least(self) -> float:
        """The least error that any of them came to."""
        return min(float(lane.errors.min()) for lane in self.lanes)

    @property
    def level(self) -> float:
        """The error that counts as there: 1 % of the start's height above the least."""
        least = self.least
        return least + _CLOSE * (float(self.lanes[0].errors[0]) - least)

    def to_records(self) -> list[dict[str, Any]]:
        """Return one record a lane: what it cost, what it came to, and when it was first there.

        The outcome is "there", "left again" (it was there, but not at the end), "on its way",
        "rose" (above the start) or "diverged".
        """
        return [_record(lane, self.level) for lane in self.lanes]

    @property
    def table(self) -> Records:
        """The records as a DataFrame where pandas is installed."""
        return table_of(self.to_records())

    def plot(
        self,
        ax: Axes | Sequence[Axes] | Array | None = None,
        *,
        kind: Kind = "all",
        style: StyleName = "light",
    ) -> Self:
        """Draw the paths on the map, and the error against steps, passes and time.

        Parameters
        ----------
        ax
            Axes to draw on: one, or four for all kinds; new ones unless given.
        kind
            "map", "steps", "passes", "seconds", or "all" four.
        style
            "light" or "dark", of new axes.
        """
        from .race_drawing import draw_race

        return self._drawn_on(draw_race(self, ax, kind, style))


def race(
    network: Network,
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    entries: Any = None,
    *,
    learning_rates: Sequence[float] | Literal["auto"] | None = None,
    momenta: Sequence[float] | None = None,
    batch_sizes: Sequence[int | None] | None = None,
    along: Any = None,
    span: Any = None,
    points: int = 200,
    map_points: int = 81,
    sample_weight: npt.ArrayLike | None = None,
    engine: str = "auto",
    **settings: Any,
) -> Race:
    """Descend from one start in several ways, with the same batches, and compare.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) the start of all.
    X, Y
        (n, d) inputs and (n, k) targets; a vector serves for a single column.
    entries
        The ways: optimizers, their names, or mappings of fields of `Plan`, in a list or with labels
        in a mapping.
    learning_rates, momenta, batch_sizes
        Instead of `entries`, one of these: the ways differ in it, and have ``optimizer`` in common,
        plain descent unless given. A batch size of None is the full batch, 1 one row at a time.
        Rates ``"auto"`` are three of plain descent on the full batch: small, right, and above the
        limit beyond which it cannot stay at the minimum below the start, by the curvature there.
    along, span
        The plane of the map and its view, as for `fallline.surface`; unless given, the two weights
        of a network that has two, else the plane of all paths' principal components.
    points
        How many points of each path to look at, at most: densest at its beginning.
    map_points
        Points along each side of the map's grid.
    sample_weight
        (n,) row weights; 1 unless given.
    engine
        A name from the table of engines.
    **settings
        Fields of `Plan` for all ways: ``loss``, ``l2``, ``epochs``, ``batch_size``, ``seed``, ...
        The full batch and 50 epochs unless given.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    In the bowl E = ½ w² · 5 (slope 5 w) a rate of 0.01 is too small, 0.2 is right in one step, and
    any above 0.4 too large.

    >>> net = Network.parse("2 -> 1 nobias")
    >>> found = race(net, [1.0, 1.0], [[1, 2], [2, -1]], [0, 0], loss="sse", epochs=8,
    ...              learning_rates=[0.01, 0.2, 0.42])
    >>> [(row["label"], row["outcome"]) for row in found.to_records()]
    [('SGD 0.01', 'on its way'), ('SGD 0.2', 'there'), ('SGD 0.42', 'rose')]
    """
    start = np.asarray(given_theta(network, theta), np.float64)
    lists = {"learning_rate": learning_rates, "momentum": momenta, "batch_size": batch_sizes}
    usual = {"batch_size": None, "epochs": 50} | settings
    if any(values is not None for values in lists.values()):
        if entries is not None:
            raise SpecError(
                "give entries, or one of learning_rates, momenta, batch_sizes; not both"
            )
        method = usual.pop("optimizer", "sgd")
        if isinstance(learning_rates, str):
            _check_auto(lists, usual["batch_size"])
            judged = _judged(Plan.of(**usual), sample_weight, engine)
            entries = three_rates(network, start, X, Y, method, **judged)
        else:
            entries = varied(method, lists)
    if entries is None:
        raise SpecError("give entries, or one of learning_rates, momenta, batch_sizes, to race")
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise SpecError(f"points must be a whole number of at least 2, not {points!r}")
    ways = entrants(entries, usual)
    judged = _judged(ways[0].plan, sample_weight, engine)
    data = {"X": X, "Y": Y, "sample_weight": sample_weight, "engine": engine, "theta": start}
    runs = [Followed(network, way, data, points) for way in ways]
    total = runs[0].n
    height = landscape(network, X, Y, rows=total, **judged)
    lanes = tuple(run.lane(height.errors(np.array(run.thetas))) for run in runs)
    near = [lane.thetas[lane.in_view] for lane in lanes]
    shown = surface(
        network, start, X, Y, along=along, span=span, path=np.vstack(near), points=map_points,
        critical=False, **judged,
    )  # fmt: skip
    return Race(lanes, shown, start)


def _check_auto(lists: dict[str, Any], batch_size: int | None) -> None:
    """Raise a SpecError unless rates alone are to be found, for the full batch."""
    if lists["learning_rate"] != "auto":
        raise SpecError(f"learning_rates must be a list, or 'auto', not {lists['learning_rate']!r}")
    if sum(values is not None for values in lists.values()) > 1:
        raise SpecError(f"vary one of {', '.join(lists)} at a time, or give the entries")
    if batch_size is not None:
        raise SpecError(
            "learning_rates='auto' is for the full batch: its curvature is that of all rows; "
            "leave batch_size out"
        )


def _judged(plan: Plan, sample_weight: Any, engine: str) -> dict[str, Any]:
    """Return what the error of all rows is asked for with."""
    one = plan.objective
    return {
        "loss": one.loss, "l2": one.l2, "l1": one.l1, "alpha": one.alpha,
        "sample_weight": sample_weight, "engine": engine,
    }  # fmt: skip


def _record(lane: Lane, level: float) -> dict[str, Any]:
    first = lane.first_at(level)
    return {
        "label": lane.label,
        "outcome": _outcome(lane, first, level),
        "steps": int(lane.steps[-1]),
        "passes": float(lane.passes[-1]),
        "seconds": float(lane.seconds[-1]),
        "error": float(lane.errors[-1]),
        "least error": float(lane.errors.min()),
        "steps until there": None if first is None else int(lane.steps[first]),
        "passes until there": None if first is None else float(lane.passes[first]),
        "seconds until there": None if first is None else float(lane.seconds[first]),
    }


def _outcome(lane: Lane, first: int | None, level: float) -> str:
    """Return how it ended in a word or two; "there" is near the least error of all, at the end."""
    if lane.diverged:
        return "diverged"
    if not lane.errors[-1] <= lane.errors[0]:
        return "rose"
    if first is None:
        return "on its way"
    return "there" if lane.errors[-1] <= level else "left again"
