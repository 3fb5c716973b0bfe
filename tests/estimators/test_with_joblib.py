"""Many fits at once, by joblib: the numbers of fits in turn, and no more threads than cores."""

import os
import pickle
import pickletools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from tests.estimators.both import IDS, PAIRS, quick, rows_for

from fallline.engines import threads
from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
both = pytest.mark.parametrize("ours, theirs", PAIRS, ids=IDS)
Sharing = Callable[[], AbstractContextManager[Any]]
GRID = {"alpha": [1e-4, 1e-2], "hidden_layer_sizes": [(6,), (5, 4)]}


@pytest.fixture(scope="module", params=["loky", "dask", "threading"])
def at_once(request: pytest.FixtureRequest) -> Iterator[Sharing]:
    """Return a function that lets joblib share work between two workers, within what it returns."""
    with ExitStack() as stack:
        if request.param == "dask":
            here = {
                "host": "127.0.0.1",
                "dashboard_address": "127.0.0.1:0",
            }  # any port that is free
            cluster = LocalCluster(n_workers=2, threads_per_worker=1, **here)
            stack.enter_context(cluster)
            stack.enter_context(Client(cluster))
        yield lambda: parallel_config(request.param, n_jobs=2)  # one serves one `with`


def test_a_search_finds_what_it_finds_alone(at_once: Sharing) -> None:
    X, y = rows_for(MLPRegressor)
    search = GridSearchCV(MLPRegressor(**quick(early_stopping=True)), GRID, cv=3)
    alone = clone(search).fit(X, y)
    with at_once():
        found = clone(search).fit(X, y)
    assert np.array_equal(
        found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    assert found.best_params_ == alone.best_params_
    for one, other in zip(found.best_estimator_.coefs_, alone.best_estimator_.coefs_, strict=True):
        assert np.array_equal(one, other)


def test_fits_have_the_bits_that_they_have_alone(at_once: Sharing) -> None:
    nets = [
        ours(**quick(solver=solver, random_state=seed))
        for ours, _ in PAIRS
        for solver in ("adam", "lbfgs")
        for seed in range(2)
    ]
    with at_once():
        fitted = Parallel()(delayed(clone(net).fit)(*rows_for(type(net))) for net in nets)
    for net, other in zip(nets, fitted, strict=True):
        net.fit(*rows_for(type(net)))
        assert [e.error for e in net.history_] == [e.error for e in other.history_]
        weights = (net.coefs_ + net.intercepts_, other.coefs_ + other.intercepts_)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(*weights, strict=True))


def test_scores_of_cross_validation_are_the_same(at_once: Sharing) -> None:
    X, y = rows_for(MLPClassifier)
    alone = cross_val_score(MLPClassifier(**quick()), X, y, cv=4)
    with at_once():
        assert np.array_equal(cross_val_score(MLPClassifier(**quick()), X, y, cv=4), alone)


# --- threads -----------------------------------------------------------------------------------


def threads_for_large_work(_: int) -> int:
    return threads.threads_for(1e12)


@pytest.mark.parametrize("at_once", ["loky", "dask"], indirect=True)
def test_two_workers_take_no_more_threads_than_there_are_cores(at_once: Sharing) -> None:
    with at_once():
        taken = Parallel()(delayed(threads_for_large_work)(i) for i in range(4))
    assert 2 * max(taken) <= max(2, threads._cores())


# --- what is sent ------------------------------------------------------------------------------


def weight(net: Any) -> int:
    return len(pickle.dumps(net))


@both
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_what_is_sent_weighs_no_more_than_scikit_learns(
    ours: type, theirs: type, solver: str
) -> None:
    X, y = rows_for(ours)
    settings = quick(solver=solver, hidden_layer_sizes=(100,), max_iter=50)
    assert weight(ours(**settings)) < 1_500
    assert weight(ours(**settings).fit(X, y)) < 1.2 * weight(theirs(**settings).fit(X, y)) + 20_000


@both
def test_what_is_sent_holds_nothing_of_an_engine(ours: type, theirs: type, engine: str) -> None:
    net = ours(**quick(engine=engine)).fit(*rows_for(ours))
    net.predict(rows_for(ours)[0])
    texts = [str(value) for _, value, _ in pickletools.genops(pickle.dumps(net)) if value]
    assert not [text for text in texts if "fallline._core" in text or "fallline.engines" in text]


# --- Ctrl-C ------------------------------------------------------------------------------------

ENDLESS = """
import os, sys
from joblib import parallel_config
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from fallline import MLPClassifier
X, y = load_digits(return_X_y=True)
def told(epoch):
    if epoch.epoch == 1:
        os.write(1, b"training\\n")  # print would hold a lock, which Python wants when it ends
net = MLPClassifier((50,), max_iter=10**9, tol=0, n_iter_no_change=10**9, callbacks=told)
with parallel_config(sys.argv[1], n_jobs=2):
    cross_val_score(net, X, y, cv=4)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no groups of processes")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_ctrl_c_ends_all(backend: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, backend],
        start_new_session=True,  # so that, as from a terminal, it comes to all of them
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("training")
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert "KeyboardInterrupt" in said and "terminate called" not in said
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
