"""Sparse X: the numbers of the dense matrix, and never a dense copy of it."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from tests.networks import GRAPHS, network, rows, start

from fallline.descent import Run, descend, resume
from fallline.engines.calls import checked_rows, error_and_gradient, predict
from fallline.engines.protocol import Rows
from fallline.engines.registry import ENGINES
from fallline.errors import DataError, DivergenceWarning
from fallline.formulas.optimizers import LBFGS, SGD, Adam
from fallline.spec.network import Input, Layer, Network
from fallline.spec.plan import Objective, Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_graph = pytest.mark.parametrize("graph", GRAPHS)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
TOLERANCE = {np.float64: 1e-13, np.float32: 1e-5}
N = 13


def pair(net: Network, loss: str = "squared_error", dtype=np.float64) -> tuple[Rows, Rows]:
    """Return the same rows with X dense and sparse: some weights are 0, and half of X."""
    dense = rows(net, loss, N, seed=3, weighted=True, dtype=dtype)
    dense.X[np.random.default_rng(4).random(dense.X.shape) < 0.5] = 0
    dense.X[2] = 0  # a row without any entry
    assert 0 in dense.weights
    return dense, dense._replace(X=scipy.sparse.csr_array(dense.X))


def close(dtype) -> dict[str, float]:
    return {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}


@every_dtype
@every_graph
@every_engine
def test_error_gradient_and_outputs_are_those_of_the_dense_matrix(engine, graph, dtype):
    net = network(graph)
    theta, (dense, sparse) = start(net, dtype=dtype), pair(net, dtype=dtype)
    options = {"l2": 0.1, "sample_weight": dense.weights, "engine": engine}
    one = error_and_gradient(net, theta, dense.X, dense.Y, **options)
    other = error_and_gradient(net, theta, sparse.X, sparse.Y, **options)
    np.testing.assert_allclose(other[0], one[0], rtol=TOLERANCE[dtype])
    np.testing.assert_allclose(other[1], one[1], **close(dtype))
    outputs = predict(net, theta, sparse.X, engine=engine)
    assert type(outputs) is np.ndarray and outputs.dtype == other[1].dtype == dtype
    np.testing.assert_allclose(outputs, predict(net, theta, dense.X, engine=engine), **close(dtype))


PLANS = {
    "full batch": Plan(batch_size=None, optimizer=SGD(0.1, momentum=0.9), l2=0.1),
    "mini-batch": Plan(batch_size=4, optimizer=Adam(0.01), l2=0.1),
    "single rows": Plan(batch_size=1, optimizer=SGD(0.02), loss="sse"),
    "input noise": Plan(batch_size=4, optimizer=SGD(0.05), input_noise=0.3, dropout=0.3),
    "solver": Plan(optimizer=LBFGS(), l2=0.1),
}


@every_dtype
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("graph", ["chain", "skip", "branches", "several_inputs"])
@every_engine
def test_a_descent_is_that_of_the_dense_matrix(engine, graph, plan, dtype):
    net, plan = network(graph), replace(plan, epochs=3)
    dense, sparse = pair(net, plan.loss, dtype)
    one, other = (
        descend(
            net, of.X, of.Y, sample_weight=of.weights, plan=plan, theta=start(net, dtype=dtype),
            X_val=of.X[:4], y_val=of.Y[:4], engine=engine, error_at_end=True,
        )
        for of in (dense, sparse)
    )  # fmt: skip
    wide = 20 if isinstance(plan.optimizer, LBFGS) else 2  # its line search magnifies roundings
    tolerance = {"rtol": wide * TOLERANCE[dtype], "atol": wide * TOLERANCE[dtype]}
    np.testing.assert_allclose(other.theta, one.theta, **tolerance)
    assert other.theta.dtype == dtype
    for name in ("error", "validation_error", "error_at_end", "gradient_norm"):
        np.testing.assert_allclose(
            other.history.column(name), one.history.column(name), **tolerance
        )


@every_engine
def test_dropout_of_inputs_drops_the_same_entries(engine):
    net = network("several_inputs")
    dense, sparse = pair(net)
    plan = Plan(batch_size=None, optimizer=SGD(0.1), epochs=2, dropout={"x": 0.5, "a": 0.2})
    one, other = (
        descend(net, of.X, of.Y, plan=plan, theta=start(net), engine=engine)
        for of in (dense, sparse)
    )
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-12, atol=1e-13)


@pytest.fixture
def never_dense(monkeypatch):
    """Let every way of making a sparse matrix dense fail."""

    def refuse(self, *arguments, **options):
        raise AssertionError("a sparse matrix was made dense")

    for name in ("csr_array", "csc_array", "coo_array", "csr_matrix"):
        for way in ("toarray", "todense"):
            monkeypatch.setattr(getattr(scipy.sparse, name), way, refuse)


WIDE = 1_000_000
WIDE_NETS = {
    "chain": Network.parse(f"{WIDE} -> 1 tanh -> 1"),
    "skip": Network.of(
        Input(WIDE), Layer(1, "tanh", "a"), Layer(1, "identity", "out", sources=("a", "input"))
    ),
    "two inputs": Network.of(
        Input(WIDE - 1, "x"),
        Input(1, "z"),
        Layer(1, "tanh", "a", sources=("x", "z")),
        Layer(1, "identity", "out", sources=("a", "z")),
    ),
}


@pytest.mark.parametrize("net", WIDE_NETS.values(), ids=WIDE_NETS)
@every_engine
def test_a_million_columns_stay_sparse(engine, net, never_dense):
    """As a dense matrix these 1000 rows have 8 gigabytes."""
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((1000, WIDE), density=1e-6, format="csr", rng=rng)
    assert X.nnz == 1000
    Y = rng.normal(size=1000)
    run = Run(
        net, X, Y, X_val=X[:10], y_val=Y[:10], epochs=1, batch_size=500, engine=engine,
        optimizer=SGD(0.1), error_at_end=True,
    )  # fmt: skip
    before = run.theta
    next(run)
    used = np.unique(X.indices)
    moved = np.flatnonzero(run.theta != before)
    weights = moved[moved < WIDE]  # of the first layer that the inputs feed
    assert len(weights) and np.isin(weights, used).all()
    assert np.isfinite(predict(net, run.theta, X, engine=engine)).all()
    assert run.data_digest() != Run(net, 2 * X, Y, engine=engine).data_digest()


FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_scipy_is_taken(form, kind):
    net = network("chain")
    dense, _ = pair(net)
    given = getattr(scipy.sparse, f"{form}_{kind}")(dense.X)
    found = checked_rows(net, Objective(), given, dense.Y, None, np.float64).X
    assert isinstance(found, scipy.sparse.csr_array)
    np.testing.assert_array_equal(found.toarray(), dense.X)
    theta = start(net)
    np.testing.assert_allclose(predict(net, theta, given), predict(net, theta, dense.X), rtol=1e-13)


def test_a_checkpoint_knows_its_sparse_rows(tmp_path):
    net = network("skip")
    _, given = pair(net)
    options = {"sample_weight": given.weights, "X_val": given.X[:4], "y_val": given.Y[:4]}
    run = Run(net, given.X, given.Y, epochs=4, batch_size=3, **options)
    next(run)
    run.step()
    run.save_checkpoint(tmp_path / "run.ckpt")
    # The same entries, in another format and with wider indices.
    same = scipy.sparse.csc_array(given.X)
    same.indices, same.indptr = same.indices.astype(np.int64), same.indptr.astype(np.int64)
    again = resume(tmp_path / "run.ckpt", same, given.Y, **options)
    for end in (run, again):
        for _ in end:
            pass
    assert again.theta.tobytes() == run.theta.tobytes() and again.history == run.history
    moved = scipy.sparse.csr_array((given.X.data, given.X.indices[::-1].copy(), given.X.indptr))
    moved.resize(given.X.shape)
    for other in (given.X.toarray(), 2 * given.X, moved):
        with pytest.raises(DataError, match="these are not the rows of the run"):
            resume(tmp_path / "run.ckpt", other, given.Y, **options)


@every_engine
def test_a_divergence_in_sparse_rows_is_located(engine):
    net = Network.parse("2 -> 1 nobias")
    X = scipy.sparse.csr_array(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1e200]]))
    with pytest.warns(DivergenceWarning):
        run = descend(
            net, X, np.zeros(3), theta=[0.0, 1e150], loss="sse", optimizer=SGD(1e-300),
            batch_size=2, shuffle=False, engine=engine,
        )  # fmt: skip
    assert (run.divergence.what, run.divergence.row, run.divergence.batch) == ("net input", 2, 2)


def test_targets_and_weights_must_be_dense():
    net = network("chain")
    dense, _ = pair(net)
    with pytest.raises(DataError, match=r"Y must be a dense array, .* sparse; give Y.toarray\(\)"):
        error_and_gradient(net, start(net), dense.X, scipy.sparse.csr_array(dense.Y))
    with pytest.raises(DataError, match="sample_weight must hold numbers only"):
        error_and_gradient(
            net, start(net), dense.X, dense.Y, sample_weight=scipy.sparse.csr_array(dense.Y)
        )
