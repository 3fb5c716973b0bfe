"""Fitted estimators are kept, copied, changed by hand, and stay as they were where a fit fails."""

import copy
import gc
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from tests.estimators.both import IDS, PAIRS, iris, quick, rows_for

from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
both = pytest.mark.parametrize("ours", [ours for ours, _ in PAIRS], ids=IDS)
FITS: list[dict[str, Any]] = [
    {"solver": "adam"},
    {"solver": "sgd", "early_stopping": True, "learning_rate": "invscaling"},
    {"solver": "lbfgs"},
    {"scale_inputs": True, "optimizer": "rmsprop", "schedule": "cosine", "dropout": 0.1},
]
fits = pytest.mark.parametrize("settings", FITS, ids=str)


def same_state(a: Any, b: Any) -> bool:
    """Return whether two values are equal, looking into containers and objects."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, np.random.RandomState):
        return same_state(a.get_state(legacy=False), b.get_state(legacy=False))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_state(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_state, a, b))
    if type(a).__eq__ is object.__eq__ and hasattr(a, "__dict__"):
        return same_state(vars(a), vars(b))
    return bool(a == b)


def through_pickle(net: Any, folder: Path) -> Any:
    return pickle.loads(pickle.dumps(net))


def through_joblib(net: Any, folder: Path) -> Any:
    joblib.dump(net, folder / "net.joblib")
    return joblib.load(folder / "net.joblib", mmap_mode="r")


def through_deepcopy(net: Any, folder: Path) -> Any:
    return copy.deepcopy(net)


def through_skops(net: Any, folder: Path) -> Any:
    skops.io.dump(net, folder / "net.skops")
    unknown = skops.io.get_untrusted_types(file=folder / "net.skops")
    assert all(name.startswith(("fallline.", "sklearn.")) for name in unknown), unknown
    return skops.io.load(folder / "net.skops", trusted=unknown)


@both
@fits
@pytest.mark.parametrize(
    "keep",
    [through_pickle, through_joblib, through_deepcopy, through_skops],
    ids=lambda f: f.__name__,
)
def test_a_kept_estimator_predicts_and_goes_on_as_before(
    ours: type, settings: dict[str, Any], keep: Any, tmp_path: Path, engine: str
) -> None:
    X, y = rows_for(ours)
    net = ours(**quick(engine=engine, **settings)).fit(X, y)
    other = keep(net, tmp_path)
    assert np.array_equal(other._predicted(X), net._predicted(X))
    assert other.history_.to_jsonl() == net.history_.to_jsonl()
    assert repr(other.get_params()) == repr(net.get_params())
    assert other.loss_curve_ == net.loss_curve_
    for estimator in (net, other):
        estimator.set_params(warm_start=True).fit(X, y)
        if hasattr(estimator, "partial_fit"):
            estimator.set_params(early_stopping=False).partial_fit(X, y)
    assert np.array_equal(other._predicted(X), net._predicted(X))


@both
def test_a_clone_is_not_fitted_and_fits_the_same(ours: type) -> None:
    X, y = rows_for(ours)
    net = ours(**quick()).fit(X, y)
    other = clone(net)
    assert not hasattr(other, "coefs_") and other.get_params() == net.get_params()
    assert np.array_equal(other.fit(X, y).coefs_[0], net.coefs_[0])


@both
def test_a_kept_estimator_does_not_pack_its_weights_at_each_prediction(ours: type) -> None:
    net = pickle.loads(pickle.dumps(ours(**quick()).fit(*rows_for(ours))))
    assert net._theta is net._theta
    before = net._predicted(rows_for(ours)[0])
    net.coefs_[0][...] = 0  # in place, as ever
    assert not np.allclose(net._predicted(rows_for(ours)[0]), before)


@both
def test_weights_put_in_by_hand_are_obeyed(ours: type) -> None:
    X, y = rows_for(ours)
    net = ours(**quick()).fit(X, y)
    before = net._predicted(X)
    kept = [array.copy() for array in net.coefs_]

    net.coefs_[0][...] = 0  # in place
    constant = net._predicted(X)
    assert np.allclose(constant, constant[0]) and not np.allclose(constant, before)

    net.coefs_[0] = kept[0]  # one array of the list
    assert np.array_equal(net._predicted(X), before)
    net.coefs_ = [array.copy() for array in kept]  # the whole list
    assert np.array_equal(net._predicted(X), before)
    net.intercepts_[-1] = net.intercepts_[-1] + np.eye(len(net.intercepts_[-1]))[0]
    assert not np.allclose(net._predicted(X), before)
    net.set_params(warm_start=True, learning_rate_init=1e-9, max_iter=1)
    shifted = net._predicted(X)
    assert np.allclose(net.fit(X, y)._predicted(X), shifted, atol=1e-5)


@both
def test_weights_of_another_shape_are_refused(ours: type) -> None:
    X, y = rows_for(ours)
    net = ours(**quick()).fit(X, y)
    net.coefs_ = [np.ones((2, 2)), *net.coefs_[1:]]
    with pytest.raises(ValueError):
        net.predict(X)


def failing(epoch: Any) -> None:
    if epoch.epoch == 3:
        raise RuntimeError("of the user's own")


FAILURES: dict[str, dict[str, Any]] = {
    "a callback": {"callbacks": failing},
    "weights not finite": {"learning_rate_init": 1e300, "activation": "identity"},
    "hidden sizes": {"hidden_layer_sizes": (3, 0)},
    "names": {"activation": "rellu"},
    "a metric": {"early_stopping": True, "stopping_metric": "no such"},
}


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@both
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("case", FAILURES)
def test_a_fit_that_fails_leaves_the_one_before(ours: type, case: str, warm_start: bool) -> None:
    X, y = rows_for(ours)
    early = case != "weights not finite"  # early stopping keeps the best, which are finite
    net = ours(**quick(warm_start=warm_start, early_stopping=early)).fit(X, y)
    before = copy.deepcopy({k: v for k, v in vars(net).items() if k not in net.get_params()})
    net.set_params(**FAILURES[case])
    with pytest.raises((RuntimeError, ValueError)):
        net.fit(X, y)
    assert same_state({k: v for k, v in vars(net).items() if k not in net.get_params()}, before)
    net.predict(X)


@both
def test_a_part_that_fails_leaves_those_before(ours: type) -> None:
    X, y = rows_for(ours)
    classes = {"classes": np.unique(y)} if ours is MLPClassifier else {}
    nets = [
        ours(**quick(solver="sgd", learning_rate="invscaling", batch_size=10)).partial_fit(
            X, y, **classes
        )
        for _ in range(2)
    ]
    before = copy.deepcopy(vars(nets[0]))
    with np.errstate(all="ignore"):
        with pytest.raises(ValueError, match="infinity"):
            nets[0].partial_fit(X * np.inf, y)
        with pytest.raises(ValueError, match="non-finite"):
            nets[0].partial_fit(X * 1e200, y)
    assert same_state(vars(nets[0]), before)
    for net in nets:
        net.partial_fit(X, y)
    assert np.array_equal(nets[0].coefs_[0], nets[1].coefs_[0])


@both
def test_the_first_fit_that_fails_leaves_no_trace(ours: type) -> None:
    X, y = rows_for(ours)
    net = ours(**quick(callbacks=failing))
    before = dict(vars(net))
    with pytest.raises(RuntimeError, match="of the user's own"):
        net.fit(X, y)
    assert vars(net) == before


def test_fits_and_predictions_leak_nothing() -> None:
    X, y = iris()
    X, y = X[::5], y[::5]

    def work(times: int) -> None:
        for _ in range(times):
            MLPClassifier((3,), max_iter=1, random_state=0).fit(X, y).predict(X)
            MLPRegressor(hidden_layer_sizes=(3,), max_iter=1).set_params(random_state=0).fit(
                X, y
            ).predict(X)

    work(20)
    gc.collect()
    tracemalloc.start()
    try:
        work(20)
        gc.collect()
        first, _ = tracemalloc.get_traced_memory()
        work(200)
        gc.collect()
        last, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last - first < 100_000  # bytes; one kept fit is above 10,000


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_layer_sizes": (4,)},
        {"hidden_layer_sizes": (6, 6)},
        {"activation": "tanh"},
        {"output_activation": "tanh"},
        {"loss": "gaussian_likelihood"},
    ],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_goes_on_with_its_own_network_only(change: dict[str, Any], solver: str) -> None:
    X, y = rows_for(MLPRegressor)
    net = MLPRegressor(**quick(warm_start=True, solver=solver)).fit(X, y)
    before, weights = net.loss_, net.coefs_
    net.set_params(**change)
    goes_on = [net.fit] if solver == "lbfgs" else [net.fit, net.partial_fit]
    for fit in goes_on:
        with pytest.raises(ValueError, match=r"clone\(\) the estimator, or set warm_start=False"):
            fit(X, y)
    assert net.loss_ == before and net.coefs_ is weights
    net.set_params(warm_start=False).fit(X, y)
    clone(net).fit(X, y)


@both
@pytest.mark.parametrize("sizes", [(3.5,), (4, "5"), (None,)], ids=str)
def test_sizes_that_are_no_integers_are_refused(ours: type, sizes: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="hidden_layer_sizes must be integers"):
        ours(**quick(hidden_layer_sizes=sizes)).fit(*rows_for(ours))
    ours(**quick(hidden_layer_sizes=np.array([4, 3]))).fit(*rows_for(ours))
