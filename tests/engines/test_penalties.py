"""Penalties in the error, in the gradient and in a batch; norms held to a limit after each step."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor
from tests.engines.test_advance import PLAN, Descent, N, begin
from tests.networks import GRAPHS, network, rows, start

from fallline.engines.protocol import Rows
from fallline.engines.registry import ENGINES, get_engine
from fallline.errors import SpecError
from fallline.formulas.optimizers import SGD
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_graph = pytest.mark.parametrize("graph", GRAPHS)


def weights_of(net: Network, theta: np.ndarray) -> np.ndarray:
    return np.concatenate([view.weights.ravel() for view in net.views(theta).values()])


PENALTIES = {
    "l2": lambda w, total: (0.4 * w @ w, 0.8 * w),
    "l1": lambda w, total: (0.8 * np.abs(w).sum(), 0.8 * np.sign(w)),
    "alpha": lambda w, total: (0.4 * w @ w / total, 0.8 * w / total),
}
"""R and ∂R/∂w at strength 0.8, for Σ s = total."""


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("weighted", [False, True])
@every_graph
@every_engine
def test_r_and_its_slope_are_those_of_the_definition(engine, graph, weighted, penalty):
    net, of = network(graph), get_engine(engine).error_and_gradient
    theta, given = start(net), rows(net, "squared_error", weighted=weighted)
    plain, slopes = of(net, Objective(), theta, given)
    objective = Objective("squared_error", **{penalty: 0.8})
    error, gradient = of(net, objective, theta, given)
    R, slope = PENALTIES[penalty](weights_of(net, theta), given.weights.sum())
    assert error - plain == pytest.approx(R, rel=1e-12)
    assert get_engine(engine).error(net, objective, theta, given) == pytest.approx(error, rel=1e-14)
    own = weights_of(net, gradient - slopes)
    np.testing.assert_allclose(own, np.where(weights_of(net, net.masked), 0, slope), atol=1e-14)
    biases = ~net.penalized
    np.testing.assert_array_equal(gradient[biases], slopes[biases])


@every_engine
def test_the_slope_of_l1_at_0_is_0(engine):
    net, theta = Network.parse("2 -> 1 nobias"), np.array([0.0, -0.5])
    given = Rows(np.array([[0.0, 0.0]]), np.array([[0.0]]), np.ones(1))
    _, gradient = get_engine(engine).error_and_gradient(net, Objective(l1=0.3), theta, given)
    assert gradient.tolist() == [0.0, -0.3]


@every_engine
def test_penalties_add_up_to_the_elastic_net(engine):
    net, of = network("branches"), get_engine(engine).error_and_gradient
    theta, given = start(net), rows(net, "squared_error", weighted=True)
    alone = [
        of(net, Objective(**only), theta, given)
        for only in ({}, {"l1": 0.3}, {"l2": 0.5}, {"alpha": 0.7})
    ]
    error, gradient = of(net, Objective(l1=0.3, l2=0.5, alpha=0.7), theta, given)
    plain, slopes = alone[0]
    assert error - plain == pytest.approx(sum(e - plain for e, _ in alone), rel=1e-12)
    np.testing.assert_allclose(gradient - slopes, sum(g - slopes for _, g in alone), atol=1e-14)


def batches(engine, net, plan):
    """Return J_B, Σ_B s and ∂J_B/∂θ of each batch of an epoch, all at the same θ."""
    found = []
    for first in range(0, N, 3):
        part = begin(engine, net, replace(plan, optimizer=SGD(1.0)))
        before = part.theta
        part.go(range(first, min(first + 3, N)))
        found.append((part.errors[0], part.weights[0], before - part.theta))
    return found


@pytest.mark.parametrize("penalty", [{"l1": 0.7}, {"l2": 0.7}, {"l1": 0.2, "l2": 0.3}])
@pytest.mark.parametrize("loss", ["sse", "squared_error"])
@every_engine
def test_each_batch_bears_its_share(engine, loss, penalty):
    """Of a sum Σ_B s / Σ s, so that an epoch adds up to J of all rows; of a mean all of it."""
    net, plan = network("skip"), Plan(loss=loss, batch_size=3, **penalty)
    whole = begin(engine, net, plan)
    J, slope = whole.engine.error_and_gradient(net, plan.objective, whole.theta, whole.given)
    E, _ = whole.engine.error_and_gradient(net, Objective(loss), whole.theta, whole.given)
    found, without = batches(engine, net, plan), batches(engine, net, Plan(loss=loss, batch_size=3))
    total = sum(weight for _, weight, _ in found)
    for (error, weight, _), (plain, _, _) in zip(found, without, strict=True):
        share = weight / total if loss == "sse" else 1
        assert error - plain == pytest.approx(share * (J - E), rel=1e-10)
    factors = [1 if loss == "sse" else weight / total for _, weight, _ in found]
    pairs = list(zip(factors, found, strict=True))
    assert sum(f * error for f, (error, _, _) in pairs) == pytest.approx(J, rel=1e-13)
    np.testing.assert_allclose(sum(f * g for f, (_, _, g) in pairs), slope, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
@every_engine
def test_alpha_is_scikit_learns(engine, weighted):
    """One epoch of its own batches and start weights, row by row in order, to 1e-13."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 3)), rng.normal(size=12)
    s = rng.integers(1, 4, 12).astype(float) if weighted else np.ones(12)
    theirs = MLPRegressor(
        hidden_layer_sizes=(4,), activation="tanh", solver="sgd", alpha=3.0, batch_size=5,
        momentum=0.0, nesterovs_momentum=False, learning_rate_init=0.05, shuffle=False,
        max_iter=1, random_state=0,
    )  # fmt: skip
    theirs.partial_fit(X[:5], y[:5], sample_weight=s[:5])
    before = parameters(theirs)
    theirs.partial_fit(X[5:10], y[5:10], sample_weight=s[5:10])
    after = parameters(theirs)
    plan = Plan(alpha=3.0, optimizer=SGD(0.05), batch_size=5)
    net = Network.parse("3 -> 4 tanh -> 1")
    own = Descent(engine, net, plan, Rows(X, y[:, None], s), before)
    own.go(range(5, 10))
    np.testing.assert_allclose(own.theta, after, rtol=1e-13, atol=1e-15)


