"""The native engine's numbers are those of the reference engine, for all kernels that run here."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE
from tests.engines.cases import BY_LOSS
from tests.engines.test_advance import PLAN, Descent
from tests.engines.test_dropout import everywhere
from tests.networks import GRAPHS, LOSSES_AND_OUTPUTS, case, network, rows, start

import fallline as fl
from fallline.engines.protocol import Rows, Stop
from fallline.engines.reference import ReferenceEngine
from fallline.errors import EngineWarning, SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.optimizers import DIALECTS, OPTIMIZERS, SGD, Adam, Lion, Optimizer, Rprop
from fallline.spec.network import Input, Layer, Network
from fallline.spec.plan import Objective, Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from fallline import _core
from fallline.engines.native import NativeEngine

REFERENCE = ReferenceEngine()
every_kernel = pytest.mark.parametrize("kernels", _core.kernels())
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def assert_near(found, expected, dtype, tolerance=None) -> None:
    """Norm-wise, to DESIGN.md's tolerances of one gradient and one step."""
    tolerance = tolerance or (1e-12 if dtype == np.float64 else 1e-5)
    found, expected = np.asarray(found), np.asarray(expected)
    distance = np.linalg.norm(found.astype(np.float64) - expected)
    assert distance <= tolerance * np.linalg.norm(expected.astype(np.float64)), (found, expected)
    assert found.dtype == expected.dtype


def compare(engine, net, objective, theta, given) -> None:
    dtype = theta.dtype
    with np.errstate(all="ignore"):
        error, gradient = engine.error_and_gradient(net, objective, theta, given)
        expected, slopes = REFERENCE.error_and_gradient(net, objective, theta, given)
        assert_near(error, expected, dtype)
        assert_near(engine.error(net, objective, theta, given), expected, dtype)
        assert_near(gradient, slopes, dtype)
        ours, theirs = (one.predict(net, theta, given.X) for one in (engine, REFERENCE))
        assert_near(ours, theirs, dtype)


# One gradient.


@pytest.mark.parametrize("loss", BY_LOSS)
@every_kernel
def test_each_pair_of_levels_of_the_whole_table(kernels, loss):
    for one in BY_LOSS[loss]:
        with case(one):
            compare(NativeEngine(kernels), *one.build())


@every_dtype
@every_kernel
def test_each_loss_with_each_output_in_either_type(kernels, dtype):
    for loss, output in LOSSES_AND_OUTPUTS:
        net = network("skip", output=output)
        theta, given = start(net, dtype=dtype), rows(net, loss, 9, weighted=True, dtype=dtype)
        compare(NativeEngine(kernels), net, Objective(loss, 0.1, 0.05), theta, given)


def random_network(rng: np.random.Generator) -> Network:
    """Return a graph whose widths meet every kind of panel, whole ones and parts."""
    widths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 64, 65, 100]
    activations = [
        name for name, row in ACTIVATIONS.items() if row.group == 1 and not row.untrainable
    ]
    listed = [Input(int(rng.choice(widths)), f"x{i}") for i in range(rng.integers(1, 3))]
    unused = [layer.name for layer in listed]
    count = int(rng.integers(1, 5))
    for i in range(count):
        names = [layer.name for layer in listed]
        last = i == count - 1
        sources = {*unused} if last else {str(rng.choice(names)) for _ in range(2)}
        size = max(int(rng.choice(widths)), 2)
        layer = Layer(
            size,
            str(rng.choice(activations)),
            f"l{i}",
            tuple(sorted(sources)),
            bool(rng.random() < 0.8),
        )
        if rng.random() < 0.3:
            fan_in = sum(one.size for one in listed if one.name in sources)
            layer = replace(layer, mask=(rng.random((fan_in, size)) < 0.7))
        unused = [name for name in unused if name not in sources] + [layer.name]
        listed.append(layer)
    return Network.of(*listed)


@pytest.mark.parametrize("seed", range(40))
@every_kernel
def test_random_graphs_of_all_widths_and_numbers_of_rows(kernels, seed):
    rng = np.random.default_rng(seed)
    net, dtype = random_network(rng), [np.float64, np.float32][seed % 2]
    n = int(rng.choice([1, 2, 11, 12, 63, 64, 65, 128, 200]))
    theta = net.initial(seed=seed, dtype=dtype)
    given = rows(net, "squared_error", n, seed, weighted=n > 2, dtype=dtype)
    compare(NativeEngine(kernels), net, Objective(l2=0.01), theta, given)


