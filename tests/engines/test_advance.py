"""Steps: what one is, that slices and pauses change no bit, and what stays where it is."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from tests.networks import GRAPHS, network, rows, start

from fallline.engines.protocol import Rows, Stop
from fallline.engines.registry import ENGINES, get_engine
from fallline.formulas.optimizers import OPTIMIZERS, SGD
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_graph = pytest.mark.parametrize("graph", GRAPHS)
OPTIMIZER_CASES = [
    *(kind() for kind in OPTIMIZERS.values()),
    SGD(0.01, momentum=0.9),
    SGD(0.01, momentum=0.9, nesterov=True),
]
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZER_CASES, ids=str)
PLAN = Plan(loss="squared_error", l2=0.1, batch_size=3)
N = 11


class Descent:
    """An engine's state with its rows, advanced by slices of an order."""

    def __init__(self, engine: str, net: Network, plan: Plan, given: Rows, theta, resume=None):
        self.engine, self.plan, self.given = get_engine(engine), plan, given
        self.state = self.engine.start(net, plan, theta, resume)
        self.errors: list[float] = []
        self.penalties: list[float] = []
        self.weights: list[float] = []
        self.norms: list[float] = []

    def go(self, order, rates=None, stop=None):
        size = self.plan.batch_size or len(self.given.X)
        count = -(-len(order) // size)
        if rates is None:
            rates = np.full(count, self.plan.optimizer.learning_rate)
        self.state, steps = self.engine.advance(
            self.state, self.given, np.array(order), np.array(rates), stop or Stop()
        )
        self.errors += list(steps.errors)
        self.penalties += list(steps.penalties)
        self.weights += list(steps.weights)
        self.norms += list(steps.gradient_norms)
        return steps

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return self.engine.snapshot(self.state)

    @property
    def theta(self) -> np.ndarray:
        return self.arrays["theta"]


def begin(engine, net=None, plan=PLAN, dtype=np.float64, weighted=True, resume=None) -> Descent:
    net = net or network("frozen")
    given = rows(net, plan.loss, N, weighted=weighted, dtype=dtype)
    return Descent(engine, net, plan, given, start(net, dtype=dtype), resume)


def assert_same_bits(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype
        assert array.tobytes() == other[name].tobytes(), name


@pytest.mark.parametrize("batch_size", [1, 3, 4, None])
@every_optimizer
@every_engine
def test_slices_of_an_epoch_give_the_bits_of_one_call(engine, optimizer, batch_size):
    plan = replace(PLAN, optimizer=optimizer, batch_size=batch_size)
    order = np.random.default_rng(0).permutation(N)
    whole, sliced = begin(engine, plan=plan), begin(engine, plan=plan)
    assert whole.go(order).rows == N
    size = batch_size or N
    cuts = [0, size, size, min(2 * size, N), N]  # one step, none, one, the rest: a ragged tail
    for first, last in itertools.pairwise(cuts):
        assert sliced.go(order[first:last]).rows == last - first
    assert_same_bits(whole.arrays, sliced.arrays)
    assert whole.errors == sliced.errors and whole.norms == sliced.norms
    assert whole.penalties == sliced.penalties
    assert whole.weights == sliced.weights and len(whole.errors) == -(-N // size)


@every_optimizer
@every_engine
def test_a_snapshot_resumes_bit_for_bit(engine, optimizer):
    plan = replace(PLAN, optimizer=optimizer)
    through, paused = begin(engine, plan=plan), begin(engine, plan=plan)
    for _ in range(2):
        through.go(range(N))
    paused.go(range(N))
    kept = paused.arrays
    assert all(isinstance(array, np.ndarray | np.generic) for array in kept.values())
    resumed = begin(engine, plan=plan, resume=kept)
    paused.go(range(N))  # goes on from its own state, which the snapshot does not share
    resumed.go(range(N))
    assert_same_bits(through.arrays, paused.arrays)
    assert_same_bits(through.arrays, resumed.arrays)


@every_engine
def test_snapshots_and_start_weights_are_copies(engine):
    net = network("chain")
    theta = start(net)
    own = Descent(engine, net, PLAN, rows(net, PLAN.loss, N), theta)
    own.arrays["theta"][:] = np.nan
    theta[:] = np.nan
    assert np.isfinite(own.theta).all()


@every_optimizer
@every_engine
def test_a_state_stays_as_it_is_where_steps_begin_at_it(engine, optimizer):
    """A run keeps it instead of a snapshot: to step back, and to find what diverged."""
    net, order = network("skip"), range(N)
    plan = replace(PLAN, optimizer=optimizer, input_noise=0.2)
    descent = Descent(engine, net, plan, rows(net, plan.loss, N), start(net))
    descent.go(order)
    kept, before = descent.state, descent.arrays
    descent.go(order)
    after = descent.arrays
    assert after["theta"].tobytes() != before["theta"].tobytes()
    descent.state = kept
    for name, array in descent.arrays.items():
        assert array.tobytes() == before[name].tobytes(), name
    descent.go(order)
    for name, array in descent.arrays.items():
        assert array.tobytes() == after[name].tobytes(), name


@every_graph
@every_engine
def test_a_plain_step_is_minus_the_rate_times_the_gradient(engine, graph):
    net = network(graph)
    plan = replace(PLAN, optimizer=SGD(0.05), batch_size=None)
    own = begin(engine, net, plan)
    before = own.theta
    error, gradient = own.engine.error_and_gradient(net, plan.objective, before, own.given)
    if net.trainable is not None:
        gradient = np.where(net.trainable, gradient, 0)
    own.go(range(N))
    np.testing.assert_allclose(own.theta, before - 0.05 * gradient, rtol=1e-14, atol=1e-16)
    assert own.errors == [pytest.approx(error, rel=1e-14)]
    assert own.weights == [own.given.weights.sum()]
    assert own.norms == [pytest.approx(np.linalg.norm(gradient), rel=1e-14)]


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
@every_engine
def test_errors_of_the_batches_join_to_that_of_the_whole_penalty_included(engine, loss):
    """For sums they add up, each batch bearing its share of the penalty; for means, weighted."""
    net, plan = network("skip"), replace(PLAN, loss=loss, l2=0.7)
    whole = begin(engine, net, plan)
    expected = whole.engine.error(net, plan.objective, whole.theta, whole.given)
    parts, slopes = [], []
    for first in range(0, N, 3):
        part = begin(engine, net, replace(plan, optimizer=SGD(1.0)))
        before = part.theta
        part.go(range(first, min(first + 3, N)))
        parts.append((part.errors[0], part.weights[0]))
        slopes.append(before - part.theta)
    errors, weights = np.array(parts).T
    shares = np.ones(4) if loss == "sse" else weights / weights.sum()
    assert shares @ errors == pytest.approx(expected, rel=1e-13)
    _, gradient = whole.engine.error_and_gradient(net, plan.objective, whole.theta, whole.given)
    np.testing.assert_allclose(shares @ np.array(slopes), gradient, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", ["sse", "squared_error"])
@every_engine
def test_the_penalty_of_a_step_is_its_share_of_j(engine, loss, dtype):
    """Written out from θ before the step and the weights of the batch."""
    net = network("skip")
    alpha = 0.0 if loss == "sse" else 0.3
    own = begin(engine, net, Plan(loss, l2=0.7, l1=0.2, alpha=alpha, batch_size=4), dtype)
    total = own.given.weights.sum()
    for first in range(0, N, 4):
        w = own.theta[net.penalized].astype(np.float64)
        steps = own.go(range(first, min(first + 4, N)))
        assert steps.penalties.dtype == np.float64
        share = own.weights[-1] / total if loss == "sse" else 1.0
        expected = share * (0.35 * w @ w + 0.2 * np.abs(w).sum())
        expected += alpha / 2 * w @ w / own.weights[-1]
        assert own.penalties[-1] == pytest.approx(expected, rel=1e-14 if dtype is float else 1e-5)
    bare = begin(engine, net, Plan(loss, batch_size=4), dtype)
    assert bare.go(range(N)).penalties.tolist() == [0.0] * 3


@every_optimizer
@every_engine
def test_a_batch_without_weight_takes_no_step(engine, optimizer):
    net, plan = network("chain"), replace(PLAN, optimizer=optimizer)
    own = begin(engine, net, plan)
    own.given = own.given._replace(weights=np.r_[1.0, 1, 1, 0, 0, 0, 2, 2, 0, 0, 0])
    own.go([0, 1, 2])
    before = own.arrays
    own.go([3, 4, 5])
    assert_same_bits(own.arrays, before)
    assert (own.errors[-1], own.penalties[-1], own.weights[-1], own.norms[-1]) == (0, 0, 0, 0)
    without = begin(engine, net, plan)
    without.given = own.given
    without.go([0, 1, 2])
    without.go([6, 7, 8])
    own.go([6, 7, 8])
    assert_same_bits(own.arrays, without.arrays)


@every_optimizer
@every_engine
def test_frozen_and_absent_entries_never_move(engine, optimizer):
    """Momentum and penalty would carry them; all others do move."""
    net = network("frozen")
    own = begin(engine, net, replace(PLAN, optimizer=optimizer, l2=0.5))
    before = own.theta
    for _ in range(5):
        own.go(range(N))
    held = net.frozen | net.masked
    assert held.any() and not held.all()
    np.testing.assert_array_equal(own.theta[held], before[held])
    assert (own.theta[~held] != before[~held]).all()
    assert not own.theta[net.masked].any()


@every_engine
def test_entries_frozen_later_stay_in_spite_of_the_velocity_that_they_had(engine):
    plan = replace(PLAN, optimizer=SGD(0.05, momentum=0.9))
    free = network("chain")
    moving = begin(engine, free, plan)
    moving.go(range(N))
    name = free.layers[0].name
    held = begin(engine, free.freeze(name), plan, resume=moving.arrays)
    held.go(range(N))
    np.testing.assert_array_equal(
        free.views(held.theta)[name].weights, free.views(moving.theta)[name].weights
    )
    assert (held.theta != moving.theta).any()


@every_engine
def test_each_step_takes_its_own_rate(engine):
    net, plan = network("chain"), replace(PLAN, optimizer=SGD(123.0), batch_size=1)
    own = begin(engine, net, plan, weighted=False)
    own.go([0, 1], [0.1, 0.0])
    after_one = begin(engine, net, plan, weighted=False)
    after_one.go([0], [0.1])
    np.testing.assert_array_equal(own.theta, after_one.theta)
    with pytest.raises(ValueError):
        own.go([0, 1, 2], [0.1, 0.1])


@every_engine
def test_a_request_or_a_deadline_ends_it_before_the_next_step(engine):
    asked = Stop()
    asked.flag.set()
    late, soon = Stop(deadline=time.monotonic()), Stop(deadline=time.monotonic() + 3600)
    for stop, done in ((asked, 0), (late, 0), (soon, N)):
        own = begin(engine)
        before = own.theta
        steps = own.go(range(N), stop=stop)
        assert steps.rows == done and steps.finite
        assert (own.theta == before).all() == (done == 0)
        assert len(steps.errors) == len(steps.penalties) == -(-done // 3)


@every_optimizer
@every_engine
def test_float32_stays_float32_and_near_float64(engine, optimizer):
    plan = replace(PLAN, optimizer=optimizer)
    single = begin(engine, plan=plan, dtype=np.float32)
    double = begin(engine, plan=plan)
    double.given = Rows(*(array.astype(np.float64) for array in single.given))
    for own in (single, double):
        own.go(range(N))
    arrays = {name: array for name, array in single.arrays.items() if name != "step"}
    assert {array.dtype.name for array in arrays.values()} == {"float32"}
    distance = np.linalg.norm(single.theta - double.theta)
    assert distance <= 1e-5 * np.linalg.norm(double.theta)


@every_engine
def test_what_is_not_finite_is_told_with_the_steps_before_it(engine):
    net, plan = network("chain"), replace(PLAN, optimizer=SGD(1.0), batch_size=1)
    own = begin(engine, net, plan, weighted=False)
    steps = own.go([0, 1, 2, 3], [0.01, 0.01, 1e300, 0.01])
    assert not steps.finite
    assert steps.rows in (2, 3) and len(steps.errors) == steps.rows
    assert np.isfinite(steps.errors).all() and np.isfinite(steps.gradient_norms).all()


@every_engine
def test_the_gradients_norm_counts_trainable_entries_only(engine):
    net = Network.parse("1 -> 1").freeze("b[output.0]")
    given = Rows(np.array([[2.0]]), np.array([[3.0]]), np.ones(1))
    own = Descent(engine, net, Plan(loss="sse", optimizer=SGD(0.1)), given, np.zeros(2))
    own.go([0])
    _, gradient = own.engine.error_and_gradient(net, Objective("sse"), np.zeros(2), given)
    assert gradient.tolist() == [-6.0, -3.0] and own.norms == [6.0]
    assert own.theta.tolist() == pytest.approx([0.6, 0.0])
