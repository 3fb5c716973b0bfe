"""Where a descent became infinite or NaN: found, told once, and survived with finite weights."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.descent.runs import finished, line

from fallline.descent import Run, descend
from fallline.descent.divergence import untold
from fallline.engines.registry import ENGINES
from fallline.errors import DivergenceWarning
from fallline.formulas.optimizers import SGD, Adagrad
from fallline.spec.network import Network

every_engine = pytest.mark.parametrize("engine", ENGINES)
ONE = Network.parse("1 -> 1 nobias")
HUGE = {"X": [[1.0]] * 6, "Y": [0.0] * 6, "theta": [1.0], "optimizer": SGD(1e160)}
PLAIN = {"loss": "sse", "optimizer": SGD(0.1), "shuffle": False, "batch_size": 4, "epochs": 3}
X_FAR = np.ones((8, 1))
X_FAR[6] = 1e200

# What is not finite first -> network, arguments, and the place: (epoch, batch, layer, unit, row,
# parameter). Each is worked out from the formulas; training rows count from 0, all else from 1.
CASES = {
    "net input": (
        Network.parse("1 -> a: 3 nobias -> 1 nobias"),
        {"X": X_FAR, "Y": np.zeros(8), "theta": [0, 1e150, 0, 0, 0, 0]},
        (1, 2, "a", 1, 6, None),  # h = 1e150·1e200 in the second unit
    ),
    "net input, shuffled": (
        Network.parse("1 -> a: 3 nobias -> 1 nobias"),
        {"X": X_FAR, "Y": np.zeros(8), "theta": [0, 1e150, 0, 0, 0, 0], "shuffle": True}
        | {"batch_size": 1, "seed": 3},
        (1, 1 + list(np.random.default_rng([3, 1]).permutation(8)).index(6), "a", 1, 6, None),
    ),
    "error": (
        ONE,
        HUGE | {"batch_size": 1},
        (1, 2, "output", None, 1, None),  # the first step goes to w = −1e160, whose square is ∞
    ),
    "error of all rows together": (
        ONE,
        {"X": [[0.0]] * 4, "Y": [1.3e154] * 4, "theta": [0.0]},
        (1, 1, "output", None, None, None),  # ½·(1.3e154)² is finite, four of them are not
    ),
    "error term": (
        Network.parse("1 -> z: 1 tanh nobias -> a: 2 tanh -> 1 nobias"),
        {"X": [[0.0]] * 4, "Y": [0, 0, 1e150, 0], "theta": [0, 1, 1, 0, 0, 1, 1e200]},
        (1, 1, "a", 1, 2, None),  # δ = 1e200·1e150, and from there on in z
    ),
    "gradient": (
        Network.parse("2 -> a: 2 nobias -> 1 nobias").disconnect("w[input.0->a.0]"),
        {"X": [[0, 0], [1e170, 1]], "Y": [0, 1e150], "theta": [0, 0, 0, 0, 1, 1]},
        (1, 1, "a", 1, None, "w[input.0->a.1]"),  # −δ·x = −1e150·1e170, the first not absent
    ),
    "step": (
        Network.parse("1 -> 2"),
        {"X": [[1e-100]], "Y": [[0, 1e150]], "theta": [0, 0, 0, 0], "optimizer": SGD(1e200)},
        (1, 1, "output", 1, None, "b[output.1]"),  # 1e200·1e150; the weight's is 1e250
    ),
    "step, for the optimizer's square": (
        ONE,
        {"X": [[1e10]], "Y": [1e150], "theta": [0.0], "optimizer": Adagrad(0.1)},
        (1, 1, "output", 0, None, "w[input.0->output.0]"),  # G = (1e160)² would end all steps
    ),
    "error, later": (
        ONE,
        {"X": [[1.0]], "Y": [0.0], "theta": [1.0], "optimizer": SGD(101.0), "epochs": 500},
        (79, 1, "output", None, 0, None),  # w ← −100 w each step: w² = 1e312 after 78 of them
    ),
}


@pytest.mark.parametrize("case", CASES)
@every_engine
def test_the_first_value_that_is_not_finite_is_located(engine, case):
    net, changes, (epoch, batch, layer, unit, row, parameter) = CASES[case]
    with pytest.warns(DivergenceWarning) as caught:
        run = descend(net, engine=engine, **PLAIN | changes)
    found = run.divergence
    what = case.split(",")[0].split(" of ")[0]
    assert (found.what, found.epoch, found.batch) == (what, epoch, batch)
    assert (found.layer, found.unit, found.row, found.parameter) == (layer, unit, row, parameter)
    assert len(caught) == 1 and str(found) in str(caught[0].message)
    assert run.stopped == str(found)
    assert f"epoch {epoch}, batch {batch}: the {what} of" in str(found)
    assert (f"training row {row}" in str(found)) == (row is not None)


@every_engine
def test_the_run_ends_with_the_last_finite_weights_however_it_was_pulled(engine):
    """Whole epochs, recorded, or step by step: one end."""

    def ended(record, pull):
        run = Run(ONE, engine=engine, record=record, **PLAIN | HUGE | {"batch_size": 1})
        with pytest.warns(DivergenceWarning):
            pull(run)
        return run

    def by_steps(run):
        while run.step():
            pass

    runs = [ended(None, finished), ended("steps", finished), ended("epochs", finished),
            ended(None, by_steps)]  # fmt: skip
    for run in runs:
        assert run.theta.tolist() == [1.0 - 1e160]
        assert run.divergence == runs[0].divergence and run.stopped == str(run.divergence)
        assert run.position == (1, 1) and len(run.history) == 0
        assert run.divergence.largest_weight == 1e160
        assert run.step() is None and next(run, None) is None


@every_engine
def test_a_batch_is_counted_in_steps_also_after_single_rows(engine):
    run = Run(ONE, engine=engine, **PLAIN | HUGE | {"optimizer": SGD(1e50), "batch_size": 2})
    with pytest.warns(DivergenceWarning):
        while run.step(1):
            pass
    # w = 1, −1e50, 1e100, −1e150, 1e200: the fifth step of one row meets the square of 1e200
    assert (run.divergence.batch, run.divergence.row, run.divergence.what) == (5, 4, "error")


@every_engine
def test_finished_epochs_are_kept_and_can_be_stepped_back_to(engine):
    run = Run(ONE, engine=engine, record="epochs", **PLAIN | HUGE | {"optimizer": SGD(1e20)}
              | {"epochs": 9})  # fmt: skip
    with pytest.warns(DivergenceWarning):
        finished(run)
    done = len(run.history)
    assert done == run.divergence.epoch - 1 >= 2
    assert all(np.isfinite(epoch.error) for epoch in run.history)
    assert run.step_back() and run.divergence is run.stopped is None
    assert run.position == (done + 1, 0)
    with pytest.warns(DivergenceWarning):
        finished(run)
    assert run.divergence.epoch == done + 1


@every_engine
def test_float32_diverges_where_its_own_range_ends(engine):
    x = np.ones((4, 1))
    x[2] = 1e25
    arguments = PLAIN | {"theta": np.array([1e20]), "epochs": 1, "optimizer": SGD(1e-70)}
    with pytest.warns(DivergenceWarning):
        run = descend(ONE, x, [0.0] * 4, engine=engine, dtype=np.float32, **arguments)
    assert (run.divergence.what, run.divergence.row) == ("net input", 2)
    assert run.theta.dtype == np.float32 and np.isfinite(run.theta).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert descend(ONE, x, [0.0] * 4, engine=engine, **arguments).divergence is None


@every_engine
def test_the_warning_names_a_smaller_rate(engine):
    with pytest.warns(DivergenceWarning, match=r"Try learning_rate=1e\+159, or scale the inputs"):
        descend(ONE, engine=engine, **PLAIN | HUGE)


def test_who_follows_runs_may_tell_of_it_instead():
    """Within `untold` nothing warns, in this thread alone; after it everything does again."""

    def diverging():
        X, Y = line()
        run = Run(Network.parse("1 -> 1"), X, Y, optimizer=SGD(1e9), batch_size=None, epochs=10**4)
        run.advance()
        return str(run.divergence)

    with untold():
        told = diverging()
        with ThreadPoolExecutor(1) as other, pytest.warns(DivergenceWarning, match="diverged"):
            assert other.submit(diverging).result() == told
    with pytest.warns(DivergenceWarning, match="diverged"):
        diverging()
