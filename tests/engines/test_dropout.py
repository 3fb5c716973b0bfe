"""Dropout and input noise in steps: their gradient, their bits, and that nothing else has them."""

import functools
import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.engines.cases import objective_of_texts
from tests.engines.test_advance import PLAN, Descent, N, assert_same_bits, begin
from tests.networks import GRAPHS, network, rows, start
from tests.witness import central_differences, compiled

from fallline.descent import Run
from fallline.engines.protocol import Rows
from fallline.engines.registry import ENGINES, get_engine
from fallline.errors import DivergenceWarning, SpecError
from fallline.formulas.dropout import dropout_factors, input_noise
from fallline.formulas.optimizers import OPTIMIZERS, SGD
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_graph = pytest.mark.parametrize("graph", GRAPHS)
NOISY = replace(PLAN, dropout=0.4, input_noise=0.2, seed=2**33 + 7)


def layers(net: Network) -> list[tuple[str, int]]:
    return [(layer.name, layer.size) for layer in (*net.inputs, *net.layers)]


def expected_noise(net, plan, step, n, dtype=np.float64):
    """Return factors by layer and what inputs get, from the formulas alone."""
    names = [name for name, _ in layers(net)]
    hidden = names[len(net.inputs) : -1]
    rates = plan.dropout if isinstance(plan.dropout, dict) else dict.fromkeys(hidden, plan.dropout)
    factors = {
        name: dropout_factors(np, rates[name], plan.seed, step, number, (n, size), dtype)
        for number, (name, size) in enumerate(layers(net))
        if name in rates
    }
    added = input_noise(np, plan.input_noise, plan.seed, step, (n, net.n_inputs), dtype)
    return factors, added


def one_step(engine, net, plan, given, theta):
    """Return J_B and ∂J_B/∂θ of the first step, through the engine's steps alone."""
    own = Descent(engine, net, replace(plan, optimizer=SGD(1.0), batch_size=None), given, theta)
    own.go(range(len(given.X)))
    return own.errors[0], theta - own.theta


def everywhere(net: Network) -> dict[str, float]:
    """Return a rate for every layer but the output."""
    return {name: 0.2 + 0.1 * (i % 4) for i, (name, _) in enumerate(layers(net)[:-1])}


THINNED = [
    ("squared_error", "tanh", "identity"),
    ("sse", "softmax", "logistic"),
    ("cross_entropy", "logistic", "softmax"),
    ("binary_cross_entropy", "tanh", "logistic"),
]


def thinned(graph, loss, hidden, output):
    """Return network, plan, rows and θ, whose steps are noisy in every way."""
    net = network(graph, hidden, output)
    plan = Plan(loss=loss, l2=0.1, dropout=everywhere(net), input_noise=0.3, seed=5)
    return net, plan, rows(net, loss, weighted=True), start(net)


def error_of_texts(net, plan, given, xp):
    """Return θ ↦ J of the first step, from the texts of the tables."""
    noise = expected_noise(net, plan, 0, len(given.X))
    return objective_of_texts(net, plan.objective, given, *noise, xp=xp)


@functools.cache
def slopes_of_texts(*case):
    """Return ∂J/∂θ of the first step by JAX, compiled once for all engines."""
    net, plan, given, theta = thinned(*case)
    return np.array(compiled(jax.grad(error_of_texts(net, plan, given, jnp)))(theta))


@every_engine
@pytest.mark.parametrize(("loss", "hidden", "output"), THINNED)
@every_graph
def test_error_and_gradient_are_those_of_the_thinned_network(engine, graph, loss, hidden, output):
    """By NumPy from the texts of the tables, and by differences of the steps' own errors."""
    net, plan, given, theta = thinned(graph, loss, hidden, output)
    error, gradient = one_step(engine, net, plan, given, theta)
    J = error_of_texts(net, plan, given, np)
    assert error == pytest.approx(J(theta), rel=1e-12)
    differences = central_differences(
        lambda at: np.array(one_step(engine, net, plan, given, at)[0]), theta, 1e-5
    )
    expected = np.where(moving(net), differences, 0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)


@every_engine
@pytest.mark.parametrize(
    "case", [(graph, *THINNED[i % len(THINNED)]) for i, graph in enumerate(GRAPHS)], ids=str
)
def test_the_gradient_is_jaxs_of_the_thinned_network(engine, case):
    check_slopes(engine, case)


@pytest.mark.slow
@every_engine
@pytest.mark.parametrize("case", list(itertools.product(GRAPHS, THINNED)), ids=str)
def test_the_gradient_is_jaxs_of_every_thinned_network(engine, case):
    check_slopes(engine, (case[0], *case[1]))


def check_slopes(engine, case):
    net, plan, given, theta = thinned(*case)
    _, gradient = one_step(engine, net, plan, given, theta)
    expected = np.where(moving(net), slopes_of_texts(*case), 0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)


