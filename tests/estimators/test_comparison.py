"""`fallline.compare`: what it reports is what two fits by hand give, and it can say no."""

from typing import Any

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from tests.estimators.grid import rows
from tests.estimators.horizon import flat

import fallline
from fallline.errors import FalllineError
from fallline.estimators import comparison
from fallline.history import Epoch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = {"iris": neural_network.MLPClassifier, "diabetes": neural_network.MLPRegressor}
SOLVERS = ["sgd", "adam", "lbfgs"]


def theirs(task: str = "iris", **settings: Any) -> Any:
    """Return scikit-learn's estimator for a task."""
    rate = 0.01 if task == "iris" else 1e-4
    given = {"max_iter": 9, "learning_rate_init": rate, "random_state": 2, **settings}
    return KINDS[task](hidden_layer_sizes=(6,), **given)


@pytest.mark.parametrize("task", list(KINDS))
@pytest.mark.parametrize("solver", SOLVERS)
def test_it_finds_both_fits_equal(task: str, solver: str, engine: str) -> None:
    X, y = rows(task, True)
    estimator = theirs(task, solver=solver)
    found = fallline.compare(estimator, X, y, engine=engine)
    assert found.max_weight_difference <= 1e-8
    assert found.loss_difference <= 1e-8
    assert list(found.epochs) == list(range(1, 10)) and found.equal_epochs == 9
    assert found.n_iter == (9, 9)
    assert (found.estimator, found.solver) == (type(estimator).__name__, solver)
    assert (found.engine, found.shape, found.score_rows) == (engine, X.shape, "training")
    assert (found.random_state, found.drawn) == (2, False)
    kinds = {"sklearn": (type(estimator), {}), "fallline": (_ours(estimator), {"engine": engine})}
    for library, (kind, more) in kinds.items():
        by_hand = kind(**estimator.get_params(), **more).fit(X, y)
        assert getattr(found.score, library) == by_hand.score(X, y)
    assert min(found.seconds) > 0
    assert found.speedup == found.seconds.sklearn / found.seconds.fallline
    assert not hasattr(estimator, "coefs_")


def _ours(estimator: Any) -> Any:
    return getattr(fallline, type(estimator).__name__)


