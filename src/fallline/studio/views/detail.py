"""The element in focus: its numbers in the last step, and the formulas they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...descent.recorded import RecordedStep
from ...engines.calls import error_and_gradient
from ...errors import SpecError, suggest
from ...explain.maths import Equation, Maths, Symbol, slope, symbol
from ...explain.quantity_words import of_weight
from ...explain.trace import Trace
from ...explain.trace_formulas import SHOWN, UnitFormulas
from ...explain.trace_shown import Digits
from ...spec.layers import Layer
from ..instant import Instant
from ..message import Message
from .detail_words import Words, title_of
from .traced import DIGITS, QUICK, row_numbers, traced_step

__all__ = ["Steps", "detail"]

_SHOWN = Digits(DIGITS)
E, J = symbol("E"), symbol("J")


class Steps:
    """The trace of the last step that was asked for: the same one for all elements in focus."""

    def __init__(self) -> None:
        self._kept: tuple[RecordedStep, Trace | None] | None = None

    def of(self, taken: RecordedStep) -> Trace | None:
        """Return the trace of a step; None where it would take too long."""
        if self._kept is None or self._kept[0] is not taken:
            self._kept = taken, traced_step(taken)
        return self._kept[1]


def detail(
    at: Instant, element: str, row: int | None = None, steps: Steps | None = None
) -> Message:
    """Return `Detail`: an element's numbers in the step that led here, with their formulas.

    Parameters
    ----------
    at
        The moment.
    element
        A weight ``"w[input.0->hidden1.2]"``, a bias ``"b[hidden1.2]"`` or a unit ``"hidden1.2"``.
    row
        Of a unit: for which training row; the first of the batch unless given.
    steps
        Keeps the trace of a step for the next element.

    Raises
    ------
    SpecError
        When the network has no such element.
    DataError
        When there is no such row, or the batch had no weight.

    Examples
    --------
    >>> from fallline.studio.problem import Problem
    >>> from fallline.studio.setup import Setup
    >>> problem = Problem.of(Setup(data="sine"))
    >>> at = Instant(
    ...     1, problem, problem.plan, 0, problem.start, problem.start[None], np.zeros(1, int), None
    ... )
    >>> found = detail(at, "w[input.0->hidden1.0]")
    >>> found.fields["title"]
    'weight from x to hidden unit 1 (hidden1.0), before the first step'
    """
    if element.startswith(("w[", "b[")):
        return _of_parameter(at, element, steps or Steps())
    return _of_unit(at, element, row)


def _message(
    at: Instant, element: str, title: str, row: int, rows: int, values: Any, equations: Any
) -> Message:
    told = {"element": element, "title": title, "row": row, "rows": rows}
    both = {"values": list(values), "equations": list(equations)}
    return Message("detail", {"run": at.run, "step": at.step, **told, **both})


def _value(label: str, what: Maths, number: float) -> dict[str, str]:
    """Return a number with its name in words and as a symbol."""
    value = _SHOWN.of(number)
    equation = Equation(what, value)
    return {"label": label, "latex": equation.latex, "text": str(equation)}


def _told(equations: Iterable[Equation], words: Words) -> Iterator[dict[str, str]]:
    for equation in equations:
        yield {
            "latex": equation.latex,
            "text": str(equation),
            "words": words.of(equation),
        }


# --- weights and biases --------------------------------------------------------------------------


def _of_parameter(at: Instant, element: str, steps: Steps) -> Message:
    network = at.problem.network
    index = network.index(element)
    if network.masked[index]:
        raise SpecError(f"{element} is an absent connection: it is 0 and stays 0")
    title, w, taken = title_of(at.problem, element), of_weight(element), at.last
    now = _value("now", w, float(at.theta[index]))
    if taken is None:
        told, n = _at_start(at, index, w), at.problem.train.n
        return _message(at, element, f"{title}, before the first step", 0, n, [now, *told], [])
    first, n = int(taken.order[0]), int(np.count_nonzero(taken.batch.weights))
    before, after = float(taken.before["theta"][index]), float(taken.theta_after[index])
    trace = steps.of(taken)
    head = [_value("before the step", w, before)]
    tail = [
        _value("step", Symbol(f"Δ{w.name}", w.places), after - before),
        _value("after the step", w, after),
    ]
    if trace is None:
        title += f": the batch of {n:,} rows is too large to write its sum at every step"
        return _message(at, element, title, first, n, [*head, *tail], [])
    of = J if trace.numbers.strengths else E
    gradient = _value("slope of the error", slope(of, w), float(trace.gradient[index]))
    words = Words(at.plan, n, min(n, SHOWN))
    equations = _told(trace.weight_equations(element), words)
    return _message(at, element, title, first, n, [*head[:1], gradient, *tail], equations)


def _at_start(at: Instant, index: int, w: Symbol) -> Iterator[dict[str, str]]:
    """Yield the slope of the error of all training rows, where it is quickly found."""
    rows, network, o = at.problem.train, at.problem.network, at.plan.objective
    if rows.n * network.size > QUICK:
        return
    gradient = error_and_gradient(
        network, at.theta, rows.X, rows.Y, sample_weight=rows.weights, loss=o.loss, l2=o.l2,
        l1=o.l1, alpha=o.alpha,
    )[1]  # fmt: skip
    of = J if o.l1 or o.l2 or o.alpha else E
    yield _value("slope of the error of all training rows", slope(of, w), float(gradient[index]))


# --- units ---------------------------------------------------------------------------------------


def _of_unit(at: Instant, element: str, row: int | None) -> Message:
    network, (name, j) = at.problem.network, _place(at, element)
    numbers, of_step = row_numbers(at, row)
    number = int(numbers.index[0])
    title = f"{title_of(at.problem, element)}, for training row {number + 1:,}"
    rows = at.last.batch.n if at.last is not None and of_step else 1
    if not of_step and at.last is not None:
        title += ", which was not in the batch of this step"
    made = UnitFormulas(numbers, 0, _SHOWN)
    layers = {layer.name: layer for layer in network.layers}
    if name not in layers:
        x = _value("value", made.out(name, j), float(numbers.inputs[name][0, j]))
        return _message(at, element, title, number, rows, [x], [])
    layer, own = layers[name], numbers.layers[name]
    h, o = symbol("h", name, j), symbol("ŷ" if name == network.output.name else "o", name, j)
    values = [
        _value("net input", h, float(own.h[0, j])),
        _value("output", o, float(own.o[0, j])),
        _value("slope of the error along the output", slope(E, o), float(own.dE_do[0, j])),
        _value("slope of the error along the net input", slope(E, h), float(own.dE_dh[0, j])),
    ]
    equations = _told(_equations(made, layer, j, network.output.name), Words(at.plan, rows, 1))
    return _message(at, element, title, number, rows, values, equations)


def _equations(made: UnitFormulas, layer: Layer, j: int, last: str) -> Iterator[Equation]:
    yield from made.forward(layer, j)
    if layer.name == last:
        yield from made.targets()
        yield made.error()
    yield from made.backward(layer, j)


def _place(at: Instant, element: str) -> tuple[str, int]:
    """Return the layer and the number of a unit."""
    name, _, unit = element.rpartition(".")
    network = at.problem.network
    names = [layer.name for layer in network.inputs] + [layer.name for layer in network.layers]
    sizes = {each: network.width(each) for each in names}
    if name not in sizes:
        raise SpecError(f"the network has no layer '{name}'; {suggest(name, sizes)}")
    if not unit.isdecimal() or not int(unit[:9]) < sizes[name]:
        raise SpecError(f"layer '{name}' has units 0 to {sizes[name] - 1}, not {unit[:20]!r}")
    return name, int(unit)
