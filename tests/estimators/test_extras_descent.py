"""What a step may have beside scikit-learn's, against a plain descent with the same draws."""

import itertools
import time

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler
from tests.estimators.by_hand import descent, vector

from fallline.engines.registry import ENGINES
from fallline.estimators import MLPClassifier, MLPRegressor, base
from fallline.formulas.optimizers import Adam
from fallline.history import Epoch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, SPECIES = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
D, T = load_diabetes(return_X_y=True)
D, T = StandardScaler().fit_transform(D), T / 100
HALF = X[::2], SPECIES[::2]
WHOLE = {"optimizer": Adam(dialect="sklearn"), "loss": "cross_entropy"}


def net(**settings):
    return MLPClassifier(
        **{"hidden_layer_sizes": (6,), "max_iter": 12, "random_state": 0} | settings
    )


@pytest.mark.parametrize(
    "setting",
    [{"dropout": 0.3}, {"l1": 0.01}, {"clip_norm": 0.05}, {"dropout": 0.5, "l1": 0.001}],
)
def test_each_is_that_of_a_plain_descent(setting, engine):
    plain = net(batch_size=40, engine=engine).fit(X, SPECIES)
    asked = net(batch_size=40, engine=engine, **setting).fit(X, SPECIES)
    run = descent(
        "4 -> 6 relu -> 3 softmax",
        X,
        np.eye(3)[SPECIES],
        batch_size=40,
        epochs=12,
        engine=engine,
        **WHOLE,
        **setting,
    )
    np.testing.assert_allclose(vector(asked), run.theta, rtol=1e-9)
    errors = run.history.column("error")
    np.testing.assert_allclose(asked.history_.column("error"), errors, rtol=1e-10)
    assert np.abs(vector(asked) - vector(plain)).max() > 1e-3


def test_dropout_differs_with_the_seed_and_predicts_without(engine):
    settings = {"dropout": 0.5, "engine": engine, "shuffle": False, "warm_start": True}
    first = net(max_iter=1, **settings).fit(*HALF)
    np.testing.assert_array_equal(first.predict_proba(X), first.predict_proba(X))
    same, other = (net(max_iter=1, **settings).fit(*HALF) for _ in range(2))
    np.testing.assert_array_equal(vector(same), vector(first))
    # From one start, with one order, only what is dropped can differ.
    same.set_params(random_state=5).fit(*HALF)
    other.set_params(random_state=6).fit(*HALF)
    assert np.abs(vector(same) - vector(other)).max() > 1e-6


def test_l1_brings_weights_to_nearly_nothing(engine):
    settings = {"max_iter": 150, "learning_rate_init": 0.01, "engine": engine, "tol": 0.0}
    plain, sparse = (net(l1=l1, **settings).fit(X, SPECIES) for l1 in (0.0, 0.02))
    few, many = (np.mean(np.abs(n.coefs_[0]) < 0.02) for n in (plain, sparse))
    assert many > few + 0.3


