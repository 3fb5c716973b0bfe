"""A prepared predictor gives the bits of `predict`, whatever it is asked and by whom."""

import copy
import mmap
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_array
from tests.conftest import WITHOUT_CORE
from tests.networks import GRAPHS, HIDDEN, OUTPUTS, network, start

import fallline as fl
from fallline.engines import predictor as module
from fallline.engines.reference import forward
from fallline.engines.registry import ENGINES
from fallline.errors import DataError, SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.spec.network import Input, Layer, Network

NET = Network.parse("3 -> 40 tanh -> 5 softmax")
THETA = start(NET)

every_engine = pytest.mark.parametrize(
    "engine", [name for name in ENGINES if name != "native" or not WITHOUT_CORE]
)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
native = pytest.mark.skipif(WITHOUT_CORE, reason="fallline has no C++ core here")


def rows_of(net: Network, n: int, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, net.n_inputs)).astype(dtype)


def assert_it_predicts(net: Network, theta: np.ndarray, engine: str) -> None:
    """Alone, among few and among many each row has the same outputs: bits, and the definition's."""
    ask, X = fl.predictor(net, theta, engine=engine), rows_of(net, 150, theta.dtype)
    with np.errstate(all="ignore"):
        expected = forward(net, theta, X)[net.output.name].o
    outputs = ask(X)
    tolerance = 1e-12 if theta.dtype == np.float64 else 2e-5
    np.testing.assert_allclose(outputs, expected, rtol=10 * tolerance, atol=tolerance)
    assert outputs.dtype == theta.dtype and outputs.shape == (150, net.n_outputs)
    assert outputs.tobytes() == fl.predict(net, theta, X, engine=engine).tobytes()
    if engine != "native":  # NumPy and JAX sum products of several rows in orders of their own
        return
    for n in (1, 2, 3, 7, 64, 65):
        assert ask(X[:n]).tobytes() == outputs[:n].tobytes()
        assert fl.predict(net, theta, X[:n]).tobytes() == outputs[:n].tobytes()
    for row, own in zip(X[:20], outputs, strict=False):
        assert ask(row).tobytes() == own.tobytes()
        assert ask(row).shape == (net.n_outputs,)


@every_dtype
@every_engine
@pytest.mark.parametrize("graph", GRAPHS)
def test_every_graph(graph, engine, dtype):
    net = network(graph)
    assert_it_predicts(net, start(net, dtype=dtype), engine)


@every_dtype
@every_engine
@pytest.mark.parametrize("name", [*ACTIVATIONS, "elu(alpha=0.5)", "z*tanh(z) + 0.5*z"])
def test_every_activation_and_formula(name, engine, dtype):
    if name in HIDDEN or name not in OUTPUTS:
        net = network("chain", hidden=name)
    else:
        net = network("chain", output=name)
    assert_it_predicts(net, start(net, dtype=dtype), engine)


@native
@every_dtype
@pytest.mark.parametrize("width", [1, 3, 4, 7, 8, 9, 16, 17, 31, 33, 64, 65, 100, 129, 160, 300])
def test_every_width_of_panels(width, dtype):
    """Full panels side by side and narrow last ones: each number is the same chain of sums."""
    net = Network.of(
        Input(5), Layer(width, "relu", "a"), Layer(width, sources=("a", "input"), bias=False)
    )
    assert_it_predicts(net, start(net, dtype=dtype), "native")


@native
def test_every_kernel_gives_its_own_bits():
    from fallline import _core
    from fallline.engines.native import NativeEngine

    net, X = network("branches"), rows_of(network("branches"), 20)
    for kernels in _core.kernels():
        engine, theta = NativeEngine(kernels), start(net)
        ready, together = engine.ready(net, theta), engine.predict(net, theta, X)
        assert ready is not None
        for row, expected in zip(X, together, strict=True):
            assert ready.few(row).tobytes() == expected.tobytes()


