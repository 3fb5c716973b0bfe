"""What all optimizers share: settings that are checked, dialects, and two pure functions."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from ...errors import SpecError, suggest
from ..checks import Setting

__all__ = [
    "DIALECTS",
    "OURS",
    "A",
    "Formula",
    "Method",
    "Optimizer",
    "State",
    "one_minus_power",
    "setting",
]

A = Any  # an array of the namespace xp
State = Mapping[str, A]

OURS = "fallline"
DIALECTS = {
    OURS: "fallline",
    "paper": "the paper",
    "torch": "PyTorch",
    "keras": "Keras",
    "sklearn": "scikit-learn",
    "optax": "Optax",
}
"""The dialects, each with the name of who speaks it."""


@dataclass(frozen=True)
class Formula:
    """An optimizer's formula as text: statements separated by ``;``, for one entry w of θ.

    Attributes
    ----------
    start
        What the state is before the first step: ``"v = 0"``.
    step
        What a step does with the gradient g at the rate eta.
    """

    start: str
    step: str


class _Unset:
    """Stands for a setting that was left out, where its default depends on the dialect."""

    def __repr__(self) -> str:
        return "<the dialect's>"


_UNSET = _Unset()

DECAYS_WEIGHTS = (
    "the decay is of weights only: d is 1 for them and 0 for biases, which PyTorch, Optax and "
    "Keras decay too unless told not to"
)
"""The factor of decoupled decay."""


def setting(kind: Setting, **defaults: float) -> Any:
    """Return the dataclass field of a setting; `defaults` are those of dialects with another."""
    first = _UNSET if defaults else kind.default
    return field(default=first, metadata={"kind": kind, "defaults": defaults})


class Method(ABC):
    """What optimizers and solvers share: a name, settings, and their JSON. Frozen dataclasses.

    `factor` says what stands between one and those of other libraries beside the formula.
    """

    name: ClassVar[str]
    text: ClassVar[str]
    source: ClassVar[str]
    factor: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            if kind := item.metadata.get("kind"):
                value = getattr(self, item.name)
                if value is _UNSET:
                    value = item.metadata["defaults"].get(self._dialect, kind.default)
                value = kind.read(f"{type(self).__name__}.{item.name}", value)
                object.__setattr__(self, item.name, value)

    @property
    def _dialect(self) -> Any:
        return getattr(self, "dialect", OURS)

    def to_json(self) -> dict[str, Any]:
        """Return the name and the settings as plain data."""
        return {"name": self.name, **asdict(self)}  # type: ignore[call-overload]


class Optimizer(Method):
    """An optimizer of single steps: from a gradient to Δθ.

    Attributes
    ----------
    learning_rate
        η > 0, the size of the step.
    dialect
        Whose formula it is, where libraries differ; see `formulas`. Settings that are left out
        have that dialect's defaults; the learning rate always has ours.
    decouples
        Whether `update` takes ``decays``, see there.
    lacks
        Why a dialect has no such optimizer, where there is more to say than that.

    Raises
    ------
    SpecError
        For a setting that cannot be, and for a dialect that does not have this optimizer or in
        which its formula is ours.
    """

    decouples: ClassVar[bool] = False
    lacks: ClassVar[Mapping[str, str]] = {}

    learning_rate: float
    dialect: str

    def __post_init__(self) -> None:
        if not isinstance(self.dialect, str) or self.dialect not in DIALECTS:
            raise SpecError(f"unknown dialect {self.dialect!r}; {suggest(self.dialect, DIALECTS)}")
        super().__post_init__()
        if self.dialect != OURS:
            self._check_dialect()

    def _check_dialect(self) -> None:
        found, kind = self.formulas(), type(self).__name__
        speaker = DIALECTS[self.dialect]
        but = f"; {self.factor}" if self.decouples else ""
        if self.dialect not in found:
            differing = [name for name in found if found[name] != found[OURS]]
            more = f"; those that differ are {', '.join(differing)}" if differing else ""
            reason = self.lacks.get(self.dialect, f"{speaker} has no such {kind}")
            raise SpecError(f"{kind} has no dialect '{self.dialect}': {reason}{more}")
        if found[self.dialect] == found[OURS]:
            raise SpecError(
                f"{kind} has no dialect '{self.dialect}' with these settings: the formula of "
                f"{speaker} is the default one; leave dialect out{but}"
            )

    @abstractmethod
    def formulas(self) -> Mapping[str, Formula]:
        """Return the formula in each dialect that has these settings; the first is ours."""

    @property
    def formula(self) -> Formula:
        """The formula that is computed."""
        return self.formulas()[self.dialect]

    @abstractmethod
    def init(self, xp: A, theta: A) -> State:
        """Return the state before the first step, for parameters `theta` (P,)."""

    @abstractmethod
    def update(self, xp: A, gradient: A, state: State, theta: A, rate: A) -> tuple[A, State]:
        """Return the step Δθ (P,) and the next state, for the gradient ∂J/∂θ (P,).

        An optimizer with decoupled weight decay sets ``decouples = True``; its `update` then takes
        one more keyword, ``decays``: a (P,) vector of θ's dtype, 1 where decay applies (weights)
        and 0 where not (biases, absent connections). Engines pass it to those that ask, only.
        """

    @abstractmethod
    def effective_rate(self, xp: A, state: State, rate: A) -> A:
        """Return what the last step multiplied each entry's gradient, or its mean, with.

        Plain descent has η everywhere; the others a rate for each weight, (P,) or a scalar.
        """


def one_minus_power(xp: A, beta: float, t: A) -> A:
    """Return 1 − βᵗ without the cancellation that float32 would suffer for β near 1."""
    return -xp.expm1(t * math.log(beta)) if beta else xp.ones_like(t)
