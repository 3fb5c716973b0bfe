"""The kinds of exercises, and the numbers of one, drawn from a seed: the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

import numpy as np

from ..spec.network import Network
from .problem import Problem
from .worked_examples import six_nodes

__all__ = ["KINDS", "Kind", "drawn"]


class Kind(NamedTuple):
    """A kind of exercise.

    Attributes
    ----------
    title
        What it is about.
    network
        Makes its network.
    targets
        What a target may be; a class's number becomes 1 in its output and 0 in the others.
    rows
        How many rows.
    loss
        The error.
    """

    title: str
    network: Callable[[], Network]
    targets: Sequence[float]
    rows: int = 1
    loss: str = "sse"


_AMOUNTS = (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
_YES_OR_NO = (0.0, 1.0)

KINDS: dict[str, Kind] = {
    "linear_unit": Kind("A linear unit", lambda: Network.parse("2 -> 1 identity nobias"), _AMOUNTS),
    "sigmoid_unit": Kind("A sigmoid unit", lambda: Network.parse("2 -> 1 logistic"), _YES_OR_NO),
    "several_outputs": Kind(
        "Several outputs", lambda: Network.parse("2 -> 2 identity nobias"), _AMOUNTS
    ),
    "batch": Kind(
        "A batch of three rows", lambda: Network.parse("1 -> 1 identity"), _AMOUNTS, rows=3
    ),
    "softmax": Kind(
        "Softmax and cross-entropy",
        lambda: Network.parse("2 -> 3 softmax nobias"),
        (0, 1, 2),
        loss="cross_entropy",
    ),
    "hidden_layer": Kind(
        "A hidden layer of sigmoid units",
        lambda: Network.parse("2 -> 2 logistic -> 1 logistic"),
        _YES_OR_NO,
    ),
    "graph": Kind("A graph of six nodes", six_nodes, _YES_OR_NO),
}
"""The kinds of exercises, from the simplest on."""

_INPUTS = (-1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
_RATES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
_FEW_DIGITS = 0.05  # no relu is so near its kink that rounding would switch it


def drawn(kind: str, seed: int) -> Problem:
    """Return the exercise of a kind and a seed.

    Its numbers have one decimal, every relu is on, and its step goes well down.

    Examples
    --------
    >>> drawn("linear_unit", 7).weights == drawn("linear_unit", 7).weights
    True
    """
    random = Random(f"{kind} {seed}")
    while True:
        problem = _drawn_once(KINDS[kind], random)
        if _is_open(problem):
            for rate in _RATES:
                slower = replace(problem, learning_rate=rate)
                if _falls(slower):
                    return slower


def _drawn_once(kind: Kind, random: Random) -> Problem:
    network = kind.network()
    weights = {network.name(i): _one(random, _tenths()) for i in range(network.size)}
    inputs = [[_one(random, _INPUTS) for _ in range(network.n_inputs)] for _ in range(kind.rows)]
    targets = [_targets(kind, network, random) for _ in range(kind.rows)]
    return Problem(network, weights, inputs, targets, _RATES[0], kind.loss)


def _targets(kind: Kind, network: Network, random: Random) -> list[float]:
    if kind.loss == "cross_entropy":
        right = _one(random, kind.targets)
        return [float(j == right) for j in range(network.n_outputs)]
    return [_one(random, kind.targets) for _ in range(network.n_outputs)]


def _tenths() -> Sequence[float]:
    return [tenth / 10 for tenth in range(-9, 10) if tenth]


def _one(random: Random, choices: Sequence[float]) -> float:
    # Only random() is promised to give the same numbers in every version of Python.
    return float(choices[int(random.random() * len(choices))])


def _is_open(problem: Problem) -> bool:
    """Return whether every relu is on, and some output is wrong: else there is nothing to do."""
    units = problem.numbers.units.layers
    for layer in problem.network.layers:
        if layer.activation == "relu" and (units[layer.name].h < _FEW_DIGITS).any():
            return False
    return bool((np.abs(units[problem.network.output.name].dE_do) > _FEW_DIGITS).any())


def _falls(problem: Problem) -> bool:
    """Return whether the error falls by half of what it would on a straight slope, or more."""
    straight = problem.learning_rate * float(problem.numbers.gradient @ problem.numbers.gradient)
    return problem.value("E") - problem.value("E after") > straight / 2
