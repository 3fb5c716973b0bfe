"""Several descents: each is the one that its seed gives, and the best is the least error."""

import math

import numpy as np
import pytest

import fallline as fl
from fallline.descent.many import best_run, kept_error
from fallline.errors import InterruptWarning, SpecError

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
