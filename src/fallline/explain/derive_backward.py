"""The chain rule, backwards: error terms of output and hidden units, then the slope of each weight.

The error term of unit j is δ_j = −∂E/∂h_j, which is positive where a larger net input would make
the error smaller. Back-propagation as in Rumelhart, Hinton and Williams 1986.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..formulas.activations import Activation
from ..formulas.expression import Expression
from ..spec.network import Layer
from .derive_forward import to_units
from .derive_notation import ERROR, Notation, Step
from .derive_rules import activation_slope, error_rule, fused
from .maths import (
    Apply,
    Call,
    Equation,
    Maths,
    Number,
    Symbol,
    Unit,
    negative,
    product,
    same,
    slope,
    symbol,
    total,
)
from .maths_formula import to_maths

__all__ = ["implied", "layer_steps", "weight_steps"]


def layer_steps(names: Notation) -> Iterator[Step]:
    """Yield the steps from the error to the error terms of all layers, the last layer first."""
    output = names.network.output
    yield _slope_step(names, output)
    yield _output_step(names, output)
    for layer in reversed(names.network.layers[:-1]):
        yield _back_step(names, layer)
        yield _slope_step(names, layer)
        yield _hidden_step(names, layer)


# --- f' ------------------------------------------------------------------------------------------


def _slope_step(names: Notation, layer: Layer) -> Step:
    row = names.row(layer)
    if row.coupled:
        return _jacobian_step(names, layer)
    equations = tuple(
        Equation(Apply("f", names.h(layer.name, j), 1), unit_slope(names, layer, j))
        for j in names.units(layer.name, "j")
    )
    why: tuple[object, ...] = (f"The function of '{layer.name}' is {row.name}. ",)
    if row.family == "logistic":
        why += ("Its slope needs nothing but its own output: f′ = f·(1 − f).",)
    elif row.family == "tanh":
        why += ("Its slope needs nothing but its own output: f′ = 1 − f².",)
    elif row.name == "identity":
        why += ("It passes h on as it is, so that its slope is 1 everywhere.",)
    else:
        why += ("Its slope says how much the output grows with the net input.",)
    return Step(f"The slope f′ of the units of '{layer.name}'", why, equations, _kinks(row))


def _kinks(row: Activation) -> tuple[tuple[object, ...], ...]:
    if not row.kinks:
        return ()
    told = ", ".join(f"{z:g} (slope taken: {s:.6g})" for z, s in row.kinks)
    return ((f"{row.name} has a kink, and no derivative, at h = {told}".replace("-", "−"), "."),)


def unit_slope(names: Notation, layer: Layer, j: Unit) -> Maths:
    """Return f'(h) of a unit, in its net input and its output."""
    tree = activation_slope(names.row(layer), j if isinstance(j, int) else 0)
    return to_maths(tree, {"z": names.h(layer.name, j), "o": names.out(layer.name, j)})


def _jacobian_step(names: Notation, layer: Layer) -> Step:
    row, name = names.row(layer), layer.name
    equations = tuple(
        Equation(slope(names.out(name, k), names.h(name, j)), jacobian(names, layer, j, k))
        for j in names.units(name, "j")
        for k in names.units(name, "k")
    )
    if row.family == "softmax":
        why: tuple[object, ...] = (
            "In softmax every output contains every net input, through the sum below the line, so "
            "that each output k has a slope in each net input j, by the quotient rule. ",
            *((same("j", "k"), " is 1 where j and k are the same unit, and else 0.")
              if name not in names.spelled else ()),
        )  # fmt: skip
    else:
        why = ("Every unit of a group stands on those before it, so that a net input moves all "
               "outputs from its own on.",)  # fmt: skip
    return Step(f"The slopes of the outputs of '{name}'", why, equations)


def jacobian(names: Notation, layer: Layer, j: Unit, k: Unit) -> Maths:
    """Return ∂o_k/∂h_j of a layer whose units are coupled."""
    row, name = names.row(layer), layer.name
    if row.family == "softmax":
        return names.out(name, k) * (same(j, k) - names.out(name, j))
    assert isinstance(j, int) and isinstance(k, int)
    size = layer.size // row.group
    if j // size != k // size or k < j:
        return Number(0)
    return Number(1) if j % size == 0 else Call("sigmoid", (names.h(name, j),))


# --- δ of the outputs ----------------------------------------------------------------------------


def _output_step(names: Notation, layer: Layer) -> Step:
    row, name = names.row(layer), layer.name
    equations = tuple(
        Equation(names.delta(name, j), -slope(ERROR, names.h(name, j)), *sides)
        for j, sides in ((j, _output_sides(names, layer, j)) for j in names.units(name, "j"))
    )
    if row.coupled:
        why: tuple[object, ...] = (
            "The error term δ is minus the slope of E in the net input. A net input reaches E "
            "through every output, so that the chain rule adds up over all of them",
            "; with this error nearly all of it cancels."
            if row.family in names.loss.pairs
            else ".",
        )
    else:
        why = (
            "The error term δ is minus the slope of E in the net input, by the chain rule: the "
            "slope of E in ŷ times the slope of ŷ in h",
            "; here the two meet and cancel." if len(equations[0].sides) > 4 else ".",
        )
    if row.family == "softmax" and names.loss.family == "cross_entropy":
        why += (" In the last step the targets add up to 1.",)
    notes = (
        ("Some books give δ the other sign, δ = ∂E/∂h; the slopes in the weights are the same.",),
    )
    return Step("The error term of each output unit", why, equations, notes)