@native
@every_dtype
@pytest.mark.parametrize("outputs", [1, 2, 4])
@pytest.mark.parametrize("fan_in", [1, 7, 22, 33, 100, 600, 2100])
def test_sums_along_vectors_are_the_same_in_every_lane(fan_in, outputs, dtype):
    """Few outputs are summed for as many rows at a time as a vector has lanes."""
    from fallline import _core
    from fallline.engines.native import NativeEngine

    net = Network.of(Input(fan_in), Layer(outputs))
    theta, X = start(net, dtype=dtype), rows_of(net, 35, dtype)
    expected = forward(net, theta.astype(np.float64), X.astype(np.float64))[net.output.name].o
    for kernels in _core.kernels():
        engine = NativeEngine(kernels)
        together = engine.predict(net, theta, X)
        tolerance = 1e-12 if dtype == np.float64 else 1e-4
        np.testing.assert_allclose(together, expected, rtol=tolerance, atol=tolerance)
        for i in range(35):
            assert engine.predict(net, theta, X[i : i + 1]).tobytes() == together[i].tobytes()


# What it takes.


@every_engine
def test_arrays_of_any_kind(engine):
    ask, X = fl.predictor(NET, THETA, engine=engine), rows_of(NET, 8)
    X = np.round(X, 1).astype(np.float16).astype(np.float64)
    wide = np.zeros((16, 9))
    wide[::2, ::3] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    odd = np.zeros(8 * 24 + 1, np.uint8)[1:].view(np.float64).reshape(8, 3)
    odd[:] = X
    expected = ask(X)
    for given in (
        np.asfortranarray(X), wide[::2, ::3], X[::-1][::-1], frozen, odd, X.astype(">f8"),
        X.astype(np.float16), X.astype(np.float32).astype(object), X.tolist(), memoryview(X),
        csr_array(X), csc_matrix(X),
    ):  # fmt: skip
        np.testing.assert_allclose(ask(given), expected, rtol=1e-6)
    for given in (wide[2, ::3], X[1].tolist(), X[1].astype(">f8"), X[::-1][-2], tuple(X[1])):
        assert ask(given).shape == (5,)
        np.testing.assert_allclose(ask(given), ask(X[1]), rtol=1e-12)
    whole = np.arange(-12, 12).reshape(8, 3)
    np.testing.assert_array_equal(ask(whole), ask(whole.astype(float)))
    np.testing.assert_array_equal(ask(whole > 0), ask((whole > 0).astype(float)))


@every_engine
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones(2), r"a row of shape \(3,\) or rows of shape \(n, 3\), but it has shape \(2,\)"),
        (np.ones(4, np.float32), r"row of shape \(3,\) .* shape \(4,\)"),
        ([], r"row of shape \(3,\) .* shape \(0,\)"),
        (np.ones((2, 4)), "X must have 3 columns, .* has 4"),
        (np.ones((3, 1)), "X must have 3 columns, .* has 1"),
        (np.ones((1, 2, 3)), "X must be a matrix"),
        (np.float64(1), "X must be a matrix"),
        (np.ones((0, 3)), "X has no rows"),
        (csr_array((2, 4)), "X must have 3 columns"),
        ([1.0, np.nan, 0.0], "X must be finite, but row 0, column 1"),
        (np.array([[0, 0, 0], [0, 0, np.inf]]), "X must be finite, but row 1, column 2"),
        (["a", "b", "c"], "X must hold numbers only"),
        ([[1.0, 2.0, 3.0], [1.0]], "X must hold numbers only"),
        (np.ones(3, complex), "X must hold numbers only"),
        (None, "X must"),
        ({}, "X must"),
    ],
)
def test_what_is_no_rows_is_refused(X, message, engine):
    with pytest.raises(DataError, match=message):
        fl.predictor(NET, THETA, engine=engine)(X)


@every_engine
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"theta": THETA[:-1]}, "θ must have shape"),
        ({"theta": THETA * np.nan}, "θ must be finite"),
        ({"dtype": np.float16}, "dtype must be float32 or float64, not float16"),
        ({"theta": THETA.astype(np.float16)}, "dtype must be float32 or float64"),
        ({"theta": THETA * 1e300, "dtype": np.float32}, "θ must fit into float32"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, message, engine):
    with pytest.raises(SpecError, match=message):
        fl.predictor(**{"network": NET, "theta": THETA, "engine": engine} | change)


def test_unknown_engines_are_refused():
    with pytest.raises(SpecError, match="unknown engine 'nativ'"):
        fl.predictor(NET, THETA, engine="nativ")


