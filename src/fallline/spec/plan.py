"""The training plan: all that decides a descent beside the network, the data and the start."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import DataError, SpecError, suggest
from ..formulas.checks import finite_number
from ..formulas.losses import LOSSES, Loss
from ..formulas.metrics import METRICS
from ..formulas.optimizers import Adam, Optimizer, optimizer_from
from ..formulas.schedules import SCHEDULES
from .network import Network

__all__ = ["Objective", "Plan", "check_targets"]


@dataclass(frozen=True)
class Objective:
    """What is descended: J = E + R, an error and a penalty.

    Attributes
    ----------
    loss
        A name from the table of losses.
    l2
        λ ≥ 0 of the penalty R = ½λ‖W‖² on weights, never on biases; for the sum error a batch
        bears its share Σ_B s / Σ s of it.
    """

    loss: str = "squared_error"
    l2: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "loss", LOSSES[self.loss].name)
        object.__setattr__(self, "l2", _number("l2", self.l2, least=0.0))

    @property
    def error(self) -> Loss:
        """The row of the table of losses."""
        return LOSSES[self.loss]

    def check(self, network: Network) -> None:
        """Raise a SpecError where the error cannot be computed from the network's outputs."""
        activation, loss = network.output.activation, self.error
        if loss.only_pairs and activation not in loss.pairs:
            pair = " or ".join(loss.pairs)
            raise SpecError(
                f"{loss.name} is computed from the net inputs of a {pair} output, but the output "
                f"layer '{network.output.name}' is {activation}; make it {pair}, or take another "
                "error"
            )


def check_targets(objective: Objective, targets: Floats) -> None:
    """Raise a DataError where targets (n, k) lie outside what the error is defined for."""
    kind = objective.error.targets
    if kind == "number":
        return
    outside = (targets < 0) | (targets > 1)
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise DataError(
            f"{objective.loss} takes targets from 0 to 1, but row {row}, column {column} is "
            f"{targets[row, column]}; encode classes as 0 and 1"
        )
    sums = targets.sum(axis=1)
    if kind == "distribution" and (off := np.abs(sums - 1) > 1e-5).any():
        row = int(np.argmax(off))
        raise DataError(
            f"{objective.loss} takes one probability for each class, which sum to 1 over a row, "
            f"but those of row {row} sum to {sums[row]}; encode classes one-hot"
        )


@dataclass(frozen=True)
class Plan:
    """How to descend.

    Attributes
    ----------
    loss, l2
        The objective J; see `Objective`.
    optimizer
        An `Optimizer`, its name, or plain data.
    schedule
        A name from the table of schedules: the learning rate of each step.
    batch_size
        Rows of a step: 1 is one example at a time, None the full batch.
    epochs
        The most passes over the rows.
    shuffle
        Whether each epoch takes the rows in a new order.
    seed
        Start of all that is drawn.
    metrics
        Names from the table of metrics, recorded for each epoch.
    patience
        Stop after this many epochs without a lower validation error; None never stops so.
    min_improvement
        By how much an error must fall to count as lower.
    tolerance, tolerance_epochs
        Stop when the training error fell by less than `tolerance` over `tolerance_epochs` epochs;
        None never stops so.
    target
        Stop when the training error of an epoch is at most this.
    time_budget
        Stop after this many seconds, at the end of the step then running.
    restore_best
        Whether a run with validation rows ends with the weights of the least validation error.

    Raises
    ------
    SpecError
        Naming the field that cannot be.
    """

    loss: str = "squared_error"
    l2: float = 0.0
    optimizer: Optimizer = field(default_factory=Adam)
    schedule: str = "constant"
    batch_size: int | None = 32
    epochs: int = 100
    shuffle: bool = True
    seed: int = 0
    metrics: tuple[str, ...] = ()
    patience: int | None = None
    min_improvement: float = 0.0
    tolerance: float | None = None
    tolerance_epochs: int = 10
    target: float | None = None
    time_budget: float | None = None
    restore_best: bool = True

    def __post_init__(self) -> None:
        objective = self.objective
        checked: dict[str, Any] = {
            "loss": objective.loss,
            "l2": objective.l2,
            "optimizer": optimizer_from(self.optimizer),
            "schedule": SCHEDULES[self.schedule].name,
            "metrics": _metric_names(self.metrics),
        }
        for name in ("shuffle", "restore_best"):
            if not isinstance(getattr(self, name), bool):
                raise SpecError(f"{name} must be True or False, not {getattr(self, name)!r}")
        counts = {"epochs": 0, "seed": 0, "tolerance_epochs": 1, "batch_size": 1, "patience": 1}
        for name, least in counts.items():
            checked[name] = _count(name, getattr(self, name), least, name in _OPTIONAL)
        numbers = {"min_improvement": 0, "tolerance": 0, "target": -math.inf, "time_budget": 0}
        for name, lowest in numbers.items():
            checked[name] = _number(name, getattr(self, name), lowest, name in _OPTIONAL)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def objective(self) -> Objective:
        """J = E + R of this plan."""
        return Objective(self.loss, self.l2)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data that `from_json` reads back."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return plain | {"optimizer": self.optimizer.to_json(), "metrics": list(self.metrics)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Plan:
        """Return the plan from plain data; unknown fields are refused with a suggestion."""
        if not isinstance(plain, Mapping):
            raise SpecError(f"a training plan must be an object, not {type(plain).__name__}")
        return cls.of(**{str(name): value for name, value in plain.items()})

    @classmethod
    def of(cls, /, **settings: Any) -> Plan:
        """Return a plan from keyword settings; unknown names are refused with a suggestion.

        Examples
        --------
        >>> Plan.of(loss="sse", batch_size=1).objective
        Objective(loss='sse', l2=0.0)
        """
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise SpecError(f"a training plan has no setting {name!r}; {suggest(name, known)}")
        return cls(**settings)


_OPTIONAL = frozenset({"batch_size", "patience", "tolerance", "target", "time_budget"})
"""Fields that may be None: without."""


def _metric_names(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise SpecError(f"metrics must be a list of names, not {value!r}")
    return tuple(METRICS[name].name for name in names)


def _count(name: str, value: Any, least: int, optional: bool = False) -> int | None:
    if optional and value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        none = " or None" if optional else ""
        raise SpecError(f"{name} must be a whole number of at least {least}{none}, not {value!r}")
    return int(value)


def _number(name: str, value: Any, least: float, optional: bool = False) -> float | None:
    if optional and value is None:
        return None
    number = finite_number(value)
    if number is None or number < least:
        bound = "" if least == -math.inf else f" of at least {least:g}"
        none = " or None" if optional else ""
        raise SpecError(f"{name} must be a finite number{bound}{none}, not {value!r}")
    return number
