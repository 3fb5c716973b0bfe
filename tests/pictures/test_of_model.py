"""Predictions beside the truth, importance and dependence: numbers first, then each picture."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError as UnfittedError

import fallline as fl
from fallline.data import samples
from fallline.errors import DataError, NotFittedError, SpecError
from fallline.pictures.effects import dependence, importance
from fallline.pictures.judged import amounts, classes
from fallline.pictures.of_model import KINDS, plot_model

CLASSIFIED = ["decision", "units", "bending", "confusion", "calibration", "roc", "precision_recall"]


@pytest.fixture(scope="module")
def houses():
    table = samples.load("houses", n=150)
    return fl.train(table, "price", epochs=4).model, table


@pytest.fixture(scope="module")
def vehicles():
    table = samples.load("cars_and_bikes")
    return fl.train(table, "kind", epochs=6).model, table


@pytest.fixture(scope="module")
def three():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(90, 2))
    y = np.array(["low", "mid", "top"])[
        np.digitize(X[:, 0] + 0.4 * rng.normal(size=90), [-0.4, 0.4])
    ]
    return fl.MLPClassifier((4,), learning_rate_init=0.02, tol=1e-2, random_state=0).fit(X, y), X, y


def test_amounts_are_in_the_targets_units(houses):
    model, table = houses
    found = amounts(model, table)
    assert found.name == "price" and np.allclose(found.truth, table["price"].values, rtol=1e-12)
    assert np.allclose(found.predicted, model.predict(table), rtol=1e-12)
    scores = model.evaluate(table)
    assert found.r2 == pytest.approx(scores["r2"], rel=1e-9)
    assert np.sqrt((found.residuals**2).mean()) == pytest.approx(scores["rmse"], rel=1e-9)


def test_one_of_several_targets_is_chosen_by_name_or_place():
    X = np.random.default_rng(0).normal(size=(30, 2))
    Y = np.column_stack([X[:, 0], 9 - X[:, 1]])
    net = fl.MLPRegressor(hidden_layer_sizes=(), tol=0.1, random_state=0).fit(X, Y)
    assert np.allclose(amounts(net, X, Y, of=1).truth, Y[:, 1])
    assert np.allclose(amounts(net, X, Y, of="y1").predicted, net.predict(X)[:, 1])
    with pytest.raises(SpecError, match="y0, y1"):
        amounts(net, X, Y, of="z")


def test_every_picture_of_numbers_takes_the_target_that_is_asked_for():
    X = np.random.default_rng(0).normal(size=(30, 2))
    table = {"a": X[:, 0], "b": X[:, 1], "rise": X[:, 0], "fall": 9 - X[:, 1]}
    model = fl.train(table, ["rise", "fall"], net="none", epochs=3).model
    said = dict(zip(("rise", "fall"), model.predict(table).T, strict=True))
    plane = model.plot("decision", table, of="fall", cells=5)
    assert plane.quantity == "predicted fall" and np.allclose(plane.truth, table["fall"])
    assert not np.allclose(plane.values, model.plot("decision", table, cells=5).values)
    assert np.allclose(model.plot("residuals", table, of="fall").predicted, said["fall"])
    assert model.plot("dependence", table, of=1).quantity == "predicted fall"
    with pytest.raises(SpecError, match="known: rise, fall"):
        model.plot("decision", table, of="climb")


def test_dependence_begins_with_the_columns_that_move_the_prediction_most():
    X = np.random.default_rng(0).normal(size=(60, 9))
    weights = np.array([0, 0, 3.0, 0, 0, 0, 0, 0, 9.0])
    net = fl.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=500, random_state=0).fit(
        X, X @ weights
    )
    found = dependence(net, X)
    assert found.names[:2] == ("x8", "x2") and len(found.names) == 6


def test_classes_are_scikit_learns(three):
    from sklearn.metrics import confusion_matrix

    net, X, y = three
    found = classes(net, X, y)
    assert found.labels == ("low", "mid", "top") and found.curves == (0, 1, 2)
    assert np.array_equal(found.confusion, confusion_matrix(y, net.predict(X)))
    assert np.allclose(found.scores, net.predict_proba(X), rtol=1e-12)


def test_curves_are_scikit_learns(vehicles):
    from sklearn.metrics import average_precision_score, roc_auc_score

    model, table = vehicles
    found = classes(model, table)
    assert found.curves == (1,)
    car, scores = table["kind"].values == "car", model.predict_proba(table)[:, 1]
    roc = found.plot(kind="roc").ax_.get_legend().get_texts()[0].get_text()
    assert f"{roc_auc_score(car, scores):.3f}" in roc and "car" in roc
    curve = found.plot(kind="precision_recall").ax_.get_legend().get_texts()[0].get_text()
    assert f"{average_precision_score(car, scores):.3f}" in curve


def test_margins_have_a_curve_but_no_calibration():
    X = np.random.default_rng(2).normal(size=(60, 2))
    table = {"a": X[:, 0], "b": X[:, 1], "side": np.where(X[:, 0] > 0, "right", "left")}
    model = fl.train(table, "side", loss="hinge", epochs=3).model
    found = classes(model, table)
    assert not found.probable and found.plot(kind="roc").figure_ is not None
    assert np.array_equal(np.array(found.labels)[found.predicted], model.predict(table))
    with pytest.raises(SpecError, match="gives margins"):
        found.plot(kind="calibration")
    assert model.plot("decision", table, cells=5).quantity == "score"


def test_a_column_that_is_not_read_has_no_importance_and_a_linear_one_the_known_rise():
    """Shuffling x in ŷ = w x adds ½ w² (x − x')² and the cross term: computed by hand here."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = 3 * X[:, 0] + 0.1 * rng.normal(size=40)
    run = fl.descend(fl.Network.parse("2 -> 1"), X, y, theta=[3.0, 0.0, 0.0], epochs=0)
    found = importance(run, X, y, repeats=3, seed=4)
    assert (found.rises[1] == 0).all() and found.names == ("x0", "x1")
    before = 0.5 * ((y - 3 * X[:, 0]) ** 2).mean()
    assert found.error == pytest.approx(before, rel=1e-12)
    shuffles = np.random.default_rng(4)
    for repeat in range(3):
        moved = 3 * X[shuffles.permutation(40), 0]
        rise = 0.5 * ((y - moved) ** 2).mean() - before
        assert found.rises[0, repeat] == pytest.approx(rise, rel=1e-9)


def test_the_columns_that_tell_matter_most(vehicles):
    model, table = vehicles
    found = importance(model, table, repeats=2)
    means = dict(zip(found.names, found.rises.mean(axis=1), strict=True))
    assert min(means["wheels"], means["max_speed"]) > abs(means["colour"])


def test_dependence_is_scikit_learns(three):
    from sklearn.inspection import partial_dependence

    net, X, _ = three
    found = dependence(net, X, features="x0", of="mid", cells=9)
    peer = partial_dependence(net, X, [0], custom_values={0: found.grids[0]}, kind="both")
    assert np.allclose(found.averages[0], peer["average"][1], rtol=1e-9)
    assert np.allclose(found.individual[0], peer["individual"][1], rtol=1e-9)
    assert found.quantity == "probability of mid"
    assert np.allclose(found.deciles[0], np.percentile(X[:, 0], range(10, 100, 10)))


def test_dependence_on_categories_and_numbers(houses):
    model, table = houses
    found = dependence(model, table, features=("heating", "age"), cells=5, most_rows=20)
    assert set(found.grids[0]) == set(table["heating"].values) and found.deciles[0] is None
    first = {c.name: c.values[:20] for c in table} | {
        "heating": np.array([found.grids[0][0]] * 20, object)
    }
    assert np.allclose(found.individual[0][:, 0], model.predict(first), rtol=1e-9)
    drawn = found.plot(lines=3)
    assert len(drawn.ax_) == 2 and drawn.ax_[0].get_ylim()[0] <= 0
    assert dependence(model, table, features="age", cells=4).plot(lines=0).figure_ is not None


def test_columns_of_every_kind_and_missing_cells_are_asked():
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=40), "flag": rng.normal(size=40) > 0})
    frame["when"] = pd.date_range("2020-01-01", periods=40)
    frame["c"] = list("xyz") * 13 + [None]
    frame["side"] = np.where(frame["a"] > 0, "right", "left")
    frame.loc[3, "a"] = np.nan
    frame.loc[5, "side"] = None
    model = fl.train(frame, "side", epochs=2).model
    assert len(classes(model, frame).truth) == 39
    assert sorted(dependence(model, frame).names) == ["a", "c", "flag"]
    assert importance(model, frame, repeats=1).names == ("a", "flag", "when", "c")
    assert model.plot("decision", frame, cells=4).names[0] == "first principal component"
    with pytest.raises(SpecError, match="'when' holds dates"):
        dependence(model, frame, features="when")


