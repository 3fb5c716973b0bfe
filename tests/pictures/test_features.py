"""Maps over two features are what the model predicts there, and layers bend points as they do."""

import numpy as np
import pytest
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

import fallline as fl
from fallline.data import samples
from fallline.errors import DataError, SpecError
from fallline.explain.trace import trace
from fallline.pictures.bending import bending
from fallline.pictures.draw_rows import class_colours, draw_rows
from fallline.pictures.features import decision, units
from fallline.pictures.questions import ask, model_of
from fallline.pictures.side_by_side import decisions
from fallline.pictures.style import DARK, LIGHT, new_figure


@pytest.fixture(scope="module")
def vehicles():
    table = samples.load("cars_and_bikes")
    return fl.train(table, "kind", epochs=8).model, table


@pytest.fixture(scope="module")
def circles():
    table = samples.load("circles", n=80)
    net = fl.MLPClassifier((4, 3), activation="tanh", max_iter=5, tol=0, random_state=0)
    X = np.column_stack([table["x"].values, table["y"].values])
    y = table["label"].values
    with pytest.warns(UserWarning, match="converged"):
        net.fit(X, y)
    return net, X, y


def test_a_map_is_what_the_model_says_with_all_else_as_usual(vehicles):
    model, table = vehicles
    found = decision(model, table, cells=7)
    assert found.names == ("wheels", "max_speed") and found.labels == ("bike", "car")
    kinds, counts = np.unique(table["colour"].values, return_counts=True)
    usual = kinds[np.argmax(counts)]
    assert found.note == f"all else as usual: colour = {usual}"
    for i, speed in enumerate(found.y):
        asked = {"wheels": found.x, "max_speed": np.full(7, speed), "colour": [usual] * 7}
        assert np.allclose(found.values[i], model.predict_proba(asked), rtol=1e-12)
    assert found.truth.tolist() == (table["kind"].values == "car").astype(int).tolist()
    assert np.array_equal(found.points[:, 1], table["max_speed"].values)
    assert np.array_equal(found.classes == 1, found.values[:, :, 1] > 0.5)


def test_the_plane_of_principal_components_is_scikit_learns():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4)) * [3, 2, 1, 0.5]
    net = fl.MLPRegressor(hidden_layer_sizes=(3,), tol=0.1, random_state=0).fit(X, X[:, 0])
    found = decision(net, X, cells=5)
    inputs = ask(net, X).inputs()
    peer = PCA(2).fit(inputs)
    assert np.allclose(np.abs(found.points), np.abs(peer.transform(inputs)))
    assert f"{100 * peer.explained_variance_ratio_.sum():.0f} %" in found.note
    # The middle of the plane is the mean row, where a point of the grid lies by symmetry or not:
    signs = np.sign((found.points * peer.transform(inputs)).sum(axis=0))
    at = np.array([found.x[1], found.y[3]]) * signs
    there = inputs.mean(axis=0) + at @ peer.components_
    assert found.values[3, 1, 0] == pytest.approx(net.predict(there[None])[0], rel=1e-9)


def test_a_plane_of_everything_needs_no_note(circles):
    net, X, y = circles
    found = decision(net, X, y, cells=3)
    assert found.note == "" and found.names == ("x0", "x1")
    grid = np.column_stack([np.tile(found.x, 3), np.repeat(found.y, 3)])
    assert np.allclose(found.values.reshape(9, 2), net.predict_proba(grid), rtol=1e-12)
    low, high = X[:, 0].min(), X[:, 0].max()
    assert found.x[0] < low and found.x[-1] > high


def test_units_are_those_of_a_trace(circles):
    net, X, y = circles
    found, model = units(net, X, y, cells=4), model_of(net)
    grid = np.column_stack([np.tile(found.x, 4), np.repeat(found.y, 4)])
    inputs = np.asarray(model.inputs(grid))
    numbers = trace(model.network, model.theta, inputs, np.zeros((16, 1))).numbers
    for name, response in zip(found.layers, found.responses, strict=True):
        assert np.allclose(response.reshape(16, -1), numbers.layers[name].o, rtol=1e-12)


