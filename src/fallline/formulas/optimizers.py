"""Optimizers: from a gradient to a step Δθ.

Each is a frozen record of settings with two pure functions over an array namespace ``xp``::

    state = optimizer.init(xp, theta)
    step, state = optimizer.update(xp, gradient, state, theta, rate)      # then θ ← θ + step

``state`` is a dict of plain arrays, so that pausing, resuming and stepping back need nothing else.
``rate`` is the learning rate η of this step: a schedule may have changed ``learning_rate``.
Each docstring states the formula and where ε stands; libraries differ in exactly that.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from ..errors import SpecError, suggest
from .checks import finite_number
from .registry import Registry

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "Optimizer", "RMSProp", "optimizer_from"]

A = Any  # an array of the namespace xp
State = Mapping[str, A]


@dataclass(frozen=True)
class Optimizer(ABC):
    """What all optimizers share: a learning rate, and the check of their settings.

    Attributes
    ----------
    learning_rate
        η > 0, the size of the step.
    """

    name: ClassVar[str]
    text: ClassVar[str]
    source: ClassVar[str]

    learning_rate: float

    def __post_init__(self) -> None:
        for field in fields(self):
            place = f"{type(self).__name__}.{field.name}"
            value = _checked(place, field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)

    @abstractmethod
    def init(self, xp: A, theta: A) -> State:
        """Return the state before the first step, for parameters `theta` (P,)."""

    @abstractmethod
    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step Δθ (P,) and the next state, for the gradient ∂J/∂θ (P,)."""

    def to_json(self) -> dict[str, Any]:
        """Return the name and the settings as plain data."""
        return {"name": self.name, **asdict(self)}


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with momentum if wished.

    Plain: Δw = −η g. With momentum β: v ← βv − ηg, Δw = v. Nesterov: Δw = βv − ηg with the new v.

    Source: Polyak 1964; Sutskever et al. 2013, eq. 3-4, with Nesterov's look-ahead expressed at
    the weights where the gradient was taken.

    Parameters
    ----------
    learning_rate
        η > 0.
    momentum
        β in [0, 1).
    nesterov
        Nesterov's form; needs momentum > 0.

    Examples
    --------
    >>> import numpy as np
    >>> sgd = SGD(0.1)
    >>> sgd.update(np, np.array([2.0]), sgd.init(np, np.zeros(1)), np.zeros(1), 0.1)[0]
    array([-0.2])
    """

    name: ClassVar[str] = "sgd"
    text: ClassVar[str] = "v = beta*v - eta*g; w = w + v"
    source: ClassVar[str] = "Polyak 1964; Sutskever et al. 2013"

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise SpecError("SGD(nesterov=True) needs momentum > 0, for example momentum=0.9")

    def init(self, xp: A, theta: A) -> State:
        """Return the velocity v = 0, or nothing without momentum."""
        return {"velocity": xp.zeros_like(theta)} if self.momentum else {}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next velocity."""
        if not self.momentum:
            return -rate * gradient, state
        velocity = self.momentum * state["velocity"] - rate * gradient
        step = self.momentum * velocity - rate * gradient if self.nesterov else velocity
        return step, {"velocity": velocity}


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Adagrad: each weight's rate falls with the squares of all its gradients so far.

    G ← G + g², Δw = −η g / (√G + ε), with G = 0 at the start and ε outside the root.

    Source: Duchi, Hazan and Singer 2011, the diagonal form.

    Parameters
    ----------
    learning_rate
        η > 0.
    epsilon
        ε > 0, outside the root.
    """

    name: ClassVar[str] = "adagrad"
    text: ClassVar[str] = "G = G + g**2; w = w - eta*g/(sqrt(G) + epsilon)"
    source: ClassVar[str] = "Duchi, Hazan and Singer 2011"

    learning_rate: float = 0.01
    epsilon: float = 1e-10

    def init(self, xp: A, theta: A) -> State:
        """Return G = 0."""
        return {"squares": xp.zeros_like(theta)}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next sum of squares."""
        squares = state["squares"] + gradient * gradient
        return -rate * gradient / (xp.sqrt(squares) + self.epsilon), {"squares": squares}


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp: each weight's rate is divided by a running root mean square of its gradients.

    m ← ρm + (1 − ρ)g², Δw = −η g / (√m + ε), with m = 0 at the start and ε outside the root.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6e, 2012.

    Parameters
    ----------
    learning_rate
        η > 0.
    decay
        ρ in [0, 1).
    epsilon
        ε > 0, outside the root.
    """

    name: ClassVar[str] = "rmsprop"
    text: ClassVar[str] = "m = rho*m + (1 - rho)*g**2; w = w - eta*g/(sqrt(m) + epsilon)"
    source: ClassVar[str] = "Hinton 2012, lecture 6e"

    learning_rate: float = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8

    def init(self, xp: A, theta: A) -> State:
        """Return m = 0."""
        return {"mean_square": xp.zeros_like(theta)}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next mean square."""
        mean_square = self.decay * state["mean_square"] + (1 - self.decay) * gradient * gradient
        step = -rate * gradient / (xp.sqrt(mean_square) + self.epsilon)
        return step, {"mean_square": mean_square}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam: momentum and RMSProp together, each corrected for its start at 0.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ),
    Δw = −η m̂ / (√v̂ + ε): ε outside the root, after the bias correction.

    Source: Kingma and Ba 2015, algorithm 1.

    Parameters
    ----------
    learning_rate
        η > 0.
    beta1, beta2
        β₁ and β₂ in [0, 1).
    epsilon
        ε > 0, outside the root.
    """

    name: ClassVar[str] = "adam"
    text: ClassVar[str] = (
        "m = beta1*m + (1 - beta1)*g; v = beta2*v + (1 - beta2)*g**2; "
        "w = w - eta*(m/(1 - beta1**t))/(sqrt(v/(1 - beta2**t)) + epsilon)"
    )
    source: ClassVar[str] = "Kingma and Ba 2015, algorithm 1"

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def init(self, xp: A, theta: A) -> State:
        """Return m = v = 0 and t = 0."""
        zeros = xp.zeros_like(theta)
        return {"mean": zeros, "mean_square": zeros, "t": xp.zeros((), theta.dtype)}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step, the next moments and the count of steps."""
        t = state["t"] + 1
        mean = self.beta1 * state["mean"] + (1 - self.beta1) * gradient
        mean_square = self.beta2 * state["mean_square"] + (1 - self.beta2) * gradient * gradient
        corrected = mean / _one_minus_power(xp, self.beta1, t)
        root = xp.sqrt(mean_square / _one_minus_power(xp, self.beta2, t))
        step = -rate * corrected / (root + self.epsilon)
        return step, {"mean": mean, "mean_square": mean_square, "t": t}


