"""When a descent ends, why, and with which weights."""

import itertools
import threading
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from tests.descent.runs import assert_same, finished, line, make

from fallline.descent import Run, descend
from fallline.descent.stopping import Rules, why_stop
from fallline.engines.registry import ENGINES
from fallline.errors import DivergenceWarning, InterruptWarning
from fallline.formulas.optimizers import SGD
from fallline.history import Epoch, History
from fallline.spec.network import Network
from fallline.spec.plan import Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
NAN, INF = float("nan"), float("inf")


def history(errors, validation=None) -> History:
    validation = validation or [None] * len(errors)
    pairs = enumerate(zip(errors, validation, strict=True), start=1)
    return History(Epoch(k, k, 8, e, v, {}, 0.1, 1.0, 0.01) for k, (e, v) in pairs)


def by_validation(*errors: float) -> History:
    return history([1.0] * len(errors), errors)


# Rules, on histories written by hand: a plan, a history, and what the reason says, or None.
RULES = [
    (Plan(epochs=3), history([3, 2]), None),
    (Plan(epochs=3), history([3, 2, 1]), "all 3 epochs are done"),
    (Plan(epochs=0), History(), "all 0 epochs are done"),
    (Plan(target=0.5), History(), None),
    (Plan(target=0.5), history([1, 0.51]), None),
    (Plan(target=0.5), history([1, 0.5]), "training error 0.5 reached the target 0.5"),
    (Plan(target=0.5), history([0.1, 0.9]), None),
    (Plan(target=0.5), history([NAN]), None),
    (Plan(patience=2), by_validation(3, 2, 2.5), None),
    (Plan(patience=2), by_validation(3, 2, 2.5, 2), r"fall below 2 \(epoch 2\) for 2 epochs"),
    (Plan(patience=2), by_validation(3, 2, 2.5, 1.9, 2.0), None),
    (Plan(patience=2, min_improvement=0.2), by_validation(3, 2, 1.9, 1.85), "below 2 .epoch 2"),
    (Plan(patience=2, min_improvement=0.2), by_validation(3, 2, 1.9, 1.7), None),
    (Plan(patience=2), by_validation(3, NAN, INF), r"fall below 3 \(epoch 1\)"),
    (Plan(patience=1), by_validation(NAN), "did not fall"),
    (Plan(tolerance=0.1, tolerance_epochs=2), history([3, 2, 1.95]), None),
    (
        Plan(tolerance=0.1, tolerance_epochs=2),
        history([3, 2, 1.95, 1.91]),
        "training error fell by less than 0.1 over 2 epochs",
    ),
    (Plan(tolerance=0.1, tolerance_epochs=2), history([3, 2, 1.95, 1.89]), None),  # over both
    (Plan(tolerance=0.0, tolerance_epochs=1), history([3, 3]), "fell by less than 0 over 1"),
    (Plan(tolerance=0.0, tolerance_epochs=1), history([3, 2.999]), None),
]


@pytest.mark.parametrize(("plan", "past", "reason"), RULES)
def test_rules_look_at_the_plan_and_the_history_only(plan, past, reason):
    found = why_stop(plan, past)
    if reason is None:
        assert found is None
    else:
        with pytest.raises(AssertionError, match=reason):
            raise AssertionError(found)


def test_each_epoch_is_looked_at_once():
    class Seen(Epoch):
        def __getattribute__(self, name):
            counted[name] = counted.get(name, 0) + 1
            return super().__getattribute__(name)

    counted: dict[str, int] = {}
    rules, past = (
        Rules(Plan(epochs=500, patience=400, tolerance=0.0, tolerance_epochs=400)),
        History(),
    )
    for k in range(1, 301):
        past = past.append(Seen(k, k, 8, 1.0, 2.0, {}, 0.1, 1.0, 0.01))
        assert rules.why_stop(past) is rules.why_stop(past) is None
    assert counted == {"error": 300, "validation_error": 300}


