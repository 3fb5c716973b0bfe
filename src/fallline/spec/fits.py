"""Whether an error fits a network and its targets: refused by name, before anything is computed."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Floats
from ..errors import DataError, SpecError
from ..formulas.activations import ACTIVATIONS, Activation
from ..formulas.losses import Loss
from .initial import check_network
from .network import Network

__all__ = ["check_loss", "check_target_values", "check_trainable", "output_for", "target_count"]


def target_count(loss: Loss, network: Network) -> int:
    """Return the number of targets: columns of Y that the network's outputs are judged by.

    Examples
    --------
    >>> from fallline.formulas.losses import LOSSES
    >>> target_count(LOSSES["gaussian_likelihood"], Network.parse("3 -> 2 mean_variance"))
    1
    """
    return network.n_outputs // loss.outputs_each


def output_for(loss: Loss, targets: int, *, classes: bool, exclusive: bool) -> str:
    """Return the output activation that suits an error of so many targets.

    Parameters
    ----------
    classes
        Whether targets stand for classes; otherwise they are numbers.
    exclusive
        Whether a row is of one class out of several, which have one target each.

    Examples
    --------
    >>> from fallline.formulas.losses import LOSSES
    >>> output_for(LOSSES["squared_error"], 3, classes=True, exclusive=True)
    'softmax'
    """
    if loss.within == (0.0, math.inf):
        return "softplus"
    probable = classes and loss.gives_probabilities  # a hinge's outputs are margins
    by_task = ("softmax" if exclusive else "logistic") if probable else "identity"
    if loss.takes(by_task):
        return by_task
    if loss.outputs[0] == "ordered":
        return ACTIVATIONS[f"ordered(groups={targets})"].name
    return loss.outputs[0]


def check_loss(loss: Loss, network: Network) -> None:
    """Raise a SpecError where the error cannot be computed from the network's outputs."""
    check_network(network)
    output = network.output
    row = ACTIVATIONS[output.activation]
    place = f"the output layer '{output.name}'"
    if not loss.takes(row.family):
        wanted = " or ".join(loss.outputs)
        raise SpecError(
            f"{loss.name} is computed from the net inputs of a {wanted} output, but {place} is "
            f"{row.name}; make it {wanted}, or take another error"
        )
    if not _stays_within(row, *loss.within):
        unit = loss.within[1] == 1
        wanted, make = ("between 0 and 1", "logistic") if unit else ("above 0", "softplus")
        raise SpecError(
            f"{loss.name} takes predictions {wanted}, but {place} is {row.name}, which has others, "
            f"too; make it {make}, or take another error"
        )
    if output.size % loss.outputs_each:
        raise SpecError(
            f"{loss.name} takes {loss.outputs_each} outputs for each target "
            f"({', '.join(loss.parts)}), but {place} has {output.size}"
        )
    targets = target_count(loss, network)
    if row.family == "ordered" and loss.parts and row.settings["groups"] != targets:
        raise SpecError(
            f"{loss.name} takes outputs that rise within each target, but {place} of "
            f"{output.size} units is {row.name}; make it ordered(groups={targets})"
        )
    weights = loss.settings.get("output_weights")
    if weights is not None and len(weights) != targets:
        raise SpecError(
            f"output_weights of {loss.family} must be {targets} numbers, one for each target, not "
            f"{len(weights)}"
        )


def _stays_within(row: Activation, low: float, high: float) -> bool:
    """Return whether outputs lie between two numbers and, for middling net inputs, on neither.

    An error of outputs between 0 and 1 is finite at both, to which such outputs round.
    """
    if row.range[0] < low or row.range[1] > high:
        return False
    if high == 1:
        return True
    h = np.linspace(-10, 10, 201)[:, None]
    o = h if row.coupled else row.f(np, h)
    return row.coupled or bool((o > low).all() and (o < high).all())


def check_trainable(network: Network) -> None:
    """Raise a SpecError where training would have to go through an activation without slope.

    Weights behind it may be trained, and those before it may be frozen.
    """
    moving = {layer.name: False for layer in network.inputs}  # whether training moves its output
    for layer, block in zip(network.layers, network.blocks, strict=True):
        row = ACTIVATIONS[layer.activation]
        own = ~(network.frozen | network.masked)[block.weights.start : block.stop]
        moving[layer.name] = bool(own.any()) or any(moving[name] for name in layer.sources)
        if row.untrainable and moving[layer.name]:
            raise SpecError(
                f"layer '{layer.name}' is {row.name}, which predicts but cannot be trained: "
                f"{row.untrainable}; train with logistic, which it is the limit of, or freeze "
                "the layer and those before it"
            )


_CLASSES = "encode classes as 0 and 1"
_BOUNDS = {
    "nonnegative": ("from 0 upwards", "take squared_error for amounts below 0"),
    "positive": ("above 0", "take poisson or squared_error where 0 occurs"),
    "sign": ("-1 and 1", "encode classes as -1 and 1"),
    "probability": ("from 0 to 1", _CLASSES),
    "distribution": ("from 0 to 1", _CLASSES),
}


def _outside(kind: str, targets: Floats) -> Floats:
    if kind == "nonnegative":
        return np.asarray(targets < 0)
    if kind == "positive":
        return np.asarray(targets <= 0)
    if kind == "sign":
        return np.asarray(np.abs(targets) != 1)
    return np.asarray((targets < 0) | (targets > 1))


def check_target_values(loss: Loss, targets: Floats) -> None:
    """Raise a DataError where targets (n, targets) lie outside what the error is defined for."""
    if loss.targets == "number":
        return
    outside = _outside(loss.targets, targets)
    if outside.any():
        bounds, cure = _BOUNDS[loss.targets]
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise DataError(
            f"{loss.name} takes targets {bounds}, but row {row}, column {column} is "
            f"{targets[row, column]}; {cure}"
        )
    sums = targets.sum(axis=1)
    if loss.targets == "distribution" and (off := np.abs(sums - 1) > 1e-5).any():
        row = int(np.argmax(off))
        raise DataError(
            f"{loss.name} takes one probability for each class, which sum to 1 over a row, but "
            f"those of row {row} sum to {sums[row]}; encode classes one-hot"
        )
