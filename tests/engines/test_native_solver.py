"""L-BFGS in the core: each iteration is that of the formula, and its states never change."""

import os
import signal
import threading

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.conftest import WITHOUT_CORE
from tests.networks import LOSSES_AND_OUTPUTS, network, rows, start

import fallline as fl
from fallline.engines.protocol import Rows
from fallline.engines.reference import ReferenceEngine
from fallline.formulas.optimizers import LBFGS, SGD
from fallline.spec.network import Input, Layer, Network
from fallline.spec.plan import Objective, Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from tests.engines.test_native import assert_near, compare, every_dtype, every_kernel
from tests.engines.test_native_small import SHAPES, given_to

from fallline.descent.solving import FullBatch
from fallline.engines.native import NativeEngine

FLOAT64 = np.dtype("f8")
SOLVER = LBFGS(memory=4)
GRAPHS = ["chain", "no_hidden_layer", "skip", "no_bias", "masked", "frozen"]
PLANS = [
    Plan(optimizer=SOLVER, l2=0.01, alpha=0.1),
    Plan(optimizer=SOLVER, loss="sse", l1=0.02, l2=0.01),
    Plan(optimizer=LBFGS(memory=2, fall=0.3, flat=0.31, search=6)),
]


def iterations(engine, net, plan, dtype=FLOAT64):
    """Return what takes them: in the core, or by the formula with the engine's errors."""
    first = FullBatch(engine, plan.optimizer).start(net, plan, start(net, dtype=dtype))
    return first.iterations, first.solver


def drawn(net, plan, dtype=FLOAT64) -> Rows:
    given = rows(net, plan.loss, 12, weighted=True, dtype=dtype)
    return given._replace(Y=np.sin(given.Y))


def assert_same(ours, theirs, dtype, tolerance=None) -> None:
    assert list(ours) == list(theirs) or sorted(ours) == sorted(theirs)
    for name, array in theirs.items():
        assert ours[name].dtype == array.dtype and ours[name].shape == array.shape
        size = np.abs(array).max()
        scale = np.abs(theirs["gradient"]).max() if name in ("flattest", "changes") else 0.0
        limit = (tolerance or (1e-12 if dtype == np.float64 else 2e-5)) * max(size, scale, 1e-3)
        np.testing.assert_allclose(ours[name], array, rtol=0, atol=limit, err_msg=name)


@pytest.mark.parametrize("plan", PLANS, ids=["penalties", "sum", "strict"])
@pytest.mark.parametrize("graph", GRAPHS)
@every_dtype
@every_kernel
def test_each_iteration_is_the_formulas_from_the_same_state(kernels, dtype, graph, plan):
    net, dtype = network(graph, "tanh"), np.dtype(dtype)
    given = drawn(net, plan, dtype)
    formula, state = iterations(ReferenceEngine(), net, plan, dtype)
    core, first = iterations(NativeEngine(kernels), net, plan, dtype)
    assert type(core).__name__ == "NativeIterations" and type(formula).__name__ == "ByFormula"
    assert_same(core.arrays(first), formula.arrays(state), dtype)
    for _ in range(7):
        ours, told = core.iterate(core.start(formula.arrays(state)), given)
        state, expected = formula.iterate(state, given)
        assert told.finite and expected.finite
        assert_near(np.array(told[:4]), np.array(expected[:4]), dtype, 1e-5 * (dtype == "f4"))
        if dtype == np.float64:  # with seven digits a search may end elsewhere
            assert_same(core.arrays(ours), formula.arrays(state), dtype, 2e-12)


@pytest.mark.parametrize("plan", PLANS, ids=["penalties", "sum", "strict"])
@pytest.mark.parametrize("graph", GRAPHS)
def test_some_iterations_on_end_stay_close(graph, plan):
    net = network(graph, "tanh")
    given = drawn(net, plan)
    (formula, theirs), (core, ours) = (
        iterations(engine, net, plan) for engine in (ReferenceEngine(), NativeEngine())
    )
    for _ in range(6):
        theirs, ours = formula.iterate(theirs, given)[0], core.iterate(ours, given)[0]
    assert_same(core.arrays(ours), formula.arrays(theirs), np.float64, 1e-9)


def test_a_state_never_changes_and_comes_back_whole():
    net, plan = network("frozen", "tanh"), PLANS[0]
    given = drawn(net, plan)
    core, state = iterations(NativeEngine(), net, plan)
    for _ in range(6):
        before = core.arrays(state)
        after, _ = core.iterate(state, given)
        again, _ = core.iterate(core.start(before), given)
        for name, array in core.arrays(state).items():
            np.testing.assert_array_equal(array, before[name])
            np.testing.assert_array_equal(core.arrays(after)[name], core.arrays(again)[name])
        state = after
    assert state.numbers[6] == 4 and core.arrays(state)["steps"].any(axis=1).all()
    assert not core.arrays(state)["steps"][:, net.frozen].any()


@every_kernel
def test_no_bit_depends_on_the_number_of_threads(kernels):
    net = Network.parse("20 -> 60 tanh -> 40 relu -> 2")
    rng = np.random.default_rng(3)
    given = Rows(rng.normal(size=(3000, 20)), rng.normal(size=(3000, 2)), rng.uniform(1, 2, 3000))
    found = []
    for threads in (1, 2, 3):
        plan = Plan(optimizer=LBFGS())
        core, state = iterations(NativeEngine(kernels, threads), net, plan)
        for _ in range(4):
            state, _ = core.iterate(state, given)
        found.append(core.arrays(state))
    for name, array in found[0].items():
        for other in found[1:]:
            np.testing.assert_array_equal(other[name], array, err_msg=name)


