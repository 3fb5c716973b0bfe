"""The rules of activations and errors in a derivation: formulas, and slopes as textbooks do.

What the tables of formulas say is read as text and differentiated by SymPy. A few slopes have a
usual form that no simplification finds; these are written here, and tests hold them to the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import SpecError
from ..formulas.activations import Activation
from ..formulas.calculus import derivative, simplified
from ..formulas.expression import Expression, negative, node, number
from ..formulas.losses import LOSSES, Loss
from ..formulas.own_name import OwnName
from .maths_formula import branches, in_output, read, switches

__all__ = [
    "ErrorRule",
    "activation_formula",
    "activation_shown",
    "activation_slope",
    "error_rule",
    "fused",
]

_STEP = "0 if 0 > z else 1"
_SLOPES = {
    "gelu": "(1 + erf(z/sqrt(2)))/2 + z*exp(-z**2/2)/sqrt(2*pi)",
    "step": "0",
}
_ERRORS = {
    "huber": "(y - yhat)**2/2 if abs(y - yhat) < {delta} else {delta}*(abs(y - yhat) - {half})",
}
_ERROR_SLOPES = {
    "mae": "sign(yhat - y)",
    "log_cosh": "tanh(yhat - y)",
    "huber": "max(min(yhat - y, {delta}), -{delta})",
    "binary_cross_entropy": "-y/yhat + (1 - y)/(1 - yhat)",
}
_ABOUT_TARGETS = ("smoothing", "output_weights", "clip")


def _refuse_functions(row: Activation | Loss, kind: str) -> None:
    if isinstance(row.name, OwnName) and row.name.plain is None:
        raise SpecError(
            f"the {kind} '{row.name}' is a Python function, whose rule cannot be derived; write it "
            "as a formula, in text"
        )


# --- activations ---------------------------------------------------------------------------------


def activation_formula(row: Activation, unit: int = 0) -> Expression:
    """Return f in z, the unit's own net input, of an activation whose units are not coupled.

    Raises
    ------
    SpecError
        Where it is a Python function.
    """
    _refuse_functions(row, "activation")
    if row.name == "step":
        return read(_STEP, "z")
    if row.group > 1:  # one formula for each unit of a group
        at = unit % row.group
        own = row.text.split(", ")[at]
        return read(own.replace(f"z_{at + 1}", "z"), "z")
    return read(row.text, "z")


def activation_shown(row: Activation, unit: int = 0) -> Expression:
    """Return f as it is read best: in two cases where it is pieced together at one kink.

    Examples
    --------
    >>> from fallline.formulas.activations import ACTIVATIONS
    >>> print(activation_shown(ACTIVATIONS["elu"]))
    (z if z > 0 else exp(z) - 1)
    """
    f = activation_formula(row, unit)
    kinks = _kinks(row)
    if not any(part.head == "min" for part in f.walk()) or len(kinks) != 1:
        return f
    above, below = branches(f, kinks)
    found = node("if", Expression("z"), number(kinks[0]), above, below)
    return found if _agrees(found, row.f) else f


def _kinks(row: Activation) -> tuple[float, ...]:
    return tuple(sorted(z for z, _ in row.kinks)) or (0.0,)


def activation_slope(row: Activation, unit: int = 0) -> Expression:
    """Return f' in z and, where that is shorter, in o, the unit's own output.

    Examples
    --------
    >>> from fallline.formulas.activations import ACTIVATIONS
    >>> print(activation_slope(ACTIVATIONS["logistic"]))
    o*(1 - o)
    >>> print(activation_slope(ACTIVATIONS["elu"]))
    (1 if z > 0 else exp(z))
    """
    return _slope(row, unit % row.group)


@lru_cache(maxsize=256)
def _slope(row: Activation, unit: int) -> Expression:
    f = activation_formula(row, unit)
    if row.family in _SLOPES:
        return read(_SLOPES[row.family], "z")
    if switches(f):
        pieces = _in_pieces(row, f)
        if pieces is not None:
            return pieces
    return in_output(derivative(f, "z"), f)


def _in_pieces(row: Activation, f: Expression) -> Expression | None:
    """Return the slope piece by piece between the kinks, or None where these are not simple."""
    kinks = _kinks(row)
    slopes = [
        simplified(derivative(piece, "z")) if piece.names else number(0)
        for piece in branches(f, kinks)
    ]
    z = Expression("z")
    if len(kinks) == 1:
        above, below = slopes
        found = above if above == below else node("if", z, number(kinks[0]), above, below)
    elif len(kinks) == 2 and kinks[0] == -kinks[1] and slopes[0] == slopes[2]:
        found = node("if", number(kinks[1]), node("abs", z), slopes[1], slopes[0])
    else:
        return None
    slope = row.slope
    return found if _agrees(found, lambda xp, h: slope(xp, h, row.f(xp, h))) else None


def _agrees(found: Expression, wanted: Callable[[Any, Any], Any]) -> bool:
    import numpy as np

    from ..formulas.expression_program import Program

    h = np.linspace(-8, 8, 401)[:, None]  # 0 and other whole numbers, where kinks are, among them
    return bool(np.allclose(Program(found)(np, z=h), wanted(np, h), atol=1e-12))


# --- errors --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ErrorRule:
    """The error of one target, before it is weighted and summed.

    Attributes
    ----------
    each
        e in y and yhat; in yhat_1, yhat_2, ... where a target has several outputs.
    slopes
        ∂e/∂ŷ by each of these.
    smoothed
        What stands for y, as a formula in y and k, where labels are smoothed.
    weights
        What each target counts, where that is given.
    """

    each: Expression
    slopes: tuple[Expression, ...]
    smoothed: Expression | None
    weights: tuple[float, ...] | None

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of a target's outputs in the formulas."""
        count = len(self.slopes)
        return ("yhat",) if count == 1 else tuple(f"yhat_{i + 1}" for i in range(count))


