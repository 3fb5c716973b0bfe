"""The gradients of single rows: each is of its row alone, and all give the batch's."""

import numpy as np
import pytest
import scipy.sparse
from tests.engines.cases import BY_LOSS
from tests.networks import GRAPHS, OUTPUTS_OF, case, network, rows, start

import fallline as fl
from fallline.engines.registry import ENGINES
from fallline.errors import DataError, SpecError
from fallline.formulas.losses import LOSSES
from fallline.spec.network import Network

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
TOLERANCE = {np.float64: 1e-12, np.float32: 2e-5}


def joint(net, theta, X, Y, loss, engine) -> np.ndarray:
    return fl.error_and_gradient(net, theta, X, Y, loss=loss, engine=engine)[1]


def assert_near(found, expected, dtype) -> None:
    assert found.dtype == dtype and found.shape == expected.shape
    size = np.linalg.norm(expected.astype(np.float64))
    assert np.linalg.norm(found.astype(np.float64) - expected) <= TOLERANCE[dtype] * size


@pytest.mark.parametrize("loss", BY_LOSS)
@every_engine
def test_each_is_the_gradient_of_its_row(engine, loss):
    for one in BY_LOSS[loss]:
        if one.penalty != "none":
            continue
        net, _, theta, (X, Y, _) = one.build()
        with case(one), np.errstate(all="ignore"):
            found = fl.example_gradients(net, theta, X, Y, loss=loss, engine=engine)
            alone = [
                joint(net, theta, X[i : i + 1], Y[i : i + 1], loss, engine) for i in range(len(X))
            ]
            assert_near(found, np.array(alone), np.float64)
            assert not found[:, net.masked].any()


@pytest.mark.parametrize("loss", OUTPUTS_OF)
@every_dtype
@every_engine
def test_their_sum_or_mean_is_the_gradient_of_the_batch(engine, dtype, loss):
    for output in OUTPUTS_OF[loss]:
        net = network("skip", output=output)
        theta, given = start(net, dtype=dtype), rows(net, loss, 9, dtype=dtype)
        with case(output):
            found = fl.example_gradients(net, theta, given.X, given.Y, loss=loss, engine=engine)
            together = found.sum(axis=0) if LOSSES[loss].reduction == "sum" else found.mean(axis=0)
            assert_near(together, joint(net, theta, given.X, given.Y, loss, engine), dtype)


@pytest.mark.parametrize("graph", GRAPHS)
@every_engine
def test_they_are_central_differences_of_each_rows_error(engine, graph):
    net, h = network(graph), 1e-6
    theta, given = start(net), rows(net, "sse", 4)
    found = fl.example_gradients(net, theta, given.X, given.Y, loss="sse", engine=engine)

    def errors(at: np.ndarray) -> np.ndarray:
        return np.sum((given.Y - fl.predict(net, at, given.X)) ** 2, axis=1) / 2

    for j in np.flatnonzero(~net.masked):
        step = h * np.eye(net.size)[j]
        slope = (errors(theta + step) - errors(theta - step)) / (2 * h)
        np.testing.assert_allclose(found[:, j], slope, rtol=1e-6, atol=1e-8)


@every_engine
def test_sparse_rows_and_a_formula_of_the_users(engine):
    net = Network.parse("3 -> 4 `z*tanh(z)` -> 2")
    theta, given = start(net), rows(net, "sse", 8)
    given.X[np.random.default_rng(0).random(given.X.shape) < 0.5] = 0
    options = {"loss": "(yhat - y)**4", "engine": engine}
    found = fl.example_gradients(net, theta, scipy.sparse.csr_array(given.X), given.Y, **options)
    assert_near(found, fl.example_gradients(net, theta, given.X, given.Y, **options), np.float64)
    assert_near(
        found.mean(axis=0), joint(net, theta, given.X, given.Y, *options.values()), np.float64
    )


@every_engine
def test_what_overflows_is_told_by_the_row_that_does(engine):
    net = Network.parse("1 -> 1 nobias")
    given = [[1.0], [1e38]], [[0.0], [0.0]]
    found = fl.example_gradients(net, np.float32([1e10]), *given, loss="sse", engine=engine)
    assert np.isfinite(found[0]).all() and not np.isfinite(found[1]).any()


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"X": [[1, 2, 3]]}, DataError, "X must have 2 columns"),
        ({"theta": [1.0]}, SpecError, r"θ must have shape \(3,\)"),
        ({"loss": "ssee"}, SpecError, "unknown loss 'ssee'; did you mean 'sse'"),
        ({"engine": "nativ"}, SpecError, "unknown engine 'nativ'"),
    ],
)
def test_what_does_not_fit_is_refused(change, kind, message):
    given = {"theta": [1.0, 2.0, 0.0], "X": [[1.0, 2.0]], "Y": [1.0]} | change
    with pytest.raises(kind, match=message):
        fl.example_gradients(Network.parse("2 -> 1"), **given)


def test_an_activation_without_slope_has_no_gradient():
    net = Network.parse("2 -> 3 step -> 1")
    with pytest.raises(SpecError, match="predicts but cannot be trained"):
        fl.example_gradients(net, start(net), [[1.0, 2.0]], [1.0])
