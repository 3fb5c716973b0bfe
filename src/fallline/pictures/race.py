"""A race: several ways to descend from the same start with the same batches, side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Floats, Ints
from ..descent import Run, descend
from ..errors import SpecError
from ..explain.records import Records, table_of
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Plan
from .curvature_rates import three_rates
from .display import Display
from .entrants import Entrant, entrants, varied
from .landscape import landscape
from .style import StyleName
from .surface import Surface, surface
from .undisturbed import undisturbed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Kind", "Lane", "Race", "race"]

Kind = Literal["all", "map", "steps", "passes", "seconds"]

_TIMINGS = 3  # of which the least counts
_LONG = 0.5  # seconds: a descent that takes so long is timed once
_CLOSE = 0.01  # of the fall from the start to the least error: there
_FAR = 1.5  # times the start's error: points of a path that the map need not hold


@dataclass(frozen=True, eq=False)
class Lane:
    """One way to descend, seen at m points of its path; the first is the start.

    Attributes
    ----------
    label, plan
        What it is.
    steps
        (m,) steps taken.
    passes
        (m,) gradients computed of single rows, over the number of rows: passes over the data.
    seconds
        (m,) time taken: that of a descent which nobody looks at, spread evenly over its steps; NaN
        where it diverged.
    thetas
        (m, P) the weights.
    errors
        (m,) J of all rows at them.
    diverged
        Whether a number was not finite after the last point.
    stopped
        Why it ended, in a sentence.
    """

    label: str
    plan: Plan
    steps: Ints
    passes: Floats
    seconds: Floats
    thetas: Floats
    errors: Floats
    diverged: bool
    stopped: str

    @property
    def in_view(self) -> slice:
        """The points that a map should hold: up to the last whose error is not far above the start.

        What a rate that is too large throws away, farther and farther, is left out.
        """
        high = self.errors[0] + (_FAR - 1) * abs(self.errors[0])
        return slice(int(np.flatnonzero(self.errors <= high)[-1]) + 1)

    def first_at(self, level: float) -> int | None:
        """Return the first point whose error is at most `level`, or None."""
        there = np.flatnonzero(self.errors <= level)
        return int(there[0]) if there.size else None


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
    runs = [_Followed(network, way, data, points) for way in ways]
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


class _Followed:
    """A descent followed step by step, and its weights at some of the steps.

    Attributes
    ----------
    n
        The number of rows.
    thetas
        The weights at these steps, the start first.
    """

    def __init__(self, network: Network, way: Entrant, data: dict[str, Any], points: int) -> None:
        self._way, self._network, self._data = way, network, data
        run = Run(network, plan=way.plan, **data)
        self.n = np.shape(data["X"])[0]
        self.thetas, self._steps, self._passes = [run.theta], [0], [0.0]
        each = -(-self.n // (way.plan.batch_size or self.n))
        wanted, rows = _wanted(each * way.plan.epochs, points), 0
        with undisturbed():
            while (step := run.step()) is not None:
                rows += len(step.order)
                if step.step in wanted:
                    self._add(run, step.step, rows)
        self._stopped, self.diverged = str(run.stopped), run.divergence is not None

    def _add(self, run: Run, step: int, rows: int) -> None:
        done = run.history[-1].evaluations if run.history else None
        self.thetas.append(run.theta)
        self._steps.append(step)
        self._passes.append(rows / self.n if done is None else float(done))

    def lane(self, errors: Floats) -> Lane:
        """Return the lane, once the errors (m,) at its weights are known."""
        steps = np.array(self._steps)
        return Lane(
            *self._way, steps, np.array(self._passes), steps * self._seconds_a_step(),
            np.array(self.thetas), errors, self.diverged, self._stopped,
        )  # fmt: skip

    def _seconds_a_step(self) -> float:
        if self.diverged or self._steps[-1] == 0:
            return math.nan
        least = math.inf
        for _ in range(_TIMINGS):
            begun = time.perf_counter()
            with undisturbed():
                run = descend(self._network, plan=self._way.plan, **self._data)
            least = min(least, time.perf_counter() - begun)
            if least > _LONG:
                break
        return least / max(1, run.history[-1].steps)


def _wanted(total: int, points: int) -> set[int]:
    """Return the steps to look at: half of them evenly, half the denser the earlier."""
    if total < points:
        return set(range(1, total + 1))
    even = np.linspace(0, total, (points + 1) // 2 + 1)
    early = np.geomspace(1, total, points // 2 + 1)
    return set(np.unique(np.concatenate([even, early]).round().astype(int)).tolist()) - {0}


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