@every_dtype
@every_kernel
def test_more_rows_than_a_pass_holds(kernels, dtype):
    net = Network.parse("300 -> 70 tanh -> 3")
    given = rows(net, "squared_error", 2600, weighted=True, dtype=dtype)
    compare(NativeEngine(kernels), net, Objective(), net.initial(dtype=dtype), given)


@pytest.mark.parametrize("loss", ["mae", "gaussian_likelihood", "cross_entropy", "quantile"])
@every_dtype
@every_kernel
def test_rows_of_hundreds_of_outputs(kernels, dtype, loss):
    output = {"gaussian_likelihood": "mean_variance", "cross_entropy": "softmax"}.get(loss, "tanh")
    net = Network.parse(f"5 -> 600 {output}")
    given = rows(net, loss, 70, weighted=True, dtype=dtype)
    compare(NativeEngine(kernels), net, Objective(loss), net.initial(dtype=dtype), given)


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("z*tanh(log(1 + exp(z)))", "squared_error"),
        ("1/(1 + z**2)", "log(cosh(yhat - y))"),
        ("max(z, 0.1*z, -1)", "(yhat - y)**4 + abs(y - yhat)"),
        ("z**3/10 + 2", "max(yhat - y, 0)**2 + sqrt(1 + (y - yhat)**2)"),
    ],
)
@every_dtype
@every_kernel
def test_formulas_of_the_users(kernels, dtype, activation, loss):
    net = Network.of(Input(3), Layer(37, activation), Layer(2))
    given = rows(net, "squared_error", 70, weighted=True, dtype=dtype)
    compare(NativeEngine(kernels), net, Objective(loss, 0.1), start(net, dtype=dtype) / 3, given)


# Steps.

OPTIONS = {
    "sgd": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "rmsprop": [
        {"centered": centered, "momentum": momentum}
        for centered in (False, True)
        for momentum in (0.0, 0.9)
    ],
    "adam": [{}, {"amsgrad": True}],
    "adamw": [{"weight_decay": 0.1}, {"amsgrad": True}],
    "lion": [{"weight_decay": 0.1}],
}


def variants() -> Iterator[Optimizer]:
    """Yield every optimizer in every dialect that it has, with its switches on and off."""
    for kind in OPTIMIZERS.values():
        for options, dialect in itertools.product(OPTIONS.get(kind.name, [{}]), DIALECTS):
            with suppress(SpecError):
                yield kind(learning_rate=0.01, **options, dialect=dialect)


def scaled(net: Network, dtype, n: int = 60) -> Rows:
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(n, net.n_inputs)), rng.normal(size=(n, net.n_outputs))
    return Rows(*(array.astype(dtype) for array in (X, Y, rng.uniform(0.5, 2, n))))


def both(net, plan, given, theta, kernels) -> tuple[Descent, Descent]:
    ours, theirs = (Descent("reference", net, plan, given, theta) for _ in range(2))
    ours.engine = NativeEngine(kernels)
    ours.state = ours.engine.start(net, plan, theta)
    return ours, theirs


def assert_same_state(ours: Descent, theirs: Descent, tolerance: float) -> None:
    one, other = ours.arrays, theirs.arrays
    assert one.keys() == other.keys()
    for name, array in other.items():
        assert_near(one[name], array, array.dtype, tolerance)


@pytest.mark.parametrize("optimizer", list(variants()), ids=repr)
@every_dtype
@every_kernel
def test_one_step_and_twenty(kernels, dtype, optimizer):
    net = Network.parse("5 -> 20 tanh -> 2")
    plan = Plan(optimizer=optimizer, batch_size=30, l2=0.01)
    given, theta = scaled(net, dtype), net.initial(seed=2, dtype=dtype)
    ours, theirs = both(net, plan, given, theta, kernels)
    wide = dtype == np.float64
    signs = isinstance(optimizer, Rprop | Lion)  # where a gradient is nearly 0 they may differ
    for count, tolerance in ((1, 1e-12 if wide else 1e-5), (19, 1e-9 if wide else 2e-3)):
        for step, own in itertools.product(range(count), (ours, theirs)):
            own.go(range(30 * (step % 2), 30 * (step % 2) + 30))
        assert_same_state(ours, theirs, 1e-2 if signs and not wide else tolerance)
    assert_near(ours.errors, theirs.errors, np.float64, 1e-9 if wide else 1e-3)