@every_engine
def test_the_dtype_is_that_of_theta_or_the_one_given(engine):
    assert fl.predictor(NET, THETA, engine=engine)([1, 2, 3]).dtype == np.float64
    single = fl.predictor(NET, THETA, dtype=np.float32, engine=engine)
    assert single([1, 2, 3]).dtype == np.float32
    X = rows_of(NET, 3, np.float32)
    expected = fl.predict(NET, THETA.astype(np.float32), X, engine=engine)
    np.testing.assert_array_equal(single(X), expected)
    np.testing.assert_array_equal(single(X.astype(np.float64)), expected)


# What it keeps.


@every_engine
def test_the_weights_are_its_own(engine):
    theta = THETA.copy()
    ask, x = fl.predictor(NET, theta, engine=engine), rows_of(NET, 1)[0]
    before = ask(x)
    theta[:] = 0
    np.testing.assert_array_equal(ask(x), before)
    np.testing.assert_array_equal(ask.theta, THETA)
    with pytest.raises(ValueError, match="read-only"):
        ask.theta[0] = 1
    assert "40 tanh" in repr(ask) and "float64" in repr(ask)


@every_engine
def test_outputs_are_new_arrays(engine):
    ask, x = fl.predictor(NET, THETA, engine=engine), rows_of(NET, 1)[0]
    first = ask(x)
    kept = first.copy()
    first[:] = 0  # it can be written to
    np.testing.assert_array_equal(ask(x), kept)


@every_engine
def test_it_is_pickled_and_copied(engine):
    ask, X = fl.predictor(NET, THETA, dtype=np.float32, engine=engine), rows_of(NET, 4, np.float32)
    for other in (pickle.loads(pickle.dumps(ask)), copy.copy(ask), copy.deepcopy(ask)):
        assert other(X).tobytes() == ask(X).tobytes()
        assert other(X[0]).shape == (5,)
        with pytest.raises(ValueError, match="read-only"):
            other.theta[0] = 1


def test_a_python_function_is_computed_by_the_reference_engine():
    act = fl.activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2, name="predicted")
    net = Network.of(Input(2), Layer(3, act), Layer(1))
    theta, X = start(net), rows_of(Network.parse("2 -> 1"), 4)
    expected = fl.predict(net, theta, X, engine="reference")
    np.testing.assert_array_equal(fl.predictor(net, theta)(X), expected)
    np.testing.assert_array_equal(fl.predict(net, theta, X), expected)


@native
def test_a_unit_that_overflows_spoils_only_those_it_feeds():
    net = Network.of(
        Input(1, "x"),
        *(Layer(1, "relu", name, "x", bias=False) for name in ("a", "b")),
        Layer(1, "logistic", "c", "a", bias=False),
        Layer(1, "logistic", "d", "b", bias=False),
        Layer(1, "identity", "y", ("c", "d"), bias=False),
    )
    theta = np.array([3e38, 1, 1, 1, 1, 1], np.float32)
    ask = fl.predictor(net, theta)
    for X in (np.float32([10.0]), np.float32([[10.0]]), np.float32([[10.0]] * 70)):
        np.testing.assert_allclose(ask(X), np.float32(1 + 1 / (1 + np.exp(-10))), rtol=1e-6)


@native
def test_outputs_may_overflow():
    net = Network.parse("1 -> 1 nobias")
    ask = fl.predictor(net, np.float32([3e38]))
    assert ask(np.float32([10.0])).tolist() == [np.inf]
    assert fl.predict(net, np.float32([3e38]), np.float32([[-10.0]])).tolist() == [[-np.inf]]


# Many at once.


@every_engine
def test_threads_at_once(engine):
    """Each asks for rows of its own, of two predictors whose memory differs in size."""
    wide = Network.parse("3 -> 700 relu -> 2")
    asked = [(fl.predictor(net, start(net), engine=engine), net) for net in (NET, wide)]
    X = rows_of(NET, 120)
    expected = [[ask(X[i : i + 3]) for i in range(0, 117)] for ask, _ in asked]

    def ask_all(which: int) -> bool:
        ask, right = asked[which % 2][0], expected[which % 2]
        return all(
            np.array_equal(ask(X[i : i + 3]), right[i]) for _ in range(3) for i in range(117)
        )

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask_all, range(12)))


@native
def test_much_work_is_shared_among_threads(monkeypatch: pytest.MonkeyPatch):
    from fallline.engines import threads

    monkeypatch.setattr(threads, "_WORTHWHILE", 1e5)
    monkeypatch.setattr(threads, "allowed_threads", lambda: 3)
    net = Network.parse("50 -> 300 tanh -> 300 tanh -> 2")
    theta, X = start(net, dtype=np.float32), rows_of(net, 500, np.float32)
    ask = fl.predictor(net, theta)
    assert ask(X).tobytes() == b"".join(ask(row).tobytes() for row in X)


