"""What is written in Python, which only the reference engine runs."""

from __future__ import annotations

from typing import Any

from ..errors import EngineWarning, warn
from ..formulas.activations import ACTIVATIONS
from ..formulas.optimizers import OPTIMIZERS
from ..formulas.own_name import OwnName
from ..spec.network import Network
from ..spec.plan import Objective, Plan

__all__ = ["Teller", "is_python", "python_functions"]


def python_functions(
    network: Network, objective: Objective | None = None, plan: Plan | None = None
) -> list[str]:
    """Return the names of the Python functions in them, which only the reference engine runs.

    A class of optimizers that is in no table is one, too.
    """
    names: list[Any] = [ACTIVATIONS[layer.activation].name for layer in network.layers]
    names += [objective.error.name] if objective else []
    found = [str(name) for name in names if is_python(name)]
    if plan and type(plan.stepwise) is not OPTIMIZERS.get(plan.stepwise.name):
        found.append(type(plan.stepwise).__name__)
    return found


def is_python(name: str) -> bool:
    """Return whether an activation or error of this name is a Python function."""
    return isinstance(name, OwnName) and name.plain is None


class Teller:
    """Says of each Python function, once, why the reference engine computes."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, names: list[str]) -> None:
        """Warn of the names that were not told yet."""
        for name in set(names) - self._told:
            self._told.add(name)
            warn(
                f"'{name}' is written in Python, so the reference engine computes, many times "
                "slower; write it as a formula in text, or take engine='reference'",
                EngineWarning,
            )
