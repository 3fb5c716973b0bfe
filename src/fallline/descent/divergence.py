"""Where a descent became infinite or NaN: the first such value, located in the failing step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Floats, Ints
from ..engines.noise import step_noise
from ..engines.protocol import Engine, Rows, Stop
from ..engines.reference import backward, forward, move, row_errors, step_gradient
from ..errors import DivergenceWarning, warn
from ..formulas.optimizers import Solver
from ..spec.network import Network
from ..spec.plan import Plan
from .progress import Snapshot

__all__ = ["Divergence", "locate", "tell", "untold"]

_UNTOLD = ContextVar("untold", default=False)


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
    engine: Engine, before: Snapshot, rows: Rows, order: Ints, rates: Floats
) -> tuple[Divergence, dict[str, Array]]:
    """Return the first value that is not finite, and the last good state, by replay.

    Parameters
    ----------
    engine
        Of the run.
    before
        The run before these steps.
    rows
        All training rows.
    order, rates
        Positions of the rows that these steps take, and the learning rate of each step.
    """
    network, plan, progress = before.network, before.plan, before.progress
    size = plan.batch_size or rows.n
    state = engine.start(network, plan, before.arrays["theta"], resume=before.arrays)
    for number, rate in enumerate(rates):
        arrays, batch = engine.snapshot(state), order[number * size : (number + 1) * size]
        state, steps = engine.advance(state, rows, batch, rates[number : number + 1], Stop())
        if not steps.finite:
            if getattr(rows, "bounds", None) is not None:  # other processes have rows of the batch
                found: _Found | None = ("error", network.output.name, None, None, None)
            else:
                with np.errstate(all="ignore"):
                    found = _in_rows(network, plan, arrays, rows.take(batch), batch)
                    found = found or _in_step(network, plan, arrays, rows, batch, float(rate))
            assert found is not None
            largest = float(np.abs(arrays["theta"]).max(initial=0.0))
            epoch, step = len(progress.history) + 1, progress.steps + 1 + number
            return Divergence(epoch, step, *found, largest), arrays
        steps.or_raise()
    raise AssertionError("a replay of steps that diverged stayed finite")


_Found = tuple[str, str, int | None, int | None, str | None]
"""what, layer, unit, row, parameter."""


def _in_rows(
    network: Network, plan: Plan, arrays: dict[str, Array], batch: Rows, order: Ints
) -> _Found | None:
    """Return what is not finite in the passes of single rows, in the order of the computation."""
    theta, kept = arrays["theta"], np.flatnonzero(batch.weights)
    noise = step_noise(network, plan, int(arrays["step"]), batch.n, theta.dtype).take(kept)
    batch, order = batch.present(), order[kept]
    passes = forward(network, theta, batch.X, noise)
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
    deltas = backward(network, plan.objective, theta, passes, batch, noise)
    values += [("error term", layer.name, deltas[layer.name]) for layer in reversed(network.layers)]
    for what, name, array in values:
        if bad := _first_bad(array):
            return what, name, None if what == "error" else bad[1], int(order[bad[0]]), None
    return None


def _in_step(
    network: Network, plan: Plan, arrays: dict[str, Array], rows: Rows, order: Ints, rate: float
) -> _Found:
    """Return which parameter's gradient or step is not finite, all rows being so by themselves."""
    theta, total = arrays["theta"], float(rows.weights.sum())
    step = int(arrays["step"])
    gradient = step_gradient(network, plan, theta, rows.take(order), total, step)[1]
    state = {
        name.removeprefix("optimizer."): array
        for name, array in arrays.items()
        if name.startswith("optimizer.")
    }
    moved: Floats
    after: Mapping[str, Array]
    if isinstance(plan.optimizer, Solver):
        moved, after = theta, dict[str, Array]()  # it diverges where it starts, or not at all
    else:
        moved, after = move(network, plan, theta, gradient, state, rate)
    for what, values in {"gradient": gradient, "step": moved, **after}.items():
        if np.shape(values) == theta.shape and not np.isfinite(values).all():
            index = int(np.argmin(np.isfinite(values)))
            block = next(block for block in network.blocks if index < block.stop)
            unit = (index - block.weights.start) % block.shape[1]  # W row by row, then b
            name = network.name(index)
            return "gradient" if what == "gradient" else "step", block.name, unit, None, name
    return "error", network.output.name, None, None, None  # the sum of finite row errors


@contextmanager
def untold() -> Iterator[None]:
    """Within, in this thread, a run diverges without a warning: who follows it tells of it."""
    before = _UNTOLD.set(True)
    try:
        yield
    finally:
        _UNTOLD.reset(before)


def tell(divergence: Divergence, plan: Plan) -> None:
    """Warn of it, and say what to try."""
    if _UNTOLD.get():
        return
    cure = "smaller start weights"
    if not isinstance(plan.optimizer, Solver):
        cure = f"learning_rate={plan.optimizer.learning_rate / 10:g}"
    told = f"{divergence}; the last finite weights are kept. Try {cure}, or scale the inputs"
    warn(told, DivergenceWarning)


def _first_bad(values: Floats) -> tuple[int, int] | None:
    """Return row and column of the first entry that is not finite."""
    bad = np.argwhere(~np.isfinite(values))
    return (int(bad[0, 0]), int(bad[0, 1])) if len(bad) else None
