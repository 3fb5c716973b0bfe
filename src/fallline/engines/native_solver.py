"""L-BFGS in the C++ core: whole iterations, without NumPy between two evaluations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import _core
from ..arrays import Array, Floats
from ..formulas.optimizers import LBFGS
from .native_cache import Prepared
from .protocol import Iteration, Rows, Stop

__all__ = ["NativeIterations"]

_LOOK = 0.02
"""Seconds after which the core looks for a signal, between two evaluations."""

_WORK, _MOST_ITERATIONS = 2e8, 100
"""Multiplications, about, of several iterations in one call, and the most iterations."""

_MOST = 2**31 - 1
"""The greatest number that the core takes."""

_VECTORS = ("theta", "gradient", "steps", "changes")

_NUMBERS = ("error", "lowest", "flattest", "evaluations", "rate", "done", "kept", "stalled")
"""In the order of ``cpp/solver.hpp``."""


class NativeIterations:
    """Takes the iterations of L-BFGS. Its states are the core's, and never change.

    Parameters
    ----------
    solver
        The formula, whose settings count.
    engine
        The network and the objective, made ready, with layers as they are.
    dtype
        Of θ.
    given
        Makes of rows what the core takes: X, Y, weights and the number of threads.
    """

    def __init__(
        self,
        solver: LBFGS,
        engine: Prepared,
        dtype: np.dtype[Any],
        given: Callable[[Rows], tuple[Any, Floats, Floats, int]],
    ) -> None:
        self._core, self._given = engine.core, given
        self._settings = (
            solver.memory,
            solver.tolerance,
            solver.fall,
            solver.flat,
            min(solver.search, _MOST),
        )
        self._dtype, self._size, self._memory = dtype, engine.size, solver.memory

    def start(self, arrays: Mapping[str, Array]) -> _core.Solving:
        """Return the core's state of the solver's arrays, which are copied."""
        theta, gradient, steps, changes = (
            np.ascontiguousarray(arrays[name]).reshape(-1) for name in _VECTORS
        )
        numbers = [float(arrays[name]) for name in _NUMBERS]
        return self._core.start_solver(theta, gradient, steps, changes, numbers)

    def at_once(self, rows: Rows) -> int:
        """Return how many iterations one call may take: some milliseconds."""
        return min(_MOST_ITERATIONS, 1 + int(_WORK / (self._core.work * rows.n)))

    def halted(self, stop: Stop) -> bool:
        """Return whether to come back before the next iteration."""
        return stop.now()

    def iterate(self, state: _core.Solving, rows: Rows) -> tuple[_core.Solving, Iteration]:
        """Return the state after one iteration, and what was before it."""
        after, told, finite, _ = self.several(state, rows, 1, lambda: False)
        error, penalty, weight, norm = told[:4, 0].tolist()
        return after, Iteration(error, penalty, weight, norm, finite)

    def several(
        self, state: _core.Solving, rows: Rows, most: int, stop: Callable[[], bool]
    ) -> tuple[_core.Solving, Floats, bool, BaseException | None]:
        """Take iterations while there is something left to do and stop() is not true.

        Returns the state after them, and of each (6, count): what `Iteration` tells, then how far
        it went along its direction, and the evaluations since the start. The third is False where
        the first of them was of numbers that are not finite; the last what a signal raised.
        """
        X, Y, weights, threads = self._given(rows)
        told = np.empty((6, most))
        after, count, finite, interrupted = self._core.iterate(
            state, self._settings, X, Y, weights, threads, _LOOK, stop, told
        )
        return after, told[:, :count], finite, interrupted

    def arrays(self, state: _core.Solving) -> dict[str, Array]:
        """Return the solver's arrays as copies."""
        found: dict[str, Array] = {}
        for which, name in enumerate(_VECTORS):
            rows = 1 if which < 2 else self._memory
            values: Floats = np.empty(rows * self._size, self._dtype)
            self._core.read_solver(state, which - 1, rows, values)
            found[name] = values if which < 2 else values.reshape(rows, self._size)
        numbers = zip(_NUMBERS, state.numbers, strict=True)
        return found | {name: np.asarray(number) for name, number in numbers}

    def number(self, state: _core.Solving, name: str) -> float:
        """Return one of the solver's numbers."""
        return state.numbers[_NUMBERS.index(name)]
