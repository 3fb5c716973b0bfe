"""Several descents: each is the one that its seed gives, and the best is the least error."""

import math
import os
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE

import fallline as fl
from fallline.data.order import RowOrder
from fallline.descent import many, through
from fallline.descent.many import best_run, kept_error
from fallline.errors import InterruptWarning, SpecError

needs_core = pytest.mark.skipif(WITHOUT_CORE, reason="fallline has no C++ core here")
NET = fl.Network.parse("2 -> 4 tanh -> 1")
RNG = np.random.default_rng(0)
X, X_VAL = RNG.normal(size=(30, 2)), RNG.normal(size=(15, 2))
Y, Y_VAL = np.sin(X[:, 0]), np.sin(X_VAL[:, 0])
OPTIONS = {"epochs": 6, "X_val": X_VAL, "y_val": Y_VAL}


def test_each_is_the_run_of_its_seed() -> None:
    runs = fl.descend_many(NET, X, Y, seeds=[5, 2, 9], **OPTIONS)
    for seed, run in zip([5, 2, 9], runs, strict=True):
        alone = fl.descend(NET, X, Y, seed=seed, **OPTIONS)
        assert run.theta.tobytes() == alone.theta.tobytes() and run.history == alone.history
    assert len({run.theta.tobytes() for run in runs}) == 3


def test_each_run_may_have_its_own_start() -> None:
    starts = np.stack([NET.initial(seed=k) for k in range(3)])
    runs = fl.descend_many(NET, X, Y, seeds=[4, 4, 1], theta=starts, **OPTIONS)
    for start, seed, run in zip(starts, [4, 4, 1], runs, strict=True):
        alone = fl.descend(NET, X, Y, seed=seed, theta=start, **OPTIONS)
        assert run.theta.tobytes() == alone.theta.tobytes() and run.history == alone.history
    with pytest.raises(SpecError, match="a row of start weights for each of the 2 seeds, not 3"):
        fl.descend_many(NET, X, Y, seeds=2, theta=starts)


def test_a_plan_gets_the_seeds_too() -> None:
    plan = fl.Run(NET, X, Y, epochs=2, seed=7).plan
    runs = fl.descend_many(NET, X, Y, seeds=2, plan=plan)
    assert [run.plan.seed for run in runs] == [0, 1]
    assert runs[1].theta.tobytes() == fl.descend(NET, X, Y, epochs=2, seed=1).theta.tobytes()


@pytest.mark.parametrize("restore_best", [True, False])
def test_the_best_has_the_least_error_of_the_weights_it_ends_with(restore_best: bool) -> None:
    runs = fl.descend_many(NET, X, Y, seeds=4, restore_best=restore_best, **OPTIONS)
    errors = [
        fl.error_and_gradient(NET, run.theta, X_VAL, Y_VAL, loss="squared_error")[0] for run in runs
    ]
    assert [kept_error(run) for run in runs] == pytest.approx(errors)
    assert best_run(runs) is runs[int(np.argmin(errors))]


def test_a_run_that_diverged_is_never_the_best() -> None:
    fine = fl.descend(NET, X, Y, epochs=1)
    with pytest.warns(fl.errors.DivergenceWarning):
        lost = fl.descend(NET, X, Y, optimizer=fl.SGD(1e300), batch_size=1, epochs=1)
    assert kept_error(lost) == math.inf and best_run([lost, fine]) is fine


def test_ctrl_c_ends_the_run_in_progress_and_starts_no_more() -> None:
    def stop(epoch: fl.Epoch) -> None:
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning):
        runs = fl.descend_many(NET, X, Y, seeds=5, callbacks=[stop], **OPTIONS)
    assert len(runs) == 1 and "interrupted" in str(runs[0].stopped)


@needs_core
@pytest.mark.parametrize("changes", [{}, {"optimizer": "lbfgs", "epochs": 5}, {"dropout": 0.2}])
def test_no_bit_depends_on_the_number_of_threads(changes: dict[str, object]) -> None:
    found = [
        fl.descend_many(NET, X, Y, seeds=7, threads=threads, **{**OPTIONS, **changes})
        for threads in (1, 2, 5, 50)
    ]
    for runs in found[1:]:
        assert [run.plan.seed for run in runs] == list(range(7))
        for run, alone in zip(runs, found[0], strict=True):
            assert run.theta.tobytes() == alone.theta.tobytes()
            assert run.history == alone.history and run.stopped == alone.stopped


