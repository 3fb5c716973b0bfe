"""Several devices of one or more processes, which share each batch.

All devices of all processes stand in a row. Each computes the sums over its part of a batch; one
flat buffer of them is added up in each step, and every device then takes the same step. So devices
stay equal without ever being compared, and results differ from those of one device by the order of
sums only.

In one process, batches are cut into equal parts, and each device has all rows. Several processes
may each have all rows too, or only rows of their own: see `OwnRows`. Calls that take steps must
then be made by every process, with the same arguments but for these rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh as JaxMesh
from jax.sharding import NamedSharding, PartitionSpec

from ..arrays import Bools, Floats, Ints
from ..errors import SpecError
from .protocol import Rows
from .xla_devices import Devices, OneDevice, Place, everywhere, roundly

__all__ = ["Mesh", "OwnRows", "devices_of"]

A = Any  # an array of jax.numpy
_AXIS = "rows"
_spec: Any = PartitionSpec  # JAX gives no types for these
_local: Any = jax.make_array_from_process_local_data
_psum: Any = lax.psum
_SPECS = {"shared": _spec(), "rows": _spec(_AXIS), "places": _spec(None, _AXIS)}


class OwnRows(Rows):
    """The rows that one of several processes has, of all those that are trained on.

    All rows stand in one order, in which process p has those from ``bounds[p]`` up to
    ``bounds[p + 1]``. The order of an epoch holds positions among all rows, and is the same in
    every process; each takes what it has of a batch. Where every batch has as many rows of each
    process, as with an order that draws from all shards alike, nothing is padded.

    A process with several devices may say which rows are whose (``each``): then it takes the very
    steps, bit for bit, of as many processes with one device.

    Parameters
    ----------
    rows
        Those of this process, in the order in which they stand.
    bounds
        (processes · each + 1,) where the rows of each process, or of each of its devices, begin.
    process
        The number of this process; JAX's unless given.
    each
        How many devices each process has, where bounds tell of devices; 1 cuts evenly.
    digest
        A digest of the rows of all processes; of these rows alone unless given.
    total
        Σ s of the rows of all processes; of these rows alone unless given.

    Attributes
    ----------
    n
        How many rows all processes have.
    """

    bounds: Ints
    process: int
    each: int
    digest: str | None
    given_total: float | None

    def __new__(
        cls,
        rows: Rows,
        bounds: Ints,
        process: int | None = None,
        each: int = 1,
        digest: str | None = None,
        total: float | None = None,
    ) -> OwnRows:
        """Return the rows, with where they belong."""
        own = super().__new__(cls, *rows)
        own.bounds, own.each, own.digest = np.asarray(bounds), each, digest
        own.given_total = total
        own.process = jax.process_index() if process is None else process
        first, stop = own.bounds[own._parts.start], own.bounds[own._parts.stop]
        if stop - first != len(own.weights):
            raise SpecError(
                f"process {own.process} must have rows {first} to {stop - 1} of all, that is "
                f"{stop - first}, but it has {len(own.weights)}"
            )
        return own

    def __getnewargs__(self) -> Any:
        """Return what makes it again."""
        return Rows(*self), self.bounds, self.process, self.each, self.digest, self.given_total

    @property
    def _parts(self) -> range:
        """The parts between bounds that are this process's."""
        return range(self.process * self.each, (self.process + 1) * self.each)

    @property
    def n(self) -> int:
        """The number of rows of all processes."""
        return int(self.bounds[-1])

    @property
    def total(self) -> float:
        """Σ s of the rows of all processes."""
        return super().total if self.given_total is None else self.given_total

    def take(self, order: Ints) -> Rows:
        """Raise a SpecError: the rows of other processes are not here."""
        raise SpecError("rows of several processes cannot be taken out in one of them")

    def share(self, order: Ints) -> tuple[Ints, Ints]:
        """Return which rows of each batch are here, and where they stand in it.

        Parameters
        ----------
        order
            (steps, n) positions among all rows, −1 for none.

        Returns
        -------
        index : (steps, m)
            Places among the rows of this process, −1 for none; m is the same in every process.
        position : (steps, m)
            Places in the batch.
        """
        parts = len(self.bounds) - 1
        owner = np.searchsorted(self.bounds, order, side="right") - 1  # −1 for none
        counts = np.stack([(owner == part).sum(axis=1) for part in range(parts)])
        width = _wide_enough(int(counts.max(initial=0)), -(-order.shape[1] // parts))
        found = [_taken(order, owner == part, width) for part in self._parts]
        index = np.concatenate([one[0] for one in found], axis=1)
        start = self.bounds[self._parts.start]
        return np.where(index < 0, -1, index - start), np.concatenate(
            [one[1] for one in found], axis=1
        )

    def everywhere(self, size: int) -> Ints:
        """Return the places of the rows of this process, −1 to fill up: (1, devices · m)."""
        if self.each == 1:
            return everywhere(self, size)
        width = roundly(int(np.diff(self.bounds).max()))
        parts = []
        for part in self._parts:
            first, stop = self.bounds[part : part + 2] - self.bounds[self._parts.start]
            parts.append(np.full((1, width), -1))
            parts[-1][0, : stop - first] = np.arange(first, stop)
        return np.concatenate(parts, axis=1)


def _taken(order: Ints, here: Bools, width: int) -> tuple[Ints, Ints]:
    """Return the positions (steps, width) of what is here: among all rows, and in the batch."""
    position = np.argsort(~here, axis=1, kind="stable")[:, :width]
    index = np.take_along_axis(order, position, axis=1)
    return np.where(np.take_along_axis(here, position, axis=1), index, -1), position


def _wide_enough(most: int, usual: int) -> int:
    """Return how many rows a process takes of a batch at most: one of few numbers."""
    step = max(usual // 8, 1)
    return usual if most <= usual else usual + -(-(most - usual) // step) * step


@dataclass(frozen=True)
class Mesh:
    """Devices of one or more processes, in the order of processes.

    Attributes
    ----------
    devices
        All of them.
    beat
        Called before each piece of steps, so that somebody may watch that they go on.
    """

    devices: tuple[Any, ...]
    beat: Callable[[], None] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        own = [device.process_index for device in self.devices]
        if len({own.count(process) for process in own}) > 1:
            raise SpecError(
                f"each process must have as many devices as the others, but they have "
                f"{[own.count(process) for process in sorted(set(own))]}"
            )

    @property
    def platform(self) -> str:
        """Their kind."""
        return str(self.devices[0].platform)

    @property
    def exchange(self) -> float:
        """Seconds, about, that `all_reduce` takes: processors of several hosts have no own wire."""
        return 3e-3 if self._processes > 1 and self.platform == "cpu" else 1e-4

    @cached_property
    def _mesh(self) -> JaxMesh:
        return JaxMesh(np.array(self.devices), (_AXIS,))

    @cached_property
    def _here(self) -> list[Any]:
        """Those of this process."""
        own = jax.process_index()
        return [device for device in self.devices if device.process_index == own]

    @property
    def _processes(self) -> int:
        return len(self.devices) // len(self._here)

    def of_all(self, rows: Rows) -> Devices:
        """Return these devices; but for rows that every process has, one that computes alone."""
        return self if self._processes == 1 or isinstance(rows, OwnRows) else OneDevice()

    def all_reduce(self, buffer: A) -> A:
        """Return the sum of every device's buffer."""
        return _psum(buffer, _AXIS)

    def spread(self, function: Callable[..., Any], arguments: tuple[str, ...]) -> Any:
        """Return a function that runs on each device with its own part of the arguments."""
        return jax.shard_map(
            function,
            mesh=self._mesh,
            in_specs=tuple(_SPECS[kind] for kind in arguments),
            out_specs=_SPECS["shared"],
            check_vma=False,  # that results are equal follows from the sums being so
        )

    def shared(self, array: Any) -> A:
        """Return an array that all devices have."""
        return self._made("shared", np.asarray(array))

    def rows(self, array: Any) -> A:
        """Return an array of rows that each device of this process has whole."""
        shape = (len(self.devices) * len(array), *array.shape[1:])
        parts = [jax.device_put(array, device) for device in self._here]
        sharding = NamedSharding(self._mesh, _SPECS["rows"])
        return jax.make_array_from_single_device_arrays(shape, sharding, parts)

    def places(self, order: Ints, rows: Rows) -> Place:
        """Return which rows each device takes in each step."""
        if isinstance(rows, OwnRows):
            return self._place(*rows.share(order))
        each = -(-order.shape[1] // self._processes)
        first = each * jax.process_index()
        position = np.arange(first, first + each)[None]
        here = order[:, first : first + each]
        absent = (0, 0), (0, each - here.shape[1])
        return self._place(np.pad(here, absent, constant_values=-1), position)

    def everywhere(self, rows: Rows, size: int) -> Place:
        """Return where all rows are, of which a device has so many with those that fill up."""
        if isinstance(rows, OwnRows):
            order = rows.everywhere(size)
            return self._place(order, np.zeros_like(order))
        return self.places(everywhere(rows, size), rows)

    def halted(self, stop: bool) -> A | None:
        """Return a column a device that tells whether its process is to stop."""
        if self.beat is not None:
            self.beat()
        if stop and self._processes == 1:
            return None
        return self._made("places", np.full((1, len(self._here)), stop, np.float32))

    def total(self, rows: Rows) -> float:
        """Return Σ s of all rows of all processes."""
        if isinstance(rows, OwnRows) and rows.given_total is None:
            return float(self._sum(rows.weights.sum()))
        return rows.total

    def largest(self, number: int) -> int:
        """Return the largest number that a process gives."""
        found = np.zeros(self._processes, np.int32)
        found[jax.process_index()] = number
        return int(np.max(self._sum(found)))

    def _sum(self, values: Any) -> Floats:
        """Return the sum of what all processes give."""
        parts = np.zeros((len(self._here), *np.shape(values)), np.asarray(values).dtype)
        parts[0] = values  # of its devices, the first gives it
        return np.asarray(self._adding(self._made("rows", parts)))

    @cached_property
    def _adding(self) -> Callable[[A], A]:
        """What adds up an array of each device, compiled once for each shape."""
        return jax.jit(self.spread(lambda one: self.all_reduce(one[0]), ("rows",)))

    def _place(self, index: Ints, position: Ints) -> Place:
        """Return the part of this process, cut among its devices."""
        spare = (0, 0), (0, -index.shape[1] % len(self._here))
        index = np.pad(index, spare, constant_values=-1).astype(np.int32)
        position = np.pad(position, spare).astype(np.uint32)
        return Place(self._made("places", index), self._made("places", position))

    def _made(self, kind: str, local: Any) -> A:
        sharding = NamedSharding(self._mesh, _SPECS[kind])
        return _local(sharding, local)


def devices_of(asked: int | str, beat: Callable[[], None] | None = None) -> Devices:
    """Return so many devices, or all of all processes, which call `beat` before pieces of steps.

    Raises
    ------
    SpecError
        When there are not as many, or some are asked for of several processes.
    """
    if asked == 1:
        return OneDevice()
    found = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    several = jax.process_count() > 1
    if asked == "all":
        return Mesh(tuple(found), beat) if len(found) > 1 else OneDevice()
    if several:
        raise SpecError(f"in several processes devices must be 'all', not {asked}")
    if int(asked) > len(found):
        hint = (
            f"; to try it on a CPU, set XLA_FLAGS=--xla_force_host_platform_device_count={asked}"
            if found[0].platform == "cpu"
            else ""
        )
        raise SpecError(
            f"devices must be at most {len(found)}, of which this machine has as many "
            f"({found[0].platform}), not {asked}{hint}"
        )
    return Mesh(tuple(found[: int(asked)]), beat)
