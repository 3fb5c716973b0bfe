"""What the user may set for the main job; what is left open is chosen by the stated rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..errors import SpecError, suggest
from ..formulas.initializers import INITIALIZERS
from ..formulas.optimizers import Adam, Method, optimizer_from
from ..spec.network import Network
from ..spec.plan import Plan
from .checks import (
    check_choices,
    check_job,
    check_shares,
    class_weight_from,
    engine_of_devices,
    names_of,
)

__all__ = ["COLUMN_KINDS", "Settings", "network_for", "optimizer_with_rate"]

COLUMN_KINDS = ("numeric", "category", "date", "text", "drop")
_MENTIONS_Z = re.compile(r"\bz\b")
_RENAMED = {"target": "target_error"}  # `target` is what is predicted
_PLAN = tuple(f.name for f in fields(Plan))
_ALWAYS = ("optimizer", "patience", "seed", "dtype", "engine")  # told in any case


@dataclass(frozen=True)
class Settings:
    """The settings of the main job; None leaves the choice to the rules.

    Those that `Plan` has too are explained there: ``l1``, ``alpha``, ``max_norm``, ``dropout``,
    ``input_noise``, ``clip_value``, ``clip_norm``, ``schedule``, ``shuffle``,
    ``min_improvement``, ``tolerance``, ``tolerance_epochs``, ``restore_best``.

    Attributes
    ----------
    task
        ``"regression"`` or ``"classification"``; guessed from the target unless given.
    net
        Hidden layers, ``"32 relu, 16 relu"``; ``"none"`` for a linear model; by the number of
        training rows unless given.
    loss
        The error; by the task unless given.
    class_weight
        What the rows of each class count in training and validation: ``"balanced"``, so that
        every class counts the same, or a mapping from labels to numbers above 0, 1 where a label
        is left out. Scores are told with and without it.
    optimizer, learning_rate
        How to step; `learning_rate` replaces the optimizer's own.
    l2
        λ of the penalty; chosen by validation unless given.
    initializer
        How start weights are drawn: see `Network.initial`.
    batch_size
        Rows of a step; 0 is the full batch.
    epochs
        The most epochs.
    validation
        Share of the training rows that is held out to choose when to stop; by the number of rows
        unless given; 0 for none.
    patience
        Epochs without a lower validation error after which to stop, where rows are held out.
    target_error
        The plan's ``target``: stop when the training error of an epoch is at most this.
    metrics
        Metrics recorded for each epoch, of the network's own outputs: numbers are in standard
        deviations of the target.
    group
        A column that names groups of rows, such as a patient: no group stands in two of training,
        validation and test, nor on both sides of a fold. It is no input.
    time
        A column that orders the rows: the latest are the test, the latest of the others the
        validation, and folds are chained forwards. It is an input too unless dropped.
    restarts
        How many trainings from different start weights; the one of the least validation error is
        kept.
    folds
        Judge the whole job by this many folds, then train on all rows; there are no test rows.
    test
        Share of all rows that is never used in training; 0 for none; 0.2 unless given.
    seed
        Start of all that is drawn.
    time_budget
        Seconds for the last training.
    dtype
        ``"float32"`` or ``"float64"``.
    engine
        A name from the table of engines.
    devices
        How many devices share each batch, or ``"all"``: it becomes a setting of the engine, xla.
    numeric, category, date, text, drop
        Columns whose role is given by the user.
    """

    task: str | None = None
    net: str | None = None
    loss: str | None = None
    class_weight: str | Mapping[str, float] | None = field(default=None, hash=False)
    optimizer: Any = field(default_factory=Adam)
    learning_rate: float | None = None
    schedule: Any = "constant"
    l2: float | None = None
    l1: float = 0.0
    alpha: float = 0.0
    max_norm: float | None = None
    dropout: float | Mapping[str, float] = field(default=0.0, hash=False)
    input_noise: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None
    initializer: str = "auto"
    batch_size: int | None = None
    shuffle: bool = True
    epochs: int | None = None
    validation: float | None = None
    patience: int = 20
    min_improvement: float = 0.0
    tolerance: float | None = None
    tolerance_epochs: int = 10
    target_error: float | None = None
    restore_best: bool = True
    metrics: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    restarts: int = 1
    folds: int | None = None
    test: float | None = None
    seed: int = 0
    time_budget: float | None = None
    dtype: str = "float32"
    engine: str = "auto"
    devices: int | str | None = None
    numeric: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (*COLUMN_KINDS, "metrics"):
            self._set(name, names_of(name, getattr(self, name)))
        self._set("optimizer", optimizer_with_rate(self.optimizer, self.learning_rate))
        self._set("class_weight", class_weight_from(self.class_weight))
        if self.initializer != "auto":
            self._set("initializer", INITIALIZERS[self.initializer].name)
        self._set("engine", engine_of_devices(self.engine, self.devices))
        self._set("devices", None)  # the engine's name has them
        check_choices(self)
        if self.net is not None:
            network_for(self.net, 1, 1, "identity")
        check_shares(self)
        check_job(self)
        plan = self.plan(self.l2 or 0.0)
        for name in ("dropout", "schedule", "metrics"):
            self._set(name, getattr(plan, name))
        if self.loss is not None:
            self._set("loss", plan.loss)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def of(cls, **settings: Any) -> Settings:
        """Return settings from keywords; unknown names are refused with a suggestion."""
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise SpecError(f"training has no setting {name!r}; {suggest(name, known)}")
        return cls(**settings)

    @property
    def test_share(self) -> float:
        """The share of all rows that is kept to test."""
        if self.test is None:
            return 0.0 if self.folds else 0.2
        return self.test

    def plan(self, l2: float, **more: Any) -> Plan:
        """Return the training plan of these settings; `more` replaces its fields."""
        given = {name: getattr(self, _RENAMED.get(name, name)) for name in _PLAN}
        filled: dict[str, Any] = {
            "loss": self.loss or "squared_error",
            "l2": l2,
            "batch_size": None if self.batch_size == 0 else self.batch_size,
            "epochs": 100 if self.epochs is None else self.epochs,
        }
        return Plan.of(**given | filled | more)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain data; most of those at their defaults are left out.

        The learning rate stands among those of the optimizer.
        """
        told = (f for f in fields(self) if f.name != "learning_rate")
        plain = {
            f.name: getattr(self, f.name)
            for f in told
            if f.name in _ALWAYS or getattr(self, f.name) != f.default
        }
        return {name: _plain(value) for name, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Method):
        return value.to_json()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return getattr(value, "name", value) if callable(value) else value