def moving(net: Network) -> np.ndarray:
    return np.ones(net.size, bool) if net.trainable is None else net.trainable


@every_engine
def test_one_dropped_unit_by_hand(engine):
    """A dropped unit passes nothing on and learns nothing; a kept one counts 1/(1 − p)."""
    net = Network.parse("1 -> a: 4 nobias -> 1 nobias")
    w, v = np.array([0.5, -1.0, 2.0, 0.25]), np.array([1.0, 2.0, -0.5, 3.0])
    plan, given = (
        Plan(loss="sse", dropout=0.5),
        Rows(np.array([[2.0]]), np.ones((1, 1)), np.ones(1)),
    )
    kept = dropout_factors(np, 0.5, 0, 0, 1, (1, 4), np.float64)[0]
    assert 0 < (kept == 0).sum() < 4
    yhat = (kept * w * 2) @ v
    error, gradient = one_step(engine, net, plan, given, np.r_[w, v])
    assert error == pytest.approx((1 - yhat) ** 2 / 2, rel=1e-14)
    delta = 1 - yhat
    np.testing.assert_allclose(gradient, [*(-delta * v * kept * 2), *(-delta * kept * w * 2)])


@pytest.mark.parametrize("batch_size", [1, 3, None])
@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
@every_engine
def test_slices_pauses_and_snapshots_change_no_bit(engine, kind, batch_size):
    plan = replace(NOISY, optimizer=kind(), batch_size=batch_size)
    order, size = np.random.default_rng(0).permutation(N), batch_size or N
    whole, sliced = begin(engine, plan=plan), begin(engine, plan=plan)
    for _ in range(2):
        whole.go(order)
    for _, (first, last) in itertools.product(
        range(2), itertools.pairwise([0, size, min(2 * size, N), N])
    ):
        sliced.go(order[first:last])
        sliced = begin(engine, plan=plan, resume=sliced.arrays)
    assert_same_bits(whole.arrays, sliced.arrays)


@every_engine
def test_the_steps_are_counted_without_batches_of_no_weight(engine):
    own = begin(engine, network("chain"), NOISY)
    own.given = own.given._replace(weights=np.r_[0.0, 0, 0, np.ones(N - 3)])
    own.go(range(N))
    assert own.arrays["step"] == 3
    other = begin(engine, network("chain"), NOISY)
    other.given = own.given
    other.go(range(3, N))
    assert_same_bits(own.arrays, other.arrays)


@every_engine
def test_a_rows_mask_depends_on_its_position_and_no_other_row(engine):
    """Rows of weight 0 leave the masks of the others as they are."""
    net = network("chain")
    theta, given = start(net), rows(net, "squared_error", 6)
    given = given._replace(weights=np.array([1.0, 0, 0, 2, 0, 1]))
    error, gradient = one_step(engine, net, NOISY, given, theta)
    factors, added = expected_noise(net, NOISY, 0, 6)
    kept = [0, 3, 5]
    J = objective_of_texts(
        net, NOISY.objective, given.take(np.array(kept)),
        {name: of[kept] for name, of in factors.items()}, added[kept],
    )  # fmt: skip
    expected, slopes = compiled(jax.value_and_grad(J))(theta)
    assert error == pytest.approx(float(expected), rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-9, atol=1e-12)


@every_engine
def test_each_step_draws_anew_and_other_seeds_draw_otherwise(engine):
    plan = replace(NOISY, optimizer=SGD(1e-300), batch_size=None)
    errors = []
    for seed in (1, 2):
        own = begin(engine, network("chain"), replace(plan, seed=seed))
        for _ in range(20):
            own.go(range(N))
        errors += own.errors
    assert len(set(errors)) == 40


# What noise does on average, from the literature.


def mean_error(engine, net, plan, given, theta, steps):
    own = Descent(engine, net, replace(plan, optimizer=SGD(1e-300)), given, theta)
    for _ in range(steps):
        own.go(range(len(given.X)))
    errors = np.array(own.errors)
    return errors.mean(), errors.std() / np.sqrt(steps)


@every_engine
def test_input_noise_is_ridge_regression_on_average(engine):
    """Bishop 1995: for a linear unit, E over noise of ½(y − ŷ)² is that of no noise + ½σ²‖w‖²."""
    net, sigma = Network.parse("3 -> 1"), 0.7
    theta, given = start(net), rows(net, "squared_error", 40)
    given = given._replace(Y=given.Y[:, :1])
    plan = Plan(input_noise=sigma, batch_size=None)
    error = get_engine(engine).error(net, Objective(l2=sigma**2), theta, given)
    mean, deviation = mean_error(engine, net, plan, given, theta, 1500)
    assert mean == pytest.approx(error, abs=4 * deviation) and deviation < 0.01 * error


