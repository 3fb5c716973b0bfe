"""The engine of JAX: accelerators, and several devices and hosts.

The formulas of the tables over jax.numpy, their slopes by automatic differentiation. Rows are sent
to the devices once; then pieces of an epoch, of some milliseconds each, run there in one compiled
loop, and between two of them the engine looks for a stop, a deadline or Ctrl-C. Where an epoch is
cut changes no bit of it.

No option of JAX's is set: the type and the precision of products hold within each call. What holds
a Python function of the user's is computed by the reference engine, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..arrays import Array, Floats, Inputs, Ints
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .fallback import Teller, python_functions
from .mesh import devices_of
from .protocol import Iterations, Ready, Rows, Steps, Stop
from .reference import ReferenceEngine
from .xla_cache import compiled, precisely, what_counts
from .xla_descent import Taking, XlaState, placed, plain
from .xla_devices import Devices, OneDevice
from .xla_epoch import (
    WHOLE,
    block_rows,
    example_slopes,
    outputs,
    piece_length,
    whole,
)  # fmt: skip
from .xla_rows import longest_row, on_device, resident
from .xla_step import Formula

__all__ = ["Products", "XlaEngine"]

Products = Literal["highest", "high", "default", "bfloat16"]

_MOST_EPOCHS = 100
"""Epochs that `advance` takes in one call, at most."""


class XlaEngine:
    """The engine of JAX.

    Parameters
    ----------
    devices
        How many devices share each batch; ``"all"`` takes all devices of all processes.
    products
        How matrices of float32 are multiplied: ``"highest"``, as float32 does; ``"high"`` and
        ``"default"``, as JAX means them, faster and less exact on accelerators; ``"bfloat16"``,
        rounded to bfloat16 and summed in float32, while weights and all else stay float32.
    beat
        Called before each piece of steps that several devices take.

    Raises
    ------
    SpecError
        When there are not as many devices, on first use; for bfloat16 and weights of float64.
    """

    name = "xla"

    def __init__(
        self,
        devices: int | Literal["all"] = 1,
        products: Products = "highest",
        beat: Callable[[], None] | None = None,
    ) -> None:
        self._asked, self._products, self._beat = devices, products, beat
        self._reference, self._teller = ReferenceEngine(), Teller()

    @cached_property
    def _devices(self) -> Devices:
        """Where it computes; JAX looks for devices when they are asked for first."""
        return devices_of(self._asked, self._beat)

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
        with precisely(theta.dtype, self._products):
            own = placed(arrays, self._devices)
        return XlaState(network, plan, what_counts(plan), own, int(arrays["step"]))

    def snapshot(self, state: Any) -> dict[str, Array]:
        """Return θ, the count of steps and the optimizer's arrays as copies."""
        return plain(state) if isinstance(state, XlaState) else self._reference.snapshot(state)

    def epochs_at_once(self, state: Any, rows: Rows) -> int:
        """Return how many epochs of these rows `advance` may take of this descent in one call."""
        if not isinstance(state, XlaState):
            return 1
        size = state.plan.batch_size or rows.n
        steps = piece_length(state.network, size, self._devices)
        return min(_MOST_EPOCHS, max(steps // -(-rows.n // size), 1))

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
        if not isinstance(state, XlaState):
            return self._reference.advance(state, rows, order, rates, stop)
        size, epoch = state.plan.batch_size or rows.n, len(order) // epochs
        each = -(-epoch // size)
        if len(rates) != epochs * each:
            raise ValueError(
                f"there must be a rate for each of the {epochs * each} steps, not {len(rates)}"
            )
        batches = np.full((epochs, each * size), -1, order.dtype)
        batches[:, :epoch] = np.reshape(order, (epochs, epoch))
        interrupted = None
        with precisely(state.dtype, self._products):
            kept = resident(rows, self._devices)
            formula = self._formula(self._devices, state.network, state.counts, kept.longest)
            taking = Taking(self._devices, formula, state, rows)
            try:
                taking.take(batches.reshape(epochs * each, size), np.asarray(rates), stop)
            except KeyboardInterrupt as error:  # wherever it comes, whole pieces are done
                interrupted = error
        whole_epochs, more = divmod(taking.done, max(each, 1))
        done = whole_epochs * epoch + min(more * size, epoch)
        return taking.state, taking.steps(done, interrupted)

    def iterations(self, network: Network, plan: Plan, dtype: np.dtype[Any]) -> Iterations | None:
        """Return None: a solver's formula takes its iterations."""
        return None

    # Single computations.

    def error(self, network: Network, objective: Objective, theta: Floats, rows: Rows) -> float:
        """Return J of all the rows."""
        if _in_python(network, objective):
            return self._reference.error(network, objective, theta, rows)
        return self._whole(network, objective, theta, rows)[0]

    def error_and_gradient(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Floats]:
        """Return J of all the rows and ∂J/∂θ (P,)."""
        if _in_python(network, objective):
            return self._reference.error_and_gradient(network, objective, theta, rows)
        error, gradient = self._whole(network, objective, theta, rows)
        return error, np.array(gradient)

    def example_gradients(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> Floats:
        """Return ∂e/∂θ (n, P) of each row's error alone, without its weight and any penalty."""
        if _in_python(network, objective):
            return self._reference.example_gradients(network, objective, theta, rows)
        formula = self._formula(
            OneDevice(), network, _counts(objective), longest_row(rows.X), network.size
        )
        return self._by_blocks(formula, example_slopes, theta, rows)

    def predict(self, network: Network, theta: Floats, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k)."""
        if _in_python(network):
            return self._reference.predict(network, theta, X)
        n = X.shape[0]  # a sparse matrix has no len
        rows = Rows(X, np.zeros((n, 0), theta.dtype), np.zeros(n, theta.dtype))
        return self._by_blocks(
            self._formula(OneDevice(), network, _NOTHING, longest_row(X)), outputs, theta, rows
        )

    def ready(self, network: Network, theta: Floats) -> Ready | None:
        """Return None: there is nothing to make ready."""
        return None

    def _whole(
        self, network: Network, objective: Objective, theta: Floats, rows: Rows
    ) -> tuple[float, Any]:
        """Return J as it is reported, and ∂J/∂θ."""
        with precisely(theta.dtype, self._products):
            devices = self._devices.of_all(rows)
            kept = resident(rows, devices)
            formula = self._formula(devices, network, _counts(objective), kept.longest)
            _, gradient, told = compiled(whole, formula, WHOLE)(
                devices.shared(theta), kept.batch, kept.everywhere, kept.total
            )
            return float(told), gradient

    def _by_blocks(
        self, formula: Formula, function: Callable[..., Any], theta: Floats, rows: Rows
    ) -> Floats:
        """Return what a function gives of each row, of which it gets a power of 2 at a time."""
        alone, found = OneDevice(), []
        with precisely(theta.dtype, self._products):
            compute, weights = compiled(function, formula), alone.shared(theta)
            for first in range(0, rows.n, formula.block):
                part = slice(first, first + formula.block)
                own = Rows(rows.X[part], rows.Y[part], rows.weights[part])
                size = 1 << (own.n - 1).bit_length()
                result = np.asarray(compute(weights, on_device(own, size, alone.rows)))
                found.append(result[: own.n])
        return found[0].copy() if len(found) == 1 else np.concatenate(found)

    def _formula(
        self, devices: Devices, network: Network, counts: Plan, entries: int, beside: int = 0
    ) -> Formula:
        block = block_rows(network, entries, beside)
        return Formula(network, counts, self._products, devices, block)


def _counts(objective: Objective) -> Plan:
    """Return a plan of the objective alone."""
    told = {name: getattr(objective, name) for name in ("loss", "l2", "l1", "alpha")}
    return what_counts(Plan(**told))


_NOTHING = _counts(Objective())


def _in_python(network: Network, objective: Objective | None = None) -> bool:
    return bool(python_functions(network, objective))
