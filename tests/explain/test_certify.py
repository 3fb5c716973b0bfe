"""The gradient certificate: over the whole tables it passes, and what is wrong it finds."""

import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.engines.cases import covering_levels

import fallline as fl
from fallline.engines.registry import ENGINES, EngineRow, get_engine
from fallline.errors import MissingExtraError, SpecError
from fallline.explain import certify_symbolic, certify_whole
from fallline.explain.certificate import Status
from fallline.explain.certify import LARGEST_DIFFERENCED, certify
from fallline.explain.certify_differences import central_difference
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.expression import Expression
from fallline.formulas.expression_program import Program
from fallline.formulas.losses import LOSSES
from fallline.formulas.own_name import OwnName

CASES = covering_levels()


def settings(objective) -> dict:
    return {name: getattr(objective, name) for name in ("loss", "l2", "l1", "alpha")}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("method", ["whole", "whole by name", "composed"])
def test_every_row_of_the_tables_is_certified(case, method, monkeypatch):
    """Every activation, error, graph and penalty, both as one expression and row by row."""
    net, objective, theta, rows = case.build()
    error = objective.unclipped.error
    if method != "whole":
        how = {"composed": "", "whole by name": "by name"}[method]
        leaves = certify_whole._leaves(net, error, named=True) * net.size
        if how == certify_whole.written(net, error) or (how and leaves > 20_000):
            return  # as it is anyway, or too long
        monkeypatch.setattr(certify_symbolic, "written", lambda *_: how)
    found = certify(
        *(net, theta, rows.X, rows.Y), **settings(objective), sample_weight=rows.weights, rows=4
    )
    assert found.passed, [weight.record() for weight in found.disagreeing]
    assert found.method in (method.split()[0], "composed")
    assert set(found.errors) == set(ENGINES) and not found.skipped
    assert len(found.weights) == net.size
    absent = found.count(Status.ABSENT)
    assert absent == net.masked.sum()
    assert found.count(Status.AGREES) == net.size - absent
    assert all(w.symbolic is not None and set(w.engines) == set(ENGINES) for w in found.weights)
    assert all(w.difference is not None for w in found.weights if w.status is Status.AGREES)
    assert found.worst.relative_error < 1e-6


@pytest.mark.parametrize(
    "text, loss",
    [
        ("2 -> 2 logistic -> 2 logistic", "sse"),
        ("1 -> 2 relu -> 2 relu -> 1 logistic", "binary_cross_entropy"),
        ("4 -> 3 tanh -> 3 softmax", "cross_entropy"),
        ("8 -> 5 relu -> 2 identity", "mae"),
        ("3 -> 4 gelu -> 3 mish -> 2 gelu_tanh", "huber"),
        ("4 -> 8 elu -> 2 softmax", "cross_entropy"),
        ("2 -> 1 tanh -> 1 tanh -> 1 tanh -> 1 tanh -> 1 mish", "log_cosh"),
    ],
)
def test_a_small_network_is_one_expression(text, loss):
    net = fl.Network.parse(text)
    Y = np.eye(net.n_outputs)[[0]]
    found = certify(net, net.initial(seed=3) + 0.1, np.ones((1, net.n_inputs)), Y, loss)
    assert found.passed and found.method == "whole"


# --- what is wrong is found ----------------------------------------------------------------------


class Wrong:
    """The reference engine, but for one entry of its gradient."""

    def __init__(self, change):
        self.change = change

    def error_and_gradient(self, network, objective, theta, rows):
        error, gradient = get_engine("reference").error_and_gradient(
            network, objective, theta, rows
        )
        return self.change(error, gradient.copy())


@pytest.fixture
def wrong_engine(monkeypatch):
    def add(change) -> None:
        row = EngineRow("wrong", "for this test", lambda: Wrong(change))
        monkeypatch.setitem(ENGINES._rows, "wrong", row)
        get_engine.cache_clear()

    yield add
    get_engine.cache_clear()


def tiny(loss: str = "sse", text: str = "2 -> 3 tanh -> 2 logistic", n: int = 5):
    net, rng = fl.Network.parse(text), np.random.default_rng(0)
    theta = rng.normal(size=net.size)
    return net, theta, rng.normal(size=(n, net.n_inputs)), rng.random((n, net.n_outputs)), loss


