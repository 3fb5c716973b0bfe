"""The network of a traced step as a picture, with the numbers of a row at its units."""

from __future__ import annotations

from .network_svg import Telling, UnitText
from .network_svg import network_svg as drawn
from .trace_move import Moved
from .trace_numbers import Numbers
from .trace_shown import Digits

__all__ = ["network_svg"]


def network_svg(
    numbers: Numbers, moved: Moved, digits: Digits, row: int = 0, *, solved: bool = True
) -> str:
    """Return the picture as SVG markup, which needs nothing else.

    Parameters
    ----------
    numbers, moved
        Of the step.
    digits
        How numbers are printed.
    row
        Whose numbers stand at the units, by its place in the batch.
    solved
        Whether what was computed is shown; if not, there is what was given, for exercises.
    """

    def shown(value: float) -> str:
        return digits.of(float(value)).shown

    def unit(layer: str, place: int) -> UnitText:
        own = numbers.layers.get(layer)
        if own is None:
            given = solved or len(numbers.index) == 1
            return UnitText(shown(numbers.inputs[layer][row, place]) if given else "")
        if not solved:
            return UnitText()
        h, delta = shown(own.h[row, place]), shown(own.delta[row, place])
        return UnitText(shown(own.o[row, place]), (f"h = {h}", f"δ = {delta}"))

    def edge(index: int) -> str:
        if not solved:
            return ""
        return f"; ∂E/∂w = {shown(numbers.of_error[index])}; Δw = {shown(moved.step[index])}"

    alt = f"Network {numbers.network}: edges by weight"
    if solved:
        alt += f", the numbers of row {numbers.index[row]} at its units"
    return drawn(numbers.network, moved.theta, Telling(shown, unit, edge, alt))
