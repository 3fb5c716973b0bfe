"""How a run ends within an epoch, what may be restored, and where a warning points."""

import warnings

import numpy as np
import pytest
from tests.descent.runs import NET, TRAINING, VALIDATED, assert_same, finished, make

from fallline.descent import Run, descend
from fallline.engines.calls import predict
from fallline.engines.registry import ENGINES
from fallline.errors import DataError, DivergenceWarning, InterruptWarning, SpecError
from fallline.formulas.optimizers import SGD, Adam, NAdam
from fallline.spec.network import Network

every_engine = pytest.mark.parametrize("engine", ENGINES)


# An epoch within which the run ends is recorded with the rows that it had.


def by_hand(run: Run) -> str:
    run.step(), run.step()
    return run.finish("by hand").stopped


def by_request_then_step(run: Run) -> str:
    run.step(), run.step()
    run.request_stop("asked")
    assert run.step() is None
    return "asked"


def by_request_then_epoch(run: Run) -> str:
    run.step(), run.step()
    run.request_stop("asked")
    part = next(run)
    assert part == run.history[-1]
    return "asked"


@pytest.mark.parametrize("end", [by_hand, by_request_then_step, by_request_then_epoch])
@every_engine
def test_the_part_of_an_epoch_is_recorded_however_it_ends(engine, end):
    run, other = (make(engine=engine, **VALIDATED, error_at_end=True) for _ in range(2))
    next(run), next(other)
    reason = end(run)
    steps = [other.step(), other.step()]
    part = run.history[-1]
    assert (run.stopped, len(run.history), part.epoch, part.rows) == (reason, 2, 2, 6)
    assert part.steps == 6 and part.gradient_norm == np.mean([s.gradient_norm for s in steps])
    assert part.error_at_end == other.error_at_end()
    assert run.theta.tobytes() == run.best_theta.tobytes()
    assert run.step() is None and next(run, None) is None and len(run.history) == 2


@every_engine
def test_the_best_weights_may_be_those_of_a_part(engine):
    run = make(engine=engine, **VALIDATED)
    run.step()
    at_part = run.theta
    run.finish()
    assert len(run.history) == 1 and run.theta.tobytes() == at_part.tobytes()


@every_engine
def test_nothing_is_recorded_where_no_step_was_taken(engine):
    run = make(engine=engine)
    next(run)
    assert len(run.finish().history) == 1
    assert len(make(engine=engine, time_budget=0).history) == 0


def test_the_reason_of_a_part_is_its_own_also_in_the_last_epoch():
    run = make(epochs=1)
    run.step()
    assert run.finish("by hand").stopped == "by hand" and len(run.history) == 1


@every_engine
def test_an_interrupt_keeps_the_epochs_done(engine):
    """Epochs go to the engine whole: Ctrl-C after the second leaves two."""

    def tick(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning, match="interrupted in epoch 3"):
        run = descend(
            NET, TRAINING.X, TRAINING.Y, callbacks=[tick], epochs=5, batch_size=3, engine=engine
        )
    assert len(run.history) == 2


# What may be restored.


def other_network() -> Run:
    return make(Network.parse("3 -> 4 tanh -> 2"), theta=None)


def same_size_but_another_activation() -> Run:
    changed = Network.parse(str(NET).replace("tanh", "logistic"))
    assert changed.size == NET.size and changed != NET
    return make(changed)


RESTORED = [
    (other_network, r"is of the network 'input: 3 -> .*', but this run has '.*'"),
    (same_size_but_another_activation, "is of the network .*logistic.*, but this run has .*tanh"),
    (lambda: make(optimizer=Adam()), r"is of the optimizer Adam \(.*, t\), but this run has SGD"),
    (lambda: make(optimizer=SGD(0.1)), r"SGD \(no state\), but this run has SGD \(state: velocity"),
    (lambda: make(dtype=np.float32, theta=None), "is of float32 weights, but this run has float64"),
]