# --- callbacks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_functions_are_called_with_each_epoch(solver, engine):
    seen, counted = [], []
    asked = net(solver=solver, callbacks=[seen.append, lambda epoch: counted.append(epoch.epoch)])
    asked.set_params(engine=engine).fit(X, SPECIES)
    assert all(isinstance(epoch, Epoch) for epoch in seen)
    assert seen == list(asked.history_)
    assert counted == list(range(1, asked.n_iter_ + 1))
    alone = []
    net(solver=solver, callbacks=alone.append, max_iter=2).fit(X, SPECIES)
    assert [epoch.epoch for epoch in alone] == [1, 2]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_that_raises_stop_iteration_ends_the_fit_well(solver, engine):
    def enough(epoch):
        if epoch.epoch == 4:
            raise StopIteration("four are enough")

    asked = net(solver=solver, callbacks=enough, engine=engine).fit(X, SPECIES)
    assert asked.n_iter_ == len(asked.history_) == 4
    assert asked.to_model().facts["stopped"] == "four are enough"
    part = net(solver=solver, max_iter=4, engine=engine).fit(X, SPECIES)
    np.testing.assert_allclose(vector(asked), vector(part), rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_other_exceptions_come_through_and_leave_the_fit_before(kind, solver):
    def broken(epoch):
        if epoch.epoch == 2:
            raise kind("the disk is full")

    asked = net(solver=solver).fit(X, SPECIES)
    before, shares = {k: v for k, v in vars(asked).items() if k.endswith("_")}, vector(asked)
    curve = list(asked.loss_curve_) if solver == "adam" else []
    with pytest.raises(kind, match="the disk is full"):
        asked.set_params(callbacks=broken, warm_start=True).fit(*HALF)
    after = {k: v for k, v in vars(asked).items() if k.endswith("_")}
    assert after.keys() == before.keys() and all(after[k] is before[k] for k in before)
    np.testing.assert_array_equal(vector(asked), shares)
    assert solver == "lbfgs" or asked.loss_curve_ == curve
    fresh = net(solver=solver, callbacks=broken)
    with pytest.raises(kind, match="the disk is full"):
        fresh.fit(X, SPECIES)
    assert not hasattr(fresh, "coefs_")


def test_callbacks_that_are_no_functions_are_refused():
    with pytest.raises(ValueError, match="must be functions of an Epoch, not 7"):
        net(callbacks=[print, 7]).fit(X, SPECIES)


# --- restarts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"dropout": 0.2}])
def test_restarts_keep_the_best_of_fits_from_one_random_state(settings, engine):
    settings = {"max_iter": 20, "hidden_layer_sizes": (2,), "engine": engine} | settings
    shared = np.random.RandomState(7)
    fits = [net(**settings | {"random_state": shared}).fit(X, SPECIES) for _ in range(5)]
    losses = [fit.loss_ for fit in fits]
    assert int(np.argmin(losses)) not in (0, 4)  # neither the first nor the last would do
    best = net(restarts=5, **settings | {"random_state": 7}).fit(X, SPECIES)
    kept = fits[int(np.argmin(losses))]
    np.testing.assert_array_equal(vector(best), vector(kept))
    assert best.loss_ == kept.loss_
    assert best.history_.column("error") == kept.history_.column("error")
    assert best.n_iter_ == kept.n_iter_ and best.t_ == kept.t_
    again = net(restarts=5, **settings | {"random_state": 7}).fit(X, SPECIES)
    np.testing.assert_array_equal(vector(best), vector(again))
    one = net(restarts=1, **settings | {"random_state": 7}).fit(X, SPECIES)
    np.testing.assert_array_equal(vector(one), vector(fits[0]))


@pytest.mark.parametrize("early", [False, True])
def test_restarts_go_by_the_best_score_where_there_is_one(early, engine):
    settings = {"max_iter": 20, "hidden_layer_sizes": (2,), "early_stopping": early}
    settings |= {"engine": engine, "stopping_metric": "error"}
    val = {"X_val": X[1::2], "y_val": SPECIES[1::2]}
    shared = np.random.RandomState(4)
    fits = [net(**settings | {"random_state": shared}).fit(*HALF, **val) for _ in range(4)]
    scores = [fit.best_validation_score_ for fit in fits]
    best = net(restarts=4, **settings | {"random_state": 4}).fit(*HALF, **val)
    assert best.best_validation_score_ == max(scores)
    np.testing.assert_array_equal(vector(best), vector(fits[int(np.argmax(scores))]))


def test_restarts_are_judged_by_one_split(engine):
    settings = {"early_stopping": True, "max_iter": 15, "engine": engine}
    best = net(restarts=3, **settings).fit(X, SPECIES)
    one = net(**settings).fit(X, SPECIES)
    assert best.best_validation_score_ >= one.best_validation_score_


def test_parts_follow_settings_that_change(engine):
    asked = net(solver="sgd", engine=engine).partial_fit(X, SPECIES, classes=[0, 1, 2])
    before = vector(asked).copy()
    asked.set_params(momentum=0, learning_rate_init=1e-9).partial_fit(X, SPECIES)
    assert 0 < np.abs(vector(asked) - before).max() < 1e-7
    asked.set_params(momentum=0.9, learning_rate_init=0.1).partial_fit(X, SPECIES)
    assert np.abs(vector(asked) - before).max() > 1e-4


@pytest.mark.parametrize("settings", [{"solver": "sgd"}, {"solver": "lbfgs"}])
def test_a_start_that_diverges_is_left_out(settings, monkeypatch):
    draw, drawn = base.start_weights, []

    def start_weights(*args, **kwargs):
        drawn.append(draw(*args, **kwargs))
        return drawn[-1] * (1e305 if len(drawn) in far else 1)

    monkeypatch.setattr(base, "start_weights", start_weights)
    settings = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0} | settings
    far = {1, 3}
    best = MLPRegressor(restarts=3, **settings).fit(D, T)
    assert len(drawn) == 3 and np.abs(vector(best)).max() < 100
    far, second = set(), drawn[1]
    monkeypatch.setattr(base, "start_weights", lambda *args, **kwargs: second)
    by_hand = MLPRegressor(**settings).fit(D, T)
    np.testing.assert_allclose(best.loss_, by_hand.loss_, rtol=0.05)  # batches in another order
    if settings["solver"] == "lbfgs":  # takes weights without an error to go by as they are
        return
    monkeypatch.setattr(base, "start_weights", lambda *args, **kwargs: second * 1e305)
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        MLPRegressor(restarts=2, **settings).fit(D, T)


