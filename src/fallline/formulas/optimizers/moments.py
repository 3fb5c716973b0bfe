"""Adam and its relatives: a mean of gradients over the root of a mean of their squares."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...errors import SpecError
from ..checks import flag, number
from .base import (
    DECAYS_WEIGHTS,
    DIALECTS,
    OURS,
    A,
    Formula,
    Optimizer,
    State,
    one_minus_power,
    setting,
)

__all__ = ["Adam", "AdamW", "NAdam"]

_EPSILON_FIRST = ("keras", "sklearn")  # ε is added before the bias correction
_MEANS = "m = beta1*m + (1 - beta1)*g; v = beta2*v + (1 - beta2)*g**2; "
_OURS = "w = w - eta*(m/(1 - beta1**t))/(sqrt({v}/(1 - beta2**t)) + epsilon)"
_AFTER = "u = max(u, v)"
_FIRST = "w = w - eta*sqrt(1 - beta2**t)/(1 - beta1**t)*m/(sqrt({v}) + epsilon)"

_NADAM_START = "m = 0; v = 0; t = 0; c = 1"
_NADAM_MU = (
    "t = t + 1; n = beta1*(1 - 0.96**({psi}t)/2); q = beta1*(1 - 0.96**({psi}(t + 1))/2); c = c*n"
)
_NADAM = "w = w - eta*(q*m/(1 - c*q) + (1 - n)*g/(1 - c))/(sqrt(v/(1 - beta2**t)) + epsilon)"


class _Moments(Optimizer):
    """What Adam and AdamW share: all but the decay."""

    beta1: float
    beta2: float
    epsilon: float
    amsgrad: bool

    @abstractmethod
    def formulas(self) -> Mapping[str, Formula]: ...

    def _formula(self, move: str, largest: str = "", decay: str = "") -> Formula:
        """Return the formula with this last statement; `largest` is that of AMSGrad."""
        v = "u" if self.amsgrad else "v"
        largest = f"{largest}; " if self.amsgrad else ""
        start = "m = 0; v = 0; t = 0" + "; u = 0" * self.amsgrad
        return Formula(start, f"t = t + 1; {_MEANS}{largest}{decay}{move.format(v=v)}")

    def init(self, xp: A, theta: A) -> State:
        """Return m = v = 0 and t = 0; for AMSGrad also the largest v so far."""
        zeros = xp.zeros_like(theta)
        state = {"mean": zeros, "mean_square": zeros, "t": xp.zeros((), theta.dtype)}
        return state | ({"largest": zeros} if self.amsgrad else {})

    def _moments(self, xp: A, gradient: A, state: State) -> dict[str, A]:
        """Return the next state."""
        squares = self.beta2 * state["mean_square"] + (1 - self.beta2) * gradient * gradient
        after = {
            "mean": self.beta1 * state["mean"] + (1 - self.beta1) * gradient,
            "mean_square": squares,
            "t": state["t"] + 1,
        }
        if self.amsgrad:
            if self.dialect == "optax":
                squares = squares / one_minus_power(xp, self.beta2, after["t"])
            after["largest"] = xp.maximum(state["largest"], squares)
        return after

    def _step(self, xp: A, after: State, rate: A) -> A:
        mean = after["mean"]
        if not self._uncorrected:
            mean = mean / one_minus_power(xp, self.beta1, after["t"])
        return -self.effective_rate(xp, after, rate) * mean

    @property
    def _uncorrected(self) -> bool:
        return self.amsgrad and self.dialect == "paper"

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η / (√v̂ + ε), which is not defined before the first step."""
        squares = state["largest"] if self.amsgrad else state["mean_square"]
        correction = one_minus_power(xp, self.beta2, state["t"])
        if self._uncorrected or (self.amsgrad and self.dialect == "optax"):
            return rate / (xp.sqrt(squares) + self.epsilon)
        if self.dialect in _EPSILON_FIRST:
            return rate * xp.sqrt(correction) / (xp.sqrt(squares) + self.epsilon)
        return rate / (xp.sqrt(squares / correction) + self.epsilon)


