"""The slips that books and exercise sheets make: which of them gives the number that is printed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from ..formulas.activations import ACTIVATIONS
from ..formulas.optimizers import SGD
from .printed import agreement
from .step_numbers import StepNumbers
from .step_quantity import StepQuantity

__all__ = ["slip_behind"]


class Slip(NamedTuple):
    """A wrong way to a number."""

    wrong: float
    sentence: str


def slip_behind(numbers: StepNumbers, quantity: StepQuantity, printed: Decimal) -> str:
    """Return a sentence on the slip that gives the printed number; empty where none known does.

    Slips that give the right number here are passed over, since they would explain nothing.
    """
    right = numbers.value(quantity)
    for slip in _OF_KIND.get(quantity.kind, _of_slope)(numbers, quantity, right):
        found = agreement(slip.wrong, printed)
        # One digit may agree by chance.
        if slip.wrong != right and found.complete and found.printed_digits > 1:
            return slip.sentence
    return ""


def _of_slope(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    kind, n = quantity.kind, numbers.n
    if_delta = ", as δ has where it stands for ∂E/∂h; here it is −∂E/∂h" * (kind == "delta")
    slips = [
        Slip(-right, f"It has the opposite sign{if_delta}."),
        Slip(2 * right, "It is twice as large, as if the error had no ½ in it."),
        Slip(right / 2, "It is half as large, as if the error had a ½ (or another ½) in it."),
    ]
    if n > 1:
        slips += [
            Slip(right / n, f"It is divided by the {n} rows: the mean over rows, not the sum."),
            Slip(right * n, f"It is {n} times as large: the sum over rows, not the mean."),
        ]
    if kind in ("dE/dh", "delta"):
        outer = numbers.value(StepQuantity("dE/do", quantity.of, quantity.row))
        signed = -outer if kind == "delta" else outer
        slips.append(Slip(signed, "The slope f' of the activation was left out."))
    return slips


def _of_error(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    return _of_slope(numbers, quantity, right)[1:]


def _of_net_input(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    network = numbers.network
    layer = quantity.of.rpartition(".")[0]
    block = next(block for block in network.blocks if block.name == layer)
    if block.biases is None:
        return []
    bias = float(numbers.theta[network.index(f"b[{quantity.of}]")])
    return [Slip(right - bias, "It lacks the bias.")]


def _of_output(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    if quantity.of.rpartition(".")[0] not in numbers.units.layers:
        return []
    net_input = numbers.value(StepQuantity("h", quantity.of, quantity.row))
    return [Slip(net_input, "It is the net input: the activation was not applied.")]


def _of_new_weight(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    old = float(numbers.theta[numbers.network.index(quantity.of)])
    move = right - old
    slips = [Slip(old - move, _climbs(numbers, quantity))]
    if isinstance(numbers.optimizer, SGD):
        slips += [
            Slip(old - _slope(numbers, quantity), f"It is w − ∂E/∂w: {_rate(numbers)}"),
            Slip(old + 2 * move, "The step is twice as large, as if the error had no ½ in it."),
            Slip(old + move / 2, "The step is half as large, as if the error had another ½ in it."),
            *_early(numbers, quantity, old, -numbers.optimizer.learning_rate),
        ]
    return [*slips, Slip(old, f"It is {quantity.of} before the step.")]


def _climbs(numbers: StepNumbers, quantity: StepQuantity) -> str:
    if not isinstance(numbers.optimizer, SGD):
        return "The step has the opposite sign: it climbs."
    if _slope(numbers, quantity) > 0:
        return "It is w + η·∂E/∂w, which climbs. The rule is w − η·∂E/∂w."
    return (
        "It is w − η·|∂E/∂w|, which climbs where ∂E/∂w is negative, as it is here (w + η·∂E/∂w is "
        "the same there). The rule has the slope itself, with its sign: w − η·∂E/∂w."
    )


def _of_step(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    slips = [Slip(-right, "It has the opposite sign: such a step climbs.")]
    if isinstance(numbers.optimizer, SGD):
        slips.append(Slip(-_slope(numbers, quantity), f"It is −∂E/∂w: {_rate(numbers)}"))
        slips += _of_slope(numbers, quantity, right)
        slips += _early(numbers, quantity, 0.0, -numbers.optimizer.learning_rate)
    return slips


def _slope(numbers: StepNumbers, quantity: StepQuantity) -> float:
    return numbers.value(StepQuantity("dE", quantity.of))


def _rate(numbers: StepNumbers) -> str:
    return f"the learning rate {numbers.optimizer.learning_rate:g} was left out."


def _too_early(numbers: StepNumbers, quantity: StepQuantity) -> float:
    """Return ∂E/∂w as it is when the weights of the layers after it are moved first."""
    network, units = numbers.network, numbers.units
    index = network.index(quantity.of)
    block = next(block for block in network.blocks if index < block.stop)
    own, views = units.layers[block.name], network.views(numbers.stepped)
    upstream = np.zeros_like(own.o)
    for fed in network.blocks:
        at = 0
        for source in fed.sources:
            width = network.width(source)
            if source == block.name:
                W = views[fed.name].weights[at : at + width]
                upstream += units.layers[fed.name].dE_dh @ W.T
            at += width
    activation = next(layer.activation for layer in network.layers if layer.name == block.name)
    slopes = ACTIVATIONS[activation].back(np, own.h, own.o, upstream)
    if index >= block.weights.stop:
        return float(slopes[:, index - block.weights.stop].sum())
    i, j = divmod(index - block.weights.start, block.shape[1])
    return float(own.sources[:, i] @ slopes[:, j])


def _of_gradient(numbers: StepNumbers, quantity: StepQuantity, right: float) -> list[Slip]:
    return [*_of_slope(numbers, quantity, right), *_early(numbers, quantity, 0.0, 1.0)]


def _early(numbers: StepNumbers, quantity: StepQuantity, start: float, factor: float) -> list[Slip]:
    """Return the slip of a layer whose slopes are taken at new weights, where it feeds others."""
    if quantity.of[2:-1].rpartition("->")[2].rpartition(".")[0] == numbers.network.output.name:
        return []
    wrong = start + factor * _too_early(numbers, quantity)
    return [
        Slip(
            wrong,
            "The weights after it were moved first, and its slope was taken with the new ones: "
            "all have to move together, by slopes at the old weights.",
        )
    ]


_OF_KIND: dict[str, Callable[[StepNumbers, StepQuantity, float], list[Slip]]] = {
    "E": _of_error,
    "E after": _of_error,
    "dE": _of_gradient,
    "h": _of_net_input,
    "o": _of_output,
    "new": _of_new_weight,
    "step": _of_step,
}
