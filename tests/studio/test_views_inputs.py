"""What the network and its units say over inputs: against the library's pictures and the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.studio.moments import at_theta, moment

from fallline.data.table import Table
from fallline.engines.calls import predict
from fallline.errors import DataError
from fallline.pictures.features import decision, plane_of
from fallline.pictures.features import units as library_units
from fallline.pictures.layers import layer_outputs
from fallline.pictures.questions import ask
from fallline.studio.opened import Source
from fallline.studio.views.boundary import boundary
from fallline.studio.views.scenery import Scenery
from fallline.studio.views.units import units

SAMPLES = ["houses", "cars_and_bikes", "xor", "moons", "spiral", "circles", "sine"]
RNG = np.random.default_rng(2)


def both_parts(at: Any) -> Table:
    return Table.stack([at.problem.tables["train"], at.problem.tables["validation"]])


def own(columns: dict[str, Any], target: str, **setup: Any) -> Any:
    source = Source.of_table(Table.of(columns))
    return moment(setup.pop("steps", 2), source, data="own", target=target, **setup)


# --- the decision --------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["xor", "moons", "spiral", "circles", "cars_and_bikes"])
@pytest.mark.parametrize("crossed", [False, True])
def test_a_plane_of_two_columns_is_the_librarys_picture(data: str, crossed: bool) -> None:
    at = moment(5, data=data, crossed=crossed)
    found = boundary(at, Scenery(at.problem))
    theirs = decision(at.problem.model(at.theta), both_parts(at), cells=61)
    assert found.fields["axes"] == list(theirs.names)
    assert np.array_equal(found.arrays["x"], theirs.x)
    assert np.array_equal(found.arrays["y"], theirs.y)
    assert np.array_equal(found.arrays["values"], theirs.values)
    assert np.array_equal(found.arrays["points"], theirs.points)
    assert np.array_equal(found.arrays["truth"], theirs.truth)
    assert found.fields["classes"] == list(theirs.labels)


def test_products_of_columns_follow_the_columns() -> None:
    at = moment(5, data="circles", crossed=True, net="none")
    found = boundary(at, Scenery(at.problem))
    x, y = found.arrays["x"], found.arrays["y"]
    row, column = 7, 50
    said = at.problem.model(at.theta).predict_proba({"x": [x[column]], "y": [y[row]]})
    assert found.arrays["values"][row, column] == pytest.approx(said[0], rel=1e-12)


def test_parts_are_told_apart() -> None:
    at = moment(0, data="moons")
    part = boundary(at, Scenery(at.problem)).arrays["part"]
    assert part.tolist() == [0] * at.problem.train.n + [1] * at.problem.validation.n


def test_without_validation_rows_there_is_one_part() -> None:
    at = moment(1, data="moons", validation=0)
    assert set(boundary(at, Scenery(at.problem)).arrays["part"]) == {0}


def test_of_many_columns_the_two_that_tell_most_are_taken_and_the_note_says_so() -> None:
    n = 300
    a, b, c, d = RNG.normal(size=(4, n))
    at = own({"a": a, "b": b, "c": c, "d": d, "y": 3 * b - 2 * d + 0.1 * a + c * 0}, "y")
    found = boundary(at, Scenery(at.problem))
    assert found.fields["axes"] == ["b", "d"]
    assert "b and d" in found.fields["note"] and "a = " in found.fields["note"]
    theirs = decision(at.problem.model(at.theta), both_parts(at), features=("b", "d"), cells=61)
    assert np.array_equal(found.arrays["values"], theirs.values)


def test_classes_are_told_by_the_columns_whose_means_differ() -> None:
    n = 300
    kind = np.arange(n) % 3
    a, b, c = RNG.normal(size=(3, n))
    names = np.array(["red", "green", "blue"])[kind]
    at = own({"a": a, "b": b + 3 * kind, "c": c - 5 * (kind == 1), "kind": names}, "kind")
    found = boundary(at, Scenery(at.problem))
    assert found.fields["axes"] == ["b", "c"]
    assert found.arrays["values"].shape == (61, 61, 3)
    assert found.arrays["values"].sum(axis=2) == pytest.approx(np.ones((61, 61)))
    assert (found.fields["low"], found.fields["high"]) == (0, 1)


def test_without_two_columns_of_numbers_it_is_the_plane_of_the_inputs_main_directions() -> None:
    n = 200
    town, street = (RNG.choice(list("abcd"), n) for _ in range(2))
    at = own({"town": town, "street": street, "y": (town == "a") * 2.0 + RNG.normal(size=n)}, "y")
    found = boundary(at, Scenery(at.problem))
    assert found.fields["axes"][0] == "first principal component"
    assert "variance" in found.fields["note"]


def test_of_one_column_it_is_a_line() -> None:
    at = moment(6, data="sine")
    found = boundary(at, Scenery(at.problem))
    x = found.arrays["x"]
    assert found.fields["dimensions"] == 1 and "y" not in found.arrays
    said = at.problem.model(at.theta).predict({"x": x})
    assert found.arrays["values"][:, 0] == pytest.approx(said, rel=1e-12)
    table = both_parts(at)
    assert np.array_equal(found.arrays["points"][:, 0], table["x"].values)
    assert found.arrays["points"][:, 1] == pytest.approx(table["y"].values, rel=1e-12)


def test_beside_one_column_of_numbers_all_else_is_as_usual() -> None:
    n = 120
    size, town = RNG.normal(size=n), RNG.choice(["Bern", "Basel"], n, p=[0.8, 0.2])
    at = own({"size": size, "town": town, "y": size * 2 + (town == "Bern")}, "y")
    found = boundary(at, Scenery(at.problem))
    x = found.arrays["x"]
    said = at.problem.model(at.theta).predict({"size": x, "town": ["Bern"] * len(x)})
    assert found.arrays["values"][:, 0] == pytest.approx(said, rel=1e-12)
    assert "town = Bern" in found.fields["note"]


def test_missing_cells_lie_at_the_mean() -> None:
    size = RNG.normal(size=100)
    size[:9] = np.nan
    at = own({"size": size, "y": np.nan_to_num(size) * 2 + RNG.normal(size=100)}, "y")
    assert np.isfinite(boundary(at, Scenery(at.problem)).arrays["points"]).all()


def test_over_a_line_rows_of_several_classes_stand_within_the_probabilities() -> None:
    kind = np.array(["low", "mid", "high"] * 20)
    source = Source.of_table({"x": np.linspace(-1.0, 1.0, 60), "kind": kind})
    at = moment(5, source=source, data="own", target="kind", net="3 tanh")
    found = boundary(at, Scenery(at.problem))
    assert found.fields["dimensions"] == 1 and found.fields["axes"] == ["x", "probability"]
    heights, classes = found.arrays["points"][:, 1], found.arrays["truth"]
    np.testing.assert_allclose(heights, classes / 2)


def test_one_input_that_is_no_number_is_a_line_too() -> None:
    sold = RNG.random(80) < 0.5
    at = own({"sold": sold, "y": sold * 2.0 + RNG.normal(size=80)}, "y")
    found = boundary(at, Scenery(at.problem))
    assert found.fields["dimensions"] == 1
    assert np.isfinite(found.arrays["values"]).all()


def test_of_several_targets_the_first_is_shown_in_its_unit() -> None:
    a, b = RNG.normal(size=(2, 90))
    at = own({"a": a, "b": b, "u": 100 + 10 * a, "v": b - a}, "u, v")
    found = boundary(at, Scenery(at.problem))
    assert found.arrays["values"].shape[2] == 1
    assert found.fields["output"] == "predicted u"
    assert found.fields["low"] == pytest.approx((100 + 10 * a).min(), abs=40)


def test_of_several_targets_each_can_be_shown() -> None:
    a, b = RNG.normal(size=(2, 90))
    at = own({"a": a, "b": b, "u": 100 + 10 * a, "v": b - a}, "u, v")
    scenery = Scenery(at.problem, "v")
    found = boundary(at, scenery)
    table = at.problem.tables["train"]
    assert found.fields["output"] == "predicted v" and found.arrays["values"].shape[2] == 1
    assert found.arrays["truth"][: table.n] == pytest.approx(table["v"].values)
    cut = np.linalg.norm(scenery.scene.inputs, axis=1).argmin()
    both = at.problem.target.decode(predict(at.problem.network, at.theta, scenery.scene.inputs))
    assert found.arrays["values"].ravel()[cut] == pytest.approx(both[cut, 1], rel=1e-12)
    first = boundary(at, Scenery(at.problem, "nothing of the sort"))
    assert first.fields["output"] == "predicted u"
    along = own({"a": a, "u": 3 * a, "v": -a}, "u, v")
    line = boundary(along, Scenery(along.problem, "v"))
    assert line.fields["axes"] == ["a", "predicted v"]
    assert line.arrays["points"][:, 1] == pytest.approx(-line.arrays["points"][:, 0])


def test_colours_run_between_the_true_amounts_and_stay() -> None:
    fields = [
        boundary(at, Scenery(at.problem)).fields
        for at in (moment(0, data="houses"), moment(5, data="houses"))
    ]
    assert fields[0]["low"] == fields[1]["low"] < fields[0]["high"] == fields[1]["high"]


def test_of_many_rows_some_are_drawn_and_the_note_says_so() -> None:
    at = moment(1, data="houses")
    found = boundary(at, Scenery(at.problem))
    assert len(found.arrays["points"]) == 1000
    assert "1,000 of 1,382 rows" in found.fields["note"]


@pytest.mark.parametrize("classes, cells", [(2, 61), (60, 44)])
def test_many_classes_have_fewer_cells(classes: int, cells: int) -> None:
    n = 20 * classes
    kind = np.array([f"k{i % classes:02d}" for i in range(n)])
    a, b = RNG.normal(size=(2, n))
    at = own({"a": a, "b": b, "kind": kind}, "kind")
    assert boundary(at, Scenery(at.problem)).arrays["values"].shape == (cells, cells, classes)


@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("net", ["none", "3 tanh", "8 relu, 4 sigmoid"])
def test_every_sample_has_both_pictures(data: str, net: str) -> None:
    at = moment(3, data=data, net=net)
    scenery = Scenery(at.problem)
    for message in (boundary(at, scenery), units(at, scenery)):
        assert all(np.isfinite(array).all() for array in message.arrays.values())
        assert message.encoded()


# --- the units -----------------------------------------------------------------------------------


@pytest.mark.parametrize("data, net", [("moons", "4 tanh, 3 relu"), ("xor", "2 sigmoid")])
def test_units_are_the_librarys_picture(data: str, net: str) -> None:
    at = moment(5, data=data, net=net)
    found = units(at, Scenery(at.problem))
    theirs = library_units(at.problem.model(at.theta), both_parts(at), cells=61)
    some = np.linspace(0, 60, 41).round().astype(int)
    wanted = np.concatenate([o[np.ix_(some, some)].transpose(2, 0, 1) for o in theirs.responses])
    assert np.array_equal(found.arrays["values"], wanted)
    assert np.array_equal(found.arrays["x"], theirs.x[some])
    names = [each["name"] for each in found.fields["units"]]
    assert names[0] == "hidden1.0" and names[-1] == "output.0" and len(names) == len(wanted)
    assert [each["low"] for each in found.fields["units"]] == wanted.min(axis=(1, 2)).tolist()


def test_units_over_a_line() -> None:
    at = moment(4, data="sine", net="5 tanh")
    found = units(at, Scenery(at.problem))
    inputs = at.problem.encoder.encode({"x": found.arrays["x"]})
    wanted = layer_outputs(at.problem.network, at.theta, inputs, "hidden1").T
    assert found.arrays["values"][:5] == pytest.approx(wanted, rel=1e-12)
    assert "y" not in found.arrays


def test_of_a_wide_network_the_layer_in_sight_is_shown() -> None:
    at = moment(0, data="moons", net="100 relu, 90 relu")
    scenery = Scenery(at.problem)
    first, second = units(at, scenery), units(at, scenery, "hidden2")
    assert len(first.fields["units"]) == 128
    assert {each["name"].partition(".")[0] for each in second.fields["units"]} == {"hidden2"}
    assert second.arrays["values"].shape[0] == 90
    assert units(at, scenery, "nowhere").fields["units"] == first.fields["units"]


def test_of_a_very_wide_layer_the_first_units_are_shown() -> None:
    at = moment(0, data="moons", net="256 relu")
    found = units(at, Scenery(at.problem), "hidden1")
    assert len(found.fields["units"]) == len(found.arrays["values"]) == 128


# --- beyond all --------------------------------------------------------------------------


@pytest.mark.parametrize("view", [boundary, units])
def test_weights_that_are_no_numbers_give_a_sentence(view: Any) -> None:
    at = moment(1, data="xor")
    with pytest.raises(DataError, match="beyond all"):
        view(at_theta(at, np.full_like(at.theta, np.nan)), Scenery(at.problem))


def test_the_scenery_serves_after_a_change_during_the_descent() -> None:
    at = moment(0, data="xor")
    scenery = Scenery(at.problem)
    hot = at.problem.with_setup(at.problem.setup.changed({"l2": 0.1}))
    assert scenery.serves(hot) and not scenery.serves(moment(0, data="xor").problem)


def test_the_plane_is_the_librarys() -> None:
    at = moment(0, data="houses")
    scenery = Scenery(at.problem)
    asked = ask(at.problem.model(at.theta), both_parts(at))
    plane = plane_of(asked, scenery.scene.names, cells=61)
    assert np.array_equal(scenery.scene.inputs, plane.inputs)