@pytest.mark.parametrize("solver", SOLVERS)
def test_it_sees_a_difference_where_there_is_one(
    solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = rows("iris", True)
    estimator, pair = theirs(solver=solver), comparison._pair

    def another_seed(*given: Any) -> tuple[Any, Any, bool]:
        one, other, drawn = pair(*given)
        return one, other.set_params(random_state=3), drawn

    monkeypatch.setattr(comparison, "_pair", another_seed)
    found = fallline.compare(estimator, X, y)
    fits = [clone(estimator).set_params(random_state=seed).fit(X, y) for seed in (2, 3)]
    apart = np.abs(np.subtract(*(flat(fit.coefs_, fit.intercepts_) for fit in fits))).max()
    assert found.final_weight_difference == pytest.approx(apart, rel=1e-6)
    assert found.weight_differences[0] > 0.01 and found.loss_difference > 1e-3
    assert found.max_weight_difference >= found.final_weight_difference
    assert found.equal_epochs == 0


def test_differences_are_those_after_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = rows("iris", True)
    estimator, pair = theirs(solver="sgd", max_iter=4), comparison._pair

    def stronger(*given: Any) -> tuple[Any, Any, bool]:
        one, other, drawn = pair(*given)
        return one, other.set_params(alpha=1.0), drawn

    monkeypatch.setattr(comparison, "_pair", stronger)
    found = fallline.compare(estimator, X, y)
    for epoch, apart in zip(found.epochs, found.weight_differences, strict=True):
        settings = [{"alpha": alpha, "max_iter": int(epoch)} for alpha in (1e-4, 1.0)]
        fits = [clone(estimator).set_params(**given).fit(X, y) for given in settings]
        wanted = np.abs(np.subtract(*(flat(fit.coefs_, fit.intercepts_) for fit in fits))).max()
        assert apart == pytest.approx(wanted, abs=1e-9)


def test_several_numbers_by_lbfgs_differ_and_the_table_shows_it() -> None:
    X, y = rows("linnerud", True)
    found = fallline.compare(theirs("diabetes", solver="lbfgs"), X, y)
    assert found.max_weight_difference > 1e-3
    assert f"until iteration {found.equal_epochs} of 9" in str(found)


def test_the_table_is_short_and_tells_all() -> None:
    X, y = rows("iris", True)
    found = fallline.compare(
        theirs(random_state=None), X[:80], y[:80], X_test=X[80:], y_test=y[80:]
    )
    text = str(found)
    assert "MLPClassifier(solver='adam'), 80 rows, 4 inputs" in text
    assert "random_state=0 (none was given)" in text
    scores = f"{found.score.sklearn:.4f}", f"{found.score.fallline:.4f}"
    assert [line.split() for line in text.splitlines()][3] == [
        "accuracy",
        "of",
        "test",
        "rows",
        *scores,
    ]
    assert len(text.splitlines()) < 10 and max(map(len, text.splitlines())) <= 80
    assert found.drawn and found.random_state == 0


def test_early_stopping_compares_the_weights_that_are_kept_too() -> None:
    X, y = rows("iris", True)
    found = fallline.compare(theirs(early_stopping=True, max_iter=50), X, y)
    assert found.n_iter.sklearn == found.n_iter.fallline < 50
    assert found.max_weight_difference <= 1e-8


def test_sparse_inputs_and_frames_are_compared() -> None:
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    X, y = rows("iris", True)
    for given in (pandas.DataFrame(X, columns=list("abcd")), sparse.csr_array(X)):
        found = fallline.compare(theirs(), given, y)
        assert found.shape == X.shape and found.max_weight_difference <= 1e-8


def test_memory_has_a_bound() -> None:
    theta = np.zeros(100)
    trace = comparison._Trace(largest=10 * theta.nbytes)
    for number in range(1, 101):
        trace.keep(_epoch(number), lambda: theta)
        assert len(trace._kept) <= 10
    for number in range(1, 101):
        trace.meet(lambda number=number: theta + number)
    assert trace.differences == [(epoch, float(epoch)) for epoch in range(16, 101, 16)]


def _epoch(number: int) -> Epoch:
    return Epoch(number, number, 1, 0.0, None, {}, 0.1, 0.0, 0.0)


class Renamed(neural_network.MLPClassifier):
    """A scikit-learn whose private method has another name."""

    @property
    def _update_no_improvement_count(self) -> Any:
        raise AttributeError("gone")


class Uncalled(neural_network.MLPClassifier):
    """A scikit-learn that no longer calls its private method."""

    def _fit_stochastic(self, *given: Any) -> None:
        own = vars(self).pop("_update_no_improvement_count")
        super()._fit_stochastic(*given)
        self._update_no_improvement_count = own


@pytest.mark.parametrize("kind", [Renamed, Uncalled])
def test_another_scikit_learn_is_told_of(kind: type) -> None:
    X, y = rows("iris", True)
    with pytest.raises(FalllineError, match=r"cannot follow a fit of scikit-learn .*improvement"):
        fallline.compare(kind(random_state=0, max_iter=3), X, y)


@pytest.mark.parametrize(
    "estimator, message",
    [
        (LogisticRegression(), "not LogisticRegression"),
        (fallline.MLPClassifier(), "makes fallline's like it by itself: give sklearn"),
        ("MLPClassifier", "not str"),
        (theirs(random_state=np.random.RandomState(0)), "random_state must be an integer"),
    ],
)
def test_other_estimators_are_refused(estimator: Any, message: str) -> None:
    X, y = rows("iris", True)
    with pytest.raises(TypeError, match=message):
        fallline.compare(estimator, X, y)


def test_test_rows_come_with_their_targets() -> None:
    X, y = rows("iris", True)
    with pytest.raises(ValueError, match="X_test and y_test together"):
        fallline.compare(theirs(), X, y, X_test=X)
