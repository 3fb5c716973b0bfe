"""The engine of JAX for rows that are spread over processes: each device has its process's rows.

The steps are those of `xla`; each batch is the rows that the devices of all processes have of it,
and the sums over them are added up by one exchange a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import jax as untyped
import numpy as np

from ..arrays import Array, Floats, Ints
from ..errors import SpecError
from ..formulas.optimizers import Solver
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .fallback import python_functions
from .protocol import Rows, Steps, Stop
from .spread import SpreadRows
from .xla import XlaEngine
from .xla_devices import Place
from .xla_rows import Resident, on_device

__all__ = ["SpreadDevices", "SpreadEngine", "Watch"]

A = Any  # an array of jax.numpy

jax: Any = untyped  # much of it has no types
P: Any = jax.sharding.PartitionSpec

_AXIS = "devices"
_PARTS = {"shared": P(), "rows": P(_AXIS), "places": P(None, _AXIS)}


class Watch(Protocol):
    """What is told that steps go on."""

    def beat(self) -> None:
        """Take note that a piece of steps begins now."""

    def rest(self) -> None:
        """Take note that what begins now may take any time."""


@dataclass(frozen=True)
class SpreadDevices:
    """All devices of all processes, each with the rows of its own process.

    Attributes
    ----------
    watch
        Told of each piece of steps, before it.
    """

    watch: Watch | None = field(default=None, compare=False)

    @cached_property
    def _mesh(self) -> Any:
        return jax.sharding.Mesh(np.array(jax.devices()), (_AXIS,))

    @property
    def platform(self) -> str:
        """Their kind."""
        return str(jax.default_backend())

    def all_reduce(self, buffer: A) -> A:
        """Return the sum of every device's buffer."""
        return jax.lax.psum(buffer, _AXIS)

    def spread(self, function: Callable[..., Any], arguments: tuple[str, ...]) -> Any:
        """Return a function that runs on each device with its own part of the arguments."""
        parts = tuple(_PARTS[kind] for kind in arguments)
        # What the function returns comes of sums over all devices, and is the same on each.
        return jax.shard_map(
            function, mesh=self._mesh, in_specs=parts, out_specs=P(), check_vma=False
        )

    def shared(self, array: Any) -> A:
        """Return an array that all devices have."""
        own = np.asarray(array)
        return self._array("shared", own, own.shape)

    def rows(self, array: Any) -> A:
        """Return this process's array of rows on each of its devices, beside those of others."""
        own = np.asarray(array)
        local = jax.local_devices()
        shape = (len(own) * jax.device_count(), *own.shape[1:])
        sharding = jax.sharding.NamedSharding(self._mesh, _PARTS["rows"])
        parts = [jax.device_put(own, device) for device in local]
        return jax.make_array_from_single_device_arrays(shape, sharding, parts)

    def places(self, order: Ints, rows: Rows) -> Place:
        """Return which rows each device takes in each step."""
        assert isinstance(rows, SpreadRows)
        return self.placed(*rows.places(order))

    def placed(self, index: Ints, position: Ints) -> Place:
        """Return places that are known for each device of this process: (steps, devices, n)."""
        steps, _, width = index.shape
        shape = (steps, width * jax.device_count())
        own = (array.reshape(steps, -1) for array in (index, position))
        return Place(*(self._array("places", array, shape) for array in own))

    def halted(self, stop: bool) -> A:
        """Return a column a device that tells whether its process is to stop."""
        if self.watch is not None:
            self.watch.beat()
        own = np.full((1, jax.local_device_count()), stop, np.float32)
        return self._array("places", own, (1, jax.device_count()))

    def total(self, rows: Rows) -> float:
        """Return Σ s of all rows of all processes."""
        assert isinstance(rows, SpreadRows)
        return rows.total_weight

    def _array(self, kind: str, own: Array, shape: tuple[int, ...]) -> A:
        sharding = jax.sharding.NamedSharding(self._mesh, _PARTS[kind])
        return jax.make_array_from_process_local_data(sharding, own, shape)


class SpreadEngine(XlaEngine):
    """The engine of JAX over all devices of all processes, for `SpreadRows`.

    Every process makes the same calls, in the same order.

    Parameters
    ----------
    watch
        Told of each piece of steps, before it.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        super().__init__()
        self._watch = watch

    @property
    def local_devices(self) -> int:
        """How many devices this process has."""
        return int(jax.local_device_count())

    @cached_property
    def _devices(self) -> SpreadDevices:
        return SpreadDevices(self._watch)

    def start(
        self,
        network: Network,
        plan: Plan,
        theta: Floats,
        resume: dict[str, Array] | None = None,
    ) -> Any:
        """Return the state before the first step, or the one that `resume` was taken of.

        Raises
        ------
        SpecError
            For Python functions, for solvers, and for metrics of each epoch.
        """
        if python_functions(network, plan.objective, plan):
            raise SpecError(
                "a Python function of your own cannot be sent to other processes; write it as a "
                "formula, such as 'z*tanh(z)'"
            )
        if isinstance(plan.optimizer, Solver):
            raise SpecError(
                f"{plan.optimizer.name} takes all rows in one process; with several processes take "
                "an optimizer that steps by batches, such as adam"
            )
        if plan.metrics:
            raise SpecError("metrics of each epoch need all rows in one process; leave metrics out")
        return super().start(network, plan, theta, resume)

    def advance(
        self,
        state: Any,
        rows: Rows,
        order: Ints,
        rates: Floats,
        stop: Stop,
        epochs: int = 1,
    ) -> tuple[Any, Steps]:
        """Take the steps of a slice of an epoch, one batch a step."""
        self._keep(rows)
        return super().advance(state, rows, order, rates, stop, epochs)

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows of all processes."""
        if self._watch is not None:
            self._watch.rest()  # it is compiled first
        self._keep(rows)
        return super().error(network, objective, theta, rows)

    def _keep(self, rows: Rows) -> None:
        """Send the rows to the devices, unless they are there."""
        devices = self._devices
        if devices in rows.kept:
            return
        assert isinstance(rows, SpreadRows)
        rows.kept[devices] = Resident(
            on_device(rows, len(rows.weights), devices.rows),
            devices.placed(*rows.everywhere),
            devices.shared(np.asarray(rows.total_weight, rows.Y.dtype)),
        )
