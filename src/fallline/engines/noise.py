"""The noise of one step, laid out over its batch: dropout by layer, and what inputs get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..formulas.dropout import dropout_factors, input_noise
from ..spec.dropout import dropout_rates
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["QUIET", "Noise", "step_noise"]


@dataclass(frozen=True)
class Noise:
    """What disturbs the passes of n rows.

    Attributes
    ----------
    factors
        By the name of a layer, (n, size) what multiplies its outputs; layers left out have none.
    added
        (n, d) what is added to the inputs, or None.
    """

    factors: Mapping[str, Floats] = field(default_factory=dict)
    added: Floats | None = None

    def take(self, order: Ints) -> Noise:
        """Return the noise of the rows at these positions."""
        added = None if self.added is None else self.added[order]
        return Noise({name: of[order] for name, of in self.factors.items()}, added)


QUIET = Noise()
"""No noise: that of predictions, and of every error but that of a step."""


def step_noise(
    network: Network,
    plan: Plan,
    step: Any,
    n: Any,
    dtype: npt.DTypeLike,
    xp: Any = np,
    seed: Any = None,
) -> Noise:
    """Return the noise of the batch of n rows that is trained on after `step` steps.

    An engine that compiles for all seeds, steps and rows gives arrays of another namespace for
    them; see `unit_words`.

    Examples
    --------
    >>> net, plan = Network.parse("2 -> 3 tanh -> 1"), Plan(dropout=0.5)
    >>> step_noise(net, plan, 0, 2, np.float64).factors["hidden1"]
    array([[0., 0., 2.],
           [0., 2., 2.]])
    """
    rates, seed = dropout_rates(network, plan.dropout), plan.seed if seed is None else seed
    names = [*(layer.name for layer in network.inputs), *(layer.name for layer in network.layers)]
    factors = {
        name: dropout_factors(
            xp, rate, seed, step, names.index(name), (n, network.width(name)), dtype
        )
        for name, rate in rates.items()
    }
    added = None
    if plan.input_noise:
        added = input_noise(xp, plan.input_noise, seed, step, (n, network.n_inputs), dtype)
    return Noise(factors, added)
