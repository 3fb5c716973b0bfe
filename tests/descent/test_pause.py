"""Pausing, single steps, stepping back: none of them changes a bit of what comes after."""

import json

import numpy as np
import pytest
from tests.descent.runs import SETTINGS, TRAINING, VALIDATED, assert_same, finished, make

from fallline.descent import Run
from fallline.engines.registry import ENGINES
from fallline.errors import SpecError
from fallline.formulas.optimizers import OPTIMIZERS

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_optimizer = pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)


@every_optimizer
@every_engine
def test_steps_and_epochs_may_be_mixed(engine, kind):
    changes = {"engine": engine, "optimizer": kind(learning_rate=0.01), "metrics": ["r2"]}
    whole, mixed = finished(make(**changes, **VALIDATED)), make(**changes, **VALIDATED)
    mixed.step()
    next(mixed)
    for _ in range(4):
        mixed.step()
    assert mixed.position == (3, 0)
    mixed.step(), mixed.step()
    finished(mixed)
    assert_same(mixed, whole)


@pytest.mark.parametrize("record", ["steps", "epochs"])
@every_engine
def test_recording_changes_nothing(engine, record):
    assert_same(finished(make(engine=engine, record=record)), finished(make(engine=engine)))


@pytest.mark.parametrize("cut", [0, 1, 3, 4, 6])
@every_engine
def test_a_snapshot_goes_on_in_another_run(engine, cut):
    """Saved to arrays and JSON-able progress after some steps, restored in a fresh run."""
    first = make(engine=engine, **VALIDATED)
    for _ in range(cut):
        first.step()
    snapshot = first.snapshot()
    kept = {name: array.copy() for name, array in snapshot.arrays.items()}
    other = make(engine=engine, theta=np.zeros(first.network.size), **VALIDATED)
    next(other)
    finished(first)
    other.restore(snapshot)
    assert_same(finished(other), first)
    for name, array in snapshot.arrays.items():
        np.testing.assert_array_equal(array, kept[name])  # neither run wrote into it


@every_engine
def test_stepping_back_by_steps_undoes_them_one_by_one(engine):
    run = make(engine=engine, record="steps", **VALIDATED)
    before = []
    for _ in range(7):  # over the end of an epoch
        before.append(make(engine=engine, record="steps", **VALIDATED))
        before[-1].restore(run.snapshot())
        run.step()
    through = finished(make(engine=engine, **VALIDATED))
    for expected in reversed(before):
        assert run.step_back()
        assert_same(run, expected)
    assert not run.step_back() and run.position == (1, 0)
    assert_same(finished(run), through)


@every_engine
def test_stepping_back_by_epochs_undoes_them_with_their_history(engine):
    run = finished(make(engine=engine, record="epochs", **VALIDATED))
    through = finished(make(engine=engine, **VALIDATED))
    for epochs in (3, 2):
        assert run.step_back()
        assert (len(run.history), run.stopped) == (epochs, None)
    shorter = make(engine=engine, **VALIDATED)
    next(shorter), next(shorter)
    assert_same(run, shorter)
    assert_same(finished(run), through)


def test_only_as_many_states_are_kept_as_asked_for():
    run = make(record="steps", keep=2)
    for _ in range(3):
        run.step()
    assert [run.step_back(), run.step_back(), run.step_back()] == [True, True, False]
    assert run.position == (1, 3)


def test_stepping_back_without_record_says_how():
    with pytest.raises(SpecError, match="make the run with record='steps' or record='epochs'"):
        make().step_back()


@every_engine
def test_single_rows_are_steps_of_their_own(engine):
    """step(1) within a batch size of 3: the same as a run of batch size 1, row by row.

    The xla engine fills up the batch, and sums of another length may be rounded otherwise.
    """
    single, batches = make(engine=engine), make(engine=engine, batch_size=1)
    bits = engine != "xla"
    for _ in range(10):
        one, other = single.step(1), batches.step()
        assert one == other if bits else one.error == pytest.approx(other.error, rel=1e-12)
        np.testing.assert_array_equal(one.order, other.order)
    np.testing.assert_allclose(single.theta, batches.theta, rtol=0 if bits else 1e-12)
    assert single.history == batches.history or not bits
    assert len(single.history) == 1


def test_a_step_is_recorded():
    run = make()
    record = run.step()
    assert (record.step, record.epoch, record.learning_rate) == (1, 1, 0.05)
    np.testing.assert_array_equal(record.order, np.random.default_rng([5, 1]).permutation(10)[:3])
    assert run.step(2).step == 2 and run.position == (1, 5)
    assert len(run.step(99).order) == 3  # at most the batch size
    ragged = run.step()
    assert len(ragged.order) == 2 and run.position == (2, 0)
    assert ragged.error > 0 and ragged.gradient_norm > 0


@pytest.mark.parametrize("rows", [0, -1, 1.0, True, "1"])
def test_a_step_of_no_rows_is_refused(rows):
    with pytest.raises(SpecError, match="rows must be a whole number above 0"):
        make().step(rows)


def test_a_finished_run_takes_no_more_steps():
    run = finished(make(epochs=1))
    theta = run.theta
    assert run.step() is None and next(run, None) is None
    np.testing.assert_array_equal(run.theta, theta)


# The order of the rows.


def taken(run: Run, steps: int) -> list[int]:
    """Return the rows of some steps, one after the other."""
    return np.concatenate([run.step().order for _ in range(steps)]).tolist()


def test_each_epoch_takes_every_row_once_in_an_order_of_its_own():
    run = make()
    first, second = taken(run, 4), taken(run, 4)
    assert sorted(first) == sorted(second) == list(range(10)) and first != second


def test_the_order_depends_on_the_seed_alone():
    assert taken(make(batch_size=2), 5) == taken(make(theta=None), 4)
    assert taken(make(), 4) != taken(make(seed=6), 4)
    assert taken(make(shuffle=False), 8) == [*range(10), *range(10)]


def test_equal_arguments_give_equal_bits_and_other_seeds_do_not():
    drawn = {**SETTINGS, "theta": None}
    assert_same(finished(make(**drawn)), finished(make(**drawn)))
    assert (finished(make(**drawn)).theta != finished(make(**drawn | {"seed": 6})).theta).any()


def test_the_training_rows_are_not_written_to():
    copies = [array.copy() for array in TRAINING]
    finished(make())
    for array, copy in zip(TRAINING, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_history_of_a_run_is_json_without_loss():
    history = finished(make(**VALIDATED, metrics=["r2"])).history
    lines = [json.loads(text) for text in history.to_jsonl().splitlines()]
    assert [entry["error"] for entry in lines] == history.column("error")
