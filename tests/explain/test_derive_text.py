"""What derivations say: the important ones word for word, and what each must tell.

``python -m tests.explain.test_derive_text`` writes the texts anew; read what changed.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.explain.test_document import tags

import fallline as fl
from fallline.errors import DataError, SpecError
from fallline.explain.derive import Derivation, derive

HERE = Path(__file__).parent / "derivations"
SKIP = "2 -> a: 2 relu -> b: 1 tanh from a, input; out: 1 sigmoid from a, b, input"
TWO_EACH = "2 -> 2 sigmoid -> 2 sigmoid"
WEIGHTS = [0.15, 0.25, 0.2, 0.3, 0.35, 0.35, 0.4, 0.5, 0.45, 0.55, 0.6, 0.6]


def of(network: str, loss: str, *given, **settings) -> Callable[[], Derivation]:
    return lambda: derive(fl.Network.parse(network), loss, *given, **settings)


IMPORTANT: dict[str, Callable[[], Derivation]] = {
    "linear_unit": of("2 -> 1", "sse", theta=[0.5, -0.25, 0.1], x=[1, 2], y=[1]),
    "sigmoid_unit": of("3 -> 1 sigmoid", "sse", expanded=False),
    "several_outputs": of("2 -> 2 sigmoid", "squared_error", expanded=False),
    "two_each": of(TWO_EACH, "sse", fl.SGD(0.5), theta=WEIGHTS, x=[0.05, 0.1], y=[0.01, 0.99]),
    "softmax": of("2 -> 3 softmax", "cross_entropy", expanded=False),
    "deep": of("4 -> 8 relu -> 5 tanh -> 3 softmax", "cross_entropy", "adam", l2=0.1),
    "skip": of(SKIP, "binary_cross_entropy", fl.SGD(0.1, momentum=0.9), expanded=True),
    "solver": of("1 -> 1 elu", "huber", "lbfgs", l1=0.1, alpha=0.2),
}


@pytest.mark.parametrize("name", IMPORTANT)
def test_the_important_ones_word_for_word(name: str) -> None:
    assert IMPORTANT[name]().text == (HERE / f"{name}.txt").read_text("utf-8").rstrip("\n")


def test_a_linear_unit_ends_with_the_delta_rule() -> None:
    text = IMPORTANT["linear_unit"]().text
    for line in (
        "= −(y[output.0] − ŷ[output.0])·x[input.0]",
        "= η·(y[output.0] − ŷ[output.0])·x[input.0]",
    ):
        assert line in text


def test_a_sigmoid_unit_has_its_slope_as_textbooks_do() -> None:
    text = IMPORTANT["sigmoid_unit"]().text
    assert "f′(h[output.0]) = ŷ[output.0]·(1 − ŷ[output.0])" in text
    assert "δ[output.0] = −∂E/∂h[output.0]" in text
    assert "(y[output.0] − ŷ[output.0])·ŷ[output.0]·(1 − ŷ[output.0])" in text


def test_softmax_with_cross_entropy_shows_the_sum_before_it_cancels() -> None:
    text = IMPORTANT["softmax"]().text
    for line in (
        "= −Σₖ ∂E/∂ŷ[output.k]·∂ŷ[output.k]/∂h[output.j]",
        "= Σₖ y[output.k]·([j = k] − ŷ[output.j])",
        "= y[output.j] − ŷ[output.j]·Σₖ y[output.k]",
        "= y[output.j] − ŷ[output.j]\n",
    ):
        assert line in text


def test_an_output_is_summed_over_all_units_that_it_feeds() -> None:
    text = IMPORTANT["skip"]().text
    assert "∂E/∂o[a.0] = ∂E/∂h[b.0]·∂h[b.0]/∂o[a.0] + ∂E/∂h[out.0]·∂h[out.0]/∂o[a.0]" in text
    assert "= −(w[a.0->b.0]·δ[b.0] + w[a.0->out.0]·δ[out.0])" in text


def test_small_networks_are_written_out() -> None:
    assert of("2 -> 3 tanh -> 2", "sse")().expanded
    assert not of("4 -> 5 tanh -> 2", "sse")().expanded
    assert of("4 -> 5 tanh -> 2", "sse", expanded=True)().expanded
    with pytest.raises(SpecError, match="300 at most"):
        of("20 -> 20 -> 1", "sse", expanded=True)()


def test_absent_connections_are_not_written() -> None:
    net = fl.Network.parse("2 -> 2 tanh -> 1").disconnect("w[input.1->hidden1.0]")
    assert "w[input.1->hidden1.0]" not in derive(net, "sse").text
    assert "Absent connections" in derive(net, "sse", expanded=False).text


# --- in words ------------------------------------------------------------------------------------


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the rows of the last table by the name of the weight."""
    table = text.split("Each weight in words")[1].splitlines()
    return {line.split("  ")[0]: line.split() for line in table if line[:2] in ("w[", "b[")}


