"""Networks, objectives and plans as the plain tuples that the C++ core is given, once a descent.

A row of a table is told by its family and settings, and computed by the core's own case of it; a
user's formula is told as programs. A Python function can be told in no way: see `fallback`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Bools
from ..formulas.activations import ACTIVATIONS, Activation
from ..formulas.expression import Expression
from ..formulas.expression_program import Program
from ..formulas.losses import Loss
from ..formulas.optimizers import Optimizer
from ..formulas.own_name import OwnName
from ..spec.dropout import dropout_rates
from ..spec.fits import target_count
from ..spec.network import Network
from ..spec.plan import Objective, Plan

__all__ = ["network_spec", "objective_spec", "plan_spec"]

_OPTIMIZER_SETTINGS = (
    "learning_rate", "momentum", "epsilon", "start", "decay", "beta1", "beta2", "weight_decay",
    "psi", "shrink", "grow", "least", "most", "nesterov", "centered", "amsgrad",
)  # fmt: skip
"""In the order of ``cpp/kernel.hpp``."""

_NUMBERS = {"huber": ("delta",), "leaky_relu": ("slope",), "elu": ("alpha",)} | {
    "ordered": ("groups",),
    "binary_cross_entropy": ("smoothing", "clip"),
    "cross_entropy": ("smoothing", "clip"),
}
"""The settings of each family that are plain numbers, in the order of ``cpp/elements``."""


def network_spec(network: Network, masked: Bools, trainable: Bools | None) -> tuple[Any, ...]:
    """Return input sizes, layers (size, bias, sources, activation), absent and trainable entries.

    Sources are numbers: input layers first, then the others, in the network's order.
    """
    inputs, layers = network.inputs, network.layers
    number = {name: i for i, name in enumerate(_names(network))}
    return (
        [layer.size for layer in inputs],
        [
            (
                layer.size,
                layer.bias,
                [number[source] for source in layer.sources],
                _activation(layer.activation),
            )
            for layer in layers
        ],
        _flags(masked if masked.any() else None),
        _flags(trainable),
    )


def objective_spec(network: Network, objective: Objective) -> tuple[Any, ...]:
    """Return the error, whether it is fused with the output, how it joins rows, and strengths."""
    loss = objective.error
    return (
        _row(loss),
        ACTIVATIONS[network.output.activation].family in loss.pairs,
        loss.reduction == "sum",
        target_count(loss, network),
        objective.l1,
        objective.l2,
        objective.alpha,
    )


def plan_spec(network: Network, plan: Plan) -> tuple[Any, ...]:
    """Return the optimizer, limits (0 for none), dropout rates by layer, input noise and seed."""
    optimizer, rates = plan.stepwise, dropout_rates(network, plan.dropout)
    return (
        optimizer.name,
        optimizer.dialect,
        _optimizer_settings(optimizer),
        plan.clip_value or 0.0,
        plan.clip_norm or 0.0,
        plan.max_norm or 0.0,
        [rates.get(name, 0.0) for name in _names(network)],
        plan.input_noise,
        plan.seed & 0xFFFF_FFFF_FFFF_FFFF,
    )


def _names(network: Network) -> list[str]:
    return [layer.name for layer in network.inputs] + [layer.name for layer in network.layers]


def _optimizer_settings(optimizer: Optimizer) -> list[float]:
    return [float(getattr(optimizer, name, 0.0)) for name in _OPTIMIZER_SETTINGS]


def _flags(flags: Bools | None) -> bytes:
    return b"" if flags is None else np.ascontiguousarray(flags, np.uint8).tobytes()


def _activation(name: str) -> tuple[Any, ...]:
    row: Activation = ACTIVATIONS[name]
    joint = row.coupled or row.group > 1
    return _row(row, joint, row.slope_from == "output")


def _row(row: Activation | Loss, joint: bool = False, from_output: bool = False) -> tuple[Any, ...]:
    """Return family, numbers, list, output weights, the programs of a formula, and its kind."""
    name = row.name
    if isinstance(name, OwnName) and name.plain is not None:
        names = ("z",) if name.kind == "activation" else ("yhat", "y")
        value, slope = (_program(name.plain[part], names) for part in ("formula", "slope"))
        return "expression", [], [], [], value, slope, joint, False
    settings = row.settings
    numbers = [float(settings.get(key, 0.0)) for key in _NUMBERS.get(row.family, ())]
    levels = list(settings.get("levels", ()))
    weights = list(settings.get("output_weights") or ())
    return row.family, numbers, levels, weights, [], [], joint, from_output


# --- formulas ------------------------------------------------------------------------------------

_CHAINS = frozenset({"add", "mul", "max", "min"})


def _program(plain: Any, names: tuple[str, ...]) -> list[tuple[str, float, list[int]]]:
    """Return a formula's steps (operation, number, earlier steps), chains as operations of two."""
    code: list[tuple[str, float, list[int]]] = []
    places: list[int] = []  # of the results of the program's own steps
    for part, constant, arguments in Program(Expression.from_json(plain, names)).steps:
        below = [places[i] for i in arguments]
        head = str(part.head)
        if constant is not None:
            code.append(("constant", constant, []))
        elif not part.arguments:
            code.append(("input", 0.0, [names.index(head)]))
        elif head in _CHAINS:
            for left, right in _pairs(below, len(code)):
                code.append((head, 0.0, [left, right]))
        else:
            code.append((head, _exponent(part), below))
        places.append(len(code) - 1)
    return code


def _pairs(below: list[int], at: int) -> list[tuple[int, int]]:
    """Return the operands of a chain from the left, whose first operation is step `at`."""
    lefts = [below[0], *range(at, at + len(below) - 2)]
    return list(zip(lefts, below[1:], strict=True))


def _exponent(part: Expression) -> float:
    from ..formulas.expression_program import constant

    return constant(part.arguments[1]) if part.head == "pow" else 0.0
