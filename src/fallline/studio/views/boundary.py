"""What the network says over two inputs, or over one."""

from __future__ import annotations

import numpy as np

from ...engines.calls import predict
from ..instant import Instant
from ..message import Message
from .drawable import drawn, theta_now
from .scenery import Scenery

__all__ = ["boundary"]


def boundary(at: Instant, scenery: Scenery) -> Message:
    """Return `BoundaryView`: what is said over the scene's plane or line.

    Of classes it is the probability of each, of numbers the prediction in the target's own unit.

    Parameters
    ----------
    at
        The moment.
    scenery
        Its problem.

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
    >>> found = boundary(at, Scenery(at.problem))
    >>> found.fields["axes"], found.arrays["values"].shape
    (['x', 'y'], (61, 61, 2))
    """
    theta, scene, asked = theta_now(at), scenery.scene, scenery.asked
    said = scenery.said(asked, predict(at.problem.network, theta, scene.inputs))
    low, high = (0.0, 1.0) if asked.labels else _ends(scenery.truth)
    arrays = {
        "x": scene.x,
        "y": scene.y,
        "values": said.reshape(*scene.shape, -1),
        "points": scene.points,
        "truth": scene.truth,
        "part": scene.part,
    }
    fields = {
        "run": at.run,
        "step": at.step,
        "dimensions": scene.dimensions,
        "axes": list(scene.names),
        "classes": list(asked.labels),
        "output": scenery.output,
        "low": low,
        "high": high,
        "note": scene.note,
    }
    if not scene.y.size:
        del arrays["y"]
    return drawn(Message("boundary", fields, arrays))


def _ends(truth: np.ndarray) -> tuple[float, float]:
    """Return the least and the largest true amount, between which colours run."""
    low, high = float(truth.min()), float(truth.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)
