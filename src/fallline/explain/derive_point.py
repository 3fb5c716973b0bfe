"""A derivation at a point: the values of its formulas for given weights, inputs and targets.

What the formulas give is computed from the equations that are shown, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..engines.calls import error_and_gradient
from ..formulas.optimizers.base import Method
from ..spec.network import Network
from ..spec.plan import Objective
from .derive_batch import ANY_BIAS, ANY_WEIGHT, GENERIC, WEIGHTS, descended, strengths
from .derive_notation import Notation
from .derive_optimizer import settings_of
from .maths import Equation, Maths, Place, Symbol, Unit, slope
from .maths_text import place_text
from .maths_value import ROWS, Values, substitute

__all__ = ["Point", "PointValues", "parameter"]


@dataclass(frozen=True)
class Point:
    """Where a derivation is computed: θ (P,), X (n, d), Y (n, targets) and row weights s (n,)."""

    theta: Floats
    X: Floats
    Y: Floats
    weights: Floats

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.weights)


class PointValues:
    """Values of a derivation's formulas at a point."""

    def __init__(
        self,
        names: Notation,
        objective: Objective,
        method: Method,
        equations: Sequence[Equation],
        point: Point,
    ) -> None:
        network = names.network
        widths = {layer.name: layer.size for layer in network.inputs}
        widths |= {layer.name: layer.size for layer in network.layers}
        self._penalized = np.flatnonzero(network.penalized & ~network.masked)
        widths |= {ROWS: point.n, WEIGHTS: len(self._penalized)}
        self.names, self.objective, self.point = names, objective, point
        self._columns = _columns(network)
        self._settings = {**strengths(objective), **settings_of(method)}
        self._indices: dict[str, int] = {}
        self._passed: set[int] = set()
        self._generic = [e for e in equations if _is_generic(e)]
        self.values = Values(equations, self._known, widths, self._pass)

    def of(self, node: Maths, units: dict[str, int] | None = None, row: int = 0) -> float:
        """Return the value of a formula in one row."""
        self._pass(row)
        return float(self.values.of(node, units, row))

    def _pass(self, row: int) -> None:
        """Find h and o forwards and δ backwards, so that no value has to look far for others."""
        if row in self._passed:
            return
        self._passed.add(row)
        names = self.names
        for layer in names.network.layers:
            for j in range(layer.size):
                self.values.of(names.h(layer.name, j), row=row)
                self.values.of(names.out(layer.name, j), row=row)
        for layer in reversed(names.network.layers):
            for j in range(layer.size):
                self.values.of(names.delta(layer.name, j), row=row)

    def ofparameter(self, node: Maths, index: int, row: int = 0) -> float:
        """Return the value of a formula in w or b for the parameter θ[index]."""
        name = self.names.network.name(index)
        bound = parameter(name)
        any_one = ANY_BIAS if bound.name == "b" else ANY_WEIGHT
        while True:  # ∂J/∂w by its equation, and so on down to the slopes of single rows
            opened = substitute(node, {e.sides[0]: e.sides[-1] for e in self._generic})
            if opened == node:
                break
            node = opened
        return self.of(substitute(node, {any_one: bound}), row=row)

    def gradient(self) -> Floats:
        """Return the slope of what is descended in every parameter (P,); 0 where absent."""
        network, found = self.names.network, descended(self.objective)
        result = np.zeros(network.size)
        for index in np.flatnonzero(~network.masked):
            any_one = ANY_BIAS if network.name(int(index)).startswith("b") else ANY_WEIGHT
            result[index] = self.ofparameter(slope(found, any_one), int(index))
        return result

    def engine_gradient(self) -> Floats:
        """Return the gradient as the engine gives it: of many rows the equations take long."""
        objective, point = self.objective, self.point
        _, gradient = error_and_gradient(
            self.names.network, point.theta, point.X, point.Y, loss=objective.loss,
            l2=objective.l2, l1=objective.l1, alpha=objective.alpha, sample_weight=point.weights,
        )  # fmt: skip
        return gradient

    def first_error(self) -> float:
        """Return E of the first row, as the engine gives it."""
        point, loss = self.point, self.objective.unclipped.loss
        return error_and_gradient(
            self.names.network, point.theta, point.X[:1], point.Y[:1], loss=loss
        )[0]

    def _known(self, symbol: Symbol, units: tuple[Unit, ...], row: int) -> float | None:
        layers = [place.layer for place in symbol.places]
        match symbol.name:
            case "w" if layers == [""]:
                return float(self.point.theta[self._penalized[int(units[0])]])
            case "w" | "b" if layers:
                return float(self.point.theta[self._index(symbol, units)])
            case "x":
                return float(self.point.X[row, self._columns[layers[0]] + int(units[0])])
            case "y":
                return float(self.point.Y[row, int(units[0])])
            case "s":
                return float(self.point.weights[row])
            case "c":
                return float(self.names.loss.settings["output_weights"][int(units[0])])
        return self._settings.get(symbol.name)

    def _index(self, symbol: Symbol, units: tuple[Unit, ...]) -> int:
        places = tuple(p._replace(unit=u) for p, u in zip(symbol.places, units, strict=True))
        name = f"{symbol.name}[{place_text(places)}]"
        if name not in self._indices:
            self._indices[name] = self.names.network.index(name)
        return self._indices[name]


def _columns(network: Network) -> dict[str, int]:
    starts = np.cumsum([0, *(layer.size for layer in network.inputs)]).tolist()
    return {layer.name: start for layer, start in zip(network.inputs, starts, strict=False)}


def _is_generic(equation: Equation) -> bool:
    """Return whether an equation tells the slope in any weight or bias."""
    first = equation.sides[0]
    return first in GENERIC


def parameter(name: str) -> Symbol:
    """Return the symbol of a parameter's name."""
    places = []
    for part in name[2:-1].split("->"):
        layer, _, unit = part.rpartition(".")
        places.append(Place(layer, int(unit)))
    return Symbol(name[0], tuple(places))
