"""What a formula of the element in focus says, in plain words with the field's terms in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...explain.maths import Equation, Slope, Symbol
from ...explain.trace_formulas import LONGEST_SUM
from ...explain.trace_weights import LETTERS
from ...formulas.optimizers import Optimizer
from ...spec.plan import Plan

if TYPE_CHECKING:
    from ..problem import Problem

__all__ = ["Words", "title_of"]

_MEMORY = {
    "velocity": "the velocity: the part of earlier steps that momentum carries on",
    "squares": "the sum of all squared slopes so far",
    "mean_square": "the running mean of the squared slopes",
    "mean": "the running mean of the slopes",
    "mean_square_step": "the running mean of the squared steps",
    "largest": "the largest slope so far, fading",
    "t": "how many steps there were",
    "product": "the product of the momenta so far",
    "size": "the size of this weight's own step",
    "gradient": "the slope that the next step compares with",
    "step": "the step that may have to be taken back",
}
_OF_UNIT = {
    "h": "the net input: the bias, and each incoming output times its weight, added up",
    "o": "the output: the activation function of the net input",
    "ŷ": "the prediction: the activation function of the net input",
    "u": "what the next layer gets: dropout multiplies the output",
    "t": "the target, smoothed",
    "e": "the error of this row",
    "δ": "the error term: the slope along the net input with the opposite sign",
}


class Words:
    """The words for equations of one step.

    Parameters
    ----------
    plan
        How it descends.
    rows
        How many rows the batch had.
    shown
        The terms of how many of them are written out.
    """

    def __init__(self, plan: Plan, rows: int, shown: int) -> None:
        self.plan, self.rows, self.shown = plan, rows, shown

    def of(self, equation: Equation) -> str:
        """Return what an equation says."""
        left = equation.sides[0]
        if isinstance(left, Slope):
            return self._of_slope(left)
        assert isinstance(left, Symbol)
        if equation.signs[0] == "←" or left.name in self._letters:
            return self._of_rule(left)
        if left.name.startswith("Δ"):
            return self._of_step(equation)
        if left.name == "g":
            return "what the optimizer gets of the slope"
        return _OF_UNIT.get(left.name, "")

    @property
    def _letters(self) -> dict[str, str]:
        method = self.plan.optimizer
        return dict(LETTERS.get(method.name, {})) if isinstance(method, Optimizer) else {}

    def _of_slope(self, left: Slope) -> str:
        if left.by.name in ("w", "b"):
            return self._of_parameter(left)
        if left.by.name == "h":
            return "along the net input: what reached the output, times the activation's slope"
        if left.by.name == "ŷ":
            return "how the error changes with the prediction" + self._share
        return "what comes back: along each outgoing weight, the slope at the unit it leads to"

    @property
    def _share(self) -> str:
        if self.rows == 1 or self.plan.objective.error.reduction == "sum":
            return ""
        return f", times the row's share of the {self.rows:,} rows of the batch"

    def _of_parameter(self, left: Slope) -> str:
        if left.of.name == "J":
            return "with what the penalty adds"
        what = "minus the error term of the unit it leads to"
        if left.by.name == "w":
            what += " times the output it starts from"
        if self.rows == 1:
            return f"the slope of the error: {what}"
        rest = f"; {self.shown} of them are written out" if self.rows > LONGEST_SUM else ""
        return f"the slope of the error: {what}, added up over {self.rows:,} rows{rest}"

    def _of_step(self, equation: Equation) -> str:
        if len(equation.sides) == 2:
            return "it is frozen: no step"
        if not isinstance(self.plan.optimizer, Optimizer):
            return "the step: the direction that the solver searched, as far as it went"
        if self.plan.optimizer.name == "sgd" and not self._letters_used(equation):
            return "the step: against the slope, the learning rate η times its size"
        return "the step: the weight after less the weight before"

    def _letters_used(self, equation: Equation) -> bool:
        return "w_0" in str(equation.sides[1])

    def _of_rule(self, left: Symbol) -> str:
        if left.places:
            return "the weight after the step"
        name = self._letters.get(left.name)
        told = _MEMORY[name] if name else f"a part of the rule of {self.plan.optimizer.name}"
        return f"{left.name}: {told}"


def title_of(problem: Problem, element: str) -> str:
    """Return an element's name in words: ``"bias of hidden unit 2 (hidden1.1)"``."""
    if element.startswith("w["):
        source, _, target = element[2:-1].partition("->")
        return f"weight from {_unit(problem, source)} to {_unit(problem, target)}"
    if element.startswith("b["):
        return f"bias of {_unit(problem, element[2:-1])}"
    return _unit(problem, element, alone=True)


def _unit(problem: Problem, unit: str, alone: bool = False) -> str:
    """Return what a unit is called: inputs and outputs by what they stand for."""
    layer, _, j = unit.rpartition(".")
    if layer == problem.network.output.name:
        role = "output for" if problem.classes else "output"
        return f"{'' if alone else 'the '}{role} {problem.output_labels[int(j)]}"
    start = 0
    for given in problem.network.inputs:
        if given.name == layer:
            label = problem.input_labels[start + int(j)]
            return f"input {label}" if alone else label
        start += given.size
    inner = [each.name for each in problem.network.layers[:-1]]
    many = f" of layer {inner.index(layer) + 1}" if len(inner) > 1 else ""
    return f"hidden unit {int(j) + 1}{many} ({unit})"