def parameters(model: MLPRegressor) -> np.ndarray:
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([part.ravel() for pair in pairs for part in pair])


def test_alpha_beside_a_sum_is_refused_with_its_equal():
    with pytest.raises(SpecError, match=r"alpha must be 0 for sse: .* l2=0\.5 has its effect"):
        Objective("sse", alpha=0.5)
    with pytest.raises(SpecError, match="alpha must be 0 for sse"):
        Plan(loss="sse", alpha=0.5)


@every_engine
def test_a_penalty_whose_value_overflows_shows_in_the_error(engine):
    net = Network.parse("1 -> 1 nobias")
    given, theta = Rows(np.array([[0.0]]), np.array([[1.0]]), np.ones(1)), np.array([1e200])
    with np.errstate(over="ignore"):
        assert get_engine(engine).error(net, Objective(l2=1e-300), theta, given) == np.inf
    assert get_engine(engine).error(net, Objective(l1=1e-200), theta, given) == 1.5


# Rows without weight.


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
@every_engine
def test_what_overflows_in_a_row_without_weight_is_not_seen(engine, loss):
    """0·∞ is NaN: such a row must take no part at all."""
    net, get = Network.parse("1 -> 2 -> 1"), get_engine(engine)
    theta = np.array([1e10, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    X, Y = np.array([[1.0], [1e308], [2.0]]), np.array([[1.0], [0.0], [3.0]])
    given, alone = Rows(X, Y, np.array([1.0, 0.0, 1.0])), Rows(X[::2], Y[::2], np.ones(2))
    objective = Objective(loss, 0.1)
    expected, slopes = get.error_and_gradient(net, objective, theta, alone)
    error, gradient = get.error_and_gradient(net, objective, theta, given)
    assert error == expected == get.error(net, objective, theta, given)
    np.testing.assert_array_equal(gradient, slopes)
    plan = Plan(loss=loss, l2=0.1, optimizer=SGD(1e-30), batch_size=3)
    own = Descent(engine, net, plan, given, theta)
    assert own.go(range(3)).finite and own.errors == [pytest.approx(expected, rel=1e-14)]


# The limit on norms.


def norms_of(net: Network, theta: np.ndarray) -> np.ndarray:
    return np.concatenate([np.linalg.norm(v.weights, axis=0) for v in net.views(theta).values()])


@every_graph
@every_engine
def test_after_each_step_no_unit_exceeds_the_limit(engine, graph):
    net = network(graph)
    plan = replace(PLAN, max_norm=0.6, optimizer=SGD(0.05))
    own, free = begin(engine, net, plan), begin(engine, net, replace(plan, max_norm=None))
    before = own.theta
    own.go([0, 1, 2])
    free.go([0, 1, 2])
    movable = np.ones(net.size, bool) if net.trainable is None else net.trainable
    for name, view in net.views(own.theta).items():
        W, b = net.views(free.theta)[name]
        fixed = ~net.views(movable)[name].weights
        held = np.sqrt((np.where(fixed, W, 0) ** 2).sum(axis=0))
        norms = np.linalg.norm(view.weights, axis=0)
        assert (norms <= np.maximum(0.6, held) * (1 + 1e-14)).all()
        inside = np.linalg.norm(W, axis=0) < 0.6
        np.testing.assert_allclose(view.weights[:, inside], W[:, inside], rtol=1e-13)
        if b is not None:
            np.testing.assert_allclose(view.biases, b, rtol=1e-13)
    held = net.frozen | net.masked
    np.testing.assert_array_equal(own.theta[held], before[held])
    assert norms_of(net, free.theta).max() > 0.6


@every_engine
def test_max_norm_of_one_step_by_hand(engine):
    """w = (3, 4) − 0.1·(−(y − ŷ) x) = (3, 4) of norm 5, as ŷ = y; the limit 2 leaves (1.2, 1.6)."""
    net = Network.parse("2 -> 1 nobias")
    given = Rows(np.array([[1.0, 1.0]]), np.array([[7.0]]), np.ones(1))
    plan = Plan(loss="sse", optimizer=SGD(0.1), max_norm=2.0)
    own = Descent(engine, net, plan, given, np.array([3.0, 4.0]))
    own.go([0])
    np.testing.assert_allclose(own.theta, [1.2, 1.6], rtol=1e-15)


@every_engine
def test_a_batch_without_weight_is_not_limited_either(engine):
    own = begin(engine, network("chain"), replace(PLAN, max_norm=0.1))
    own.given = own.given._replace(weights=np.r_[0.0, 0, 0, np.ones(N - 3)])
    before = own.theta
    own.go([0, 1, 2])
    np.testing.assert_array_equal(own.theta, before)


# Decoupled decay.


@every_graph
@every_engine
def test_decoupled_decay_spares_biases_and_what_may_not_move(engine, graph):
    """With a gradient of 0, AdamW moves weights by −ηλw, and nothing else.

    ε is 1, so that a gradient of nothing but rounding stays nothing.
    """
    net = network(graph)
    optimizer = {"name": "adamw", "learning_rate": 0.1, "weight_decay": 0.5, "epsilon": 1}
    theta, given = start(net), rows(net, "squared_error", N)
    given = given._replace(Y=get_engine(engine).predict(net, theta, given.X))
    plan = Plan(optimizer=optimizer, batch_size=None)
    own = Descent(engine, net, plan, given, theta)
    own.go(range(N))
    moves = net.penalized & ~net.frozen
    np.testing.assert_allclose(own.theta, np.where(moves, 0.95 * theta, theta), rtol=1e-12)