def optimizer_with_rate(value: Any, learning_rate: float | None) -> Any:
    """Return the optimizer, with another learning rate if one is given.

    Raises
    ------
    SpecError
        For an optimizer that cannot be, or one that has no learning rate.
    """
    optimizer = optimizer_from(value)
    if learning_rate is None:
        return optimizer
    if "learning_rate" not in {f.name for f in fields(optimizer)}:
        raise SpecError(f"{optimizer.name} finds its own steps, so leave learning_rate out")
    return replace(optimizer, learning_rate=learning_rate)


def network_for(net: str, n_inputs: int, n_outputs: int, output: str) -> Network:
    """Return the network with the hidden layers of a text such as ``"32 relu, 16 relu"``.

    A size alone is a relu layer; ``"none"`` is no hidden layer. An activation may be a formula of
    z, in backquotes or without, for a shell takes those for its own: ``"32 max(z, 0.1*z), 16"``.

    Examples
    --------
    >>> print(network_for("32, 16 tanh", 8, 1, "identity"))
    input: 8 -> hidden1: 32 relu -> hidden2: 16 tanh -> output: 1 identity
    """
    hidden = [] if net.strip() in ("", "none") else _layers(net)
    parts = [_layer(part) for part in hidden]
    return Network.parse(" -> ".join([str(n_inputs), *parts, f"{n_outputs} {output}"]))


def _layer(part: str) -> str:
    """Return the text of a layer as `Network.parse` reads it."""
    if part.strip().isdigit():
        return f"{part} relu"
    size, _, activation = part.strip().partition(" ")
    formula, bias, _ = activation.partition(" nobias")
    if "`" in part or not _MENTIONS_Z.search(formula):
        return part
    return f"{size} `{formula.strip()}`{bias}"


def _layers(net: str) -> list[str]:
    """Return the parts between the commas that stand outside brackets."""
    parts, depth = [""], 0
    for mark in net:
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += mark
    return parts
