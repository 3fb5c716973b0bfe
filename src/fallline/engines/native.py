"""The native engine: the C++ core, many times faster than NumPy and equal to it but for rounding.

This is its door. A network, an objective and a plan are told to the core once; then whole epochs
run there without Python's lock. A few dozen times a second, between two steps, the core looks for a
stop, a deadline or Ctrl-C. Its state is whole then, and where an epoch is cut changes no bit of it.

What holds a Python function of the user's is computed by the reference engine, with a warning.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .. import _core
from ..arrays import Array, Floats, Inputs, Ints
from ..errors import SpecError
from ..formulas.optimizers import LBFGS
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .fallback import Teller, python_functions
from .native_cache import Prepared, needs_python, prepared
from .native_ready import NativeReady, core_matrix
from .native_solver import NativeIterations
from .protocol import Ready, Rows, Steps, Stop
from .reference import ReferenceEngine
from .spare import Spare
from .threads import threads_for

__all__ = ["NativeEngine", "NativeState", "chosen_kernels"]

_LOOK = 0.02
"""Seconds after which the core looks for a stop, a deadline or a signal, between two steps."""

_WORK, _MOST_EPOCHS = 2e8, 100
"""Multiplications, about, of several epochs in one call: some milliseconds. And the most epochs."""

Found = TypeVar("Found", bound=tuple[Any, ...])

_NUMBERS = ("t", "product")
"""The optimizer's arrays without axes, in the core's order."""


class NativeState(NamedTuple):
    """A descent between two steps, in the core's memory."""

    network: Network
    plan: Plan
    dtype: np.dtype[Any]
    engine: Prepared
    progress: _core.Progress
    scalars: tuple[str, ...]  # those of `_NUMBERS` that the optimizer has


def chosen_kernels(name: str | None = None) -> str:
    """Return the name of kernels: those given, those of FALLLINE_ISA, or the fastest that run here.

    Raises
    ------
    SpecError
        Where the machine cannot run them.
    """
    possible = _core.kernels()
    source = "kernels" if name else "the environment variable FALLLINE_ISA"
    wanted = name or os.environ.get("FALLLINE_ISA")
    if wanted and wanted not in possible:
        raise SpecError(
            f"{source} must be one of {', '.join(possible)} on this machine, not {wanted!r}; leave "
            "it out to take the fastest"
        )
    if not possible:
        raise SpecError(
            f"the C++ core has no kernels for this machine ({_core.instruction_set()}); take "
            "engine='reference'"
        )
    return wanted or possible[0]


