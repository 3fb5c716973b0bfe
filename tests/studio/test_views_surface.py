"""The map of the error: against the engine, and against errors known in closed form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.studio.moments import at_theta, descended, earlier, moment

import fallline as fl
from fallline.data.table import Table
from fallline.errors import DataError, SpecError
from fallline.pictures.levels import levels_of
from fallline.studio.opened import Source
from fallline.studio.problem import Problem
from fallline.studio.setup import Setup
from fallline.studio.views.ground import COARSE, FINE, Sight, ground_of
from fallline.studio.views.surface import Dropped, surface

PAIR = ("w[input.0->hidden1.0]", "b[hidden1.1]")
SAMPLES = ["houses", "cars_and_bikes", "xor", "moons", "spiral", "circles", "sine"]


def engine_error(at: Any, theta: Any = None) -> float:
    rows, o = at.problem.train, at.plan.objective
    theta = at.theta if theta is None else theta
    return fl.error_and_gradient(
        at.problem.network, theta, rows.X, rows.Y, loss=o.loss, l2=o.l2, l1=o.l1,
        sample_weight=rows.weights,
    )[0]  # fmt: skip


def line(net: str = "none", bias: bool = True, **setup: Any) -> Problem:
    """Return the problem of finding a line through points near y = 2 x − 1."""
    x = np.linspace(-1, 3, 12)
    table = Table.of({"x": x, "y": 2 * x - 1 + 0.1 * np.sin(40 * x)})
    source = Source.of_table(table)
    setup = {"standardize": False, "validation": 0, "test": 0, "batch_size": 0} | setup
    plain = {"data": "own", "target": "y", "net": net, "bias": bias} | setup
    return Problem.of(Setup.from_json(plain), source)


# --- the plane -----------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 1, 25])
def test_a_slice_goes_through_the_weights_of_now(steps: int) -> None:
    at = moment(steps, data="xor")
    plane = ground_of(at, Sight(PAIR)).plane
    places = [at.problem.network.index(name) for name in PAIR]
    assert plane.coordinates(at.theta[None])[0] == pytest.approx(at.theta[places], abs=0)
    assert plane.thetas(at.theta[places][None])[0] == pytest.approx(at.theta, abs=0)
    assert plane.distances(at.theta[None])[0] == 0
    on_plane = ground_of(at, Sight(PAIR)).landscape.errors_on(plane, at.theta[places][None])[0]
    assert on_plane == pytest.approx(engine_error(at), rel=1e-12)


def test_an_old_slice_tells_how_far_off_the_weights_are_now() -> None:
    late = moment(60, data="xor")
    early = earlier(late, 1)
    places = [late.problem.network.index(name) for name in PAIR]
    others = np.delete(late.theta - early.theta, places)
    off = ground_of(early, Sight(PAIR)).plane.distances(late.theta[None])[0]
    assert off == pytest.approx(np.linalg.norm(others), rel=1e-12)


@pytest.mark.parametrize("along", ["auto", "pca", "random", PAIR])
def test_every_point_of_a_map_is_what_the_engine_says_there(along: Any) -> None:
    at = moment(12, data="moons", l2=0.01)
    found = surface(at, Sight(along))
    rng = np.random.default_rng(3)
    for row, column in rng.integers(0, COARSE, (8, 2)):
        point = np.array([[found.grid.x[column], found.grid.y[row]]])
        theta = found.ground.plane.thetas(point)[0]
        assert found.errors[row, column] == pytest.approx(engine_error(at, theta), rel=1e-12)
        assert found.ground.plane.coordinates(theta[None])[0] == pytest.approx(point[0], abs=1e-12)


def test_axes_stay_while_they_tell_the_path_and_the_plane_goes_through_the_weights() -> None:
    at = moment(40, data="moons")
    first = ground_of(earlier(at, 30), Sight("pca"))
    second = ground_of(at, Sight("pca"), first)
    assert np.array_equal(first.plane.axes, second.plane.axes)
    assert second.plane.distances(at.theta[None])[0] < 1e-12
    assert second.plane.coordinates(at.path) == pytest.approx(
        first.plane.coordinates(at.path), abs=1e-12
    )
    best = ground_of(at, Sight("pca")).plane
    assert second.plane.explained(at.path) >= 0.88 * best.explained(at.path)


def test_axes_are_taken_anew_where_they_tell_the_path_no_more() -> None:
    at = moment(8, data="moons")
    first = ground_of(at, Sight("pca"))
    gone = at.path + np.arange(9)[:, None] * np.random.default_rng(0).normal(size=at.theta.size)
    turned = replace(at, path=gone, theta=gone[-1])
    second = ground_of(turned, Sight("pca"), first)
    assert not np.array_equal(first.plane.axes, second.plane.axes)


def test_a_restart_keeps_the_map_and_other_data_do_not() -> None:
    at = moment(20, data="moons")
    before = ground_of(at, Sight())
    again = descended(at.problem.started(at.path[3]), 0, run=2)
    assert np.array_equal(ground_of(again, Sight(), before).plane.axes, before.plane.axes)
    other = moment(0, data="xor")
    assert ground_of(other, Sight(), before).plane.kind == "slice"


def test_auto_takes_the_two_weights_of_a_network_that_has_two() -> None:
    at = descended(line(), 0)
    found = surface(at, Sight())
    assert found.ground.plane.labels == ("w[input.0->output.0]", "b[output.0]")
    assert len(found.notes) == 1


def test_auto_takes_the_steepest_two_before_there_is_a_path_and_says_so() -> None:
    at = moment(0, data="moons")
    found = surface(at, Sight())
    rows = at.problem.train
    slopes = np.abs(
        fl.error_and_gradient(
            at.problem.network, at.theta, rows.X, rows.Y, loss=at.plan.objective.loss
        )[1]
    )
    wanted = {at.problem.network.name(int(i)) for i in np.argsort(-slopes)[:2]}
    assert set(found.ground.plane.labels) == wanted
    assert any("steepest" in note for note in found.notes)


def test_auto_takes_the_plane_of_the_path_and_says_how_much_of_it_it_shows() -> None:
    found = surface(moment(30, data="moons"), Sight())
    assert found.ground.plane.kind == "pca"
    assert any("%" in note for note in found.notes)


# --- the window ----------------------------------------------------------------------------------


def test_a_window_stays_until_the_weights_leave_it() -> None:
    at = moment(12, data="xor")
    first = ground_of(earlier(at, 10), Sight(PAIR))
    assert np.array_equal(ground_of(at, Sight(PAIR), first).window, first.window)
    theta = at.theta.copy()
    theta[at.problem.network.index(PAIR[0])] = first.window[0, 1] + 1
    moved = ground_of(at_theta(at, theta), Sight(PAIR), first)
    x = theta[at.problem.network.index(PAIR[0])]
    assert moved.window[0, 0] < x < moved.window[0, 1]


def test_a_window_far_too_wide_is_given_up() -> None:
    at = moment(10, data="xor")
    theta = at.theta.copy()
    theta[at.problem.network.index(PAIR[0])] = 1e4
    wide = ground_of(at_theta(at, theta), Sight(PAIR))
    assert np.ptp(wide.window[0]) > 1e4
    assert np.ptp(ground_of(at, Sight(PAIR), wide).window[0]) < 10


def test_a_window_that_was_asked_for_is_taken() -> None:
    span = ((-3.0, 1.0), (0.0, 0.5))
    found = surface(moment(3, data="xor"), Sight(PAIR, span))
    assert (found.grid.x[0], found.grid.x[-1]) == span[0]
    assert (found.grid.y[0], found.grid.y[-1]) == span[1]


@pytest.mark.parametrize(
    "along, span",
    [
        (None, None), (3, None), ("sideways", None), (["w"], None), ([1, 2], None),
        ("auto", 5), ("auto", [[0, 1]]), ("auto", [[1, 0], [0, 1]]), ("auto", [[0, None], [0, 1]]),
        ("auto", [["a", "b"], [0, 1]]), ("auto", [[0, float("inf")], [0, 1]]),
        ("auto", [[-1.7e308, 1.7e308], [0, 1]]), ("x" * 10_000, None),
    ],
)  # fmt: skip
def test_what_is_no_sight_is_refused_in_a_sentence(along: Any, span: Any) -> None:
    with pytest.raises(SpecError) as caught:
        Sight.of(along, span)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("names", [("w[input.9->hidden1.0]", PAIR[1]), (PAIR[0], PAIR[0])])
def test_names_that_a_network_does_not_have_are_refused(names: Any) -> None:
    with pytest.raises(SpecError):
        Sight.of(list(names)).check(moment(0, data="xor").problem.network)


# --- one weight ----------------------------------------------------------------------------------


def test_a_network_of_one_weight_has_a_bowl_with_its_minimum() -> None:
    """E(w) = ½ mean (y − w x)² is least at w = Σ x y / Σ x²."""
    rate = {"name": "sgd", "learning_rate": 0.01}
    at = descended(line(bias=False, optimizer=rate, start=[0.5]), 3)
    found = surface(at, Sight())
    x, y = at.problem.train.X[:, 0], at.problem.train.Y[:, 0]
    wanted = [0.5 * ((y - w * x) ** 2).mean() for w in found.grid.x]
    assert found.errors.shape == (1, COARSE)
    assert found.errors[0] == pytest.approx(wanted, rel=1e-12)
    assert found.minimum.kind == "minimum"
    assert found.minimum.x == pytest.approx((x @ y) / (x @ x), abs=1e-8)
    assert found.minimum.y == 0
    assert found.path[:, 0] == pytest.approx(at.path[:, 0], abs=0)
    assert found.path[:, 1].tolist() == [0, 0, 0, 0]
    assert found.ground.plane.thetas(np.array([[2.5, 7.0]]))[0].tolist() == [2.5]
    assert found.message.fields["axes"][1] == ""
    assert found.message.arrays["y"].shape == (1,)


# --- the map -------------------------------------------------------------------------------------


def test_the_minimum_of_a_line_is_that_of_least_squares() -> None:
    at = descended(line(), 5)
    found = surface(at, Sight())
    rows = at.problem.train
    w, b = np.polyfit(rows.X[:, 0], rows.Y[:, 0], 1)
    assert (found.minimum.x, found.minimum.y) == pytest.approx((w, b), abs=1e-8)
    assert found.minimum.kind == "minimum"


def test_the_lowest_point_at_the_edge_is_called_so_and_explained() -> None:
    at = descended(line(), 0)
    found = surface(at, Sight(("w[input.0->output.0]", "b[output.0]"), ((5.0, 6.0), (5.0, 6.0))))
    assert found.minimum.kind == "lowest in view"
    assert any("edge" in note for note in found.notes)


def test_an_error_that_depends_on_neither_weight_is_flat() -> None:
    at = moment(0, data="xor", net="2 relu, 2 relu")
    names = ("w[hidden1.0->hidden2.0]", "w[hidden1.1->hidden2.0]")
    theta = at.theta.copy()
    for name in at.problem.network.name(0), "w[hidden2.0->output.0]":
        theta[at.problem.network.index(name)] = 0.0
    found = surface(at_theta(at, theta), Sight(names))
    assert found.minimum.kind == "flat"
    assert found.message.encoded()


def test_the_path_has_the_true_error_of_each_step() -> None:
    at = moment(15, data="moons")
    found = surface(at, Sight("pca"))
    assert found.path_steps.tolist() == list(range(16))
    assert found.path[:, 2] == pytest.approx([engine_error(at, t) for t in at.path], rel=1e-12)


def test_a_long_path_is_thinned_to_its_ends() -> None:
    at = moment(4, data="xor")
    many = np.repeat(at.path, 300, axis=0) + np.linspace(0, 1e-3, 1500)[:, None]
    long = replace(at, path=many, path_steps=np.arange(1500), theta=many[-1])
    found = surface(long, Sight("pca"))
    assert len(found.path) <= 200
    assert found.path_steps[[0, -1]].tolist() == [0, 1499]


def test_a_fine_map_lies_where_the_coarse_one_does() -> None:
    at = moment(10, data="moons")
    coarse = surface(at, Sight())
    fine = surface(at, Sight(), coarse, fine=True)
    assert fine.errors.shape == (FINE, FINE)
    assert np.array_equal(fine.ground.window, coarse.ground.window)
    assert (fine.grid.x[0], fine.grid.x[-1]) == (coarse.grid.x[0], coarse.grid.x[-1])


def test_levels_stay_while_they_fit_and_are_those_of_the_library() -> None:
    at = moment(11, data="moons", optimizer={"name": "sgd", "learning_rate": 0.001})
    first = surface(earlier(at, 10), Sight(PAIR))
    assert np.array_equal(first.levels, levels_of(first.errors, 12))
    later = surface(at, Sight(PAIR), first)
    assert np.array_equal(later.levels, first.levels)
    far = surface(at, Sight(PAIR, ((-50.0, 50.0), (-50.0, 50.0))), first)
    assert not np.array_equal(far.levels, first.levels)


def test_of_very_many_rows_a_few_thousand_make_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fallline.studio.views.ground._ROWS", 120)
    at = moment(2, data="houses", net="2 tanh")
    found = surface(at, Sight())
    assert found.ground.landscape.rows.n == 120
    assert "120 of 1,106 rows, a sample" in found.notes[0]


def test_rows_are_sampled_where_all_would_take_long_and_the_notes_say_so() -> None:
    found = surface(moment(2, data="houses", net="64 relu, 32 relu", batch_size=32), Sight())
    assert found.ground.landscape.rows.n < found.ground.landscape.total
    assert "of 1,106 rows, a sample" in found.notes[0]


def test_of_a_large_network_the_map_has_fewer_points() -> None:
    at = moment(0, data="houses", net="256 relu, 128 relu")
    coarse = surface(at, Sight(("b[output.0]", "b[hidden2.0]")))
    assert len(coarse.grid.x) == len(coarse.grid.y) < COARSE
    assert coarse.ground.landscape.rows.n == 100


def test_of_many_weights_those_of_the_axes_are_among_the_names() -> None:
    at = moment(0, data="houses", net="40 tanh")
    pair = ("w[hidden1.39->output.0]", "b[output.0]")
    names = surface(at, Sight(pair)).message.fields["names"]
    assert len(names) == len(set(names)) == 202 and names[-2:] == list(pair)


def test_a_map_that_is_not_wanted_any_more_is_dropped() -> None:
    asked = iter([False, True])
    with pytest.raises(Dropped):
        surface(moment(2, data="xor"), Sight(), None, True, lambda: next(asked))


@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("net", ["none", "3 tanh", "4 relu, 2 sigmoid"])
@pytest.mark.parametrize("steps", [0, 6])
def test_every_sample_has_a_map(data: str, net: str, steps: int) -> None:
    at = moment(steps, data=data, net=net)
    message = surface(at, Sight()).message
    fields, arrays = message.fields, message.arrays
    assert arrays["errors"].shape == (len(arrays["y"]), len(arrays["x"]))
    assert np.isfinite(arrays["errors"]).all()
    assert fields["levels"] == sorted(fields["levels"])
    assert fields["scale"] in ("square", "log")
    assert arrays["path"].shape == (steps + 1, 3) and arrays["steps"].shape == (steps + 1,)
    if fields["kind"] == "slice":
        assert set(fields["axes"]) - {""} <= set(fields["names"])
    assert message.encoded()


# --- beyond all numbers --------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_give_a_sentence(bad: float) -> None:
    at = moment(2, data="xor")
    theta = at.theta.copy()
    theta[0] = bad
    with pytest.raises(DataError, match="beyond all"):
        surface(at_theta(at, theta), Sight())


def test_a_path_with_points_that_are_no_numbers_is_drawn_without_them() -> None:
    at = moment(9, data="xor")
    path = at.path.copy()
    path[3] = np.nan
    found = surface(replace(at, path=path), Sight())
    assert 3 not in found.path_steps and np.isfinite(found.path).all()