def test_rules_that_saw_other_epochs_say_what_new_ones_would():
    """Also after stepping back, and going on differently."""
    plan = Plan(patience=3, tolerance=0.1, tolerance_epochs=4, min_improvement=0.05, epochs=25)
    rules, rng, past = Rules(plan), np.random.default_rng(0), History()
    reasons = set()
    for _ in range(500):
        keep = int(rng.integers(len(past) + 1)) if rng.random() < 0.1 else len(past)
        past = past[:keep].append(*history([rng.random() * 5], [rng.random() * 5]))
        found = rules.why_stop(past)
        assert found == why_stop(plan, past)
        reasons.add((found or "it goes on").split()[1])
    assert reasons == {"goes", "validation", "training", "25"}


# A problem whose validation error falls and then rises: the training rows ask for slope 2, the
# validation rows for slope 1, and the only weight goes from 0 past 1 to 2.

NET = Network.parse("1 -> 1 nobias")
X, Y = line(8, slope=2.0)
X_VAL, Y_VAL = line(5, slope=1.0)


def passing(**changes) -> Run:
    return Run(
        NET, X, Y, X_val=X_VAL, y_val=Y_VAL, **{"theta": [0.0], "optimizer": SGD(0.2)}
        | {"batch_size": 4, "epochs": 30, "l2": 0.01, "engine": "reference"} | changes
    )  # fmt: skip


def best_of(**changes) -> tuple[int, np.ndarray]:
    """Return the epoch of the least validation error, and its weights, by pausing at each."""
    run = passing(restore_best=False, **changes)
    ends = [(epoch.validation_error, epoch.epoch, run.theta) for epoch in run]
    return min(ends, key=lambda end: end[0])[1:]


def hooked(at: int, action) -> SGD:
    """Return plain descent that calls something in its step `at`, for the reference engine."""

    @dataclass(frozen=True)
    class Hooked(SGD):
        def init(self, xp, theta):
            return {"t": xp.zeros((), theta.dtype)}

        def update(self, xp, gradient, state, theta, rate):
            t = state["t"] + 1
            factor = action() if t == at else 1.0
            return -rate * gradient * factor, {"t": t}

    return Hooked(0.2)


def end_by_patience() -> Run:
    run = finished(passing(patience=3))
    assert run.stopped.endswith("for 3 epochs")
    return run


def end_by_epochs() -> Run:
    run = finished(passing())
    assert run.stopped == "all 30 epochs are done"
    return run


def end_by_hand() -> Run:
    run = passing()
    for _ in range(20):
        next(run)
    return run.finish()


def end_by_another_thread() -> Run:
    def ask() -> float:
        thread = threading.Thread(target=run.request_stop, args=("enough",))
        thread.start()
        thread.join()
        return 1.0

    run = passing(optimizer=hooked(31, ask))
    finished(run)
    assert run.stopped == "enough"
    assert run.history[-1].rows == 4 and run.history[-1].epoch == 16  # the step then running
    return run


def end_by_interrupt() -> Run:
    def interrupt() -> float:
        raise KeyboardInterrupt

    with pytest.warns(InterruptWarning, match="training ended: it was interrupted in epoch 16"):
        return descend(
            NET, X, Y, X_val=X_VAL, y_val=Y_VAL, theta=[0.0], l2=0.01, batch_size=4, epochs=30,
            optimizer=hooked(32, interrupt), engine="reference",
        )  # fmt: skip


def end_by_divergence() -> Run:
    with pytest.warns(DivergenceWarning):
        run = finished(passing(optimizer=hooked(32, lambda: float("inf"))))
    assert run.divergence.epoch == 16
    return run


@pytest.mark.parametrize(
    "end",
    [
        end_by_patience,
        end_by_epochs,
        end_by_hand,
        end_by_another_thread,
        end_by_interrupt,
        end_by_divergence,
    ],
)
def test_the_best_weights_are_restored_however_it_ends(end):
    epoch, theta = best_of()
    run = end()
    assert 3 <= epoch < len(run.history)
    assert run.history.best.epoch == epoch
    assert run.theta.tobytes() == theta.tobytes() == run.best_theta.tobytes()