@pytest.mark.parametrize("index", range(17))
def test_an_engine_that_is_wrong_at_one_weight_is_found(wrong_engine, index):
    def change(error, gradient):
        gradient[index] *= 1 + 1e-6
        return error, gradient

    wrong_engine(change)
    net, theta, X, Y, loss = tiny()
    found = certify(net, theta, X, Y, loss)
    assert not found.passed
    (bad,) = found.disagreeing
    assert bad.name == net.name(index) and bad.wrong == "engine wrong"
    assert found.worst is bad
    assert bad.name in found.text and "NOT CERTIFIED" in found.text


def test_a_wrong_sign_is_found_and_a_wrong_error_too(wrong_engine):
    wrong_engine(lambda error, gradient: (error, -gradient))
    net, theta, X, Y, loss = tiny()
    assert len(certify(net, theta, X, Y, loss).disagreeing) == net.size
    get_engine.cache_clear()
    wrong_engine(lambda error, gradient: (2 * error, gradient))
    found = certify(net, theta, X, Y, loss)
    assert not found.disagreeing and not found.error_agrees and not found.passed
    assert "the errors J differ" in found.text


def test_an_engine_that_gives_nan_is_found(wrong_engine):
    def change(error, gradient):
        gradient[3] = math.nan
        return error, gradient

    wrong_engine(change)
    found = certify(*tiny())
    assert [weight.wrong for weight in found.disagreeing] == ["engine wrong"]
    json.loads(found.json)


