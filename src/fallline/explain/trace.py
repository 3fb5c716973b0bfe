"""The trace of one step: every unit's numbers, every edge's slope and step, with their formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from ..arrays import Floats
from ..descent.recorded import RecordedStep, recorded_step
from ..descent.run import Run
from ..engines.protocol import Rows
from ..errors import DataError, SpecError
from ..formulas.optimizers import SGD, Optimizer, optimizer_from
from ..formulas.optimizers.base import Method
from ..spec.fits import check_trainable
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Plan
from .rows import rows_of
from .trace_move import moved_by
from .trace_numbers import numbers_of
from .traced import Trace

__all__ = ["Trace", "trace", "trace_recorded", "trace_step"]


def trace(
    network: Network,
    theta: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    loss: str = "squared_error",
    learning_rate: float | None = None,
    optimizer: str | Mapping[str, Any] | Method | None = None,
    *,
    sample_weight: npt.ArrayLike | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    digits: int = 5,
    **settings: Any,
) -> Trace:
    """Return every number of one step on one example or a batch, with its formula.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) the parameters before the step.
    x, y
        (d,) inputs and (k,) targets of one example, or (n, d) and (n, k) of a batch.
    loss
        The error.
    learning_rate
        η; the optimizer's own unless given, and 0.1 for plain descent.
    optimizer
        Whose first step it is; plain gradient descent unless given.
    sample_weight
        (n,) row weights s; 1 unless given.
    l2, l1, alpha
        Of the penalties; see `error_and_gradient`.
    digits
        How many significant digits are shown.
    **settings
        Of the step, as a plan has them: ``clip_value``, ``clip_norm``, ``max_norm``.

    Returns
    -------
    Trace
        ``.units``, ``.edges``, ``.svg``, ``.text``, ``.html``, ``.json``, ...

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    One linear unit ŷ = w x with w = 2, at x = 3, y = 5: E = ½(5 − 6)², dE/dw = −(5 − 6)·3.

    >>> net = Network.parse("1 -> 1 nobias")
    >>> found = trace(net, [2.0], [3.0], [5.0], loss="sse", learning_rate=0.1)
    >>> for equation in found.weight_equations("w[input.0->output.0]"):
    ...     print(equation)
    ∂E/∂w[input.0->output.0] = −δ[output.0]·x[input.0] = −(−1)·3 = 3
    Δw[input.0->output.0] = −η·∂E/∂w[input.0->output.0] = −0.1·3 = −0.3
    w[input.0->output.0] ← w[input.0->output.0] + Δw[input.0->output.0] = 2 − 0.3 = 1.7
    """
    checked = given_theta(network, theta)
    plan = Plan.of(
        loss=loss, l2=l2, l1=l1, alpha=alpha, batch_size=None,
        optimizer=_optimizer(optimizer, learning_rate), **_known(settings),
    )  # fmt: skip
    plan.check(network)
    check_trainable(network)
    rows = rows_of(network, plan.objective, x, y, sample_weight, checked.dtype)
    numbers = numbers_of(network, plan.objective, checked, rows)
    method = plan.optimizer
    rate = method.learning_rate if isinstance(method, Optimizer) else 1.0
    moved = moved_by(network, plan, checked, numbers.gradient, rate, rows=rows)
    return Trace(numbers, moved, _checked_digits(digits))


def _optimizer(given: Any, rate: float | None) -> Any:
    if given is None:
        return SGD(0.1 if rate is None else rate)
    method = optimizer_from(given)
    if rate is None:
        return method
    if not isinstance(method, Optimizer):
        raise SpecError(f"{type(method).__name__} finds its own steps; leave learning_rate out")
    return optimizer_from({**method.to_json(), "learning_rate": rate})


_SETTINGS = ("clip_value", "clip_norm", "max_norm")


def _known(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in settings:
        if name not in _SETTINGS:
            raise SpecError(f"trace has no setting {name!r}; beside those of its signature it "
                            f"takes {', '.join(_SETTINGS)}")  # fmt: skip
    return settings


def _checked_digits(digits: int) -> int:
    if isinstance(digits, bool) or not isinstance(digits, int) or not 2 <= digits <= 15:
        raise SpecError(f"digits must be a whole number from 2 to 15, not {digits!r}")
    return digits


def trace_step(run: Run, step: int | None = None, *, digits: int = 5) -> Trace:
    """Return the trace of a step that a run has taken, by its own optimizer, rows and noise.

    Parameters
    ----------
    run
        Made with ``record="steps"``, which keeps the states before its last steps.
    step
        The number of the step, from 1; below 0 it counts back from the last, which it is unless
        given.
    digits
        How many significant digits are shown.

    Raises
    ------
    SpecError
        When the run keeps no such step.
    DataError
        When the step's rows have no weight, so that it moved nothing.

    Examples
    --------
    >>> net = Network.parse("1 -> 1")
    >>> import numpy as np
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], batch_size=1, record="steps", epochs=4)
    >>> epochs = list(run)
    >>> found = trace_step(run, -1)
    >>> found.step, bool(np.allclose(found.theta_after, run.theta))
    (8, True)
    """
    return trace_recorded(recorded_step(run, step), digits=digits)


def trace_recorded(taken: RecordedStep, *, digits: int = 5) -> Trace:
    """Return the trace of a step that was recorded, also of a run without ``record``.

    Parameters
    ----------
    taken
        The step, as `fallline.descent.recorded.recorded_between` gives it.
    digits
        How many significant digits are shown.

    Raises
    ------
    DataError
        When the step's rows have no weight, so that it moved nothing.

    Examples
    --------
    >>> from fallline.descent.recorded import recorded_between
    >>> net = Network.parse("1 -> 1")
    >>> run = Run(net, [[1.0], [2.0]], [2.0, 4.0], batch_size=1, epochs=4)
    >>> before, step, after = run.snapshot(), run.step(), run.snapshot()
    >>> trace_recorded(recorded_between(run, before, after)).step
    1
    """
    if not taken.batch.weights.any():
        raise DataError(f"the rows of step {taken.step} have no weight, so it moved nothing")
    theta: Floats = taken.before["theta"]
    numbers = numbers_of(
        *(taken.network, taken.plan.objective, theta, taken.batch),
        index=taken.order, noise=taken.noise, total_weight=taken.total_weight,
    )  # fmt: skip
    state = {
        name.removeprefix("optimizer."): array
        for name, array in taken.before.items()
        if name.startswith("optimizer.")
    }
    solver = not isinstance(taken.plan.optimizer, Optimizer)
    rows: Rows | None = None
    if solver:
        state, rows = {**state, "theta": theta}, taken.all_rows
    moved = moved_by(taken.network, taken.plan, theta, numbers.gradient, taken.rate, state, rows)
    return Trace(numbers, moved, _checked_digits(digits), taken.step)
