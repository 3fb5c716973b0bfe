"""Calls of the native engine: stops, signals, threads, forks, and arrays however they lie."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE
from tests.engines.test_advance import PLAN, assert_same_bits
from tests.networks import GRAPHS, network, rows, start

import fallline as fl
from fallline.engines import threads
from fallline.engines.protocol import Rows, Steps, Stop
from fallline.engines.registry import get_engine
from fallline.errors import EngineWarning, SpecError
from fallline.formulas.optimizers import Adam
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from fallline import _core
from fallline.engines.native import NativeEngine

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
NET = Network.parse("20 -> 70 tanh -> 40 relu -> 3")


def data(n: int, net: Network = NET, dtype=np.float64) -> Rows:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(n, net.n_inputs)), rng.normal(size=(n, net.n_outputs))
    return Rows(*(array.astype(dtype) for array in (X, Y, rng.uniform(0.5, 2, n))))


def descend(engine, plan, given, order, stop=None) -> tuple[dict[str, np.ndarray], Steps]:
    state = engine.start(NET, plan, NET.initial(seed=1, dtype=given.X.dtype.newbyteorder("=")))
    rates = np.full(-(-len(order) // plan.batch_size), 0.01)
    state, steps = engine.advance(state, given, order, rates, stop or Stop())
    return engine.snapshot(state), steps


# Stops.


class SetAfter(threading.Event):
    """A flag that is set when it has been looked at a number of times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._left = looks

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_a_flag_ends_an_epoch_of_minutes_with_the_rows_that_are_done():
    """It comes back many times for a look, and the state is that of just these rows."""
    given, order = data(2000), np.tile(np.arange(2000), 40_000)  # 40 000 times 2000 rows
    plan, engine = Plan(batch_size=100), NativeEngine()
    arrays, steps = descend(engine, plan, given, order, Stop(SetAfter(4)))
    assert 0 < steps.rows < len(order) and steps.rows == 100 * len(steps.errors)
    assert_same_bits(arrays, descend(engine, plan, given, order[: steps.rows])[0])


class Looked(Stop):
    """Tells other threads when the engine has looked three times, with steps between."""

    def __init__(self) -> None:
        super().__init__()
        self.__dict__ |= {"under_way": threading.Event(), "looks": []}

    def now(self) -> bool:
        self.looks.append(1)
        if len(self.looks) == 3:
            self.under_way.set()
        return super().now()


def test_a_flag_set_by_another_thread_is_seen():
    given, order = data(2000), np.tile(np.arange(2000), 40_000)
    stop = Looked()
    thread = threading.Thread(target=lambda: stop.under_way.wait() and stop.flag.set())
    thread.start()
    _, steps = descend(NativeEngine(), Plan(batch_size=100), given, order, stop)
    thread.join()
    assert 0 < steps.rows < len(order)


def test_other_threads_of_python_go_on_meanwhile():
    stop, ticks = Looked(), []

    def tick() -> None:
        stop.under_way.wait()
        while not stop.flag.wait(0.005):
            ticks.append(1)
            if len(ticks) == 20:
                stop.flag.set()

    thread = threading.Thread(target=tick)
    thread.start()
    order = np.tile(np.arange(2000), 40_000)
    _, steps = descend(NativeEngine(), Plan(batch_size=100), data(2000), order, stop)
    thread.join()
    assert len(ticks) == 20 and 0 < steps.rows < len(order)


INTERRUPTED = """
import os, signal, threading
import numpy as np, fallline as fl
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(4_000_000, 8)).astype(np.float32), np.ones((4_000_000, 1), np.float32)
net = fl.Network.parse("8 -> 64 tanh -> 64 tanh -> 1")
run = fl.Run(net, X, Y, batch_size=1, epochs=1, dtype="float32", engine="native")
before = run.theta
try:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    next(run)
except KeyboardInterrupt:
    epoch, rows = run.position
    again = fl.Run(net, X, Y, batch_size=1, epochs=1, dtype="float32", engine="native")
    steps = [again.step() for _ in range(rows)] if rows < 1000 else None
    assert run.stopped is None and np.isfinite(run.theta).all()
    assert (run.theta == before).all() == (rows == 0)
    print("interrupted")
"""


def test_ctrl_c_ends_a_long_epoch_with_a_whole_state():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "interrupted\n"


# Threads.


@pytest.fixture
def several_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_WORTHWHILE", 1.0)


