"""The scores of each epoch: scikit-learn's own, to the last bit."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from tests.estimators.both import iris, quick

from fallline import MLPClassifier
from fallline.estimators.scoring import accuracy, r_squared
from fallline.formulas.metrics import METRICS

RNG = np.random.default_rng(0)
N = 57


def weights_of(kind):
    return None if kind is None else RNG.integers(0, 5, N).astype(kind) / 3


WEIGHTS = pytest.mark.parametrize("weights", [None, np.float32, np.float64])
CLASSES = {
    "two": np.array(["no", "yes"]),
    "three": np.array([3, 5, 9]),
    "floats": np.array([0.0, 2.0]),
    "objects": np.array(["a", "bb", "c"], object),
}


@WEIGHTS
@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
def test_accuracy_of_classes(classes, weights):
    y, predicted, s = RNG.choice(classes, N), RNG.choice(classes, N), weights_of(weights)
    assert accuracy(y, predicted, s) == accuracy_score(y, predicted, sample_weight=s)
    assert accuracy(y, y, s) == 1.0


@WEIGHTS
def test_accuracy_of_several_labels_a_row_needs_all_of_them(weights):
    y, s = RNG.integers(0, 2, (N, 3)), weights_of(weights)
    predicted = np.where(RNG.random((N, 3)) < 0.1, 1 - y, y)
    assert accuracy(y, predicted, s) == accuracy_score(y, predicted, sample_weight=s)
    assert 0 < accuracy(y, predicted, s) < (y == predicted).mean()


@WEIGHTS
@pytest.mark.parametrize("columns", [None, 1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
def test_r_squared(kind, dtype, columns, weights):
    shape = (N,) if columns is None else (N, columns)
    y = (100 * RNG.standard_normal(shape) + 1000).astype(kind)
    predicted = (y + 30 * RNG.standard_normal(shape)).astype(dtype)
    predicted = predicted.ravel() if columns == 1 else predicted
    s = weights_of(weights)
    assert r_squared(y, predicted, s) == r2_score(y, predicted, sample_weight=s)
    assert r_squared(y, y.astype(np.float64), s) == 1.0


def test_r_squared_of_constant_columns_is_all_or_nothing():
    y = np.column_stack([np.full(N, 2.0), np.full(N, 3.0), np.arange(N)])
    predicted = y + np.array([0.0, 0.5, 1.0])
    assert r_squared(y, predicted, None) == r2_score(y, predicted)
    each = r2_score(y, predicted, multioutput="raw_values")
    assert each[:2].tolist() == [1.0, 0.0]


def test_r_squared_of_a_single_row_is_undefined():
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(r_squared(np.ones(1), np.ones(1), None))


def test_probabilities_of_classes_judged_one_by_one_sum_to_one():
    X, y = iris()
    ours = MLPClassifier(**quick(loss="binary_cross_entropy"))
    with pytest.warns(ConvergenceWarning):
        ours.fit(X, y)
    found = ours.predict_proba(X)
    assert ours.out_activation_ == "logistic" and np.allclose(found.sum(axis=1), 1, atol=1e-12)
    # scikit-learn's own metrics refuse, or warn of, what does not sum to 1
    assert roc_auc_score(y, found, multi_class="ovr") > 0.5
    model = ours.to_model()
    assert np.allclose(model.predict_proba(X), found, atol=1e-12)
    metric = METRICS["log_loss"].value(np, np.eye(3)[y], ours._predicted(X), np.ones(len(y)))
    assert metric == pytest.approx(log_loss(y, found), rel=1e-12)
