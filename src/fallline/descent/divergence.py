"""Where a descent became infinite or NaN: the first such value, located in the failing step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Floats, Ints
from ..engines.protocol import Engine, Rows, Stop
from ..engines.reference import backward, forward
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
        ``"net input"``, ``"output"``, ``"error term"``, ``"gradient"``, or ``"error or step"``
        where all of these are finite.
    layer, unit
        The layer's name and the unit in it, from 0; for a gradient or step those of the weight.
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
) -> Divergence:
    """Return the first value that is not finite, replaying steps from the last good state.

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
            where = (first[0], first[1] + number)
            return _in_step(network, plan, arrays["theta"], rows.take(order), order, where)
    raise AssertionError("a replay of steps that diverged stayed finite")


def _in_step(
    network: Network, plan: Plan, theta: Floats, batch: Rows, order: Ints, where: tuple[int, int]
) -> Divergence:
    largest = float(np.abs(theta).max(initial=0.0))

    def found(
        what: str, layer: str, at: tuple[int | None, int | None], parameter: str | None = None
    ) -> Divergence:
        row = None if at[0] is None else int(order[at[0]])
        return Divergence(*where, what, layer, at[1], row, parameter, largest)

    with np.errstate(all="ignore"):
        passes = forward(network, theta, batch.X)
        for layer in network.layers:
            for what, values in (
                ("net input", passes[layer.name].h),
                ("output", passes[layer.name].o),
            ):
                if bad := _first_bad(values):
                    return found(what, layer.name, bad)
        deltas = backward(network, plan.objective, theta, passes, batch)
        for layer in reversed(network.layers):
            if bad := _first_bad(deltas[layer.name]):
                return found("error term", layer.name, bad)
        for block in network.blocks:
            gradient = passes[block.name].sources.T @ deltas[block.name]
            if bad := _first_bad(gradient):
                index = block.weights.start + bad[0] * block.shape[1] + bad[1]
                return found("gradient", block.name, (None, bad[1]), network.name(index))
    return found("error or step", network.output.name, (None, None))


def _first_bad(values: Floats) -> tuple[int, int] | None:
    """Return row and column of the first entry that is not finite."""
    bad = np.argwhere(~np.isfinite(values))
    return (int(bad[0, 0]), int(bad[0, 1])) if len(bad) else None
