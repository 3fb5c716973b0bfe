"""L-BFGS through a run: what it finds, pausing and stepping back, frozen weights, refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from tests.descent.runs import TRAINING, VALIDATED, assert_same, finished
from tests.descent.runs import make as make_stepwise
from tests.networks import GRAPHS, network, rows, start

from fallline.descent import Run, descend, resume
from fallline.descent.solving import engine_for
from fallline.engines.calls import error_and_gradient, predict
from fallline.engines.protocol import Stop
from fallline.engines.registry import ENGINES
from fallline.errors import DivergenceWarning, SpecError
from fallline.formulas.optimizers import LBFGS, Adam
from fallline.history import History
from fallline.history_matrix import history_columns, history_from_matrix, history_matrix
from fallline.spec.network import Network
from fallline.spec.plan import Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)


def make(**changes) -> Run:
    given = {"optimizer": LBFGS(), "epochs": 12, **changes}
    net = given.pop("net", network("skip"))
    weights = {"sample_weight": TRAINING.weights, "theta": start(net)}
    return Run(net, TRAINING.X, TRAINING.Y, **{"l2": 0.01, **weights, **given})


@every_engine
def test_logistic_regression_is_scikit_learns_to_many_digits(engine):
    rng = np.random.default_rng(0)
    X, s = rng.normal(size=(60, 3)), rng.uniform(0.2, 2, 60)
    labels = (X @ rng.normal(size=(3, 4)) + rng.normal(size=(60, 4))).argmax(axis=1)
    other = LogisticRegression(C=1 / (0.05 * s.sum()), tol=1e-12, max_iter=5000)
    other.fit(X, labels, sample_weight=s)
    run = descend(
        Network.parse("3 -> 4 softmax"), X, np.eye(4)[labels], sample_weight=s, l2=0.05,
        loss="cross_entropy", optimizer=LBFGS(tolerance=1e-9), epochs=500, engine=engine,
    )  # fmt: skip
    assert "the gradient is within the tolerance" in run.stopped and len(run.history) < 100
    ours = predict(run.network, run.theta, X, engine=engine)
    np.testing.assert_allclose(ours, other.predict_proba(X), atol=1e-7)


@pytest.mark.parametrize("graph", GRAPHS)
@every_engine
def test_it_reaches_what_scipys_reaches_on_nets(engine, graph):
    """From the same start, with the same objective: an error as low, with a flat gradient."""
    net, loss = network(graph, "tanh"), "squared_error"
    given = rows(net, loss, 20, weighted=True)
    theta, free = start(net), ~(net.frozen | net.masked)

    def J(w):
        full = theta.copy()
        full[free] = w
        error, slope = error_and_gradient(
            net, full, given.X, given.Y, loss=loss, l2=0.05, sample_weight=given.weights,
            engine=engine,
        )  # fmt: skip
        return error, slope[free]

    other = minimize(
        J, theta[free], jac=True, method="L-BFGS-B",
        options={"gtol": 1e-7, "ftol": 0, "maxiter": 3000, "maxfun": 30000},
    )  # fmt: skip
    run = descend(
        net, given.X, given.Y, sample_weight=given.weights, theta=theta, loss=loss, l2=0.05,
        optimizer=LBFGS(tolerance=1e-7), epochs=3000, engine=engine,
    )  # fmt: skip
    assert "within the tolerance" in run.stopped
    assert np.abs(J(run.theta[free])[1]).max() <= 1e-7
    assert run.error_at_end() <= other.fun + 0.1 * abs(other.fun)
    assert run.history[-1].evaluations <= 3 * other.nfev + 20
    np.testing.assert_array_equal(run.theta[~free], theta[~free])


def test_a_small_net_is_solved_in_fewer_passes_than_adam_needs():
    X = np.random.default_rng(0).normal(size=(40, 3))
    Y = np.tanh(X @ np.array([[1.0], [-1.0], [0.5]]))
    net = Network.parse("3 -> 5 tanh -> 1")
    run = descend(net, X, Y, optimizer=LBFGS(), epochs=500)
    adam = descend(
        net, X, Y, optimizer=Adam(0.01), batch_size=None, epochs=run.history[-1].evaluations
    )
    assert run.error_at_end() < 1e-8 < 1e-4 < adam.error_at_end()


# Pausing and going back.


@pytest.mark.parametrize("cut", [0, 1, 5, 11])
@every_engine
def test_a_snapshot_goes_on_in_another_run(engine, cut):
    first = make(engine=engine, **VALIDATED)
    for _ in range(cut):
        first.step()
    snapshot = first.snapshot()
    kept = {name: array.copy() for name, array in snapshot.arrays.items()}
    other = make(engine=engine, **VALIDATED)
    next(other), next(other)
    finished(first)
    other.restore(snapshot)
    assert_same(finished(other), first)
    for name, array in snapshot.arrays.items():
        np.testing.assert_array_equal(array, kept[name])


@every_engine
def test_a_state_stays_as_it_is_where_iterations_begin_at_it(engine):
    plan, net = Plan(optimizer=LBFGS()), network("skip")
    solver, order = engine_for(plan, engine), np.arange(TRAINING.n)
    state, seen = solver.start(net, plan, start(net)), []
    for _ in range(4):
        before = solver.snapshot(state)
        after, _ = solver.advance(state, TRAINING, order, np.ones(1), Stop())
        for name, array in solver.snapshot(state).items():
            assert array.tobytes() == before[name].tobytes(), name
        state = after
        seen.append(before["theta"].tobytes())
    assert len(set(seen)) == 4


def test_a_checkpoint_resumes_bit_for_bit(tmp_path):
    through, paused = finished(make()), make()
    for _ in range(4):
        next(paused)
    paused.save_checkpoint(tmp_path / "run.fall")
    resumed = resume(tmp_path / "run.fall", TRAINING.X, TRAINING.Y, sample_weight=TRAINING.weights)
    assert_same(finished(resumed), through)


@pytest.mark.parametrize("record", ["steps", "epochs"])
def test_stepping_back_undoes_iterations_bit_for_bit(record):
    run, states = make(record=record), []
    for _ in range(6):
        states.append(make())
        states[-1].restore(run.snapshot())
        next(run)
    for expected in reversed(states):
        assert run.step_back()
        assert_same(run, expected)
    assert_same(finished(run), finished(make()))


def test_steps_are_epochs_and_may_be_mixed():
    mixed = make()
    step = mixed.step()
    assert (step.step, step.epoch, len(step.order)) == (1, 1, 10) and mixed.position == (2, 0)
    next(mixed)
    assert_same(finished(mixed), finished(make()))


# What the history tells.


def test_the_history_tells_evaluations_steps_and_how_far_each_step_went():
    run = finished(make(epochs=200))
    counts = run.history.column("evaluations")
    assert counts == sorted(counts) and counts[0] >= 2
    assert counts[-1] >= len(run.history) + 1
    assert run.history.column("steps") == list(range(1, len(run.history) + 1))
    assert all(epoch.learning_rate > 0 for epoch in run.history[:-1])
    errors = run.history.column("error")
    assert (np.diff(errors) <= 1e-15).all()
    assert errors[0] == pytest.approx(make().error_at_end(), rel=1e-14)
    assert all(epoch.rows == 10 for epoch in run.history)
    assert History.from_jsonl(run.history.to_jsonl()) == run.history
    columns = history_columns(run.history)
    assert history_from_matrix(columns, history_matrix(run.history, columns)) == run.history
    assert "evaluations" not in history_columns(finished(make_stepwise()).history)


def test_at_the_minimum_it_ends_after_one_look():
    run = descend(Network.parse("1 -> 1"), [[1.0], [2.0]], [0.0, 0.0], theta=[0.0, 0.0],
                  optimizer="lbfgs")  # fmt: skip
    assert len(run.history) == 1 and run.history[0].evaluations == 1
    assert "within the tolerance" in run.stopped and not run.theta.any()


def test_it_ends_where_only_rounding_is_left():
    run = finished(make(optimizer=LBFGS(tolerance=0), epochs=5000))
    assert "the rest is rounding" in run.stopped or "within the tolerance" in run.stopped
    _, gradient = error_and_gradient(
        run.network, run.theta, TRAINING.X, TRAINING.Y, l2=0.01, sample_weight=TRAINING.weights
    )
    assert np.abs(gradient).max() < 1e-7


@pytest.mark.parametrize("net", [network("frozen"), network("skip").freeze("b[out.0]")])
def test_frozen_and_absent_entries_never_move(net):
    given = rows(net, "squared_error", 12)
    theta = start(net)
    run = descend(net, given.X, given.Y, theta=theta, l2=0.3, optimizer=LBFGS(), epochs=30)
    held = net.frozen | net.masked
    np.testing.assert_array_equal(run.theta[held], theta[held])
    assert (run.theta[~held] != theta[~held]).all()
    assert not run.snapshot().arrays["optimizer.steps"][:, held].any()


def test_float32_stays_float32():
    run = finished(make(dtype="float32", theta=None, optimizer=LBFGS(tolerance=1e-4), epochs=200))
    assert run.theta.dtype == np.float32 and run.stopped


def test_other_rules_stop_it_too():
    assert finished(make(epochs=3)).stopped == "all 3 epochs are done"
    assert "reached the target" in finished(make(epochs=99, target=0.2)).stopped
    assert finished(make(time_budget=0)).stopped == "the time budget of 0 s is spent"
    run = make(epochs=400, patience=2, **VALIDATED)
    finished(run)
    assert run.theta.tobytes() == run.best_theta.tobytes()


def test_a_start_that_is_not_finite_is_located():
    run = make(theta=np.full(network("skip").size, 1e200), loss="sse", l2=0)
    with pytest.warns(DivergenceWarning, match="Try smaller start weights"):
        finished(run)
    assert run.divergence is not None and not run.history


# Refusals.


REFUSED = [
    ({"batch_size": 4}, "batch_size must be left out, or None, for LBFGS, not 4: its line search"),
    ({"batch_size": 32}, "batch_size must be left out"),
    ({"schedule": "cosine"}, "schedule must be left out for LBFGS, not 'cosine'"),
    ({"dropout": 0.5}, "dropout must be left out for LBFGS"),
    ({"input_noise": 0.1}, "input_noise must be left out for LBFGS, not 0.1"),
    ({"clip_norm": 1.0}, "clip_norm must be left out"),
    ({"clip_value": 1.0}, "clip_value must be left out"),
    ({"max_norm": 1.0}, "max_norm must be left out"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_what_single_steps_have_is_refused_with_the_reason(settings, message):
    with pytest.raises(SpecError, match=message):
        Plan(optimizer=LBFGS(), **settings)
    with pytest.raises(SpecError, match=message):
        replace(Plan(optimizer="lbfgs"), **settings)


def test_a_part_of_the_rows_is_refused():
    with pytest.raises(SpecError, match=r"LBFGS takes all rows in each step; call step\(\)"):
        make().step(3)


def test_an_engine_alone_takes_no_solver():
    net = network("chain")
    engine = ENGINES["reference"].make()
    with pytest.raises(SpecError, match="LBFGS is a solver and takes no single steps"):
        engine.start(net, Plan(optimizer=LBFGS()), start(net))


def test_its_batch_is_the_full_one_and_the_plan_is_json_and_back():
    plan = Plan(optimizer=LBFGS(memory=5), batch_size=None)
    assert plan == Plan(optimizer={"name": "lbfgs", "memory": 5}) and plan.batch_size is None
    assert Plan().batch_size == 32 and Plan(batch_size=None).batch_size is None
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
