"""Dropout rates as plain data: one for all hidden layers, or one for each layer named."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SpecError, suggest
from ..formulas.checks import finite_number
from .network import Network

__all__ = ["checked_dropout", "dropout_rates"]


def checked_dropout(value: object) -> float | dict[str, float]:
    """Return the rate of all hidden layers, or a mapping from layers' names to rates.

    Examples
    --------
    >>> checked_dropout({"input": 0.2, "hidden1": 0.5})
    {'input': 0.2, 'hidden1': 0.5}
    """
    if not isinstance(value, Mapping):
        return _rate("dropout", value)
    if not all(isinstance(name, str) for name in value):
        raise SpecError(f"dropout must be a rate, or rates by layers' names, not {dict(value)!r}")
    return {name: _rate(f"dropout of layer '{name}'", rate) for name, rate in value.items()}


def dropout_rates(network: Network, dropout: float | Mapping[str, float]) -> dict[str, float]:
    """Return the rates above 0 by layer name.

    Raises
    ------
    SpecError
        For a layer that is not there, for the output layer, whose units are the prediction, and
        for a rate of all hidden layers where there is none.

    Examples
    --------
    >>> dropout_rates(Network.parse("8 -> 32 relu -> 1"), 0.5)
    {'hidden1': 0.5}
    """
    output = network.output.name
    names = [*(layer.name for layer in network.inputs), *(layer.name for layer in network.layers)]
    if not isinstance(dropout, Mapping):
        hidden = names[len(network.inputs) : -1]
        if dropout and not hidden:
            raise SpecError(
                f"dropout {dropout:g} is of the units of hidden layers, but this network has none; "
                f"leave it out, or name the inputs: {{'{names[0]}': {dropout:g}}}"
            )
        dropout = dict.fromkeys(hidden, dropout)
    for name in dropout:
        if name not in names:
            raise SpecError(f"dropout names layer '{name}'; {suggest(name, names)}")
        if name == output and dropout[name]:
            raise SpecError(
                f"dropout must leave the output layer '{output}' alone, for its units are the "
                "prediction; name hidden or input layers"
            )
    return {name: rate for name, rate in dropout.items() if rate}


def _rate(place: str, value: object) -> float:
    rate = finite_number(value)
    if rate is None or not 0 <= rate < 1:
        raise SpecError(
            f"{place} must be a number of at least 0 and below 1, the share of units dropped, "
            f"not {value!r}"
        )
    return rate
