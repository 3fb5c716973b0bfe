"""What is compiled, kept for as long as it is asked for again; and how often that was needed.

A function is compiled once for each formula and shape. Numbers that change from run to run, such as
rates, seeds and weights, are its arguments, so that another epoch, seed or rate compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from ..errors import SpecError
from ..formulas.optimizers import Optimizer
from ..spec.plan import Plan
from .xla_step import Formula

__all__ = ["compilations", "compiled", "precisely", "what_counts"]

_MOST = 256
"""Functions that are kept."""

_count = 0


def compilations() -> int:
    """Return how many functions this process has compiled for the xla engine so far.

    Examples
    --------
    >>> import fallline as fl
    >>> net = fl.Network.parse("2 -> 1")
    >>> run = fl.Run(net, [[1.0, 2.0]], [3.0], engine="xla", seed=1)
    >>> _, before = next(run), compilations()
    >>> _ = next(run)
    >>> compilations() - before
    0
    """
    return _count


@lru_cache(_MOST)
def compiled(
    function: Callable[..., Any], formula: Formula, arguments: tuple[str, ...] | None = None
) -> Any:
    """Return a function of a formula, compiled when it is first called with arrays of a shape.

    With `arguments` it runs on all devices, which see them as `Devices.spread` says.
    """

    def traced(*arguments: Any) -> Any:
        global _count
        _count += 1  # tracing comes before each compilation, and at no other time
        return function(formula, *arguments)

    return jax.jit(traced if arguments is None else formula.devices.spread(traced, arguments))


def what_counts(plan: Plan) -> Plan:
    """Return a plan of all that steps depend on, and that is compiled: no rates, no seed."""
    optimizer: Any = plan.optimizer
    stepwise = isinstance(plan.optimizer, Optimizer)
    if stepwise and "eta0" not in optimizer.formula.step:  # that of Rprop: its first rate
        optimizer = replace(optimizer, learning_rate=1.0)
    names = ("loss", "l2", "l1", "alpha", "max_norm", "dropout", "input_noise")
    kept = {name: getattr(plan, name) for name in (*names, "clip_value", "clip_norm")}
    return Plan(**kept, optimizer=optimizer)


_PRECISIONS = {"bfloat16": "default"}


def precisely(dtype: np.dtype[Any], products: str) -> ExitStack:
    """Return a context in which JAX has the type and multiplies as asked; it sets no option."""
    if products == "bfloat16" and dtype == np.float64:
        raise SpecError(
            "products='bfloat16' rounds what would have float64; give dtype='float32' with it"
        )
    context = ExitStack()
    context.enter_context(jax.enable_x64(dtype == np.float64))
    context.enter_context(jax.default_matmul_precision(_PRECISIONS.get(products, products)))
    return context
