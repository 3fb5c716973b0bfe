"""The training plan: all that decides a descent beside the network, the data and the start."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import SpecError, suggest
from ..formulas.checks import finite_number
from ..formulas.custom import name_from_json, name_to_json
from ..formulas.losses import LOSSES, Loss
from ..formulas.metrics import METRICS
from ..formulas.optimizers import Adam, Optimizer, Solver, optimizer_from
from ..formulas.penalties import batch_share
from ..formulas.schedules import SCHEDULES, Schedule, schedule_from
from .dropout import checked_dropout, dropout_rates
from .fits import check_loss, check_target_values
from .network import Network

__all__ = ["Objective", "Plan", "check_targets"]


@dataclass(frozen=True)
class Objective:
    """What is descended: J = E + R, an error and a penalty.

    Attributes
    ----------
    loss
        A name from the table of losses, or a formula in y and yhat, such as
        ``"log(cosh(yhat - y))"``.
    l2
        λ ≥ 0 of the penalty R = ½λ‖W‖² on weights, never on biases; for the sum error a batch
        bears its share Σ_B s / Σ s of it.
    l1
        λ₁ ≥ 0 of the penalty λ₁ Σ |w| on weights, likewise, with slope 0 at w = 0; together with
        `l2` it is the elastic net.
    alpha
        α ≥ 0 of scikit-learn's penalty ½α‖W‖² / Σ_B s, whose strength depends on the batch; for
        mean errors only.
    """

    loss: str = "squared_error"
    l2: float = 0.0
    l1: float = 0.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "loss", LOSSES[self.loss].name)
        for name in ("l2", "l1", "alpha"):
            object.__setattr__(self, name, _number(name, getattr(self, name), least=0.0))
        if self.alpha and self.error.reduction == "sum":
            raise SpecError(
                f"alpha must be 0 for {self.loss}: it is the penalty of scikit-learn's mean "
                f"errors, ½α‖W‖² / Σs; beside a sum, l2={self.alpha:g} has its effect"
            )

    @cached_property
    def error(self) -> Loss:
        """The row of the table of losses."""
        return LOSSES[self.loss]

    def __getstate__(self) -> dict[str, Any]:
        return _told(self)

    @cached_property
    def unclipped(self) -> Objective:
        """The same with the true error, where its error clips what it reports; else itself."""
        error = self.error
        if not error.settings.get("clip"):
            return self
        family = LOSSES.families[error.family]
        kept = {
            name: value
            for name, value in error.settings.items()
            if name != "clip" and value != family.settings[name].default
        }
        return replace(self, loss=family.row(kept).name)

    def strengths(self, batch_weight: float, total_weight: float) -> dict[str, float]:
        """Return the factor of each penalty that a batch bears, where it is not 0.

        Parameters
        ----------
        batch_weight, total_weight
            Σ_B s of the batch and Σ s of all rows.

        Examples
        --------
        >>> Objective("sse", l2=0.4, l1=0.2).strengths(1.0, 4.0)
        {'l1': 0.05, 'l2': 0.1}
        >>> Objective("squared_error", l2=0.4, alpha=0.2).strengths(1.0, 4.0)
        {'l2': 0.6}
        """
        share = batch_share(self.error.reduction, batch_weight, total_weight)
        both = {"l1": self.l1 * share, "l2": self.l2 * share}
        both["l2"] += self.alpha / batch_weight if self.alpha else 0.0
        return {name: strength for name, strength in both.items() if strength}

    def check(self, network: Network) -> None:
        """Raise a SpecError where the error cannot be computed from the network's outputs."""
        check_loss(self.error, network)


