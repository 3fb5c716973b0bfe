"""What users see: warnings, errors and printed lines of scikit-learn's classes, word for word."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from tests.estimators.both import IDS, PAIRS, Rows, diabetes, iris, quick, rows_for

from fallline.engines.registry import get_engine
from fallline.estimators import MLPClassifier

both = pytest.mark.parametrize("ours, theirs", PAIRS, ids=IDS)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def told(do: Callable[[], object]) -> tuple[str, list[tuple[type, str]]]:
    """Return the error, if any, and the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            do()
            error = ""
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
    return error, [(w.category, str(w.message)) for w in caught]


# --- warnings ----------------------------------------------------------------------------------

WARNED: list[dict[str, Any]] = [
    {"solver": "sgd"},
    {"solver": "adam"},
    {"solver": "adam", "max_iter": 1},
    {"solver": "lbfgs", "max_iter": 3},
    {"solver": "lbfgs", "max_fun": 3, "max_iter": 500},
    {"batch_size": 1000},
    {"batch_size": 1000, "solver": "lbfgs"},
    {"max_iter": 300, "tol": 0.5, "n_iter_no_change": 2},
]


@both
@pytest.mark.parametrize("settings", WARNED, ids=str)
def test_a_fit_warns_in_the_same_words(
    ours: type, theirs: type, settings: dict[str, Any], engine: str
) -> None:
    X, y = rows_for(ours)
    arguments = quick() | settings
    mine = told(lambda: ours(engine=engine, **arguments).fit(X, y))
    known = told(lambda: theirs(**arguments).fit(X, y))
    assert mine == known
    assert bool(mine[1]) == (settings != WARNED[-1]) and not mine[0]


