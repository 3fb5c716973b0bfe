"""Optimizers that divide each weight's rate by the size of its gradients so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..checks import flag, number
from .base import OURS, A, Formula, Optimizer, State, setting

__all__ = ["Adadelta", "Adagrad", "RMSProp"]

_UNDER_ROOT = ("keras", "optax")


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Adagrad: each weight's rate falls with the squares of all its gradients so far.

    G ← G + g², Δw = −η g / (√G + ε), with G = 0 at the start and ε outside the root. Keras and
    Optax start with G = 0.1 and divide by √(G + ε), with ε = 1e-7.

    Source: Duchi, Hazan and Singer 2011, the diagonal form.

    Parameters
    ----------
    learning_rate
        η > 0.
    epsilon
        ε > 0; 1e-10 unless the dialect has another.
    start
        G ≥ 0 at the start; 0 unless the dialect has another.
    dialect
        ``"keras"`` or ``"optax"``, which are one formula.
    """

    name: ClassVar[str] = "adagrad"
    text: ClassVar[str] = "G = G + g**2; w = w - eta*g/(sqrt(G) + epsilon)"
    source: ClassVar[str] = "Duchi, Hazan and Singer 2011"

    learning_rate: float = setting(number(0.01, above=0))
    epsilon: float = setting(number(1e-10, above=0), keras=1e-7, optax=1e-7)
    start: float = setting(number(0.0, least=0), keras=0.1, optax=0.1)
    dialect: str = OURS

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        ours = Formula("G = start", self.text)
        under = Formula("G = start", "G = G + g**2; w = w - eta*g/sqrt(G + epsilon)")
        return dict.fromkeys((OURS, "paper", "torch"), ours) | dict.fromkeys(_UNDER_ROOT, under)

    def init(self, xp: A, theta: A) -> State:
        """Return G at the start."""
        return {"squares": xp.full_like(theta, self.start)}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next sum of squares."""
        state = {"squares": state["squares"] + gradient * gradient}
        return -self.effective_rate(xp, state, rate) * gradient, state

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η / (√G + ε)."""
        if self.dialect in _UNDER_ROOT:
            return rate / xp.sqrt(state["squares"] + self.epsilon)
        return rate / (xp.sqrt(state["squares"]) + self.epsilon)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp: each weight's rate is divided by a running root mean square of its gradients.

    m ← ρm + (1 − ρ)g², Δw = −η g / (√m + ε), with m = 0 at the start and ε outside the root.
    Centred: a ← ρa + (1 − ρ)g, and m − a², the variance, stands under the root. With momentum β:
    v ← βv − η g / (√m + ε), Δw = v.

    Keras and Optax divide by √(m + ε); PyTorch takes the rate out of the velocity, so that it
    differs with momentum. Graves's is the ``"paper"`` of the centred form, with ε = 1e-4 under the
    root.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6e, 2012; centred: Graves 2013,
    eq. 38-45.

    Parameters
    ----------
    learning_rate
        η > 0.
    decay
        ρ in [0, 1).
    epsilon
        ε > 0; 1e-8 unless the dialect has another.
    momentum
        β in [0, 1).
    centered
        Whether to divide by the standard deviation.
    dialect
        ``"keras"``, ``"optax"``; with momentum ``"torch"``; if centred ``"paper"``.
    """

    name: ClassVar[str] = "rmsprop"
    text: ClassVar[str] = "m = rho*m + (1 - rho)*g**2; w = w - eta*g/(sqrt(m) + epsilon)"
    source: ClassVar[str] = "Hinton 2012, lecture 6e; centred: Graves 2013"
    lacks: ClassVar[Mapping[str, str]] = {
        "paper": "Hinton's lecture gives no ε and otherwise the default formula; Graves's is the "
        "paper of centered=True"
    }

    learning_rate: float = setting(number(0.001, above=0))
    decay: float = setting(number(0.9, least=0, below=1), torch=0.99, paper=0.95)
    epsilon: float = setting(number(1e-8, above=0), keras=1e-7, paper=1e-4)
    momentum: float = setting(number(0.0, least=0, below=1))
    centered: bool = setting(flag(False))
    dialect: str = OURS

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        ours, under = self._formula(False, False), self._formula(True, False)
        found = {OURS: ours, "torch": self._formula(False, True)}
        found |= dict.fromkeys(_UNDER_ROOT, under)
        return found | ({"paper": under} if self.centered else {})

    def _formula(self, under_root: bool, rate_outside: bool) -> Formula:
        centred = "a = rho*a + (1 - rho)*g; " if self.centered else ""
        mean = "m - a**2" if self.centered else "m"
        root = f"sqrt({mean} + epsilon)" if under_root else f"(sqrt({mean}) + epsilon)"
        inside, outside = f"beta*v - eta*g/{root}; w = w + v", f"beta*v + g/{root}; w = w - eta*v"
        move = f"w = w - eta*g/{root}"
        if self.momentum:
            move = "v = " + (outside if rate_outside else inside)
        start = "m = 0" + "; a = 0" * self.centered + "; v = 0" * bool(self.momentum)
        return Formula(start, f"m = rho*m + (1 - rho)*g**2; {centred}{move}")

    def init(self, xp: A, theta: A) -> State:
        """Return m = 0, and where they are used a = 0 and v = 0."""
        used = {"mean_square": True, "mean": self.centered, "velocity": self.momentum}
        return {name: xp.zeros_like(theta) for name, needed in used.items() if needed}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next means, and the next velocity."""
        kept = 1 - self.decay
        after = {"mean_square": self.decay * state["mean_square"] + kept * gradient * gradient}
        if self.centered:
            after["mean"] = self.decay * state["mean"] + kept * gradient
        if not self.momentum:
            return -self.effective_rate(xp, after, rate) * gradient, after
        outside = self.dialect == "torch"
        scaled = self.effective_rate(xp, after, 1 if outside else rate) * gradient
        after["velocity"] = self.momentum * state["velocity"] - scaled
        return rate * after["velocity"] if outside else after["velocity"], after

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η / (√m + ε)."""
        mean = state["mean_square"]
        if self.centered:  # rounding may take the variance a little below 0
            mean = xp.maximum(mean - state["mean"] * state["mean"], 0)
        if self.dialect in (*_UNDER_ROOT, "paper"):
            return rate / xp.sqrt(mean + self.epsilon)
        return rate / (xp.sqrt(mean) + self.epsilon)


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Adadelta: steps in the units of the weights, from the size of the steps before.

    m ← ρm + (1 − ρ)g², u = g √(d + ε) / √(m + ε), d ← ρd + (1 − ρ)u², Δw = −η u. All libraries
    compute this; only their default numbers differ (PyTorch and Optax ρ = 0.9, Keras ε = 1e-7).

    Source: Zeiler 2012, algorithm 1, which has η = 1.

    Parameters
    ----------
    learning_rate
        η > 0.
    decay
        ρ in [0, 1).
    epsilon
        ε > 0, under both roots.
    """

    name: ClassVar[str] = "adadelta"
    text: ClassVar[str] = (
        "m = rho*m + (1 - rho)*g**2; u = g*sqrt(d + epsilon)/sqrt(m + epsilon); "
        "d = rho*d + (1 - rho)*u**2; w = w - eta*u"
    )
    source: ClassVar[str] = "Zeiler 2012, algorithm 1"

    learning_rate: float = setting(number(1.0, above=0))
    decay: float = setting(number(0.95, least=0, below=1))
    epsilon: float = setting(number(1e-6, above=0))
    dialect: str = OURS

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula, which is the same in all dialects."""
        speakers = (OURS, "paper", "torch", "keras", "optax")
        return dict.fromkeys(speakers, Formula("m = 0; d = 0", self.text))

    def init(self, xp: A, theta: A) -> State:
        """Return m = d = 0."""
        zeros = xp.zeros_like(theta)
        return {"mean_square": zeros, "mean_square_step": zeros}

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step and the next means of squares."""
        kept, steps = 1 - self.decay, state["mean_square_step"]
        mean_square = self.decay * state["mean_square"] + kept * gradient * gradient
        unscaled = gradient * self._ratio(xp, steps, mean_square)
        after = {
            "mean_square": mean_square,
            "mean_square_step": self.decay * steps + kept * unscaled * unscaled,
        }
        return -rate * unscaled, after

    def _ratio(self, xp: A, steps: A, squares: A) -> A:
        return xp.sqrt(steps + self.epsilon) / xp.sqrt(squares + self.epsilon)

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η √(d + ε) / √(m + ε), with the d that the next step will take."""
        return rate * self._ratio(xp, state["mean_square_step"], state["mean_square"])
