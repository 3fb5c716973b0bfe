"""The C++ core, built from ``cpp/``; absent where it could not be compiled.

It checks what could make it read or write beyond memory, and trusts the rest: its only caller is
``fallline.engines.native``, which explains the tuples in ``native_spec``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Floats, Ints

def version() -> str:
    """Return the version of fallline that this core was built from."""

def instruction_set() -> str:
    """Return the instruction set level of this machine, such as ``'x86-64-v3'``."""

def kernels() -> list[str]:
    """Return the names of the kernels that run here, the fastest first."""

def shuffle(bits: object, rows: Ints) -> None:
    """Shuffle a vector as RandomState does, by NumPy's capsule of its generator."""

def permutation(seed: list[int], out: Ints) -> None:
    """Write NumPy's permutation of 0, 1, ... for a seed, told in words of 32 bits, to a vector."""

def carried(
    sums: tuple[float, float, float], errors: Floats, weights: Floats, norms: Floats, scaled: bool
) -> tuple[float, float, float]:
    """Return three sums with more terms, added one after the other."""

class Progress:
    """A descent between two steps, in the core's memory."""

    @property
    def step(self) -> int:
        """Steps taken."""
    @property
    def numbers(self) -> list[float]:
        """The optimizer's t and product."""
    def copy(self) -> Progress:
        """Return an equal one that shares no memory."""

class Solving:
    """L-BFGS between two iterations, in the core's memory; it never changes."""

    @property
    def numbers(self) -> list[float]:
        """error, lowest, flattest, evaluations, rate, done, kept, stalled."""

class Engine:
    """A network, an objective and a plan, made ready for one float type; () where there is none.

    `X` is a matrix, or ``(data, columns, starts)`` of compressed rows.
    """

    def __init__(
        self,
        kernels: str,
        wide: bool,
        network: tuple[Any, ...],
        objective: tuple[Any, ...],
        plan: tuple[Any, ...],
    ) -> None: ...
    @property
    def arrays(self) -> list[str]:
        """The names of the optimizer's arrays over θ."""
    @property
    def outputs(self) -> int:
        """Columns of ŷ."""
    @property
    def work(self) -> float:
        """Multiplications of one row of a step."""
    def path(self, batch_size: int) -> str:
        """Return the way that steps of so many plain rows take: ``'small'`` or ``'generic'``."""
    def start(
        self, theta: Floats, arrays: list[Floats], t: float, product: float, step: int
    ) -> Progress:
        """Return a descent at θ with the optimizer's arrays and numbers."""
    def read(self, progress: Progress, which: int, out: Floats) -> None:
        """Write θ (-1) or an array of the optimizer (0, 1, ...) of a descent to a vector."""
    def advance(
        self,
        progress: Progress,
        X: Any,
        Y: Floats,
        weights: Floats,
        order: Ints,
        rates: Floats,
        epoch: int,
        batch_size: int,
        total_weight: float,
        threads: int,
        seconds: float,
        stop: Callable[[], bool],
        out: Floats,
    ) -> tuple[int, bool, BaseException | None]:
        """Take steps, Python's lock released; every so many seconds ask whether to stop.

        `order` holds whole epochs of so many rows; no batch holds rows of two of them. Writes J_B,
        R_B, Σ s, ‖g‖ and J_B as it is reported to the rows of `out`; returns how many steps were
        taken, whether all were finite: one that was not is not counted, and what the handler of a
        signal raised, which ends them, too.
        """
    def start_solver(
        self,
        theta: Floats,
        gradient: Floats,
        steps: Floats,
        changes: Floats,
        numbers: list[float],
    ) -> Solving:
        """Return L-BFGS at θ, with its steps and changes one after the other."""
    def read_solver(self, solving: Solving, which: int, rows: int, out: Floats) -> None:
        """Write θ (-1), the gradient (0), or the last steps (1) or changes (2) to a vector."""
    def iterate(
        self,
        before: Solving,
        settings: tuple[int, float, float, float, int],
        X: Any,
        Y: Floats,
        weights: Floats,
        threads: int,
        seconds: float,
        stop: Callable[[], bool],
        out: Floats,
    ) -> tuple[Solving, int, bool, BaseException | None]:
        """Take iterations, Python's lock released; look for signals every so many seconds.

        `settings` are memory, tolerance, fall, flat and search. To `out` (6, most) are written J,
        R, Σ s and ‖g‖ before each iteration, how far it went, and evaluations since the start.
        Returns the state after them, how many they are, whether J and g were finite, and what a
        signal raised, unless that was within the first.
        """
    def error(self, theta: Floats, X: Any, Y: Floats, weights: Floats, threads: int) -> float:
        """Return J of all rows."""
    def error_and_gradient(
        self,
        theta: Floats,
        X: Any,
        Y: Floats,
        weights: Floats,
        threads: int,
        gradient: Floats,
    ) -> float:
        """Return J of all rows, and write its gradient."""

class Predictor:
    """An engine without a plan and θ, made ready to predict."""

    def __init__(
        self,
        engine: Engine,
        theta: Floats,
        empty: Callable[[Any, np.dtype[Any]], Floats],
        most_work: float,
    ) -> None: ...
    def few(self, X: Any) -> Floats | None:
        """Return the outputs ŷ, (k,) of a row (d,) or (n, k) of rows (n, d), in a new array.

        None where X is no array of the engine's dtype and columns, or predicting it is more than
        the most work, or not all numbers of X and ŷ are finite.
        """
    def many(self, X: Any, threads: int, outputs: Floats) -> bool:
        """Write the outputs ŷ of all rows, one after the other; return whether all are finite."""

def same_bits(a: Any, b: Any, itemsize: int) -> bool:
    """Return whether two vectors of floats of so many bytes are equal in memory."""
