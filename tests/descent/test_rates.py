"""Schedules and readable state through a run."""

import json

import numpy as np
import pytest
from tests.descent.runs import NET, VALIDATED, assert_same, finished, make
from tests.networks import network

from fallline.descent import Run
from fallline.engines.registry import ENGINES
from fallline.errors import SpecError
from fallline.formulas.optimizers import LBFGS, OPTIMIZERS, SGD, Adam
from fallline.formulas.schedules import SCHEDULES, Clock, Schedule
from fallline.spec.network import Network
from fallline.spec.plan import Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
LOOKING_BACK = [
    "plateau(factor=0.5, patience=0, threshold=0.5)",
    "adaptive(patience=0, tolerance=1.0)",
]
every_schedule = pytest.mark.parametrize(
    "name", [*SCHEDULES, *LOOKING_BACK, "warmup(length=5, then='plateau(patience=0)')"]
)


def rates_seen(run) -> list[float]:
    found = []
    while (step := run.step()) is not None:
        found.append(step.learning_rate)
    return found


@every_engine
def test_each_step_has_the_rate_of_its_number(engine):
    run = make(engine=engine, schedule="polynomial")
    expected = [0.05 * (1 - t / 16) for t in range(16)]
    assert rates_seen(run) == pytest.approx(expected)
    last = [0.05 * (1 - t / 16) for t in (3, 7, 11, 15)]
    assert run.history.column("learning_rate") == pytest.approx(last)


def test_a_function_of_the_step_is_asked_for_each():
    run = make(schedule=lambda step: 0.1 / (step + 1))
    assert rates_seen(run) == pytest.approx([0.1 / (t + 1) for t in range(16)])


def test_a_schedule_that_takes_arrays_is_asked_once_an_epoch():
    asked = []

    def halved(eta, clock):
        asked.append(clock)
        return eta / 2**clock.epoch

    one_an_epoch = Schedule("halved", "eta/2**t", halved, takes_arrays=True)
    run = finished(make(schedule=one_an_epoch))
    assert [(clock.epoch, list(clock.step)) for clock in asked if len(clock.step) > 1] == [
        (k, list(range(4 * k, 4 * k + 4))) for k in range(4)
    ]
    each = finished(make(schedule=Schedule("halved", "eta/2**t", halved)))
    assert_same(run, each)
    assert run.history.column("learning_rate") == [0.05 / 2**k for k in range(4)]


def test_the_rates_reach_the_weights():
    """A rate of 0 after the first step leaves plain descent where it is."""
    run, one = (
        make(optimizer=SGD(0.05), schedule=lambda t: 0.05 if t == 0 else 0.0),
        make(optimizer=SGD(0.05)),
    )
    one.step()
    np.testing.assert_array_equal(finished(run).theta, one.theta)


def test_those_that_look_back_change_between_epochs():
    run = make(epochs=6, schedule=LOOKING_BACK[0], **VALIDATED)
    rates = rates_seen(run)
    assert rates == sorted(rates, reverse=True) and len(set(rates)) > 2
    expected = []
    for epoch in range(6):
        seen = tuple(run.history.column("validation_error")[:epoch])
        rate = SCHEDULES[LOOKING_BACK[0]].rate(0.05, Clock(errors=seen))
        expected += [rate] * 4
    assert rates == expected


def test_without_validation_they_look_at_the_training_error():
    run = finished(make(epochs=6, schedule="adaptive(patience=0, tolerance=100.0)"))
    # After the first, no epoch is better by 100.
    expected = [0.05, 0.05, *(0.05 / 5**k for k in range(1, 5))]
    assert run.history.column("learning_rate") == pytest.approx(expected)


@every_schedule
def test_pauses_resuming_and_stepping_back_keep_the_rates(name, tmp_path):
    changes = {"schedule": name, "epochs": 6, **VALIDATED}
    through = finished(make(**changes))
    run = make(record="steps", **changes)
    for _ in range(11):
        run.step()
    snapshot = run.snapshot()
    for _ in range(7):
        assert run.step_back()
    assert_same(finished(run), through)
    other = make(**changes)
    other.restore(snapshot)
    assert_same(finished(other), through)


@every_schedule
def test_a_plan_with_a_schedule_is_json_and_back(name):
    plan = Plan(schedule=name)
    assert plan.schedule == SCHEDULES[name].name
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert Plan(schedule=SCHEDULES[name]) == plan


def test_a_function_is_refused_where_a_plan_is_saved():
    def warm(step: int) -> float:
        return 0.1

    own = Schedule("mine", "eta/2", lambda eta, clock: eta / 2)
    for schedule, name in ((warm, "warm"), (own, "mine")):
        plan = Plan(schedule=schedule)
        with pytest.raises(SpecError, match=f"the schedule {name} is a Python function, which no"):
            plan.to_json()
    assert finished(make(schedule=own)).history[0].learning_rate == 0.025


# The optimizer's state, weight by weight.


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
@every_engine
def test_the_state_of_every_weight_can_be_read(engine, kind):
    run = make(engine=engine, optimizer=kind())
    for _ in range(3):
        run.step()
    state, kept = run.optimizer_state(), run.snapshot().arrays
    assert {"theta", "effective_rate"} <= state.arrays.keys()
    assert all(array.shape == (NET.size,) for array in state.arrays.values())
    assert all(np.isfinite(array).all() for array in state.arrays.values())
    for name, array in state.arrays.items():
        if name not in ("theta", "effective_rate"):
            np.testing.assert_array_equal(array, kept[f"optimizer.{name}"])
    table = state.table()
    assert list(table) == [NET.name(index) for index in range(NET.size)]
    name = NET.name(2)
    assert state[name] == table[name] and table[name]["theta"] == run.theta[2]
    assert str(state).count("\n") == NET.size and name in str(state)


def test_the_effective_rate_of_adam_is_the_textbooks():
    run = make(optimizer=Adam(0.01))
    for _ in range(3):
        run.step()
    state = run.optimizer_state()
    corrected = state.arrays["mean_square"] / (1 - 0.999**3)
    np.testing.assert_allclose(
        state.arrays["effective_rate"], 0.01 / (np.sqrt(corrected) + 1e-8), rtol=1e-12
    )
    assert state.scalars == {"t": 3.0}


def test_what_may_not_move_has_no_rate_and_before_the_first_step_there_is_none():
    net = network("frozen")
    held = net.frozen | net.masked
    run = make(net, optimizer=Adam(0.01), theta=None)
    before = run.optimizer_state().arrays["effective_rate"]
    assert (before[held] == 0).all() and np.isnan(before[~held]).all()
    run.step()
    after = run.optimizer_state().arrays["effective_rate"]
    assert (after[held] == 0).all() and (after[~held] > 0).all()


def test_a_solvers_state_can_be_read_too():
    run = make(optimizer=LBFGS(), batch_size=None)
    next(run), next(run)
    state = run.optimizer_state()
    assert state.arrays.keys() == {"theta", "gradient"} and state.scalars["kept"] == 2


def test_a_table_of_many_is_refused_but_single_weights_are_told():
    net = Network.parse("10 -> 1000 relu -> 1")
    run = Run(net, np.ones((4, 10)), np.ones(4), optimizer="adam")
    run.step()
    state = run.optimizer_state()
    with pytest.raises(SpecError, match="at most 10000 parameters, but the network has 12001"):
        state.table()
    assert state["b[output.0]"]["effective_rate"] > 0
