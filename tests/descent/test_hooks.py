"""What a caller gives a run of its own: the order of rows, and functions that are told of it."""

import numpy as np
import pytest
from tests.descent.runs import NET, SETTINGS, TRAINING, VALIDATED, assert_same, finished, make
from tests.networks import start

from fallline.data.order import RowOrder
from fallline.descent import Run, descend, descend_many, resume
from fallline.engines.registry import ENGINES
from fallline.errors import DivergenceWarning, SpecError
from fallline.formulas.optimizers import LBFGS, SGD
from fallline.spec.network import Network

every_engine = pytest.mark.parametrize("engine", ENGINES)
N = 10


class Drawn:
    """An order that shuffles one array in place, epoch after epoch, and keeps what it gave."""

    def __init__(self, seed: int = 0) -> None:
        self._rng, self._at = np.random.default_rng(seed), np.arange(N)
        self.given: list[list[int]] = []

    def epoch(self, k: int) -> np.ndarray:
        assert k == len(self.given) + 1  # in turn, and once each
        self._rng.shuffle(self._at)
        self.given.append(self._at.tolist())
        return self._at


def taken(run: Run) -> list[list[int]]:
    """Return the rows of each epoch, from its single steps."""
    epochs: dict[int, list[int]] = {}
    while (step := run.step()) is not None:
        epochs.setdefault(step.epoch, []).extend(step.order.tolist())
    return list(epochs.values())


# An order of the caller's own.


@every_engine
def test_the_rows_come_in_the_order_that_was_given(engine):
    order = Drawn()
    assert taken(make(engine=engine, order=order)) == order.given
    assert len(order.given) == 4 and order.given[0] != order.given[1]
    assert_same(finished(make(engine=engine, order=RowOrder(N, 5))), finished(make(engine=engine)))


@pytest.mark.parametrize("record", [None, "steps", "epochs"])
@every_engine
def test_an_order_with_a_state_is_asked_once_an_epoch(engine, record):
    """Pauses, single steps and stepping back within an epoch draw nothing."""
    through = finished(make(engine=engine, order=Drawn()))
    run = make(engine=engine, order=Drawn(), record=record)
    run.step(), run.step()
    if record == "steps":
        assert run.step_back() and run.step_back()
    if record == "epochs":
        assert run.step_back() and run.position == (1, 0)
    snapshot = run.snapshot()
    next(run)
    run.step()
    within = run.snapshot()
    run.step()
    run.restore(within)
    assert_same(finished(run), through)
    assert snapshot.progress.history == through.history[:0]


