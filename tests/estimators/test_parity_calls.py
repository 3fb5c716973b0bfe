"""scikit-learn's numbers beyond one fit: random states, warm starts, parts; where it is wrong."""

import itertools
from typing import Any

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_digits
from tests.estimators.grid import Case, rows
from tests.estimators.horizon import EQUAL, Fit, flat, ours, sklearns
from tests.estimators.test_parity import check_equal_ends

import fallline

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Got `batch_size` less than 1"
)

TWO = [("classifier", "sgd"), ("classifier", "adam"), ("regressor", "sgd"), ("regressor", "adam")]


def pair(kind: str, engine: str, **settings: Any) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """Return scikit-learn's estimator and ours, and rows; random states are copied."""
    X, y = rows("wine" if kind == "classifier" else "diabetes", True)
    name = "MLPClassifier" if kind == "classifier" else "MLPRegressor"
    rate = 0.01 if settings.get("solver") == "adam" or kind == "classifier" else 1e-4
    given = {"hidden_layer_sizes": (6,), "max_iter": 7, "learning_rate_init": rate, **settings}
    own = dict(given)
    if isinstance(given.get("random_state"), np.random.RandomState):
        own["random_state"] = np.random.RandomState()
        own["random_state"].set_state(given["random_state"].get_state())
    theirs = getattr(neural_network, name)(**given)
    return theirs, getattr(fallline, name)(**own, engine=engine), X, y


def same_state(one: np.random.RandomState, other: np.random.RandomState) -> bool:
    """Return whether two random states will draw the same."""
    states = zip(one.get_state(), other.get_state(), strict=True)
    return all(np.array_equal(a, b) for a, b in states)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_as_many_numbers_are_drawn_from_a_random_state(
    solver: str, early_stopping: bool, engine: str
) -> None:
    state = np.random.RandomState(4)
    theirs, own, X, y = pair(
        "classifier", engine, solver=solver, early_stopping=early_stopping, random_state=state
    )
    theirs.fit(X, y), own.fit(X, y)
    assert same_state(theirs.random_state, own.random_state)
    assert not same_state(own.random_state, np.random.RandomState(4))
    check_equal_ends(theirs, own, X)


def test_without_a_random_state_numbers_come_from_numpys_own(engine: str) -> None:
    theirs, own, X, y = pair("regressor", engine, solver="adam", random_state=None)
    before = np.random.get_state()
    try:
        drawn = []
        for estimator in (theirs, own):
            np.random.seed(11)
            estimator.fit(X, y)
            drawn.append(np.random.random_sample())
    finally:
        np.random.set_state(before)
    assert drawn[0] == drawn[1]
    check_equal_ends(theirs, own, X)