@pytest.mark.usefixtures("several_pay")
@every_dtype
def test_the_bits_are_those_of_one_thread(dtype):
    given, order = data(700, dtype=dtype), np.random.default_rng(1).permutation(700)
    plan = Plan(
        optimizer=Adam(0.01), batch_size=300, l2=0.1, l1=0.01, dropout=0.2, clip_norm=0.5,
        max_norm=1.0, input_noise=0.1,
    )  # fmt: skip
    theta, objective = NET.initial(seed=1, dtype=dtype), Objective(l2=0.1)
    found = []
    for number in (1, 2, 3, 8):
        engine = NativeEngine(threads=number)
        arrays, steps = descend(engine, plan, given, order)
        error, gradient = engine.error_and_gradient(NET, objective, theta, given)
        outputs = engine.predict(NET, theta, given.X)
        told = np.array([error, engine.error(NET, objective, theta, given), *steps.errors])
        found.append(arrays | {"gradient": gradient, "outputs": outputs, "told": told})
    for other in found[1:]:
        assert_same_bits(found[0], other)


def test_how_many_threads(monkeypatch):
    for_work = threads.threads_for
    monkeypatch.setattr(threads, "_cores", lambda: 8)
    monkeypatch.setattr(threads, "_WORTHWHILE", 1e6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    libraries = threads._controller().lib_controllers
    most = min([8, *(library.num_threads for library in libraries)])
    assert for_work(1e5) == for_work(1.9e6) == 1
    assert for_work(1e12) == most and for_work(1e12, 3) == 3 and for_work(2.5e6, 3) == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "1,4")
    assert for_work(1e12) == 1 and for_work(1e12, 3) == 3


FORKED = """
import os
import numpy as np, fallline as fl
from fallline.engines import threads
threads._WORTHWHILE = 1.0
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(700, 20)), rng.normal(size=(700, 3))
def descend():
    net = fl.Network.parse("20 -> 70 tanh -> 40 relu -> 3")
    return fl.descend(net, X, Y, batch_size=300, epochs=2, engine="native").theta.tobytes()
threads.allowed_threads = lambda: 2
expected, child = descend(), os.fork()
if child == 0:
    os._exit(0 if descend() == expected else 1)
assert os.waitpid(child, 0)[1] == 0 and descend() == expected
"""


def test_after_a_fork_it_computes_the_same():
    """In a process of its own: other libraries here object to forks."""
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60)


LEFT = """
import sys, threading, time
import numpy as np, fallline as fl
rng = np.random.default_rng(0)
X, net = rng.normal(size=(5000, 20)), fl.Network.parse("20 -> 70 tanh -> 40 relu -> 3")
theta = net.initial(seed=0)
def descend(epochs, **settings):
    fl.descend(net, X, X[:, :3], epochs=epochs, engine="native", **settings)
def predict(times):
    for _ in range(times):
        fl.predict(net, theta, X, engine="native")
work = {
    "steps": lambda times: descend(times, batch_size=300),
    "iterations": lambda times: descend(times, optimizer=fl.LBFGS(), batch_size=None),
    "predictions": predict,
}[sys.argv[1]]
work(2)  # all is imported
threading.Thread(target=work, args=[10**9], daemon=True).start()
time.sleep(0.3)
"""


@pytest.mark.parametrize("work", ["steps", "iterations", "predictions"])
def test_python_ends_well_while_a_daemon_thread_computes(work):
    """As those of joblib do after Ctrl-C: the thread must not come back to a Python that ended."""
    subprocess.run([sys.executable, "-c", LEFT, work], check=True, timeout=60)


@pytest.mark.usefixtures("several_pay")
def test_descents_at_once_are_those_alone():
    given, engine = data(500), NativeEngine(threads=2)
    orders = [np.random.default_rng(seed).permutation(500) for seed in range(6)]
    alone = [descend(engine, PLAN, given, order)[0] for order in orders]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda order: descend(engine, PLAN, given, order)[0], orders))
    for one, other in zip(alone, at_once, strict=True):
        assert_same_bits(one, other)


# Arrays.


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def misaligned(array: np.ndarray) -> np.ndarray:
    raw = np.empty(array.nbytes + 1, np.uint8)[1:]
    raw[:] = np.frombuffer(array.tobytes(), np.uint8)
    return raw.view(array.dtype).reshape(array.shape)


