"""Weights of classes: each row's weight is multiplied by that of its class."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from tests.estimators.by_hand import vector

from fallline.estimators import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CODES = load_wine(return_X_y=True)
X = StandardScaler().fit_transform(X)
Y = np.array(["barolo", "grignolino", "barbera"])[CODES]
OWN = np.random.RandomState(0).randint(0, 3, len(Y)) + 0.5
GIVEN = {"barolo": 1.0, "grignolino": 5.0, "barbera": 0.25}


def net(**settings):
    return MLPClassifier(
        **{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0} | settings
    )


def _each(class_weight, weights):
    if class_weight != "balanced":
        return compute_sample_weight(class_weight, Y)
    # Balanced are the weights of the rows, not their number.
    totals = {
        name: (np.ones(len(Y)) if weights is None else weights)[name == Y].sum() for name in GIVEN
    }
    shares = {name: sum(totals.values()) / 3 / total for name, total in totals.items()}
    return compute_sample_weight(shares, Y)


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"early_stopping": True}])
@pytest.mark.parametrize("class_weight", ["balanced", GIVEN])
@pytest.mark.parametrize("weights", [None, OWN])
def test_they_multiply_those_of_the_rows(class_weight, weights, settings, engine):
    settings = settings | {"engine": engine}
    each = _each(class_weight, weights)
    product = each if weights is None else each * weights
    asked = net(class_weight=class_weight, **settings).fit(X, Y, sample_weight=weights)
    by_hand = net(**settings).fit(X, Y, sample_weight=product)
    np.testing.assert_allclose(vector(asked), vector(by_hand), rtol=1e-7)
    np.testing.assert_allclose(asked.loss_curve_, by_hand.loss_curve_, rtol=1e-9)
    assert np.abs(vector(asked) - vector(net(**settings).fit(X, Y))).max() > 1e-4


def test_balanced_weights_find_more_of_a_rare_class():
    rows, y = np.vstack([X[CODES == 0], X[CODES == 1][:6]]), np.repeat([0, 1], [59, 6])
    noisy = rows + np.random.RandomState(0).normal(0, 2.5, rows.shape)
    plain, balanced = (
        net(class_weight=asked, max_iter=60).fit(noisy, y) for asked in (None, "balanced")
    )
    assert balanced.predict(noisy).sum() > plain.predict(noisy).sum()


def test_of_several_labels_each_has_its_own(engine):
    labels = np.column_stack([CODES == 0, X[:, 0] > 0]).astype(int)
    given = [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 0.5}]
    for class_weight in (given, "balanced"):
        asked = net(class_weight=class_weight, engine=engine).fit(X, labels)
        weights = compute_sample_weight(class_weight, labels)
        by_hand = net(engine=engine).fit(X, labels, sample_weight=weights)
        np.testing.assert_allclose(vector(asked), vector(by_hand), rtol=1e-9)
    assert weights.std() > 0


def test_partial_fit_takes_a_mapping(engine):
    classes = np.unique(Y)
    asked, by_hand = net(class_weight=GIVEN, engine=engine), net(engine=engine)
    for part in (slice(0, 90), slice(60, None)):
        asked.partial_fit(X[part], Y[part], classes=classes, sample_weight=OWN[part])
        product = compute_sample_weight(GIVEN, Y[part]) * OWN[part]
        by_hand.partial_fit(X[part], Y[part], classes=classes, sample_weight=product)
    np.testing.assert_array_equal(vector(asked), vector(by_hand))


def test_partial_fit_cannot_balance():
    with pytest.raises(ValueError, match="cannot know the classes' shares in partial_fit"):
        net(class_weight="balanced").partial_fit(X, Y, classes=np.unique(Y))
    shares = compute_class_weight("balanced", classes=np.unique(Y), y=Y)
    net(class_weight=dict(zip(np.unique(Y), shares, strict=True))).partial_fit(
        X, Y, classes=np.unique(Y)
    )


@pytest.mark.parametrize("wrong", ["balance", 3, [{"barolo": 1}, {"barbera": 2}]])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="class_weight"):
        net(class_weight=wrong).fit(X, Y)


def test_rows_of_the_users_own_for_validation_keep_their_weights(engine):
    plain = net(engine=engine).fit(X, Y, X_val=X, y_val=Y, sample_weight_val=OWN)
    asked = net(class_weight=dict.fromkeys(GIVEN, 2.0), alpha=2e-4, engine=engine)
    asked.fit(X, Y, X_val=X, y_val=Y, sample_weight_val=OWN)
    # Twice all weights and twice the penalty, which scikit-learn divides by them: the same fit.
    np.testing.assert_allclose(asked.validation_curve_, plain.validation_curve_, rtol=1e-9)


def test_a_part_may_lack_a_class_that_has_a_weight(engine):
    classes, rows = np.unique(Y), Y != "barolo"
    asked, by_hand = net(class_weight=GIVEN, engine=engine), net(engine=engine)
    asked.partial_fit(X[rows], Y[rows], classes=classes)
    weights = np.array([GIVEN[name] for name in Y[rows]])
    by_hand.partial_fit(X[rows], Y[rows], classes=classes, sample_weight=weights)
    np.testing.assert_array_equal(vector(asked), vector(by_hand))
    some = net(class_weight={"barolo": 3.0}, engine=engine)  # the others weigh 1
    plain = net(engine=engine).partial_fit(X[rows], Y[rows], classes=classes)
    some.partial_fit(X[rows], Y[rows], classes=classes)
    np.testing.assert_array_equal(vector(some), vector(plain))


def test_a_weight_of_no_class_is_refused():
    for wrong in ({"barollo": 2.0}, {**GIVEN, "merlot": 1.0}):
        with pytest.raises(ValueError, match="none of the classes"):
            net(class_weight=wrong).fit(X, Y)
    labels = np.column_stack([CODES == 0, CODES == 1]).astype(int)
    with pytest.raises(ValueError, match="none of the classes"):
        net(class_weight=[{0: 1.0}, {2: 1.0}]).fit(X, labels)
