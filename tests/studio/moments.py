"""Moments of real descents, for the tests of what is drawn of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fallline.descent.recorded import recorded_between
from fallline.descent.run import Run
from fallline.studio.instant import Instant
from fallline.studio.opened import Source
from fallline.studio.problem import Problem
from fallline.studio.setup import Setup

__all__ = ["Tab", "at_theta", "descended", "earlier", "moment"]


class Tab:
    """A viewer that keeps what it is offered."""

    def __init__(self, *show: str, element: str | None = None) -> None:
        self.show = frozenset(show)
        self.element, self.row, self.layer, self.target = element, None, None, None
        self.got: list[Any] = []

    def offer(self, message: Any, slot: str | None = None) -> None:
        self.got.append(message)

    def of(self, kind: str) -> list[Any]:
        return [message for message in list(self.got) if message.type == kind]


def moment(steps: int = 0, source: Source | None = None, **setup: Any) -> Instant:
    """Return the moment after some steps of the descent that a setup asks for."""
    return descended(Problem.of(Setup.from_json(setup), source), steps)


def descended(problem: Problem, steps: int, run: int = 1) -> Instant:
    rows = problem.train
    descent = Run(
        problem.network, rows.X, rows.Y, sample_weight=rows.weights, plan=problem.plan,
        theta=problem.start,
    )  # fmt: skip
    states = [descent.snapshot()]
    for _ in range(steps):
        descent.step()
        states.append(descent.snapshot())
    last = recorded_between(descent, *states[-2:]) if steps else None
    path = np.array([state.arrays["theta"] for state in states])
    return Instant(
        run, problem, problem.plan, steps, path[-1], path, np.arange(len(path)), last
    )  # fmt: skip


def at_theta(at: Instant, theta: Any) -> Instant:
    """Return the moment with other weights at the end of its path."""
    theta = np.array(theta, np.float64)
    return replace(at, theta=theta, path=np.vstack([at.path[:-1], theta]))


def earlier(at: Instant, step: int) -> Instant:
    """Return a moment of the same descent before, without its last step."""
    path = at.path[: step + 1]
    steps = at.path_steps[: step + 1]
    return replace(at, step=step, theta=path[-1], path=path, path_steps=steps, last=None)
