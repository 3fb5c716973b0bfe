"""Every equation that a derivation prints, computed as it is printed, against the engine.

The formulas that are shown are the formulas that are computed here: no text is read back.
"""

import itertools

import numpy as np
import pytest
from tests.engines.cases import ALL_PAIRS, LEVELS, Case
from tests.networks import LOSSES_AND_OUTPUTS, OUTPUTS, network, rows, start

import fallline as fl
from fallline.engines.protocol import Rows
from fallline.engines.reference import backward, forward
from fallline.explain.derive import Derivation, derive
from fallline.explain.derive_batch import GENERIC, descended
from fallline.explain.derive_point import PointValues
from fallline.explain.maths import Equation, Quantity, symbol
from fallline.formulas.activations import ACTIVATIONS
from fallline.spec.network import Network
from fallline.spec.plan import Objective

TOLERANCE = 1e-10


def derived(net: Network, objective: Objective, expanded: bool | None) -> Derivation:
    strengths = {"l2": objective.l2, "l1": objective.l1, "alpha": objective.alpha}
    return derive(net, objective.loss, expanded=expanded, **strengths)


def engine(
    net: Network, objective: Objective, theta: np.ndarray, given: Rows
) -> tuple[float, np.ndarray]:
    return fl.error_and_gradient(
        net, theta, given.X, given.Y, loss=objective.unclipped.loss, l2=objective.l2,
        l1=objective.l1, alpha=objective.alpha, sample_weight=given.weights, engine="reference",
    )  # fmt: skip


def letters(equation: Equation) -> list[tuple[str, str]]:
    """Return the index letters on the left of an equation, each with the layer it runs through."""
    first = equation.sides[0]
    if not isinstance(first, Quantity):
        return []
    symbols = [getattr(first, name, None) for name in ("of", "by", "argument")]
    places = [p for s in (first, *symbols) for p in getattr(s, "places", ())]
    found = {p.unit: p.layer for p in places if isinstance(p.unit, str) and p.layer}
    return list(found.items())


def check_sides(rule: Derivation, values: PointValues, width: dict[str, int], row: int) -> int:
    """Assert that all sides of all equations agree at all units; return how many there were."""
    counted = 0
    for equation in rule.equations:
        if equation.sides[0] in GENERIC or equation.sides[0] == symbol("w_new"):
            continue  # in any weight: these are the gradient itself
        indices = letters(equation)
        ranges = [range(width[layer]) for _, layer in indices]
        for units in itertools.product(*ranges):
            at = {letter: unit for (letter, _), unit in zip(indices, units, strict=True)}
            found = [values.of(side, at, row) for side in equation.sides]
            allowed = TOLERANCE * (1 + abs(found[-1]))
            assert all(abs(one - found[-1]) <= allowed for one in found), f"{equation} at {at}"
            counted += len(found)
    return counted


def widths(net: Network) -> dict[str, int]:
    return {name: net.width(name) for name in (n.name for n in (*net.inputs, *net.layers))}


def check(rule: Derivation, objective: Objective, theta: np.ndarray, given: Rows) -> None:
    net = rule.network
    values = rule.values(theta, given.X, given.Y, given.weights)
    error, gradient = engine(net, objective, theta, given)
    np.testing.assert_allclose(values.gradient(), gradient, rtol=TOLERANCE, atol=TOLERANCE)
    found = values.of(descended(objective))
    np.testing.assert_allclose(found, error, rtol=TOLERANCE, atol=TOLERANCE)
    for row in range(2):
        assert check_sides(rule, values, widths(net), row) > 0
    check_units(net, values, objective, theta, given)


def check_units(
    net: Network, values: PointValues, objective: Objective, theta: np.ndarray, given: Rows
) -> None:
    """Assert that h, o and δ of the first row are those of the engine's own pass."""
    first = Rows(given.X[:1], given.Y[:1], np.ones(1))
    passes = forward(net, theta, first.X)
    deltas = backward(net, objective.unclipped, theta, passes, first)
    for layer in net.layers:
        own = "ŷ" if layer is net.output else "o"
        for j in range(layer.size):
            found = [values.of(symbol(n, layer.name, j)) for n in ("h", own, "δ")]
            p = passes[layer.name]
            wanted = [p.h[0, j], p.o[0, j], deltas[layer.name][0, j]]
            np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE)


SAMPLES = {False: ALL_PAIRS[::3], True: ALL_PAIRS[1::6]}
"""What is derived in index form, and written out: errors with outputs meet once more below."""


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=["index form", "written out"])
def test_each_sample_has_every_level(sample: list[Case]) -> None:
    assert {pair for case in sample for pair in enumerate(case)} == {
        (i, level) for i, levels in enumerate(LEVELS) for level in levels
    }


