"""The first steps of a derivation: what the network computes, and its error for one row."""

from __future__ import annotations

from ..formulas.activations import Activation
from ..formulas.expression import Expression
from .derive_notation import ERROR, Notation, Step
from .derive_rules import activation_shown, error_rule
from .maths import Apply, Call, Equation, Maths, Number, Symbol, Unit, slope, total
from .maths_formula import spelled_out, to_maths

__all__ = ["error_names", "error_slopes", "forward", "the_error", "to_units"]


def forward(names: Notation) -> Step:
    """Return the step from the inputs of a row to its predictions."""
    equations = []
    for layer in names.network.layers:
        for j in names.units(layer.name, "j"):
            equations.append(Equation(names.h(layer.name, j), _net_input(names, layer, j)))
            equations.append(_output(names, names.row(layer), layer.name, j))
    kinds = {layer.activation: None for layer in names.network.layers}
    why = (
        "A unit adds up what reaches it, each source times its weight, and its bias: that is its "
        "net input h. Its function f turns h into its output",
        " (here " + ", ".join(kinds) + "). " if len(kinds) < 4 else ". ",
        "x are the inputs of a row, o the outputs of hidden units, ŷ the network's predictions.",
    )
    return Step("Forwards: from the inputs to the prediction", why, tuple(equations))


def _net_input(names: Notation, layer: object, j: Unit) -> Maths:
    from ..spec.network import Layer

    assert isinstance(layer, Layer)

    def term(source: str, i: Unit) -> Maths:
        weight = names.weight(source, i, layer.name, j)
        return weight * names.out(source, i) if names.present(weight) else Number(0)

    sums = (names.over(s, "i", lambda i, s=s: term(s, i)) for s in layer.sources)  # type: ignore[misc]
    return total(*((_bias(layer.name, j),) if layer.bias else ()), *sums)


def _bias(layer: str, j: Unit) -> Symbol:
    from .maths import symbol

    return symbol("b", layer, j)


def _output(names: Notation, row: Activation, layer: str, j: Unit) -> Equation:
    h, o = names.h(layer, j), names.out(layer, j)
    if row.family == "softmax":
        others = names.over(layer, "k", lambda k: Call("exp", (names.h(layer, k),)))
        return Equation(o, Call("exp", (h,)) / others)
    if row.family == "ordered":
        assert isinstance(j, int)
        size = names.network.width(layer) // row.group
        first = j % size == 0
        rise = Call("log", (1 + Call("exp", (h,)),))
        return Equation(o, h if first else names.out(layer, j - 1) + rise)
    f = activation_shown(row, j if isinstance(j, int) else 0)
    if f.is_name:
        return Equation(o, h)
    return Equation(o, Apply("f", h), to_maths(spelled_out(f), {"z": h}))


# --- the error -----------------------------------------------------------------------------------


def the_error(names: Notation) -> Step:
    """Return the step that states the error of one row."""
    rule = error_rule(names.loss)
    equations = []
    if rule.smoothed is not None:
        for t in names.units(names.output, "j"):
            smooth = to_maths(
                rule.smoothed, {"y": names.target(t), "k": Number(names.network.n_outputs)}
            )
            equations.append(Equation(names.target(t, "t"), smooth))

    def of_target(t: Unit) -> Maths:
        return names.counted(t) * to_units(names, spelled_out(rule.each), t)

    if names.loss.parts:
        whole = total(*map(of_target, range(names.targets)))
    else:
        whole = names.over(names.output, "j", of_target)
    equations.append(Equation(ERROR, whole))
    why: tuple[object, ...] = (
        f"The error {names.loss.name} says how wrong the prediction for one row is",
        "; it adds up over the outputs." if names.targets > 1 else ".",
        " y is the target.",
    )
    if rule.smoothed is not None:
        why += (" The labels are smoothed: t stands for y.",)
    if names.loss.settings.get("clip"):
        why += (" Clipping changes only the error that is reported, and not its slope.",)
    return Step("The error of one row", why, tuple(equations), _kink(names))


def _kink(names: Notation) -> tuple[tuple[object, ...], ...]:
    if not names.loss.kink:
        return ()
    told = f"Where {names.loss.kink.replace('yhat', 'ŷ')} = 0 it has no derivative: "
    return ((told, "the slope taken there is 0."),)


def error_names(names: Notation, t: Unit) -> dict[str, Maths]:
    """Return what the names of an error's formula stand for, for one target."""
    smoothed = error_rule(names.loss).smoothed is not None
    found: dict[str, Maths] = {"y": names.target(t, "t" if smoothed else "y")}
    if not names.loss.parts:
        return found | {"yhat": names.out(names.output, t)}
    assert isinstance(t, int)
    first = t * names.loss.outputs_each
    each = range(names.loss.outputs_each)
    return found | {f"yhat_{i + 1}": names.out(names.output, first + i) for i in each}


def to_units(names: Notation, tree: Expression, t: Unit) -> Maths:
    """Return a formula of the error with the target and its predictions in it."""
    return to_maths(tree, error_names(names, t))


def error_slopes(names: Notation) -> Step:
    """Return the step from the error to its slope in each prediction."""
    rule = error_rule(names.loss)
    equations = []
    for j in names.units(names.output, "j"):
        t = names.target_of(j)
        part = j % len(rule.slopes) if isinstance(j, int) else 0
        value = names.counted(t) * to_units(names, rule.slopes[part], t)
        equations.append(Equation(slope(ERROR, names.out(names.output, j)), value))
    why = (
        "How fast E rises with the prediction, all else held fixed"
        + ("; the terms of the other outputs do not contain it and drop out." if names.targets > 1
           else "."),
    )  # fmt: skip
    return Step("The slope of the error in the prediction", why, tuple(equations))
