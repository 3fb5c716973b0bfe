"""Every row of the tables of errors, activations, optimizers and schedules, in the estimators."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import StandardScaler
from tests.estimators.by_hand import descent, vector

from fallline.errors import SpecError
from fallline.estimators import MLPClassifier, MLPRegressor
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.formulas.optimizers import LBFGS, OPTIMIZERS, SGD, Adam, optimizer_from
from fallline.formulas.schedules import SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, SPECIES = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
CLASSES = {
    "two": np.array(["no", "yes"])[(SPECIES == 1).astype(int)],
    "three": np.array(["setosa", "versicolor", "virginica"])[SPECIES],
    "labels": np.column_stack([SPECIES == 0, SPECIES >= 1, X[:, 0] > 0]).astype(int),
}
D, PROGRESS = load_diabetes(return_X_y=True)
D, PROGRESS = StandardScaler().fit_transform(D), PROGRESS / 100
NUMBERS = {"one": PROGRESS, "several": np.column_stack([PROGRESS, 3 + D[:, 2] / 2])}

NOT_OF_CLASSES = {"poisson", "gamma", "gaussian_likelihood"}
NOT_OF_NUMBERS = {"binary_cross_entropy", "cross_entropy", "hinge"}
QUANTILES = "quantile(levels=[0.1, 0.4, 0.9])"
SET = [QUANTILES, "huber(delta=0.5)"]


def _refused(estimator, x, y, loss):
    with pytest.raises(ValueError, match="is not an error of") as refusal:
        estimator.fit(x, y)
    listed = str(refusal.value).partition("take one of ")[2].split(", ")
    assert listed and loss not in listed


def _fell(estimator):
    curve = estimator.loss_curve_
    assert np.isfinite(curve).all() and curve[-1] < 0.9 * curve[0]


@pytest.mark.parametrize("task", CLASSES)
@pytest.mark.parametrize("loss", [*LOSSES, "cross_entropy(smoothing=0.1)", QUANTILES])
def test_every_error_of_classes_trains_a_classifier_and_others_are_refused(loss, task, engine):
    y, row = CLASSES[task], LOSSES[loss]
    net = MLPClassifier(
        (8,), loss=loss, max_iter=60, learning_rate_init=0.02, random_state=0, engine=engine
    )
    if loss in NOT_OF_CLASSES or row.parts:
        return _refused(net, X, y, loss)
    if row.targets == "distribution" and task == "labels":
        with pytest.raises(ValueError, match=r"one class each.*take 'binary_cross_entropy'"):
            net.fit(X, y)
        return None
    net.fit(X, y)
    _fell(net)
    assert net.score(X, y) > 0.8
    assert net.score(X, y) == accuracy_score(y, net.predict(X))
    assert hasattr(net, "predict_proba") == row.gives_probabilities
    if row.gives_probabilities:
        shares = net.predict_proba(X)
        assert shares.min() >= 0 and shares.max() <= 1
        if task != "labels":
            told = net.classes_[shares.argmax(axis=1)]
            np.testing.assert_array_equal(told, net.predict(X))


@pytest.mark.parametrize("task", NUMBERS)
@pytest.mark.parametrize("loss", [*LOSSES, *SET])
def test_every_error_of_numbers_trains_a_regressor_and_others_are_refused(loss, task, engine):
    y, row = NUMBERS[task], LOSSES[loss]
    net = MLPRegressor(
        loss, (8,), max_iter=100, learning_rate_init=0.01, random_state=0, engine=engine
    )
    if loss in NOT_OF_NUMBERS:
        return _refused(net, D, y, loss)
    net.fit(D, y)
    _fell(net)
    predicted = net.predict(D)
    if len(row.parts) == 3:
        columns = predicted.reshape(len(D), -1, 3)
        assert (np.diff(columns, axis=2) >= 0).all()
        share = (y.reshape(len(D), -1, 1) < columns).mean(axis=(0, 1))
        np.testing.assert_allclose(share, [0.1, 0.4, 0.9], atol=0.08)
        points = columns[:, :, 1].reshape(y.shape)  # 0.4 is the level nearest to one half
    else:
        assert predicted.shape == y.shape
        points = predicted
    assert net.score(D, y) > 0.2
    np.testing.assert_allclose(net.score(D, y), r2_score(y, points), rtol=1e-12)
    return None


def test_a_row_of_the_table_is_of_classes_or_of_numbers():
    assert set(LOSSES) > NOT_OF_CLASSES | NOT_OF_NUMBERS
    assert not NOT_OF_CLASSES & NOT_OF_NUMBERS


def test_log_loss_is_of_classes_only():
    with pytest.raises(ValueError, match="'loss' parameter of MLPRegressor cannot be 'log_loss'"):
        MLPRegressor("log_loss").fit(D, (PROGRESS > 1).astype(float))


@pytest.mark.parametrize("y", NUMBERS.values(), ids=NUMBERS)
def test_a_gaussian_likelihood_gives_standard_deviations(y):
    net = MLPRegressor("gaussian_likelihood", (8,), max_iter=100, random_state=0)
    net.set_params(learning_rate_init=0.01).fit(D, y)
    mean, std = net.predict(D, return_std=True)
    np.testing.assert_array_equal(mean, net.predict(D))
    assert mean.shape == std.shape == y.shape and (std > 0).all()
    # One standard deviation to both sides holds about two thirds of the rows.
    assert 0.55 < (np.abs(y - mean) < std).mean() < 0.8


def test_only_a_gaussian_likelihood_gives_standard_deviations():
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(D, PROGRESS)
    with pytest.raises(ValueError, match="loss='gaussian_likelihood'"):
        net.predict(D, return_std=True)


def test_a_hinge_parts_classes_by_its_margins():
    net = MLPClassifier((8,), loss="hinge", max_iter=100, learning_rate_init=0.02, random_state=0)
    net.fit(X, CLASSES["three"])
    assert net.out_activation_ == "identity"
    margins = net._predicted(X)
    np.testing.assert_array_equal(net.predict(X), net.classes_[margins.argmax(axis=1)])
    with pytest.raises(AttributeError, match="predict_proba") as refusal:
        _ = net.predict_proba
    assert "gives no probabilities" in str(refusal.value.__cause__)


def test_cross_entropy_of_two_classes_has_an_output_for_each():
    net = MLPClassifier((8,), loss="cross_entropy", max_iter=30, random_state=0)
    net.fit(X, CLASSES["two"])
    assert net.out_activation_ == "softmax" and net.n_outputs_ == 2
    shares = net.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    named = net.classes_[(shares[:, 1] > 0.5).astype(int)]
    np.testing.assert_array_equal(net.predict(X), named)


def test_a_sum_of_errors_is_reported_as_a_sum(engine):
    net = MLPRegressor("sse", (4,), max_iter=5, batch_size=100, random_state=0, engine=engine)
    net.set_params(learning_rate_init=1e-4).fit(D, PROGRESS)
    np.testing.assert_allclose(net.loss_curve_, net.history_.column("error"), rtol=1e-12)
    error = np.sum((PROGRESS - net.predict(D)) ** 2) / 2
    np.testing.assert_allclose(net.loss_, error, rtol=0.05)  # the loss is of weights that moved


@pytest.mark.parametrize("task", ["two", "three"])
def test_smoothed_labels_keep_probabilities_from_the_ends(task):
    y = CLASSES[task]
    plain = "binary_cross_entropy" if task == "two" else "cross_entropy"
    nets = [
        MLPClassifier((16,), loss=loss, max_iter=300, tol=0, learning_rate_init=0.05, alpha=0)
        for loss in ("log_loss", f"{plain}(smoothing=0.2)")
    ]
    sharp, smooth = (net.set_params(random_state=0).fit(X, y) for net in nets)
    assert sharp.predict_proba(X).max() > 0.999 > 0.99 > smooth.predict_proba(X).max()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_that_can_be_trained_serves_in_hidden_layers(name, engine):
    net = MLPRegressor(
        hidden_layer_sizes=(6, 4), activation=name, max_iter=40, random_state=0, engine=engine
    )
    net.set_params(learning_rate_init=0.003)
    if ACTIVATIONS[name].untrainable:
        with pytest.raises(ValueError, match="cannot be trained"):
            net.fit(D, PROGRESS)
        return
    net.fit(D, PROGRESS)
    assert np.isfinite(net.loss_curve_).all() and net.loss_curve_[-1] < net.loss_curve_[0]
    assert [layer.activation for layer in net._network.layers[:2]] == [name, name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_serves_at_the_output_where_its_error_takes_it(name):
    row = ACTIVATIONS[name]
    net = MLPRegressor(
        "mae", (6,), output_activation=name, max_iter=40, random_state=0, learning_rate_init=0.005
    )
    if row.untrainable:
        with pytest.raises(ValueError, match="cannot be trained"):
            net.fit(D, NUMBERS["several"])
        return
    net.fit(D, NUMBERS["several"])
    assert net.out_activation_ == name
    assert net.loss_curve_[-1] < net.loss_curve_[0]
    low, high = row.range
    assert (net.predict(D) >= low).all() and (net.predict(D) <= high).all()


def test_an_output_that_the_error_cannot_judge_is_refused():
    net = MLPClassifier((3,), output_activation="tanh", max_iter=2)
    with pytest.raises(ValueError, match="softmax output, but the output layer 'output' is tanh"):
        net.fit(X, SPECIES)


def test_a_list_gives_each_hidden_layer_its_activation():
    listed = MLPRegressor(
        hidden_layer_sizes=(5, 4), activation=["tanh", "relu"], max_iter=10, random_state=3
    ).fit(D, PROGRESS)
    run = descent(
        "10 -> 5 tanh -> 4 relu -> 1", D, PROGRESS, 3, epochs=10, optimizer=Adam(dialect="sklearn")
    )
    np.testing.assert_allclose(vector(listed), run.theta, rtol=1e-10)
    with pytest.raises(ValueError, match="one for each of the 2 hidden layers, but 1 came"):
        listed.set_params(activation=["tanh"]).fit(D, PROGRESS)


@pytest.mark.parametrize("name", ["tanh", "logistic"])
def test_a_list_of_one_name_throughout_is_that_name(name):
    one = MLPRegressor(hidden_layer_sizes=(5, 4), activation=name, max_iter=3, random_state=0)
    two = MLPRegressor(hidden_layer_sizes=(5, 4), activation=[name] * 2, max_iter=3, random_state=0)
    np.testing.assert_array_equal(vector(one.fit(D, PROGRESS)), vector(two.fit(D, PROGRESS)))


def test_formulas_as_text_serve_as_activation_and_error(engine):
    settings = {"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0, "engine": engine}
    own = MLPRegressor("(yhat - y)**2 / 2", activation="z*tanh(softplus(z))", **settings)
    known = MLPRegressor("squared_error", activation="mish", **settings)
    np.testing.assert_allclose(
        vector(own.fit(D, PROGRESS)), vector(known.fit(D, PROGRESS)), rtol=1e-9
    )
    np.testing.assert_allclose(own.loss_curve_, known.loss_curve_, rtol=1e-9)
    classes = MLPClassifier(
        loss="-y*log(yhat + 1e-7) - (1 - y)*log(1 - yhat + 1e-7)", **settings | {"max_iter": 50}
    ).set_params(learning_rate_init=0.02)
    assert classes.fit(X, CLASSES["two"]).score(X, CLASSES["two"]) > 0.8


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("given", ["name", "settings", "object"])
def test_every_optimizer_takes_the_steps_of_a_plain_descent(name, given, engine):
    kind = OPTIMIZERS[name]
    own = kind(0.01)
    asked = {"name": name, "settings": f"{name}(learning_rate=0.01)", "object": own}[given]
    net = MLPRegressor(hidden_layer_sizes=(5,), optimizer=asked, max_iter=6, random_state=1)
    net.set_params(learning_rate_init=0.01 if given == "name" else 0.5, engine=engine)
    net.fit(D, PROGRESS)
    run = descent("10 -> 5 relu -> 1", D, PROGRESS, 1, epochs=6, optimizer=own, engine=engine)
    np.testing.assert_allclose(vector(net), run.theta, rtol=1e-10)
    assert net.loss_curve_[-1] < net.loss_curve_[0]


def test_an_optimizer_is_taken_over_the_solver():
    settings = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0}
    nesterov = MLPRegressor(solver="sgd", **settings).fit(D, PROGRESS)
    named = MLPRegressor(
        solver="lbfgs", optimizer="sgd(momentum=0.9, nesterov=True)", **settings
    ).fit(D, PROGRESS)
    np.testing.assert_allclose(vector(named), vector(nesterov), rtol=1e-10)
    assert hasattr(named, "partial_fit")


def test_our_own_lbfgs_goes_the_way_of_a_plain_descent(engine):
    net = MLPClassifier((5,), optimizer=LBFGS(), max_iter=15, random_state=0, engine=engine)
    net.fit(X, SPECIES)
    run = descent(
        "4 -> 5 relu -> 3 softmax",
        X,
        np.eye(3)[SPECIES],
        loss="cross_entropy",
        epochs=15,
        optimizer="lbfgs",
        batch_size=None,
        engine=engine,
    )
    np.testing.assert_allclose(vector(net), run.theta, rtol=1e-10)
    np.testing.assert_allclose(net.loss_curve_, run.history.column("error"), rtol=1e-12)
    assert not hasattr(net, "partial_fit")


def test_an_unknown_setting_of_an_optimizer_is_refused():
    with pytest.raises(ValueError, match="sgd has no setting 'momentun'; did you mean 'momentum'"):
        MLPClassifier(optimizer="sgd(momentun=0.9)").fit(X, SPECIES)


NEEDED = {"step": "step(every=3)", "plateau": "plateau(patience=1)"}


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_the_rates_of_a_plain_descent(name, engine):
    try:
        schedule = SCHEDULES[name].name
    except SpecError:
        schedule = NEEDED[name]
    net = MLPRegressor(hidden_layer_sizes=(5,), schedule=schedule, max_iter=5, random_state=2)
    net.set_params(solver="sgd", momentum=0.0, learning_rate_init=0.02, engine=engine)
    net.fit(D, PROGRESS)
    run = descent(
        "10 -> 5 relu -> 1",
        D,
        PROGRESS,
        2,
        epochs=5,
        optimizer=SGD(0.02),
        schedule=schedule,
        engine=engine,
    )
    rates = net.history_.column("learning_rate")
    np.testing.assert_allclose(rates, run.history.column("learning_rate"), rtol=1e-15)
    np.testing.assert_allclose(vector(net), run.theta, rtol=1e-10)


def test_a_schedule_may_be_a_function_of_the_step():
    net = MLPRegressor(hidden_layer_sizes=(5,), schedule=lambda step: 0.01 / (step + 1), max_iter=4)
    net.fit(D, PROGRESS)
    steps = 3  # 442 rows in batches of 200
    expected = [0.01 / (steps * epoch) for epoch in (1, 2, 3, 4)]
    np.testing.assert_allclose(net.history_.column("learning_rate"), expected)


@pytest.mark.parametrize(
    "schedule",
    ["cosine", "step(every=2, per='epoch')", "inverse_scaling(power=0.5, per='row')"],
)
def test_partial_fit_goes_on_along_a_schedule_of_time(schedule):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 6, "random_state": 0, "shuffle": False}
    whole = MLPRegressor(schedule=schedule, **settings).fit(D, PROGRESS)
    parts = MLPRegressor(schedule=schedule, **settings)
    rates = []
    for _ in range(6):
        parts.partial_fit(D, PROGRESS)
        rates += parts.history_.column("learning_rate")
    np.testing.assert_allclose(rates, whole.history_.column("learning_rate"), rtol=1e-14)
    np.testing.assert_allclose(vector(parts), vector(whole), rtol=1e-10)


def test_partial_fit_refuses_a_schedule_that_looks_back():
    net = MLPRegressor(schedule="plateau(patience=1)")
    with pytest.raises(ValueError, match="each call has rows of its own"):
        net.partial_fit(D, PROGRESS)


def test_optimizers_by_name_are_those_of_the_table():
    assert type(optimizer_from("adam")) is OPTIMIZERS["adam"] is Adam


def test_margins_of_a_hinge_decide():
    X, y = load_iris(return_X_y=True)
    for classes in (2, 3):
        rows, kinds = X[y < classes], np.array(["a", "b", "c"])[y[y < classes]]
        net = MLPClassifier((8,), loss="hinge", max_iter=60, random_state=0).fit(rows, kinds)
        margins = net.decision_function(rows)
        assert margins.shape == ((100,) if classes == 2 else (150, 3))
        at = (margins > 0).astype(int) if classes == 2 else margins.argmax(axis=1)
        np.testing.assert_array_equal(net.classes_[at], net.predict(rows))
    assert not hasattr(MLPClassifier(), "decision_function")