@pytest.mark.parametrize("graph", GRAPHS)
@every_dtype
@every_kernel
def test_steps_with_everything_at_once(kernels, dtype, graph):
    net = network(graph)
    plan = replace(
        PLAN, optimizer=Adam(0.01), l1=0.02, clip_value=0.4, clip_norm=0.5, max_norm=1.1,
        dropout=everywhere(net), input_noise=0.1, seed=2**40 + 3,
    )  # fmt: skip
    given, theta = rows(net, PLAN.loss, 50, weighted=True, dtype=dtype), start(net, dtype=dtype)
    ours, theirs = both(net, plan, given, theta, kernels)
    for own in (ours, theirs):
        own.go(np.random.default_rng(0).permutation(50))
    wide = dtype == np.float64
    assert_same_state(ours, theirs, 1e-9 if wide else 1e-3)
    assert_near(ours.norms, theirs.norms, np.float64, 1e-9 if wide else 1e-3)
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-12 if wide else 1e-6)


@every_kernel
def test_settings_that_vanish_in_float32_spoil_no_padding(kernels):
    """ε = 1e-60 is 0 there: 0/0 in what fills up a vector is not to be taken for a divergence."""
    net = Network.parse("3 -> 5 tanh -> 1")
    given = scaled(net, np.float32)
    plan = Plan(optimizer=Adam(epsilon=1e-60), batch_size=20)
    own, _ = both(net, plan, given, net.initial(dtype=np.float32), kernels)
    assert own.go(range(60)).finite


@every_kernel
def test_plain_descent_of_a_long_epoch_is_the_references(kernels):
    net = Network.parse("4 -> 9 relu -> 1")
    given, plan = scaled(net, np.float64, 900), Plan(optimizer=SGD(0.01), batch_size=1)
    ours, theirs = both(net, plan, given, net.initial(seed=1), kernels)
    for own in (ours, theirs):
        own.go(range(900))
    assert_same_state(ours, theirs, 1e-9)


# What the core does not do itself.


def test_what_is_written_in_python_is_computed_by_the_reference_engine_and_told_once():
    name = fl.activation(
        lambda z: z / (1 + z**2), lambda z: (1 - z**2) / (1 + z**2) ** 2, name="hump"
    )
    net, engine = Network.of(Input(2), Layer(3, name), Layer(1)), NativeEngine()
    given, theta, plan = rows(net, "sse", 5), start(net), Plan(loss="sse", batch_size=2)
    with pytest.warns(EngineWarning, match="'hump' is written in Python"):
        state = engine.start(net, plan, theta)
    again = engine.start(net, plan, theta)  # warns no more
    after, steps = engine.advance(again, given, np.arange(5), np.full(3, 0.1), Stop())
    _, expected = REFERENCE.advance(state, given, np.arange(5), np.full(3, 0.1), Stop())
    assert steps.errors.tolist() == expected.errors.tolist()
    assert engine.snapshot(after).keys() == REFERENCE.snapshot(state).keys()
    assert (
        engine.predict(net, theta, given.X).tolist()
        == REFERENCE.predict(net, theta, given.X).tolist()
    )
    assert engine.error(net, plan.objective, theta, given) == REFERENCE.error(
        net, plan.objective, theta, given
    )


def test_an_optimizer_of_the_users_is_computed_by_the_reference_engine():
    class Own(SGD):
        def update(self, xp, gradient, state, theta, rate):
            return -2 * rate * gradient, state

    net = Network.parse("2 -> 1")
    plan = Plan(optimizer=Own(0.1))
    with pytest.warns(EngineWarning, match="'Own' is written in Python"):
        state = NativeEngine().start(net, plan, start(net))
    assert type(state) is type(REFERENCE.start(net, plan, start(net)))
