"""The error that is descended and the optimizer's rule, as text and as LaTeX."""

from __future__ import annotations

from ..explain.derive_optimizer import statements
from ..explain.maths import Maths, symbol
from ..explain.maths_formula import read, to_maths
from ..formulas.loss import Loss
from ..spec.plan import Plan

__all__ = ["objective_words", "rule_words"]


def objective_words(plan: Plan) -> dict[str, str]:
    """Return the objective's name, its formula as text and as LaTeX.

    Examples
    --------
    >>> objective_words(Plan(l2=0.01))["text"]
    'E = mean over rows of ½·(y − ŷ)² + ½·0.01·Σ w²'
    """
    error = plan.objective.error
    each = _of_row(error)
    mean = error.reduction == "mean"
    text = ("mean over rows of " if mean else "sum over rows of ") + str(each)
    latex = (r"\frac{1}{n}\sum_{\mu}" if mean else r"\sum_{\mu}") + rf"\left({each.latex}\right)"
    for strength, words, formula in (
        (plan.l2, "½·{:g}·Σ w²", r"\tfrac{{1}}{{2}}\cdot {:g}\sum w^2"),
        (plan.l1, "{:g}·Σ |w|", r"{:g}\sum |w|"),
    ):
        if strength:
            text += " + " + words.format(strength)
            latex += " + " + formula.format(strength)
    return {"name": plan.loss, "text": f"E = {text}", "latex": f"E = {latex}"}


def _of_row(error: Loss) -> Maths:
    """Return the error of one target as a formula."""
    several = [f"yhat_{i + 1}" for i in range(error.outputs_each)]
    outputs = several if error.parts else ["yhat"]
    names = {name: symbol(name.replace("yhat", "ŷ")) for name in outputs}
    known = {**names, "y": symbol("y"), "k": symbol("k")}
    return to_maths(read(error.text, *known), known)


def rule_words(plan: Plan) -> dict[str, str]:
    """Return what a step does with a weight w and its slope g, as text and as LaTeX.

    Examples
    --------
    >>> rule_words(Plan.of(optimizer="sgd(momentum=0.9)"))["text"]
    'v ← β·v − η·g;  w ← w + v'
    """
    equations = list(statements(plan.stepwise.formula.step))
    return {
        "text": ";  ".join(map(str, equations)),
        "latex": r" \qquad ".join(equation.latex for equation in equations),
    }
