"""Worked examples: every quantity against differences, misprints found, the shipped ones."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DataError, SpecError
from fallline.explain.maths import Equation, Negative, Number, Product, Quotient, Sum
from fallline.explain.step_numbers import StepNumbers
from fallline.explain.step_quantity import KINDS, read_quantity
from fallline.explain.worked import check_worked_example
from fallline.explain.worked_examples import WORKED_EXAMPLES, worked_example
from fallline.formulas.activations import ACTIVATIONS

NETS = {
    "chain": "2 -> 3 tanh -> 2 logistic",
    "graph": "2 -> a: 2 logistic -> b: 2 tanh from input -> 1 identity from a, b, input",
    "nobias": "2 -> 2 logistic nobias -> 2 identity nobias",
    "softmax": "2 -> 2 tanh -> 3 softmax",
}
X, ROWS = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]], 3


def numbers_of(name: str, loss: str) -> StepNumbers:
    net = fl.Network.parse(NETS[name])
    Y = np.eye(3)[:, : net.n_outputs]
    return StepNumbers(net, net.initial(seed=3) + 0.1, X, Y, loss=loss, optimizer=fl.SGD(0.3))


CASES = [(name, loss) for name in ("chain", "graph", "nobias") for loss in ("sse", "squared_error")]
CASES.append(("softmax", "cross_entropy"))


def forward(numbers: StepNumbers, row: int, nudged: str = "", by: float = 0.0) -> dict:
    """Compute a row by hand, with one net input or output (``h a.0``) nudged; return them all."""
    net, found, start = numbers.network, {}, 0
    for layer in net.inputs:
        for i in range(layer.size):
            found[f"o {layer.name}.{i}"] = numbers.rows.X[row, start + i]
        start += layer.size
    for layer, block in zip(net.layers, net.blocks, strict=True):
        W, b = net.views(numbers.theta)[layer.name]
        sources = [found[f"o {name}.{i}"] for name in block.sources for i in range(net.width(name))]
        h = np.array([sum(s * w for s, w in zip(sources, W[:, j], strict=True))
                      + (0 if b is None else b[j]) for j in range(layer.size)])  # fmt: skip
        for j in range(layer.size):
            h[j] += by * (nudged == f"h {layer.name}.{j}")
        o = ACTIVATIONS[layer.activation].f(np, h[None])[0]
        for j in range(layer.size):
            o[j] += by * (nudged == f"o {layer.name}.{j}")
            found[f"h {layer.name}.{j}"], found[f"o {layer.name}.{j}"] = h[j], o[j]
    return found


def row_error(numbers: StepNumbers, row: int, **nudge) -> float:
    """Return what a row brings to E."""
    found = forward(numbers, row, **nudge)
    k, name = numbers.network.n_outputs, numbers.network.output.name
    yhat, y = np.array([found[f"o {name}.{j}"] for j in range(k)]), numbers.rows.Y[row]
    if numbers.objective.loss == "cross_entropy":
        e = -sum(t * np.log(p) for t, p in zip(y, yhat, strict=True) if t)
    else:
        e = sum((y - yhat) ** 2) / 2
    return e if numbers.objective.loss == "sse" else e / ROWS


@pytest.mark.parametrize(("name", "loss"), CASES)
def test_units_are_what_they_say(name, loss):
    numbers = numbers_of(name, loss)
    step = 1e-6
    for row in range(ROWS):
        for key, value in forward(numbers, row).items():
            kind, unit = key.split()
            layer, j = unit.split(".")
            place = f"row {row}: {{}}[{layer}.{j}]"

            def get(kind, place=place):
                return numbers.value(read_quantity(place.format(kind), numbers.network, ROWS))

            assert get(kind) == pytest.approx(value, rel=1e-12)
            if layer == "input":
                continue
            rise = (
                row_error(numbers, row, nudged=key, by=step)
                - row_error(numbers, row, nudged=key, by=-step)
            ) / (2 * step)
            assert get(f"dE/d{kind}") == pytest.approx(rise, rel=1e-6, abs=1e-8)
            if kind == "h":
                assert get("delta") == -get("dE/dh")


@pytest.mark.parametrize(("name", "loss"), CASES)
def test_weights_are_what_they_say(name, loss):
    numbers = numbers_of(name, loss)
    net, step = numbers.network, 1e-6

    def error(theta):
        return fl.error_and_gradient(net, theta, X, numbers.rows.Y, loss=loss)[0]

    after = numbers.theta.copy()
    for i in range(net.size):
        nudge = np.zeros(net.size)
        nudge[i] = step
        slope = (error(numbers.theta + nudge) - error(numbers.theta - nudge)) / (2 * step)
        weight = net.name(i)
        found = {
            kind: numbers.value(read_quantity(f"{kind}{weight}", net, ROWS))
            for kind in ("dE/d", "step ", "new ")
        }
        assert found["dE/d"] == pytest.approx(slope, rel=1e-6, abs=1e-8)
        assert found["step "] == pytest.approx(-0.3 * slope, rel=1e-6, abs=1e-8)
        assert found["new "] == pytest.approx(numbers.theta[i] - 0.3 * slope, abs=1e-8)
        after[i] -= 0.3 * slope
    assert numbers.value(read_quantity("E", net, ROWS)) == error(numbers.theta)
    assert numbers.value(read_quantity("E after", net, ROWS)) == pytest.approx(error(after))


# --- checking printed numbers -------------------------------------------------------------------

WEIGHT = "w[input.0->output.0]"
LINEAR = {"network": "1 -> 1 nobias", "weights": {WEIGHT: 2.0}, "inputs": [1.0], "targets": [5.0],
          "learning_rate": 0.1}  # fmt: skip


def test_a_sound_example_agrees():
    found = check_worked_example(
        **LINEAR, printed={"E": "4.50", f"∂E/∂{WEIGHT}": -3, f"Δ{WEIGHT}": "0.3",
                           f"new {WEIGHT}": 2.3, "delta[output.0]": "3.00", "ŷ[0]": "2.0"},
    )  # fmt: skip
    assert found.agrees and found.first is None
    assert found.verdict == "All 6 numbers agree."
    assert [number.name for number in found.numbers][1:3] == [f"dE/d{WEIGHT}", f"step {WEIGHT}"]


def test_it_points_to_the_first_that_disagrees_and_says_how_many_digits_agree():
    found = check_worked_example(
        **LINEAR, printed={"o[output.0]": "2.000", "E": "4.523", f"new {WEIGHT}": "9.9"}
    )
    assert not found.agrees
    assert found.first is found.numbers[1]
    assert (found.first.digits, found.first.printed_digits) == (2, 4)
    assert found.first.rounded == Decimal("4.500")
    assert "1 of 3 numbers agree" in found.verdict and "2 of 4 digits agree" in found.verdict
    assert [number.agrees for number in found.numbers] == [True, False, False]
    again = check_worked_example(**LINEAR, printed={"E": "4.523"}, digits=2)
    assert again.agrees and again.numbers[0].digits == 2


SLIPS = [
    (f"new {WEIGHT}", "1.7", {}, "w − η·|∂E/∂w|, which climbs"),
    (f"new {WEIGHT}", "2.30", {"weights": {WEIGHT: 2.0}, "targets": [-1.0]}, "w + η·∂E/∂w"),
    (f"new {WEIGHT}", "5.0", {}, "the learning rate 0.1 was left out"),
    (f"new {WEIGHT}", "2.6", {}, "no ½ in it"),
    (f"new {WEIGHT}", "2.0", {}, "before the step"),
    (f"step {WEIGHT}", "-0.30", {}, "opposite sign: such a step climbs"),
    (f"step {WEIGHT}", "3.0", {}, "the learning rate 0.1 was left out"),
    (f"dE/d{WEIGHT}", "3.0", {}, "opposite sign"),
    (f"dE/d{WEIGHT}", "-6.0", {}, "no ½ in it"),
    ("E", "9.0", {}, "no ½ in it"),
    ("E", "2.25", {}, "half as large"),
    ("delta[output.0]", "-3.0", {}, "where it stands for ∂E/∂h"),
]


@pytest.mark.parametrize(("name", "printed", "other", "told"), SLIPS)
def test_known_slips_are_named(name, printed, other, told):
    found = check_worked_example(**{**LINEAR, **other}, printed={name: printed})
    assert found.first is not None and told in found.first.note
    assert told in found.text.replace("\n", " ")


def test_slips_of_a_sigmoid_unit():
    net, weights = "1 -> 1 logistic", {WEIGHT: 1.0, "b[output.0]": 0.5}
    sound = StepNumbers(fl.Network.parse(net), [1.0, 0.5], [2.0], [1.0])
    outer = sound.value(read_quantity("dE/do[output.0]", sound.network))
    for name, printed, told in [
        ("h[output.0]", "2.0", "It lacks the bias."),
        ("o[output.0]", "2.5", "the activation was not applied"),
        ("dE/dh[output.0]", f"{outer:.6f}", "f' of the activation was left out"),
        ("delta[output.0]", f"{-outer:.6f}", "f' of the activation was left out"),
    ]:
        found = check_worked_example(net, weights, [2.0], [1.0], 0.1, {name: printed})
        assert found.first is not None and told in found.first.note


@pytest.mark.parametrize("text", ["2 -> 2 logistic -> 2 tanh", "2 -> a: 2 tanh -> 1 from a, input"])
def test_slopes_that_were_taken_with_new_weights_are_named(text):
    net = fl.Network.parse(text)
    theta, rate = net.initial(seed=5) + 0.3, 0.5
    x, y = [[0.5, -1.5]], [[1.0, -0.5][: net.n_outputs]]
    _, right = fl.error_and_gradient(net, theta, x, y, loss="sse")
    hidden, output = net.blocks
    # By hand: the output layer is moved first, and the error terms go back along its new weights.
    views, moved = net.views(theta), net.views(theta - rate * right)
    o = ACTIVATIONS[net.layers[0].activation].f(np, np.array(x) @ views[hidden.name].weights
                                                + views[hidden.name].biases)  # fmt: skip
    back = right[output.biases] @ moved[output.name].weights[:2].T
    slope = ACTIVATIONS[net.layers[0].activation].slope(np, None, o)[0]
    wrong = np.outer(x[0], back * slope).ravel()
    name = net.name(0)
    for asked, printed in [
        (f"dE/d{name}", wrong[0]),
        (f"step {name}", -rate * wrong[0]),
        (f"new {name}", theta[0] - rate * wrong[0]),
    ]:
        found = check_worked_example(net, theta, x, y, rate, {asked: f"{printed:.9f}"})
        assert "The weights after it were moved first" in found.first.note, asked


def test_sums_and_means_over_rows_are_told_apart():
    net, theta, Y = fl.Network.parse("1 -> 1 nobias"), [1.0], [[1.0], [4.0], [5.0]]
    total, _ = fl.error_and_gradient(net, theta, [[1.0]] * 3, Y, loss="sse")
    found = check_worked_example(net, theta, [[1.0]] * 3, Y, 0.1, {"E": f"{total / 3:.5f}"})
    assert "the mean over rows, not the sum" in found.first.note
    found = check_worked_example(
        net, theta, [[1.0]] * 3, Y, 0.1, {"E": f"{total:.5f}"}, loss="squared_error"
    )
    assert "the sum over rows, not the mean" in found.first.note


def test_the_step_is_that_of_the_optimizer_asked_for():
    options = {**LINEAR, "printed": {f"new {WEIGHT}": "2.10"}}
    assert check_worked_example(**options, optimizer="adam").agrees  # a first step of its rate
    assert check_worked_example(**options, optimizer=fl.Adam(0.7)).agrees
    assert not check_worked_example(**options).agrees
    with pytest.raises(SpecError, match="takes one step, but lbfgs is a solver"):
        check_worked_example(**options, optimizer="lbfgs")


def test_weights_by_name_by_layer_and_as_a_vector_are_the_same():
    net = fl.Network.parse("2 -> 2 tanh -> 1")
    theta = net.initial(seed=1) + 0.25
    by_name = {net.name(i): value for i, value in enumerate(theta)}
    by_layer = {name: tuple(view) for name, view in net.views(theta).items()}
    printed = {"E": "0.1"}
    values = {
        check_worked_example(net, weights, [1, 2], [1], 0.1, printed).numbers[0].computed
        for weights in (theta, by_name, by_layer)
    }
    assert len(values) == 1


BAD = [
    ({"weights": {}}, "weights of layer 'output' are missing"),
    ({"weights": {"b[output.0]": 1}}, "has no biases"),
    ({"weights": {WEIGHT: "much"}}, "must be a number, not 'much'"),
    ({"network": "2 -> 1 nobias", "inputs": [1, 2]}, "w[input.1->output.0] has no value"),
    ({"network": "1 -> 1", "weights": {"output": [[1.0]]}}, "has biases; give its weights as a"),
    ({"printed": {}}, "there is nothing to check"),
    ({"printed": {"dE/dw[input.0->hidden.0]": 1}}, "no layer 'hidden' holds parameters"),
    ({"printed": {"gradient": 1}}, "names no quantity of a step"),
    ({"printed": {"o[output.3]": 1}}, "has units 0 to 0"),
    ({"printed": {"o[nowhere.0]": 1}}, "the network has input, output"),
    ({"printed": {"h[input.0]": 1}}, "an input unit has an output, which is x, and no more"),
    ({"printed": {"row 3: o[output.0]": 1}}, "there are rows 0 to 0"),
    ({"printed": {"row 0: E": 1}}, "leave the row out"),
    ({"inputs": [[1.0], [2.0]], "targets": [[1.0], [2.0]], "printed": {"o[output.0]": 1}},
     "write 'row 0: o[output.0]'"),
    ({"printed": {"E": "x"}}, "E: a printed number is needed"),
    ({"digits": 0}, "digits must be a whole number of at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), BAD)
def test_what_does_not_fit_is_refused(change, told):
    with pytest.raises((SpecError, DataError)) as caught:
        check_worked_example(**{**LINEAR, "printed": {"E": "4.5"}, **change})
    assert told in str(caught.value)


def test_every_kind_of_quantity_can_be_written_and_read():
    net = fl.Network.parse("1 -> 1 logistic")
    for kind in KINDS:
        of = "[output.0]" if kind in ("h", "o", "dE/do", "dE/dh", "delta") else ""
        of = {"dE": f"/d{WEIGHT}", "step": f" {WEIGHT}", "new": f" {WEIGHT}"}.get(kind, of)
        quantity = read_quantity(f"{kind}{of}", net)
        assert quantity.kind == kind and read_quantity(str(quantity), net) == quantity


# --- the shipped examples -----------------------------------------------------------------------


def test_the_numbers_of_the_widely_taught_net_agree_but_for_the_last():
    found = worked_example("two_two_two").check()
    assert [number.agrees for number in found.numbers] == [True] * 16 + [False]
    assert found.first.name == "E after" and found.first.digits == 6
    text = worked_example("two_two_two").text
    assert "With the new weights just as they are printed" in text and "0.291027774" in text


@pytest.mark.parametrize("name", WORKED_EXAMPLES)
def test_each_example_shows_itself_in_every_format(name):
    example = worked_example(name)
    assert example.title in example.text
    assert example.markdown.startswith("#") and "\\begin{document}" in example.latex
    assert "<math" in example.html and example._repr_html_() in example.html
    assert example.problem.value("E after") < example.problem.value("E")


def value_shown(formula):
    """Compute a formula of numbers from the digits that are shown."""
    match formula:
        case Number():
            return float(formula.shown.replace("−", "-"))
        case Sum(terms):
            return sum(map(value_shown, terms))
        case Product(factors):
            return np.prod(list(map(value_shown, factors)))
        case Negative(inner):
            return -value_shown(inner)
        case Quotient(above, below):
            return value_shown(above) / value_shown(below)
    raise TypeError(type(formula))


@pytest.mark.parametrize("name", WORKED_EXAMPLES)
def test_the_digits_of_a_lesson_give_its_results(name):
    equations = [b for b in worked_example(name).brief.blocks if isinstance(b, Equation)]
    for equation in equations:
        if len(equation.sides) < 4:
            continue  # a rule, without numbers
        left, right = map(value_shown, equation.sides[2:])
        exact = equation.signs[2] == "="
        assert left == pytest.approx(right, abs=1e-12 if exact else 2e-6), str(equation)


def test_the_sums_over_two_paths_of_the_graph_are_its_slopes():
    problem = worked_example("six_node_graph").problem
    for unit in ("a", "b"):
        paths = sum(
            problem.weights[f"w[{unit}.0->{fed}.0]"] * problem.value("dE/dh", f"{fed}.0")
            for fed in ("c", "d")
        )
        assert problem.value("dE/do", f"{unit}.0") == pytest.approx(paths, rel=1e-12)
    text = worked_example("six_node_graph").text
    assert "w[a.0->c.0]·∂E/∂h[c.0] + w[a.0->d.0]·∂E/∂h[d.0]" in text


def test_the_misprint_climbs_from_the_left_only():
    example = worked_example("absolute_slope")
    problem = example.problem
    w, rate, slope = 0.5, problem.learning_rate, problem.value("dE", WEIGHT)
    assert slope < 0
    found = example.check({f"new {WEIGHT}": f"{w - rate * abs(slope):.4f}"})
    assert "w − η·|∂E/∂w|, which climbs" in found.first.note
    left, right = (
        [[float(str(cell[0]).replace("−", "-")) for cell in row] for row in table.rows]
        for table in example.document.blocks
        if getattr(table, "caption", "").startswith("From")
    )
    assert all(a[2] < b[2] and a[4] > b[4] for a, b in pairwise(left))
    assert all(row[1:3] == row[3:5] for row in right)


def test_an_unknown_example_is_refused_with_a_suggestion():
    with pytest.raises(SpecError, match="no worked example 'sigmoid'"):
        worked_example("sigmoid")
