"""What the user may set for the main job; what is left open is chosen by the stated rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from ..engines.registry import ENGINES
from ..errors import SpecError, suggest
from ..formulas.losses import LOSSES
from ..formulas.optimizers import Adam, Optimizer, optimizer_from
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["Settings", "network_for", "optimizer_with_rate"]


@dataclass(frozen=True)
class Settings:
    """The settings of the main job; None leaves the choice to the rules.

    Attributes
    ----------
    task
        ``"regression"`` or ``"classification"``; guessed from the target unless given.
    net
        Hidden layers, ``"32 relu, 16 relu"``; ``"none"`` for a linear model; by the number of
        training rows unless given.
    loss
        The error; by the task unless given.
    optimizer, learning_rate
        How to step; `learning_rate` replaces the optimizer's own.
    l2
        λ of the penalty; chosen by validation unless given.
    batch_size
        Rows of a step; 0 is the full batch.
    epochs
        The most epochs.
    validation
        Share of the training rows that is held out to choose when to stop; by the number of rows
        unless given; 0 for none.
    patience
        Epochs without a lower validation error after which to stop, where rows are held out.
    test
        Share of all rows that is never used in training; 0 for none.
    seed
        Start of all that is drawn.
    time_budget
        Seconds for the last training.
    dtype
        ``"float32"`` or ``"float64"``.
    engine
        A name from the table of engines.
    numeric, category, date, text, drop
        Columns whose role is given by the user.
    """

    task: str | None = None
    net: str | None = None
    loss: str | None = None
    optimizer: Optimizer = field(default_factory=Adam)
    learning_rate: float | None = None
    l2: float | None = None
    batch_size: int | None = None
    epochs: int | None = None
    validation: float | None = None
    patience: int = 20
    test: float = 0.2
    seed: int = 0
    time_budget: float | None = None
    dtype: str = "float32"
    engine: str = "auto"
    numeric: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("numeric", "category", "date", "text", "drop"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        optimizer = optimizer_with_rate(self.optimizer, self.learning_rate)
        object.__setattr__(self, "optimizer", optimizer)
        if self.task not in (None, "regression", "classification"):
            raise SpecError(f"task must be 'regression' or 'classification', not {self.task!r}")
        if self.dtype not in ("float32", "float64"):
            raise SpecError(f"dtype must be 'float32' or 'float64', not {self.dtype!r}")
        if self.loss is not None:
            object.__setattr__(self, "loss", LOSSES[self.loss].name)
        if self.net is not None:
            network_for(self.net, 1, 1, "identity")
        if self.engine not in ENGINES:
            raise SpecError(f"unknown engine {self.engine!r}; {suggest(self.engine, ENGINES)}")
        for name in ("validation", "test"):
            value = getattr(self, name)
            if value is not None and not _is_share(value):
                raise SpecError(f"{name} must be a share from 0 to 0.9, not {value!r}")
        if self.epochs == 0:
            raise SpecError("epochs must be at least 1, so that something is learnt")
        if self.batch_size != 0:
            self.plan(self.l2 or 0.0)
        elif isinstance(self.batch_size, bool):
            raise SpecError(f"batch_size must be a whole number, not {self.batch_size!r}")

    @classmethod
    def of(cls, **settings: Any) -> Settings:
        """Return settings from keywords; unknown names are refused with a suggestion."""
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise SpecError(f"training has no setting {name!r}; {suggest(name, known)}")
        return cls(**settings)

    def plan(self, l2: float, **more: Any) -> Plan:
        """Return the training plan of these settings; `more` replaces its fields."""
        given: dict[str, Any] = {
            "loss": self.loss or "squared_error",
            "l2": l2,
            "optimizer": self.optimizer,
            "batch_size": self.batch_size or None,
            "epochs": 100 if self.epochs is None else self.epochs,
            "patience": self.patience,
            "seed": self.seed,
            "time_budget": self.time_budget,
        }
        return Plan.of(**given | more)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain data; those left open are left out.

        The learning rate stands among those of the optimizer.
        """
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "learning_rate"}
        plain["optimizer"] = self.optimizer.to_json()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in plain.items()
            if value is not None and value != ()
        }


def optimizer_with_rate(value: Any, learning_rate: float | None) -> Optimizer:
    """Return the optimizer, with another learning rate if one is given."""
    optimizer = optimizer_from(value)
    return optimizer if learning_rate is None else replace(optimizer, learning_rate=learning_rate)


def network_for(net: str, n_inputs: int, n_outputs: int, output: str) -> Network:
    """Return the network with the hidden layers of a text such as ``"32 relu, 16 relu"``.

    A size alone is a relu layer; ``"none"`` is no hidden layer.

    Examples
    --------
    >>> print(network_for("32, 16 tanh", 8, 1, "identity"))
    input: 8 -> hidden1: 32 relu -> hidden2: 16 tanh -> output: 1 identity
    """
    hidden: Sequence[str] = [] if net.strip() in ("", "none") else net.split(",")
    parts = [f"{part} relu" if part.strip().isdigit() else part for part in hidden]
    return Network.parse(" -> ".join([str(n_inputs), *parts, f"{n_outputs} {output}"]))


def _is_share(value: object) -> bool:
    number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 0.9  # type: ignore[arg-type, operator]
