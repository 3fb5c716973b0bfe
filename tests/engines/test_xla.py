"""The xla engine's numbers are those of the reference engine; its slopes are JAX's own.

Each compilation takes about a second, so that one network has every activation, and only what is
slow meets every loss with every output and every optimizer in every dialect.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.engines.cases import ALL_PAIRS
from tests.engines.test_advance import PLAN, Descent
from tests.engines.test_dropout import everywhere
from tests.engines.test_native import (
    assert_near,
    assert_same_state,
    compare,
    scaled,
    variants,
)
from tests.networks import (
    ALL_LOSSES,
    GRAPHS,
    HIDDEN,
    LOSSES_AND_OUTPUTS,
    OUTPUTS,
    network,
    rows,
    start,
)

import fallline as fl
from fallline.engines.protocol import Rows
from fallline.engines.reference import ReferenceEngine
from fallline.engines.registry import get_engine
from fallline.engines.xla import XlaEngine
from fallline.errors import EngineWarning, SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.optimizers import OPTIMIZERS, SGD, Adam, Lion, Rprop
from fallline.spec.network import Input, Layer, Network
from fallline.spec.plan import Objective, Plan

REFERENCE = ReferenceEngine()
XLA = get_engine("xla")
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


# One gradient.


def all_activations() -> Network:
    """Return a network with a layer of each activation side by side, and another above them."""
    listed = [
        Layer(2 * ACTIVATIONS[name].group, name, f"l{i}", sources="input")
        for i, name in enumerate(OUTPUTS)
    ]
    names = tuple(layer.name for layer in listed)
    joined = Layer(4, "tanh", "joined", sources=names)
    return Network.of(Input(3), *listed, joined, Layer(2, sources=("joined", "l0", "input")))


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_every_activation(dtype):
    net = all_activations()
    given = rows(net, "squared_error", 9, weighted=True, dtype=dtype)
    compare(XLA, net, Objective(l2=0.1, l1=0.05), start(net, dtype=dtype) / 2, given)


def each_loss() -> list[tuple[str, str]]:
    """Return every loss with an output that it takes: so that every output is met, too."""
    unmet, chosen = set(OUTPUTS), []
    for loss in ALL_LOSSES:
        possible = [output for one, output in LOSSES_AND_OUTPUTS if one == loss]
        output = next((output for output in possible if output in unmet), possible[0])
        unmet.discard(output)
        chosen.append((loss, output))
    return chosen


@pytest.mark.parametrize(("loss", "output"), each_loss())
def test_every_loss(loss, output):
    net = network("skip", output=output)
    compare(XLA, net, Objective(loss, 0.1), start(net), rows(net, loss, 9, weighted=True))


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "output"), LOSSES_AND_OUTPUTS)
@every_dtype
def test_every_loss_with_every_output(dtype, loss, output):
    net = network("skip", output=output)
    theta, given = start(net, dtype=dtype), rows(net, loss, 9, weighted=True, dtype=dtype)
    compare(XLA, net, Objective(loss, 0.1, 0.05), theta, given)


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL_PAIRS, ids=str)
def test_each_pair_of_levels_of_the_whole_table(case):
    compare(XLA, *case.build())


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_graph(graph):
    net = network(graph)
    compare(XLA, net, Objective(alpha=0.3), start(net), rows(net, "mae", 7, weighted=True))


def test_formulas_of_the_users():
    texts = ["z*tanh(log(1 + exp(z)))", "1/(1 + z**2)", "max(z, 0.1*z, -1)", "z**3/10 + 2"]
    sides = [Layer(3, text, f"l{i}", sources="input") for i, text in enumerate(texts)]
    net = Network.of(Input(3), *sides, Layer(2, sources=tuple(side.name for side in sides)))
    given = rows(net, "squared_error", 20, weighted=True)
    loss = "log(cosh(yhat - y)) + (yhat - y)**4 + abs(y - yhat)"
    compare(XLA, net, Objective(loss, 0.1), start(net) / 3, given)


def test_more_rows_than_are_computed_at_once(monkeypatch):
    """They are summed block by block: here of 8 rows, the last one not full."""
    monkeypatch.setattr("fallline.engines.xla_epoch._NUMBERS", 100)
    net, plan = network("skip"), Plan(batch_size=21, optimizer=SGD(0.1), dropout=0.4)
    given, theta = rows(net, "squared_error", 51, weighted=True), start(net)
    compare(XLA, net, Objective(l2=0.1), theta, given)
    ours, theirs = both(net, plan, given, theta)
    for own in (ours, theirs):
        own.go(range(51))
    assert_same_state(ours, theirs, 1e-12)
    options = {"loss": "sse", "engine": "xla"}
    found = fl.example_gradients(net, theta, given.X, given.Y, **options)
    expected = fl.example_gradients(net, theta, given.X, given.Y, loss="sse", engine="reference")
    assert_near(found, expected, np.float64)


# Steps.


def both(net, plan, given, theta, engine=XLA) -> tuple[Descent, Descent]:
    ours, theirs = (Descent("reference", net, plan, given, theta) for _ in range(2))
    ours.engine = engine
    ours.state = engine.start(net, plan, theta)
    return ours, theirs


def descend_both(optimizer, dtype) -> None:
    net = Network.parse("5 -> 20 tanh -> 2")
    plan = Plan(optimizer=optimizer, batch_size=30, l2=0.01)
    given, theta = scaled(net, dtype), net.initial(seed=2, dtype=dtype)
    ours, theirs = both(net, plan, given, theta)
    wide = dtype == np.float64
    signs = isinstance(optimizer, Rprop | Lion)  # where a gradient is nearly 0 they may differ
    for count, tolerance in ((1, 1e-12 if wide else 1e-5), (19, 1e-9 if wide else 2e-3)):
        for step, own in itertools.product(range(count), (ours, theirs)):
            own.go(range(30 * (step % 2), 30 * (step % 2) + 30))
        assert_same_state(ours, theirs, 1e-2 if signs and not wide else tolerance)
    assert_near(ours.errors, theirs.errors, np.float64, 1e-9 if wide else 1e-3)


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
def test_one_step_and_twenty_of_every_optimizer(kind):
    dtype = np.float32 if kind is Adam else np.float64
    descend_both(kind(learning_rate=0.01), dtype)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", list(variants()), ids=repr)
@every_dtype
def test_every_optimizer_in_every_dialect(dtype, optimizer):
    descend_both(optimizer, dtype)


@pytest.mark.parametrize(
    "graph", [pytest.param(g, marks=[pytest.mark.slow] * (g != "frozen")) for g in GRAPHS]
)
def test_steps_with_everything_at_once(graph):
    net = network(graph)
    plan = replace(
        PLAN, optimizer=Adam(0.01), l1=0.02, clip_value=0.4, clip_norm=0.5, max_norm=1.1,
        dropout=everywhere(net), input_noise=0.1, seed=2**40 + 3,
    )  # fmt: skip
    given, theta = rows(net, PLAN.loss, 50, weighted=True), start(net)
    ours, theirs = both(net, plan, given, theta)
    for own in (ours, theirs):
        own.go(np.random.default_rng(0).permutation(50))
    assert_same_state(ours, theirs, 1e-9)
    assert_near(ours.norms, theirs.norms, np.float64, 1e-9)
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-12)


def test_what_overflows_in_a_row_of_no_weight_is_not_seen():
    """Neither forwards nor backwards: 0·∞ would be NaN, in a sum and in a slope."""
    net, plan = Network.parse("2 -> 3 exp -> 1"), Plan(batch_size=4, optimizer=SGD(0.01))
    given, theta = rows(net, "squared_error", 8), start(net)
    given.X[[0, 5]] = 1e200
    given.Y[5] = 1e308
    given = given._replace(weights=np.array([0.0, 1, 2, 1, 1, 0, 3, 1]))
    error, gradient = XLA.error_and_gradient(net, plan.objective, theta, given)
    expected, slopes = REFERENCE.error_and_gradient(net, plan.objective, theta, given)
    assert_near(error, expected, np.float64)
    assert_near(gradient, slopes, np.float64)
    ours, theirs = both(net, plan, given, theta)
    for own in (ours, theirs):
        assert own.go(range(8)).finite
    assert_same_state(ours, theirs, 1e-12)


def test_factors_rounded_to_bfloat16():
    """The errors of rounding are those of 8 bits, and masters stay float32."""
    net, engine = Network.parse("40 -> 30 tanh -> 2"), get_engine("xla(products='bfloat16')")
    given, theta = scaled(net, np.float32), net.initial(seed=2, dtype=np.float32)
    _, gradient = engine.error_and_gradient(net, Objective(), theta, given)
    _, exact = REFERENCE.error_and_gradient(net, Objective(), theta, given)
    apart = np.linalg.norm(gradient - exact) / np.linalg.norm(exact)
    assert gradient.dtype == np.float32 and 1e-5 < apart < 2e-2
    with pytest.raises(SpecError, match="give dtype='float32'"):
        engine.error_and_gradient(net, Objective(), theta.astype(float), scaled(net, np.float64))


# What it does not do itself.


def test_what_is_written_in_python_is_computed_by_the_reference_engine_and_told_once():
    name = fl.activation(
        lambda z: z / (1 + z**2), lambda z: (1 - z**2) / (1 + z**2) ** 2, name="bulge"
    )
    net, engine = Network.of(Input(2), Layer(3, name), Layer(1)), XlaEngine()
    given, theta, plan = rows(net, "sse", 5), start(net), Plan(loss="sse", batch_size=2)
    with pytest.warns(EngineWarning, match="'bulge' is written in Python"):
        state = engine.start(net, plan, theta)
    again = engine.start(net, plan, theta)  # warns no more
    assert type(again) is type(state) is type(REFERENCE.start(net, plan, theta))
    assert engine.error(net, plan.objective, theta, given) == REFERENCE.error(
        net, plan.objective, theta, given
    )


def test_rows_stay_where_they_are_but_for_what_is_asked_anew(monkeypatch):
    """A run sends its rows once; another call sends the same arrays, which may be changed, anew."""
    sent = []
    monkeypatch.setattr(
        "fallline.engines.xla_devices.OneDevice.rows", lambda self, array: sent.append(1) or array
    )
    X, Y = np.ones((4, 2)), np.ones((4, 1))
    net = Network.parse("2 -> 1")
    run = fl.Run(net, X, Y, engine="xla", epochs=3, error_at_end=True)
    list(run)
    assert len(sent) == 3  # X, Y and the weights
    first = fl.error_and_gradient(net, [1.0, 1, 0], X, Y, engine="xla")
    X[:] = 3
    assert fl.error_and_gradient(net, [1.0, 1, 0], X, Y, engine="xla")[0] != first[0]


def test_rows_that_are_pickled_leave_their_copies_behind():
    import pickle

    given = Rows(np.ones((2, 1)), np.ones((2, 1)), np.ones(2))
    given.kept["device"] = lambda: None  # nothing that could be pickled
    again = pickle.loads(pickle.dumps(given))
    assert type(again) is Rows and again.kept == {} and again.n == 2


def test_hidden_layers_of_units_side_by_side_are_all_met():
    assert {layer.activation for layer in all_activations().layers} >= set(HIDDEN)