@pytest.mark.parametrize("case", SAMPLES[False], ids=str)
def test_every_equation_in_index_form_is_the_engines_gradient(case: Case) -> None:
    net, objective, theta, given = case.build()
    check(derived(net, objective, False), objective, theta, given)


@pytest.mark.parametrize("case", SAMPLES[True], ids=str)
def test_every_equation_written_out_is_the_engines_gradient(case: Case) -> None:
    net, objective, theta, given = case.build()
    check(derived(net, objective, True), objective, theta, given)


@pytest.mark.slow
@pytest.mark.parametrize("expanded", [False, True])
def test_every_equation_of_all_pairs_is_the_engines_gradient(expanded: bool) -> None:
    for case in ALL_PAIRS:
        net, objective, theta, given = case.build()
        check(derived(net, objective, expanded), objective, theta, given)


@pytest.mark.parametrize("graph", ["no_hidden_layer", "skip"])
@pytest.mark.parametrize(("loss", "output"), LOSSES_AND_OUTPUTS)
def test_every_error_with_every_output(graph: str, loss: str, output: str) -> None:
    net = network(graph, "tanh", output)
    theta, given = start(net, 3), rows(net, loss, 2, seed=3)
    check(derived(net, Objective(loss), None), Objective(loss), theta, given)


@pytest.mark.parametrize("activation", OUTPUTS)
def test_a_single_unit_of_every_kind(activation: str) -> None:
    size = ACTIVATIONS[activation].fewest * ACTIVATIONS[activation].group
    net = fl.Network.of(fl.Input(2), fl.Layer(size, activation))
    theta, given = start(net, 1), rows(net, "sse", 2, seed=1)
    for expanded in (False, True):
        check(derived(net, Objective("sse"), expanded), Objective("sse"), theta, given)


OWN = [("z*tanh(softplus(z))", "log(cosh(yhat - y))"), ("max(z, -1) + z/3", "sse"),
       ("z if z > 0 else exp(z) - 1", "(yhat - y)**4/4"), ("abs(z)", "mae")]  # fmt: skip


@pytest.mark.parametrize(("activation", "loss"), OWN)
def test_formulas_of_users(activation: str, loss: str) -> None:
    net = fl.Network.of(fl.Input(2), fl.Layer(3, activation), fl.Layer(2, "identity"))
    theta, given = start(net, 5), rows(net, "sse", 3, seed=5)
    for expanded in (False, True):
        check(derived(net, Objective(loss), expanded), Objective(loss), theta, given)


def test_a_kink_has_the_slope_of_the_table() -> None:
    net = fl.Network.parse("1 -> 1 leaky_relu(slope=0.2)")
    theta = np.zeros(net.size)
    wanted = fl.error_and_gradient(net, theta, [[1.0]], [[2.0]], loss="sse")[1]
    assert derive(net, "sse").gradient(theta, [1.0], [2.0]).tolist() == wanted.tolist() != [0, 0]


def test_a_step_in_frozen_layers_passes_no_error_on() -> None:
    net = fl.Network.of(
        fl.Input(2), fl.Layer(2, "step", "a", frozen=True), fl.Layer(1, "logistic", sources="a")
    )
    theta, given = start(net, 2), rows(net, "sse", 2)
    check(derived(net, Objective("sse"), None), Objective("sse"), theta, given)
    assert "Frozen weights keep their values" in derive(net, "sse").text


@pytest.mark.parametrize("expanded", [False, True])
def test_the_rule_of_a_frozen_weight_is_no_step(expanded: bool) -> None:
    net = fl.Network.of(fl.Input(2), fl.Layer(2, "tanh", "a", frozen=True), fl.Layer(2, name="b"))
    rule = derive(net.freeze("b[b.1]"), "sse", theta=[0.5] * 12, x=[1, 2], y=[1, 0],
                  expanded=expanded).steps[-1]  # fmt: skip
    told = [str(equation) for equation in rule.equations]
    held = [line.split(" = ")[0] for line in told if line.endswith(" = 0")]
    if expanded:
        weights = [f"Δw[input.{i}->a.{j}]" for i in (0, 1) for j in (0, 1)]
        assert held == [*weights, "Δb[a.0]", "Δb[a.1]", "Δb[b.1]"]
    else:
        assert held == ["Δw[input.i->a.j]", "Δb[a.j]"]
    assert all("η" in line for line in told if not line.endswith(" = 0"))
