"""Rows of the user's own to judge by: curves, early stopping, best weights, the true error."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import log_softmax
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.metrics import f1_score, log_loss, mean_absolute_error, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tests.estimators.by_hand import drawn_theta, vector

from fallline.estimators import MLPClassifier, MLPRegressor
from fallline.spec.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
X = StandardScaler().fit_transform(X)
X, XV, NAMES, NAMES_V = train_test_split(X, NAMES, random_state=0, stratify=NAMES)
WV = np.random.RandomState(0).randint(0, 3, len(XV)) + 0.5
D, T = load_diabetes(return_X_y=True)
D, DV, T, TV = train_test_split(StandardScaler().fit_transform(D), T, random_state=0)
KEPT = {"X_val": XV, "y_val": NAMES_V, "sample_weight_val": WV}
SOLVERS = ["adam", "sgd", "lbfgs"]


def classifier(**settings):
    return MLPClassifier(
        **{"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 8} | settings
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_curves_are_error_and_accuracy_of_the_rows_kept(solver, engine):
    settings = {"solver": solver, "learning_rate_init": 0.02, "engine": engine}
    net = classifier(**settings).fit(X, NAMES, **KEPT)
    assert len(net.validation_curve_) == len(net.validation_scores_) == net.n_iter_
    for epochs in range(1, net.n_iter_ + 1):
        part = classifier(**settings | {"max_iter": epochs}).fit(X, NAMES)
        error = log_loss(NAMES_V, part.predict_proba(XV), sample_weight=WV)
        np.testing.assert_allclose(net.validation_curve_[epochs - 1], error, rtol=1e-10)
        score = part.score(XV, NAMES_V, sample_weight=WV)
        np.testing.assert_allclose(net.validation_scores_[epochs - 1], score, rtol=1e-12)
    assert net.best_validation_score_ == max(net.validation_scores_)
    assert net.history_.column("validation_error") == net.validation_curve_


def test_the_curve_of_a_regressor_is_in_standard_deviations_where_it_scales(engine):
    y, y_val = np.column_stack([T, -T]), np.column_stack([TV, -TV])
    net = MLPRegressor(hidden_layer_sizes=(5,), scale_target=True, max_iter=9, random_state=0)
    net.set_params(engine=engine).fit(D, y, X_val=DV, y_val=y_val)
    # ½ of the squares, summed over the targets.
    error = mean_squared_error(y_val / T.std(), net.predict(DV) / T.std())
    np.testing.assert_allclose(net.validation_curve_[-1], error, rtol=1e-10)
    np.testing.assert_allclose(net.validation_scores_[-1], net.score(DV, y_val), rtol=1e-12)


def test_rows_kept_change_nothing_but_what_is_recorded(engine):
    plain, judged = (classifier(engine=engine) for _ in range(2))
    plain.fit(X, NAMES)
    judged.fit(X, NAMES, **KEPT)
    np.testing.assert_array_equal(vector(plain), vector(judged))
    assert plain.loss_curve_ == judged.loss_curve_
    assert plain.validation_curve_ is None and plain.validation_scores_ is None


def test_early_stopping_takes_them_in_place_of_a_part_of_the_rows(engine):
    settings = {"early_stopping": True, "learning_rate_init": 0.05, "max_iter": 300}
    net = classifier(n_iter_no_change=5, engine=engine, **settings).fit(X, NAMES, **KEPT)
    assert net.t_ == len(X) * net.n_iter_  # every training row is trained on
    assert net.n_iter_ < 300
    assert net.best_validation_score_ == max(net.validation_scores_)
    score = net.score(XV, NAMES_V, sample_weight=WV)
    np.testing.assert_allclose(score, net.best_validation_score_)
    split = classifier(n_iter_no_change=5, **settings).fit(X, NAMES)
    assert split.t_ < len(X) * split.n_iter_
    assert len(split.validation_curve_) == split.n_iter_


def test_they_may_be_frames_and_sparse(engine):
    names = list("abcd")
    framed = classifier(engine=engine).fit(
        pd.DataFrame(X, columns=names),
        NAMES,
        X_val=pd.DataFrame(XV, columns=names),
        y_val=pd.Series(NAMES_V),
        sample_weight_val=list(WV),
    )
    plain = classifier(engine=engine).fit(X, NAMES, **KEPT)
    assert framed.validation_curve_ == plain.validation_curve_
    sparse = classifier(engine=engine).fit(
        sp.csr_array(X), NAMES, **KEPT | {"X_val": sp.coo_matrix(XV)}
    )
    np.testing.assert_allclose(sparse.validation_curve_, plain.validation_curve_, rtol=1e-10)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"X_val": XV}, "give X_val and y_val together"),
        ({"y_val": NAMES_V}, "give X_val and y_val together"),
        ({"sample_weight_val": WV}, "give X_val and y_val together"),
        (KEPT | {"y_val": np.where(WV > 1, "rose", NAMES_V)}, "not in `self.classes_`.*rose"),
        (KEPT | {"X_val": XV[:, :3]}, "3 features"),
        (KEPT | {"y_val": NAMES_V[1:]}, "inconsistent numbers of samples"),
        (KEPT | {"X_val": np.where(XV > 1, np.nan, XV)}, "NaN"),
        (KEPT | {"sample_weight_val": WV[1:]}, "sample_weight.shape"),
        (KEPT | {"sample_weight_val": -WV}, "must not be negative"),
    ],
)
def test_rows_that_cannot_be_kept_are_refused(kept, message):
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, NAMES, **kept)


def test_a_regressor_refuses_other_targets_for_validation():
    with pytest.raises(ValueError, match="1 column"):
        MLPRegressor(max_iter=2).fit(D, T, X_val=DV, y_val=np.column_stack([TV, TV]))


@pytest.mark.parametrize("solver", SOLVERS)
def test_restore_best_ends_with_the_weights_of_the_best_score(solver, engine):
    settings = {"hidden_layer_sizes": (30,), "max_iter": 60, "random_state": 0, "engine": engine}
    settings |= {"solver": solver, "scale_target": True, "learning_rate_init": 0.01}
    last = MLPRegressor(**settings).fit(D, T, X_val=DV, y_val=TV)
    best = MLPRegressor(restore_best=True, **settings).fit(D, T, X_val=DV, y_val=TV)
    assert best.validation_scores_ == last.validation_scores_
    assert last.validation_scores_[-1] < max(last.validation_scores_)  # it had begun to overfit
    np.testing.assert_allclose(last.score(DV, TV), last.validation_scores_[-1])
    np.testing.assert_allclose(best.score(DV, TV), max(best.validation_scores_))
    at = int(np.argmax(best.validation_scores_)) + 1
    there = MLPRegressor(**settings | {"max_iter": at}).fit(D, T)
    np.testing.assert_allclose(vector(best), vector(there), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("f1_macro", lambda net: f1_score(NAMES_V, net.predict(XV), average="macro")),
        ("neg_log_loss", lambda net: -log_loss(NAMES_V, net.predict_proba(XV))),
        ("error", lambda net: -log_loss(NAMES_V, net.predict_proba(XV))),
        (lambda net, X, y: float((net.predict(X) != y).sum()), lambda net: wrong(net)),
        (None, lambda net: net.score(XV, NAMES_V)),
    ],
)
def test_the_metric_that_stops_may_be_the_error_or_any_scorer(metric, expected, engine):
    net = classifier(stopping_metric=metric, engine=engine)
    net.fit(X, NAMES, X_val=XV, y_val=NAMES_V)
    np.testing.assert_allclose(net.validation_scores_[-1], expected(net), rtol=1e-10)
    best = classifier(stopping_metric=metric, engine=engine, early_stopping=True, max_iter=40)
    best.fit(X, NAMES, X_val=XV, y_val=NAMES_V)
    np.testing.assert_allclose(max(best.validation_scores_), expected(best), rtol=1e-10)


def wrong(net):
    return float((net.predict(XV) != NAMES_V).sum())


def test_a_scorer_gets_row_weights_where_it_takes_them():
    seen = []

    def weighted(net, X, y, sample_weight=None):
        seen.append(sample_weight)
        return 0.0

    classifier(stopping_metric=weighted, max_iter=1).fit(X, NAMES, **KEPT)
    np.testing.assert_array_equal(seen[0], WV)
    net = classifier(stopping_metric="f1_macro").fit(X, NAMES, **KEPT)
    score = f1_score(NAMES_V, net.predict(XV), average="macro", sample_weight=WV)
    np.testing.assert_allclose(net.validation_scores_[-1], score)
    # max_error knows no weights.
    loose = MLPRegressor(hidden_layer_sizes=(3,), stopping_metric="neg_max_error", max_iter=2)
    loose.fit(D, T, X_val=DV, y_val=TV, sample_weight_val=np.ones(len(TV)))
    np.testing.assert_allclose(loose.validation_scores_[-1], -np.abs(TV - loose.predict(DV)).max())


def test_a_regressor_is_scored_in_the_units_of_its_target():
    net = MLPRegressor(hidden_layer_sizes=(5,), scale_target=True, max_iter=9, random_state=0)
    net.set_params(stopping_metric="neg_mean_absolute_error", early_stopping=True)
    net.fit(D, T, X_val=DV, y_val=TV)
    error = mean_absolute_error(TV, net.predict(DV))
    np.testing.assert_allclose(net.best_validation_score_, -error, rtol=1e-10)
    assert error > 10  # of a target that goes from 25 to 346


def test_predictions_that_overflow_score_nan():
    far = DV.copy()
    far[0] = 1e308
    net = MLPRegressor(hidden_layer_sizes=(5, 5), max_iter=2, random_state=0, scale_target=True)
    net.set_params(stopping_metric="r2").fit(D, T, X_val=far, y_val=TV)
    assert np.isnan(net.validation_scores_).all()
    assert net.best_validation_score_ == -np.inf


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"restore_best": True}, "restore_best needs rows to judge by: set early_stopping=True"),
        ({"stopping_metric": "f1_macro"}, "stopping_metric needs rows to judge by"),
        ({"restore_best": True, "solver": "lbfgs"}, "keeps none by itself, so give X_val"),
        (
            {"restore_best": True, "solver": "lbfgs", "early_stopping": True},
            "keeps none by itself, so give X_val",
        ),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout must be left out for LBFGS"),
        ({"solver": "lbfgs", "clip_norm": 1.0}, "clip_norm must be left out for LBFGS"),
        ({"solver": "lbfgs", "schedule": "cosine"}, "schedule must be left out for LBFGS"),
        ({"early_stopping": True, "stopping_metric": "f2"}, "f2"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        classifier(**settings).fit(X, NAMES)


@pytest.mark.parametrize("setting", [{"restore_best": True}, {"stopping_metric": "error"}])
def test_partial_fit_has_no_rows_to_judge_by(setting):
    with pytest.raises(ValueError, match="needs rows to judge by: partial_fit has none"):
        classifier(**setting).partial_fit(X, NAMES, classes=np.unique(NAMES))


# --- the true error -----------------------------------------------------------------------------


def _first_errors(X, Y, sizes, output):
    """Return −log of what the start weights give to the true class, from net inputs."""
    theta = drawn_theta(sizes, np.random.RandomState(0))
    network = Network.parse(f"{sizes[0]} -> {sizes[1]} relu -> {sizes[2]} identity")
    W, V = network.views(theta).values()
    h = np.maximum(X @ W.weights + W.biases, 0) @ V.weights + V.biases
    penalty = 0.5 * 1e-4 * (np.sum(W.weights**2) + np.sum(V.weights**2)) / len(X)
    logs = log_softmax(h, axis=1) if output == "softmax" else -np.logaddexp(0, (1 - 2 * Y) * h)
    return -logs[np.arange(len(X)), Y] if output == "softmax" else -logs.ravel(), penalty


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_the_history_has_the_true_error_where_the_loss_is_that_of_clipped_shares(
    output, dtype, engine
):
    rows, y = load_wine(return_X_y=True)
    rows, y = rows * 10, y if output == "softmax" else (y == 1).astype(int)
    k = 3 if output == "softmax" else 1
    each, penalty = _first_errors(rows, y[:, None] if k == 1 else y, (13, 6, k), output)
    settings = {"batch_size": len(y), "max_iter": 1, "random_state": 0, "learning_rate_init": 1e-9}
    theirs = neural_network.MLPClassifier((6,), **settings).fit(rows.astype(dtype), y)
    net = MLPClassifier((6,), engine=engine, **settings).fit(rows.astype(dtype), y)
    rtol = 1e-10 if dtype == np.float64 else 1e-4
    assert net.loss_ < 0.9 * each.mean()  # the start weights are sure and wrong
    np.testing.assert_allclose(net.loss_curve_, theirs.loss_curve_, rtol=rtol)
    np.testing.assert_allclose(net.history_[0].error, each.mean() + penalty, rtol=rtol)


def test_the_validation_curve_has_the_true_error(engine):
    rows, y = load_wine(return_X_y=True)
    rows = rows * 10
    each, _ = _first_errors(rows, y, (13, 6, 3), "softmax")
    net = MLPClassifier((6,), batch_size=len(y), max_iter=1, random_state=0, engine=engine)
    net.set_params(learning_rate_init=1e-12).fit(rows, y, X_val=rows, y_val=y)
    np.testing.assert_allclose(net.validation_curve_[0], each.mean(), rtol=1e-6)
    assert net.loss_curve_[0] < 0.9 * net.validation_curve_[0]


def test_where_nothing_is_clipped_history_and_loss_agree(engine):
    net = classifier(engine=engine).fit(X, NAMES)
    np.testing.assert_allclose(net.history_.column("error"), net.loss_curve_, rtol=1e-12)