def test_layers_bend_grid_and_points_alike(circles):
    net, X, y = circles
    found, model = bending(net, X, y, cells=6), model_of(net)
    assert [space.layer for space in found.spaces] == ["input", "hidden1", "hidden2"]
    assert np.array_equal(found.spaces[0].points, X)
    numbers = trace(
        model.network, model.theta, np.asarray(model.inputs(X)), np.zeros((80, 1))
    ).numbers
    outputs = numbers.layers["hidden1"].o
    centred = outputs - outputs.mean(axis=0)
    shares = np.linalg.svd(centred, compute_uv=False) ** 2
    space = found.spaces[1]
    assert space.share == pytest.approx(shares[:2].sum() / shares.sum(), rel=1e-12)
    # A plane keeps what distances it holds: the Gram matrix of rank 2 nearest to that of the rows.
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    nearest = left[:, :2] * sizes[:2] ** 2 @ left[:, :2].T
    assert np.allclose(space.points @ space.points.T, nearest)


def test_two_units_are_shown_as_they_are_with_the_outputs_line():
    net = fl.Network.parse("2 -> a: 2 tanh -> 1 logistic")
    theta = np.array([1.0, 2.0, -1.0, 0.5, 0.1, 0.2, 3.0, -2.0, 0.7])
    X = np.array([[0.0, 1.0], [1.0, 0.0], [0.3, -0.4]])
    run = fl.Run(net, X, [0.0, 1.0, 1.0], loss="binary_cross_entropy", theta=theta)
    plain = bending(run, X, cells=3)  # a run knows no classes, so that there is no boundary
    assert plain.spaces[1].line is None and plain.truth is None
    W = theta[:4].reshape(2, 2)
    assert np.allclose(plain.spaces[1].points, np.tanh(X @ W + theta[4:6]), rtol=1e-12)
    fitted = fl.MLPClassifier((2,), activation="tanh", tol=0.1, random_state=0)
    fitted.fit(X, [0, 1, 1])
    line = bending(fitted, X, [0, 1, 1], cells=3).spaces[1].line
    assert line == (*fitted.coefs_[1][:, 0], fitted.intercepts_[1][0])


def test_one_unit_lies_on_a_line(circles):
    _, X, y = circles
    net = fl.MLPClassifier((1,), tol=0.1, random_state=0).fit(X, y)
    space = bending(net, X, y, cells=3).spaces[1]
    assert (space.points[:, 1] == 0).all()
    assert bending(net, X, y, cells=3).plot().figure_ is not None


def test_everything_is_drawn_light_and_dark(circles, vehicles):
    net, X, y = circles
    for style in ("light", "dark"):
        drawn = decision(net, X, y, cells=9).plot(style=style)
        assert drawn.ax_.get_xlabel() == "x0" and drawn.ax_.get_title() == "Decision"
        assert units(net, X, y, cells=9).plot(style=style).ax_.shape == (3, 4)
        assert len(bending(net, X, y, cells=9).plot(style=style).ax_) == 3
    assert decision(*vehicles, cells=9).plot().ax_.texts  # the note


def test_three_classes_and_numbers_are_drawn():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 2))
    three = fl.MLPClassifier((3,), tol=0.1, random_state=0).fit(X, rng.integers(0, 3, 30))
    found = decision(three, X, cells=9)
    assert found.values.shape == (9, 9, 3) and found.truth is None
    assert np.allclose(found.values.sum(axis=2), 1)
    assert found.plot().figure_ is not None
    numbers = fl.MLPRegressor(hidden_layer_sizes=(3,), tol=0.1, random_state=0).fit(X, X[:, 0] * 5)
    drawn = decision(numbers, X, X[:, 0] * 5, cells=9).plot()
    assert drawn.quantity == "predicted y" and drawn.labels == ()


