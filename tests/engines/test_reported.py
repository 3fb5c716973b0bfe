"""An error that clips what it reports: steps tell both, and descend the true one."""

import numpy as np
import pytest
from tests.networks import network, rows, start

from fallline.descent import Run
from fallline.engines.protocol import Stop
from fallline.engines.registry import ENGINES, get_engine
from fallline.formulas.optimizers import LBFGS, SGD
from fallline.spec.plan import Objective, Plan

CASES = [
    ("cross_entropy", "softmax", "clip=0.2"),
    ("cross_entropy(smoothing=0.1)", "softmax", "smoothing=0.1, clip=0.2"),
    ("binary_cross_entropy", "logistic", "clip=0.2"),
    (
        "binary_cross_entropy(output_weights=[1.0, 2.0])",
        "logistic",
        "output_weights=[1, 2], clip=0.2",
    ),
]


def _clipped(loss, settings):
    return f"{loss.partition('(')[0]}({settings})"


@pytest.mark.parametrize(("loss", "output", "settings"), CASES)
def test_the_true_error_is_the_same_without_clip(loss, output, settings):
    clipped = Objective(_clipped(loss, settings), l2=0.1, alpha=0.2)
    assert clipped.unclipped == Objective(loss, l2=0.1, alpha=0.2)
    assert clipped.unclipped.unclipped is clipped.unclipped
    assert Objective("huber(delta=2)").unclipped.loss == "huber(delta=2.0)"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("loss", "output", "settings"), CASES)
def test_steps_tell_the_true_error_and_the_one_reported(loss, output, settings, engine):
    net, computes = network("skip", output=output), get_engine(engine)
    data, theta = rows(net, loss, 10, weighted=True), 3 * start(net)
    common = {"optimizer": SGD(0.1), "batch_size": 4, "l2": 0.05, "dropout": 0.3}
    told, true = (Plan(loss=name, **common) for name in (_clipped(loss, settings), loss))
    order, rates = np.arange(10), np.full(3, 0.1)
    ways = [
        computes.advance(computes.start(net, plan, theta), data, order, rates, Stop())
        for plan in (told, true)
    ]
    (after, steps), (plain_after, plain) = ways
    np.testing.assert_array_equal(
        computes.snapshot(after)["theta"], computes.snapshot(plain_after)["theta"]
    )
    np.testing.assert_array_equal(steps.errors, plain.errors)
    assert plain.reported is None
    # Before the first step the error is that of the whole first batch at the start weights.
    assert steps.reported is not None and steps.reported.shape == steps.errors.shape
    assert (np.abs(steps.reported - steps.errors) > 1e-3).any()
    still = Plan(loss=told.loss, **common | {"dropout": 0.0})
    first = computes.advance(computes.start(net, still, theta), data, order[:4], rates[:1], Stop())[
        1
    ]
    batch = data.take(order[:4])
    expected = [computes.error(net, o, theta, batch) for o in (told.objective, true.objective)]
    np.testing.assert_allclose([first.reported[0], first.errors[0]], expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", [SGD(0.1), LBFGS()])
def test_a_history_has_the_true_errors(optimizer, engine):
    net = network("chain", output="softmax")
    data, kept = (rows(net, "cross_entropy", 8, seed=seed) for seed in (0, 1))
    histories = [
        Run(
            net,
            data.X,
            data.Y,
            X_val=kept.X,
            y_val=kept.Y,
            theta=3 * start(net),
            loss=loss,
            optimizer=optimizer,
            epochs=3,
            engine=engine,
        )
        for loss in ("cross_entropy(clip=0.2)", "cross_entropy")
    ]
    clipped, true = (list(run) for run in histories)
    assert clipped == true