def test_a_large_network_is_sampled_but_engines_are_compared_everywhere(wrong_engine):
    net, theta, X, Y, _ = tiny(text="20 -> 60 relu -> 30 tanh -> 3 logistic")
    wrong = [0, net.size // 2, net.size - 1]

    def change(error, gradient):
        gradient[wrong] += 1e-3
        return error, gradient

    wrong_engine(change)
    found = certify(net, theta / 5, X, Y, "squared_error", seed=3)
    assert net.size > LARGEST_DIFFERENCED
    assert {weight.name for weight in found.disagreeing} == {net.name(i) for i in wrong}
    for block in net.blocks:
        own = [w for w in found.weights if block.weights.start <= net.index(w.name) < block.stop]
        assert sum(w.symbolic is not None and w.difference is not None for w in own) >= 3
    assert f"of {net.size:,} weights and biases" in found.text


def test_beside_a_large_layer_each_small_one_has_three_weights():
    net, theta, X, Y, _ = tiny(text="3 -> 120 tanh -> 2 tanh -> 2 tanh -> 2 logistic", n=2)
    found = certify(net, theta, X, Y)
    names = [weight.name for weight in found.weights if weight.symbolic is not None]
    assert found.passed and found.method == "composed"
    assert all(sum(f"->{block.name}." in name or f"b[{block.name}." in name for name in names) >= 3
               for block in net.blocks)  # fmt: skip


def tampered(kind: str, formula: str, tree: str, times: float) -> str:
    """Return the name of a formula whose text says another thing than one of its trees."""
    row = (ACTIVATIONS if kind == "activation" else LOSSES)[formula]
    plain = dict(row.name.plain)
    plain[tree] = ["mul", times, plain[tree]]
    name, names = (
        OwnName.of(formula, kind, plain),
        ("z",) if kind == "activation" else ("y", "yhat"),
    )
    wrong = Program(Expression.from_json(plain[tree], names))
    functions = {
        ("activation", "formula"): {"f": lambda xp, z: wrong(xp, z=z)},
        ("activation", "slope"): {"slope": lambda xp, h, o: wrong(xp, z=h)},
        ("loss", "slope"): {"slope": lambda xp, y, yhat: wrong(xp, y=y, yhat=yhat)},
    }
    name.row = replace(row, name=name, **functions[kind, tree])
    return name


def test_a_wrong_slope_of_a_formula_is_found():
    wrong = tampered("activation", "1/(1 + exp(-1.5*z))", "slope", 1.001)
    net = fl.Network.of(fl.Input(2), fl.Layer(2, wrong, "a"), fl.Layer(1, name="out"))
    found = certify(net, np.arange(1, 10) / 10, [[0.5, -0.3]], [1.0], "sse")
    assert not found.passed and found.error_agrees
    behind = {weight.name for weight in found.weights if "a.0->out" not in weight.name}
    behind -= {"w[a.1->out.0]", "b[out.0]"}
    assert {weight.name for weight in found.disagreeing} == behind
    assert all(w.wrong == "engine reference and engine native" for w in found.disagreeing)


def test_a_text_that_is_not_the_function_is_found():
    wrong = tampered("activation", "1/(1 + exp(-1.5*z))", "formula", 1.01)
    net = fl.Network.of(fl.Input(2), fl.Layer(2, wrong, "a"), fl.Layer(1, name="out"))
    found = certify(net, np.arange(1, 10) / 10, [[0.5, -0.3]], [1.0], "sse")
    assert not found.error_agrees and len(found.disagreeing) == net.size


def test_a_python_function_whose_slope_is_wrong_where_nobody_looked_is_found():
    def slope(z):
        return np.where(np.abs(z) < 40, 2 * z, 2.1 * z)  # checked from -30 to 30 only

    square = fl.activation(lambda z: z**2, slope, name="nearly_square")
    net = fl.Network.of(fl.Input(1), fl.Layer(1, square, "a"), fl.Layer(1, name="out"))
    assert certify(net, [1.0, 0.5, 0.1, 0.2], [[3.0]], [1.0], "sse").passed
    found = certify(net, [20.0, 0.5, 1e-4, 0.2], [[3.0]], [1.0], "sse")
    assert [w.name for w in found.disagreeing] == ["w[input.0->a.0]", "b[a.0]"]
    assert all(w.wrong == "central difference" for w in found.disagreeing)


def test_a_wrong_slope_of_an_error_is_found():
    net, theta, X, Y, _ = tiny()
    found = certify(net, theta, X, Y, tampered("loss", "(y - yhat)**4", "slope", 0.75))
    assert found.error_agrees and len(found.disagreeing) == net.size


# --- formulas and functions of one's own ---------------------------------------------------------


def test_formulas_of_ones_own_are_certified():
    net = fl.Network.of(
        fl.Input(2),
        fl.Layer(3, "z*tanh(softplus(z)) if z > 0 else 0.2*expm1(z) + log1p(abs(z))", "a"),
        fl.Layer(2, "sigmoid(z) + erf(z)*atan(z)/(1 + relu(z)) + min(z, 3, cos(z))", "out"),
    )
    _, _, X, Y, _ = tiny()
    theta = np.random.default_rng(1).normal(size=net.size)
    for loss in ("log(cosh(yhat - y))", "max(yhat - y, 0.3*(y - yhat)) + sqrt(1 + yhat**2)"):
        found = certify(net, theta, X, Y, loss)
        assert found.passed and found.method and set(found.errors) == set(ENGINES), found.text


def test_of_a_python_function_the_differences_stand_alone():
    bell = fl.activation(
        lambda z: 1 / (1 + z**2), lambda z: -2 * z / (1 + z**2) ** 2, name="bell_certified"
    )
    quartic = fl.loss(
        lambda y, yhat: ((yhat - y) ** 4).sum(axis=-1),
        lambda y, yhat: 4 * (yhat - y) ** 3,
        name="quartic_certified",
    )
    net = fl.Network.of(fl.Input(2), fl.Layer(3, bell), fl.Layer(2))
    _, _, X, Y, _ = tiny()
    theta = np.random.default_rng(1).normal(size=net.size)
    found = certify(net, theta, X, Y, quartic)
    assert found.passed and found.method is None and found.symbolic_error is None
    assert found.textless == ("bell_certified", "quartic_certified")
    assert list(found.errors) == ["reference"] and "Python function" in found.skipped["native"]
    assert found.count(Status.AGREES) == net.size
    assert "bell_certified, quartic_certified" in found.text


# --- kinks ---------------------------------------------------------------------------------------

AT_A_KINK = [
    # network, θ, x, y, loss, settings, the weights whose slope is none
    ("1 -> 1 relu -> 1", [1, 0, 2, 0], 0.0, 1.0, "sse", {}, {"b[hidden1.0]"}),
    ("1 -> 1 relu -> 1", [1, -0.3, 2, 0], 0.3, 1.0, "sse", {},
     {"w[input.0->hidden1.0]", "b[hidden1.0]"}),
    ("1 -> 1 relu -> 1", [1, 0, 0, 0], 0.0, 1.0, "sse", {}, set()),  # what it feeds weighs 0
    ("1 -> 1 elu -> 1", [1, 0, 2, 0], 0.0, 1.0, "sse", {}, set()),  # no kink at alpha = 1
    ("1 -> 1 elu(alpha=0.5) -> 1", [1, 0, 2, 0], 0.0, 1.0, "sse", {}, {"b[hidden1.0]"}),
    ("1 -> 1 hard_sigmoid -> 1", [1, 0, 2, 0], 3.0, 1.0, "sse", {},
     {"w[input.0->hidden1.0]", "b[hidden1.0]"}),
    ("1 -> 1 abs(z-1) -> 1", [1, 0, 2, 0], 1.0, 1.0, "sse", {},
     {"w[input.0->hidden1.0]", "b[hidden1.0]"}),
    ("1 -> 1", [2, 0], 1.0, 2.0, "mae", {}, {"w[input.0->output.0]", "b[output.0]"}),
    ("1 -> 1", [0.1, 0.2], 1.0, 0.3, "mae", {}, {"w[input.0->output.0]", "b[output.0]"}),
    ("1 -> 1", [1, 0], 1.0, 1.0, "hinge", {}, {"w[input.0->output.0]", "b[output.0]"}),
    ("1 -> 1", [2, 0], 1.0, 2.0, "quantile(levels=[0.3])", {},
     {"w[input.0->output.0]", "b[output.0]"}),
    ("1 -> 1", [2, 0], 1.0, 3.0, "huber", {}, set()),  # joined smoothly
    ("1 -> 1", [2, 0], 1.0, 2.0, "abs(yhat - y)", {}, {"w[input.0->output.0]", "b[output.0]"}),
    ("2 -> 1", [0, 1, 0], [1.0, 1.0], 2.0, "sse", {"l1": 0.1}, {"w[input.0->output.0]"}),
    ("1 -> 1 tanh -> 1 relu -> 1", [1, 0, 1, 0, 1, 0], 0.0, 2.0, "sse", {},
     {"b[hidden1.0]", "b[hidden2.0]"}),
]  # fmt: skip


@pytest.mark.parametrize("text, theta, x, y, loss, penalties, kinks", AT_A_KINK)
def test_at_a_kink_there_is_no_slope_and_no_failure(text, theta, x, y, loss, penalties, kinks):
    if "abs(z" in text:
        net = fl.Network.of(fl.Input(1), fl.Layer(1, "abs(z - 1)"), fl.Layer(1))
    else:
        net = fl.Network.parse(text)
    found = certify(net, theta, np.atleast_2d(x), [y], loss, **penalties)
    assert {w.name for w in found.weights if w.status is Status.KINK} == kinks
    assert found.passed, found.text
    assert ("not differentiable here" in found.text) == bool(kinks)
    assert ("SymPy's is the slope on one side" in " ".join(found.text.split())) == bool(kinks)
    assert all(w.record()["status"] == "not differentiable here" for w in found.weights
               if w.name in kinks)  # fmt: skip


def test_nearer_to_a_kink_than_any_difference_is_no_failure_either():
    net = fl.Network.parse("1 -> 1 relu -> 1")
    found = certify(net, [1.0, 1e-10, 2.0, 0.0], [[0.0]], [1.0], "sse")
    assert found.passed and found.weights[1].status is Status.KINK
    assert found.weights[1].symbolic == found.weights[1].engines["reference"] != 0


def test_a_slope_of_0_is_told_as_0():
    net = fl.Network.parse("2 -> 2 relu -> 1")
    found = certify(net, np.zeros(9), [[1.0, 2.0]], [1.0], "sse")
    assert [weight.symbolic for weight in found.weights] == [0.0] * 8 + [-1.0]


def test_a_wrong_engine_is_found_also_beside_a_kink(wrong_engine):
    wrong_engine(lambda error, gradient: (error, gradient * 1.1))
    net = fl.Network.parse("1 -> 1 relu -> 1")
    found = certify(net, [1.0, 1e-10, 2.0, 0.5], [[0.0]], [1.0], "sse")
    assert "b[hidden1.0]" in [weight.name for weight in found.disagreeing]


def test_of_an_error_without_formula_a_kink_is_felt():
    pinball = fl.loss(
        lambda y, yhat: np.abs(yhat - y).sum(axis=-1),
        lambda y, yhat: np.sign(yhat - y),
        name="absolute_certified",
    )
    found = certify(fl.Network.parse("1 -> 1"), [2.0, 0.0], [[1.0]], [2.0], pinball)
    assert found.passed and found.count(Status.KINK) == 2


# --- differences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f, at, slope",
    [
        (math.exp, 3.0, math.exp(3)),
        (math.sin, 1e3, math.cos(1e3)),
        (lambda w: 1e9 + w**2, 0.5, 1.0),
        (lambda w: math.tanh(50 * w), 0.01, 50 / math.cosh(0.5) ** 2),
        (lambda w: 3.0, 1.0, 0.0),
        (lambda w: max(w - 1.0001, 0.0), 1.0, 0.0),  # a kink nearby
    ],
)
def test_a_difference_lies_within_its_uncertainty(f, at, slope):
    found = central_difference(f, at)
    assert abs(found.slope - slope) <= 10 * found.uncertainty + 1e-13
    assert found.smooth
    if abs(f(at)) < 1e6:
        assert found.uncertainty < 1e-6 * (1 + abs(slope))