def test_sparse_rows_and_rows_without_weight():
    net, plan = Network.parse("30 -> 5 tanh -> 1"), PLANS[0]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 30)) * (rng.random((40, 30)) < 0.2)
    given = Rows(X, rng.normal(size=(40, 1)), np.arange(40) % 3 + 0.0)
    core, dense = iterations(NativeEngine(), net, plan)
    sparse, held = core.start(core.arrays(dense)), given._replace(X=csr_array(X))
    for _ in range(4):
        dense, sparse = core.iterate(dense, given)[0], core.iterate(sparse, held)[0]
    assert_same(core.arrays(sparse), core.arrays(dense), np.float64, 1e-9)


def test_a_start_that_is_not_finite_is_told():
    net, plan = network("chain"), PLANS[0]
    core, state = iterations(NativeEngine(), net, plan)
    arrays = core.arrays(state) | {"theta": np.full(net.size, 1e300)}
    _, told = core.iterate(core.start(arrays), drawn(net, plan))
    assert not told.finite


@pytest.mark.parametrize("graph", ["units", "custom", "sgd"])
def test_what_the_core_cannot_take_is_left_to_the_formula(graph):
    net = network("units" if graph == "units" else "chain", "tanh")
    if graph == "custom":
        net = Network.of(Input(3), Layer(2, fl.activation(np.sin, np.cos, name="wave")), Layer(1))
    plan = Plan(optimizer=SGD() if graph == "sgd" else SOLVER)
    assert NativeEngine().iterations(net, plan, np.dtype("f8")) is None


def test_ctrl_c_ends_a_search_without_end():
    net = Network.parse("3 -> 4 tanh -> 1")
    endless = LBFGS(fall=1e-301, flat=1e-300, search=10**12)
    plan = Plan(optimizer=endless)
    core, state = iterations(NativeEngine(), net, plan)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        core.iterate(state, drawn(net, plan))
    timer.join()
    assert state.numbers[3] == 0 and not core.arrays(state)["gradient"].any()


# The evaluation of small work.


@pytest.mark.parametrize("n", [1, 31, 32, 33, 70])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@every_dtype
@every_kernel
def test_all_rows_of_small_work(kernels, dtype, shape, n):
    net = Network.parse(shape[0])
    theta = start(net, dtype=dtype)
    objective = Objective("cross_entropy" if "softmax" in shape[0] else "sse", 0.1, 0.05)
    compare(NativeEngine(kernels), net, objective, theta, given_to(net, dtype, n))


@pytest.mark.parametrize(("loss", "output"), LOSSES_AND_OUTPUTS)
def test_each_error_of_small_work(loss, output):
    net = network("chain", output=output)
    given = rows(net, loss, 45, weighted=True)
    compare(NativeEngine(), net, Objective(loss, 0.1, 0.05), start(net), given)


def test_columns_apart_and_rows_backwards():
    net = Network.parse("10 -> 16 relu -> 1")
    given = given_to(net, np.float64)
    apart = Rows(np.asfortranarray(given.X)[::-1], given.Y[::-1], given.weights[::-1])
    compare(NativeEngine(), net, Objective("squared_error"), start(net), apart)


def test_many_in_one_call_are_those_of_one_after_another():
    net, plan = network("chain", "tanh"), PLANS[0]
    given = drawn(net, plan)
    core, state = iterations(NativeEngine(), net, plan)
    alone, singles = state, []
    for _ in range(9):
        alone, told = core.iterate(alone, given)
        last = core.number(alone, "rate"), core.number(alone, "evaluations")
        singles.append([*told[:4], *last])
    after, told, finite, interrupted = core.several(state, given, 9, lambda: False)
    assert finite and interrupted is None
    assert (np.array(singles) == told.T).all()
    for name, array in core.arrays(alone).items():
        assert core.arrays(after)[name].tobytes() == array.tobytes(), name


def test_many_end_where_nothing_is_left_to_do():
    net, plan = network("chain", "tanh"), Plan(optimizer=LBFGS(tolerance=1e-2), l2=0.1)
    core, state = iterations(NativeEngine(), net, plan)
    after, told, finite, _ = core.several(state, drawn(net, plan), 100, lambda: False)
    assert finite and 1 < told.shape[1] < 100 and core.number(after, "done") == 1


def test_many_end_at_a_stop_or_a_signal(monkeypatch):
    monkeypatch.setattr("fallline.engines.native_solver._LOOK", 0.0)  # after each evaluation
    net, plan = network("chain", "tanh"), PLANS[0]
    given = drawn(net, plan)
    core, state = iterations(NativeEngine(), net, plan)
    asked = []
    after, told, finite, interrupted = core.several(
        state, given, 100, lambda: asked.append(0) or len(asked) == 3
    )
    assert told.shape[1] == 3 and finite and interrupted is None
    alone = state
    for _ in range(3):
        alone, _ = core.iterate(alone, given)
    assert core.arrays(after)["theta"].tobytes() == core.arrays(alone)["theta"].tobytes()

    def press() -> bool:
        signal.raise_signal(signal.SIGINT)
        return False

    after, told, finite, interrupted = core.several(state, given, 100, press)
    assert type(interrupted) is KeyboardInterrupt and told.shape[1] == 1 and finite
    alone, _ = core.iterate(state, given)
    assert core.arrays(after)["theta"].tobytes() == core.arrays(alone)["theta"].tobytes()
