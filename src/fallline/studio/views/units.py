"""What each unit gives over two inputs, or over one."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats
from ...engines.calls import predict
from ..instant import Instant
from ..message import Message
from .drawable import drawn, theta_now
from .scenery import Scene, Scenery

__all__ = ["units"]

_MOST = 128  # units of a message
_VALUES = 60_000  # numbers of a message
_CELLS, _FEWEST = 41, 12  # along each side


def units(at: Instant, scenery: Scenery, layer: str | None = None) -> Message:
    """Return `UnitsView`: every unit's output over the scene's plane or line, the network's last.

    Parameters
    ----------
    at
        The moment.
    scenery
        Its problem.
    layer
        Of a network with many units those of this layer; unless given, of the first ones.

    Raises
    ------
    DataError
        When θ or what is said is beyond what can be drawn, or the inputs make no plane.

    Examples
    --------
    >>> from fallline.studio.problem import Problem
    >>> from fallline.studio.setup import Setup
    >>> problem = Problem.of(Setup(data="xor"))
    >>> at = Instant(
    ...     1, problem, problem.plan, 0, problem.start, problem.start[None], np.zeros(1, int), None
    ... )
    >>> found = units(at, Scenery(at.problem))
    >>> [unit["name"] for unit in found.fields["units"]][:2], found.arrays["values"].shape[1:]
    (['hidden1.0', 'hidden1.1'], (41, 41))
    """
    theta, scene, network = theta_now(at), scenery.scene, at.problem.network
    sizes = {each.name: each.size for each in network.layers}
    if sum(sizes.values()) > _MOST and layer in sizes:
        sizes = {layer: sizes[layer]}
    x, y, inputs = _thinned(scene, min(sum(sizes.values()), _MOST))
    told: list[dict[str, object]] = []
    values: list[Floats] = []
    for name, size in sizes.items():
        cut, room = scenery.cuts[name], _MOST - len(told)
        if room <= 0:
            break
        part = inputs if len(cut.columns) == network.n_inputs else inputs[:, cut.columns]
        found = predict(cut.network, theta[cut.parameters], part)[:, :room]
        values.append(found.T)
        for j in range(min(size, room)):
            low, high = float(found[:, j].min()), float(found[:, j].max())
            told.append({"name": f"{name}.{j}", "low": low, "high": high})
    shape = (len(y), len(x)) if len(y) else (len(x),)
    every = np.concatenate(values)
    fields = {"run": at.run, "step": at.step, "dimensions": scene.dimensions, "units": told}
    arrays = {"x": x, "values": every.reshape(-1, *shape)}
    return drawn(Message("units", fields, arrays | ({"y": y} if len(y) else {})))


def _thinned(scene: Scene, count: int) -> tuple[Floats, Floats, Floats]:
    """Return x, y and inputs of as many of the scene's cells as so many small pictures need."""
    if not len(scene.y):
        return scene.x, scene.y, scene.inputs
    cells = int(np.clip(np.sqrt(_VALUES / max(count, 1)), _FEWEST, _CELLS))
    cells = min(cells, len(scene.x))
    some = np.linspace(0, len(scene.x) - 1, cells).round().astype(np.int64)
    grid = scene.inputs.reshape(len(scene.y), len(scene.x), -1)[np.ix_(some, some)]
    return scene.x[some], scene.y[some], grid.reshape(cells * cells, -1)
