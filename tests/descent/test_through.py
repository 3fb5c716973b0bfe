"""Many epochs in one call: the run is that of epoch after epoch, whatever comes between."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE
from tests.descent.runs import assert_same

import fallline as fl
from fallline.descent import through as module
from fallline.descent.through import through
from fallline.errors import DivergenceWarning

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

NET = fl.Network.parse("3 -> 5 tanh -> 2")
RNG = np.random.default_rng(0)
X, Y, S = RNG.normal(size=(33, 3)), RNG.normal(size=(33, 2)), RNG.integers(0, 3, 33)


def make(**changes: object) -> fl.Run:
    given = {"epochs": 30, "batch_size": 8, "sample_weight": S, **changes}
    return fl.Run(given.pop("net", NET), X, Y, **given)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Return what the attempts at many epochs gave."""
    told: list[bool] = []
    taken = module.takes_several

    def noted(run: fl.Run, **options: int) -> bool:
        told.append(taken(run, **options))
        return told[-1]

    monkeypatch.setattr(module, "takes_several", noted)
    return told


LARGE = fl.Network.parse("3 -> 64 relu -> 64 relu -> 2")
SAME = [
    {},
    {"loss": "sse", "l2": 0.1, "l1": 0.01},
    {"batch_size": 1, "optimizer": fl.SGD(0.01, momentum=0.9)},
    {"batch_size": 40},
    {"batch_size": None},
    {"batch_size": 11, "dtype": "float32"},
    {"shuffle": False, "seed": 7},
    {"dropout": 0.3, "input_noise": 0.1},
    {"clip_norm": 0.1, "optimizer": "nadam"},
    {"max_norm": 0.5, "optimizer": "adamw"},
    {"net": LARGE},
    {"net": LARGE, "dropout": 0.2, "batch_size": None},
    {"epochs": 1},
    {"epochs": 3},
    {"epochs": 250},
    {"optimizer": "rprop", "batch_size": None},
    {"optimizer": "lbfgs", "batch_size": None},
    {"optimizer": "lbfgs", "batch_size": None, "dtype": "float32", "epochs": 120},
]


@pytest.mark.parametrize("changes", SAME, ids=str)
def test_bits_and_records_are_those_of_epoch_after_epoch(
    calls: list[bool], changes: dict[str, object]
) -> None:
    ours, theirs = make(**changes), make(**changes)
    through(ours)
    for _ in theirs:
        pass
    assert_same(ours, theirs)
    assert ours.history == theirs.history and ours.stopped == theirs.stopped
    assert ours.theta.tobytes() == theirs.theta.tobytes()
    assert ours.snapshot().progress.step == theirs.snapshot().progress.step
    assert all(epoch.seconds > 0 for epoch in ours.history)
    assert any(calls) == (ours.plan.epochs > 3)


def test_a_solver_ends_within_a_call_where_nothing_is_left_to_do(calls: list[bool]) -> None:
    solver = fl.LBFGS(tolerance=0.05)
    ours, theirs = (make(optimizer=solver, batch_size=None, epochs=200) for _ in range(2))
    through(ours)
    for _ in theirs:
        pass
    assert_same(ours, theirs)
    assert ours.history == theirs.history and ours.stopped == theirs.stopped
    assert 3 < len(ours.history) < 200 and calls == [False]


def test_a_call_takes_no_more_steps_than_are_told_at_once(
    calls: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 34)
    through(make(batch_size=8, epochs=30))  # 5 steps an epoch: 6 epochs a call
    assert calls == [True] * 5 + [False]
    calls.clear()
    through(make(batch_size=1, epochs=30))
    assert not any(calls)


WATCHED = [
    {"callbacks": [lambda epoch: None]},
    {"on_steps": lambda steps, order: None},
    {"record": "epochs"},
    {"X_val": X, "y_val": Y},
    {"error_at_end": True},
    {"metrics": ["r2"]},
    {"target": 1e-9},
    {"tolerance": 1e-9},
    {"time_budget": 1e9},
    {"schedule": "cosine"},
    {"engine": "reference"},
    {"engine": "reference", "optimizer": "lbfgs", "batch_size": None},
]


@pytest.mark.parametrize("changes", WATCHED, ids=lambda changes: "-".join(changes))
def test_where_somebody_looks_it_goes_epoch_by_epoch(
    calls: list[bool], changes: dict[str, object]
) -> None:
    ours, theirs = make(epochs=9, **changes), make(epochs=9, **changes)
    through(ours)
    for _ in theirs:
        pass
    assert_same(ours, theirs)
    assert not any(calls)


def test_it_goes_on_from_the_middle_of_an_epoch() -> None:
    ours, theirs = make(), make()
    for run in (ours, theirs):
        next(run), run.step(), run.step(3)
    through(ours)
    for _ in theirs:
        pass
    assert_same(ours, theirs)


def test_what_is_not_finite_is_located_as_ever(calls: list[bool]) -> None:
    told = []
    for end in (through, lambda run: [None for _ in run]):
        run = make(optimizer=fl.SGD(3.0), loss="sse", epochs=2000)
        with pytest.warns(DivergenceWarning):
            end(run)
        told.append((run.divergence, run.history, run.theta.tobytes(), run.stopped))
    assert str(told[0][0]) == str(told[1][0]) and told[0][1:] == told[1][1:]
    assert calls[-1] is False


def test_a_request_ends_it_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    run, under_way, taken = make(epochs=10**8), threading.Event(), module.takes_several

    def noted(run: fl.Run, **options: int) -> bool:
        again = taken(run, **options)
        under_way.set()
        return again

    def ask() -> None:
        under_way.wait()
        run.request_stop("enough")

    monkeypatch.setattr(module, "takes_several", noted)
    other = threading.Thread(target=ask)
    other.start()
    through(run)
    assert run.stopped == "enough" and 1 < len(run.history) < 10**8
    alone = make(epochs=len(run.history) - 1)
    through(alone)
    assert [e.error for e in alone.history] == [e.error for e in run.history[:-1]]
    other.join()
