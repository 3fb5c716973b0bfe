"""Where a contour line says its level: on a straight piece of it that nothing else lies on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from .words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["label_lines", "label_places"]

_LONG = 0.09  # of the map's width: a label with the gap around it
_EACH = 1.4  # widths of the map: a longer line has a label on every piece of about this length
_FREE = 0.025  # no label is nearer than this to another, to the edge or to a path
_APART = 0.012  # where another line is nearer than this, a label would lie on it
_TRIES = 60  # places that are looked at on each piece


def label_lines(ax: Axes, lines: Any, avoid: Floats) -> None:
    """Write its level on each contour line where there is room.

    Parameters
    ----------
    ax
        The map, with its limits as they are to be.
    lines
        What ``ax.contour`` returned.
    avoid
        (m, 2) places that are to stay free, such as the points of a path.
    """
    low = np.array([ax.get_xlim()[0], ax.get_ylim()[0]])
    size = np.array([ax.get_xlim()[1], ax.get_ylim()[1]]) - low
    # Without one scale for both the axes have about this shape, whatever their limits.
    shape = size / size[0] if ax.get_aspect() == 1.0 else np.array([1.0, 0.8])
    pieces = [[(part - low) / size * shape for part in level] for level in lines.allsegs]
    taken = (_filled(avoid) - low) / size * shape
    places = [p / shape * size + low for p in label_places(pieces, taken, shape)]
    options: Any = {"manual": places, "use_clabeltext": True}
    if places:
        ax.clabel(
            lines, fmt=lambda level: number(level, 6), fontsize=7, inline_spacing=2, **options
        )


def label_places(levels: Sequence[Sequence[Floats]], taken: Floats, shape: Floats) -> list[Floats]:
    """Return places (2,) on the pieces (t, 2) of contour lines where labels do not collide.

    Parameters
    ----------
    levels
        The pieces of each level's line, in widths of the map.
    taken
        (m, 2) places that are not free.
    shape
        (2,) the map's width and height: its lower left corner is (0, 0).

    Examples
    --------
    One straight line across a map, with something in its middle:

    >>> line = np.column_stack([np.linspace(0, 0.3, 99), np.full(99, 0.5)])
    >>> label_places([[line]], np.array([[0.1, 0.5]]), np.array([0.3, 1.0]))[0].round(2).tolist()
    [0.22, 0.5]
    """
    found: list[Floats] = []
    busy = np.vstack([taken.reshape(-1, 2), np.empty((0, 2))])
    for level, pieces in enumerate(levels):
        beside = [one for other in (level - 1, level + 1) if 0 <= other < len(levels)
                  for one in levels[other]]  # fmt: skip
        others = np.vstack([*beside, np.full((1, 2), np.inf)])
        for piece in pieces:
            for part in _parts(piece):
                place = _best(part, busy, others, shape)
                if place is not None:
                    found.append(place)
                    busy = np.vstack([busy, place + _around()])
    return found


def _best(part: Floats, busy: Floats, others: Floats, shape: Floats) -> Floats | None:
    """Return the place on a piece that is freest and straightest, or None where there is none."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(part, axis=0), axis=1))])
    if along[-1] < 1.5 * _LONG:
        return None
    at = np.linspace(_LONG / 2, along[-1] - _LONG / 2, _TRIES)
    here, before, after = (_on(part, along, at + move) for move in (0, -_LONG / 2, _LONG / 2))
    straight = np.linalg.norm(after - before, axis=1) / _LONG
    edge = np.minimum(here, shape - here).min(axis=1)
    free = np.where(_distance(here, others) > _APART, edge, 0.0)
    for end in (here, before, after):
        free = np.minimum(free, _distance(end, busy))
    score = np.minimum(free, 2 * _LONG) + 0.3 * straight
    best = int(np.argmax(np.where(free > _FREE, score, -1.0)))
    return here[best] if free[best] > _FREE and straight[best] > 0.8 else None


def _distance(points: Floats, others: Floats) -> Floats:
    """Return of each point (k, 2) how far the nearest of the others (m, 2) is."""
    if not len(others):
        return np.full(len(points), np.inf)
    apart: Floats = np.hypot(*(points[:, None] - others).transpose(2, 0, 1)).min(axis=1)
    return apart


def _parts(piece: Floats) -> list[Floats]:
    """Return a line in pieces of about equal length, each of which gets a label of its own."""
    length = np.linalg.norm(np.diff(piece, axis=0), axis=1).sum()
    return np.array_split(piece, max(1, round(length / _EACH)))


def _on(part: Floats, along: Floats, at: Floats) -> Floats:
    return np.column_stack([np.interp(at, along, part[:, i]) for i in range(2)])


def _around() -> Floats:
    """Return places that a label covers, about its middle."""
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring: Floats = 0.3 * _LONG * np.column_stack([np.cos(turn), np.sin(turn)])
    return np.vstack([ring, np.zeros((1, 2))])


def _filled(path: Floats) -> Floats:
    """Return a path with places between its points, so that its lines stay free as well."""
    if not 1 < len(path) <= 400:
        return path
    shares = np.linspace(0, 1, 12, endpoint=False)[:, None, None]
    between: Floats = (1 - shares) * path[:-1] + shares * path[1:]
    return np.vstack([between.reshape(-1, 2), path[-1:]])