@every_engine
def test_rows_may_come_twice_or_not_at_all(engine):
    class Twice:
        def epoch(self, k):
            return [0, 1] * (N // 2)

    run = descend(NET, TRAINING.X, TRAINING.Y, order=Twice(), theta=start(NET), engine=engine)
    pair = Run(
        NET, TRAINING.X[[0, 1] * 5], TRAINING.Y[[0, 1] * 5], theta=start(NET), shuffle=False,
        engine=engine,
    )  # fmt: skip
    assert run.theta.tobytes() == finished(pair).theta.tobytes()


def test_a_run_with_a_pure_order_is_resumed_with_it(tmp_path):
    path = tmp_path / "run.ckpt"
    run = make(order=RowOrder(N, 77))
    for _ in range(6):
        run.step()
    run.save_checkpoint(path)
    given = {"sample_weight": TRAINING.weights, "order": RowOrder(N, 77)}
    assert_same(finished(resume(path, TRAINING.X, TRAINING.Y, **given)), finished(run))
    other = resume(path, TRAINING.X, TRAINING.Y, sample_weight=TRAINING.weights)
    assert (finished(other).theta != run.theta).any()


def test_several_descents_share_the_order_and_differ_in_their_start():
    options = {"seeds": 2, "theta": start(NET), "epochs": 2, "batch_size": 2}
    one, other = descend_many(NET, TRAINING.X, TRAINING.Y, order=RowOrder(N, 9), **options)
    assert one.theta.tobytes() == other.theta.tobytes()  # but for their order they are equal
    one, other = descend_many(NET, TRAINING.X, TRAINING.Y, **options)
    assert (one.theta != other.theta).any()


@pytest.mark.parametrize(
    ("positions", "what"),
    [
        (range(9), r"an array of int64 of shape \(9,\)"),
        (np.arange(10.0), r"an array of float64 of shape \(10,\)"),
        (np.ones(10, bool), "an array of bool"),
        (np.arange(10)[:, None], r".* of shape \(10, 1\)"),
        (range(1, 11), "positions from 1 to 10"),
        (range(-1, 9), "positions from -1 to 8"),
    ],
)
def test_an_order_of_other_rows_is_refused(positions, what):
    class Wrong:
        def epoch(self, k):
            return positions

    run = make(order=Wrong())
    with pytest.raises(SpecError, match=f"10 whole numbers from 0 to 9 .* epoch 1 it gave {what}"):
        next(run)


@pytest.mark.parametrize("order", [3, [0, 1], np.arange(N)])
def test_what_is_no_order_is_refused(order):
    with pytest.raises(SpecError, match=r"order must have a method epoch\(k\)"):
        make(order=order)


# A function that is told of every step.


@every_engine
def test_on_steps_is_told_every_step_and_its_rows(engine):
    told, run = [], make(engine=engine, record="steps")
    stepped = make(engine=engine)
    whole = make(engine=engine, on_steps=lambda steps, order: told.append((steps, order)))
    finished(whole)
    assert len(told) == 4  # one call an epoch
    singles = list(iter(stepped.step, None))
    assert np.concatenate([steps.errors for steps, _ in told]).tolist() == [
        step.error for step in singles
    ]
    rows = np.concatenate([order[: steps.rows] for steps, order in told])
    assert rows.tolist() == np.concatenate([step.order for step in singles]).tolist()
    assert_same(whole, finished(run))


@every_engine
def test_errors_without_penalty_follow_from_the_steps(engine):
    """Σ s (J − R) / Σ s over an epoch whose steps do not move θ is E of all the rows."""
    told = []
    still = {"optimizer": SGD(1e-300), "epochs": 1, "l2": 0.7, "alpha": 0.3, "l1": 0.1}
    run = make(engine=engine, on_steps=lambda steps, _: told.append(steps), **still)
    finished(run)
    (steps,) = told
    E = (steps.weights @ (steps.errors - steps.penalties)) / steps.weights.sum()
    bare = make(engine=engine, **dict.fromkeys(("l2", "alpha", "l1"), 0.0), batch_size=None)
    assert pytest.approx(bare.error_at_end(), rel=1e-13) == E
    assert (steps.penalties[steps.weights > 0] > 0).all()


@every_engine
def test_on_steps_sees_what_a_stop_left_undone(engine):
    told = []
    run = make(engine=engine, batch_size=1, on_steps=lambda *found: told.append(found))
    run.request_stop()  # read before the first step
    assert run.step() is None
    (steps, order), = told  # fmt: skip
    assert (steps.rows, len(order), len(steps.errors)) == (0, 1, 0)


@every_engine
def test_on_steps_may_end_the_run(engine):
    def enough(steps, order):
        if run.position == (2, N):
            raise StopIteration("the second epoch was enough")

    run = make(engine=engine, on_steps=enough, **VALIDATED)
    other = make(engine=engine, **VALIDATED, epochs=2)
    assert len(list(run)) == 2 and run.stopped == "the second epoch was enough"
    assert run.history == finished(other).history
    assert run.theta.tobytes() == other.theta.tobytes()
    silent = make(engine=engine, on_steps=lambda *_: next(iter(())))
    assert len(finished(silent).history) == 1 and silent.stopped == "on_steps ended it in epoch 1"


def test_after_an_error_in_on_steps_the_run_can_go_on():
    armed = [True]

    def fail_once(steps, order):
        if armed and armed.pop():
            raise RuntimeError("no disk")

    run = make(on_steps=fail_once)
    with pytest.raises(RuntimeError, match="no disk"):
        next(run)
    assert run.position == (1, N)
    assert_same(finished(run), finished(make()))


def test_on_steps_is_not_told_of_what_diverged():
    told = []
    with pytest.warns(DivergenceWarning):
        descend(
            Network.parse("1 -> 1 nobias"), [[1.0]] * 6, [0.0] * 6, loss="sse", theta=[1.0],
            optimizer=SGD(1e160), batch_size=1, on_steps=lambda *found: told.append(found),
        )  # fmt: skip
    assert not told


def test_what_is_no_function_of_steps_is_refused():
    with pytest.raises(SpecError, match="on_steps must be a function of Steps and an order, not 3"):
        make(on_steps=3)


# Reasons of callbacks.


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (StopIteration("the loss is low enough"), "the loss is low enough"),
        (StopIteration(), "a callback ended it after epoch 2"),
        (StopIteration(""), "a callback ended it after epoch 2"),
        (StopIteration, "a callback ended it after epoch 2"),
    ],
)
def test_a_callback_may_say_why_it_ends_the_run(raised, reason):
    def end(epoch):
        if epoch.epoch == 2:
            raise raised

    run = finished(make(callbacks=[end, lambda epoch: None]))
    assert (run.stopped, len(run.history)) == (reason, 2)


