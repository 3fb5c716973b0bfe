"""The engine that all processes are together, and what it cannot do."""

from __future__ import annotations

from typing import Any

from ..arrays import Array, Floats
from ..engines.fallback import python_functions
from ..engines.protocol import Rows
from ..engines.xla import Products, XlaEngine
from ..errors import SpecError
from ..formulas.optimizers import Solver
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .watchdog import Watchdog

__all__ = ["TogetherEngine", "check_together"]


def check_together(network: Network, plan: Plan) -> None:
    """Raise a SpecError for what needs all rows in one process, or functions that stay in it."""
    if python_functions(network, plan.objective, plan):
        raise SpecError(
            "a Python function of your own cannot be sent to other processes; write it as a "
            "formula, such as 'z*tanh(z)'"
        )
    if isinstance(plan.optimizer, Solver):
        raise SpecError(
            f"{plan.optimizer.name} takes all rows in one process; with several processes take an "
            "optimizer that steps by batches, such as adam"
        )
    if plan.metrics:
        raise SpecError("metrics of each epoch need all rows in one process; leave --metric out")


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

    def start(
        self,
        network: Network,
        plan: Plan,
        theta: Floats,
        resume: dict[str, Array] | None = None,
    ) -> Any:
        """Return the state before the first step, or the one that a snapshot was taken of."""
        check_together(network, plan)
        return super().start(network, plan, theta, resume)

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows of all processes."""
        if self._dog is not None and self._fresh:
            self._dog.once()  # it is compiled first
        self._fresh = False
        return super().error(network, objective, theta, rows)
