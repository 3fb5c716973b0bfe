"""Where a descent became infinite or NaN: the first such value, located in the failing step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Floats, Ints
from ..engines.protocol import Engine, Rows, Stop
from ..engines.reference import ReferenceEngine, backward, forward, row_errors
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["Divergence", "locate"]


@dataclass(frozen=True)
class Divergence:
    """The first value of a descent that was not finite.

    Attributes
    ----------
    epoch, batch
        Where: the epoch, from 1, and the step within it, from 1.
    what
        The first of ``"net input"``, ``"output"``, ``"error"``, ``"error term"``, ``"gradient"``
        and ``"step"`` that is not finite; a step also where the optimizer's own arrays are not.
    layer, unit
        The layer's name and the unit in it, from 0; for a gradient or step those of the weight.
        None for the error of a row, which is that of all outputs.
    row
        Position among the training rows, from 0; None where the batch as a whole is to blame.
    parameter
        The name of the weight or bias, for a gradient or a step.
    largest_weight
        The largest |θ| before that step: far above 1, it was growing for some time.
    """

    epoch: int
    batch: int
    what: str
    layer: str
    unit: int | None
    row: int | None
    parameter: str | None
    largest_weight: float

    def __str__(self) -> str:
        where = f"epoch {self.epoch}, batch {self.batch}"
        place = f"layer '{self.layer}'" + ("" if self.unit is None else f", unit {self.unit}")
        subject = self.parameter or place
        row = "" if self.row is None else f", at training row {self.row}"
        return (
            f"the descent diverged in {where}: the {self.what} of {subject} is not finite{row} "
            f"(largest weight before it: {self.largest_weight:.3g})"
        )


def locate(
    engine: Engine,
    network: Network,
    plan: Plan,
    before: dict[str, Array],
    rows: Rows,
    batches: list[tuple[Ints, Floats]],
    first: tuple[int, int],
) -> tuple[Divergence, dict[str, Array]]:
    """Return the first value that is not finite, and the last good state, by replay.

    Parameters
    ----------
    engine, network, plan
        Of the run.
    before
        The snapshot of the engine's state before these steps.
    rows
        All training rows.
    batches
        The positions of each step's rows, with its learning rate (1,).
    first
        The numbers, from 1, of the epoch and of the first of these steps in it.
    """
    state = engine.start(network, plan, before["theta"], resume=before)
    for number, (order, rates) in enumerate(batches):
        arrays = engine.snapshot(state)
        state, steps = engine.advance(state, rows, order, rates, Stop())
        if not steps.finite:
            with np.errstate(all="ignore"):
                found = _in_rows(network, plan, arrays["theta"], rows.take(order), order)
                found = found or _in_step(network, plan, arrays, rows.take(order), float(rates[0]))
            largest = float(np.abs(arrays["theta"]).max(initial=0.0))
            return Divergence(first[0], first[1] + number, *found, largest), arrays
    raise AssertionError("a replay of steps that diverged stayed finite")


_Found = tuple[str, str, int | None, int | None, str | None]
"""what, layer, unit, row, parameter."""


def _in_rows(
    network: Network, plan: Plan, theta: Floats, batch: Rows, order: Ints
) -> _Found | None:
    """Return what is not finite in the passes of single rows, in the order of the computation."""
    passes = forward(network, theta, batch.X)
    values = [
        (what, layer.name, array)
        for layer in network.layers
        for what, array in (
            ("net input", passes[layer.name].h),
            ("output", passes[layer.name].o),
        )
    ]
    output = network.output.name
    each = row_errors(network, plan.objective, passes[output], batch.Y)
    values.append(("error", output, each[:, None]))
    deltas = backward(network, plan.objective, theta, passes, batch)
    values += [("error term", layer.name, deltas[layer.name]) for layer in reversed(network.layers)]
    for what, name, array in values:
        if bad := _first_bad(array):
            return what, name, None if what == "error" else bad[1], int(order[bad[0]]), None
    return None


def _in_step(
    network: Network, plan: Plan, arrays: dict[str, Array], batch: Rows, rate: float
) -> _Found:
    """Return which parameter's gradient or step is not finite, all rows being so by themselves."""
    theta = arrays["theta"]
    _, gradient = ReferenceEngine().error_and_gradient(network, plan.objective, theta, batch)
    if network.trainable is not None:
        gradient = np.where(network.trainable, gradient, 0)
    state = {name.removeprefix("optimizer."): a for name, a in arrays.items() if name != "theta"}
    step, after = plan.optimizer.update(np, gradient, state, theta, theta.dtype.type(rate))
    for what, values in {"gradient": gradient, "step": theta + step, **after}.items():
        if np.shape(values) == theta.shape and not np.isfinite(values).all():
            index = int(np.argmin(np.isfinite(values)))
            block = next(block for block in network.blocks if index < block.stop)
            unit = (index - block.weights.start) % block.shape[1]  # W row by row, then b
            name = network.name(index)
            return "gradient" if what == "gradient" else "step", block.name, unit, None, name
    return "error", network.output.name, None, None, None  # the sum of finite row errors


def _first_bad(values: Floats) -> tuple[int, int] | None:
    """Return row and column of the first entry that is not finite."""
    bad = np.argwhere(~np.isfinite(values))
    return (int(bad[0, 0]), int(bad[0, 1])) if len(bad) else None
