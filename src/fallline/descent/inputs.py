"""What a run starts from, checked: its start weights and its validation rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..engines.calls import checked_rows
from ..engines.protocol import Rows, Steps
from ..errors import SpecError
from ..formulas.checks import finite_number
from ..history import Epoch
from ..spec.fits import check_trainable
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = [
    "check_limits",
    "check_patience",
    "check_record",
    "check_step",
    "checked_hooks",
    "start_theta",
    "the_plan",
    "validation_rows",
]

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def the_plan(network: Network, plan: Plan | None, settings: Mapping[str, Any]) -> Plan:
    """Return the plan that was given, or that of the settings, where it fits the network."""
    if plan is not None and settings:
        raise SpecError(f"give a plan or its settings ({', '.join(settings)}), not both")
    if plan is not None and not isinstance(plan, Plan):
        raise SpecError(f"plan must be a Plan, not {plan!r}; or give its fields as keywords")
    found = Plan.of(**settings) if plan is None else plan
    found.check(network)
    check_trainable(network)
    return found


def check_record(record: object, keep: object) -> None:
    """Raise a SpecError where they are not what `Run` takes."""
    if record not in (None, "steps", "epochs"):
        raise SpecError(f"record must be 'steps', 'epochs' or None, not {record!r}")
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
        raise SpecError(f"keep must be a whole number of at least 1, not {keep!r}")


def check_step(rows: object) -> None:
    """Raise a SpecError where they are no number of rows of a single step, nor None."""
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 1):
        raise SpecError(f"rows must be a whole number above 0, not {rows!r}")


def check_limits(steps: object, seconds: object) -> None:
    """Raise a SpecError where they are not what `Run.advance` takes."""
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 0):
        raise SpecError(f"steps must be a whole number of at least 0, not {steps!r}")
    number = finite_number(seconds)
    if seconds is not None and (number is None or number < 0):
        raise SpecError(f"seconds must be a finite number of at least 0, not {seconds!r}")


def check_patience(plan: Plan, validation: Rows | None) -> None:
    """Raise a SpecError where a plan watches a validation error that there is none of."""
    if plan.patience is not None and validation is None:
        raise SpecError("patience watches the validation error: give X_val and y_val too")


def checked_hooks(
    callbacks: Any, on_steps: Any
) -> tuple[tuple[Callable[[Epoch], object], ...], Callable[[Steps, Ints], object] | None]:
    """Return the callbacks and the function of steps, all of which are functions."""
    several = callbacks if isinstance(callbacks, list | tuple) else (callbacks,)
    for callback in several:
        if not callable(callback):
            raise SpecError(f"callbacks must be functions of an Epoch, not {callback!r}")
    if on_steps is not None and not callable(on_steps):
        raise SpecError(f"on_steps must be a function of Steps and an order, not {on_steps!r}")
    return tuple(several), on_steps


def start_theta(
    network: Network, plan: Plan, theta: Any, initializer: Any, dtype: npt.DTypeLike | None
) -> Floats:
    """Return the start weights θ (P,): those given, else drawn from the plan's seed."""
    if dtype is not None and dtype not in _DTYPES:
        raise SpecError(f"dtype must be float32 or float64, not {dtype!r}")
    if theta is None:
        return network.initial(initializer, plan.seed, dtype or np.float64)
    start = given_theta(network, theta, dtype)
    return start if start.dtype in (np.float32, np.float64) else start.astype(np.float64)


def validation_rows(
    network: Network, plan: Plan, X: Any, Y: Any, weights: Any, dtype: npt.DTypeLike
) -> Rows | None:
    """Return the validation rows, or None where there are none."""
    ready = isinstance(X, Rows)
    if ((X is None) != (Y is None) and not ready) or (X is None and weights is not None):
        raise SpecError("give X_val and y_val together (and sample_weight_val with them)")
    if X is not None:
        return checked_rows(network, plan.objective, X, Y, weights, dtype)
    check_patience(plan, None)
    return None