def test_sign_and_size_of_each_weight_in_words() -> None:
    net, theta, x, y = fl.Network.parse("2 -> 1 tanh"), np.array([0.5, -0.25, 0.1]), [1, -2], [0.2]
    found = rows_of(derive(net, "sse", theta=theta, x=x, y=y).text)
    slopes = fl.error_and_gradient(net, theta, [x], [y], loss="sse")[1]
    for index, slope in enumerate(slopes):
        told = found[net.name(index)]
        numbers = [float(part.replace("−", "-")) for part in told[1:4]]
        np.testing.assert_allclose(numbers, [theta[index], slope, slope / 100], rtol=1e-3)
        assert told[4:6] == ["E", "rises" if slope > 0 else "falls"]
        assert told[-1] == ("smaller" if slope > 0 else "larger")
    assert {told[5] for told in found.values()} == {"rises", "falls"}


def test_with_a_penalty_the_words_are_of_what_is_descended() -> None:
    # The slope of E is −0.01, that of J = E + ½·0.1·w² is 0.19: the two ask for opposite steps.
    told = of("1 -> 1 nobias", "sse", theta=[2.0], x=[0.1], y=[0.3], l2=0.1)().text
    (row,) = rows_of(told).values()
    assert row[2] == "0.19" and " ".join(row[4:]) == "J rises with it: make it smaller"
    assert "where ∂J/∂w > 0, J rises when w grows" in " ".join(told.split())


def test_a_weight_that_carries_nothing_is_said_to_matter_to_nothing() -> None:
    text = of("1 -> 1", "sse", theta=[2.0, 1.0], x=[0.0], y=[3.0])().text
    assert "does not answer" in " ".join(rows_of(text)["w[input.0->output.0]"])


def test_of_many_weights_those_with_the_largest_slopes() -> None:
    net = fl.Network.parse("9 -> 5 tanh -> 1")
    rng = np.random.default_rng(0)
    theta, X, Y = net.initial(seed=0), rng.normal(size=(4, 9)), rng.normal(size=(4, 1))
    weights = [1.0, 2.0, 0.5, 0.0]
    text = derive(net, "squared_error", theta=theta, x=X, y=Y, sample_weight=weights, l2=0.1).text
    _, slopes = fl.error_and_gradient(net, theta, X, Y, l2=0.1, sample_weight=weights)
    largest = {net.name(int(p)) for p in np.argsort(-np.abs(slopes))[:24]}
    assert set(rows_of(text)) == largest
    assert "These are the 24 of 56 whose slopes are largest." in text
    assert "values beside the formulas are those of the first" in text


def test_the_values_beside_formulas_are_those_of_the_network() -> None:
    text = IMPORTANT["two_each"]().text
    net = fl.Network.parse(TWO_EACH)
    yhat = fl.predict(net, np.array(WEIGHTS), [[0.05, 0.1]])[0]
    for j in range(2):
        assert (
            f"ŷ[output.{j}] = f(h[output.{j}]) = 1/(1 + exp(−h[output.{j}])) ≈ {yhat[j]:.4g}"
            in text
        )
    assert f"E is {((np.array([0.01, 0.99]) - yhat) ** 2).sum() / 2:.4g}." in text


def test_rows_and_targets_may_be_written_in_any_usual_way() -> None:
    theta, wanted = [2.0, 1.0], of("1 -> 1", "sse", theta=[2.0, 1.0], x=[[3.0]], y=[[4.0]])().text
    assert of("1 -> 1", "sse", theta=theta, x=3.0, y=4.0)().text == wanted
    assert of("1 -> 1", "sse", theta=theta, x=csr_array([[3.0]]), y=[4.0])().text == wanted


def test_a_saturated_unit_has_numbers_too() -> None:
    text = of("1 -> 2 softmax", "cross_entropy", theta=[900, -900, 0, 0], x=[1.0], y=[1, 0])().text
    assert "E is 0." in text and "nan" not in text and "inf" not in text
    text = of("1 -> 2 softmax", "cross_entropy", theta=[900, -900, 0, 0], x=[1.0], y=[0, 1])().text
    assert "ln(ŷ[output.1]) = 1800\n" in text
    text = of("1 -> 1 sigmoid", "sse", theta=[-900, 0], x=[1.0], y=[1.0])().text
    assert "ŷ[output.0] = f(h[output.0]) = 1/(1 + exp(−h[output.0])) = 0\n" in text


