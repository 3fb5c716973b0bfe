"""Basins: which minimum the descent from each pair of start weights reaches, and how soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Floats, Ints
from ..descent import descend_many
from ..errors import SpecError
from ..formulas.optimizers import SGD
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Plan
from .basin_minima import DIVERGED, EQUAL, NOT_THERE, Refined, free_entries
from .display import Display
from .entrants import Entrant, entrants
from .landscape import landscape
from .record import Record
from .style import StyleName
from .undisturbed import undisturbed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DIVERGED", "NOT_THERE", "BasinMap", "Basins", "basins"]

_AT_ONCE = 256  # runs whose histories are kept at a time
_CLOSE = 1e-3  # of the map's width: ends so near to each other are refined together


@dataclass(frozen=True, eq=False)
class BasinMap(Record):
    """Where the starts of a map lead with one way to descend.

    Attributes
    ----------
    label
        That way.
    plan
        In full.
    reached
        (ny, nx) the number of the minimum, from 0; `NOT_THERE` or `DIVERGED` for none.
    epochs
        (ny, nx) epochs until the error was near that of the minimum; NaN where it never was.
    share_global
        The share of starts that reach a minimum of the least error.
    """

    label: str
    plan: Plan
    reached: Ints
    epochs: Floats
    share_global: float

    def share(self, minimum: int) -> float:
        """Return the share of starts that reach this minimum; also of `NOT_THERE`, `DIVERGED`."""
        return float((self.reached == minimum).mean())


@dataclass(frozen=True, eq=False)
class Basins(Display):
    """The minima that a grid of start weights descends to, for one way to descend or several.

    Attributes
    ----------
    along
        Names of the two parameters.
    places
        Where in θ they stand.
    xs, ys
        (nx,), (ny,) their start values.
    theta
        (P,) the start of all other parameters.
    hold
        Whether these are held there, or descend too.
    minima
        (m, P) the minima, refined by L-BFGS, those of the least error first.
    errors
        (m,) J at each of them.
    is_global
        (m,) whether it is the least error that any start has led to.
    maps
        One a way to descend.
    level
        How near to its minimum's error, in units of the error, a descent has arrived.
    note
        What the error is of, and what becomes of the other parameters.
    """

    along: tuple[str, str]
    places: tuple[int, int]
    xs: Floats
    ys: Floats
    theta: Floats
    hold: bool
    minima: Floats
    errors: Floats
    is_global: npt.NDArray[np.bool_]
    maps: tuple[BasinMap, ...]
    level: float
    note: str = ""

    def to_records(self) -> list[dict[str, Any]]:
        """Return a record for each way to descend: its shares, and its median of epochs."""
        return [
            {
                "label": one.label,
                "global": one.share_global,
                "local": float((one.reached >= 0).mean()) - one.share_global,
                "not there": one.share(NOT_THERE),
                "diverged": one.share(DIVERGED),
                "median epochs": _median(one.epochs),
            }
            for one in self.maps
        ]

    def plot(
        self, ax: Axes | Sequence[Axes] | Array | None = None, *, style: StyleName = "light"
    ) -> Self:
        """Draw the maps side by side: the colour is the minimum, the shade the epochs to it.

        Parameters
        ----------
        ax
            Axes to draw on, as many as there are maps; new ones unless given.
        style
            "light" or "dark", of new axes.
        """
        from .basins_drawing import draw_basins

        return self._drawn_on(draw_basins(self, ax, style))


def basins(
    network: Network,
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    along: tuple[str, str],
    span: Any = (-3.0, 3.0),
    size: int = 31,
    hold: bool = False,
    entries: Any = None,
    alike: Literal["weights", "error"] = "weights",
    within: float = 0.01,
    sample_weight: npt.ArrayLike | None = None,
    engine: str = "auto",
    **settings: Any,
) -> Basins:
    """Return which minimum the descent from each pair of start weights reaches, and how soon.

    Each end is refined by L-BFGS to the minimum that it lies at. What gives way when it is nudged
    is a saddle, and counts as no minimum, as does an end whose error is still above the minimum's.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) start weights; those of the two parameters do not matter.
    X, Y
        (n, d) inputs and (n, k) targets; a vector serves for a single column.
    along
        The two parameters, as ``("w[input.0->output.0]", "b[output.0]")``.
    span
        From where to where their start values go: a pair for both, or a pair of pairs.
    size
        How many values of each: size² starts.
    hold
        Whether all other parameters stay where they are; they descend too unless asked for.
    entries
        Several ways to descend: optimizers, their names, or mappings of fields of `Plan`, in a list
        or with labels in a mapping. Unless given, plain descent and descent with momentum 0.9.
    alike
        What makes two ends one minimum: equal ``"weights"``, or, for networks whose minima lie in
        valleys or come in symmetric copies, equal ``"error"``.
    within
        A descent has arrived when its error is above that of its minimum by at most this share of
        the fall from the median start to the least minimum.
    sample_weight
        (n,) row weights; 1 unless given.
    engine
        A name from the table of engines.
    **settings
        Fields of `Plan` for all ways: ``loss``, ``l2``, ``epochs``, ``batch_size``, ... The full
        batch and 300 epochs unless given.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    A unit that squares its net input: E = ½(1 − w²)² in either weight, with minima at ±1.

    >>> from fallline.spec.network import Input, Layer
    >>> net = Network.of(Input(2), Layer(1, "z**2", bias=False))
    >>> found = basins(net, [0, 0], [[1, 0], [0, 1]], [1, 1], loss="sse", size=4, span=(-1.5, 1.5),
    ...                along=("w[input.0->output.0]", "w[input.1->output.0]"),
    ...                entries=[SGD(0.05)])
    >>> found.minima.round(3).tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    >>> found.maps[0].share_global
    1.0
    """
    start = np.asarray(given_theta(network, theta), np.float64)
    first, second = _two(network, along)
    xs, ys = _axis(span, 0, size), _axis(span, 1, size)
    _check(within, alike)
    moving = _held(network, first, second) if hold else network
    starts = np.repeat(start[None], size * size, axis=0)
    starts[:, first], starts[:, second] = np.tile(xs, size), np.repeat(ys, size)
    usual = [SGD(0.1), SGD(0.1, momentum=0.9)] if "optimizer" not in settings else None
    usual_settings = {"batch_size": None, "epochs": 300} | settings
    ways = entrants(usual if entries is None else entries, usual_settings)
    data = {"sample_weight": sample_weight, "engine": engine}
    falls = [_descents(moving, X, Y, starts, way, data) for way in ways]
    ends, curves = [fall[0] for fall in falls], [fall[1] for fall in falls]
    near = _CLOSE * float(max(np.ptp(xs), np.ptp(ys)))
    begun = _median(np.concatenate([curve[:, 0] for curve in curves]))
    lower = Refined.of(moving, X, Y, np.concatenate(ends), ways[0].plan, data, near, begun, alike)
    level, is_global = within * lower.fall, lower.errors <= lower.least + EQUAL * lower.fall
    maps = []
    for way, at, curve in zip(ways, np.split(lower.place, len(ways)), curves, strict=True):
        reached, epochs = _arrivals(at, curve, lower.errors, level)
        good = (reached >= 0) & is_global[np.maximum(reached, 0)] if len(is_global) else reached > 0
        shape = (size, size)
        share = float(good.mean())
        maps.append(BasinMap(*way, reached.reshape(shape), epochs.reshape(shape), share))
    return Basins(
        (along[0], along[1]), (first, second), xs, ys, start, hold, lower.minima, lower.errors,
        is_global, tuple(maps), level, _note(moving, X, Y, ways[0].plan, hold, sample_weight),
    )  # fmt: skip


def _note(network: Network, X: Any, Y: Any, plan: Plan, hold: bool, weights: Any) -> str:
    one = plan.objective
    of = landscape(
        network, X, Y, loss=one.loss, l2=one.l2, l1=one.l1, alpha=one.alpha, sample_weight=weights
    )
    told = f"{of.objective_text} of {of.total:,} row{'s' * (of.total != 1)}"
    if network.size == 2:
        return told
    descend = "start as in θ and descend too; dots show what these two are at the minima"
    return f"{told}; all other weights {'are held' if hold else descend}"


def _descents(
    network: Network, X: Any, Y: Any, starts: Floats, way: Entrant, data: dict[str, Any]
) -> tuple[Floats, Floats]:
    """Return the ends (R, P), NaN where a descent diverged, and the errors (R, epochs)."""
    ends, curves = np.full(starts.shape, np.nan), np.full((len(starts), way.plan.epochs), np.nan)
    for at in range(0, len(starts), _AT_ONCE):
        some = starts[at : at + _AT_ONCE]
        with undisturbed():
            seeds = [way.plan.seed] * len(some)
            runs = descend_many(network, X, Y, seeds=seeds, theta=some, plan=way.plan, **data)
        for place, run in enumerate(runs, start=at):
            errors = run.history.column("error")
            curves[place, : len(errors)] = errors
            if run.divergence is None:
                ends[place] = run.theta
    return ends, curves


def _arrivals(at: Ints, curves: Floats, errors: Floats, level: float) -> tuple[Ints, Floats]:
    """Return the minima reached (R,), and after how many epochs (R,)."""
    there = at >= 0
    near = np.zeros(curves.shape, bool)
    near[there] = curves[there] - errors[at[there], None] <= level
    arrived = near.any(axis=1)
    reached = np.where(there & ~arrived, NOT_THERE, at)
    return reached, np.where(arrived, near.argmax(axis=1), np.nan)


def _two(network: Network, along: Any) -> tuple[int, int]:
    if not isinstance(along, Sequence) or isinstance(along, str) or len(along) != 2:
        raise SpecError(f"along must name two parameters, not {along!r}")
    found = network.index(along[0]), network.index(along[1])
    if found[0] == found[1]:
        raise SpecError(f"along must name two parameters, not {along[0]} twice")
    for index in found:
        if not free_entries(network)[index]:
            raise SpecError(f"{network.name(index)} is frozen or absent, so no start can move it")
    return found


def _held(network: Network, first: int, second: int) -> Network:
    others = set(np.flatnonzero(free_entries(network)).tolist()) - {first, second}
    return network.freeze(*(network.name(i) for i in sorted(others))) if others else network


def _axis(span: Any, which: int, size: Any) -> Floats:
    if isinstance(size, bool) or not isinstance(size, int) or size < 2:
        raise SpecError(f"size must be a whole number of at least 2, not {size!r}")
    try:
        array = np.asarray(span, np.float64)
        low, high = array if array.ndim == 1 else array[which]
    except (TypeError, ValueError, IndexError):
        raise SpecError(f"span must be a pair, or a pair of pairs, not {span!r}") from None
    if not (np.isfinite([low, high]).all() and low < high):
        raise SpecError(f"span must go from a lower to a higher number, not {low} to {high}")
    return np.linspace(low, high, size)


def _check(within: Any, alike: Any) -> None:
    if isinstance(within, bool) or not isinstance(within, int | float) or not 0 < within < 1:
        raise SpecError(f"within must be a share between 0 and 1, not {within!r}")
    if alike not in ("weights", "error"):
        raise SpecError(f"alike must be 'weights' or 'error', not {alike!r}")


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")