@lru_cache(maxsize=64)
def error_rule(loss: Loss) -> ErrorRule:
    """Return the rule of an error; where it clips what it reports, that of the true error.

    Raises
    ------
    SpecError
        Where it is a Python function.

    Examples
    --------
    >>> print(error_rule(LOSSES["huber"]).slopes[0])
    max(min(yhat - y, 1), -1)
    """
    _refuse_functions(loss, "error")
    count = loss.outputs_each
    names = ("yhat",) if count == 1 else tuple(f"yhat_{i + 1}" for i in range(count))
    text = _bare(loss).text
    if loss.family in _ERRORS:
        delta = loss.settings["delta"]
        text = _ERRORS[loss.family].format(delta=delta, half=delta / 2)
    each = read(text, "y", *names)
    slopes = tuple(_error_slope(loss, each, name, at) for at, name in enumerate(names))
    smoothing = loss.settings.get("smoothing", 0.0)
    share = repr(smoothing / 2) if loss.family == "binary_cross_entropy" else f"{smoothing}/k"
    smoothed = read(f"{_decimal(1 - smoothing)}*y + {share}", "y", "k") if smoothing else None
    return ErrorRule(each, slopes, smoothed, loss.settings.get("output_weights"))


def _bare(loss: Loss) -> Loss:
    """Return the error without what changes its targets, its weights or its report."""
    if loss.family not in LOSSES.families:
        return loss
    family = LOSSES.families[loss.family]
    kept = {
        name: value
        for name, value in loss.settings.items()
        if name not in _ABOUT_TARGETS and value != family.settings[name].default
    }
    return family.row(kept)


def _error_slope(loss: Loss, each: Expression, name: str, at: int) -> Expression:
    if loss.family == "quantile":
        level = loss.settings["levels"][at]
        text = f"{_decimal(1 - level)} if {name} > y else (-{level} if {name} < y else 0)"
    elif loss.family in _ERROR_SLOPES:
        text = _ERROR_SLOPES[loss.family].format(**loss.settings)
    else:
        slope = derivative(each, name)
        away = node("add", Expression("y"), negative(Expression(name)))
        # The textbook's −(y − ŷ), whose sign is what the rule of one unit turns on.
        return Expression("neg", (away,)) if slope == negative_of(away) else slope
    return read(text, "y", name)


def _decimal(value: float) -> str:
    return repr(round(value, 15))


def negative_of(difference: Expression) -> Expression:
    """Return b − a for a − b."""
    first, second = difference.arguments
    return node("add", negative(second), negative(first))


@lru_cache(maxsize=256)  # a live formula asks again at every step
def fused(error: Expression, slope: Expression, name: str) -> Expression | None:
    """Return −(∂e/∂ŷ)·f' with what cancels cancelled; None where that is no shorter.

    Parameters
    ----------
    error
        ∂e/∂ŷ, in y and `name`.
    slope
        f' in o alone.
    name
        The name of the prediction in `error`.

    Examples
    --------
    >>> from fallline.formulas.activations import ACTIVATIONS
    >>> rule = error_rule(LOSSES["binary_cross_entropy"])
    >>> print(fused(rule.slopes[0], activation_slope(ACTIVATIONS["logistic"]), "yhat"))
    y - yhat
    """
    if "z" in slope.names or switches(error) or switches(slope):
        return None
    whole = node("mul", negative(error), _renamed(slope, "o", name))
    short = simplified(whole)
    size = sum(1 for _ in whole.walk())
    return short if sum(1 for _ in short.walk()) < size - 2 else None


def _renamed(tree: Expression, old: str, new: str) -> Expression:
    if tree.is_name:
        return Expression(new) if tree.head == old else tree
    if not tree.arguments:
        return tree
    return node(str(tree.head), *(_renamed(part, old, new) for part in tree.arguments))
