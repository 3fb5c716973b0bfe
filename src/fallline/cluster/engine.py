"""The engine that all processes are together."""

from __future__ import annotations

from ..arrays import Floats
from ..engines.protocol import Rows
from ..engines.xla import Products, XlaEngine
from ..spec.network import Network
from ..spec.plan import Objective
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
