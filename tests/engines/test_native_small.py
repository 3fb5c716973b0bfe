"""Small work, many steps in one function: its numbers are those of the other ways."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE
from tests.engines.test_advance import Descent, assert_same_bits
from tests.networks import OUTPUTS_OF, case, network, rows

from fallline.engines.protocol import Rows, Stop
from fallline.formulas.optimizers import SGD, Adam, AdamW, NAdam, RMSProp
from fallline.spec.network import Input, Layer, Network
from fallline.spec.plan import Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from tests.engines.test_native import assert_near, both, every_dtype, every_kernel, variants

from fallline.engines.native import NativeEngine

SHAPES = [
    ("10 -> 16 relu -> 1", 1),
    ("8 -> 32 relu -> 1", 32),
    ("4 -> 16 tanh -> 3 softmax", 16),
    ("5 -> 20 logistic -> 20 gelu -> 2", 1),
    ("5 -> 20 logistic -> 17 gelu -> 2", 7),
    ("20 -> 70 tanh -> 37 sin -> 21", 1),
    ("5 -> 33 tanh -> 9 tanh -> 40", 5),
    ("70 -> 3 leaky_relu -> 8", 9),
    ("3 -> 2", 4),
    ("40 -> 1", 1),
    ("1 -> 65 sin -> 18 softmax", 11),
]
STOCHASTIC = Adam(0.01), SGD(0.005, momentum=0.9, nesterov=True), AdamW(0.01, weight_decay=0.1)


@pytest.fixture
def general(monkeypatch):
    """Return a function that forces the general way."""
    return lambda: monkeypatch.setenv("FALLLINE_PATH", "generic")


def given_to(net: Network, dtype, n: int = 70, absent: bool = True) -> Rows:
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(n, net.n_inputs)), rng.uniform(0.1, 1, size=(n, net.n_outputs))
    weights = rng.uniform(0.5, 2, n)
    weights[3::7] = 0 if absent else 1
    return Rows(*(array.astype(dtype) for array in (X, Y / Y.sum(1, keepdims=True), weights)))


def way(state, batch_size: int) -> str:
    return getattr(state.engine, "core", state.engine).path(batch_size)


def path(descent: Descent) -> str:
    return way(descent.state, descent.plan.batch_size or descent.given.n)


def loss_of(text: str) -> str:
    return "cross_entropy" if text.endswith("softmax") else "squared_error"


@pytest.mark.parametrize("penalties", [{}, {"l2": 0.01}, {"l1": 0.01, "alpha": 0.3}], ids=str)
@pytest.mark.parametrize("optimizer", STOCHASTIC, ids=repr)
@pytest.mark.parametrize(("text", "batch"), SHAPES)
@every_dtype
@every_kernel
def test_shapes(kernels, dtype, text, batch, optimizer, penalties, general):
    net, wide = Network.parse(text), dtype == np.float64
    plan = Plan(loss=loss_of(text), optimizer=optimizer, batch_size=batch, **penalties)
    given, theta = given_to(net, dtype), net.initial(seed=1, dtype=dtype)
    ours, theirs = both(net, plan, given, theta, kernels)
    general()
    slow, _ = both(net, plan, given, theta, kernels)
    assert path(ours) == "small" and path(slow) == "generic"
    order = np.random.default_rng(0).permutation(70)
    for own in (ours, slow, theirs):
        own.go(order)
    for name in ("errors", "penalties", "weights", "norms"):
        for other in (slow, theirs):
            found, expected = (np.array(getattr(one, name)) for one in (ours, other))
            np.testing.assert_allclose(found, expected, rtol=1e-8 if wide else 3e-3, atol=1e-8)
    for name, array in theirs.arrays.items():
        for found in (ours.arrays[name], slow.arrays[name]):
            assert_near(found, array, dtype, 1e-9 if wide else 2e-3)


@pytest.mark.parametrize(("text", "batch"), SHAPES)
@every_dtype
@every_kernel
def test_one_step_is_the_references_to_the_last_digits(kernels, dtype, text, batch):
    net = Network.parse(text)
    plan = Plan(loss=loss_of(text), optimizer=SGD(0.1), batch_size=batch, l2=0.01)
    ours, theirs = both(net, plan, given_to(net, dtype), net.initial(seed=1, dtype=dtype), kernels)
    for own in (ours, theirs):
        own.go(range(batch))
    assert_near(ours.theta, theirs.theta, dtype)
    assert_near(ours.norms, theirs.norms, np.float64, 1e-12 if dtype == np.float64 else 1e-5)
    assert_near(ours.errors, theirs.errors, np.float64, 1e-12 if dtype == np.float64 else 1e-5)


@pytest.mark.parametrize("loss", OUTPUTS_OF)
@pytest.mark.parametrize("batch", [1, 6])
@every_dtype
@every_kernel
def test_each_loss_with_each_output(kernels, dtype, batch, loss):
    wide = dtype == np.float64
    plan = Plan(loss=loss, optimizer=SGD(1e-3), batch_size=batch, clip_value=0.5)
    for output in OUTPUTS_OF[loss]:
        net = network("chain", output=output)
        given = rows(net, loss, 12, weighted=True, dtype=dtype)
        ours, theirs = both(net, plan, given, net.initial(seed=3, dtype=dtype), kernels)
        assert path(ours) == "small"
        with case(output), np.errstate(all="ignore"):
            for own in (ours, theirs):
                own.go(range(12))
            assert_near(ours.theta, theirs.theta, dtype, 1e-11 if wide else 1e-4)
            for found, expected in ((ours.norms, theirs.norms), (ours.errors, theirs.errors)):
                atol = 1e-14 if wide else 1e-6  # softmax of some errors has gradients that cancel
                np.testing.assert_allclose(found, expected, rtol=1e-9 if wide else 1e-3, atol=atol)


@pytest.mark.parametrize("optimizer", list(variants()), ids=repr)
@every_dtype
@every_kernel
def test_the_general_way_takes_small_steps_likewise(kernels, dtype, optimizer, general):
    """Elsewhere nets as small as this one take the small way."""
    general()
    net, wide = Network.parse("5 -> 20 tanh -> 2"), dtype == np.float64
    plan = Plan(optimizer=optimizer, batch_size=30, l2=0.01)
    theta = net.initial(seed=2, dtype=dtype)
    ours, theirs = both(net, plan, given_to(net, dtype, 60), theta, kernels)
    assert path(ours) == "generic"
    for own in (ours, theirs):
        own.go(range(30))
    for name, array in theirs.arrays.items():
        assert_near(ours.arrays[name], array, dtype, 1e-11 if wide else 1e-2)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("optimizer", list(variants()), ids=repr)
@every_dtype
@every_kernel
def test_each_step_has_the_rate_that_it_is_given(kernels, dtype, optimizer, batch):
    """Factors of the steps to come are kept ready: a rate that changes, and a cut, change these."""
    wide = dtype == np.float64
    net, plan = Network.parse("5 -> 20 tanh -> 2"), Plan(optimizer=optimizer, batch_size=batch)
    theta = net.initial(seed=2, dtype=dtype)
    ours, theirs = both(net, plan, given_to(net, dtype, 63), theta, kernels)
    assert path(ours) == "small"
    cut, end = 3 * batch, 27 if batch == 1 else 63
    rates = optimizer.learning_rate / (1 + np.arange(end // batch) // 2)
    for own in (ours, theirs):
        own.go(range(cut), rates[:3])
        own.go(range(cut, end), rates[3:])
    for name, array in theirs.arrays.items():
        assert_near(ours.arrays[name], array, dtype, 1e-9 if wide else 1e-2)


@pytest.mark.parametrize("optimizer", [Adam(0.01), NAdam(0.01), RMSProp(0.01), SGD(0.1)], ids=repr)
@pytest.mark.parametrize(("text", "batch"), SHAPES[:7])
@every_dtype
def test_no_cut_no_pause_and_no_number_of_threads_changes_a_bit(dtype, text, batch, optimizer):
    net = Network.parse(text)
    plan = Plan(loss=loss_of(text), optimizer=optimizer, batch_size=batch)
    given, theta = given_to(net, dtype), net.initial(seed=1, dtype=dtype)
    whole, sliced = (Descent("native", net, plan, given, theta) for _ in range(2))
    sliced.engine = NativeEngine(threads=2)
    whole.go(range(70))
    for first in range(0, 70, batch):
        sliced.go(range(first, min(first + batch, 70)))
        if first % 3 == 0:  # a snapshot, and back from it
            sliced.state = sliced.engine.start(net, plan, theta, sliced.arrays)
    assert_same_bits(whole.arrays, sliced.arrays)
    assert whole.errors == sliced.errors and whole.norms == sliced.norms


@pytest.mark.parametrize(("settings", "reaches"), [({}, False), ({"clip": 0.2}, True)], ids=str)
@every_kernel
def test_a_clipped_error_is_reported_beside_the_true_one(kernels, settings, reaches):
    text = "cross_entropy" + (f"(clip={settings['clip']})" if settings else "")
    net = Network.parse("4 -> 6 tanh -> 3 softmax")
    plan = Plan(loss=text, optimizer=SGD(0.1), batch_size=5)
    given = given_to(net, np.float64)
    ours, theirs = both(net, plan, given, 3 * net.initial(seed=1), kernels)
    (one, other) = (own.go(range(20)) for own in (ours, theirs))
    assert (one.reported is not None) == reaches
    if reaches:
        np.testing.assert_allclose(one.reported, other.reported, rtol=1e-12)
        assert not np.allclose(one.reported, one.errors, rtol=1e-3)
    np.testing.assert_allclose(one.errors, other.errors, rtol=1e-12)


@every_dtype
@every_kernel
def test_arrays_are_read_as_they_lie(kernels, dtype):
    """Strided, reversed, misaligned: all but the values is another way to the same numbers."""
    net, plan = Network.parse("10 -> 16 relu -> 2"), Plan(optimizer=Adam(), batch_size=8)
    given, theta = given_to(net, dtype), net.initial(dtype=dtype)
    odd = np.frombuffer(b"\0" + np.ascontiguousarray(given.X).tobytes(), np.uint8)[1:].view(dtype)
    wide = np.zeros((140, 30), dtype)
    wide[::2, ::3] = given.X
    plain = NativeEngine(kernels)
    expected, _ = both(net, plan, given, theta, kernels)
    expected.go(range(70))
    for X in (odd.reshape(70, 10), wide[::2, ::3], np.asfortranarray(given.X)):
        own, _ = both(net, plan, Rows(X, np.asfortranarray(given.Y), given.weights), theta, kernels)
        own.go(range(70))
        assert_same_bits(plain.snapshot(expected.state), own.arrays)


def test_what_small_work_does_not_do_goes_the_general_way():
    net = Network.parse("4 -> 6 tanh -> 3")
    skip = Network.of(Input(4), Layer(6, name="a"), Layer(3, sources=("a", "input")))
    mask = np.ones((4, 6), bool)
    mask[0, 0] = False
    masked = Network.of(Input(4), Layer(6, mask=mask), Layer(3))
    frozen = Network.of(Input(4), Layer(6, frozen=True), Layer(3))
    plan, engine = Plan(batch_size=8), NativeEngine()

    def taken(net, plan, batch=8):
        return way(engine.start(net, plan, net.initial()), batch)

    assert taken(net, plan) == "small"
    for other in (skip, masked, frozen):
        assert taken(other, plan) == "generic"
    for setting in ({"dropout": 0.5}, {"input_noise": 0.1}, {"clip_norm": 1.0}, {"max_norm": 1.0}):
        assert taken(net, replace(plan, **setting)) == "generic"
    assert taken(net, plan, 100_000) == "generic"
    assert taken(Network.parse("500 -> 500 -> 3"), plan, 1) == "generic"


@every_dtype
@every_kernel
@pytest.mark.parametrize("batch", [1, 4])
def test_a_divergence_is_told_at_its_step(kernels, dtype, batch):
    net, plan = Network.parse("4 -> 6 relu -> 1"), Plan(optimizer=SGD(0.01), batch_size=batch)
    given = given_to(net, dtype, absent=False)
    given.X[40] = np.nan
    own, _ = both(net, plan, given, net.initial(dtype=dtype), kernels)
    steps = own.go(range(70))
    assert not steps.finite and len(steps.errors) == 40 // batch and steps.rows == 40
    assert np.isfinite(steps.errors).all()


@every_kernel
def test_norms_neither_overflow_nor_vanish(kernels):
    net, plan = Network.parse("2 -> 1"), Plan(optimizer=SGD(1e-300), batch_size=1)
    X, Y = np.array([[1e200, 0.0], [0, 0], [1e-170, 0]]), np.zeros((3, 1))
    given, theta = Rows(X, Y, np.ones(3)), np.array([1e-100, 0.0, 0.0])
    ours, theirs = both(net, plan, given, theta, kernels)
    for own in (ours, theirs):
        own.go(range(3))
    np.testing.assert_allclose(ours.norms, theirs.norms, rtol=1e-12)
    assert ours.norms[0] > 1e299 and ours.norms[1] < 1e-90


@every_kernel
def test_norms_do_not_vanish_where_no_gradient_is_kept(kernels):
    """Plain Adam moves the weights of a single row at once."""
    net, plan = Network.parse("2 -> 1 nobias"), Plan(optimizer=Adam(0.1), batch_size=1)
    X, Y = np.array([[1e-170, 0.0], [0, 0], [2e-200, 1e-200]]), np.ones((3, 1))
    given, theta = Rows(X, Y, np.ones(3)), np.zeros(2)
    ours, theirs = both(net, plan, given, theta, kernels)
    for own in (ours, theirs):
        own.go(range(3))
    np.testing.assert_allclose(ours.norms, theirs.norms, rtol=1e-12)
    assert 0 < ours.norms[0] < 1e-160 and ours.norms[1] == 0


@every_kernel
def test_a_mean_square_that_overflows_is_no_step(kernels):
    net, plan = Network.parse("2 -> 1 nobias"), Plan(optimizer=Adam(0.1), batch_size=1)
    given = Rows(np.array([[1.0, 2.0], [1e80, 0.0]]), np.ones((2, 1)), np.ones(2))
    ours, _ = both(net, plan, given, np.zeros(2), kernels)
    steps = ours.go(range(2))
    assert not steps.finite and steps.rows == 1


def test_an_endless_epoch_of_short_steps_is_stopped(monkeypatch):
    # A clock that ticks at each look; by the true one it is late, so that the core looks often.
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    monkeypatch.setattr("fallline.engines.protocol.time", clock)
    net, plan = Network.parse("2 -> 1"), Plan(optimizer=SGD(0.01), batch_size=1)
    own = Descent("native", net, plan, given_to(net, np.float32), net.initial(dtype=np.float32))
    order = np.zeros(2_000_000, np.int64)
    state, steps = own.engine.advance(
        own.state, own.given, order, np.zeros(len(order)), Stop(deadline=2.0)
    )
    assert 0 < steps.rows < len(order) == 2_000_000
    assert state.progress.step == steps.rows == len(steps.errors)
