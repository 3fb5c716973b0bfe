"""The engine that all processes are together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..descent.solving import ByFormula
from ..engines.protocol import Iterations, Rows, Stop
from ..engines.xla import Products, XlaEngine
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .watchdog import Watchdog

__all__ = ["TogetherEngine"]


class TogetherEngine(XlaEngine):
    """The engine of JAX over all devices of all processes, watched.

    Every process makes the same calls, in the same order.

    Parameters
    ----------
    dog
        Told of each piece of steps, before it; None for no watch.
    products
        As for `XlaEngine`.
    """

    def __init__(self, dog: Watchdog | None = None, products: Products = "highest") -> None:
        super().__init__("all", products, beat=None if dog is None else dog.beat)
        self._dog, self._fresh = dog, True

    @property
    def local_devices(self) -> int:
        """How many devices this process has."""
        import jax

        return int(jax.local_device_count())

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows of all processes."""
        if self._dog is not None and self._fresh:
            self._dog.once()  # it is compiled first
        self._fresh = False
        return super().error(network, objective, theta, rows)

    def iterations(self, network: Network, plan: Plan, dtype: np.dtype[Any]) -> Iterations | None:
        """Return what takes a solver's iterations, in all processes the same ones."""
        solver: Any = plan.optimizer
        return _Together(self, solver, network, plan.objective)

    def agreed(self, stop: bool) -> bool:
        """Return whether any process is to stop, before an iteration that all take or none."""
        if self._dog is not None:
            self._dog.beat()
        return bool(self._devices.largest(int(stop)))


@dataclass(frozen=True)
class _Together(ByFormula):
    """A solver's iterations: each process takes them all, of sums over the rows of all.

    These sums are the same numbers everywhere, and so is all that follows from them.
    """

    engine: TogetherEngine

    def halted(self, stop: Stop) -> bool:
        """Return whether any process is to stop."""
        return self.engine.agreed(stop.now())
