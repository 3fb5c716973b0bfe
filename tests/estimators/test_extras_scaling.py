"""Standardising inside, against scikit-learn's pipelines around the same network."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import neural_network
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.estimators.by_hand import vector

from fallline.data import samples
from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_wine(return_X_y=True)
D, T = load_diabetes(return_X_y=True)
D = D * np.arange(1, 11) + 5
W = np.random.RandomState(0).randint(0, 3, 500).astype(float)
SETTINGS = {"hidden_layer_sizes": (7,), "max_iter": 15, "random_state": 0}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scaled_inputs_are_those_of_a_pipeline(dtype, settings, weighted, engine):
    rows, s = X.astype(dtype), W[: len(X)] if weighted else None
    inside = MLPClassifier(scale_inputs=True, engine=engine, **SETTINGS, **settings)
    inside.fit(rows, Y, sample_weight=s)
    around = make_pipeline(StandardScaler(), MLPClassifier(engine=engine, **SETTINGS, **settings))
    around.fit(rows, Y, standardscaler__sample_weight=s, mlpclassifier__sample_weight=s)
    rtol = 1e-10 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(vector(inside), vector(around[-1]), rtol=rtol, atol=rtol / 10)
    assert inside.coefs_[0].dtype == inside.predict_proba(rows).dtype == dtype
    np.testing.assert_allclose(
        inside.predict_proba(rows), around.predict_proba(rows), rtol=10 * rtol, atol=rtol
    )


def test_scaled_inputs_are_those_of_a_pipeline_around_scikit_learns_network():
    inside = MLPClassifier(scale_inputs=True, **SETTINGS).fit(X, Y)
    around = make_pipeline(StandardScaler(), neural_network.MLPClassifier(**SETTINGS)).fit(X, Y)
    np.testing.assert_allclose(inside.predict_proba(X), around.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize("targets", ["one", "several"])
def test_scaled_targets_are_those_of_a_transformed_target(targets, engine):
    y = T if targets == "one" else np.column_stack([T, T**2 + D[:, 0]])
    settings = SETTINGS | {"early_stopping": True, "learning_rate_init": 0.01, "engine": engine}
    inside = MLPRegressor(scale_inputs=True, scale_target=True, **settings).fit(D, y)
    around = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), MLPRegressor(**settings)), transformer=StandardScaler()
    ).fit(D, y)
    assert inside.predict(D).shape == y.shape
    np.testing.assert_allclose(inside.predict(D), around.predict(D), rtol=1e-9)
    np.testing.assert_allclose(inside.score(D, y), around.score(D, y), rtol=1e-10)
    theirs = around.regressor_[-1]
    np.testing.assert_allclose(inside.loss_curve_, theirs.loss_curve_, rtol=1e-10)
    np.testing.assert_allclose(inside.validation_scores_, theirs.validation_scores_, rtol=1e-9)


def test_row_weights_count_in_the_scaling_of_targets():
    s = W[: len(T)]
    net = MLPRegressor(scale_target=True, **SETTINGS).fit(D, T, sample_weight=s)
    mean = np.average(T, weights=s)
    std = np.sqrt(np.average((T - mean) ** 2, weights=s))
    by_hand = MLPRegressor(**SETTINGS).fit(D, (T - mean) / std, sample_weight=s)
    np.testing.assert_allclose(net.predict(D), by_hand.predict(D) * std + mean, rtol=1e-9)


def _houses():
    table = samples.load("houses")
    names = [c.name for c in table if c.kind in ("float", "integer") and c.name != "price"]
    return np.column_stack([table[n].values for n in names]), table["price"].values


@pytest.mark.parametrize("data", ["diabetes", "houses"])
def test_on_raw_tables_scaling_makes_the_difference(data):
    rows, y = load_diabetes(return_X_y=True) if data == "diabetes" else _houses()
    x, x_test, t, t_test = train_test_split(rows, y, random_state=0)
    theirs = neural_network.MLPRegressor(random_state=0).fit(x, t).score(x_test, t_test)
    ours = MLPRegressor(scale_inputs=True, scale_target=True, early_stopping=True, random_state=0)
    score = ours.fit(x, t).score(x_test, t_test)
    assert score > theirs + 0.2
    assert score > (0.3 if data == "diabetes" else 0.6)
    if data == "diabetes":
        assert theirs < -1  # worse than the mean by far


def test_sparse_inputs_are_scaled_and_not_centred(engine, monkeypatch):
    rows, y = load_breast_cancer(return_X_y=True)
    rows = np.where(rows < np.median(rows, axis=0), 0, rows)
    matrix = sp.csr_array(rows)
    settings = SETTINGS | {"engine": engine}
    around = make_pipeline(StandardScaler(with_mean=False), MLPClassifier(**settings))
    around.fit(matrix, y)
    shares = around.predict_proba(matrix)

    toarray = sp.csr_array.toarray

    def labels_only(self, *args, **kwargs):
        assert self.shape != matrix.shape, "the whole matrix was made dense"
        return toarray(self, *args, **kwargs)

    monkeypatch.setattr(sp.csr_array, "toarray", labels_only)
    for form in (matrix, sp.csc_array(matrix), sp.coo_array(matrix)):
        before = form.copy()
        inside = MLPClassifier(scale_inputs=True, **settings).fit(form, y)
        np.testing.assert_allclose(vector(inside), vector(around[-1]), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(inside.predict_proba(form), shares, rtol=1e-9, atol=1e-12)
        assert (form != before).nnz == 0  # the caller's own
    np.testing.assert_allclose(inside.predict_proba(rows), shares, rtol=1e-9, atol=1e-12)


def test_a_network_of_centred_columns_takes_no_sparse_rows():
    net = MLPClassifier(scale_inputs=True, **SETTINGS).fit(X, Y)
    with pytest.raises(ValueError, match=r"give dense rows, such as X\.toarray\(\)"):
        net.predict(sp.csr_array(X))


def test_partial_fit_and_warm_start_keep_the_first_scaling(engine):
    first, second = slice(0, None, 2), slice(1, None, 2)
    scaler = StandardScaler().fit(X[first])
    inside = MLPClassifier(scale_inputs=True, engine=engine, **SETTINGS)
    outside = MLPClassifier(engine=engine, **SETTINGS)
    for part in (first, second, second):
        inside.partial_fit(X[part], Y[part], classes=[0, 1, 2])
        outside.partial_fit(scaler.transform(X[part]), Y[part], classes=[0, 1, 2])
    np.testing.assert_allclose(vector(inside), vector(outside), rtol=1e-11)
    for net, rows in ((inside, X), (outside, scaler.transform(X))):
        net.set_params(warm_start=True, max_iter=3).fit(rows, Y)
    np.testing.assert_allclose(vector(inside), vector(outside), rtol=1e-11)


@pytest.mark.parametrize("loss", ["squared_error", "mae", "gaussian_likelihood", "quantile"])
def test_predictions_follow_the_units_of_the_target(loss, engine):
    settings = SETTINGS | {"scale_target": True, "scale_inputs": True, "engine": engine}
    one = MLPRegressor(loss, **settings).fit(D, T)
    other = MLPRegressor(loss, **settings).fit(D, 1000 * T - 7)
    np.testing.assert_allclose(other.predict(D), 1000 * one.predict(D) - 7, rtol=1e-8)
    np.testing.assert_allclose(other.score(D, 1000 * T - 7), one.score(D, T), rtol=1e-8)
    np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, rtol=1e-8)
    if loss == "gaussian_likelihood":
        spreads = [net.predict(D, return_std=True)[1] for net in (one, other)]
        np.testing.assert_allclose(spreads[1], 1000 * spreads[0], rtol=1e-8)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_positive_targets_are_scaled_and_not_centred(loss, engine):
    settings = SETTINGS | {"scale_inputs": True, "engine": engine}
    inside = MLPRegressor(loss, scale_target=True, **settings).fit(D, T)
    by_hand = MLPRegressor(loss, **settings).fit(D, T / T.std())
    assert (inside.predict(D) > 0).all()
    np.testing.assert_allclose(inside.predict(D), by_hand.predict(D) * T.std(), rtol=1e-9)


def test_what_does_not_vary_stays_finite():
    rows = np.column_stack([D, np.full(len(D), 3.0)])
    net = MLPRegressor(scale_inputs=True, scale_target=True, **SETTINGS)
    assert np.isfinite(net.fit(rows, np.full(len(D), 42.0)).predict(rows)).all()
    whole = net.fit(rows, np.arange(len(D)))  # of whole numbers
    assert whole.predict(rows).dtype == np.float64


def test_float32_keeps_its_digits_far_from_zero():
    rows = (1e4 + np.random.RandomState(0).normal(size=(100, 3))).astype(np.float32)
    y = (rows[:, 0] > 1e4).astype(int)
    net = MLPClassifier(scale_inputs=True, **SETTINGS).fit(rows, y)
    exact = (rows.astype(float) - rows.astype(float).mean(0)) / rows.astype(float).std(0)
    np.testing.assert_allclose(net._scaling.inputs(rows), exact, atol=1e-5)
