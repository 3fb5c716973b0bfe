"""Back and on in the past of a descent, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.descent import Run
from fallline.descent.changing import gone_back
from fallline.errors import SpecError
from fallline.formulas.optimizers import SGD, Adam
from fallline.spec.network import Network
from fallline.studio.thinned import Thinned
from fallline.studio.timeline import Changed, Timeline, Took

NET = Network.parse("2 -> 3 tanh -> 1")
ROWS = np.random.default_rng(1).normal(size=(10, 2))
PLANS = [
    {"optimizer": Adam(0.01)},
    {"optimizer": SGD(0.05, momentum=0.9)},
    {"batch_size": 2},
    {"l2": 0.1, "schedule": "cosine"},
    {"learning_rate": 0.003},
]


def fresh(**changes):
    plan = {"optimizer": SGD(0.1, momentum=0.5), "batch_size": 3, "epochs": 500, "seed": 2}
    return Run(NET, ROWS, ROWS[:, :1] * ROWS[:, 1:], **{**plan, **changes})


def state(run):
    """Return everything of a run, to the last bit."""
    snapshot = run.snapshot()
    arrays = {name: array.tobytes() for name, array in snapshot.arrays.items()}
    return arrays, run.history, run.position, run.plan


def lived(actions, most=16):
    """Return a timeline after some actions, and the state after each of its steps."""
    past, twin = Timeline(fresh(), most=most), fresh()
    states = {0: state(twin)}
    for kind, number in actions:
        if kind == "change":
            changed = twin.changed(**PLANS[number % len(PLANS)])
            past.change(changed.plan)
            twin = changed
        else:
            for _ in range(number):
                twin.step(1 if kind == "example" else None)
                states[twin.steps_taken] = state(twin)
            if kind == "go":
                past.go(number)
            else:
                for _ in range(number):
                    past.take(1 if kind == "example" else None)
        states[twin.steps_taken] = state(twin)
    return past, states


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["go", "take", "example", "change"]), st.integers(0, 7)), max_size=12
)


@settings(deadline=None, max_examples=40)
@given(ACTIONS, st.lists(st.integers(0, 100), max_size=8))
def test_every_step_is_found_again_whatever_was_done(actions, places):
    past, states = lived(actions)
    end = past.end
    for place in [*places, end]:
        step = min(place, end)
        taken = past.seek(step)
        assert state(past.run) == states[step]
        assert (past.step, past.end) == (step, end)
        if step:
            assert taken.record.step == taken.step.step == step
            before, after = (states[each][0]["theta"] for each in (step - 1, step))
            assert taken.step.before["theta"].tobytes() == before
            assert taken.step.theta_after.tobytes() == after
        else:
            assert taken is None


@settings(deadline=None, max_examples=20)
@given(ACTIONS, st.integers(0, 40), ACTIONS)
def test_what_is_done_after_going_back_is_as_if_nothing_had_come_after(actions, place, more):
    past, _ = lived(actions)
    step = min(place, past.end)
    past.seek(step)
    kept = past.journal
    again = Timeline(gone_back(past.run, past.run.snapshot()))
    for each in (past, again):
        for kind, number in more:
            if kind == "change":
                each.change(each.run.changed(**PLANS[number % len(PLANS)]).plan)
            else:
                each.go(number) if kind == "go" else each.take(1 if kind == "example" else None)
    assert state(past.run) == state(again.run)
    assert past.journal[: len(kept)] == kept
    if any(kind == "change" or number or kind != "go" for kind, number in more):
        assert past.end == past.step


def test_few_states_are_kept_of_many_steps():
    past, twin = Timeline(fresh(epochs=10**5), most=20), fresh(epochs=10**5)
    for _ in range(300):
        past.go(97)
        past.take()
    assert len(past._keyframes) <= 20 and past._keyframes[0].progress.step == 0
    for step in (29_400, 29_399, 15_000, 1, 29_000, 0):
        past.seek(step)
        twin = fresh(epochs=10**5)
        twin.advance(step)
        assert past.run.theta.tobytes() == twin.theta.tobytes()
    assert len(past._keyframes) <= 20


def test_memory_bounds_how_many_are_kept():
    size = sum(array.nbytes for array in fresh().snapshot().arrays.values())
    past = Timeline(fresh(), most_bytes=12 * size)
    for _ in range(100):
        past.take()
    assert len(past._keyframes) == 12


def test_the_last_step_is_told_again_without_moving():
    past = Timeline(fresh())
    past.go(9)
    before = state(past.run)
    taken = past.relive()
    assert taken.step.step == 9 and state(past.run) == before
    assert Timeline(fresh()).relive() is None


def test_a_descent_that_ended_is_as_it_was_when_it_is_reached_again():
    past = Timeline(fresh(epochs=3))
    past.go()
    ended = state(past.run), past.run.stopped
    past.seek(4)
    assert past.run.stopped is None
    past.seek(past.end)
    assert (state(past.run), past.run.stopped) == ended


def test_a_solver_goes_back_too():
    past = Timeline(fresh(optimizer="lbfgs", batch_size=None))
    thetas = []
    for _ in range(6):
        past.take()
        thetas.append(past.run.theta.tobytes())
    past.seek(3)
    assert past.run.theta.tobytes() == thetas[2]


def test_the_journal_tells_what_was_done_beside_plain_steps():
    past = Timeline(fresh())
    past.go(2)
    past.take(1)
    plan = past.run.changed(learning_rate=0.01).plan
    past.change(plan)
    past.go(3)
    assert past.journal == (Took(3, 1), Changed(3, plan))
    past.seek(2)
    assert past.journal == ()
    past.seek(3)
    assert past.journal == (Took(3, 1), Changed(3, plan))


def test_a_change_that_cannot_be_leaves_all_as_it_was():
    past = Timeline(fresh())
    past.go(8)
    past.seek(5)
    with pytest.raises(SpecError):
        past.change(fresh(loss="sse").plan)
    assert (past.step, past.end, past.journal) == (5, 8, ())


def test_steps_that_are_not_known_are_refused():
    past = Timeline(fresh())
    past.go(4)
    for step in (-1, 5):
        with pytest.raises(SpecError, match="knows its steps 0 to 4"):
            past.seek(step)


def test_a_replay_that_is_not_wanted_any_more_is_left():
    past = Timeline(fresh(epochs=10**6))
    past.go(1000)
    assert past.seek(500, wanted=lambda: False) is None
    assert past.step < 500
    past.seek(500)
    assert past.step == 500


# What is kept, thinned.


@given(st.integers(4, 60), st.lists(st.integers(1, 50), min_size=1, max_size=300))
def test_never_more_than_so_many_are_kept_and_both_ends_are(most, gaps):
    kept = Thinned(most)
    steps = np.cumsum(gaps).tolist()
    for step in steps:
        kept.add(step, step)
        assert len(kept) <= most
        assert kept.items == kept.steps == sorted(set(kept.steps))
        assert (kept.steps[0], kept.steps[-1]) == (steps[0], step)


def test_the_beginning_is_kept_more_densely():
    kept = Thinned(100)
    for step in range(10_000):
        kept.add(step, None)
    gaps = np.diff(kept.steps[:-20])
    assert gaps[:10].mean() < gaps[-10:].mean() / 3
    assert kept.upto(50)[-1] is None and not kept.add(3, None)


def test_a_cut_forgets_what_came_after():
    kept = Thinned(10)
    for step in range(8):
        kept.add(step, step)
    kept.cut(4)
    assert kept.items == [0, 1, 2, 3, 4]
    assert kept.upto(2) == [0, 1, 2]