def test_sparse_rows_are_asked():
    from scipy.sparse import csr_array

    X = np.random.default_rng(0).normal(size=(30, 2))
    y = (X[:, 0] > 0).astype(int)
    net = fl.MLPClassifier((3,), tol=0.1, random_state=0).fit(csr_array(X), y)
    assert np.array_equal(classes(net, csr_array(X), y).scores, classes(net, X, y).scores)


def test_several_numbers_for_a_target_are_read_as_its_middle():
    X = np.random.default_rng(0).normal(size=(60, 2))
    table = {"a": X[:, 0], "b": X[:, 1], "y": X[:, 0] * 2}
    model = fl.train(table, "y", loss="quantile(levels=[0.1, 0.5, 0.9])", epochs=3).model
    assert np.allclose(amounts(model, table).predicted, model.predict(table)[:, 1], rtol=1e-12)
    assert importance(model, table, repeats=1).error > 0
    assert model.plot("units", table, cells=4).responses[-1].shape == (4, 4, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn(kind, houses, vehicles, tmp_path):
    model, table = vehicles if kind in CLASSIFIED else houses
    options = {"cells": 5} if kind in ("decision", "units", "bending", "dependence") else {}
    options |= {"repeats": 1} if kind == "importance" else {}
    for style in ("light", "dark"):
        drawn = model.plot(kind, None if kind == "training" else table, style=style, **options)
    drawn.save(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    if kind not in ("training", "units", "bending", "dependence"):
        ax = Figure().add_subplot()
        assert model.plot(kind, table, ax=ax, **options).ax_ is ax


def test_three_classes_have_three_curves(three):
    net, X, y = three
    for kind in ("calibration", "roc", "precision_recall"):
        legend = plot_model(net, kind, X, y).ax_.get_legend().get_texts()
        assert {"low", "mid", "top"} <= {text.get_text().split(" (")[0] for text in legend}


def test_what_is_not_drawn_cannot_be_saved(houses):
    with pytest.raises(NotFittedError, match="plot"):
        amounts(*houses).save("picture.png")


def test_amounts_are_drawn_side_by_side(houses):
    assert len(amounts(*houses).plot().ax_) == 2


def test_pictures_that_do_not_suit_are_refused(houses, vehicles, three):
    model, table = houses
    with pytest.raises(SpecError, match="did you mean 'residuals'"):
        model.plot("residual", table)
    with pytest.raises(SpecError, match="this picture is of classes"):
        model.plot("confusion", table)
    with pytest.raises(SpecError, match="this picture is of numbers"):
        vehicles[0].plot("predictions", vehicles[1])
    with pytest.raises(DataError, match="compares with the truth"):
        model.plot("predictions", table.without(["price"]))
    with pytest.raises(SpecError, match="no option 'cell'; did you mean 'cells'"):
        model.plot("decision", table, cell=5)
    with pytest.raises(SpecError, match="no option 'bins'"):
        model.plot("decision", table, bins=5)
    with pytest.raises(SpecError, match="leave the data away"):
        model.plot("training", table)
    with pytest.raises(SpecError, match="'tip'"):
        dependence(*three[:2], of="tip")
    with pytest.raises(SpecError, match="no target 'cost'"):
        dependence(model, table, of="cost")
    with pytest.raises(SpecError, match="repeats"):
        importance(model, table, repeats=0)
    cars = vehicles[1].take(vehicles[1]["kind"].values == "car")
    with pytest.raises(DataError, match="all rows are of one class"):
        vehicles[0].plot("roc", cars)
    with pytest.raises(UnfittedError):
        plot_model(fl.MLPClassifier(), "roc", *three[1:])
