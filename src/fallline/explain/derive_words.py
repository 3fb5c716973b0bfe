"""Each weight in words: which way the error rises with it, and how much for a small change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .derive_batch import BATCH, descended
from .derive_notation import Notation
from .derive_point import Point, PointValues, parameter
from .document import Block, Paragraph, Table, Title
from .maths import Equation, Maths, Number, Symbol, negative, slope, symbol

__all__ = ["digits", "in_words", "shown"]

_MOST = 24  # weights in the table
_SMALL = 0.01  # the change of a weight that the table tells the effect of


def digits(value: float) -> str:
    """Return a number to four digits that count."""
    return f"{value:.4g}" if value else "0"


def shown(value: float) -> Number:
    """Return a number to be shown by four digits."""
    return Number(value, digits(value))


def sign_for(value: float) -> str:
    """Return the sign before a number's digits: ≈ where some are left out."""
    return "=" if float(digits(value)) == value else "≈"


def in_words(names: Notation, at: PointValues | None) -> Iterator[Block]:
    """Yield what a slope says of its weight; with numbers where there is a point."""
    yield Title("Each weight in words")
    found = symbol("E") if at is None else of_what(at)
    change = symbol("ε")
    any_one = symbol("w")
    told = "the error" if found == symbol("E") else found
    yield Paragraph(
        "Sign: where ", Equation(slope(found, any_one), Number(0), signs=">"), ", ", told,
        " rises when w grows, so that plain descent makes w smaller; where it is below 0, ", told,
        " falls when w grows, and descent makes w larger. Size: when w changes by a small ", change,
        ", and nothing else does, ", told, " changes by about ", change * slope(found, any_one),
        ". Where it is 0, ", told, " does not answer to a small change of w.",
    )  # fmt: skip
    if at is None:
        yield from _signs(names)
    else:
        yield from _numbers(names, at, found)


def of_what(at: PointValues) -> Symbol:
    """Return what the slopes are of: E of a single row, else what a step descends."""
    whole = descended(at.objective)
    alone = at.point.n == 1 and (at.point.weights[0] == 1 or at.objective.error.reduction == "mean")
    return symbol("E") if whole == BATCH and alone else whole


def _signs(names: Notation) -> Iterator[Block]:
    """Yield of what the sign of each weight's slope is made, without numbers."""
    rows: list[tuple[Any, ...]] = []
    for layer in names.network.layers:
        for j in names.units(layer.name, "j"):
            delta = names.delta(layer.name, j)
            for source in layer.sources:
                for i in names.units(source, "i"):
                    weight, out = names.weight(source, i, layer.name, j), names.out(source, i)
                    if names.present(weight):
                        rows.append(_made_of(weight, delta, out))
            if layer.bias:
                rows.append(_made_of(symbol("b", layer.name, j), delta, Number(1)))
    kept = rows[:_MOST]
    yield Table(["weight", "slope of E", "E rises with it"], kept)
    if len(rows) > len(kept):
        yield Paragraph(f"... and so on for the other {len(rows) - len(kept)}.")


def _made_of(weight: Symbol, delta: Symbol, out: Maths) -> tuple[Any, ...]:
    below = Equation(delta * out, Number(0), signs="<")
    return (weight, negative(delta * out), ("where ", below))


def _numbers(names: Notation, at: PointValues, found: Symbol) -> Iterator[Block]:
    network = names.network
    gradient = at.engine_gradient()
    present = np.flatnonzero(~network.masked)
    order = present[np.argsort(-np.abs(gradient[present]), kind="stable")]
    kept = np.sort(order[:_MOST])
    rows = [_row(found, network.name(int(p)), at.point, int(p), gradient[p]) for p in kept]
    yield Table(
        ["weight", "value", slope(found, symbol("w")), ("≈ Δ", found, f" for +{_SMALL:g}"),
         "in words"],
        rows,
    )  # fmt: skip
    if len(kept) < len(present):
        yield Paragraph(f"These are the {len(kept)} of {len(present)} whose slopes are largest.")


def _row(of: Symbol, name: str, point: Point, index: int, value: float) -> tuple[Any, ...]:
    if value > 0:
        told = "rises with it: make it smaller"
    elif value < 0:
        told = "falls with it: make it larger"
    else:
        told = "does not answer to it"
    return (
        parameter(name),
        shown(float(point.theta[index])),
        shown(float(value)),
        shown(_SMALL * float(value)),
        (of, f" {told}"),
    )