def test_warm_start_and_partial_fit_go_on_from_one_place(engine):
    asked = net(restarts=3, warm_start=True, engine=engine).fit(X, SPECIES)
    count, t = len(asked.loss_curve_), asked.t_
    asked.fit(X, SPECIES)
    assert len(asked.loss_curve_) == count + asked.n_iter_
    assert asked.t_ == t + len(X) * asked.n_iter_


def test_rates_that_fall_by_a_power_of_zero_stay(engine):
    settings = {"solver": "sgd", "engine": engine}
    falling = net(learning_rate="invscaling", power_t=0, **settings).fit(X, SPECIES)
    constant = net(**settings).fit(X, SPECIES)
    np.testing.assert_array_equal(vector(falling), vector(constant))
    assert falling.to_model().plan.schedule == "constant"


# --- where and how long -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), "float64"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_dtype_is_over_that_of_the_rows(dtype, solver, engine):
    wanted, other = np.dtype(dtype), np.float64 if np.dtype(dtype) == np.float32 else np.float32
    asked = net(dtype=dtype, solver=solver, engine=engine).fit(X.astype(other), SPECIES)
    assert {a.dtype for a in asked.coefs_ + asked.intercepts_} == {wanted}
    assert asked.predict_proba(X.astype(other)).dtype == wanted
    same = net(solver=solver, engine=engine).fit(X.astype(other).astype(wanted), SPECIES)
    np.testing.assert_array_equal(vector(asked), vector(same))


@pytest.mark.parametrize("wrong", ["float16", np.float16, int, "double trouble"])
def test_other_dtypes_are_refused(wrong):
    with pytest.raises(ValueError, match="'dtype' parameter of MLPClassifier must be"):
        net(dtype=wrong).fit(X, SPECIES)


def test_engines_are_found_by_name():
    assert set(ENGINES) >= {"reference"}
    with pytest.raises(ValueError, match=r"'engine' parameter of MLPClassifier.*'reference'"):
        net(engine="referense").fit(X, SPECIES)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_time_budget_ends_a_fit_that_would_go_on(solver, engine, monkeypatch):
    """With a clock that goes a millisecond on at each look at it."""
    monkeypatch.setattr(time, "monotonic", itertools.count(time.monotonic(), 0.001).__next__)
    asked = net(solver=solver, time_budget=0.2, max_iter=10**7, max_fun=10**7, tol=0.0)
    asked.set_params(n_iter_no_change=np.inf, engine=engine, hidden_layer_sizes=(50,), l1=1e-3)
    asked.fit(X, SPECIES)
    assert 0 < asked.n_iter_ < 10**6
    assert solver == "lbfgs" or "time budget of 0.2 s" in asked.to_model().facts["stopped"]
    assert np.isfinite(asked.predict_proba(X)).all()


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_no_time_at_all_leaves_the_start_weights(solver, engine):
    asked = net(solver=solver, time_budget=1e-12, engine=engine).fit(X, SPECIES)
    assert asked.n_iter_ <= 1
    assert asked.predict(X).shape == SPECIES.shape
    assert hasattr(asked, "loss_") and asked.to_model().facts["stopped"]


def test_a_regressor_has_them_too(engine):
    asked = MLPRegressor(
        "huber",
        (5,),
        random_state=0,
        max_iter=6,
        batch_size=100,
        dropout=0.2,
        l1=1e-3,
        clip_norm=0.1,
        engine=engine,
    ).fit(D, T)
    run = descent(
        "10 -> 5 relu -> 1",
        D,
        T,
        epochs=6,
        loss="huber",
        batch_size=100,
        dropout=0.2,
        l1=1e-3,
        clip_norm=0.1,
        optimizer=Adam(dialect="sklearn"),
        engine=engine,
    )
    np.testing.assert_allclose(vector(asked), run.theta, rtol=1e-9)