def threads_of(monkeypatch: pytest.MonkeyPatch, meeting: int = 1, **options: object) -> set[str]:
    """Return in which threads runs take their epochs; so many of them must meet in their first."""
    names: set[str] = set()
    met, onward = threading.Barrier(meeting), fl.Run.__next__

    def noted(run: fl.Run) -> fl.Epoch:
        if (name := threading.current_thread().name) not in names:
            names.add(name)
            met.wait(60)  # else one thread might take all before the others begin
        return onward(run)

    with monkeypatch.context() as patch:
        patch.setattr(fl.Run, "__next__", noted)
        fl.descend_many(NET, X, Y, seeds=6, epochs=3, **options)  # type: ignore[arg-type]
    return names


@needs_core
def test_several_threads_take_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(threads_of(monkeypatch, 3, threads=3)) == 3
    assert "MainThread" not in threads_of(monkeypatch, 2, threads=2)
    monkeypatch.setattr(many, "allowed_threads", lambda: 2)
    assert len(threads_of(monkeypatch, 2)) == 2
    # Short epochs, after each of which the validation error is computed, pay no threads.
    assert threads_of(monkeypatch, X_val=X_VAL, y_val=Y_VAL) == {"MainThread"}


@pytest.mark.parametrize(
    "options",
    [
        {"threads": 1},
        {"callbacks": [lambda epoch: None], "threads": 3},
        {"on_steps": lambda steps, order: None, "threads": 3},
        {"order": RowOrder(30, 0), "threads": 3},
        {"engine": "reference", "threads": 3},
    ],
    ids=["one", "callbacks", "on_steps", "order", "reference"],
)
def test_functions_of_yours_are_called_in_the_calling_thread(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
) -> None:
    assert threads_of(monkeypatch, **options) == {"MainThread"}


@needs_core
def test_ctrl_c_ends_the_runs_of_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    several, under_way = through.takes_several, list[fl.Run]()
    press = threading.Barrier(2, lambda: os.kill(os.getpid(), signal.SIGINT))

    def noted(run: fl.Run, **options: int) -> bool:
        again = several(run, **options)
        if run not in under_way and len(run.history) > 1:
            under_way.append(run)
            press.wait(60)
        return again

    with (
        monkeypatch.context() as patch,
        pytest.warns(InterruptWarning, match="2 of 5 runs were begun"),
    ):
        patch.setattr(through, "takes_several", noted)
        runs = fl.descend_many(NET, X, Y, seeds=5, threads=2, epochs=10**9)
    assert [run.plan.seed for run in runs] == [0, 1]
    for run in runs:
        assert str(run.stopped).startswith("it was interrupted") and len(run.history) > 1
        epochs = len(run.history) - 1  # the last one may be a part of one
        alone = fl.descend(NET, X, Y, seed=run.plan.seed, epochs=epochs)
        ours = [epoch.error for epoch in run.history[:epochs]]
        assert ours == [epoch.error for epoch in alone.history]


@needs_core
def test_ctrl_c_while_threads_are_started_ends_those_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pressed(ThreadPoolExecutor):
        def submit(self, *given: object) -> Future[None]:  # type: ignore[override]
            if self._threads:
                raise KeyboardInterrupt
            return super().submit(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(many, "ThreadPoolExecutor", Pressed)
    with pytest.warns(InterruptWarning, match="1 of 5 runs were begun"):
        fl.descend_many(NET, X, Y, seeds=5, threads=2, epochs=10**6)


@needs_core
def test_an_error_in_one_run_ends_the_others() -> None:
    with pytest.raises(fl.errors.DivergenceWarning):  # warnings are errors here
        fl.descend_many(
            NET, X, Y, seeds=3, threads=2, optimizer=fl.SGD(1e300), batch_size=1, epochs=10**9
        )


def test_what_is_wrong_is_told_from_threads_too() -> None:
    with pytest.raises(SpecError, match="epochs"):
        fl.descend_many(NET, X, Y, seeds=3, threads=2, epochs=-1)


@pytest.mark.parametrize("threads", [0, -2, True, 1.5, "2"])
def test_what_is_no_number_of_threads(threads: object) -> None:
    with pytest.raises(SpecError, match="threads must be"):
        fl.descend_many(NET, X, Y, seeds=2, threads=threads)  # type: ignore[arg-type]


@pytest.mark.parametrize("seeds", [0, -1, True, [], "12", 1.5, None])
def test_what_are_no_seeds(seeds: object) -> None:
    with pytest.raises(SpecError, match="seeds must be"):
        fl.descend_many(NET, X, Y, seeds=seeds)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["seed", "checkpoint"])
def test_what_belongs_to_one_run_is_refused(option: str) -> None:
    with pytest.raises(SpecError, match=f"no {option}"):
        fl.descend_many(NET, X, Y, seeds=2, **{option: 3})


def test_there_must_be_a_run_to_choose() -> None:
    with pytest.raises(SpecError, match="no run"):
        best_run([])
