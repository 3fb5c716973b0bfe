"""What is to be seen in the worked examples; each number is computed from the example itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..descent.calls import descend
from ..engines.calls import error_and_gradient, predict
from ..formulas.optimizers import SGD
from ..spec.network import Network
from .document import Block, Bullets, Note, Paragraph, Table
from .maths import Equation, Maths, Number, slope, symbol, total
from .problem import Problem
from .quantity_words import of_weight, shown, worked_out
from .theta import theta_of

__all__ = [
    "absolute_slope",
    "after_printed_weights",
    "linear_unit",
    "several_outputs",
    "sigmoid_unit",
    "six_node_graph",
    "softmax",
    "two_two_two",
    "xor",
]

_E, _ETA = symbol("E"), symbol("η")


def _fall(problem: Problem) -> Paragraph:
    """Return a sentence on the error before and after the step."""
    before, after = problem.value("E"), problem.value("E after")
    way = "fell" if after < before else "rose"
    return Paragraph("The error ", way, " from ", shown(before), " to ", shown(after), ".")


def _step(problem: Problem, name: str, unit: str, source: str) -> Equation:
    """Return the step of a weight as η·δ·x, with the numbers in it."""
    (layer, j), (feeding, i) = unit.split("."), source.split(".")
    delta, x = problem.value("delta", unit), problem.value("o", source)
    formula = _ETA * symbol("δ", layer, int(j)) * symbol("x", feeding, int(i))
    numbers = shown(problem.learning_rate) * shown(delta) * shown(x)
    weight = of_weight(name)
    change = symbol(f"Δ{weight.name}", *(part for place in weight.places for part in place))
    return worked_out(change, formula, numbers, problem.value("step", name))


def linear_unit(problem: Problem) -> list[Block]:
    """Show that each weight moves in proportion to its input."""
    y, yhat = symbol("y", "output", 0), symbol("ŷ", "output", 0)
    delta = symbol("δ", "output", 0)
    target, output = problem.targets[0][0], problem.value("o", "output.0")
    first, second = problem.weights
    ratio = problem.value("step", first) / problem.value("step", second)
    return [
        Paragraph("A linear unit passes its net input on: its slope is 1, and δ is what it lacks:"),
        worked_out(
            delta, y - yhat, shown(target) - shown(output), problem.value("delta", "output.0")
        ),
        Paragraph("Each weight then moves by η·δ times its own input:"),
        _step(problem, first, "output.0", "input.0"),
        _step(problem, second, "output.0", "input.1"),
        Paragraph(
            "The first input is ", shown(problem.inputs[0][0] / problem.inputs[0][1]), " times the "
            "second, and the first weight moves ", shown(ratio), " times as far: a weight is "
            "answerable for the error as far as its input took part in it."
        ),
        _fall(problem),
    ]  # fmt: skip


def sigmoid_unit(problem: Problem) -> list[Block]:
    """Show that the slope f' scales each step."""
    f, delta = symbol("ŷ", "output", 0), symbol("δ", "output", 0)
    o = problem.value("o", "output.0")
    y = problem.targets[0][0]
    first, second = list(problem.weights)[:2]
    return [
        Paragraph(
            "The slope of the sigmoid is ŷ(1 − ŷ). At this output it is ", shown(o * (1 - o)),
            ", and never more than a quarter: where the unit is near 0 or 1 it hardly moves at "
            "all, however wrong it is.",
        ),
        worked_out(
            delta,
            (symbol("y", "output", 0) - f) * f * (1 - f),
            (shown(y) - shown(o)) * shown(o) * (Number(1) - shown(o)),
            problem.value("delta", "output.0"),
        ),
        Paragraph("The step of a weight is η·δ·x, and that of the bias, whose input is 1, is η·δ:"),
        _step(problem, first, "output.0", "input.0"),
        _step(problem, second, "output.0", "input.1"),
        worked_out(
            symbol("Δb", "output", 0),
            _ETA * delta,
            shown(problem.learning_rate) * shown(problem.value("delta", "output.0")),
            problem.value("step", "b[output.0]"),
        ),
        _fall(problem),
    ]  # fmt: skip


