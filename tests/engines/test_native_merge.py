"""Layers of single units run merged: the numbers, bits and arrays are those of the network."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE
from tests.engines.test_advance import Descent, assert_same_bits
from tests.networks import GRAPHS, network, rows

from fallline.engines.protocol import Rows, Stop
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.optimizers import SGD, Adam, AdamW
from fallline.spec.network import Input, Layer, Network
from fallline.spec.plan import Objective, Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from tests.engines.test_native import assert_near, assert_same_state, both, compare, variants

from fallline.engines.native import NativeEngine
from fallline.engines.native_merge import merge

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
REPEATED = [SGD(0.01, momentum=0.9), Adam(0.01), AdamW(0.01, weight_decay=0.1)]


def unit_by_unit(seed: int) -> Network:
    """Return a graph mostly of single units: some masked, frozen or without bias, a few wider."""
    rng = np.random.default_rng([seed, 5])
    kinds = [n for n, row in ACTIVATIONS.items() if row.group == 1 and not row.untrainable]
    kinds = [n for n in kinds if not ACTIVATIONS[n].coupled and not ACTIVATIONS[n].kinks]
    listed: list[Input | Layer] = [Input(1, f"x{i}") for i in range(rng.integers(2, 7))]
    unused = [layer.name for layer in listed]
    before: list[str] = [*unused]
    for depth in range(int(rng.integers(1, 4))):
        names, here = [layer.name for layer in listed], []
        for i in range(int(rng.integers(6, 25))):
            sources = {str(name) for name in rng.choice(names, min(len(names), 4))}
            sources = sorted(sources | ({unused.pop()} if unused else set()) | {before[-1]})
            size = 1 if rng.random() < 0.9 else 3
            fan_in = sum(one.size for one in listed if one.name in sources)
            bias, kind = bool(rng.random() < 0.8), str(rng.choice(kinds[:2]))
            layer = Layer(size, kind, f"u{depth}_{i}", tuple(rng.permutation(sources)), bias)
            if rng.random() < 0.2:
                layer = replace(layer, mask=rng.random((fan_in, size)) < 0.7)
            if rng.random() < 0.2:
                layer = replace(layer, frozen=rng.random((fan_in + bias, size)) < 0.5)
            here.append(layer)
        listed += here
        before = [layer.name for layer in here]
        unused = [*before, *unused]
    return Network.of(*listed, Layer(2, "identity", "out", tuple(unused)))


def given_for(net: Network, dtype, n: int = 41) -> Rows:
    return rows(net, "squared_error", n, weighted=True, dtype=dtype)


@pytest.mark.parametrize("seed", range(30))
@every_dtype
def test_errors_gradients_and_outputs_are_the_references(dtype, seed):
    net = unit_by_unit(seed)
    assert merge(net) is not None
    theta = net.initial(seed=seed, dtype=dtype)
    n = int(np.random.default_rng(seed).choice([1, 41, 70]))
    given = rows(net, "squared_error", n, weighted=n > 1, dtype=dtype)
    compare(NativeEngine(), net, Objective(l2=0.02, l1=0.01), theta, given)


@pytest.mark.parametrize("optimizer", list(variants()), ids=repr)
def test_steps_of_every_optimizer_are_the_references(optimizer):
    net = unit_by_unit(3)
    plan = Plan(
        optimizer=optimizer, batch_size=10, l2=0.01, l1=0.02, clip_value=0.4, clip_norm=0.5,
        max_norm=1.5, input_noise=0.1, seed=9,
    )  # fmt: skip
    ours, theirs = both(net, plan, given_for(net, np.float64), net.initial(seed=1), kernels=None)
    for own in (ours, theirs):
        own.go(range(10))
    assert_same_state(ours, theirs, 1e-11)
    for own in (ours, theirs):
        own.go(range(41))
    assert_same_state(ours, theirs, 1e-9)
    for name in ("errors", "penalties", "weights", "norms"):
        assert_near(getattr(ours, name), getattr(theirs, name), np.float64, 1e-9)


@pytest.mark.parametrize("optimizer", REPEATED, ids=str)
@pytest.mark.parametrize("seed", range(4))
@every_dtype
def test_pauses_and_resuming_change_no_bit(dtype, seed, optimizer):
    net = unit_by_unit(seed)
    plan = Plan(optimizer=optimizer, batch_size=6, l2=0.01, clip_norm=0.5)
    given, theta = given_for(net, dtype), net.initial(seed=seed, dtype=dtype)
    whole, cut = (Descent("native", net, plan, given, theta) for _ in range(2))
    whole.go(range(41))
    cut.go(range(18))
    resumed = Descent("native", net, plan, given, theta, cut.arrays)
    assert_same_bits(resumed.arrays, cut.arrays)
    resumed.go(range(18, 41))
    assert_same_bits(resumed.arrays, whole.arrays)
    assert not resumed.theta[net.masked].any()
    np.testing.assert_array_equal(resumed.theta[net.frozen], theta[net.frozen])


@pytest.mark.parametrize("threads", [2, 3])
def test_no_bit_depends_on_the_number_of_threads(threads):
    net, plan = unit_by_unit(1), Plan(batch_size=200)
    given, theta = given_for(net, np.float32, 400), net.initial(dtype=np.float32)
    arrays = []
    for engine in (NativeEngine(threads=1), NativeEngine(threads=threads)):
        state = engine.start(net, plan, theta)
        state, _ = engine.advance(state, given, np.arange(400), np.full(2, 0.1), Stop())
        arrays.append(engine.snapshot(state))
    assert_same_bits(*arrays)


def test_dropout_of_layers_is_drawn_as_it_is_without_merging():
    net = unit_by_unit(2)
    plan = Plan(optimizer=SGD(0.1), batch_size=7, dropout={net.layers[0].name: 0.5, "x0": 0.3})
    ours, theirs = both(net, plan, given_for(net, np.float64), net.initial(), kernels=None)
    for own in (ours, theirs):
        own.go(range(41))
    assert_same_state(ours, theirs, 1e-9)


def test_sparse_rows_are_read_by_merged_inputs():
    import scipy.sparse

    net = unit_by_unit(6)
    given, theta = given_for(net, np.float64), net.initial()
    given.X[np.random.default_rng(0).random(given.X.shape) < 0.6] = 0
    compare(
        NativeEngine(), net, Objective(), theta, given._replace(X=scipy.sparse.csr_array(given.X))
    )


def test_a_unit_that_overflows_spoils_only_those_it_feeds():
    """a is ∞, so c = logistic(∞) is 1; d, which a does not feed, must not become ∞·0."""
    net = Network.of(
        Input(1, "x"),
        *(Layer(1, "relu", name, "x", bias=False) for name in ("a", "b")),
        Layer(1, "logistic", "c", "a", bias=False),
        Layer(1, "logistic", "d", "b", bias=False),
        Layer(1, "identity", "y", ("c", "d"), bias=False),
    )
    merged = merge(net)
    assert merged is not None and merged.masked.any()
    theta = np.array([3e38, 1, 1, 1, 1, 1], np.float32)
    found = NativeEngine().predict(net, theta, np.array([[10.0]], np.float32))
    assert_near(found, np.float32([[1 + 1 / (1 + np.exp(-10))]]), np.float32)
    given = Rows(*(np.array([[10.0]], np.float32), np.ones((1, 1), np.float32)), np.float32([1]))
    assert np.isfinite(NativeEngine().error(net, Objective("sse"), theta, given))


# What is merged.


def dense(*sizes: int, activation: str = "tanh") -> Network:
    """Return a chain of full layers whose inputs and hidden units are layers of one unit each."""
    listed: list[Input | Layer] = [Input(1, f"x{i}") for i in range(sizes[0])]
    before = [layer.name for layer in listed]
    for depth, size in enumerate(sizes[1:-1]):
        names = [f"u{depth}_{i}" for i in range(size)]
        listed += [Layer(1, activation, name, tuple(before)) for name in names]
        before = names
    return Network.of(*listed, Layer(sizes[-1], "identity", "out", tuple(before)))


def test_a_chain_unit_by_unit_is_the_chain():
    merged = merge(dense(30, 64, 64, 4))
    assert merged is not None
    chain = Network.parse("30 -> 64 tanh -> 64 tanh -> 4")
    assert [layer.size for layer in merged.network.layers] == [64, 64, 4]
    assert [layer.size for layer in merged.network.inputs] == [30]
    assert merged.network.size == chain.size and not merged.masked.any()
    assert sorted(merged.places.tolist()) == list(range(chain.size))


def test_units_of_other_depths_activations_and_the_output_stay_apart():
    net = Network.of(
        Input(4),
        Layer(1, "tanh", "a", "input"),
        Layer(1, "tanh", "b", "input"),
        Layer(1, "relu", "c", "input"),
        Layer(1, "tanh", "d", ("a", "input")),
        Layer(1, "tanh", "e", ("b", "input")),
        Layer(1, "tanh", "out", ("d", "e", "c")),
    )
    merged = merge(net)
    assert merged is not None
    names = {layer.name: layer.size for layer in merged.network.layers}
    assert names == {"a": 2, "c": 1, "d": 2, "out": 1}


@pytest.mark.parametrize(
    "net",
    [
        Network.parse("8 -> 32 relu -> 16 relu -> 1"),
        network("chain"),
        network("masked"),
        Network.of(
            Input(300, "x"),
            Input(300, "z"),
            Layer(64, "tanh", "a", "x"),
            Layer(64, "tanh", "b", "z"),
            Layer(1, "identity", "c", ("a", "b")),
        ),
    ],
    ids=str,
)
def test_what_would_only_get_slower_stays_as_it_is(net):
    assert merge(net) is None


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_entry_of_theta_has_a_place_of_its_own(graph):
    for net in (network(graph), *map(unit_by_unit, range(5))):
        if (merged := merge(net)) is None:
            continue
        assert len(np.unique(merged.places)) == net.size
        np.testing.assert_array_equal(merged.masked[merged.places], net.masked)
        absent = np.setdiff1d(np.arange(merged.network.size), merged.places)
        assert merged.masked[absent].all() and not merged.trainable[absent].any()
        for block, other in itertools.product(net.blocks, merged.network.blocks):
            inside = np.isin(merged.places[block.weights], np.arange(other.stop)[other.weights])
            assert inside.all() or not inside.any()