@every_engine
def test_dropout_of_inputs_is_an_adaptive_penalty_on_average(engine):
    """Wager et al. 2013: for a linear unit it adds ½ p/(1 − p) Σ w_i² mean(x_i²)."""
    net, p = Network.parse("3 -> 1"), 0.3
    theta, given = start(net), rows(net, "squared_error", 40)
    given = given._replace(Y=given.Y[:, :1])
    plan = Plan(dropout={"input": p}, batch_size=None)
    error = get_engine(engine).error(net, Objective(), theta, given)
    penalty = p / (1 - p) / 2 * (theta[:3] ** 2 @ (given.X**2).mean(axis=0))
    mean, deviation = mean_error(engine, net, plan, given, theta, 1500)
    assert mean == pytest.approx(error + penalty, abs=4 * deviation) and deviation < 0.03 * penalty


# Runs.


@every_engine
def test_only_steps_are_noisy(engine):
    """Validation errors, metrics, the error at the end and predictions are those of the weights."""
    net = network("skip")
    given, held = rows(net, "squared_error", 10), rows(net, "squared_error", 6, seed=1)
    run = Run(
        net, given.X, given.Y, X_val=held.X, y_val=held.Y, theta=start(net), dropout=0.5,
        input_noise=0.3, epochs=1, error_at_end=True, restore_best=False, engine=engine,
    )  # fmt: skip
    epoch = next(run)
    get, plain = get_engine(engine), Objective()
    assert epoch.error_at_end == get.error(net, plain, run.theta, given)
    assert epoch.validation_error == get.error(net, plain, run.theta, held)
    assert epoch.error != get.error(net, plain, start(net), given)


@every_engine
def test_steps_pauses_and_going_back_change_no_bit_of_a_run(engine):
    net = network("branches")
    given = rows(net, "squared_error", 10)

    def make(**changes) -> Run:
        settings = {"dropout": {"a": 0.5, "input": 0.1}, "input_noise": 0.1, "clip_norm": 0.5}
        settings |= {"max_norm": 1.0, "l1": 0.01, "batch_size": 3, "epochs": 4, "seed": 3}
        return Run(net, given.X, given.Y, theta=start(net), engine=engine, **settings | changes)

    through = make()
    epochs = list(through)
    stepped = make(record="steps")
    while stepped.step():
        pass
    assert stepped.theta.tobytes() == through.theta.tobytes()
    assert list(stepped.history) == epochs
    for _ in range(6):
        assert stepped.step_back()
    other = make()
    other.restore(stepped.snapshot())
    for run in (stepped, other):
        list(run)
        assert run.theta.tobytes() == through.theta.tobytes()
    assert make(seed=4, shuffle=False).step() != make(seed=5, shuffle=False).step()


@pytest.mark.parametrize(
    ("dropout", "message"),
    [
        ({"hidden": 0.5}, "dropout names layer 'hidden'; did you mean 'hidden1'"),
        ({"output": 0.5}, "dropout must leave the output layer 'output' alone"),
        ({"hidden1": 1.0}, "dropout of layer 'hidden1' must be a number of at least 0 and below 1"),
    ],
)
def test_rates_that_do_not_fit_are_refused_before_any_step(dropout, message):
    with pytest.raises(SpecError, match=message):
        Run(Network.parse("1 -> 2 relu -> 1"), [[1.0]], [1.0], dropout=dropout)


def test_rates_go_through_json():
    for dropout in (0.5, {"a": 0.5, "input": 0.1}, {"output": 0.0}):
        plan = Plan(dropout=dropout)
        assert Plan.from_json(plan.to_json()) == plan
        assert plan.dropout == dropout and hash(plan) is not None
    given = {"a": 0.5}
    plan = Plan(dropout=given)
    given["a"] = 0.9
    assert plan.dropout == {"a": 0.5}


@every_engine
def test_a_divergence_under_dropout_is_located_in_the_thinned_network(engine):
    """Only a unit that was kept can overflow the output; its row and batch are told."""
    net = Network.parse("1 -> a: 8 nobias -> 1 nobias")
    theta, X = np.r_[np.ones(8), 1e300, np.ones(7)], np.full((6, 1), 1e100)
    plan = Plan(loss="sse", dropout=0.5, batch_size=1, shuffle=False, optimizer=SGD(1e-300), seed=1)
    kept = [dropout_factors(np, 0.5, 1, step, 1, (1, 8), float)[0, 0] > 0 for step in range(6)]
    first = kept.index(True)
    assert first > 0  # a step without it comes first, whose error is finite
    with pytest.warns(DivergenceWarning):
        run = Run(net, X, np.zeros(6), theta=theta, plan=plan, engine=engine)
        list(run)
    assert (run.divergence.batch, run.divergence.row) == (first + 1, first)
    assert run.divergence.what == "net input" and run.divergence.layer == "output"
