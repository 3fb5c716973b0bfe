"""What the core has made ready, kept for as long as the network lives."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _core
from ..arrays import Array, Floats, Ints
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .fallback import is_python, python_functions
from .native_merge import Merged, merge
from .native_spec import network_spec, objective_spec, plan_spec

__all__ = ["Prepared", "needs_python", "prepared"]


@dataclass(frozen=True)
class Prepared:
    """The core's engine, and how its θ lies to that of the network: see `native_merge`."""

    core: _core.Engine
    places: Ints | None  # None where it is the same
    size: int  # of the core's θ

    def inward(self, values: Array) -> Floats:
        """Return an array over θ as the core takes it."""
        if self.places is None:
            return values if values.flags.c_contiguous else np.ascontiguousarray(values)
        spread = np.zeros(self.size, values.dtype)
        spread[self.places] = values
        return spread

    def empty(self, dtype: np.dtype[Any]) -> Floats:
        """Return an array over θ for the core to write to."""
        return np.empty(self.size, dtype)

    def outward(self, values: Floats) -> Floats:
        """Return what the core wrote as an array over the network's θ."""
        return values if self.places is None else values[self.places]


_KEPT: dict[int, tuple[weakref.ref[Network], dict[Any, Any]]] = {}
"""By the id of the network: to hash a network of large masks takes longer than to use it."""


def prepared(
    kernels: str,
    dtype: np.dtype[Any],
    network: Network,
    objective: Objective | None = None,
    plan: Plan | None = None,
    apart: bool = False,
) -> Prepared:
    """Return what computes these; the same one for as long as they are asked for again.

    Layers are merged where that pays, unless they are to be left `apart`.
    """
    wide = dtype == np.float64
    if plan is not None:  # one a descent: its state keeps it
        # Dropout is drawn by the numbers of layers.
        return _made(kernels, wide, network, objective, plan, apart or bool(plan.dropout))
    kept = _of(network)
    key = (kernels, wide, objective, apart)
    found: Prepared | None = kept.get(key)
    if found is None:
        found = kept[key] = _made(kernels, wide, network, objective, None, apart)
    return found


def needs_python(network: Network, objective: Objective | None = None) -> bool:
    """Return whether an activation or the error is a Python function, which no core computes."""
    kept = _of(network)
    found: bool | None = kept.get("python")
    if found is None:
        found = kept["python"] = bool(python_functions(network))
    return found or (objective is not None and is_python(objective.error.name))


def _of(network: Network) -> dict[Any, Any]:
    number = id(network)
    found = _KEPT.get(number)
    if found is None or found[0]() is not network:
        found = (weakref.ref(network, lambda _: _KEPT.pop(number, None)), {})
        _KEPT[number] = found
    return found[1]


def _merged(network: Network) -> Merged | None:
    kept = _of(network)
    if "merged" not in kept:
        kept["merged"] = merge(network)
    merged: Merged | None = kept["merged"]
    return merged


def _made(
    kernels: str,
    wide: bool,
    network: Network,
    objective: Objective | None,
    plan: Plan | None,
    apart: bool,
) -> Prepared:
    merged = None if apart else _merged(network)
    taken, entries = (network, network) if merged is None else (merged.network, merged)
    core = _core.Engine(
        kernels,
        wide,
        network_spec(taken, entries.masked, entries.trainable),
        () if objective is None else objective_spec(network, objective),
        () if plan is None else plan_spec(taken, plan),
    )
    return Prepared(core, None if merged is None else merged.places, taken.size)