def _output_sides(names: Notation, layer: Layer, j: Unit) -> list[Maths]:
    if names.row(layer).coupled:
        return _coupled_sides(names, layer, j)
    o, h = names.out(layer.name, j), names.h(layer.name, j)
    rule, t = error_rule(names.loss), names.target_of(j)
    part = j % len(rule.slopes) if isinstance(j, int) else 0
    error = rule.slopes[part]
    inside = unit_slope(names, layer, j)
    counted = names.counted(t)
    sides = [-(slope(ERROR, o) * Apply("f", h, 1))]
    sides.append(product(counted, negative(to_units(names, error, t)), inside))
    short = _fused(names, layer, error, j, rule.outputs[part])
    if short is not None:
        sides.append(counted * to_units(names, short, t))
    return sides


def _fused(
    names: Notation, layer: Layer, error: Expression, j: Unit, name: str
) -> Expression | None:
    f = activation_slope(names.row(layer), j if isinstance(j, int) else 0)
    return fused(error, f, name) if f.names == {"o"} else None


def _coupled_sides(names: Notation, layer: Layer, j: Unit) -> list[Maths]:
    """Return the sides of δ_j where a net input moves several outputs."""
    name, row = layer.name, names.row(layer)

    def chain(k: Unit) -> Maths:
        if jacobian(names, layer, j, k) == Number(0):
            return Number(0)
        return slope(ERROR, names.out(name, k)) * slope(names.out(name, k), names.h(name, j))

    sides = [-names.over(name, "k", chain)]
    if row.family != "softmax":
        return sides
    if name != names.output or names.loss.family != "cross_entropy":
        return [*sides, _softmax_back(names, name, j)]

    def target(k: Unit) -> Maths:
        smoothed = error_rule(names.loss).smoothed is not None
        return names.counted(k) * names.target(k, "t" if smoothed else "y")

    own = names.out(name, j)
    sides.append(names.over(name, "k", lambda k: _met(names, target(k), name, j, k)))
    sides.append(names.over(name, "k", lambda k: target(k) * (same(j, k) - own)))
    summed = names.over(name, "k", target)
    sides.append(target(j) - own * summed)
    if names.loss.settings.get("output_weights") is None:
        sides.append(target(j) - own)
    return sides


def _met(names: Notation, target: Maths, name: str, j: Unit, k: Unit) -> Maths:
    """Return one term of the sum before ŷ_k cancels."""
    o = names.out(name, k)
    return (target / o) * o * (same(j, k) - names.out(name, j))


def _softmax_back(names: Notation, name: str, j: Unit) -> Maths:
    """Return δ_j = o_j (Σ_k ∂E/∂o_k o_k − ∂E/∂o_j)."""
    whole = names.over(name, "k", lambda k: slope(ERROR, names.out(name, k)) * names.out(name, k))
    return names.out(name, j) * (whole - slope(ERROR, names.out(name, j)))


# --- hidden layers -------------------------------------------------------------------------------


def _back_step(names: Notation, layer: Layer) -> Step:
    name, fed = layer.name, names.fed(layer.name)
    equations: list[Equation] = []
    if name not in names.spelled:
        equations += [
            Equation(slope(names.h(m, "k"), names.out(name, "j")), names.weight(name, "j", m, "k"))
            for m in fed
            if m not in names.spelled
        ]
    for j in names.units(name, "j"):
        chain = _over_fed(names, name, j, lambda h, o, w, d: slope(ERROR, h) * slope(h, o))
        found = _over_fed(names, name, j, lambda h, o, w, d: w * d)
        sides = [chain, negative(found)] if chain != Number(0) else [Number(0)]
        equations.append(Equation(slope(ERROR, names.out(name, j)), *sides))
    told = f"'{fed[0]}'" if len(fed) == 1 else ", ".join(f"'{m}'" for m in fed)
    several = len(fed) > 1 or names.network.width(fed[0]) > 1
    why = (
        f"The outputs of '{name}' go on to {told}. An output reaches E through every unit that it "
        "feeds, so that its slope is the sum over all of them: the slope of E in the net input of "
        "each, which is −δ, times the weight that leads there."
        if several
        else f"The output of '{name}' goes on to {told} alone: the slope of E in the net input "
        "there, which is −δ, times the weight that leads there.",
    )
    return Step(f"Back through the weights: the slope of E in the outputs of '{name}'", why,
                tuple(equations))  # fmt: skip


