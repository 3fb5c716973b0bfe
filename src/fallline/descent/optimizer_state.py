"""What an optimizer keeps, weight by weight, for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Floats
from ..errors import SpecError
from ..formulas.optimizers import Optimizer
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["OptimizerState", "optimizer_state"]

_LARGEST_TABLE = 10_000  # parameters: a table of more is for no reader


@dataclass(frozen=True)
class OptimizerState:
    """An optimizer's arrays over θ, at one moment of a run.

    Attributes
    ----------
    network
        Whose parameters they are.
    arrays
        (P,) each: ``theta``; the moments by their names, such as ``mean`` and ``mean_square`` of
        Adam; and for optimizers of single steps ``effective_rate``, what the last step multiplied
        each gradient (or its mean) with: 0 where nothing may move, NaN where no step was taken
        that would define it.
    scalars
        What it keeps once for all weights, such as the count of steps.
    """

    network: Network
    arrays: Mapping[str, Floats]
    scalars: Mapping[str, float]

    def __getitem__(self, name: str) -> dict[str, float]:
        """Return the values of one weight or bias, by its name."""
        index = self.network.index(name)
        return {key: float(array[index]) for key, array in self.arrays.items()}

    def table(self) -> dict[str, dict[str, float]]:
        """Return the values of every weight and bias, by name.

        Raises
        ------
        SpecError
            For a network of more than 10 000 parameters.
        """
        if self.network.size > _LARGEST_TABLE:
            raise SpecError(
                f"a table by name is for at most {_LARGEST_TABLE} parameters, but the network has "
                f"{self.network.size}; take single ones, state['b[output.0]'], or the arrays"
            )
        names = [self.network.name(index) for index in range(self.network.size)]
        columns = {key: array.tolist() for key, array in self.arrays.items()}
        return {
            name: {key: column[index] for key, column in columns.items()}
            for index, name in enumerate(names)
        }

    def __str__(self) -> str:
        rows = [["", *self.arrays]]
        rows += [[name, *map("{:.6g}".format, row.values())] for name, row in self.table().items()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            row[0].ljust(widths[0])
            + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
            for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)


def optimizer_state(
    network: Network, plan: Plan, arrays: Mapping[str, Array], rate: float
) -> OptimizerState:
    """Return the readable state of an engine's snapshot, after a step at this learning rate."""
    kept = {
        name.removeprefix("optimizer."): array
        for name, array in arrays.items()
        if name.startswith("optimizer.")
    }
    over_theta = {"theta": arrays["theta"]}
    over_theta |= {name: a for name, a in kept.items() if np.shape(a) == (network.size,)}
    if isinstance(plan.optimizer, Optimizer):
        with np.errstate(all="ignore"):  # 0/0 before the first step
            effective = plan.optimizer.effective_rate(np, kept, arrays["theta"].dtype.type(rate))
        effective = np.broadcast_to(effective, network.size).copy()
        if network.trainable is not None:
            effective[~network.trainable] = 0
        over_theta["effective_rate"] = effective
    scalars = {name: float(a) for name, a in kept.items() if np.ndim(a) == 0}
    return OptimizerState(network, over_theta, scalars)