def test_a_deep_network_has_numbers_too() -> None:
    net = fl.Network.parse("3 -> " + " -> ".join(["2 tanh"] * 100) + " -> 1")
    theta, X, Y = net.initial(seed=0), np.ones((2, 3)), np.ones((2, 1))
    rule = derive(net, "sse", theta=theta, x=X, y=Y)
    _, wanted = fl.error_and_gradient(net, theta, X, Y, loss="sse")
    np.testing.assert_allclose(rule.gradient(theta, X, Y), wanted, atol=1e-12)


def test_a_large_network_is_told_of_without_computing_every_formula() -> None:
    net = fl.Network.parse("100 -> 200 relu -> 10 softmax")
    X, Y = np.ones((50, 100)), np.eye(10)[np.arange(50) % 10]
    text = derive(net, "cross_entropy", theta=net.initial(seed=0), x=X, y=Y).text
    assert "E_B = (Σ_μ s_μ·E_μ)/(Σ_μ s_μ)\n" in text


def test_without_sympy_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['sympy'] = None\n"
        "import fallline as fl\n"
        "try: fl.derive(fl.Network.parse('1 -> 1 tanh'), 'sse')\n"
        "except fl.errors.MissingExtraError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install 'fallline[explain]'" in run.stdout, run.stderr


# --- what cannot be ------------------------------------------------------------------------------


def test_numbers_need_all_three() -> None:
    for given in ({"theta": [1.0, 0.0]}, {"x": [1.0], "y": [2.0]}, {"theta": [1, 0], "x": [1.0]}):
        with pytest.raises(SpecError, match="all of theta, x and y"):
            of("1 -> 1", "sse", **given)()


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match="θ must have shape"):
        of("1 -> 1", "sse", theta=[1.0], x=[1.0], y=[1.0])()
    with pytest.raises(DataError, match="sum to 1"):
        of("1 -> 2 softmax", "cross_entropy", theta=[0] * 4, x=[1.0], y=[1.0, 1.0])()
    with pytest.raises(SpecError, match="softmax"):
        of("1 -> 2", "cross_entropy")()
    with pytest.raises(SpecError, match="cannot be trained"):
        of("1 -> 1 step", "sse")()
    with pytest.raises(SpecError, match="unknown optimizer"):
        of("1 -> 1", "sse", "adma")()


def test_python_functions_have_no_formula() -> None:
    name = fl.activation(lambda z: z / (1 + z**2), lambda z: (1 - z**2) / (1 + z**2) ** 2,
                         name="bump_for_derive")  # fmt: skip
    with pytest.raises(SpecError, match="is a Python function"):
        derive(fl.Network.of(fl.Input(1), fl.Layer(1, name)), "sse")
    loss = fl.loss(lambda y, o: ((o - y) ** 4).sum(-1), lambda y, o: 4 * (o - y) ** 3,
                   name="quartic_for_derive")  # fmt: skip
    with pytest.raises(SpecError, match="is a Python function"):
        derive(fl.Network.parse("1 -> 1"), loss)


# --- hostile names -------------------------------------------------------------------------------

NAMES = ["__init__", "a_b_c", "_x_", "ŷ", "δ", "名前", "w" * 99, "x1_2"]


def named(name: str, expanded: bool) -> Derivation:
    hidden = fl.Layer(1, "(1 if z > 0 else exp(z))*z", name + "2")
    net = fl.Network.of(fl.Input(2, name), hidden, fl.Layer(1))
    return derive(net, "sse", expanded=expanded)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("expanded", [False, True])
def test_layers_may_have_any_name(name: str, expanded: bool) -> None:
    rule = named(name, expanded)
    assert f"->{name}2.0]·x[{name}." in rule.text
    assert [tag for tag, _ in tags(rule.html).tags] == [
        tag for tag, _ in tags(named("plain", expanded).html).tags
    ]
    assert "if z > 0" not in rule.html and "if z &gt; 0" in rule.html
    # An underscore is escaped, or begins the index of a formula.
    assert not re.search(r"(?<!\\)_(?!\{)", rule.latex)
    prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|^> ", "", rule.markdown, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"(?<!\\)[_*<>]", prose)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for key, made in IMPORTANT.items():
        (HERE / f"{key}.txt").write_text(made().text + "\n", "utf-8")