LAYOUTS = {
    "read-only": read_only,
    "misaligned": misaligned,
    "column by column": np.asfortranarray,
    "every second": lambda array: np.repeat(array, 2, axis=0)[::2],
    "backwards": lambda array: array[::-1].copy()[::-1],
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "a part of columns": lambda array: np.concatenate([array] * 2, axis=-1)[..., : array.shape[-1]],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@every_dtype
def test_how_arrays_lie_changes_no_bit(dtype, layout):
    plain, lie = data(90, dtype=dtype), LAYOUTS[layout]
    X, Y = lie(plain.X), lie(plain.Y)
    odd = Rows(X, Y, plain.weights if layout == "a part of columns" else lie(plain.weights))
    for one, other in zip(plain, odd, strict=True):
        np.testing.assert_array_equal(one, other)
    order = np.random.default_rng(0).permutation(90)
    expected, found = (descend(NativeEngine(), PLAN, given, order)[0] for given in (plain, odd))
    assert_same_bits(expected, found)
    theta, engine = NET.initial(dtype=dtype), NativeEngine()
    assert engine.predict(NET, theta, X).tobytes() == engine.predict(NET, theta, plain.X).tobytes()


def test_a_file_in_memory_is_read_where_it_lies(tmp_path: Path):
    given = data(300)
    np.save(tmp_path / "X.npy", given.X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    order = np.random.default_rng(0).permutation(300)
    expected, _ = descend(NativeEngine(), PLAN, given, order)
    assert_same_bits(expected, descend(NativeEngine(), PLAN, given._replace(X=mapped), order)[0])


def test_rows_are_gathered_and_never_copied_whole():
    """A matrix of 160 GB that is one row again and again."""
    n = 10**9
    X = np.broadcast_to(np.linspace(-1, 1, 20), (n, 20))
    given = Rows(X, np.broadcast_to(np.ones(3), (n, 3)), np.broadcast_to(np.ones(1), n))
    order = np.array([0, n - 1, n // 2, 7])
    _, steps = descend(NativeEngine(), PLAN, given, order)
    assert steps.rows == 4 and np.isfinite(steps.errors).all()


@pytest.mark.parametrize("bad", [-1, 90, 2**40])
def test_a_position_of_no_row_is_refused(bad):
    with pytest.raises(IndexError, match="not one of a row"):
        descend(NativeEngine(), PLAN, data(90), np.array([0, 1, bad]))


# Which kernels.


@pytest.mark.parametrize("graph", GRAPHS)
def test_each_set_of_kernels_gives_the_same_but_for_rounding(graph):
    net = network(graph)
    theta, given = start(net), rows(net, "squared_error", 40, weighted=True)
    found = [
        NativeEngine(kernels).error_and_gradient(net, Objective(), theta, given)[1]
        for kernels in _core.kernels()
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-10, atol=1e-14)


def test_the_environment_pins_kernels(monkeypatch):
    last = _core.kernels()[-1]
    monkeypatch.setenv("FALLLINE_ISA", last)
    assert NativeEngine()._kernels == last
    monkeypatch.setenv("FALLLINE_ISA", "v9")
    with pytest.raises(SpecError, match=f"FALLLINE_ISA must be one of .*{last}.*, not 'v9'"):
        NativeEngine()
    with pytest.raises(SpecError, match="kernels must be one of"):
        NativeEngine("v8")


# The choice of the engine.


def test_the_fastest_is_the_native_one():
    assert get_engine("auto") is get_engine("native") and get_engine().name == "native"


def test_without_the_core_it_is_the_reference_engine_with_a_warning(monkeypatch):
    monkeypatch.setattr("fallline.engines.registry.find_spec", lambda name: None)
    get_engine.cache_clear()
    with pytest.warns(EngineWarning, match="has no C\\+\\+ core"):
        assert get_engine("auto").name == "reference"
    assert get_engine("auto").name == "reference"  # warns no more
    get_engine.cache_clear()


# What the core is given wrong.


def test_the_core_refuses_what_does_not_fit():
    engine, given, theta = NativeEngine(), data(5), NET.initial()
    with pytest.raises(ValueError, match="X has other columns"):
        engine.predict(NET, theta, given.X[:, :4])
    with pytest.raises(ValueError, match="differ in length"):
        engine.error(NET, Objective(), theta, given._replace(Y=given.Y[:3]))
    with pytest.raises(ValueError, match="plain vectors"):
        engine.error(NET, Objective(), theta[:-1], given)
    unknown = ("nothing", [], [], [], [], [], False, False)
    with pytest.raises(ValueError, match="no activation 'nothing'"):
        _core.Engine(_core.kernels()[0], True, ([1], [(1, True, [0], unknown)], b"", b""), (), ())


def test_estimates_of_the_smallest_and_of_nothing():
    net = fl.Network.parse("1 -> 1")
    assert fl.predict(net, [2.0, 1.0], [[3.0]], engine="native").tolist() == [[7.0]]
    engine = NativeEngine()
    state = engine.start(net, replace(PLAN), net.initial())
    none = np.empty(0)
    after, steps = engine.advance(state, data(5, net), none.astype(int), none, Stop())
    assert steps.rows == 0 and steps.finite and len(steps.errors) == 0
    assert_same_bits(engine.snapshot(state), engine.snapshot(after))