@pytest.mark.parametrize(("of", "message"), RESTORED)
def test_a_snapshot_of_another_run_is_refused(of, message):
    run, other = make(), of()
    next(run), next(other)
    before = run.snapshot()
    with pytest.raises(SpecError, match=f"the snapshot .*{message}") as caught:
        run.restore(other.snapshot())
    assert "\n" not in str(caught.value) and "restore it in a run made like its own" in str(caught)
    np.testing.assert_array_equal(run.theta, before.arrays["theta"])
    assert_same(finished(run), finished(make()))


def test_optimizers_with_equal_arrays_are_told_apart():
    run, other = make(optimizer=Adam()), make(optimizer=NAdam())
    with pytest.raises(SpecError, match=r"of the optimizer NAdam \(.*, but this run has Adam \("):
        run.restore(other.snapshot())


def test_a_snapshot_beyond_the_rows_is_refused():
    long, short = make(), Run(NET, TRAINING.X[:6], TRAINING.Y[:6], optimizer=SGD(0.1, momentum=0.9))
    for _ in range(3):
        long.step()
    with pytest.raises(SpecError, match="of 9 rows of an epoch, but an epoch of this run has 6"):
        short.restore(long.snapshot())


def test_settings_of_the_same_optimizer_may_change():
    slow, fast = make(), make(optimizer=SGD(0.5, momentum=0.5), epochs=9)
    next(slow)
    fast.restore(slow.snapshot())
    assert len(finished(fast).history) == 9


# Where a warning points.


HUGE = {"loss": "sse", "optimizer": SGD(1e160), "theta": [1.0], "batch_size": 1}


def this_line() -> int:
    import sys

    return sys._getframe(1).f_lineno


@pytest.mark.parametrize("record", [None, "steps", "epochs"])
@every_engine
def test_a_divergence_is_told_at_the_users_line(engine, record):
    def new() -> Run:
        net = Network.parse("1 -> 1 nobias")
        return Run(net, [[1.0]] * 6, [0.0] * 6, engine=engine, record=record, **HUGE)

    places = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = new()
        places.append(this_line() + 1)
        for _ in run:
            pass
        run = new()
        run.step()
        places.append(this_line() + 1)
        run.step()
        places.append(this_line() + 1)
        descend(Network.parse("1 -> 1 nobias"), [[1.0]] * 6, [0.0] * 6, engine=engine, **HUGE)
    assert [warning.category for warning in caught] == [DivergenceWarning] * 3
    assert [warning.filename for warning in caught] == [__file__] * 3
    assert [warning.lineno for warning in caught] == places


@every_engine
def test_a_row_without_weight_is_never_to_blame(engine):
    """Row 1 overflows but has no weight; row 2 is the one that diverges."""
    net = Network.parse("1 -> 2 nobias -> 1 nobias")
    X = np.array([[1.0], [1e200], [1e160]])
    with pytest.warns(DivergenceWarning):
        run = descend(
            net, X, np.zeros(3), sample_weight=[1.0, 0.0, 1.0], theta=[1e150, 0.0, 1.0, 0.0],
            loss="sse", optimizer=SGD(1e-300), batch_size=3, shuffle=False, engine=engine,
        )  # fmt: skip
    assert (run.divergence.what, run.divergence.row) == ("net input", 2)


# Metrics of classes and of labels.


def test_metrics_of_classes_refuse_rows_of_labels():
    net = Network.parse("3 -> 2 sigmoid")
    Y = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    for metric in ("accuracy", "log_loss"):
        with pytest.raises(
            DataError, match=f"{metric} judges .* row 1 sum to 2; .* label_{metric}"
        ):
            Run(net, TRAINING.X[:3], Y, loss="binary_cross_entropy", metrics=[metric])
    run = Run(
        net, TRAINING.X[:3], Y, loss="binary_cross_entropy",
        metrics=["label_accuracy", "label_log_loss"],
    )  # fmt: skip
    found = next(run).metrics
    right = (predict(net, run.theta, TRAINING.X[:3]) > 0.5) == (Y > 0.5)
    assert found["label_accuracy"] == pytest.approx(right.mean())
    one_hot = Run(net, TRAINING.X[:3], np.eye(2)[[0, 1, 1]], metrics=["accuracy"])
    assert next(one_hot).metrics["accuracy"] <= 1