def several_outputs(problem: Problem) -> list[Block]:
    """Show that a weight's slope knows one output only."""
    rows: list[list[Maths]] = []
    deltas = []
    for j in (0, 1):
        y, o = problem.targets[0][j], problem.value("o", f"output.{j}")
        deltas.append(problem.value("delta", f"output.{j}"))
        rows.append([Number(j), shown(y), shown(o), shown(deltas[j]), shown(deltas[j] ** 2 / 2)])
    return [
        Paragraph("The error is the sum of each output's own:"),
        Table(
            ["output", symbol("y"), symbol("ŷ"), Equation(symbol("δ"), symbol("y") - symbol("ŷ")),
             "its part of E"],
            rows,
        ),
        worked_out(
            _E,
            total(*(symbol("δ", "output", j) ** 2 / 2 for j in (0, 1))),
            shown(deltas[0] ** 2 / 2) + shown(deltas[1] ** 2 / 2),
            problem.value("E"),
        ),
        Paragraph(
            "A weight to output 0 changes output 0 alone, so the other part of E is a constant to "
            "it and vanishes in its slope. Two outputs are two units that learn side by side from "
            "the same inputs; only hidden units, which both would use, tie them together."
        ),
        _fall(problem),
    ]  # fmt: skip


def two_two_two(problem: Problem) -> list[Block]:
    """Show that a hidden unit's slope is the sum over both outputs."""
    return [
        Paragraph("The first hidden unit feeds both outputs, so its slope is a sum of two terms:"),
        _paths(problem, "hidden1.0", ("output.0", "output.1")),
        Paragraph(
            "One output lies too high and the other too low: the two terms have opposite signs, "
            "and what remains is small. So are the steps of the first layer's weights."
        ),
        _fall(problem),
        Note(
            "All weights are moved together, by slopes at the old weights. Who moves the output "
            "weights first and then computes the hidden slopes with the new ones descends another "
            "direction than the gradient's."
        ),
    ]


def after_printed_weights(problem: Problem, printed: Mapping[str, str]) -> list[Block]:
    """Return a remark on a printed error after the step, from the printed new weights."""
    new = {name[4:]: float(value) for name, value in printed.items() if name.startswith("new ")}
    if "E after" not in printed or not new:
        return []
    theta = theta_of(problem.network, {**problem.weights, **new})
    error, _ = error_and_gradient(
        problem.network, theta, problem.inputs, problem.targets, loss=problem.loss
    )
    return [
        Paragraph(
            "With the new weights just as they are printed, the error after the step is ",
            shown(error, 9), ", where ", printed["E after"], " is printed.",
        )
    ]  # fmt: skip


def _paths(problem: Problem, unit: str, fed: tuple[str, ...]) -> Equation:
    """Return ∂E/∂o of a unit as the sum over the units that it feeds, with the numbers in it."""
    layer, i = unit.split(".")
    formula, numbers = [], []
    for each in fed:
        other, j = each.split(".")
        weight = f"w[{unit}->{each}]"
        formula.append(of_weight(weight) * slope(_E, symbol("h", other, int(j))))
        numbers.append(shown(problem.weights[weight]) * shown(problem.value("dE/dh", each)))
    left = slope(_E, symbol("o", layer, int(i)))
    return worked_out(left, total(*formula), total(*numbers), problem.value("dE/do", unit))


def six_node_graph(problem: Problem) -> list[Block]:
    """Show every slope of the graph, and the sums over two paths."""
    nodes = ("a", "b", "c", "d", "out")
    rows = [
        [
            name,
            *(shown(problem.value(kind, f"{name}.0")) for kind in ("h", "o", "dE/do", "dE/dh")),
        ]
        for name in nodes
    ]
    h, o = symbol("h"), symbol("o")
    return [
        Paragraph("Forwards from x to the output, backwards from the output to a and b:"),
        Table(["node", h, o, slope(_E, o), slope(_E, h)], rows),
        Paragraph(
            "From a to the output lead two paths, one over c and one over d. A small change of a's "
            "output changes both, and the error changes by the sum of what each brings:"
        ),
        _paths(problem, "a.0", ("c.0", "d.0")),
        _paths(problem, "b.0", ("c.0", "d.0")),
        Paragraph(
            "Both relu units c and d are on (h > 0), so their slope is 1 and ∂E/∂h equals ∂E/∂o "
            "there. If one were off, its slope would be 0, and with it a whole path of the sum."
        ),
        _fall(problem),
    ]


