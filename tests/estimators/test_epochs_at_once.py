"""Where nobody looks at single epochs, a fit takes many in one call: it is the same fit."""

import gc
import itertools
import signal
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from tests.conftest import WITHOUT_CORE
from tests.estimators.both import diabetes, iris
from tests.estimators.horizon import same_bits

from fallline.descent import through
from fallline.engines.native import NativeEngine
from fallline.engines.protocol import Stop
from fallline.estimators import MLPClassifier, MLPRegressor
from fallline.estimators.draws import ShuffledOrder
from fallline.estimators.watching import Watch

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return how many epochs each call of the engine took."""
    taken: list[int] = []
    advance = NativeEngine.advance

    def counted(*given: Any) -> Any:
        taken.append(given[6] if len(given) > 6 else 1)
        return advance(*given)

    monkeypatch.setattr(NativeEngine, "advance", counted)
    return taken


def both(make: Any, rows: Any, **settings: Any) -> tuple[Any, Any]:
    """Return the fit at whose epochs nobody looks, and the one with a callback."""
    settings = {"hidden_layer_sizes": (9,), "max_iter": 40, **settings}
    fits = []
    for callbacks in (None, [lambda epoch: None]):
        rng = np.random.RandomState(3)
        fit = make(random_state=rng, callbacks=callbacks, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit.fit(*rows)
        fit.drawn_ = rng.randint(2**31)
        fits.append(fit)
    return fits[0], fits[1]


CASES: list[dict[str, Any]] = [
    {},
    {"batch_size": 7},
    {"batch_size": 120},
    {"max_iter": 1},
    {"max_iter": 2},
    {"shuffle": False},
    {"dtype": "float32"},
    {"loss": "sse", "l1": 0.01, "learning_rate_init": 1e-4},
    {"dropout": 0.3},
    {"tol": 0.05},
    {"tol": 0.05, "n_iter_no_change": 1},
    {"tol": 0.05, "n_iter_no_change": np.inf},
    {"tol": 1e9, "n_iter_no_change": 3},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 1e-2, "n_iter_no_change": 2},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"schedule": "cosine"},
    {"restarts": 3, "max_iter": 9},
    {"time_budget": 1e9},
    {"optimizer": "nadam", "clip_norm": 0.5},
    {"optimizer": "lbfgs", "tol": 1e-3},
]


@pytest.mark.parametrize("settings", CASES, ids=str)
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_it_has_the_bits_and_draws_of_epoch_after_epoch(
    make: type, settings: dict[str, Any]
) -> None:
    if "loss" in settings and make is MLPClassifier:
        settings = {**settings, "output_activation": "logistic"}
    ours, theirs = both(make, iris() if make is MLPClassifier else diabetes(), **settings)
    same_bits(ours, theirs)
    assert ours.drawn_ == theirs.drawn_


def test_a_call_ends_where_a_rule_may_stop_the_fit(epochs: list[int]) -> None:
    settings = {"tol": 1e9, "n_iter_no_change": 4, "hidden_layer_sizes": (9,), "max_iter": 100}
    net = MLPRegressor(random_state=0, **settings).fit(*diabetes())
    assert (epochs, net.n_iter_) == ([5, 1], 6)  # the first is better than none


def test_it_goes_on_from_an_earlier_fit() -> None:
    nets = [
        MLPRegressor(
            random_state=0, max_iter=12, warm_start=True, hidden_layer_sizes=(5,), callbacks=given
        )
        for given in (None, [lambda epoch: None])
    ]
    for net in nets:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(*diabetes()).fit(*diabetes())
            net.partial_fit(*diabetes())
    same_bits(*nets)


def test_it_tells_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for callbacks in (None, [lambda epoch: None]):
        net = MLPRegressor(
            random_state=0, max_iter=50, tol=0.05, verbose=True, callbacks=callbacks
        ).fit(*diabetes())
        told.append((capsys.readouterr().out, net.n_iter_))
    assert told[0] == told[1]
    assert "did not improve" in told[0][0]


def test_what_is_not_finite_fails_as_ever(epochs: list[int]) -> None:
    X, y = diabetes()
    told = []
    for callbacks in (None, [lambda epoch: None]):
        rng = np.random.RandomState(0)
        net = MLPRegressor(
            solver="sgd", learning_rate_init=1e3, random_state=rng, callbacks=callbacks
        )
        with pytest.raises(ValueError, match="non-finite") as error:
            net.fit(X, y)
        told.append((str(error.value), rng.randint(2**31)))
    assert told[0] == told[1]
    assert max(epochs) > 1


@pytest.mark.parametrize("ends", ["time_budget", "Ctrl-C"])
def test_what_ends_within_a_call_is_kept_up_to_there(
    ends: str, epochs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = diabetes()
    rng, settings = np.random.RandomState(0), {"tol": 0.0, "n_iter_no_change": np.inf}
    budget = 0.3 if ends == "time_budget" else None
    net = MLPRegressor(random_state=rng, max_iter=10**5, time_budget=budget, **settings)
    look, armed = Stop.now, [0.3]

    def now(stop: Stop) -> bool:
        if armed:  # by the time that this process runs: a clock might be ahead of the first step
            signal.setitimer(signal.ITIMER_VIRTUAL, armed.pop())
        return look(stop)

    if ends == "Ctrl-C":
        monkeypatch.setattr(Stop, "now", now)
    else:
        ticks = itertools.count(time.monotonic(), 0.001)
        monkeypatch.setattr(time, "monotonic", ticks.__next__)
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    gc.disable()  # what a signal raises within a callback of the collector, Python itself drops
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(X, y)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        gc.enable()
    assert net.n_iter_ < 10**5, "nothing ended it"
    assert max(epochs) > 1 and net.n_iter_ > 1
    ended_like_epoch_after_epoch(net, rng, settings)


def ended_like_epoch_after_epoch(net: Any, rng: np.random.RandomState, settings: Any) -> None:
    """Fail unless curve and random state are those of as many epochs, one after another."""
    X, y = diabetes()
    assert len(net.history_) - net.n_iter_ in (0, 1)  # what was begun of one is recorded
    other = np.random.RandomState(0)
    again = MLPRegressor(
        random_state=other, max_iter=net.n_iter_, callbacks=[lambda epoch: None], **settings
    )
    with pytest.warns(ConvergenceWarning):
        again.fit(X, y)
    assert again.loss_curve_ == net.loss_curve_
    nexts = [other.get_state()[1:3]]
    other.shuffle(np.arange(len(y)))  # of an epoch that was begun
    nexts.append(other.get_state()[1:3])
    key, place = rng.get_state()[1:3]
    assert any((key == one[0]).all() and place == one[1] for one in nexts)


@pytest.mark.parametrize("calls", [1, 5, 14])
def test_ctrl_c_while_epochs_are_counted_takes_back_those_of_the_call(
    monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    rng, settings = np.random.RandomState(0), {"tol": 0.0, "n_iter_no_change": np.inf}
    net = MLPRegressor(random_state=rng, max_iter=10**5, **settings)
    counted, left = Watch._count, [calls]

    def count(self: Watch, epoch: Any, theta: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        counted(self, epoch, theta)

    with monkeypatch.context() as patch, warnings.catch_warnings():
        patch.setattr(Watch, "_count", count)
        warnings.simplefilter("ignore")
        net.fit(*diabetes())
    assert net.n_iter_ == len(net.history_) == len(net.loss_curve_) < calls
    if net.n_iter_:
        ended_like_epoch_after_epoch(net, rng, settings)


@pytest.mark.parametrize("draw", [1, 12, 150, 151])
def test_ctrl_c_between_two_draws_takes_back_those_ahead(
    monkeypatch: pytest.MonkeyPatch, draw: int
) -> None:
    plain, drawn = ShuffledOrder.epoch, []

    def epoch(self: ShuffledOrder, k: int) -> Any:
        drawn.append(k)
        if len(drawn) == draw:
            raise KeyboardInterrupt
        return plain(self, k)

    monkeypatch.setattr(ShuffledOrder, "epoch", epoch)
    X, y = diabetes()
    rng, settings = np.random.RandomState(0), {"tol": 0.0, "n_iter_no_change": np.inf}
    net = MLPRegressor(random_state=rng, max_iter=1000, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.fit(X, y)
    assert len(drawn) >= draw
    if net.n_iter_:
        ended_like_epoch_after_epoch(net, rng, settings)


def test_an_order_takes_back_what_it_drew() -> None:
    rng, other = np.random.RandomState(1), np.random.RandomState(1)
    orders = ShuffledOrder(20, rng, shuffle=True), ShuffledOrder(20, other, shuffle=True)
    drawn = [orders[0].epoch(k).copy() for k in range(1, 8)]
    orders[0].back_to(3)
    for k in range(1, 4):
        orders[1].epoch(k)
    assert rng.randint(2**31) == other.randint(2**31)
    rng, other = np.random.RandomState(1), None
    assert (orders[0].epoch(3) == drawn[2]).all()
    orders[0].back_to(0)
    assert (orders[0].epoch(1) == drawn[0]).all()


def test_a_run_that_is_looked_at_is_not_taken_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **options: Any) -> bool:
        raise AssertionError

    monkeypatch.setattr("fallline.estimators.stepwise.takes_several", refuse)
    assert through.takes_several is not refuse
    X, y = diabetes()
    for watched in (
        {"callbacks": [lambda epoch: None]},
        {"early_stopping": True},
        {"schedule": "cosine"},
        {"engine": "reference"},
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            MLPRegressor(max_iter=3, random_state=0, **watched).fit(X, y)
    with pytest.raises(AssertionError):
        MLPRegressor(max_iter=3, random_state=0).fit(X, y)