@both
def test_a_column_in_place_of_a_vector_is_warned_of(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    mine, known = (told(lambda c=c: c(**quick()).fit(X, y[:, None])) for c in (ours, theirs))
    assert mine == known and any("1d array was expected" in text for _, text in mine[1])


@both
def test_partial_fit_does_not_warn_of_the_end(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    classes = {"classes": np.unique(y)} if ours is MLPClassifier else {}
    assert told(lambda: ours(max_iter=1).partial_fit(X, y, **classes)) == ("", [])


# --- errors ------------------------------------------------------------------------------------


def fit(cls: type, rows: Rows, **settings: Any) -> Any:
    return cls(**quick() | settings).fit(*rows)


def again(cls: type, rows: Rows, later: Rows, **settings: Any) -> Any:
    return fit(cls, rows, warm_start=True, **settings).fit(*later)


def parts(cls: type, *rows: Rows, **settings: Any) -> Any:
    """Call partial_fit with each, with the first one's classes."""
    estimator = cls(**quick() | settings)
    for at, (X, y) in enumerate(rows):
        first = at == 0 and "Classifier" in cls.__name__
        estimator.partial_fit(X, y, **({"classes": np.unique(y)} if first else {}))
    return estimator


def huge(rows: Rows) -> Rows:
    return rows[0] * 1e160, rows[1]


def frame(X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])


two = (iris()[0], iris()[1] % 2)
few = (iris()[0][45:55], iris()[1][45:55])

ERRORS: dict[str, Callable[[type], object]] = {
    "no hidden unit": lambda c: fit(c, rows_for(c), hidden_layer_sizes=(3, 0)),
    "fewer than none": lambda c: fit(c, rows_for(c), hidden_layer_sizes=[-1]),
    "one column less": lambda c: fit(c, rows_for(c)).predict(rows_for(c)[0][:, 1:]),
    "one column less in a warm start": lambda c: again(
        c, rows_for(c), (rows_for(c)[0][:, 1:], rows_for(c)[1])
    ),
    "lengths differ": lambda c: fit(c, (rows_for(c)[0], rows_for(c)[1][1:])),
    "no rows": lambda c: fit(c, (np.zeros((0, 3)), np.zeros(0))),
    "a vector": lambda c: fit(c, (np.zeros(3), np.zeros(3))),
    "NaN in X": lambda c: fit(c, (np.full((9, 2), np.nan), np.arange(9) % 2)),
    "NaN in y": lambda c: fit(c, (np.ones((9, 2)), np.full(9, np.nan))),
    "infinite to predict": lambda c: fit(c, rows_for(c)).predict(rows_for(c)[0] / 0.0),
    "text in X": lambda c: fit(c, ([["a"], ["b"]], [0, 1])),
    "not fitted": lambda c: c().predict(rows_for(c)[0]),
    "not fitted, to score": lambda c: c().score(*rows_for(c)),
    "early stopping in parts": lambda c: parts(c, rows_for(c), early_stopping=True),
    "too few rows to stop by": lambda c: fit(
        c, (rows_for(c)[0][:9], rows_for(c)[1][:9]), early_stopping=True
    ),
    "no name fits": lambda c: fit(c, (frame(rows_for(c)[0]), rows_for(c)[1])).predict(
        frame(rows_for(c)[0]).rename(columns={"column 0": "another"})
    ),
    "names in another order": lambda c: fit(c, (frame(rows_for(c)[0]), rows_for(c)[1])).predict(
        frame(rows_for(c)[0]).iloc[:, ::-1]
    ),
    "weights of another length": lambda c: c(**quick()).fit(*rows_for(c), [1.0, 2.0]),
    "weights with NaN": lambda c: c(**quick()).fit(
        *rows_for(c), np.full(len(rows_for(c)[1]), np.nan)
    ),
}
OF_CLASSES: dict[str, Callable[[type], object]] = {
    "other classes in a warm start": lambda c: again(c, iris(), two),
    "a class too few in a warm start": lambda c: again(c, iris(), iris(2)),
    "no classes in the first part": lambda c: c().partial_fit(*iris()),
    "other classes in a later part": lambda c: parts(c, two, iris()),
    "other classes told later": lambda c: parts(c, iris()).partial_fit(*iris(), classes=[0, 1]),
    "one row of a class to stop by": lambda c: fit(
        c, (few[0], np.arange(10) // 9), early_stopping=True
    ),
    "numbers as classes": lambda c: fit(c, diabetes()),
    "probabilities before a fit": lambda c: c().predict_proba(iris()[0]),
}


def check_equal(do: Callable[[type], object], ours: type, theirs: type) -> None:
    mine, known = told(lambda: do(ours)), told(lambda: do(theirs))
    assert mine[0] and mine == known


@quiet
@both
@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_told_in_the_same_words(case: str, ours: type, theirs: type) -> None:
    with np.errstate(all="ignore"):
        check_equal(ERRORS[case], ours, theirs)


@quiet
@pytest.mark.parametrize("case", OF_CLASSES)
def test_an_error_of_classes_is_told_in_the_same_words(case: str) -> None:
    check_equal(OF_CLASSES[case], *PAIRS[0])


@both
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_weights_that_are_not_finite_are_told_of(
    ours: type, theirs: type, solver: str, engine: str
) -> None:
    message = "Solver produced non-finite parameter weights. The input data may contain large"
    settings = {"solver": solver, "activation": "identity", "max_iter": 50}
    X, y = rows_for(ours)
    if solver == "adam":  # whose steps are bounded
        settings["learning_rate_init"] = 1e300
    with np.errstate(all="ignore"):
        mine = told(lambda: fit(ours, huge((X, y)), engine=engine, **settings))[0]
    assert mine.startswith(f"ValueError: {message}")


@both
def test_not_fitted_is_an_error_of_its_own(ours: type, theirs: type) -> None:
    with pytest.raises(NotFittedError):
        ours().to_model()


# --- what is printed ---------------------------------------------------------------------------

PRINTED: list[dict[str, Any]] = [
    {},
    {"early_stopping": True},
    {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 50},
    {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 50, "early_stopping": True},
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "tol": 0.5,
        "n_iter_no_change": 1,
        "max_iter": 50,
    },
]


@quiet
@both
@pytest.mark.parametrize("settings", PRINTED, ids=str)
def test_verbose_prints_the_same_lines(
    ours: type, theirs: type, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = rows_for(ours)
    printed = []
    for cls in (ours, theirs):
        cls(**quick(verbose=True) | settings).fit(X, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and printed[0].startswith("Iteration 1, loss = ")
    ours(**quick() | settings).fit(X, y)
    assert capsys.readouterr().out == ""


# --- Ctrl-C ------------------------------------------------------------------------------------


def interrupt_at(epoch: int) -> Callable[[Any], None]:
    def press(record: Any) -> None:
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return press


@quiet
@both
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("more", [{}, {"restarts": 3}, {"early_stopping": True}], ids=str)
def test_ctrl_c_keeps_a_usable_model(
    ours: type, theirs: type, solver: str, more: dict[str, Any], engine: str
) -> None:
    X, y = rows_for(ours)
    settings = quick(solver=solver, max_iter=8, engine=engine, **more)
    net = ours(callbacks=interrupt_at(3), **settings)
    _, caught = told(lambda: net.fit(X, y))
    assert [text for _, text in caught] == ["Training interrupted by user."]
    until = ours(**settings | {"max_iter": 3, "restarts": 1}).fit(X, y)
    assert net.n_iter_ == 3 and np.array_equal(net.predict(X), until.predict(X))
    net.set_params(callbacks=None, warm_start=True).fit(X, y)
    assert net.n_iter_ > 3


@both
@pytest.mark.parametrize("method", ["advance", "error_and_gradient"])
def test_ctrl_c_within_the_first_epoch_keeps_the_start(
    ours: type, theirs: type, method: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(get_engine(engine)), method, press)
    X, y = rows_for(ours)
    solver = "adam" if method == "advance" else "lbfgs"
    net = ours(**quick(solver=solver, engine=engine))
    _, caught = told(lambda: net.fit(X, y))
    assert [text for _, text in caught] == ["Training interrupted by user."]
    assert net.n_iter_ == 0 and net.predict(X).shape == y.shape


PRESSED = """
import os, signal, sys, warnings
import numpy as np
from sklearn.datasets import load_digits
from fallline import MLPClassifier

def press(epoch):
    if epoch.epoch == 2:
        os.kill(os.getpid(), signal.SIGINT)

X, y = load_digits(return_X_y=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    net = MLPClassifier((20,), random_state=0, max_iter=500, callbacks=press).fit(X / 16, y)
print([str(w.message) for w in caught], 2 <= net.n_iter_ < 100, len(net.predict(X)))
"""


@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX")
def test_a_real_ctrl_c_ends_a_fit() -> None:
    done = subprocess.run([sys.executable, "-c", PRESSED], capture_output=True, text=True)
    assert done.stdout == "['Training interrupted by user.'] True 1797\n", done.stderr