def _told(record: Any) -> dict[str, Any]:
    """Return the fields of a record, which is what is pickled, without what it found since."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def check_targets(objective: Objective, targets: Floats) -> None:
    """Raise a DataError where targets (n, targets) lie outside what the error is defined for."""
    check_target_values(objective.error, targets)


_LEFT_OUT: Any = object()  # a default that depends on the optimizer


@dataclass(frozen=True)
class Plan:
    """How to descend.

    Attributes
    ----------
    loss, l2, l1, alpha
        The objective J; see `Objective`.
    max_norm
        After each step the incoming weights of every unit, biases aside, are scaled down to this
        Euclidean norm where they exceed it; None sets no limit.
    dropout
        The probability that a unit's output is dropped in a step, and otherwise multiplied by
        1/(1 − p): one for all hidden layers, or a mapping from names of hidden and input layers.
        Each step's error is that of the network so thinned; predictions drop nothing.
    input_noise
        Standard deviation of normal noise added to all inputs in each step, before dropout, in the
        units in which the network gets them; predictions have none.
    clip_value
        Entries of the gradient are held in [−clip_value, clip_value]; None leaves them.
    clip_norm
        The gradient is scaled down to this Euclidean norm where it exceeds it, after `clip_value`;
        None leaves it. Both take ∂J/∂θ with penalties, over trainable entries, and give the
        optimizer what they make of it; recorded norms are those before.
    optimizer
        An `Optimizer` or a `Solver`, its name, or plain data.
    schedule
        The learning rate of each step: a name from the table of schedules, with settings if
        wished, as in ``"step(every=10, factor=0.5)"``; or a function of the step, counting from
        0, with which a plan cannot be saved.
    batch_size
        Rows of a step: 1 is one example at a time, None the full batch; 32 unless given, and the
        full batch for a solver.
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
    l1: float = 0.0
    alpha: float = 0.0
    max_norm: float | None = None
    dropout: float | Mapping[str, float] = field(default=0.0, hash=False)
    input_noise: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None
    optimizer: Optimizer | Solver = field(default_factory=Adam)
    schedule: str | Schedule = "constant"
    batch_size: int | None = _LEFT_OUT
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
            "l1": objective.l1,
            "alpha": objective.alpha,
            "dropout": checked_dropout(self.dropout),
            "optimizer": optimizer_from(self.optimizer),
            "schedule": _schedule(self.schedule),
            "metrics": _metric_names(self.metrics),
        }
        for name in ("shuffle", "restore_best"):
            if not isinstance(getattr(self, name), bool):
                raise SpecError(f"{name} must be True or False, not {getattr(self, name)!r}")
        if self.batch_size is _LEFT_OUT:
            full = isinstance(checked["optimizer"], Solver)
            object.__setattr__(self, "batch_size", None if full else 32)
        counts = {"epochs": 0, "seed": 0, "tolerance_epochs": 1, "batch_size": 1, "patience": 1}
        for name, least in counts.items():
            checked[name] = _count(name, getattr(self, name), least, name in _OPTIONAL)
        for name in ("max_norm", "clip_value", "clip_norm"):
            checked[name] = _limit(name, getattr(self, name))
        numbers = {"min_improvement": 0, "tolerance": 0, "target": -math.inf, "time_budget": 0}
        numbers |= {"input_noise": 0}
        for name, lowest in numbers.items():
            checked[name] = _number(name, getattr(self, name), lowest, name in _OPTIONAL)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if isinstance(self.optimizer, Solver):
            _check_solver(self, self.optimizer)

    @property
    def stepwise(self) -> Optimizer:
        """The optimizer of single steps.

        Raises
        ------
        SpecError
            When it is a solver, which is no matter of single steps.
        """
        if isinstance(self.optimizer, Solver):
            raise SpecError(
                f"{type(self.optimizer).__name__} is a solver and takes no single steps in an "
                "engine; run it with fallline.descend or fallline.Run"
            )
        return self.optimizer

    def __getstate__(self) -> dict[str, Any]:
        return _told(self)

    @cached_property
    def objective(self) -> Objective:
        """J = E + R of this plan."""
        return Objective(self.loss, self.l2, self.l1, self.alpha)

    @cached_property
    def judged(self) -> Objective:
        """The true error E without penalty, which validation rows are judged by."""
        return Objective(self.loss).unclipped

    def check(self, network: Network) -> None:
        """Raise a SpecError where the plan does not fit the network."""
        self.objective.check(network)
        dropout_rates(network, self.dropout)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data that `from_json` reads back."""
        if not isinstance(self.schedule, str):
            raise SpecError(
                f"the schedule {self.schedule.name} is a Python function, which no file can hold; "
                f"take a named one, such as 'cosine' ({', '.join(SCHEDULES)})"
            )
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        if isinstance(self.dropout, Mapping):
            plain["dropout"] = dict(self.dropout)
        plain |= {"optimizer": self.optimizer.to_json(), "metrics": list(self.metrics)}
        return plain | {"loss": name_to_json(self.loss)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Plan:
        """Return the plan from plain data; unknown fields are refused with a suggestion."""
        if not isinstance(plain, Mapping):
            raise SpecError(f"a training plan must be an object, not {type(plain).__name__}")
        settings = {str(name): value for name, value in plain.items()}
        if "loss" in settings:
            settings["loss"] = name_from_json("loss", settings["loss"])
        return cls.of(**settings)

    @classmethod
    def of(cls, /, **settings: Any) -> Plan:
        """Return a plan from keyword settings; unknown names are refused with a suggestion.

        Examples
        --------
        >>> Plan.of(loss="sse", batch_size=1).objective
        Objective(loss='sse', l2=0.0, l1=0.0, alpha=0.0)
        """
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise SpecError(f"a training plan has no setting {name!r}; {suggest(name, known)}")
        return cls(**settings)


_QUIET = ("max_norm", "dropout", "input_noise", "clip_value", "clip_norm")
"""Fields that change single steps, which a solver does not take."""


def _check_solver(plan: Plan, solver: Solver) -> None:
    kind = type(solver).__name__
    if plan.batch_size is not None:
        raise SpecError(
            f"batch_size must be left out, or None, for {kind}, not {plan.batch_size}: its line "
            "search compares errors of the same rows, so each step takes all of them"
        )
    if plan.schedule != "constant":
        raise SpecError(
            f"schedule must be left out for {kind}, not {plan.schedule!r}: its line search finds "
            "the length of each step"
        )
    for name in _QUIET:
        if value := getattr(plan, name):
            raise SpecError(
                f"{name} must be left out for {kind}, not {value!r}: its line search compares "
                "errors and slopes of one unchanging function"
            )


def _schedule(value: Any) -> str | Schedule:
    """Return the canonical name, or the schedule itself where it has none."""
    found = schedule_from(value)
    named = isinstance(value, str) or found.family in SCHEDULES.families
    return found.name if named or found is SCHEDULES["constant"] else found


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


def _limit(name: str, value: Any) -> float | None:
    number = finite_number(value)
    if value is not None and (number is None or number <= 0):
        raise SpecError(f"{name} must be a finite number above 0 or None, not {value!r}")
    return number


def _number(name: str, value: Any, least: float, optional: bool = False) -> float | None:
    if optional and value is None:
        return None
    number = finite_number(value)
    if number is None or number < least:
        bound = "" if least == -math.inf else f" of at least {least:g}"
        none = " or None" if optional else ""
        raise SpecError(f"{name} must be a finite number{bound}{none}, not {value!r}")
    return number
