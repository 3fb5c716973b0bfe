"""What the rules fill in before anything is trained: error, output, size of network and batch."""

from __future__ import annotations

from dataclasses import replace

from ..data.targets import TargetEncoder
from ..errors import SpecError
from ..formulas.activations import ACTIVATIONS
from ..formulas.loss import Loss
from ..formulas.losses import LOSSES
from ..formulas.metrics import METRICS
from ..formulas.optimizers import Solver
from ..spec.fits import output_for
from .settings import Settings

__all__ = ["batch_by_rule", "loss_by_task", "net_by_rule", "with_rules"]


def net_by_rule(rows: int) -> str:
    """Return the hidden layers for this many training rows."""
    if rows < 100:
        return "16 relu"
    return "64 relu, 32 relu" if rows < 5_000 else "128 relu, 64 relu"


def batch_by_rule(rows: int) -> int:
    """Return the batch size for this many training rows."""
    return 32 if rows <= 5_000 else 128


def with_rules(asked: Settings, n: int, target: TargetEncoder) -> tuple[Settings, str]:
    """Return the settings with what the rules fill in for n training rows, and the output's f.

    Raises
    ------
    SpecError
        Where the error, the metrics and the target do not go together.
    """
    loss = LOSSES[asked.loss or loss_by_task(target)]
    _check_metrics(asked, target)
    batch = 0 if isinstance(asked.optimizer, Solver) else batch_by_rule(n)
    filled = replace(
        asked,
        loss=loss.name,
        net=net_by_rule(n) if asked.net is None else asked.net,
        batch_size=batch if asked.batch_size is None else asked.batch_size,
        l2=0.0 if asked.l2 is None and asked.alpha else asked.l2,
        test=asked.test_share,
    )
    return filled, _output(loss, target)


def loss_by_task(target: TargetEncoder) -> str:
    """Return the error for this target."""
    if target.task == "regression":
        return "squared_error"
    return "binary_cross_entropy" if target.k == 1 else "cross_entropy"


def _output(loss: Loss, target: TargetEncoder) -> str:
    """Return the output activation for this error of this target."""
    classes = target.task == "classification"
    _check_targets(loss, classes)
    output = output_for(loss, target.k, classes=classes, exclusive=target.k > 1)
    if ACTIVATIONS[output].family == "softmax" and target.k == 1:
        raise SpecError(f"{loss.name} needs three classes or more; take {loss_by_task(target)}")
    return output


def _check_targets(loss: Loss, classes: bool) -> None:
    if loss.targets in ("probability", "distribution") and not classes:
        raise SpecError(
            f"{loss.name} is for classes, but the target is a number; take squared_error, or say "
            "task='classification'"
        )
    if loss.targets in ("nonnegative", "positive") and classes:
        raise SpecError(
            f"{loss.name} is for amounts, but the target has classes; take another error, or say "
            "task='regression'"
        )
    if loss.targets == "sign" and not classes:
        raise SpecError(
            f"{loss.name} is for classes, but the target is a number; take mae or huber, or say "
            "task='classification'"
        )
    if loss.outputs_each > 1 and classes:
        raise SpecError(
            f"{loss.name} is for numbers, but the target has classes; take cross_entropy, or say "
            "task='regression'"
        )


def _check_metrics(asked: Settings, target: TargetEncoder) -> None:
    for name in asked.metrics:
        if METRICS[name].task != target.task:
            fitting = ", ".join(n for n, metric in METRICS.items() if metric.task == target.task)
            raise SpecError(
                f"the metric {name} is for {METRICS[name].task}, but this is a {target.task}; "
                f"take {fitting}"
            )
