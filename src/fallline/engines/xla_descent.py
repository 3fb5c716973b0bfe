"""A descent on the devices: its state, and its steps piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Ints
from ..spec.network import Network
from ..spec.plan import Plan
from .protocol import Rows, Steps, Stop
from .xla_cache import compiled
from .xla_devices import Devices
from .xla_epoch import PIECE, piece, piece_length
from .xla_rows import resident
from .xla_step import TAKEN, Formula, State

__all__ = ["Taking", "XlaState", "placed", "plain"]


@dataclass(frozen=True)
class XlaState:
    """A descent between two steps, on the devices.

    Attributes
    ----------
    counts
        What of the plan is compiled; see `what_counts`.
    arrays
        θ and the optimizer's.
    step
        Steps taken.
    """

    network: Network
    plan: Plan
    counts: Plan
    arrays: State
    step: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of θ."""
        found: np.dtype[Any] = np.dtype(self.arrays.theta.dtype)
        return found


def placed(arrays: dict[str, Array], devices: Devices) -> State:
    """Return what `plain` made plain as arrays of the devices."""
    # Copies: JAX goes on using the memory of an array that lies as it wants it.
    optimizer = {
        name.removeprefix("optimizer."): devices.shared(np.array(array))
        for name, array in arrays.items()
        if name.startswith("optimizer.")
    }
    words = np.asarray(int(arrays["step"]) & 0xFFFF_FFFF, np.uint32)
    return State(devices.shared(np.array(arrays["theta"])), optimizer, devices.shared(words))


def plain(state: XlaState) -> dict[str, Array]:
    """Return a state as plain arrays, which are copies."""
    arrays = {"theta": np.array(state.arrays.theta), "step": np.array(state.step)}
    own = state.arrays.optimizer.items()
    return arrays | {f"optimizer.{name}": np.array(array) for name, array in own}


class Taking:
    """The steps of one call.

    Parameters
    ----------
    devices
        Where they are taken.
    formula
        What is computed.
    state
        Before the first step.
    rows
        All training rows.

    Attributes
    ----------
    state
        After the last piece.
    done
        Steps that were taken.
    finite
        Whether the next one was so, too.
    """

    def __init__(self, devices: Devices, formula: Formula, state: XlaState, rows: Rows) -> None:
        self._devices, self._rows, self._resident = devices, rows, resident(rows, devices)
        self._compute = compiled(piece, formula, PIECE)
        self._taken: list[Floats] = []
        self._reached, self.finite = (state, 0), True

    @property
    def state(self) -> XlaState:
        """The state after the steps that were taken."""
        return self._reached[0]

    @property
    def done(self) -> int:
        """How many steps were taken."""
        return self._reached[1]

    def take(self, order: Ints, rates: Floats, stop: Stop) -> None:
        """Take steps, of which `order` (steps, n) has the rows, −1 for none, until the stop."""
        length = self._length(*order.shape)
        for first in range(0, len(order), length):
            halted = self._devices.halted(stop.now())
            if halted is None:
                return
            part = slice(first, first + length)
            self._take_piece(order[part], rates[part], halted, length)
            if self.done < min(first + length, len(order)):
                return

    def _length(self, steps: int, size: int) -> int:
        """Return how many steps a piece has: the same for slices of an epoch as for all of it."""
        each = max(steps, -(-self._rows.n // size))
        most = piece_length(self.state.network, size, self._devices)
        return min(most, 1 << (each - 1).bit_length())

    def _take_piece(self, order: Ints, rates: Floats, halted: Any, length: int) -> None:
        (state, done), shared = self._reached, self._devices.shared
        spare, count = (0, length - len(order)), len(order)
        places = self._devices.places(
            np.pad(order, (spare, (0, 0)), constant_values=-1), self._rows
        )
        seed = state.plan.seed
        words = np.array([seed & 0xFFFF_FFFF, seed >> 32 & 0xFFFF_FFFF], np.uint32)
        arrays, taken, more, finite = self._compute(
            state.arrays,
            self._resident.batch,
            places,
            shared(words),
            shared(np.pad(rates, spare).astype(state.dtype)),
            self._resident.total,
            shared(np.int32(count)),
            halted,
        )
        own = np.asarray(taken, np.float64)[: int(more)]
        weighty = int(np.count_nonzero(own[:, 2]))
        self._taken.append(own)
        self.finite = bool(finite)
        after = replace(state, arrays=arrays, step=state.step + weighty)
        self._reached = after, done + len(own)  # at once: a signal may come at any time

    def steps(self, rows: int, interrupted: BaseException | None) -> Steps:
        """Return what is told of the steps, which took so many rows."""
        taken = np.concatenate([np.empty((0, TAKEN)), *self._taken])[: self.done]
        errors, penalties, weights, norms, told = taken.T.copy()
        objective = self.state.plan.objective
        reported = None if objective.unclipped is objective else told
        return Steps(errors, penalties, weights, norms, rows, self.finite, reported, interrupted)