@pytest.mark.parametrize("kind, solver", TWO)
@pytest.mark.parametrize("policy", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("seeded", [True, False])
def test_a_warm_start_goes_on_as_scikit_learns_does(
    kind: str, solver: str, policy: str, seeded: bool, engine: str
) -> None:
    theirs, own, X, y = pair(
        kind,
        engine,
        solver=solver,
        learning_rate=policy,
        warm_start=True,
        tol=0.01,
        n_iter_no_change=2,
        random_state=5 if seeded else np.random.RandomState(5),
    )
    for _ in range(3):
        theirs.fit(X, y), own.fit(X, y)
        check_equal_ends(theirs, own, X)
        assert np.allclose(own.loss_curve_, theirs.loss_curve_, rtol=0, atol=EQUAL)


@pytest.mark.parametrize("kind, solver", TWO)
def test_a_warm_start_with_early_stopping_keeps_the_best_weights_of_each_fit(
    kind: str, solver: str, engine: str
) -> None:
    settings = {"solver": solver, "early_stopping": True, "warm_start": True, "random_state": 5}
    theirs, own, X, y = pair(kind, engine, **settings)
    theirs.fit(X, y), own.fit(X, y)
    check_equal_ends(theirs, own, X)
    for estimator in (theirs, own):
        # No score of the next fit is as good, yet its own best weights are those it ends with.
        estimator.best_validation_score_ = 2.0
    before = flat(own.coefs_, own.intercepts_).copy()
    theirs.fit(X, y), own.fit(X, y)
    for name in ("loss_curve_", "validation_scores_"):
        assert np.allclose(getattr(own, name), getattr(theirs, name), rtol=0, atol=EQUAL)
    assert (own.n_iter_, own.t_) == (theirs.n_iter_, theirs.t_)
    assert own.best_validation_score_ == theirs.best_validation_score_ == 2.0
    assert not np.allclose(flat(own.coefs_, own.intercepts_), before)


@pytest.mark.parametrize("solver, rate", [("sgd", 0.3), ("adam", 0.01)])
def test_many_short_warm_starts_with_early_stopping_learn_as_scikit_learns(
    solver: str, rate: float
) -> None:
    X, y = load_digits(return_X_y=True)
    X = X[:600] / 16
    settings = {"hidden_layer_sizes": (20,), "solver": solver, "learning_rate_init": rate}
    settings |= {"early_stopping": True, "warm_start": True, "max_iter": 1, "random_state": 0}
    theirs, own = neural_network.MLPClassifier(**settings), fallline.MLPClassifier(**settings)
    for _ in range(20):
        theirs.fit(X, y[:600]), own.fit(X, y[:600])
        check_equal_ends(theirs, own, X)
    assert own.validation_scores_[-1] > own.validation_scores_[0] + 0.2


def test_a_warm_start_of_lbfgs_goes_on_as_scikit_learns_does(engine: str) -> None:
    theirs, own, X, y = pair("classifier", engine, solver="lbfgs", warm_start=True, random_state=5)
    for _ in range(2):
        theirs.fit(X, y), own.fit(X, y)
        check_equal_ends(theirs, own, X)


@pytest.mark.parametrize("kind, solver", TWO)
@pytest.mark.parametrize("policy", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("seeded", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_parts_are_fitted_as_scikit_learns_are(
    kind: str, solver: str, policy: str, seeded: bool, weighted: bool, engine: str
) -> None:
    theirs, own, X, y = pair(
        kind,
        engine,
        solver=solver,
        learning_rate=policy,
        batch_size=8,
        random_state=2 if seeded else np.random.RandomState(2),
    )
    weights = np.random.default_rng(1).uniform(0.2, 3.0, len(y)) if weighted else None
    classes = {"classes": np.unique(y)} if kind == "classifier" else {}
    for part in (slice(0, 40), slice(40, 105), slice(10, 50), slice(0, 105)):
        chosen = None if weights is None else weights[part]
        for estimator in (theirs, own):
            estimator.partial_fit(X[part], y[part], sample_weight=chosen, **classes)
        check_equal_ends(theirs, own, X)
        assert np.allclose(own.loss_curve_, theirs.loss_curve_, rtol=0, atol=EQUAL)


@pytest.mark.parametrize("kind, solver", TWO)
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_part_after_a_fit_and_a_fit_after_a_part(
    kind: str, solver: str, warm_start: bool, engine: str
) -> None:
    state = np.random.RandomState(8)
    theirs, own, X, y = pair(
        kind,
        engine,
        solver=solver,
        learning_rate="invscaling",
        warm_start=warm_start,
        random_state=state,
    )
    for call in ("fit", "partial_fit", "partial_fit", "fit", "partial_fit"):
        for estimator in (theirs, own):
            getattr(estimator, call)(X, y)
        check_equal_ends(theirs, own, X)
        assert same_state(theirs.random_state, own.random_state)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("task", ["digits", "bits of digits", "diabetes, counts"])
def test_float32_stays_float32_and_near(solver: str, task: str, engine: str) -> None:
    case = Case(solver, "tanh", task)
    X, y, _ = case.data()
    X = X.astype(np.float32)
    fits = [fit(case.sklearn(), X, y, **own) for fit, own in both(engine)]
    least = 5 if solver == "lbfgs" else len(fits[0].weights)
    assert fits[0].apart(fits[1])[:least].max() <= 1e-5
    theirs, own = (fit.estimator for fit in fits)
    assert {array.dtype for array in (*own.coefs_, *own.intercepts_)} == {np.dtype(np.float32)}
    if solver != "lbfgs":  # there scikit-learn's become float64
        assert own.predict(X).dtype == theirs.predict(X).dtype


def both(engine: str) -> list[tuple[Any, dict[str, Any]]]:
    """Return what fits scikit-learn's and ours, and what else is given to it."""
    return [(sklearns, {}), (ours, {"engine": engine})]


# L-BFGS with several numbers: scikit-learn's gradient is not that of its error.


def J(W: np.ndarray, intercepts: np.ndarray, case: Case, alpha: float) -> float:
    """Return half the squared distance of a row, averaged, and scikit-learn's penalty."""
    X, y, _ = case.data()
    error = np.sum((X @ W + intercepts - y) ** 2)
    return float(0.5 * (error + alpha * np.sum(W**2)) / len(y))


@pytest.mark.parametrize("alpha", [1e-4, 1.0, 10.0])
@pytest.mark.parametrize("standardised", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_lbfgs_reaches_the_minimum_with_several_numbers(
    alpha: float, standardised: bool, seed: int, engine: str
) -> None:
    case = Case("lbfgs", "identity", "linnerud", standardised=standardised)
    settings = {"hidden_layer_sizes": (), "max_iter": 500, "tol": 1e-8}
    like = case.sklearn().set_params(alpha=alpha, random_state=seed, **settings)
    X, y, _ = case.data()
    # Without hidden layers there is one minimum, in closed form.
    centred, moved = X - X.mean(axis=0), y - y.mean(axis=0)
    W = np.linalg.solve(centred.T @ centred + alpha * np.eye(X.shape[1]), centred.T @ moved)
    least = J(W, y.mean(axis=0) - X.mean(axis=0) @ W, case, alpha)
    theirs, own = (
        J(fitted.coefs_[0], fitted.intercepts_[0], case, alpha)
        for fitted in (fit(like, X, y, **more).estimator for fit, more in both(engine))
    )
    assert own == pytest.approx(least, rel=1e-8)
    assert own <= theirs * (1 + 1e-8)
    if alpha == 10.0:
        assert theirs > least * (1 + 1e-8)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("standardised", [True, False])
def test_no_iteration_of_lbfgs_raises_its_error(
    activation: str, standardised: bool, engine: str
) -> None:
    case = Case("lbfgs", activation, "linnerud", standardised=standardised)
    fitted = ours(case.sklearn(), *case.data(), engine=engine).estimator
    errors = [epoch.error for epoch in fitted.history_]
    assert len(errors) > 3
    assert all(later <= error for error, later in itertools.pairwise(errors))


def test_the_gradient_that_lbfgs_follows_is_that_of_its_error(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("lbfgs", "tanh", "linnerud")
    X, y, _ = case.data()
    weights = np.linspace(0.5, 2.0, len(y))
    seen: list[Any] = []
    minimize = fallline.estimators.lbfgs.minimize

    def minimizing(function: Any, start: np.ndarray, **options: Any) -> Any:
        seen.extend([function, start.copy()])
        return minimize(function, start, **options)

    monkeypatch.setattr(fallline.estimators.lbfgs, "minimize", minimizing)
    fit: Fit = ours(case.sklearn(), X, y, weights, engine=engine)
    function, start = seen
    assert relative_miss(function, start) < 1e-7
    coefs = fit.estimator
    assert len(flat(coefs.coefs_, coefs.intercepts_)) == len(start)


def test_the_gradient_of_scikit_learns_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("lbfgs", "tanh", "linnerud")
    X, y, _ = case.data()
    estimator, seen = case.sklearn(), []
    function = estimator._loss_grad_lbfgs

    def called(theta: np.ndarray, *given: Any) -> Any:
        if not seen:
            seen.append((lambda at: function(at, *given), theta.copy()))
            miss.append(relative_miss(*seen[0]))
        return function(theta, *given)

    miss: list[float] = []
    estimator._loss_grad_lbfgs = called
    estimator.fit(X, y)
    assert miss[0] > 0.5  # three outputs: three times as long as it should be


def relative_miss(function: Any, start: np.ndarray, h: float = 1e-6) -> float:
    """Return how far the gradient is from central differences, over their length."""
    steps = np.eye(len(start)) * h
    differences = [(function(start + s)[0] - function(start - s)[0]) / (2 * h) for s in steps]
    wanted = np.array(differences)
    return float(np.linalg.norm(function(start)[1] - wanted) / np.linalg.norm(wanted))


# Where scikit-learn's fit breaks down, and ours need not.


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_batch_without_any_weight_is_no_step(solver: str, engine: str) -> None:
    X, y = rows("iris", True)
    weights = np.ones(len(y))
    weights[5:10] = 0.0  # the second batch
    settings = {"solver": solver, "batch_size": 5, "shuffle": False, "max_iter": 5}
    for kind in (neural_network.MLPClassifier, fallline.MLPClassifier):
        own = {} if kind is neural_network.MLPClassifier else {"engine": engine}
        estimator = kind(random_state=0, **settings, **own)
        if not own:
            with pytest.raises((ValueError, ZeroDivisionError)):
                estimator.fit(X, y, weights)
            continue
        estimator.fit(X, y, weights)
        kept = weights > 0
        without = kind(random_state=0, **settings, **own).fit(X[kept], y[kept])
        assert np.isfinite(estimator.loss_curve_).all()
        for one, other in zip(estimator.coefs_, without.coefs_, strict=True):
            assert np.allclose(one, other, rtol=0, atol=EQUAL)


def test_lbfgs_goes_back_from_where_counts_overflow(engine: str) -> None:
    X, y = rows("diabetes", False)
    like = neural_network.MLPRegressor("poisson", (), solver="lbfgs", random_state=3)
    own = ours(like, X, y // 50, engine=engine).estimator
    assert np.isfinite(own.predict(X)).all() and np.isfinite(own.loss_)
