"""The settings of a training as a table: each is an option of ``train`` and a key of run.toml.

A test sees to it that every field of `training.Settings` has a row here. The settings of the
optimizers are not listed: they are read from the optimizers themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from ..formulas.initializers import INITIALIZERS
from ..formulas.losses import LOSSES
from ..formulas.metrics import METRICS
from ..formulas.optimizers import DIALECTS
from ..formulas.schedules import SCHEDULES
from .formula_values import METHODS, MethodName, MethodSetting, Named, Names, Pairs
from .option import option
from .values import (
    BatchSize,
    Devices,
    Hint,
    Layers,
    Number,
    OneOf,
    Row,
    Validation,
    Value,
    Whole,
    share,
)  # fmt: skip

__all__ = ["ITEMS", "Item", "method_items", "method_settings"]


@dataclass(frozen=True)
class Item:
    """One setting.

    Attributes
    ----------
    name
        The field of `training.Settings`, and the key.
    kind
        What a value may be; None for a switch.
    text
        What it means, and what holds unless it is given.
    default
        The value unless it is given, where that is not found out.
    example
        A value to show, where there is no default.
    section, heading
        Where it stands: see `Option`.
    flag
        The option, where it is not the name.
    several
        Whether it may be given more than once.
    can_be_off
        Whether a switch has an option that turns it off: it is on unless given.
    """

    name: str
    kind: Value | None
    text: str
    default: Any = None
    example: Any = None
    section: str = "training"
    heading: str = ""
    flag: str = ""
    several: bool = False
    can_be_off: bool = False

    def option(self) -> Callable[[Any], Any]:
        """Return the decorator that adds the option."""
        flag = self.flag or f"--{self.name.replace('_', '-')}"
        what: dict[str, Any] = {"type": self.kind, "multiple": self.several}
        if self.kind is None:
            what = {"is_flag": True}
            flag += f"/--no-{flag[2:]}" if self.can_be_off else ""
        if self.default is not None:
            what["show_default"] = True
        return option(
            *(self.section, flag, self.name),
            **what,
            default=self.default,
            help=self.text,
            heading=self.heading,
            example=self.example,
        )


def _rate(value: Any) -> float:
    number = float(value)
    if not 0 <= number < 1:
        raise ValueError
    return number


def _balanced(value: Any) -> str:
    if value != "balanced":
        raise Hint("write balanced, or LABEL=NUMBER, LABEL=NUMBER")
    return "balanced"


def _engines() -> Any:
    from ..engines.registry import ENGINES

    return ENGINES


_ABOVE_0 = Number(0.0, above=True)
_AT_LEAST_0 = Number(0.0)

_MODEL = (
    Item(
        "task",
        OneOf(lambda: ("regression", "classification")),
        "regression or classification; guessed from the target unless given.",
        example="regression",
    ),
    Item(
        "net",
        Layers(),
        'Hidden layers: "32 relu, 16 leaky_relu(slope=0.2)"; none for a linear model; by the '
        "number of rows unless given. fallline formulas activations lists what there is.",
        example="32 relu, 16 relu",
    ),
    Item(
        "loss",
        Named(LOSSES, "huber(delta=2)", "a formula of y and yhat"),
        f"The error that is descended ({', '.join(LOSSES)}, or a formula of y and yhat); by the "
        "task unless given.",
        example="squared_error",
    ),
)

_OPTIMIZER = (
    Item(
        "optimizer",
        MethodName(),
        f"How to step ({', '.join(METHODS)}), with settings in brackets or as options; adam "
        "unless given.",
        example="adam",
    ),
    Item(
        "learning_rate",
        _ABOVE_0,
        "The size of a step; the optimizer's own unless given.",
        example=0.001,
    ),
    Item(
        "schedule",
        Named(SCHEDULES, "step(every=10)"),
        f"How the learning rate changes ({', '.join(SCHEDULES)}); constant unless given.",
        example="constant",
    ),
    Item(
        "clip_value",
        _ABOVE_0,
        "Hold each entry of the gradient in [-this, this]; not held unless given.",
        example=1.0,
    ),
    Item(
        "clip_norm",
        _ABOVE_0,
        "Scale the gradient down to this norm where it is larger; not scaled unless given.",
        example=1.0,
    ),
)

_PENALTIES = (
    Item(
        "l2",
        _AT_LEAST_0,
        "λ of the penalty ½λw² on weights; chosen by validation unless given.",
        example=0.01,
    ),
    Item("l1", _AT_LEAST_0, "λ of the penalty λ|w| on weights; 0 unless given.", example=0.0),
    Item(
        "alpha",
        _AT_LEAST_0,
        "scikit-learn's penalty, ½αw² over the rows of a batch; 0 unless given.",
        example=0.0,
    ),
    Item(
        "max_norm",
        _ABOVE_0,
        "The most that the norm of a unit's weights may be; no limit unless given.",
        example=3.0,
    ),
    Item(
        "dropout",
        Pairs("a share from 0 to below 1, or 'hidden1=0.5, input=0.2'", _rate),
        'Share of the hidden units left out in a step, or by layer: "hidden1=0.5, input=0.2"; 0 '
        "unless given.",
        example=0.0,
    ),
    Item(
        "input_noise",
        _AT_LEAST_0,
        "Deviation of the noise added to the inputs in a step; 0 unless given.",
        example=0.0,
    ),
    Item(
        "class_weight",
        Pairs("balanced, or 'yes=5, no=1'", _balanced),
        'What a row counts by its class: balanced, or "yes=5, no=1"; 1 unless given.',
        example="balanced",
    ),
)

_STEPS = (
    Item(
        "initializer",
        Named(INITIALIZERS, "uniform(limit=0.1)", "auto"),
        f"How start weights are drawn ({', '.join(INITIALIZERS)}); by the activations unless "
        "given.",
        example="auto",
    ),
    Item(
        "restarts",
        Whole(1),
        "Trainings from different start weights, the best by validation kept; 1 unless given.",
        example=1,
    ),
    Item("batch_size", BatchSize(), "Rows of a step, or full; by the number of rows.", example=32),
    Item(
        "shuffle",
        None,
        "Whether each epoch takes the rows in a new order; it does unless given.",
        example=True,
        can_be_off=True,
    ),
    Item("epochs", Whole(1), "The most epochs; chosen by validation unless given.", example=100),
    Item(
        "metrics",
        Names(METRICS),
        f"Also record this for each epoch ({', '.join(METRICS)}), numbers in standard deviations "
        "of the target.",
        example=["r2"],
        flag="--metric",
        several=True,
    ),
)

_JUDGING = (
    Item(
        "validation",
        Validation(),
        "Share of the training rows, or a file of other rows, to choose and stop by; by the "
        "number of rows unless given, 0 for none.",
        example=0.15,
    ),
    Item(
        "test",
        share(),
        "Share of the rows never used in training, only to judge it; 0.2 unless given.",
        example=0.2,
    ),
    Item(
        "folds",
        Whole(2),
        "Judge by this many folds, then train on all rows; one test set unless given.",
        example=5,
    ),
    Item(
        "patience",
        Whole(1),
        "Epochs without a lower validation error after which to stop.",
        default=20,
    ),
    Item(
        "min_improvement",
        _AT_LEAST_0,
        "By how much an error must fall to count as lower; 0 unless given.",
        example=0.0,
    ),
    Item(
        "tolerance",
        _AT_LEAST_0,
        "Stop when the training error fell by less than this over some epochs; never unless given.",
        example=0.0001,
    ),
    Item("tolerance_epochs", Whole(1), "The epochs for tolerance; 10 unless given.", example=10),
    Item(
        "target_error",
        Number(),
        "Stop when the training error is at most this; never unless given.",
        example=0.01,
    ),
    Item(
        "restore_best",
        None,
        "Whether the weights of the least validation error are kept; they are unless given.",
        example=True,
        can_be_off=True,
    ),
)

_MACHINE = (
    Item("seed", Whole(0), "Start of all that is drawn.", default=0),
    Item(
        "time_budget",
        _ABOVE_0,
        "Seconds for the last training; no limit unless given.",
        example=60,
    ),
    Item(
        "dtype",
        OneOf(lambda: ("float32", "float64")),
        "The numbers to compute with.",
        default="float32",
    ),
    Item(
        "engine",
        Row(_engines, "NAME"),
        "What computes (auto, native, reference, xla); auto is the fastest that this machine has.",
        default="auto",
    ),
    Item(
        "devices",
        Devices(),
        "How many devices share each batch, or all, with --engine xla; 1 unless given.",
        example="all",
    ),
)


def _in_section(items: tuple[Item, ...], section: str) -> tuple[Item, ...]:
    return tuple(Item(**{**vars(item), "section": section}) for item in items)


ITEMS: tuple[Item, ...] = (
    *_in_section(_MODEL, "model"),
    *(*_OPTIMIZER, *_PENALTIES, *_STEPS, *_JUDGING, *_MACHINE),
)
"""The settings, in the order of the help and of run.toml."""


def method_settings() -> dict[str, list[str]]:
    """Return every setting that an optimizer has beside its rate, and the optimizers with it.

    One whose name is that of a training's setting can be given in brackets only.
    """
    taken = {item.name for item in ITEMS}
    found: dict[str, list[str]] = {}
    for name, kind in METHODS.items():
        for field in fields(kind):  # type: ignore[arg-type]  # every one is a dataclass
            if field.name not in taken:
                found.setdefault(field.name, []).append(name)
    return found


def method_items() -> list[Item]:
    """Return the settings of the optimizers as options."""
    return [_method_item(setting, methods) for setting, methods in method_settings().items()]


_MEANINGS = {
    "momentum": "Share of the last step that the next one keeps.",
    "nesterov": "Take the gradient where the momentum leads.",
    "epsilon": "Added to the divisor, so that it is never 0.",
    "start": "What the sum of squares starts at.",
    "decay": "Share of the mean of squares that a step keeps.",
    "centered": "Divide by the deviation of the gradient, not by its size.",
    "beta1": "Share of the mean gradient that a step keeps.",
    "beta2": "Share of the mean of squares that a step keeps.",
    "amsgrad": "Divide by the largest mean of squares so far.",
    "weight_decay": "Share of the weights that a step takes away, times the rate.",
    "psi": "How fast the momentum reaches its full size.",
    "shrink": "What a step is multiplied by where the sign of the slope has changed.",
    "grow": "What a step is multiplied by where the sign of the slope has stayed.",
    "least": "The smallest step.",
    "most": "The largest step.",
    "memory": "How many pairs of steps and gradients are kept.",
    "fall": "How much of the fall that the slope promises is enough.",
    "flat": "Share of the slope at which the search ends.",
    "search": "The most points that a search along a line tries.",
}
"""What is said of a setting beside the optimizers that have it; one without a line says these."""


def _method_item(setting: str, methods: list[str]) -> Item:
    defaults = [getattr(METHODS[method](), setting) for method in methods]
    first, heading = defaults[0], "optimizer"
    if setting == "dialect":
        text = f"Whose formula, where libraries differ ({', '.join(DIALECTS)})."
        return Item(setting, OneOf(lambda: DIALECTS), text, example=first, heading=heading)
    said = f"{_MEANINGS.get(setting, '')} For ".lstrip()
    if isinstance(first, bool):
        text = f"{said}{', '.join(methods)}."
        return Item(setting, None, text, example=False, heading=heading)
    shown = [f"{method} ({value:g})" for method, value in zip(methods, defaults, strict=True)]
    kind = MethodSetting(setting, methods[0], isinstance(first, int))
    return Item(setting, kind, f"{said}{', '.join(shown)}.", example=first, heading=heading)
