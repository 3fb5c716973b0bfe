"""Optimizers that take only the signs of gradients, and sizes of steps from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...errors import SpecError
from ..checks import number
from .base import DECAYS_WEIGHTS, OURS, A, Formula, Optimizer, State, setting

__all__ = ["Lion", "Rprop"]


@dataclass(frozen=True)
class Lion(Optimizer):
    """Lion: every weight steps by η, in the direction of a mean of gradients.

    c = β₁m + (1 − β₁)g, Δw = −η(sign(c) + λw), m ← β₂m + (1 − β₂)g, with sign(0) = 0. The decay λ
    shrinks weights, never biases, which Optax and Keras decay too unless told not to; else they
    compute the same. The others have no Lion.

    Source: Chen et al. 2023, algorithm 2.

    Parameters
    ----------
    learning_rate
        η > 0; the authors take it 3 to 10 times smaller than Adam's.
    beta1, beta2
        β₁ and β₂ in [0, 1).
    weight_decay
        λ ≥ 0.
    """

    name: ClassVar[str] = "lion"
    text: ClassVar[str] = (
        "w = w - eta*lam*d*w; w = w - eta*sign(beta1*m + (1 - beta1)*g); "
        "m = beta2*m + (1 - beta2)*g"
    )
    source: ClassVar[str] = "Chen et al. 2023, algorithm 2"
    factor: ClassVar[str] = DECAYS_WEIGHTS
    decouples: ClassVar[bool] = True

    learning_rate: float = setting(number(0.0003, above=0))
    beta1: float = setting(number(0.9, least=0, below=1))
    beta2: float = setting(number(0.99, least=0, below=1))
    weight_decay: float = setting(number(0.0, least=0))
    dialect: str = OURS

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula, which is the same in all dialects that have it."""
        return dict.fromkeys((OURS, "paper", "keras", "optax"), Formula("m = 0", self.text))

    def init(self, xp: A, theta: A) -> State:
        """Return m = 0."""
        return {"mean": xp.zeros_like(theta)}

    def update(
        self, xp: A, gradient: A, state: State, theta: A, rate: A, *, decays: A = 1
    ) -> tuple[A, State]:
        """Return the step, decay included, and the next mean."""
        mean = state["mean"]
        direction = xp.sign(self.beta1 * mean + (1 - self.beta1) * gradient)
        after = {"mean": self.beta2 * mean + (1 - self.beta2) * gradient}
        return -rate * (direction + self.weight_decay * (decays * theta)), after

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return η, by which every entry moves."""
        return rate


@dataclass(frozen=True)
class Rprop(Optimizer):
    """Rprop: every weight has a step size of its own, grown while the gradient keeps its sign.

    D ← D·η⁺ where the gradient's sign is that of the step before, D·η⁻ where it changed, within
    [least, most]; Δw = −D sign(g). Where the sign changed, no step is taken and the sign is
    forgotten (iRprop−, as PyTorch). The paper takes the step before back instead.

    Meant for the full batch. D starts at the learning rate; a schedule scales all steps by its
    factor η/η₀.

    Source: Riedmiller and Braun 1993; Igel and Hüsken 2000, iRprop−.

    Parameters
    ----------
    learning_rate
        η₀ > 0, the first D.
    shrink, grow
        η⁻ in (0, 1) and η⁺ > 1.
    least, most
        The bounds of D.
    dialect
        ``"paper"``: with weight backtracking.
    """

    name: ClassVar[str] = "rprop"
    text: ClassVar[str] = (
        "s = sign(g*p); "
        "D = clip(D*where(s > 0, grow, where(s < 0, shrink, 1)), least, most); "
        "g = where(s < 0, 0, g); w = w - eta/eta0*D*sign(g); p = g"
    )
    source: ClassVar[str] = "Riedmiller and Braun 1993; Igel and Hüsken 2000"
    lacks: ClassVar[Mapping[str, str]] = {
        "optax": "Optax 0.2.8 applies each step one step late, which we do not copy"
    }

    learning_rate: float = setting(number(0.01, above=0))
    shrink: float = setting(number(0.5, above=0, below=1))
    grow: float = setting(number(1.2, above=1))
    least: float = setting(number(1e-6, above=0))
    most: float = setting(number(50.0, above=0))
    dialect: str = OURS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least > self.most:
            raise SpecError(f"Rprop.least must be at most most={self.most:g}, not {self.least:g}")

    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect."""
        ours = Formula("D = eta0; p = 0", self.text)
        resized, _, _ = self.text.partition("g = where")
        back = "u = where(s < 0, -u, -eta/eta0*D*sign(g)); w = w + u; p = where(s < 0, 0, g)"
        paper = Formula("D = eta0; p = 0; u = 0", resized + back)
        return {OURS: ours, "torch": ours, "paper": paper}

    def init(self, xp: A, theta: A) -> State:
        """Return D = η₀ and no gradient before; for the paper's also no step before."""
        zeros = xp.zeros_like(theta)
        state = {"size": xp.full_like(theta, self.learning_rate), "gradient": zeros}
        return state | ({"step": zeros} if self.dialect == "paper" else {})

    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step, and the next sizes and signs."""
        sign = xp.sign(gradient) * xp.sign(state["gradient"])
        turned = sign < 0
        factor = xp.where(sign > 0, self.grow, xp.where(turned, self.shrink, 1.0))
        size = xp.clip(state["size"] * factor.astype(theta.dtype), self.least, self.most)
        kept = xp.where(turned, 0, gradient)
        after = {"size": size, "gradient": kept}
        scale = rate / self.learning_rate
        if self.dialect != "paper":
            return -scale * size * xp.sign(kept), after
        step = xp.where(turned, -state["step"], -scale * size * xp.sign(gradient))
        return step, after | {"step": step}

    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return D η/η₀, by which an entry moves whose sign did not change."""
        return state["size"] * (rate / self.learning_rate)
