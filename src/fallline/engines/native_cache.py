"""What the core has made ready, kept for as long as the network lives."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from .. import _core
from ..spec.network import Network
from ..spec.plan import Objective, Plan
from .native_spec import network_spec, objective_spec, plan_spec

__all__ = ["prepared"]


_KEPT: dict[int, tuple[weakref.ref[Network], dict[Any, _core.Engine]]] = {}
"""By the id of the network: to hash a network of large masks takes longer than to use it."""


def prepared(
    kernels: str,
    dtype: np.dtype[Any],
    network: Network,
    objective: Objective | None = None,
    plan: Plan | None = None,
) -> _core.Engine:
    """Return what computes these; the same one for as long as they are asked for again."""
    wide = dtype == np.float64
    if plan is not None:  # one a descent: its state keeps it
        return _made(kernels, wide, network, objective, plan)
    kept = _of(network)
    key = (kernels, wide, objective)
    found = kept.get(key)
    if found is None:
        found = kept[key] = _made(kernels, wide, network, objective, None)
    return found


def _of(network: Network) -> dict[Any, _core.Engine]:
    number = id(network)
    found = _KEPT.get(number)
    if found is None or found[0]() is not network:
        found = (weakref.ref(network, lambda _: _KEPT.pop(number, None)), {})
        _KEPT[number] = found
    return found[1]


def _made(
    kernels: str, wide: bool, network: Network, objective: Objective | None, plan: Plan | None
) -> _core.Engine:
    return _core.Engine(
        kernels,
        wide,
        network_spec(network),
        () if objective is None else objective_spec(network, objective),
        () if plan is None else plan_spec(network, plan),
    )