@native
def test_a_large_network_is_asked_the_long_way():
    """One row of it is more work than a thread does alone, and its memory is not kept."""
    net = Network.parse("1000 -> 3000 relu -> 3")
    theta, X = start(net, dtype=np.float32) / 30, rows_of(net, 2, np.float32)
    ask = fl.predictor(net, theta)
    assert ask(X[0]).tobytes() == ask(X)[0].tobytes() == fl.predict(net, theta, X)[0].tobytes()


def resident() -> int:
    """Return the bytes of its own that this process holds in memory: those of files come and go."""
    held, of_files = map(int, Path("/proc/self/statm").read_text().split()[1:3])
    return (held - of_files) * mmap.PAGESIZE


@every_engine
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system tells no memory")
def test_calls_leave_nothing_behind(engine):
    ask, X = fl.predictor(NET, THETA, engine=engine), rows_of(NET, 3)
    bad = np.full(3, np.nan)

    def many(times: int) -> None:
        for _ in range(times):
            ask(X)
            ask(X[0])
            fl.predict(NET, THETA, X, engine=engine)
        for _ in range(times // 100):
            with pytest.raises(DataError):
                ask(bad)

    times = 100_000 if engine == "native" else 5000
    many(1000)
    counts = [sys.getrefcount(one) for one in (X, bad, ask, NET, THETA)]
    before = resident()
    many(times)
    assert resident() - before < 10 * times  # an array left behind takes some hundred bytes a call
    assert counts == [sys.getrefcount(one) for one in (X, bad, ask, NET, THETA)]


# Plain `predict`, which keeps what it made ready.


@every_engine
def test_predict_sees_weights_that_change_in_place(engine):
    theta, X = THETA.copy(), rows_of(NET, 2)
    for i in (0, 5, NET.size - 1):
        before = fl.predict(NET, theta, X, engine=engine)
        theta[i] += 1
        after = fl.predict(NET, theta, X, engine=engine)
        assert not np.array_equal(before, after)
        np.testing.assert_array_equal(after, fl.predictor(NET, theta, engine=engine)(X))
    theta[0] = np.nan
    with pytest.raises(SpecError, match="θ must be finite"):
        fl.predict(NET, theta, X, engine=engine)


def test_predict_tells_dtypes_and_engines_apart():
    X = rows_of(NET, 2)
    for theta in (THETA, THETA.astype(np.float32), THETA.tolist(), THETA[::-1][::-1]):
        for engine in ("auto", "reference"):
            found = fl.predict(NET, theta, X, engine=engine)
            assert found.dtype == np.asarray(theta).dtype
            np.testing.assert_allclose(found, fl.predict(NET, THETA, X), rtol=2e-5)


def test_predict_keeps_no_network_alive_and_no_large_weights():
    net = Network.parse("2 -> 3 -> 1")
    fl.predict(net, start(net), [[1.0, 2.0]])
    number = id(net)
    assert WITHOUT_CORE or number in module._KEPT
    del net
    assert number not in module._KEPT
    large = Network.parse("400 -> 400 -> 1")
    fl.predict(large, start(large), np.ones((1, 400)))
    assert id(large) not in module._KEPT


@every_engine
def test_predict_still_takes_rows_only(engine):
    for _ in range(2):
        with pytest.raises(DataError, match=r"X must be a matrix of shape .*reshape"):
            fl.predict(NET, THETA, np.ones(3), engine=engine)
        with pytest.raises(DataError, match="X must have 3 columns"):
            fl.predict(NET, THETA, np.ones((2, 4)), engine=engine)
        with pytest.raises(DataError, match="row 1, column 0"):
            fl.predict(NET, THETA, np.array([[0, 0, 0], [np.nan, 0, 0]]), engine=engine)
        with pytest.raises(DataError, match="has no rows"):
            fl.predict(NET, THETA, np.ones((0, 3)), engine=engine)
    single = Network.parse("1 -> 1")
    assert fl.predict(single, [2.0, 1.0], np.array([1.0, 2.0]), engine=engine).tolist() == [
        [3.0],
        [5.0],
    ]