# --- the report ----------------------------------------------------------------------------------


def test_rows_of_no_weight_and_many_rows():
    net, theta, X, Y, loss = tiny(n=200)
    weights = np.ones(200)
    weights[::2] = 0
    X[0] = 1e200
    found = certify(net, theta, X, Y, loss, sample_weight=weights, rows=10)
    assert found.passed and found.rows == (10, 100)
    assert "10 of 100" in found.text
    assert found.to_json()["rows"] == {"taken": 10, "given": 100}


def test_the_error_and_slopes_are_those_of_error_and_gradient():
    net, theta, X, Y, loss = tiny()
    found = certify(net, theta, X, Y, loss)
    error, gradient = fl.error_and_gradient(net, theta, X, Y, loss=loss)
    assert found.symbolic_error == pytest.approx(error, rel=1e-14)
    assert [w.symbolic for w in found.weights] == pytest.approx(gradient, rel=1e-11)


def test_saturated_units_have_their_tiny_slopes():
    net = fl.Network.parse("1 -> 1 softplus -> 1 logistic")
    found = certify(net, [1, -80.0, 1, 30.0], [[0.5]], [0.0], "binary_cross_entropy")
    assert found.passed
    assert found.weights[1].symbolic == pytest.approx(math.exp(-79.5), rel=1e-9)


