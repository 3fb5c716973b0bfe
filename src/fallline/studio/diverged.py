"""Why a descent diverged, as far as it can be told, and a learning rate that would do."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np

from ..arrays import Floats
from ..descent.run import Run
from ..engines.protocol import Rows
from ..errors import FalllineError
from ..formulas.optimizers import SGD, Optimizer
from ..pictures.curvature_rates import largest_curvature
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["divergence_fields", "stable_rate"]


def divergence_fields(
    run: Run, rate: float, rows: Rows, n: int, start: Floats, lowest: int
) -> dict[str, Any] | None:
    """Return the fields of `Divergence` for the page; None where the run has not diverged.

    Parameters
    ----------
    rate
        The learning rate of the step that failed.
    rows
        Training rows, or a sample of them that stands for all, whose curvature is looked at.
    n
        How many training rows there are.
    start
        (P,) where the descent began.
    lowest
        The step of its least known error, to go back to.
    """
    if run.divergence is None:
        return None
    found = run.divergence
    text = (
        f"a step of epoch {found.epoch} led out of all bounds: the {found.what} of "
        f"{found.parameter or found.layer} is no finite number any more"
    )
    help, calmer = _advice(
        run.network, run.plan, rate, _as_batch(rows, run.plan, n), (run.theta, start)
    )
    where = "the start" if lowest == 0 else f"step {lowest}"
    help = f"{help} The error was least at {where}: go back there first."
    return {"text": text, "help": help, "rate": calmer, "step": lowest}


def stable_rate(
    network: Network, plan: Plan, theta: Floats, rows: Rows
) -> tuple[float, float] | None:
    """Return λmax of all rows at θ, and the largest rate at which plain descent is stable there.

    In a bowl of curvature λ that is 2/λ, with momentum β it is 2(1 + β)/λ, and with Nesterov's
    2(1 + β)/((1 + 2β)λ). None where there is no such number.
    """
    o, curvature = plan.objective, math.nan
    # Far out, a step for the difference of two gradients may lead beyond all numbers.
    with np.errstate(all="ignore"), suppress(FalllineError):
        curvature = largest_curvature(
            network, theta, rows.X, rows.Y, loss=o.loss, l2=o.l2, l1=o.l1, alpha=o.alpha,
            sample_weight=rows.weights,
        )  # fmt: skip
    if not (math.isfinite(curvature) and curvature > 1e-12):
        return None
    method: Any = plan.optimizer
    β = method.momentum if isinstance(method, SGD) else 0.0
    nesterov = isinstance(method, SGD) and method.nesterov
    return curvature, 2 * (1 + β) / ((1 + 2 * β) if nesterov else 1) / curvature


def _as_batch(rows: Rows, plan: Plan, n: int) -> Rows:
    """Return the rows with the weight of one batch: of that a sum of errors is descended."""
    if plan.objective.error.reduction == "mean" or not plan.batch_size:
        return rows
    return Rows(rows.X, rows.Y, rows.weights * min(1.0, plan.batch_size / n))


def _advice(
    network: Network, plan: Plan, rate: float, rows: Rows, places: tuple[Floats, Floats]
) -> tuple[str, float | None]:
    """Return what to do, in words, and a learning rate, by the curvature at the first that has one.

    The places are the last finite weights and the first ones.
    """
    if not isinstance(plan.optimizer, Optimizer):
        return "Begin from other start weights, or scale the inputs.", None
    for theta, where in zip(places, ("at the last finite weights", "at the start"), strict=True):
        found = stable_rate(network, plan, theta, rows)
        if found is None:
            continue
        curvature, limit = found
        calm = _rounded(min(limit / 2, rate / 2))
        if not (isinstance(plan.optimizer, SGD) and rate > limit):
            continue
        momentum = plan.optimizer.momentum
        formula = "2/λmax" if not momentum else "2(1 + β)/λmax"
        if momentum and plan.optimizer.nesterov:
            formula = "2(1 + β)/((1 + 2β)λmax)"
        return (
            f"The learning rate {rate:g} is above {formula} = {limit:.3g} {where}, where the "
            f"error bends with λmax = {curvature:.3g}: each step overshoots farther. Take "
            f"{calm:g}.",
            calm,
        )
    calm = _rounded(rate / 10)
    return (
        f"The learning rate {rate:g} was too large for these rows, one step after the other. Take "
        f"{calm:g}; scaled inputs and smaller start weights help, too.",
        calm,
    )


def _rounded(rate: float) -> float:
    """Return a rate with one digit, never above it: it is to be read."""
    if not rate > 0:
        return rate
    power = 10.0 ** math.floor(math.log10(rate))
    return float(f"{math.floor(rate / power * (1 + 1e-12)) * power:.1g}")
