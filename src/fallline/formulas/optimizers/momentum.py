"""Gradient descent with and without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...errors import SpecError
from ..checks import flag, number
from .base import OURS, A, Formula, Optimizer, State, setting

__all__ = ["SGD"]

_PLAIN = Formula("", "w = w - eta*g")
_INSIDE = Formula("v = 0", "v = beta*v - eta*g; w = w + v")
_OUTSIDE = Formula("v = 0", "v = beta*v + g; w = w - eta*v")
_NESTEROV_INSIDE = Formula("v = 0", "v = beta*v - eta*g; w = w + beta*v - eta*g")
_NESTEROV_OUTSIDE = Formula("v = 0", "v = beta*v + g; w = w - eta*(g + beta*v)")


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with momentum if wished.

    Plain: Δw = −η g. With momentum β: v ← βv − ηg, Δw = v. Nesterov: Δw = βv − ηg with the new v.
    So the velocity keeps the rates at which gradients came in, as in the papers, Keras and
    scikit-learn. PyTorch and Optax keep a sum of gradients, v ← βv + g, Δw = −ηv, which is the
    same until the rate changes.

    Source: Polyak 1964; Sutskever et al. 2013, eq. 3-4, with Nesterov's look-ahead expressed at
    the weights where the gradient was taken.

    Parameters
    ----------
    learning_rate
        η > 0.
    momentum
        β in [0, 1]; 1 never slows.
    nesterov
        Nesterov's form; needs momentum > 0.
    dialect
        With momentum: ``"torch"``, ``"optax"``.

    Examples
    --------
    >>> import numpy as np
    >>> sgd = SGD(0.1)
    >>> sgd.update(np, np.array([2.0]), sgd.init(np, np.zeros(1)), np.zeros(1), 0.1)[0]
    array([-0.2])
    """

    name: ClassVar[str] = "sgd"
    text: ClassVar[str] = _INSIDE.step
    source: ClassVar[str] = "Polyak 1964; Sutskever et al. 2013"

    learning_rate: float = setting(number(0.01, above=0))
    momentum: float = setting(number(0.0, least=0, most=1))
    nesterov: bool = setting(flag(False))
    dialect: str = OURS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise SpecError("SGD(nesterov=True) needs momentum > 0, for example momentum=0.9")

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        inside, outside = (_NESTEROV_INSIDE, _NESTEROV_OUTSIDE) if self.nesterov else (
            _INSIDE, _OUTSIDE
        )  # fmt: skip
        if not self.momentum:
            inside = outside = _PLAIN
        among_insiders = dict.fromkeys((OURS, "paper", "keras", "sklearn"), inside)
        return among_insiders | dict.fromkeys(("torch", "optax"), outside)

    def init(self, xp: A, theta: A) -> State:
        """Return the velocity v = 0, or nothing without momentum."""
        return {"velocity": xp.zeros_like(theta)} if self.momentum else {}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next velocity."""
        if not self.momentum:
            return -rate * gradient, state
        if self.dialect == OURS:
            velocity = self.momentum * state["velocity"] - rate * gradient
            step = self.momentum * velocity - rate * gradient if self.nesterov else velocity
        else:
            velocity = self.momentum * state["velocity"] + gradient
            step = -rate * (gradient + self.momentum * velocity if self.nesterov else velocity)
        return step, {"velocity": velocity}

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η."""
        return rate
