"""From an estimator to the model that the command line reads, with the same predictions."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.exceptions import NotFittedError

import fallline as fl
from fallline.cli.main import run
from fallline.data import samples
from fallline.estimators import MLPClassifier, MLPRegressor
from fallline.formulas.losses import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {"hidden_layer_sizes": (6,), "max_iter": 25, "random_state": 0}
IRIS = load_iris(as_frame=True).frame
FLOWERS, CODES = IRIS.drop(columns="target"), IRIS["target"].to_numpy()
NAMES = np.array(["setosa", "versicolor", "virginica"])[CODES]
DIABETES = load_diabetes(as_frame=True, scaled=False).frame
PEOPLE, PROGRESS = DIABETES.drop(columns="target"), DIABETES["target"]


def both(estimator, X, y, tmp_path, **fit):
    """Return the model of an estimator, as it is and as it comes back from its file."""
    model = estimator.fit(X, y, **fit).to_model()
    model.save(tmp_path / "model.fall")
    loaded = fl.load(tmp_path / "model.fall")
    assert loaded.plan == model.plan and loaded.facts == model.facts
    assert loaded.encoder == model.encoder and loaded.target == model.target
    assert loaded.network == model.network
    np.testing.assert_array_equal(loaded.theta, model.theta)
    return model, loaded


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    "y",
    [NAMES, CODES, CODES * 10 + 5, CODES == 1, np.where(CODES, "yes", "no"), CODES / 2],
    ids=["names", "codes", "numbers", "bools", "two", "halves"],
)
def test_a_classifier_predicts_the_same_from_its_file(y, solver, scaled, tmp_path, engine):
    if y.dtype.kind == "f":
        y = np.where(y == 0.5, 1.0, 2.0)
    net = MLPClassifier(solver=solver, scale_inputs=scaled, engine=engine, **SETTINGS)
    for model in both(net, FLOWERS, y, tmp_path):
        for rows in (FLOWERS, pl.from_pandas(FLOWERS), FLOWERS.to_numpy()):
            np.testing.assert_array_equal(model.predict(rows), net.predict(FLOWERS))
            shares = net.predict_proba(FLOWERS)
            np.testing.assert_allclose(model.predict_proba(rows), shares, rtol=1e-12)
        assert model.target.labels == tuple(net.classes_.tolist())
        assert {type(label) for label in model.target.labels} == {type(y.tolist()[0])}
        assert model.encoder.names == tuple(FLOWERS.columns)
        assert model.evaluate(FLOWERS.assign(y=y))["accuracy"] == net.score(FLOWERS, y)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("loss", [n for n in LOSSES if LOSSES[n].targets in ("number", "positive")])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_regressor_predicts_the_same_from_its_file(loss, scaled, dtype, tmp_path):
    net = MLPRegressor(loss, scale_inputs=True, scale_target=scaled, dtype=dtype, **SETTINGS)
    rtol = 1e-12 if dtype == "float64" else 1e-4
    for model in both(net, PEOPLE, PROGRESS, tmp_path):
        predicted = model.predict(PEOPLE)
        if loss == "gaussian_likelihood":
            expected = np.column_stack(net.predict(PEOPLE, return_std=True))
            assert model.prediction_names == ("prediction", "prediction_sd")
        else:
            expected = net.predict(PEOPLE)
        np.testing.assert_allclose(predicted, expected, rtol=rtol)
        assert model.target.names == ("target",)  # the name of the series
        assert model.theta.dtype == dtype
        np.testing.assert_allclose(
            model.evaluate(DIABETES)["r2"], net.score(PEOPLE, PROGRESS), rtol=rtol, atol=rtol
        )


def test_several_quantiles_and_several_targets(tmp_path):
    y = pd.DataFrame({"progress": PROGRESS, "doubled": 2 * PROGRESS + PEOPLE["age"]})
    loss = "quantile(levels=[0.1, 0.9])"
    net = MLPRegressor(loss, scale_inputs=True, scale_target=True, **SETTINGS)
    for model in both(net, PEOPLE, y, tmp_path):
        np.testing.assert_allclose(model.predict(PEOPLE), net.predict(PEOPLE), rtol=1e-12)
        assert model.target.names == ("progress", "doubled")
        assert model.prediction_names[-1] == "prediction_doubled_0.9"


def test_a_hinge_predicts_classes_from_its_file(tmp_path):
    for y in (NAMES, CODES == 1):
        net = MLPClassifier(loss="hinge", scale_inputs=True, **SETTINGS)
        for model in both(net, FLOWERS, y, tmp_path):
            np.testing.assert_array_equal(model.predict(FLOWERS), net.predict(FLOWERS))


def test_without_names_columns_are_numbered_and_the_target_is_y(tmp_path):
    X, y = load_wine(return_X_y=True)
    net = MLPClassifier(scale_inputs=True, **SETTINGS)
    for model in both(net, X, y, tmp_path):
        assert model.encoder.names == tuple(f"x{i}" for i in range(13))
        assert model.target.names == ("y",)
        np.testing.assert_array_equal(model.predict(X), net.predict(X))
        with pytest.raises(fl.errors.DataError, match="lacks 13 of the 13 columns"):
            model.predict(FLOWERS)


def test_a_target_has_no_name_of_an_input():
    net = MLPRegressor(**SETTINGS).fit(PEOPLE, PEOPLE["age"])
    assert net.to_model().target.names == ("age (target)",)


def test_it_holds_the_plan_and_the_history_with_names_that_a_file_can_hold(tmp_path):
    net = MLPClassifier(solver="sgd", learning_rate="invscaling", alpha=0.01, **SETTINGS)
    model, loaded = both(net, FLOWERS, NAMES, tmp_path)
    plan = loaded.plan
    assert (plan.loss, plan.alpha, plan.batch_size) == ("cross_entropy", 0.01, 150)
    assert plan.schedule == "inverse_scaling(per='row')"
    assert plan.optimizer.momentum == 0.9 and plan.optimizer.nesterov
    assert model.history is net.history_
    assert loaded.history == model.history
    assert loaded.history.column("error") == net.history_.column("error")
    assert loaded.facts["parameters"]["solver"] == "sgd"
    assert loaded.facts["rows"] == {"train": 150}
    assert "MLPClassifier(" in loaded.facts["choices"][0]


def test_formulas_and_own_settings_are_held(tmp_path):
    net = MLPRegressor(
        "log(cosh(yhat - y))",
        activation="z*tanh(softplus(z))",
        optimizer=fl.RMSProp(0.01),
        schedule="cosine",
        dropout=0.1,
        l1=1e-4,
        clip_norm=1.0,
        hidden_layer_sizes=(6,),
        scale_inputs=True,
        scale_target=True,
        max_iter=10,
    )
    _, loaded = both(net, PEOPLE, PROGRESS, tmp_path)
    assert loaded.plan.dropout == 0.1 and loaded.plan.schedule == "cosine"
    np.testing.assert_allclose(loaded.predict(PEOPLE), net.predict(PEOPLE), rtol=1e-12)


def test_a_schedule_that_is_a_function_cannot_be_saved(tmp_path):
    net = MLPRegressor(schedule=lambda step: 0.01, **SETTINGS).fit(PEOPLE, PROGRESS)
    with pytest.raises(ValueError, match="Python function, which no file can hold"):
        net.to_model().save(tmp_path / "model.fall")


def test_of_several_labels_there_is_no_target(tmp_path):
    labels = np.column_stack([CODES == 0, CODES > 0, FLOWERS.iloc[:, 0] > 6]).astype(int)
    net = MLPClassifier(scale_inputs=True, **SETTINGS)
    for model in both(net, FLOWERS, labels, tmp_path):
        assert model.target is None
        np.testing.assert_allclose(model.predict(FLOWERS), net.predict_proba(FLOWERS), rtol=1e-12)


@pytest.mark.parametrize("loss", ["cross_entropy"])
def test_of_two_classes_with_an_output_each_there_is_no_target(loss, tmp_path):
    net = MLPClassifier(loss=loss, scale_inputs=True, **SETTINGS)
    for model in both(net, FLOWERS, CODES == 1, tmp_path):
        assert model.target is None
        np.testing.assert_allclose(model.predict(FLOWERS), net.predict_proba(FLOWERS), rtol=1e-12)


@pytest.mark.parametrize("y", [np.zeros(150), np.arange(150)], ids=["one", "each its own"])
def test_classes_that_no_file_holds_are_left_as_numbers(y, tmp_path):
    many = np.repeat(np.arange(1001), 2) if y.any() else np.zeros(150)
    X = np.random.RandomState(0).normal(size=(len(many), 3))
    net = MLPClassifier((2,), max_iter=1).fit(X, many)
    assert net.to_model().target is None
    both(net, X, many, tmp_path)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_missing_cells_are_filled_with_the_means_of_the_training_rows(scaled, solver, tmp_path):
    net = MLPRegressor(scale_inputs=scaled, solver=solver, **SETTINGS)
    weights = np.arange(len(PEOPLE)) % 3.0
    means = np.average(PEOPLE.to_numpy(float), axis=0, weights=weights)
    holes = PEOPLE.astype(float)
    holes.iloc[::2, 1], holes.iloc[::3, 4] = np.nan, np.nan
    for model in both(net, PEOPLE, PROGRESS, tmp_path, sample_weight=weights):
        filled = holes.fillna(dict(zip(PEOPLE.columns, means, strict=True)))
        np.testing.assert_allclose(model.predict(holes), net.predict(filled), rtol=1e-10)
        np.testing.assert_allclose(model.predict(PEOPLE), net.predict(PEOPLE), rtol=1e-10)


@pytest.mark.parametrize("scaled", [False, True])
def test_of_sparse_rows_there_is_no_table(scaled, tmp_path, engine):
    X = sp.random(120, 40, 0.1, "csr", random_state=0)
    y = np.asarray(X.sum(axis=1)).ravel() * 9 + 3
    net = MLPRegressor(scale_inputs=scaled, scale_target=True, engine=engine, **SETTINGS)
    for model in both(net, X, y, tmp_path):
        assert model.encoder is None
        np.testing.assert_allclose(model.predict(X), net.predict(X), rtol=1e-10)
        np.testing.assert_allclose(model.predict(X.toarray()), net.predict(X), rtol=1e-10)


def test_a_hundred_thousand_columns_do_not_take_minutes(tmp_path):
    X = sp.random(30, 100_000, 1e-3, "csr", random_state=0)
    for rows in (X, X.toarray()[:, :20_000]):
        net = MLPRegressor(scale_inputs=True, hidden_layer_sizes=(2,), max_iter=2, random_state=0)
        for model in both(net, rows, np.arange(30.0), tmp_path):
            assert model.encoder is None
            np.testing.assert_allclose(model.predict(rows), net.predict(rows), rtol=1e-7)


def test_it_stays_as_it_was_when_the_estimator_goes_on():
    net = MLPClassifier(**SETTINGS).fit(FLOWERS, NAMES)
    model = net.to_model()
    before, epochs = model.theta.copy(), len(model.history)
    net.partial_fit(FLOWERS, NAMES)
    np.testing.assert_array_equal(model.theta, before)
    assert len(model.history) == epochs


def test_it_takes_weights_that_were_put_in_by_hand():
    net = MLPClassifier(**SETTINGS).fit(FLOWERS, NAMES)
    net.coefs_ = [2 * W for W in net.coefs_]
    np.testing.assert_allclose(net.to_model().predict_proba(FLOWERS), net.predict_proba(FLOWERS))


def test_an_estimator_without_a_fit_has_no_model():
    with pytest.raises(NotFittedError):
        MLPClassifier().to_model()


def test_the_command_line_predicts_with_it(tmp_path, capsys):
    table = samples.load("houses")
    names = [c.name for c in table if c.kind in ("float", "integer")]
    frame = pd.DataFrame({name: table[name].values for name in names})
    X, y = frame.drop(columns="price"), frame["price"]
    net = MLPRegressor(scale_inputs=True, scale_target=True, **SETTINGS)
    both(net, X, y, tmp_path)
    frame.to_csv(tmp_path / "houses.csv", index=False)
    model, data, out = (str(tmp_path / name) for name in ("model.fall", "houses.csv", "out.csv"))
    assert run(["predict", model, data, "-o", out]) == 0
    np.testing.assert_allclose(pd.read_csv(out)["prediction"], net.predict(X), rtol=1e-9)
    capsys.readouterr()
    assert run(["evaluate", model, data, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["metrics"]
    np.testing.assert_allclose(scores["r2"], net.score(X, y), rtol=1e-9)
    assert run(["info", model]) == 0
    assert "trained in Python by MLPRegressor(" in capsys.readouterr().out


def test_the_command_line_tells_classes_and_their_probabilities(tmp_path, capsys):
    flowers = FLOWERS.assign(large=FLOWERS.iloc[:, 0] > 6, count=np.arange(150) % 7)
    net = MLPClassifier(scale_inputs=True, **SETTINGS)
    both(net, flowers, pd.Series(NAMES, name="species"), tmp_path)
    flowers.to_csv(tmp_path / "flowers.csv", index=False)
    model, data = str(tmp_path / "model.fall"), str(tmp_path / "flowers.csv")
    assert run(["predict", model, data, "--json"]) == 0
    predictions = json.loads(capsys.readouterr().out)["predictions"]
    assert predictions["prediction"] == net.predict(flowers).tolist()
    shares = net.predict_proba(flowers)[:, 1]
    np.testing.assert_allclose(predictions["probability_versicolor"], shares, rtol=1e-12)