def test_models_stand_side_by_side(circles, vehicles):
    deep, X, y = circles
    linear = fl.MLPClassifier((), tol=0.1, random_state=0).fit(X, y)
    found = decisions({"no hidden layer": linear, "4 and 3": deep}, X, y, cells=7)
    assert found.accuracies == (linear.score(X, y), deep.score(X, y))
    assert np.array_equal(found.maps[1].values, decision(deep, X, y, cells=7).values)
    for style in ("light", "dark"):
        drawn = found.plot(style=style)
        titles = [ax.get_title() for ax in drawn.ax_]
        assert titles[0] == f"no hidden layer ({100 * linear.score(X, y):.0f} % right)"
    blind = decisions({"4 and 3": deep}, X, cells=7)
    assert np.isnan(blind.accuracies[0]) and blind.plot().ax_[0].get_title() == "4 and 3"
    with pytest.raises(SpecError, match="axes of their own"):
        found.plot(Figure().add_subplot())
    with pytest.raises(SpecError, match="at least one"):
        decisions({}, X, y)
    with pytest.raises(SpecError, match="'run' does not classify"):
        decisions({"run": fl.Run(fl.Network.parse("2 -> 1"), X, y)}, X)


def test_one_ax_takes_one_map(circles):
    net, X, y = circles
    ax = Figure().add_subplot()
    found = units(net, X, y, cells=5)
    assert found.plot(ax, layer="hidden2", unit=1).ax_ is ax
    assert found.plot(Figure().add_subplot(), layer="output").figure_ is not None
    with pytest.raises(SpecError, match="one ax takes the map of one unit"):
        found.plot(ax)
    with pytest.raises(SpecError, match="unit=7"):
        found.plot(layer="hidden1", unit=7)
    with pytest.raises(SpecError, match="did you mean 'hidden1'"):
        found.plot(layer="hiden1")
    with pytest.raises(SpecError, match="one ax takes the space"):
        bending(net, X, y, cells=5).plot(ax)
    assert units(net, X, y, cells=5).plot(most=2).ax_.shape == (3, 2)


def test_features_that_cannot_be_are_refused(vehicles, circles):
    model, table = vehicles
    with pytest.raises(SpecError, match="'colour' holds text"):
        decision(model, table, features=("wheels", "colour"))
    with pytest.raises(DataError, match="did you mean 'wheels'"):
        decision(model, table, features=("wheel", "max_speed"))
    with pytest.raises(SpecError, match="two different columns"):
        decision(model, table, features=("wheels", "wheels"))
    with pytest.raises(SpecError, match="or 'pca'"):
        decision(model, table, features="tsne")
    with pytest.raises(SpecError, match="cells must be"):
        decision(model, table, cells=1)
    net, X, y = circles
    with pytest.raises(DataError, match="y must have a row for each"):
        decision(net, X, y[:3])
    with pytest.raises(DataError, match="must have 2 columns"):
        decision(net, X[:, :1])
    with pytest.raises(DataError, match="needs data"):
        decision(net, None)
    with pytest.raises(SpecError, match="not of str"):
        decision("net", X)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_classes_differ_by_mark_or_colour(look):
    labels = tuple(map(str, range(20)))
    ax = new_figure(look).add_subplot()
    draw_rows(ax, np.zeros((20, 2)), np.arange(20), labels, look)
    seen = {
        (tuple(dots.get_facecolor()[0]), dots.get_paths()[0].vertices.tobytes())
        for dots in ax.collections
    }
    assert len(seen) == 20
    assert len(set(class_colours(look, 14))) == 14


def test_rows_have_the_colour_of_their_true_amount():
    X = np.random.default_rng(0).normal(size=(40, 2))
    net = fl.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=500, random_state=0).fit(
        X, X[:, 0]
    )
    found = decision(net, X, X[:, 0], cells=9).plot()
    rows, drawn = found.ax_.collections[-1], found.ax_.collections[0]
    assert rows.norm is drawn.norm and np.allclose(rows.get_array(), X[:, 0])
    assert bending(net, X, X[:, 0], cells=5).plot().ax_[0].collections[-1].get_array().size == 40


def test_the_line_of_a_unit_is_where_it_is_undecided():
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    net = fl.MLPClassifier((2,), "tanh", tol=1.0, random_state=0).fit(X, [0, 1, 1, 1])
    found = units(net, X, cells=21)
    assert found.shares == ("output",)
    (ax,) = found.plot(layer="output").ax_.ravel()
    (lines,) = [each for each in ax.collections if isinstance(each, ContourSet)]
    assert lines.levels.tolist() == [0.5]