def xor(problem: Problem) -> list[Block]:
    """Show that one unit cannot, and two hidden units can."""
    X, Y = np.array(problem.inputs), np.array(problem.targets)
    steps = 2000
    options = {"loss": problem.loss, "batch_size": None, "optimizer": SGD(problem.learning_rate)}
    line = Network.parse("2 -> 1 logistic")
    alone = descend(line, X, Y, theta=np.zeros(3), epochs=steps, **options)
    trained = descend(problem.network, X, Y, theta=problem.theta, epochs=steps, **options)
    before = [problem.value("o", "output.0", row) for row in range(4)]
    after = predict(problem.network, trained.theta, X)[:, 0]
    single = predict(line, alone.theta, X)[:, 0]
    rows = [
        [*map(shown, x), shown(y[0]), shown(one, 3), shown(start, 3), shown(end, 3)]
        for x, y, one, start, end in zip(X, Y, single, before, after, strict=True)
    ]
    head = ["x[input.0]", "x[input.1]", "y", "one unit, trained", "this network", "trained"]
    return [
        Paragraph(
            "Each row has its own slopes; the step takes their sum. One step moves little, so here "
            f"are the outputs before, and after {steps:,} such steps, beside those of a single "
            "sigmoid unit that took as many:"
        ),
        Table(head, rows),
        Paragraph(
            "A single unit parts the plane by a straight line, and no line has (0, 1) and (1, 0) "
            "on one side and (0, 0) and (1, 1) on the other: it settles at one half for all four. "
            "The hidden units draw a line each, and the output unit joins them."
        ),
        _fall(problem),
    ]


def softmax(problem: Problem) -> list[Block]:
    """Show that the two slopes together are ŷ − y."""
    k = len(problem.targets[0])
    rows = []
    slopes = []
    for j in range(k):
        y, o = problem.targets[0][j], problem.value("o", f"output.{j}")
        slopes.append(problem.value("dE/dh", f"output.{j}"))
        rows.append([Number(j), shown(y), shown(o), shown(slopes[j]), shown(o - y)])
    yhat, y_ = symbol("ŷ"), symbol("y")
    return [
        Paragraph(
            "Cross-entropy looks at the right class alone, E = −log ŷ of that class; but softmax "
            "ties every output to every net input, so each net input has a slope:"
        ),
        Table(["class", y_, yhat, slope(_E, symbol("h")), yhat - y_], rows),
        Paragraph(
            "The last two columns are equal: the slopes of the logarithm and of softmax cancel "
            "into ŷ − y. The right class's net input is pushed up, all others down, and the "
            "slopes add up to ", shown(round(sum(slopes), 9)), ", since the shares always add up "
            "to 1."
        ),
        _fall(problem),
    ]  # fmt: skip


def absolute_slope(problem: Problem) -> list[Block]:
    """Show that the misprint climbs from the left, where the rule descends."""
    (name,) = problem.weights
    left, bottom = problem.weights[name], problem.targets[0][0] / problem.inputs[0][0]
    right = 2 * bottom - left
    head = ["step", "misprint: w", "its E", "rule: w", "its E"]
    g, w = slope(_E, symbol("w")), symbol("w")
    alpha = symbol("α")
    return [
        Paragraph(
            "The error is a bowl over w with its bottom at ", shown(bottom), ". To the left of it "
            "the slope is negative: E falls as w rises, so w has to rise."
        ),
        Table(head, _both_ways(problem, left), caption=f"From the left, w = {left:g}"),
        Paragraph("The misprint takes α·|∂E/∂w| away from w, and so goes up the side of the bowl."),
        Table(head, _both_ways(problem, right), caption=f"From the right, w = {right:g}"),
        Paragraph(
            "From the right both are the same, which is why the misprint is easily overlooked."
        ),
        Paragraph("Corrected, the sign of the slope chooses the direction by itself:"),
        Equation(w, w - alpha * g, signs="←"),
        Bullets(
            [
                ["slope positive: E rises with w, and w is made smaller;"],
                ["slope negative: E falls with w, and w is made larger;"],
                ["slope 0: the ground is level, and w stays."],
            ]
        ),
        _fall(problem),
    ]  # fmt: skip


def _both_ways(problem: Problem, start: float, steps: int = 4) -> list[list[Maths]]:
    """Return the weights and errors of the misprint beside those of the rule, step by step."""

    def error_and_slope(w: float) -> tuple[float, float]:
        X, Y = problem.inputs, problem.targets
        error, gradient = error_and_gradient(problem.network, [w], X, Y, loss=problem.loss)
        return error, float(gradient[0])

    rows: list[list[Maths]] = []
    misprinted = ruled = start
    for step in range(steps + 1):
        (wrong, climbing), (right, falling) = map(error_and_slope, (misprinted, ruled))
        shown_row = map(shown, (misprinted, wrong, ruled, right))
        rows.append([Number(step), *shown_row])
        misprinted -= problem.learning_rate * abs(climbing)
        ruled -= problem.learning_rate * falling
    return rows
