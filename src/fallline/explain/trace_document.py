"""A trace as blocks: the picture, forwards, the error, back, every weight, and the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..formulas.optimizers import Solver
from ..spec.network import Layer
from .document import Block, Bullets, Document, Note, Paragraph, Svg, Table, Title
from .maths import Equation, Maths, slope, sum_over, symbol
from .quantity_words import of_weight
from .trace_formulas import LONGEST_SUM, Term, folded
from .trace_shown import Digits, worked
from .traced import Trace

__all__ = ["trace_document"]

_UNITS, _KEPT = 12, 4  # units of a layer whose formulas are shown: all, else the first four
_WEIGHTS, _SAMPLE = 40, 6  # weights of a layer: all, else the first six
_ROWS = 60  # of a table


def trace_document(found: Trace) -> Document:
    """Return the document of a trace."""
    step = f"step {found.step} of a run" if found.step else "one step"
    return Document(f"Trace of {step}", list(_blocks(found)))


def _blocks(found: Trace) -> Iterator[Block]:
    network, rows = found.network, found.rows
    yield Bullets(list(_facts(found)))
    yield Svg(found.svg, f"the network {network}: edges by weight, numbers at its units")
    made, several = found.of_row(0), len(rows) > 1
    if several:
        yield Paragraph(
            f"The batch has {len(rows)} rows. The picture, and the formulas of the units, have the "
            f"numbers of row {rows[0]}; the slopes of the weights are sums over all rows."
        )
    yield from _noise(found)
    yield Title("Forwards: net inputs and outputs")
    for layer in network.layers:
        yield from _of_layer(found, layer, made.forward)
    yield Title("The error")
    yield from _error(found)
    yield Title("Back: the slopes of E at every unit")
    yield Paragraph(
        "A unit passes back to its net input what reaches its output, times the slope of its "
        "activation; to its sources it passes that along each weight. δ is ", -slope(
            symbol("E"), symbol("h")), "."
    )  # fmt: skip
    for layer in reversed(network.layers):
        yield from _of_layer(found, layer, made.backward)
    yield Title("Every weight: its slope and its step")
    yield from _rule(found)
    yield from _weights(found)
    yield Title("All numbers")
    yield from _tables(found)
    yield Note(
        "Numbers are rounded to ", f"{found.digits} significant digits. Before = stand as many "
        "digits as give the result by themselves; ≈ marks a result that these digits do not give."
    )  # fmt: skip
    if network.frozen.any():
        yield Note("Frozen weights and biases keep their values: their steps are 0.")
    shapes = [max(block.shape) + 1 for block in network.blocks]
    if max(len(rows), *shapes) > LONGEST_SUM:
        yield Note("In a long sum ", symbol("rest"), " stands for all further terms together.")
    if found.moved.plan.clip_norm is not None:
        yield Note(symbol("norm_g"), " is the Euclidean norm of the slopes of all weights.")


def _facts(found: Trace) -> Iterator[Any]:
    plan, numbers, digits = found.moved.plan, found.numbers, Digits(found.digits)
    yield f"Network: {found.network}"
    yield f"Error: {plan.loss}"
    settings = dict(plan.optimizer.to_json())
    name = settings.pop("name")
    rate = settings.pop("learning_rate", None)
    told = ", ".join(f"{key} = {value}" for key, value in settings.items() if _says(key, value))
    if isinstance(plan.optimizer, Solver):
        yield f"Step: {name}; its line search found α = {digits.of(found.moved.rate)}"
    else:
        eta = "" if rate is None else f", η = {digits.of(found.moved.rate)}"
        yield f"Step: {name}{eta}" + (f"; {told}" if told else "")
    if numbers.strengths:
        each = (f"{key}, λ = {digits.of(value)}" for key, value in numbers.strengths.items())
        yield "Penalty on weights: " + "; ".join(each)
    limits = {"clip_value": plan.clip_value, "clip_norm": plan.clip_norm, "max_norm": plan.max_norm}
    if given := ", ".join(f"{key} = {value:g}" for key, value in limits.items() if value):
        yield f"Limits: {given}"


def _says(key: str, value: Any) -> bool:
    return value not in (0, 0.0, False, None) and (key, value) != ("dialect", "fallline")


def _noise(found: Trace) -> Iterator[Block]:
    plan = found.moved.plan
    if plan.dropout:
        c = symbol("c")
        yield Paragraph(
            "Dropout takes part in this step: ", symbol("u"), " is a unit's output times ", c,
            ", which is 0 for a unit that is dropped; the inputs x are those that came through."
        )  # fmt: skip
    if plan.input_noise:
        yield Paragraph("The inputs x are those with this step's noise added.")


def _of_layer(found: Trace, layer: Layer, equations: Any) -> Iterator[Block]:
    yield Title(f"{layer.name}: {layer.activation}", 3)
    shown = layer.size if layer.size <= _UNITS else _KEPT
    for j in range(shown):
        yield from equations(layer, j)
    if shown < layer.size:
        yield Paragraph(
            f"So with the units {layer.name}.{shown} to {layer.name}.{layer.size - 1}; their "
            "numbers are in .units."
        )


def _error(found: Trace) -> Iterator[Block]:
    numbers, digits, made = found.numbers, Digits(found.digits), found.of_row(0)
    yield from made.targets()
    yield made.error()
    several = len(found.rows) > 1
    summed = numbers.objective.error.reduction == "sum"
    if several or made.share != 1:
        weighs = symbol("s") if summed else symbol("s/Σs")
        head: list[Any] = ["row", "e of the row", weighs]
        rows = [
            [str(row), digits.of(float(e)), digits.of(float(share))]
            for row, e, share in zip(found.rows, numbers.row_errors, numbers.share, strict=True)
        ]
        yield Table(head, rows[:_ROWS])
        yield from _more(len(rows))
        joined = "adds the errors of the rows, each times its weight s" if summed else (
            "is the mean of the errors of the rows, weighted with s"
        )  # fmt: skip
        yield Paragraph(f"E {joined}:")
    yield _joint(found)
    if numbers.strengths:
        yield Paragraph("The penalty R comes to it, and J = E + R is what is descended:")
        E, R = symbol("E"), symbol("R")
        known: dict[Maths, float] = {E: numbers.error, R: numbers.penalty}
        yield worked(symbol("J"), E + R, known, numbers.error + numbers.penalty, digits)


def _joint(found: Trace) -> Equation:
    """Return the equation of E, the errors of the rows joined."""
    numbers, values, terms = found.numbers, dict[Maths, float](), list[Term]()
    pairs = zip(numbers.share.tolist(), numbers.row_errors.tolist(), strict=True)
    for row, (share, e) in zip(found.rows, pairs, strict=True):
        mark = f"row {row}" if len(found.rows) > 1 else ""
        own, weighs = symbol("e", row=mark), symbol("s/Σs", row=mark)
        values |= {own: e, weighs: share}
        terms.append(Term(own if share == 1 else weighs * own, share * e))
    told = worked(symbol("E"), folded(terms, values), values, numbers.error, Digits(found.digits))
    if len(terms) == 1:
        return told
    s: Maths = symbol("s", row="μ")
    weigh = s / symbol("Σs") if numbers.objective.error.reduction == "mean" else s
    formula = sum_over("μ", "rows", weigh * symbol("e", row="μ"))
    return Equation(symbol("E"), formula, *told.sides[2:], signs=("=", *told.signs[1:]))


def _rule(found: Trace) -> Iterator[Block]:
    """Yield what the letters of the optimizer's rule mean, where it is not plain descent's."""
    method = found.moved.plan.optimizer
    if isinstance(method, Solver):
        yield Paragraph(
            symbol("p"), " is the direction in which the solver searched, and ", symbol("α"),
            " how far it went.",
        )  # fmt: skip
    elif method.to_json().get("name") != "sgd" or method.to_json().get("momentum"):
        yield Paragraph(
            f"The rule of {type(method).__name__}, with the letters of its own formula: ",
            symbol("g"), " is the slope, ", symbol("w"), " the weight or bias, and ",
            symbol("w_0"), " what it was before the step.",
        )  # fmt: skip


def _weights(found: Trace) -> Iterator[Block]:
    network = found.network
    for block in network.blocks:
        present = [i for i in range(block.weights.start, block.stop) if not network.masked[i]]
        shown = present if len(present) <= _WEIGHTS else present[:_SAMPLE]
        yield Title(f"Into {block.name}", 3)
        for index in shown:
            yield from found.weight_equations(network.name(index))
        if len(shown) < len(present):
            yield Paragraph(
                f"So with the other {len(present) - len(shown):,} weights and biases into "
                f"{block.name}; their numbers are in .edges."
            )


def _tables(found: Trace) -> Iterator[Block]:
    digits = Digits(found.digits)
    E = symbol("E")
    o, h = symbol("o"), symbol("h")
    units, edges = found.count()
    several = len(found.rows) > 1
    head: list[Any] = [*(["row"] * several), "unit", h, o, slope(E, o), slope(E, h), symbol("δ")]
    rows = [
        [*([str(unit["row"])] * several), unit["unit"],
         *(_cell(unit[key], digits) for key in ("h", "o", "dE_do", "dE_dh", "delta"))]
        for unit in found.first_units(_ROWS)
    ]  # fmt: skip
    yield Table(head, rows, caption="Units")
    yield from _more(units, "units")
    w = symbol("w")
    keys = ["w", "dE_dw", *(["dJ_dw"] * bool(found.numbers.strengths)), "step", "new"]
    names = {"w": w, "dE_dw": slope(E, w), "dJ_dw": slope(symbol("J"), w),
             "step": symbol("Δw"), "new": "new w"}  # fmt: skip
    table = [
        [of_weight(edge["name"]), *(_cell(edge[key], digits) for key in keys)]
        for edge in found.first_edges(_ROWS)
    ]
    yield Table(["weight", *(names[key] for key in keys)], table, caption="Weights and biases")
    yield from _more(edges, "edges")
    if several:
        yield from _examples(found, digits)


def _examples(found: Trace, digits: Digits) -> Iterator[Block]:
    """Yield which row moved each weight most."""
    edges = found.first_edges(_ROWS)
    yield Paragraph("Which example moved each weight most, and its share of all that they moved:")
    rows: list[Sequence[Any]] = []
    for edge in edges:
        most = found.example_records(edge["name"])[0]
        told = "–" if not most["share"] else str(most["row"])
        share = f"{100 * most['share']:.0f} %"
        rows.append([of_weight(edge["name"]), told, digits.of(most["dE_dw"]), share])
    head: list[Any] = ["weight", "row", "its part of the slope", "share"]
    yield Table(head, rows)


def _cell(value: float | None, digits: Digits) -> str | Maths:
    return "" if value is None else digits.of(value)


def _more(count: int, name: str = "units") -> Iterator[Block]:
    if count > _ROWS:
        yield Paragraph(f"These are the first {_ROWS} of {count:,}; .{name} has all.")
