"""Many steps in one call: the bits and the records of any other way to take them."""

import numpy as np
import pytest
from tests.descent.runs import SETTINGS, VALIDATED, assert_same, finished, line, make

from fallline.descent import Run
from fallline.descent.checkpoint import read_checkpoint
from fallline.errors import SpecError
from fallline.formulas.optimizers import SGD
from fallline.spec.network import Network

KINDS = {
    "plain": {},
    "of constant rate": {"optimizer": SGD(0.01), "batch_size": 2},
    "full batch": {"batch_size": None},
    "validated": VALIDATED,
    "scheduled": {"schedule": "cosine"},
    "noisy": {"input_noise": 0.1},
    "reference": {"engine": "reference"},
    "solver": {"optimizer": "lbfgs", "batch_size": None},
    "recorded": {"record": "steps"},
    "recorded by epochs": {"record": "epochs"},
}
NET = Network.parse("2 -> 3 tanh -> 1")


def small(**changes):
    rows = np.random.default_rng(3)
    X = rows.normal(size=(7, 2))
    settings = {"optimizer": "adam", "batch_size": 2, "epochs": 300, "seed": 4} | changes
    return Run(NET, X, X[:, :1] * X[:, 1:], **settings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [(1,) * 9, (5, 4), (3, 0, 6), (9,)])
def test_many_steps_are_as_many_single_steps(kind, cuts):
    one, many = make(**KINDS[kind]), make(**KINDS[kind])
    taken = [one.step() for _ in range(sum(cuts))]
    assert sum(many.advance(count) for count in cuts) == len([*filter(None, taken)])
    assert_same(many, one)
    assert [e.gradient_norm for e in many.history] == [e.gradient_norm for e in one.history]


@pytest.mark.parametrize("kind", KINDS)
def test_all_steps_are_all_epochs(kind):
    run, other = make(**KINDS[kind]), finished(make(**KINDS[kind]))
    while run.advance(7):
        pass
    assert run.stopped == other.stopped is not None
    assert_same(run, other)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 399, 400, 401, 1199])
def test_several_epochs_in_one_call_stop_exactly(count):
    """Where the core takes many epochs at once, an epoch being 4 steps."""
    run, other = small(), small()
    assert run.advance(count) == count == run.steps_taken
    for _ in range(count):
        other.step()
    assert_same(run, other)


def test_without_limits_it_goes_to_the_end():
    run = small()
    assert run.advance() == 1200
    assert run.stopped == "all 300 epochs are done"
    assert run.advance() == run.advance(5) == 0


def test_time_ends_it_between_two_steps_and_nothing_is_lost():
    run, other = small(epochs=10**6), small(epochs=10**6)
    while run.steps_taken < 50:
        run.advance(seconds=0.0005)
    other.advance(run.steps_taken)
    assert_same(run, other)


def test_no_time_is_no_step():
    run = small()
    assert run.advance(seconds=0) == run.advance(steps=0) == 0
    assert run.steps_taken == 0 and not run.history


def test_it_ends_where_the_descent_diverges():
    X, Y = line()
    run = Run(Network.parse("1 -> 1"), X, Y, optimizer=SGD(1e9), batch_size=4, epochs=10**4)
    with pytest.warns(match="diverged"):
        taken = run.advance()
    assert taken == run.steps_taken and run.divergence is not None
    assert np.isfinite(run.theta).all()


def test_a_request_ends_it():
    run = small(callbacks=[lambda epoch: run.request_stop("enough") if epoch.epoch == 3 else None])
    run.advance(100)
    assert run.stopped == "enough"
    assert run.steps_taken < 100


def test_checkpoints_are_written_on_the_way_but_not_where_time_ended_it(tmp_path):
    path = tmp_path / "run.ckpt"
    run = small(checkpoint=path, checkpoint_every="10 steps")
    run.advance(9)
    run.advance(seconds=0)
    assert not path.exists()
    run.advance(4)
    assert read_checkpoint(path).snapshot.progress.step == 10


def test_hooks_see_every_step():
    seen = []
    run = small(on_steps=lambda steps, order: seen.extend(steps.errors.tolist()))
    run.advance(11)
    assert len(seen) == 11


@pytest.mark.parametrize("wrong", [{"steps": -1}, {"steps": 1.5}, {"steps": True},
                                   {"seconds": -1.0}, {"seconds": float("nan")},
                                   {"seconds": "1"}])  # fmt: skip
def test_limits_that_are_none_are_refused(wrong):
    with pytest.raises(SpecError, match=f"{next(iter(wrong))} must be a"):
        small().advance(**wrong)


def test_it_may_follow_single_examples():
    run, other = make(**SETTINGS), make(**SETTINGS)
    run.step(1)
    run.advance(6)
    other.step(1)
    for _ in range(6):
        other.step()
    assert_same(run, other)