class NativeEngine:
    """The engine of the C++ core.

    Parameters
    ----------
    kernels
        Which of `_core.kernels()` to take; the fastest of this machine unless given.
    threads
        The most threads, at least 1; as many as pay unless given. No bit depends on it.

    Raises
    ------
    SpecError
        For kernels that do not run here.
    """

    name = "native"

    def __init__(self, kernels: str | None = None, threads: int | None = None) -> None:
        self._kernels = chosen_kernels(kernels)
        self._threads = threads
        self._reference = ReferenceEngine()
        self._teller = Teller()
        self._spare = Spare()

    # Descents.

    def start(
        self,
        network: Network,
        plan: Plan,
        theta: Floats,
        resume: dict[str, Array] | None = None,
    ) -> Any:
        """Return the state before the first step, or the one that `resume` was taken of."""
        if names := python_functions(network, plan.objective, plan):
            self._teller.tell(names)
            return self._reference.start(network, plan, theta, resume)
        first = {f"optimizer.{name}": a for name, a in plan.stepwise.init(np, theta).items()}
        arrays = {"theta": theta, "step": np.array(0), **first} if resume is None else resume
        theta = arrays["theta"]
        engine = prepared(self._kernels, theta.dtype, network, plan.objective, plan)
        own = [engine.inward(arrays[f"optimizer.{name}"]) for name in engine.core.arrays]
        scalars = tuple(name for name in _NUMBERS if f"optimizer.{name}" in arrays)
        t, product = (
            float(arrays[f"optimizer.{name}"]) if name in scalars else float(i)
            for i, name in enumerate(_NUMBERS)
        )
        progress = engine.core.start(engine.inward(theta), own, t, product, int(arrays["step"]))
        return NativeState(network, plan, theta.dtype, engine, progress, scalars)

    def snapshot(self, state: Any) -> dict[str, Array]:
        """Return θ, the count of steps and the optimizer's arrays as copies."""
        if not isinstance(state, NativeState):
            return self._reference.snapshot(state)
        engine, progress = state.engine, state.progress
        arrays: dict[str, Array] = {}
        for i, name in enumerate(["theta", *(f"optimizer.{name}" for name in engine.core.arrays)]):
            values = engine.empty(state.dtype)
            engine.core.read(progress, i - 1, values)
            arrays[name] = engine.outward(values)
        for name, number in zip(_NUMBERS, progress.numbers, strict=True):
            if name in state.scalars:
                arrays[f"optimizer.{name}"] = np.array(number, state.dtype)
        return arrays | {"step": np.array(progress.step)}

    def epochs_at_once(self, state: Any, rows: Rows) -> int:
        """Return how many epochs of these rows `advance` may take of this descent in one call."""
        if not isinstance(state, NativeState):
            return 1
        return min(_MOST_EPOCHS, 1 + int(_WORK / (state.engine.core.work * rows.n)))

    def advance(
        self,
        state: Any,
        rows: Rows,
        order: Ints,
        rates: Floats,
        stop: Stop,
        epochs: int = 1,
    ) -> tuple[Any, Steps]:
        """Take the steps of a slice of an epoch, one batch a step; or of so many whole epochs."""
        if not isinstance(state, NativeState):
            return self._reference.advance(state, rows, order, rates, stop)
        size, epoch = state.plan.batch_size or rows.n, len(order) // epochs
        each = -(-epoch // size)
        if len(rates) != epochs * each:
            raise ValueError(
                f"there must be a rate for each of the {epochs * each} steps, not {len(rates)}"
            )
        order = np.ascontiguousarray(order, np.int64)
        rates = np.ascontiguousarray(rates, np.float64)
        # A copy moves, so that an error finds the state as it was.
        state = state._replace(progress=state.progress.copy())
        arrays, total = _plain(rows, state.dtype), _total(state.plan, rows)
        threads = self._threads_for(state.engine, min(size, epoch))
        taken, stopped = self._spare.take(5, len(rates)), stop.now()
        count, finite, interrupted = (0, True, None) if stopped else state.engine.core.advance(
            state.progress, *arrays, order, rates, epoch, size, total, threads, _seconds(stop),
            stop.now, taken,
        )  # fmt: skip
        errors, penalties, weights, norms, told = taken[:, :count]
        reported = told if _clips(state.plan.objective) else None
        done = count // max(each, 1) * epoch + min(count % max(each, 1) * size, epoch)
        return state, Steps(errors, penalties, weights, norms, done, finite, reported, interrupted)

    def iterations(
        self, network: Network, plan: Plan, dtype: np.dtype[Any]
    ) -> NativeIterations | None:
        """Return what takes the iterations of L-BFGS; None where its formula does."""
        solver, objective = plan.optimizer, plan.objective.unclipped
        if type(solver) is not LBFGS or needs_python(network, objective):
            return None
        engine = prepared(self._kernels, dtype, network, objective)
        if engine.places is not None:  # merged: an error that is not finite may be so when apart
            return None

        def given(rows: Rows) -> tuple[Any, Floats, Floats, int]:
            return (*_plain(rows, dtype), self._threads_for(engine, rows.n))

        return NativeIterations(solver, engine, dtype, given)

    # Single computations.

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""
        if needs_python(network, objective):
            return self._reference.error(network, objective, theta, rows)

        def compute(engine: Prepared) -> tuple[float]:
            given = _plain(rows, theta.dtype)
            threads = self._threads_for(engine, rows.n)
            return (engine.core.error(engine.inward(theta), *given, threads),)

        return self._computed(compute, theta.dtype, network, objective)[0]

    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,)."""
        if needs_python(network, objective):
            return self._reference.error_and_gradient(network, objective, theta, rows)

        def compute(engine: Prepared) -> tuple[float, Floats]:
            given, gradient = _plain(rows, theta.dtype), engine.empty(theta.dtype)
            threads = self._threads_for(engine, rows.n)
            error = engine.core.error_and_gradient(engine.inward(theta), *given, threads, gradient)
            return error, engine.outward(gradient)

        return self._computed(compute, theta.dtype, network, objective)

    def example_gradients(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> Floats:
        """Return ∂e/∂θ (n, P) of each row's error alone, without its weight and any penalty."""
        # Nearly all of the time goes into writing the n·P numbers, which NumPy does as fast.
        return self._reference.example_gradients(network, objective, theta, rows)

    def predict(self, network: Network, theta: Floats, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k)."""
        if needs_python(network):
            return self._reference.predict(network, theta, X)

        def compute(engine: Prepared) -> tuple[Floats, bool]:
            return NativeReady(engine, theta, self._threads).outputs(X)

        return self._computed(compute, theta.dtype, network)[0]

    def ready(self, network: Network, theta: Floats) -> Ready | None:
        """Return what predicts faster than `predict` when asked again."""
        if needs_python(network):
            return self._reference.ready(network, theta)
        return NativeReady(prepared(self._kernels, theta.dtype, network), theta, self._threads)

    def _computed(
        self,
        compute: Callable[[Prepared], Found],
        dtype: np.dtype[Any],
        network: Network,
        objective: Objective | None = None,
    ) -> Found:
        """Return what is computed, the first of it finite if it is so with layers kept apart."""
        engine = prepared(self._kernels, dtype, network, objective)
        found = compute(engine)
        if engine.places is None or np.isfinite(found[0]).all():
            return found
        # A unit that overflowed times the 0 of an absent weight is NaN.
        return compute(prepared(self._kernels, dtype, network, objective, apart=True))

    def _threads_for(self, engine: Prepared, rows: int) -> int:
        return threads_for(engine.core.work * rows, self._threads)


def _seconds(stop: Stop) -> float:
    """Return how long the core goes on between two looks."""
    if stop.deadline is None:
        return _LOOK
    return min(max(stop.deadline - time.monotonic(), 0.0), _LOOK)


def _total(plan: Plan, rows: Rows) -> float:
    """Return Σ s of all rows, which penalties beside a sum of errors are shared by."""
    return float(rows.weights.sum()) if plan.objective.error.reduction == "sum" else 1.0


def _clips(objective: Objective) -> bool:
    """Return whether what its error reports is clipped."""
    return bool(objective.error.settings.get("clip"))


def _plain(rows: Rows, dtype: np.dtype[Any]) -> tuple[Any, Floats, Floats]:
    """Return X, Y and weights as the core takes them: of one dtype in native byte order."""
    return core_matrix(rows.X, dtype), core_matrix(rows.Y, dtype), core_matrix(rows.weights, dtype)