@dataclass(frozen=True)
class Adam(_Moments):
    """Adam: momentum and RMSProp together, each corrected for its start at 0.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ),
    Δw = −η m̂ / (√v̂ + ε): ε outside the root, after the bias correction. Keras and scikit-learn
    add it before: Δw = −η √(1 − β₂ᵗ)/(1 − β₁ᵗ) m / (√v + ε), so that it counts for more in early
    steps.

    AMSGrad divides by the largest v so far, u ← max(u, v): as PyTorch does, corrected after the
    maximum is taken. Optax corrects before it, Keras as its Adam, the paper not at all.

    Source: Kingma and Ba 2015, algorithm 1; AMSGrad: Reddi, Kale and Kumar 2018, algorithm 2
    (without ε, which we keep).

    Parameters
    ----------
    learning_rate
        η > 0.
    beta1, beta2
        β₁ and β₂ in [0, 1).
    epsilon
        ε > 0; 1e-8 unless the dialect has another.
    amsgrad
        Whether to divide by the largest v so far.
    dialect
        ``"keras"``, ``"sklearn"``; for AMSGrad ``"keras"``, ``"optax"``, ``"paper"``.
    """

    name: ClassVar[str] = "adam"
    text: ClassVar[str] = f"t = t + 1; {_MEANS}{_OURS.format(v='v')}"
    source: ClassVar[str] = "Kingma and Ba 2015, algorithm 1; AMSGrad: Reddi et al. 2018"

    learning_rate: float = setting(number(0.001, above=0))
    beta1: float = setting(number(0.9, least=0, below=1))
    beta2: float = setting(number(0.999, least=0, below=1))
    epsilon: float = setting(number(1e-8, above=0), keras=1e-7)
    amsgrad: bool = setting(flag(False))
    dialect: str = OURS

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        ours, first = self._formula(_OURS, _AFTER), self._formula(_FIRST, _AFTER)
        if not self.amsgrad:
            same = dict.fromkeys((OURS, "paper", "torch", "optax"), ours)
            return same | dict.fromkeys(_EPSILON_FIRST, first)
        before = "u = max(u, v/(1 - beta2**t))"
        corrected = "w = w - eta*(m/(1 - beta1**t))/(sqrt({v}) + epsilon)"
        return {
            OURS: ours,
            "torch": ours,
            "keras": first,
            "optax": self._formula(corrected, before),
            "paper": self._formula("w = w - eta*m/(sqrt({v}) + epsilon)", _AFTER),
        }

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step, the next moments and the count of steps."""
        after = self._moments(xp, gradient, state)
        return self._step(xp, after, rate), after


@dataclass(frozen=True)
class AdamW(_Moments):
    """Adam with decoupled weight decay: weights shrink by ηλw beside Adam's step, biases do not.

    PyTorch, Optax and Keras decay biases too, unless they are told which parameters to decay: with
    biases in a group of ``weight_decay=0``, or a mask, their numbers are these.

    Unlike the penalty ``l2``, the decay is not divided by √v̂. In PyTorch, Optax and Keras the
    decay of a step is ηλ, with the rate η of that step; in the paper it is λ times the schedule's
    factor η/η₀ alone, so that λ there is ηλ here.

    Source: Loshchilov and Hutter 2019, algorithm 2.

    Parameters
    ----------
    learning_rate
        η > 0.
    beta1, beta2
        β₁ and β₂ in [0, 1).
    epsilon
        ε > 0; 1e-8 unless the dialect has another.
    weight_decay
        λ ≥ 0; 0.01 unless the dialect has another.
    amsgrad
        Whether to divide by the largest v so far, as `Adam`.
    dialect
        ``"keras"``; without AMSGrad ``"paper"``.
    """

    name: ClassVar[str] = "adamw"
    text: ClassVar[str] = f"t = t + 1; {_MEANS}w = w - eta*lam*d*w; {_OURS.format(v='v')}"
    source: ClassVar[str] = "Loshchilov and Hutter 2019, algorithm 2"
    factor: ClassVar[str] = DECAYS_WEIGHTS
    decouples: ClassVar[bool] = True

    learning_rate: float = setting(number(0.001, above=0))
    beta1: float = setting(number(0.9, least=0, below=1))
    beta2: float = setting(number(0.999, least=0, below=1))
    epsilon: float = setting(number(1e-8, above=0), keras=1e-7)
    weight_decay: float = setting(number(0.01, least=0), keras=0.004)
    amsgrad: bool = setting(flag(False))
    dialect: str = OURS

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        decay = "w = w - eta*lam*d*w; "
        ours, first = self._formula(_OURS, _AFTER, decay), self._formula(_FIRST, _AFTER, decay)
        found = {OURS: ours, "torch": ours, "keras": first}
        if self.amsgrad:
            return found
        by_schedule = self._formula(_OURS, decay="w = w - eta/eta0*lam*d*w; ")
        return found | {"optax": ours, "paper": by_schedule}

    def update(
        self, xp: A, gradient: A, state: State, theta: A, rate: A, *, decays: A = 1
    ) -> tuple[A, State]:
        """Return the step, decay included, the next moments and the count of steps."""
        after = self._moments(xp, gradient, state)
        share = rate / self.learning_rate if self.dialect == "paper" else rate
        decay = share * self.weight_decay * (decays * theta)
        return self._step(xp, after, rate) - decay, after


@dataclass(frozen=True)
class NAdam(Optimizer):
    """NAdam: Adam with Nesterov's momentum, whose strength follows a schedule of its own.

    μₜ = β₁(1 − ½·0.96^(ψt)); m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
    m̄ = μₜ₊₁m/(1 − Π₁ᵗ⁺¹μ) + (1 − μₜ)g/(1 − Π₁ᵗμ), Δw = −η m̄ / (√(v/(1 − β₂ᵗ)) + ε), as PyTorch.
    The paper's means are m ← μₜm + (1 − μₜ)g and v̂ = β₂v/(1 − β₂ᵗ). Keras has ψ = 1, Optax μ = β₁
    throughout.

    Source: Dozat 2016, algorithm 2, with ψ = 1/250.

    Parameters
    ----------
    learning_rate
        η > 0.
    beta1, beta2
        β₁ and β₂ in [0, 1).
    epsilon
        ε > 0; 1e-8 unless the dialect has another.
    psi
        ψ ≥ 0; Keras and Optax have none to set.
    dialect
        ``"keras"``, ``"optax"``, ``"paper"``.
    """

    name: ClassVar[str] = "nadam"
    text: ClassVar[str] = f"{_NADAM_MU.format(psi='psi*')}; {_MEANS}{_NADAM}"
    source: ClassVar[str] = "Dozat 2016, algorithm 2"

    learning_rate: float = setting(number(0.001, above=0))
    beta1: float = setting(number(0.9, least=0, below=1))
    beta2: float = setting(number(0.999, least=0, below=1))
    epsilon: float = setting(number(1e-8, above=0), keras=1e-7)
    psi: float = setting(number(0.004, least=0), keras=1.0, optax=0.0)
    dialect: str = OURS

    def __post_init__(self) -> None:
        super().__post_init__()
        fixed = {"keras": 1.0, "optax": 0.0}.get(self.dialect, self.psi)
        if self.psi != fixed:
            raise SpecError(
                f"NAdam.psi must be left out in the dialect '{self.dialect}', not {self.psi!r}: "
                f"{DIALECTS[self.dialect]} has no such setting"
            )

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        ours = Formula(_NADAM_START, self.text)
        constant = "t = t + 1; n = beta1; q = beta1; c = beta1**t"
        own_mean = _MEANS.replace("beta1", "n")
        own_square = _NADAM.replace("(v/", "(beta2*v/")
        return {
            OURS: ours,
            "torch": ours,
            "keras": Formula(_NADAM_START, f"{_NADAM_MU.format(psi='')}; {_MEANS}{_NADAM}"),
            "optax": Formula("m = 0; v = 0; t = 0", f"{constant}; {_MEANS}{_NADAM}"),
            "paper": Formula(
                _NADAM_START, f"{_NADAM_MU.format(psi='psi*')}; {own_mean}{own_square}"
            ),
        }

    def init(self, xp: A, theta: A) -> State:
        """Return m = v = 0, t = 0 and the empty product Πμ = 1."""
        zeros, one = xp.zeros_like(theta), xp.ones((), theta.dtype)
        return {"mean": zeros, "mean_square": zeros, "t": 0 * one, "product": one}

    def _mu(self, xp: A, t: A) -> A:
        if self.dialect == "optax":
            return self.beta1 * xp.ones_like(t)
        return self.beta1 * (1 - 0.5 * 0.96 ** (self.psi * t))

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step, the next moments, the count of steps and the product of all μ."""
        t = state["t"] + 1
        mu, next_mu = self._mu(xp, t), self._mu(xp, t + 1)
        beta1 = mu if self.dialect == "paper" else self.beta1
        after = {
            "mean": beta1 * state["mean"] + (1 - beta1) * gradient,
            "mean_square": self.beta2 * state["mean_square"]
            + (1 - self.beta2) * gradient * gradient,
            "t": t,
            "product": state["product"] * mu,
        }
        ahead = next_mu * after["mean"] / (1 - after["product"] * next_mu)
        mean = ahead + (1 - mu) * gradient / (1 - after["product"])
        return -self.effective_rate(xp, after, rate) * mean, after

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η / (√v̂ + ε), which is not defined before the first step."""
        squares = self.beta2 * state["mean_square"] if self.dialect == "paper" else (
            state["mean_square"]
        )  # fmt: skip
        correction = one_minus_power(xp, self.beta2, state["t"])
        return rate / (xp.sqrt(squares / correction) + self.epsilon)
