"""Every number of one step of a descent, by its name; errors and gradient are the engine's own."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..descent.calls import descend
from ..engines.calls import error_and_gradient
from ..errors import SpecError
from ..formulas.optimizers import SGD, Optimizer
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Objective
from .rows import rows_of
from .step_quantity import StepQuantity
from .trace_numbers import Numbers, numbers_of

__all__ = ["StepNumbers"]


class StepNumbers:
    """What one step on all of some rows computes.

    Parameters
    ----------
    network, theta
        The network and its parameters (P,) before the step.
    X, Y
        (n, d) inputs and (n, k) targets; (d,) and (k,) for a single row.
    loss
        The error.
    optimizer
        Whose step is taken.
    """

    def __init__(
        self,
        network: Network,
        theta: npt.ArrayLike,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        loss: str = "sse",
        optimizer: Optimizer | None = None,
    ) -> None:
        self.network, self.theta = network, given_theta(network, theta, np.float64)
        self.objective, self.optimizer = Objective(loss), optimizer or SGD(0.1)
        self.rows = rows_of(network, self.objective, X, Y)
        self.error, self.gradient = self._of(self.theta)

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.rows.n

    @cached_property
    def units(self) -> Numbers:
        """What every unit computed."""
        return numbers_of(self.network, self.objective, self.theta, self.rows)

    @cached_property
    def stepped(self) -> Floats:
        """θ (P,) after the step."""
        theta: Floats = descend(
            self.network, self.rows.X, self.rows.Y, loss=self.objective.loss,
            optimizer=self.optimizer, theta=self.theta, batch_size=None, epochs=1, shuffle=False,
        ).theta  # fmt: skip
        return theta

    @cached_property
    def error_after(self) -> float:
        """E of the same rows after the step."""
        return self._of(self.stepped)[0]

    def _of(self, theta: Floats) -> tuple[float, Floats]:
        X, Y, _ = self.rows
        return error_and_gradient(self.network, theta, X, Y, loss=self.objective.loss)

    def value(self, quantity: StepQuantity) -> float:
        """Return a quantity.

        Raises
        ------
        SpecError
            For what an input unit does not have.
        """
        kind = quantity.kind
        if kind == "E":
            return self.error
        if kind == "E after":
            return self.error_after
        if kind in ("dE", "step", "new"):
            index = self.network.index(quantity.of)
            old, new = float(self.theta[index]), float(self.stepped[index])
            return {"dE": float(self.gradient[index]), "step": new - old, "new": new}[kind]
        layer, _, unit = quantity.of.rpartition(".")
        at = quantity.row or 0, int(unit)
        if layer in self.units.layers:
            return float(getattr(self.units.layers[layer], _FIELDS[kind])[at])
        if kind != "o":
            raise SpecError(f"{quantity}: an input unit has an output, which is x, and no more")
        return float(self.units.inputs[layer][at])


_FIELDS = {"h": "h", "o": "o", "dE/do": "dE_do", "dE/dh": "dE_dh", "delta": "delta"}
