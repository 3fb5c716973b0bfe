"""scikit-learn's callback objects, set by `set_callbacks`, see and end our fits."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.estimators.both import IDS, PAIRS, diabetes, quick, rows_for

from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
both = pytest.mark.parametrize("ours, theirs", PAIRS, ids=IDS)


class Recorder:
    """A callback object that counts its calls and ends the fit where it is told to."""

    max_propagation_depth = None

    def __init__(self, last: int | None = None) -> None:
        self.last = last
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.scores: list[float] = []
        self.up = 0

    def setup(self, estimator: Any, context: Any) -> None:
        self.up += 1

    def teardown(self, estimator: Any, context: Any) -> None:
        self.up -= 1

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.begun.append(context.task_name)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any, y: Any, fitted_estimator: Any
    ) -> bool:
        self.ended.append(context.task_name)
        if fitted_estimator is not None and context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
        return self.last is not None and self.ended.count("epoch") == self.last


callbacks = pytest.importorskip("sklearn.callback", reason="callback objects are of 1.9")
solvers = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])


@both
@solvers
def test_a_callback_object_sees_each_epoch(
    ours: type, theirs: type, solver: str, engine: str
) -> None:
    X, y = rows_for(ours)
    recorder = Recorder()
    net = ours(**quick(solver=solver, engine=engine)).set_callbacks(recorder).fit(X, y)
    assert recorder.begun == ["fit", *["epoch"] * 5]
    assert recorder.ended == [*["epoch"] * 5, "fit"] and recorder.up == 0
    assert recorder.scores[-1] == net.score(X, y) and len(set(recorder.scores)) > 1
    plain = ours(**quick(solver=solver, engine=engine)).fit(X, y)
    assert np.array_equal(net.coefs_[0], plain.coefs_[0])


@both
@solvers
def test_a_callback_object_ends_a_fit(ours: type, theirs: type, solver: str) -> None:
    X, y = rows_for(ours)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it ended as asked: nothing to warn of
        net = ours(**quick(solver=solver)).set_callbacks(Recorder(last=2)).fit(X, y)
    assert net.n_iter_ == 2 and net.history_[-1].epoch == 2


@both
def test_a_scoring_monitor_logs_each_epoch(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    scoring = "accuracy" if ours is MLPClassifier else "r2"
    monitor = callbacks.ScoringMonitor(scoring=scoring)
    net = ours(**quick()).set_callbacks(monitor).fit(X, y)
    scores = monitor.get_logs().data_as_pandas[scoring].dropna()
    assert len(scores) == 6  # of each epoch, and of the whole fit
    assert scores.iloc[-1] == pytest.approx(net.score(X, y))


@both
def test_a_progress_bar_is_drawn(
    ours: type, theirs: type, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rich")
    X, y = rows_for(ours)
    ours(**quick()).set_callbacks(callbacks.ProgressBar()).fit(X, y)
    assert ours.__name__ in capfd.readouterr().out


@both
def test_callback_objects_reach_into_searches_and_pipelines(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    recorder = Recorder()
    pipe = make_pipeline(StandardScaler(), ours(**quick(max_iter=2)))
    name = pipe.steps[-1][0]
    search = GridSearchCV(pipe, {f"{name}__alpha": [0.0, 1.0]}, cv=2).set_callbacks(recorder)
    search.fit(X, y)
    assert recorder.ended.count("epoch") == 2 * (2 * 2 + 1) and recorder.up == 0  # and the refit


@both
def test_a_callback_object_that_fails_is_taken_down(ours: type, theirs: type) -> None:
    class Failing(Recorder):
        def on_fit_task_end(self, estimator: Any, context: Any) -> bool:  # type: ignore[override]
            raise RuntimeError("of the object's own")

    X, y = rows_for(ours)
    failing = Failing()
    net = ours(**quick()).set_callbacks(failing)
    before = set(vars(net))
    with pytest.raises(RuntimeError, match="of the object's own"):
        net.fit(X, y)
    assert failing.up == 0 and set(vars(net)) == before


def test_restarts_and_parts_fit_the_number_of_tasks() -> None:
    X, y = diabetes()
    recorder = Recorder()
    MLPRegressor(**quick(restarts=2)).set_callbacks(recorder).fit(X, y)
    assert recorder.ended.count("epoch") == 10
    part = Recorder()
    MLPRegressor(**quick()).set_callbacks(part).partial_fit(X, y)
    assert part.ended == ["epoch", "fit"]