def _over_fed(names: Notation, name: str, j: Unit, body: object) -> Maths:
    """Return the sum, over all units k that unit j feeds, of a body of h_k, o_j, w_jk and δ_k."""
    assert callable(body)

    def term(m: str, k: Unit) -> Maths:
        weight = names.weight(name, j, m, k)
        if not names.present(weight):
            return Number(0)
        made: Maths = body(names.h(m, k), names.out(name, j), weight, names.delta(m, k))
        return made

    return total(
        *(names.over(m, "k", lambda k, m=m: term(m, k)) for m in names.fed(name))  # type: ignore[misc]
    )


def _hidden_step(names: Notation, layer: Layer) -> Step:
    name = layer.name
    equations = []
    for j in names.units(name, "j"):
        h, o = names.h(name, j), names.out(name, j)
        sides: list[Maths]
        if names.row(layer).coupled:
            sides = _coupled_sides(names, layer, j)
        else:
            back = _over_fed(names, name, j, lambda h, o, w, d: w * d)
            sides = [
                -(slope(ERROR, o) * Apply("f", h, 1)),
                product(unit_slope(names, layer, j), back),
            ]
        equations.append(Equation(names.delta(name, j), -slope(ERROR, h), *sides))
    why = (
        "Through the unit's own function, by the chain rule: the slope of E in its output times "
        "the slope of its output in its net input"
        + (", over all outputs of the layer." if names.row(layer).coupled else "."),
    )
    return Step(f"The error term of each unit of '{name}'", why, tuple(equations))


# --- weights -------------------------------------------------------------------------------------


def weight_steps(names: Notation, deltas: dict[tuple[str, Unit], Maths]) -> Iterator[Step]:
    """Yield the steps to the slopes of E in each layer's weights and biases.

    Parameters
    ----------
    deltas
        The error terms of output units in short, where they are worth showing once more.
    """
    for layer in names.network.layers:
        equations = [
            _weight(names, weight, name, j, factor, deltas)
            for weight, name, j, factor in _parameters(names)
            if name == layer.name
        ]
        why: tuple[object, ...] = (
            f"The net input of a unit of '{layer.name}' contains each weight times the output that "
            "it carries, so that this output is the slope of h in the weight",
            "; its slope in the bias is 1." if layer.bias else ".",
        )
        yield Step(f"The slopes of E in the weights into '{layer.name}'", why, tuple(equations))


def _parameters(names: Notation) -> Iterator[tuple[Symbol, str, Unit, Maths]]:
    """Yield each weight and bias with its layer, its unit and what it carries."""
    for layer in names.network.layers:
        name = layer.name
        for source in layer.sources:
            for i in names.units(source, "i"):
                for j in names.units(name, "j"):
                    weight = names.weight(source, i, name, j)
                    if names.present(weight):
                        yield weight, name, j, names.out(source, i)
        for j in names.units(name, "j") if layer.bias else ():
            yield symbol("b", name, j), name, j, Number(1)


def _weight(
    names: Notation,
    weight: Symbol,
    layer: str,
    j: Unit,
    factor: Maths,
    deltas: dict[tuple[str, Unit], Maths],
) -> Equation:
    h, delta = names.h(layer, j), names.delta(layer, j)
    sides: list[Maths] = [slope(ERROR, h) * slope(h, weight), negative(delta * factor)]
    if (layer, j) in deltas:
        sides.append(negative(product(deltas[layer, j], factor)))
    return Equation(slope(ERROR, weight), *sides)


def rule_step(names: Notation, deltas: dict[tuple[str, Unit], Maths]) -> Step:
    """Return what plain descent adds to each weight after one row alone: η times δ times o."""
    rate = symbol("η")
    equations = []
    for weight, layer, j, factor in _parameters(names):
        change = Symbol(f"Δ{weight.name}", weight.places)
        if names.held(weight, layer):
            equations.append(Equation(change, Number(0)))
            continue
        sides: list[Maths] = [-(rate * slope(ERROR, weight)), rate * names.delta(layer, j) * factor]
        if (layer, j) in deltas:
            sides.append(product(rate, deltas[layer, j], factor))
        equations.append(Equation(change, *sides))
    why = (
        "Put together, for a step after one row: every weight changes by the learning rate times "
        "the error term of the unit that it leads to times the output that it carries.",
    )
    notes: tuple[tuple[object, ...], ...] = ()
    if names.network.frozen.any():
        notes = (("Frozen weights keep their values: their steps are 0.",),)
    return Step("The rule", why, tuple(equations), notes)


def implied(names: Notation) -> Iterator[Equation]:
    """Yield what is said in words: o = f(h), ∂E/∂h = −δ, and what a net input is the sum of."""
    for layer in names.network.layers:
        name = layer.name
        h = names.h(name, "k")
        yield Equation(Apply("f", h), names.out(name, "k"))
        yield Equation(slope(ERROR, h), -names.delta(name, "k"))
        yield Equation(slope(h, symbol("b", name, "k")), Number(1))
        for source in layer.sources:
            o, w = names.out(source, "i"), names.weight(source, "i", name, "k")
            yield Equation(slope(h, o), w)
            yield Equation(slope(h, w), o)
