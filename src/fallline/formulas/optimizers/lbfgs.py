"""L-BFGS: Newton's direction from the last few steps, with a line search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import SpecError
from ..checks import number, whole
from .base import A, State, setting
from .line_search import LineSearch, Trial
from .solver import Evaluate, Solver

__all__ = ["LBFGS"]

_PATIENCE = 20  # iterations without a lower error or a flatter gradient


@dataclass(frozen=True)
class LBFGS(Solver):
    """L-BFGS: the error's curvature is learnt from the last steps s and changes of gradient y.

    The direction is −H∇J, with H the inverse Hessian that the last `memory` pairs (s, y) tell of
    (the two-loop recursion); the step along it meets the strong Wolfe conditions. Takes all rows in
    each iteration, so ``batch_size`` is the full batch; one iteration is one epoch.

    Source: Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithms 7.4, 7.5, 3.5
    and 3.6.

    Parameters
    ----------
    memory
        How many pairs are kept, m ≥ 1.
    tolerance
        Done when no entry of the gradient exceeds this.
    fall, flat
        c₁ < c₂ of the Wolfe conditions.
    search
        The most evaluations of one line search.

    Examples
    --------
    >>> import numpy as np
    >>> solver = LBFGS()
    >>> state = solver.init(np, np.array([3.0, -1.0]))
    >>> while not solver.why_done(state):
    ...     state = solver.iterate(np, state, lambda w: (float(w @ w), 2 * w))
    >>> bool(np.abs(state["theta"]).max() < 1e-6), int(state["evaluations"])
    (True, 3)
    """

    name: ClassVar[str] = "lbfgs"
    text: ClassVar[str] = "w = w - alpha*H*g"
    source: ClassVar[str] = "Nocedal and Wright 2006, algorithms 7.4 and 7.5"

    memory: int = setting(whole(10, least=1))
    tolerance: float = setting(number(1e-6, least=0))
    fall: float = setting(number(1e-4, above=0, below=1))
    flat: float = setting(number(0.9, above=0, below=1))
    search: int = setting(whole(30, least=1))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fall >= self.flat:
            raise SpecError(f"LBFGS.fall must be below flat={self.flat:g}, not {self.fall:g}")

    def init(self, xp: A, theta: A) -> State:
        """Return the state at `theta`, with nothing evaluated and no pairs."""
        pairs = xp.zeros((self.memory, *theta.shape), theta.dtype)
        counts = dict.fromkeys(("evaluations", "rate", "done", "kept", "stalled"), 0)
        values = dict.fromkeys(("error", "lowest", "flattest"), 0)  # until the first evaluation
        return {
            "theta": theta,
            "gradient": xp.zeros_like(theta),
            "steps": pairs,
            "changes": pairs,
            **_scalars(xp, **counts, **values),
        }

    def iterate(self, xp: A, state: State, evaluate: Evaluate) -> State:
        """Return the state after one direction and one search along it."""
        if state["done"]:
            return state
        if not state["evaluations"]:
            error, gradient = evaluate(state["theta"])
            slope = float(xp.abs(gradient).max())
            first = _scalars(xp, error=error, lowest=error, flattest=slope, evaluations=1)
            state = {**state, **first, "gradient": gradient}
        if self._is_flat(xp, state):
            return {**state, **_scalars(xp, done=1)}
        state, found = self._search(xp, state, evaluate)
        if found is None and state["kept"]:  # the pairs mislead: once more along −∇J
            state, found = self._search(xp, {**state, **_scalars(xp, kept=0)}, evaluate)
        if found is None:
            return {**state, **_scalars(xp, done=2)}
        return self._after(xp, state, found)

    def _is_flat(self, xp: A, state: State) -> bool:
        return bool(xp.abs(state["gradient"]).max() <= self.tolerance)

    def _search(self, xp: A, state: State, evaluate: Evaluate) -> tuple[dict[str, A], Trial | None]:
        """Return the state with its evaluations counted, and where the line search ended."""
        theta, gradient = state["theta"], state["gradient"]
        direction, count = self._direction(xp, state), 0

        def at(alpha: float) -> Trial:
            nonlocal count
            count += 1
            there = theta + alpha * direction
            error, slopes = evaluate(there)
            return Trial(alpha, error, float(slopes @ direction), there, slopes)

        error = float(state["error"])
        start = Trial(0.0, error, float(gradient @ direction), theta, gradient)
        noise = 8 * float(xp.finfo(theta.dtype).eps) * abs(error)
        found = None
        if start.slope < 0:
            search = LineSearch(at, start, self.fall, self.flat, noise, self.search)
            # Without pairs the direction is −∇J, which has no scale of its own: try a unit step.
            first = 1.0 if state["kept"] else min(1.0, (-start.slope) ** -0.5)
            found = search.find(first)
        evaluations = float(state["evaluations"]) + count
        return {**state, **_scalars(xp, evaluations=evaluations)}, found

    def _direction(self, xp: A, state: State) -> A:
        """Return −H∇J by the two-loop recursion, newest pair last."""
        kept = int(state["kept"])
        direction, shares = -state["gradient"], []
        pairs = [(state["steps"][-k], state["changes"][-k]) for k in range(1, kept + 1)]
        for s, y in pairs:
            share = float(s @ direction) / float(s @ y)
            direction = direction - share * y
            shares.append(share)
        if pairs:
            s, y = pairs[0]
            direction = direction * (float(s @ y) / float(y @ y))
        for (s, y), share in zip(reversed(pairs), reversed(shares), strict=True):
            direction = direction + s * (share - float(y @ direction) / float(s @ y))
        return direction

    def _after(self, xp: A, state: State, found: Trial) -> State:
        """Return the state at the trial that was found, with its pair kept."""
        step, change = found.theta - state["theta"], found.gradient - state["gradient"]
        after = {**state, "theta": found.theta, "gradient": found.gradient}
        after |= _scalars(xp, error=found.error, rate=found.alpha)
        # A pair without positive curvature would make H indefinite; rounding may give one.
        curvature, size = float(step @ change), float(change @ change)
        if curvature > float(xp.finfo(step.dtype).eps) * size:
            after["steps"] = xp.concatenate([state["steps"][1:], step[None]])
            after["changes"] = xp.concatenate([state["changes"][1:], change[None]])
            after |= _scalars(xp, kept=min(float(state["kept"]) + 1, self.memory))
        return after | self._outcome(xp, after)

    def _outcome(self, xp: A, after: State) -> dict[str, A]:
        """Return whether it is done, and what tells when only rounding moves it."""
        error, slope = float(after["error"]), float(xp.abs(after["gradient"]).max())
        lowest, flattest = float(after["lowest"]), float(after["flattest"])
        stalled = 0 if error < lowest or slope < flattest else float(after["stalled"]) + 1
        return _scalars(
            xp,
            lowest=min(error, lowest),
            flattest=min(slope, flattest),
            stalled=stalled,
            done=1 if slope <= self.tolerance else 2 if stalled >= _PATIENCE else 0,
        )


def _scalars(xp: A, **values: Any) -> dict[str, A]:
    """Return plain numbers as arrays without axes."""
    return {name: xp.asarray(float(value)) for name, value in values.items()}
