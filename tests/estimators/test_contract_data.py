"""All kinds of rows and targets that scikit-learn's classes take, and what comes out of them."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.estimators.both import IDS, PAIRS, diabetes, iris, quick, rows_for

from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
both = pytest.mark.parametrize("ours, theirs", PAIRS, ids=IDS)
SOLVERS = ("sgd", "adam", "lbfgs")
solvers = pytest.mark.parametrize("solver", SOLVERS)


def equal(ours: type, theirs: type, X: Any, y: Any, test: Any = None, **settings: Any) -> Any:
    """Fit both, compare what they predict in value, dtype and shape, and return ours."""
    arguments = quick() | settings
    known = theirs(**{n: v for n, v in arguments.items() if n != "engine"}).fit(X, y)
    mine = ours(**arguments).fit(X, y)
    rows = X if test is None else test
    for method in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(known, method):
            out, asked = getattr(mine, method)(rows), getattr(known, method)(rows)
            assert out.dtype == asked.dtype and out.shape == asked.shape
            if sp.issparse(asked):
                assert type(out) is type(asked) and not (out != asked).nnz
            elif out.dtype.kind == "f":
                close = 1e-3 if out.dtype == np.float32 else 1e-7
                np.testing.assert_allclose(out, asked, rtol=close, atol=close)
            else:
                assert np.array_equal(out, asked)
    return mine


# --- targets -----------------------------------------------------------------------------------

LABELS = {
    "int": lambda y: y,
    "int8": lambda y: y.astype(np.int8),
    "negative": lambda y: 10 * y - 10,
    "float": lambda y: y.astype(float),
    "str": lambda y: np.array(["ash", "elm", "oak"])[y],
    "object": lambda y: np.array(["ash", "elm", "oak"], dtype=object)[y],
    "bytes-free list": lambda y: [["ash", "elm", "oak"][k] for k in y],
    "bool": lambda y: y > 1,
    "two": lambda y: (y > 0) * 7,
    "Series": lambda y: pd.Series(np.array(["ash", "elm", "oak"])[y]),
    "categorical": lambda y: pd.Series(np.array(["ash", "elm", "oak"])[y]).astype("category"),
    "polars": lambda y: pl.Series(np.array(["ash", "elm", "oak"])[y]),
    "labels": lambda y: np.column_stack([y == 0, y < 2]).astype(int),
    "sparse labels": lambda y: sp.csr_matrix(np.column_stack([y == 0, y < 2]).astype(int)),
    "list of labels": lambda y: np.column_stack([y == 0, y < 2]).astype(int).tolist(),
}


@pytest.mark.parametrize("kind", LABELS)
@solvers
def test_labels_of_each_kind(kind: str, solver: str, engine: str) -> None:
    X, y = iris()
    mine = equal(*PAIRS[0], X, LABELS[kind](y), solver=solver, engine=engine)
    sums = mine.predict_proba(X).sum(axis=1)
    if "labels" not in kind:
        np.testing.assert_allclose(sums, 1, rtol=1e-12)
        assert mine.predict(X).dtype == mine.classes_.dtype


def test_one_class_is_learnt() -> None:
    X, _ = iris()
    for y in (np.zeros(len(X)), np.full(len(X), "oak")):
        equal(*PAIRS[0], X, y)


AMOUNTS = {
    "vector": lambda y: y,
    "int": lambda y: (3 * y).astype(int),
    "float32": lambda y: y.astype(np.float32),
    "list": lambda y: y.tolist(),
    "Series": lambda y: pd.Series(y),
    "two columns": lambda y: np.column_stack([y, -y]),
    "frame": lambda y: pd.DataFrame({"a": y, "b": -y}),
}


@pytest.mark.parametrize("kind", AMOUNTS)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_amounts_of_each_kind(kind: str, solver: str, engine: str) -> None:
    X, y = diabetes()
    equal(*PAIRS[1], X, AMOUNTS[kind](y), solver=solver, engine=engine)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@both
def test_one_column_gives_a_vector(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    assert equal(ours, theirs, X, y[:, None]).predict(X).shape == y.shape


# --- inputs ------------------------------------------------------------------------------------

SPARSE = [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csr_array, sp.csc_array, sp.coo_array]
SPARSE += [sp.lil_matrix, sp.dok_array]


def dotted(X: np.ndarray) -> np.ndarray:
    """Return rows with zeros in half of the places."""
    return np.where(np.abs(X) < 0.7, 0, X)


@both
@pytest.mark.parametrize("container", SPARSE, ids=lambda c: c.__name__)
def test_sparse_rows_give_the_numbers_of_dense_ones(
    ours: type, theirs: type, container: Any, engine: str
) -> None:
    X, y = rows_for(ours)
    X = dotted(X)
    for solver in SOLVERS:
        settings = quick(solver=solver, engine=engine, batch_size=32)
        dense = ours(**settings).fit(X, y)
        sparse = ours(**settings).fit(container(X), y)
        for a, b in zip(dense.coefs_, sparse.coefs_, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
        out = sparse._predicted(container(X))
        np.testing.assert_allclose(out, sparse._predicted(X), rtol=1e-9, atol=1e-9)
    equal(ours, theirs, container(X), y, engine=engine)


@both
def test_a_sparse_matrix_is_never_made_dense(
    ours: type, theirs: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = sp.random_array((300, 200_000), density=1e-5, format="csr", rng=np.random.default_rng(0))
    y = np.arange(300) % 2
    dense = sp.csr_array.toarray

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.shape != X.shape, "the whole matrix was made dense"
        return dense(self, *args, **kwargs)

    for name in ("toarray", "todense"):
        monkeypatch.setattr(sp.csr_array, name, refuse)
    for solver in SOLVERS:
        net = ours(**quick(hidden_layer_sizes=(1,), max_iter=2, solver=solver)).fit(X, y)
        assert np.isfinite(net.predict(X)).all()


def strided(X: np.ndarray) -> np.ndarray:
    wide = np.zeros((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    wide[::2, ::3] = X
    return wide[::2, ::3]


def read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


FORMS = {
    "read-only": read_only,
    "strided": strided,
    "backwards": lambda X: X[::-1].copy()[::-1],
    "Fortran": np.asfortranarray,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "list": lambda X: X.tolist(),
    "object": lambda X: X.astype(object),
}


@both
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@solvers
def test_the_form_of_an_array_does_not_matter(
    ours: type, theirs: type, form: str, dtype: str, solver: str, engine: str
) -> None:
    X, y = rows_for(ours)
    X = (3 * X).astype(dtype)
    if form in ("list", "object") and dtype == "float32":
        X = X.astype(np.float64)  # which both become
    settings = quick(solver=solver, engine=engine)
    plain, other = (ours(**settings).fit(rows, y) for rows in (X, FORMS[form](X)))
    for a, b in zip(plain.coefs_, other.coefs_, strict=True):
        assert a.dtype == b.dtype or form == "big-endian"  # which scikit-learn reads in double
        np.testing.assert_allclose(a, b, rtol=1e-12 if a.dtype == np.float64 else 1e-4, atol=1e-6)
    assert np.allclose(plain._predicted(X), other._predicted(FORMS[form](X)), atol=1e-5)


@both
@solvers
def test_single_precision_in_gives_single_precision(
    ours: type, theirs: type, solver: str, engine: str
) -> None:
    X, y = rows_for(ours)
    X = X.astype(np.float32)
    if solver == "lbfgs":  # where scikit-learn's weights become double
        mine = ours(**quick(solver=solver, engine=engine)).fit(X, y)
    else:
        mine = equal(ours, theirs, X, y, solver=solver, engine=engine)
    assert {array.dtype for array in [*mine.coefs_, *mine.intercepts_]} == {np.dtype(np.float32)}
    if ours is MLPRegressor:
        assert mine.predict(X).dtype == mine.predict(X.astype(float)).dtype == np.float32


def fit_of(estimator: Any, X: np.ndarray, y: np.ndarray) -> Any:
    assert isinstance(X, np.memmap) and not X.flags.writeable
    return estimator.fit(X, y)


@both
def test_rows_may_be_mapped_from_a_file(ours: type, theirs: type, tmp_path: Path) -> None:
    X, y = rows_for(ours)
    joblib.dump(X, tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    plain = ours(**quick()).fit(X, y)
    jobs = [joblib.delayed(fit_of)(ours(**quick()), mapped, y) for _ in range(2)]
    for net in joblib.Parallel(n_jobs=1)(jobs):
        assert np.array_equal(net.coefs_[0], plain.coefs_[0])


@both
@pytest.mark.parametrize("rows, columns", [(1, 1), (1, 4), (2, 1), (3, 40), (250, 1)])
def test_few_rows_and_columns(ours: type, theirs: type, rows: int, columns: int) -> None:
    X = np.random.default_rng(0).normal(size=(rows, columns))
    y = np.arange(rows) % 2
    for solver in ("sgd", "adam"):
        equal(ours, theirs, X, y, solver=solver)


@both
@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_frames_keep_their_names(ours: type, theirs: type, library: Any) -> None:
    X, y = rows_for(ours)
    names = [f"column {i}" for i in range(X.shape[1])]
    frame = library.DataFrame(dict(zip(names, X.T, strict=True)))
    mine = equal(ours, theirs, frame, y)
    assert list(mine.feature_names_in_) == names and mine.n_features_in_ == len(names)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        mine.predict(X)


# --- weights of rows, and routing --------------------------------------------------------------


@both
@solvers
def test_weights_of_rows_count_in_fit_and_score(ours: type, theirs: type, solver: str) -> None:
    X, y = rows_for(ours)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    mine, known = (c(**quick(solver=solver)).fit(X, y, weights) for c in (ours, theirs))
    np.testing.assert_allclose(mine.coefs_[0], known.coefs_[0], rtol=1e-6, atol=1e-9)
    assert mine.score(X, y, weights) == pytest.approx(known.score(X, y, weights))
    assert mine.score(X, y, weights) != mine.score(X, y)


@pytest.fixture
def routing() -> Any:
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        yield


@both
def test_metadata_is_routed(ours: type, theirs: type, routing: None) -> None:
    X, y = rows_for(ours)
    weights = np.random.default_rng(0).uniform(0.1, 3, len(y))
    net = ours(**quick(max_iter=2))
    net.set_fit_request(sample_weight=True, X_val=True, y_val=True)
    net.set_score_request(sample_weight=True)
    told = {"sample_weight": weights, "X_val": X[:9], "y_val": y[:9]}
    pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), net).fit(
        X, y, **told
    )
    alone = ours(**quick(max_iter=2)).fit(StandardScaler().fit_transform(X), y, **told)
    assert np.array_equal(pipe[-1].coefs_[0], alone.coefs_[0])
    assert len(pipe[-1].validation_curve_) == 2

    params = {"mlp" + ours.__name__[3:].lower() + "__alpha": [0.0, 1.0]}
    search = GridSearchCV(pipe, params, cv=3).fit(X, y, **told)
    assert len(search.best_estimator_[-1].validation_curve_) == 2
    scores = cross_validate(net, X, y, cv=3, params=told)["test_score"]
    plain = cross_validate(ours(**quick(max_iter=2)), X, y, cv=3)["test_score"]
    assert np.isfinite(scores).all() and not np.allclose(scores, plain)


def test_partial_fit_takes_its_metadata(routing: None) -> None:
    net = MLPClassifier().set_partial_fit_request(classes=True, sample_weight=True)
    asked = net.get_metadata_routing().partial_fit.requests
    assert asked == {"classes": True, "sample_weight": True}