# Going on with other rows.


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adam"},
        {"optimizer": SGD(0.05, momentum=0.9)},
        {"optimizer": "adam", "dropout": 0.4, "schedule": "exponential(factor=0.9)"},
    ],
    ids=str,
)
@every_engine
def test_a_run_goes_on_from_the_state_of_one_on_other_rows(engine, changes):
    """The first 6 rows and then the last 4, as one run over all of them in this order does."""
    options = {**SETTINGS, **changes, "engine": engine, "shuffle": False, "batch_size": 2}
    whole = Run(NET, TRAINING.X, TRAINING.Y, theta=start(NET), **options)
    next(whole)
    first = Run(NET, TRAINING.X[:6], TRAINING.Y[:6], theta=start(NET), **options | {"epochs": 1})
    finished(first)
    kept = first.snapshot()
    then = Run(NET, TRAINING.X[6:], TRAINING.Y[6:], theta=first.theta, **options | {"epochs": 1})
    then.restore(anew(kept))
    finished(then)
    assert then.theta.tobytes() == whole.theta.tobytes()
    assert len(then.history) == 1 and then.history[0].epoch == 1 and then.history[0].steps == 5
    assert then.stopped == "its one epoch is done"
    for name, array in kept.arrays.items():
        np.testing.assert_array_equal(array, first.snapshot().arrays[name])


def anew(snapshot):
    from fallline.descent.progress import Progress, Snapshot

    progress = Progress(step=snapshot.progress.step)
    return Snapshot(snapshot.arrays, progress, snapshot.network, snapshot.plan)


def test_a_solver_counts_its_penalty_too():
    told = []
    run = make(
        optimizer=LBFGS(), batch_size=None, l2=0.7, l1=0.1, alpha=0.3, epochs=3,
        on_steps=lambda steps, _: told.append((steps, run.theta)),
    )  # fmt: skip
    before, total = run.theta, TRAINING.weights.sum()
    finished(run)
    for steps, after in told:
        w = before[NET.penalized]
        expected = 0.35 * w @ w + 0.1 * np.abs(w).sum() + 0.15 * w @ w / total
        assert steps.penalties.tolist() == [pytest.approx(expected, rel=1e-13)]
        assert steps.errors[0] > steps.penalties[0]
        before = after
