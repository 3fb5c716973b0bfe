"""What a fit descends: its network, its plan and its rows, from an estimator's parameters."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..arrays import Array, Floats
from ..formulas.activations import ACTIVATIONS
from ..formulas.losses import LOSSES, Loss
from ..formulas.optimizers import LBFGS, SGD, Adam, Optimizer, Solver, optimizer_from
from ..formulas.registry import read_call
from ..spec.fits import output_for
from ..spec.network import Input, Layer, Network
from ..spec.plan import Plan
from .rates import Rates

__all__ = [
    "DivergedError",
    "Problem",
    "Validation",
    "all_logistic",
    "has_steps",
    "hidden_activations",
    "loss_name",
    "network_of",
    "optimizer_of",
    "plan_of",
    "rates_of",
    "reported",
    "seeded",
]

_EPS = {np.dtype(t): float(np.finfo(t).eps) for t in (np.float32, np.float64)}


class DivergedError(ValueError):
    """The weights of a fit became infinite or NaN; other starts may not."""

    def __init__(self, more: str = "") -> None:
        super().__init__(
            "Solver produced non-finite parameter weights. The input data may"
            f" contain large values and need to be preprocessed.{more}"
        )


@dataclass(frozen=True)
class Validation:
    """Rows to stop by: inputs as the user gave them and as the network takes them, and targets."""

    raw: Any
    X: Any
    Y: Floats
    labels: Array
    weights: Floats | None


@dataclass(frozen=True)
class Problem:
    """All that a solver needs.

    Attributes
    ----------
    network, plan
        What is trained, and how; the plan's error is the one that scikit-learn reports.
    told
        The plan in names that a file can hold, its error that whose gradient is descended.
    X, Y, weights
        Training rows: (n, d) inputs, dense or sparse, (n, targets) targets, and row weights.
    validation
        Rows to stop by, or None.
    per_output
        By how many outputs the reported error is divided.
    """

    network: Network
    plan: Plan
    told: Plan
    X: Any
    Y: Floats
    weights: Floats | None
    validation: Validation | None
    per_output: int


def hidden_sizes(value: Any) -> list[int]:
    """Return the sizes of the hidden layers as a list.

    Raises
    ------
    ValueError
        For a size that is no integer, or below 1.
    """
    sizes = list(value) if hasattr(value, "__iter__") else [value]
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool):
            raise ValueError(f"hidden_layer_sizes must be integers, got {size!r} in {sizes}.")
    if np.any(np.array(sizes) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def loss_name(estimator: Any, exclusive: bool) -> str:
    """Return the name that fallline has for the estimator's error.

    Raises
    ------
    ValueError
        For an error of amounts for classes, or of classes for amounts.
    """
    if estimator.loss == "log_loss" and is_classifier(estimator):
        return "cross_entropy" if exclusive else "binary_cross_entropy"
    loss, classes = LOSSES[estimator.loss], is_classifier(estimator)
    if not _fits(loss, classes):
        fitting = ", ".join(name for name, row in LOSSES.items() if _fits(row, classes))
        raise ValueError(
            f"loss={estimator.loss!r} is not an error of {'classes' if classes else 'numbers'}, "
            f"which {type(estimator).__name__} predicts; take one of {fitting}"
        )
    return loss.name


_AMOUNTS = ("number", "nonnegative", "positive")
_CLASSES = ("number", "sign", "probability", "distribution")


def _fits(loss: Loss, classes: bool) -> bool:
    """Return whether an error judges classes, which have one output each, or numbers."""
    if classes:
        return loss.targets in _CLASSES and not loss.parts
    return loss.targets in _AMOUNTS


def hidden_activations(estimator: Any) -> list[str]:
    """Return the name of the activation of each hidden layer.

    Raises
    ------
    ValueError
        Where there are more or fewer names than layers.
    """
    sizes, names = hidden_sizes(estimator.hidden_layer_sizes), estimator.activation
    names = [names] * len(sizes) if isinstance(names, str) else list(names)
    if len(names) != len(sizes):
        raise ValueError(
            f"activation must be one name, or one for each of the {len(sizes)} hidden layers, but "
            f"{len(names)} came: {names}"
        )
    return [ACTIVATIONS[name].name for name in names]


def all_logistic(estimator: Any) -> bool:
    """Return whether all hidden layers are logistic: scikit-learn draws smaller weights then."""
    names = set(hidden_activations(estimator))
    if not names and isinstance(estimator.activation, str):
        names = {ACTIVATIONS[estimator.activation].name}
    return names == {"logistic"}


def network_of(estimator: Any, inputs: int, targets: int, exclusive: bool) -> Network:
    """Return the chain of layers for so many inputs and columns of targets."""
    sizes, activations = hidden_sizes(estimator.hidden_layer_sizes), hidden_activations(estimator)
    loss, classes = LOSSES[loss_name(estimator, exclusive)], is_classifier(estimator)
    output = estimator.output_activation or output_for(
        loss, targets, classes=classes, exclusive=exclusive
    )
    hidden = [Layer(size, name) for size, name in zip(sizes, activations, strict=True)]
    return Network.of(Input(inputs), *hidden, Layer(targets * loss.outputs_each, output))


def has_steps(estimator: Any) -> bool:
    """Return True where a fit goes by steps; else raise an AttributeError: no `partial_fit`."""
    if isinstance(optimizer_of(estimator), Optimizer):
        return True
    solver = estimator.solver if estimator.optimizer is None else estimator.optimizer
    raise AttributeError(
        f"partial_fit is only available for stochastic optimizers. {solver} is not stochastic."
    )


def optimizer_of(estimator: Any) -> Optimizer | Solver | None:
    """Return the optimizer or solver; None where SciPy is to solve it, as scikit-learn has it."""
    given: Any = estimator.optimizer
    rate = estimator.learning_rate_init
    if isinstance(given, str):
        found = optimizer_from(given)
        named = "learning_rate" in read_call(given)[1]
        given = found if named or isinstance(found, Solver) else replace(found, learning_rate=rate)
    if given is not None:
        checked: Optimizer | Solver = given
        return checked
    if estimator.solver == "sgd":
        nesterov = bool(estimator.nesterovs_momentum) and estimator.momentum > 0
        return SGD(rate, momentum=float(estimator.momentum), nesterov=nesterov)
    if estimator.solver == "adam":
        betas = float(estimator.beta_1), float(estimator.beta_2)
        return Adam(rate, *betas, epsilon=float(estimator.epsilon), dialect="sklearn")
    return None


def plan_of(estimator: Any, exclusive: bool, rows: int) -> Plan:
    """Return the plan for so many training rows, in names that a file can hold."""
    optimizer = optimizer_of(estimator)
    stepwise = isinstance(optimizer, Optimizer)
    loss = LOSSES[loss_name(estimator, exclusive)]
    alpha = float(estimator.alpha)
    sums = loss.reduction == "sum"  # beside a sum, scikit-learn's penalty is an L2
    return Plan(
        loss=loss.name,
        alpha=0.0 if sums else alpha,
        l2=alpha if sums else 0.0,
        l1=float(estimator.l1),
        dropout=float(estimator.dropout),
        clip_norm=estimator.clip_norm,
        optimizer=LBFGS() if optimizer is None else optimizer,
        schedule=_schedule(estimator),
        batch_size=batch_size(estimator, rows) if stepwise else None,
        epochs=int(estimator.max_iter),
        shuffle=bool(estimator.shuffle),
        time_budget=estimator.time_budget,
        restore_best=False,
    )


def _schedule(estimator: Any) -> Any:
    """Return the schedule, or the name that comes nearest to scikit-learn's policy."""
    if estimator.schedule is not None:
        return estimator.schedule
    policy = rates_of(estimator).policy
    if policy == "invscaling" and estimator.power_t > 0:  # a power of 0 moves nothing
        return f"inverse_scaling(power={float(estimator.power_t)!r}, per='row')"
    patience = estimator.n_iter_no_change
    if policy == "adaptive" and np.isfinite(patience):
        return f"adaptive(patience={int(patience)}, tolerance={float(estimator.tol)!r})"
    return "constant"


def batch_size(estimator: Any, rows: int) -> int:
    """Return the rows of a batch: those asked for, at most all, or at most 200 by default."""
    if estimator.batch_size == "auto":
        return min(200, rows)
    if estimator.batch_size > rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=2,
        )
    return int(np.clip(estimator.batch_size, 1, rows))


def reported(plan: Plan, dtype: Any) -> Plan:
    """Return the plan with the error as scikit-learn reports it: of clipped probabilities."""
    if plan.loss not in ("cross_entropy", "binary_cross_entropy"):
        return plan
    return replace(plan, loss=f"{plan.loss}(clip={_EPS[np.dtype(dtype)]!r})")


def seeded(plan: Plan, rng: np.random.RandomState) -> Plan:
    """Return the plan with a seed for what is dropped, drawn only where anything is."""
    return replace(plan, seed=int(rng.randint(2**31))) if plan.dropout else plan


def rates_of(estimator: Any) -> Rates:
    """Return the learning rate policy, which only ``solver="sgd"`` has."""
    own = estimator.optimizer is not None or estimator.schedule is not None
    policy = estimator.learning_rate if estimator.solver == "sgd" and not own else "constant"
    return Rates(policy, estimator.learning_rate_init, estimator.power_t)