def test_the_report_in_every_format():
    net = fl.Network.of(fl.Input(1, "größe"), fl.Layer(2, "z if z > 0 else 0.1*z"), fl.Layer(1))
    found = certify(net, np.arange(1, 8) / 9, [[0.7]], [1.0])
    assert found.passed
    for text in (found.text, found.markdown, found.latex, found.html, found._repr_html_()):
        assert "größe" in text and "CERTIFIED" in text
    assert "z > 0" in found.text and "z &gt; 0" in found.html
    plain = json.loads(found.json)
    assert plain["passed"] and len(plain["weights"]) == net.size
    assert list(found.table["name"]) == [net.name(i) for i in range(net.size)]


def test_without_pandas_the_table_is_a_list(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = certify(*tiny()).table
    assert isinstance(table, list) and table[0]["status"] == "agrees"


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fallline\[explain\]'"):
        certify(*tiny())


def test_what_does_not_fit_is_refused():
    net, theta, X, Y, loss = tiny()
    with pytest.raises(SpecError, match="rows must be a whole number"):
        certify(net, theta, X, Y, loss, rows=0)
    with pytest.raises(SpecError, match="cannot be trained"):
        certify(fl.Network.parse("1 -> 1 step"), [1, 1], [[1.0]], [1.0])


def test_a_single_row_may_be_written_as_plain_numbers():
    net = fl.Network.parse("2 -> 2 tanh -> 1 logistic")
    theta = net.initial(seed=1)
    plain = certify(net, theta, [0.5, -1.0], [1.0], loss="sse")
    assert plain.passed and plain.json == certify(net, theta, [[0.5, -1.0]], [[1.0]], "sse").json
