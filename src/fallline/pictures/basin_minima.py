"""The minima that the ends of many descents lie at: refined, told apart, and nudged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..descent import descend_many
from ..formulas.optimizers import LBFGS
from ..spec.network import Network
from ..spec.plan import Plan
from .record import Record
from .undisturbed import undisturbed

__all__ = ["DIVERGED", "EQUAL", "NOT_THERE", "Refined", "free_entries"]

NOT_THERE, DIVERGED = -1, -2
"""Of a start: it reached no minimum (a saddle, or it is still on its way), or left all numbers."""

EQUAL = 1e-6
"""Of the fall from the starts: errors so near to each other are equal."""

_REFINE = 300  # iterations


@dataclass(frozen=True)
class Refined(Record):
    """The minima (m, P) that ends lie at, their errors (m,), and (R,) each end's minimum.

    ``least`` is the least of the errors, ``fall`` how far it is below the starts'.
    """

    minima: Floats
    errors: Floats
    place: Ints
    least: float = 0.0
    fall: float = 0.0

    @classmethod
    def of(
        cls,
        network: Network,
        X: Any,
        Y: Any,
        ends: Floats,
        plan: Plan,
        data: dict[str, Any],
        near: float,
        begun: float,
        alike: str,
    ) -> Refined:
        """Refine the ends, each group of near ones once, and see which are one minimum."""
        objective = plan.objective
        asked = data | {
            "loss": objective.loss, "l2": objective.l2, "l1": objective.l1,
            "alpha": objective.alpha, "optimizer": LBFGS(tolerance=1e-10), "epochs": _REFINE,
        }  # fmt: skip
        place = np.full(len(ends), DIVERGED)
        sound = np.isfinite(ends).all(axis=1)
        if not sound.any():
            return cls(np.empty((0, ends.shape[1])), np.empty(0), place)
        _, one, of_end = np.unique(
            np.round(ends[sound] / near), axis=0, return_index=True, return_inverse=True
        )
        points, errors = _lowest(network, X, Y, ends[sound][one], asked)
        least = float(errors.min())
        fall = max(begun - least, 0.0)
        scale = EQUAL * fall
        groups = _groups(points, errors, 10 * near, scale, alike)
        leaders = np.array([int(np.flatnonzero(groups == g)[0]) for g in range(groups.max() + 1)])
        nudge = np.random.default_rng(0).uniform(-near, near, points[leaders].shape)
        nudged = points[leaders] + np.where(free_entries(network), nudge, 0)
        stays = errors[leaders] - _lowest(network, X, Y, nudged, asked)[1] <= scale
        rank = np.lexsort((*points[leaders].T[::-1], np.round(errors[leaders] / (scale or 1.0))))
        best = rank[stays[rank]]
        number = np.full(len(leaders), NOT_THERE)
        number[best] = np.arange(len(best))
        place[sound] = number[groups][of_end.reshape(-1)]
        return cls(points[leaders][best], errors[leaders][best], place, least, fall)


def _lowest(
    network: Network, X: Any, Y: Any, points: Floats, asked: dict[str, Any]
) -> tuple[Floats, Floats]:
    """Return the minima (k, P) next to points (k, P) as L-BFGS finds them, and their J."""
    with undisturbed():
        runs = descend_many(network, X, Y, seeds=[0] * len(points), theta=points, **asked)
    return np.stack([r.theta for r in runs]), np.array([r.error_at_end() for r in runs])


def _groups(points: Floats, errors: Floats, near: float, scale: float, alike: str) -> Ints:
    """Return (k,) group numbers of points that are one minimum, counted as they come."""
    groups, leaders = np.full(len(points), -1), list[int]()
    for i in range(len(points)):
        same = np.abs(errors[leaders] - errors[i]) <= scale
        if alike == "weights":
            same = np.abs(points[leaders] - points[i]).max(axis=1, initial=0) <= near
        if same.any():
            groups[i] = int(np.argmax(same))
        else:
            groups[i] = len(leaders)
            leaders.append(i)
    return groups


def free_entries(network: Network) -> npt.NDArray[np.bool_]:
    """Return which entries of θ (P,) can move."""
    return ~(network.frozen | network.masked)