def _one_minus_power(xp: A, beta: float, t: A) -> A:
    """Return 1 − βᵗ without the cancellation that float32 would suffer for β near 1."""
    return -xp.expm1(t * math.log(beta)) if beta else xp.ones_like(t)


_FRACTIONS = frozenset({"momentum", "decay", "beta1", "beta2"})


def _checked(place: str, name: str, value: object) -> float | bool:
    """Return a setting as a plain number or bool, or raise a SpecError that names it."""
    if name == "nesterov":
        if not isinstance(value, bool):
            raise SpecError(f"{place} must be True or False, not {value!r}")
        return value
    number = finite_number(value)
    if number is None:
        raise SpecError(f"{place} must be a finite number, not {value!r}")
    if name in _FRACTIONS and not 0 <= number < 1:
        raise SpecError(f"{place} must be at least 0 and below 1, not {value!r}")
    if name not in _FRACTIONS and number <= 0:
        raise SpecError(f"{place} must be above 0, not {value!r}")
    return number


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer", [SGD, Adagrad, RMSProp, Adam])


def optimizer_from(value: str | Mapping[str, Any] | Optimizer) -> Optimizer:
    """Return an optimizer from itself, from its name, or from plain data as `to_json` gives.

    Raises
    ------
    SpecError
        For an unknown name or setting, with the nearest known one.

    Examples
    --------
    >>> optimizer_from({"name": "sgd", "learning_rate": 0.5})
    SGD(learning_rate=0.5, momentum=0.0, nesterov=False)
    """
    if isinstance(value, Optimizer):
        return value
    if not isinstance(value, str | Mapping):
        raise SpecError(
            "an optimizer must be one, as in SGD(0.1), or a name, or settings as in "
            f'{{"name": "sgd", "learning_rate": 0.1}}, not {value!r}'
        )
    settings = {"name": value} if isinstance(value, str) else dict(value)
    kind = OPTIMIZERS[settings.pop("name", "")]
    known = [field.name for field in fields(kind)]
    for name in settings:
        if name not in known:
            raise SpecError(f"{kind.name} has no setting {name!r}; {suggest(name, known)}")
    return kind(**settings)
