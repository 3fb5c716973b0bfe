"""Weights, quantities of a step and numbers as they are shown in a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from .maths import Equation, Maths, Number, Symbol, slope, symbol
from .step_quantity import StepQuantity

__all__ = ["of_quantity", "of_weight", "shown", "worked_out"]

_NOTHING = 1e-13  # what float64 leaves where a person finds 0


def shown(value: float, places: int = 6) -> Number:
    """Return a number with so many places, zeros at the end left out.

    >>> print(shown(0.25), shown(1 / 3), shown(-0.0000001))
    0.25 0.333333 −1e−7
    """
    rounded = round(value, places)
    if abs(value) > _NOTHING and not rounded:
        return Number(value, f"{value:.3g}")
    text = f"{rounded:.{places}f}".rstrip("0").rstrip(".")
    return Number(value, "0" if text == "-0" else text)


def worked_out(left: Maths, formula: Maths, numbers: Maths, value: float) -> Equation:
    """Return ``left = formula = numbers = value``, with ≈ where what is shown was rounded.

    >>> print(worked_out(symbol("E"), symbol("a") * symbol("b"), shown(0.5) * shown(1 / 3), 1 / 6))
    E = a·b ≈ 0.5·0.333333 ≈ 0.166667
    """
    result = shown(value)
    rounded = not all(map(_exact, _numbers_in(numbers)))
    last = "≈" if rounded or not _exact(result) else "="
    return Equation(left, formula, numbers, result, signs=("=", "≈" if rounded else "=", last))


def _exact(number: Number) -> bool:
    return abs(float(number.digits or number.value) - number.value) <= _NOTHING * max(
        1, abs(number.value)
    )


def _numbers_in(formula: Any) -> Iterator[Number]:
    if isinstance(formula, Number):
        yield formula
    elif isinstance(formula, tuple):
        for part in formula:
            yield from _numbers_in(part)
    elif isinstance(formula, Maths) and is_dataclass(formula):
        for field in fields(formula):
            yield from _numbers_in(getattr(formula, field.name))


def of_weight(name: str) -> Symbol:
    """Return the symbol of a weight or bias.

    >>> print(of_weight("w[input.0->output.1]"), of_weight("b[output.1]"))
    w[input.0->output.1] b[output.1]
    """
    places: list[str | int] = []
    for end in name[2:-1].split("->"):
        layer, _, unit = end.rpartition(".")
        places += [layer, int(unit)]
    return symbol(name[0], *places)


def of_quantity(quantity: StepQuantity) -> tuple[str | Maths, ...]:
    """Return a quantity as words and formulas: (``new ``, w[...])."""
    kind, row = quantity.kind, "" if quantity.row is None else f"row {quantity.row}: "
    if kind == "E":
        return (symbol("E"),)
    if kind == "E after":
        return (symbol("E"), " after the step")
    if kind in ("dE", "step", "new"):
        weight = of_weight(quantity.of)
        if kind == "dE":
            return (slope(symbol("E"), weight),)
        return ("Δ" if kind == "step" else "new ", weight)
    layer, _, unit = quantity.of.rpartition(".")
    if kind in ("dE/do", "dE/dh"):
        return (row, slope(symbol("E"), symbol(kind[-1], layer, int(unit))))
    return (row, symbol("δ" if kind == "delta" else kind, layer, int(unit)))