@every_engine
def test_the_best_of_epochs_that_hardly_differ_is_the_best(engine):
    slow = {"optimizer": SGD(0.002), "epochs": 500, "engine": engine}
    epoch, theta = best_of(**slow)
    run = finished(passing(**slow))
    assert run.theta.tobytes() == theta.tobytes()
    best, after = run.history[epoch - 1 : epoch + 1].column("validation_error")
    assert best < after < best + 1e-4


def test_the_time_budget_ends_it_after_the_step_then_running(monkeypatch):
    """With a clock that ticks once for each look at it."""
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    for module in ("descent.motion", "descent.limits", "engines.protocol"):
        monkeypatch.setattr(f"fallline.{module}.time", clock)
    epoch, theta = best_of()
    run = finished(passing(time_budget=60))
    assert run.stopped == "the time budget of 60 s is spent"
    assert epoch < len(run.history) < 30
    assert run.theta.tobytes() == theta.tobytes()
    assert sum(e.seconds for e in run.history) == pytest.approx(60, abs=5)


@every_engine
def test_a_time_budget_of_nothing_takes_no_step(engine):
    run = finished(passing(time_budget=0, engine=engine))
    assert run.stopped == "the time budget of 0 s is spent"
    assert run.theta.tolist() == [0.0] and len(run.history) == 0


@every_engine
def test_best_weights_are_left_alone_where_the_plan_says_so(engine):
    run = finished(passing(restore_best=False, patience=3, engine=engine))
    epoch, theta = best_of(engine=engine)
    assert run.theta > theta and len(run.history) == epoch + 3
    assert run.best_theta.tobytes() == theta.tobytes()


@every_engine
def test_without_validation_it_ends_with_the_last_weights(engine):
    run = make(engine=engine)
    while run.stopped is None:
        last = run.theta
        next(run, None)
    np.testing.assert_array_equal(run.theta, run.best_theta)
    assert (run.theta != last).any()


@every_engine
def test_a_request_before_the_start_and_between_epochs(engine):
    run = make(engine=engine)
    run.request_stop()
    assert next(run, None) is None and run.stopped == "it was asked to stop"
    run = make(engine=engine)
    next(run)
    run.request_stop("seen enough")
    assert next(run, None) is None and run.stopped == "seen enough" and len(run.history) == 1
    one = make(engine=engine)
    next(one)
    np.testing.assert_array_equal(run.theta, one.theta)


@every_engine
def test_target_and_tolerance_end_it(engine):
    run = finished(make(engine=engine, epochs=500, target=0.05))
    assert "reached the target 0.05" in run.stopped
    errors = run.history.column("error")
    assert errors[-1] <= 0.05 < min(errors[:-1])
    run = finished(make(engine=engine, epochs=500, tolerance=1e-3, tolerance_epochs=3))
    assert "fell by less than 0.001 over 3 epochs" in run.stopped and len(run.history) < 500


@every_engine
def test_no_epochs_leave_the_start_weights(engine):
    run = finished(make(engine=engine, epochs=0))
    assert run.stopped == "all 0 epochs are done" and not run.history
    assert run.step() is None
    assert_same(run, finished(make(engine=engine, epochs=0)))


def test_an_interrupted_run_can_go_on():
    """Ctrl-C within an epoch keeps its steps so far."""
    armed = [True]

    def interrupt() -> float:
        if armed.pop() if armed else False:
            raise KeyboardInterrupt
        return 1.0

    run = passing(optimizer=hooked(10, interrupt))
    with pytest.raises(KeyboardInterrupt):
        finished(run)
    assert run.stopped is None and run.position == (5, 4)
    assert_same(finished(run), finished(passing(optimizer=hooked(10, lambda: 1.0))))


@every_engine
def test_a_stopped_run_goes_on_from_a_snapshot(engine):
    run = make(engine=engine)
    next(run)
    snapshot = run.snapshot()
    run.request_stop()
    assert next(run, None) is None
    run.restore(snapshot)
    assert_same(finished(run), finished(make(engine=engine)))


def test_finishing_twice_keeps_the_first_reason():
    run = make()
    assert run.finish("first") is run and run.finish("second").stopped == "first"
