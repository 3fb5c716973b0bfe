"""From the error of one row to what a step descends: the rows of a batch, and the penalties."""

from __future__ import annotations

from collections.abc import Iterator

from ..spec.plan import Objective
from .derive_notation import Notation, Step
from .maths import Call, Equation, Maths, Number, Quotient, SumOver, Symbol, slope, symbol, total
from .maths_value import ROWS

__all__ = [
    "ANY_BIAS",
    "ANY_WEIGHT",
    "BATCH",
    "OBJECTIVE",
    "WEIGHTS",
    "batch_step",
    "descended",
    "penalty_step",
    "strengths",
]

BATCH, OBJECTIVE = symbol("E_B"), symbol("J")
ANY_WEIGHT, ANY_BIAS = symbol("w"), symbol("b")
GENERIC = tuple(slope(e, p) for e in (BATCH, OBJECTIVE) for p in (ANY_WEIGHT, ANY_BIAS))
"""The slopes in any weight and in any bias."""

WEIGHTS = "weights"
"""What the index q of a penalty runs through."""

_S = symbol("s", row="μ")


def _mean(names: Notation, body: Maths) -> Maths:
    """Return how rows are joined: a weighted sum, or a weighted mean."""
    summed = SumOver("μ", ROWS, _S * body)
    if names.loss.reduction == "sum":
        return summed
    return Quotient(summed, SumOver("μ", ROWS, _S))


def batch_step(names: Notation) -> Step:
    """Return the step from one row to the rows of a batch."""
    row_error = symbol("E", row="μ")
    equations = [Equation(BATCH, _mean(names, row_error))]
    equations += [
        Equation(slope(BATCH, any_one), _mean(names, slope(row_error, any_one)))
        for any_one in (ANY_WEIGHT, ANY_BIAS)
    ]
    joined = "sum" if names.loss.reduction == "sum" else "mean"
    why = (
        f"{names.loss.name} joins the rows μ of a batch by their {joined}, each with its weight ",
        _S,
        f", which is 1 unless rows have weights. The slope of a {joined} is the {joined} of the "
        "slopes, so that all of the above is done for each row. w is any weight, b any bias.",
    )
    return Step("The rows of a batch", why, tuple(equations))


def penalty_step(names: Notation, objective: Objective) -> Iterator[Step]:
    """Yield the step of the penalties, where there are some."""
    if not (objective.l1 or objective.l2 or objective.alpha):
        return
    each = symbol("w", "", "q")
    total_weight = SumOver("μ", ROWS, _S)
    value: list[Maths] = [BATCH]
    slopes: list[Maths] = [slope(BATCH, ANY_WEIGHT)]
    half = Quotient(Number(1), Number(2))
    if objective.l2:
        value.append(half * symbol("λ") * SumOver("q", WEIGHTS, each**2))
        slopes.append(symbol("λ") * ANY_WEIGHT)
    if objective.alpha:
        value.append(half * (symbol("α") / total_weight) * SumOver("q", WEIGHTS, each**2))
        slopes.append((symbol("α") / total_weight) * ANY_WEIGHT)
    if objective.l1:
        value.append(symbol("λ_1") * SumOver("q", WEIGHTS, Call("abs", (each,))))
        slopes.append(symbol("λ_1") * Call("sign", (ANY_WEIGHT,)))
    equations = (
        Equation(OBJECTIVE, total(*value)),
        Equation(slope(OBJECTIVE, ANY_WEIGHT), total(*slopes)),
        Equation(slope(OBJECTIVE, ANY_BIAS), slope(BATCH, ANY_BIAS)),
    )
    why: tuple[object, ...] = (
        "What is descended is the error and a penalty on all weights ",
        each,
        " (biases bear none), with ",
    )
    given = [Equation(symbol(name), Number(c)) for name, c in strengths(objective).items() if c]
    for at, equation in enumerate(given):
        why += (", " if at else "", equation)
    why += (".",)
    notes: tuple[tuple[object, ...], ...] = ()
    if names.loss.reduction == "sum":
        notes += (("A smaller batch bears its share of the penalty: its Σ s over that of all "
                   "rows, so that an epoch adds up to the whole.",),)  # fmt: skip
    if objective.l1:
        notes += (("|w| has a kink at w = 0; the slope taken there is 0.",),)
    yield Step("The penalty", why, equations, notes)


def strengths(objective: Objective) -> dict[str, float]:
    """Return the values of the symbols of penalties."""
    return {"λ": objective.l2, "α": objective.alpha, "λ_1": objective.l1}


def descended(objective: Objective) -> Symbol:
    """Return what a step descends: J, or without penalties the error of the batch."""
    return OBJECTIVE if objective.l1 or objective.l2 or objective.alpha else BATCH
