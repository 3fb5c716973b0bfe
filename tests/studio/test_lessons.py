"""The guided tour: what each lesson and each of its buttons says is what the engine does."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fallline.arrays import Floats
from fallline.descent import Run
from fallline.engines.calls import error_and_gradient, errors_at, predict
from fallline.errors import DivergenceWarning
from fallline.formulas.optimizers import optimizer_from
from fallline.spec.names import parameter_index
from fallline.studio.lesson import Lesson
from fallline.studio.lessons import LESSONS, lesson_list
from fallline.studio.problem import Problem
from fallline.studio.setup import HOT, Setup

TRIES = [(lesson.name, one.label) for lesson in LESSONS.values() for one in lesson.tries]
VIEWS = {"surface", "boundary", "units", "predictions", "confusion", "network", "curves",
         "formula", "race"}  # fmt: skip


def after(name: str, label: str | None = None) -> Problem:
    """Return the problem of a lesson once a button was pressed, or at its beginning."""
    lesson = LESSONS[name]
    setup = lesson.setup
    for one in lesson.tries:
        if one.label == label:
            for command in one.commands:
                if command["do"] in ("setup", "change"):
                    setup = setup.changed(command["changes"])
            return Problem.of(setup)
    assert label is None, f"{name} has no button {label!r}"
    return Problem.of(setup)


def path(problem: Problem, steps: int, start: Any = None) -> Floats:
    """Return θ (steps + 1, P) of the first steps."""
    run = started(problem, start)
    thetas = [run.theta]
    for _ in range(steps):
        assert run.advance(1) == 1
        thetas.append(run.theta)
    return np.array(thetas)


def started(problem: Problem, start: Any = None) -> Run:
    held = problem.validation
    return Run(
        problem.network,
        problem.train.X,
        problem.train.Y,
        X_val=None if held is None else held.X,
        y_val=None if held is None else held.Y,
        theta=problem.start if start is None else start,
        plan=problem.plan,
        error_at_end=True,
    )


def errors(problem: Problem, thetas: Floats) -> Floats:
    """Return the error of all training rows at each θ."""
    found: Floats = errors_at(
        problem.network, np.atleast_2d(thetas), problem.train.X, problem.train.Y, loss=problem.loss
    )
    return found


def least_squares(problem: Problem) -> Floats:
    """Return the weights of the least error of a linear network without a bias, from NumPy."""
    found: Floats = np.linalg.lstsq(problem.train.X, problem.train.Y, rcond=None)[0].ravel()
    return found


def largest_curvature(problem: Problem) -> float:
    """Return λmax of the mean of ½(y − ŷ)² of a linear network."""
    X = problem.train.X
    return float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])


def steps_until_there(problem: Problem, most: int = 400) -> int:
    """Return after how many steps the error is, and stays, within 1 % of its fall."""
    found = errors(problem, path(problem, most))
    low = errors(problem, least_squares(problem))[0]
    level = low + 0.01 * (found[0] - low)
    late = np.flatnonzero(found > level)
    assert late[-1] < most
    return int(late[-1]) + 1


def accuracy(problem: Problem, theta: Floats) -> float:
    outputs = predict(problem.network, theta, problem.train.X)
    return float(((outputs > 0.5) == (problem.train.Y > 0.5)).mean())


def trained(problem: Problem, seconds: float, speed: float | None) -> Floats:
    """Return θ after so many seconds at the lesson's speed."""
    assert speed is not None
    run = started(problem)
    run.advance(round(seconds * speed))
    return run.theta


# --- the form ------------------------------------------------------------------------------------


def test_there_are_ten_lessons_in_their_order() -> None:
    assert [each["name"] for each in lesson_list()] == [
        "one-weight", "two-weights", "learning-rate", "momentum", "local-minima", "batches",
        "separable", "hidden-units", "backpropagation", "learning-by-heart",
    ]  # fmt: skip
    for number, (name, lesson) in enumerate(LESSONS.items(), 1):
        told = json.loads(json.dumps(lesson.to_json(), allow_nan=False))
        assert (told["name"], told["number"], told["of"]) == (name, number, 10)
        assert re.fullmatch(r"[a-z-]+", name)  # for links


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=list(LESSONS))
def test_each_lesson_is_short_and_can_be_begun(lesson: Lesson) -> None:
    assert len(lesson.text) < 420 and 1 <= lesson.text.count(". ") + 1 <= 4
    assert len(lesson.ask) < 140 and set(lesson.show) <= VIEWS and lesson.show
    assert 2 <= len(lesson.tries) <= 6 and all(len(one.label) < 40 for one in lesson.tries)
    assert lesson.speed is None or 0 < lesson.speed <= 1000
    problem = Problem.of(lesson.setup)
    if lesson.focus is not None:
        assert 0 <= parameter_index(problem.network, lesson.focus) < problem.network.size
        assert "formula" in lesson.show
    if lesson.surface is not None and lesson.surface["along"] != "auto":
        for name in lesson.surface["along"]:
            assert 0 <= parameter_index(problem.network, name) < problem.network.size
        span = np.array(lesson.surface["span"])
        inside = [parameter_index(problem.network, name) for name in lesson.surface["along"]]
        start = problem.start[inside]
        assert (span[:, 0] < start).all() and (start < span[:, 1]).all()


def test_the_first_map_shows_both_sides_of_the_bowl() -> None:
    lesson = LESSONS["one-weight"]
    assert lesson.surface is not None
    left, right = lesson.surface["span"][0]
    problem = Problem.of(lesson.setup)
    low = float(least_squares(problem)[0])
    at_left, at_low, at_right = errors(problem, np.array([[left], [low], [right]]))
    assert left < low < right
    assert min(at_left, at_right) > 10 * at_low


@pytest.mark.parametrize(("name", "label"), TRIES)
def test_each_button_asks_for_what_there_is(name: str, label: str) -> None:
    [pressed] = [one for one in LESSONS[name].tries if one.label == label]
    fields = {
        "setup": {"changes"}, "change": {"changes"}, "play": set(), "best": set(),
        "step": {"of"}, "speed": {"steps_per_second"}, "watch": {"element", "row"},
        "race": {"entries"},
    }  # fmt: skip
    setup = LESSONS[name].setup
    for command in pressed.commands:
        assert set(command) == {"do", *fields[command["do"]]}
        if command["do"] == "step":
            assert command["of"] in ("example", "batch", "epoch")
        if command["do"] == "change":
            assert set(command["changes"]) <= HOT
        if "changes" in command:
            setup = setup.changed(json.loads(json.dumps(command["changes"])))
        for entry in command.get("entries", ()):
            assert optimizer_from(entry["optimizer"])
    problem = Problem.of(setup)
    run = started(problem)
    assert run.advance(2) == 2
    for element in elements(pressed.commands):
        if element.startswith(("w[", "b[")):
            parameter_index(problem.network, element)
        else:
            layer, unit = element.split(".")
            assert int(unit) < problem.network.width(layer)


def elements(commands: Any) -> Iterator[str]:
    return (command["element"] for command in commands if command["do"] == "watch")


# --- what they say -------------------------------------------------------------------------------


def test_one_weight_slope_and_step_shrink_together() -> None:
    problem = after("one-weight")
    thetas = path(problem, 12)
    assert problem.network.size == 1
    slopes = [
        error_and_gradient(problem.network, w, problem.train.X, problem.train.Y)[1][0]
        for w in thetas
    ]
    moves = np.diff(thetas[:, 0])
    np.testing.assert_allclose(moves, -0.2 * np.array(slopes[:-1]), rtol=1e-9)
    assert (np.diff(np.abs(moves)) < 0).all() and (np.diff(errors(problem, thetas)) < 0).all()
    assert abs(thetas[-1, 0] - least_squares(problem)[0]) < 0.2


def test_one_weight_rate_1_is_there_in_one_step() -> None:
    problem = after("one-weight", "Learning rate 1: there in one step")
    thetas = path(problem, 1)
    assert thetas[0, 0] == -1.5 and problem.setup.optimizer.learning_rate == 1.0
    np.testing.assert_allclose(thetas[1], least_squares(problem), rtol=1e-9)


def test_one_weight_the_other_side_and_to_and_fro() -> None:
    other = after("one-weight", "From the other side")
    thetas = path(other, 20)
    assert thetas[0, 0] == 3.0 and (np.diff(thetas[:, 0]) < 0).all()
    jumps = after("one-weight", "Learning rate 1.8: to and fro")
    sides = np.sign(path(jumps, 12)[:, 0] - least_squares(jumps)[0])
    assert (sides[1:] == -sides[:-1]).all()


def test_two_weights_every_way_down_ends_at_the_same_point() -> None:
    for label in (None, "From the lower right", "From the upper right"):
        problem = after("two-weights", label)
        ends = path(problem, 400)[-1]
        np.testing.assert_allclose(ends, least_squares(problem), atol=1e-3)
    low = LESSONS["two-weights"].surface
    assert low is not None
    span = np.array(low["span"])
    assert (span[:, 0] < ends).all() and (ends < span[:, 1]).all()  # the dot is in view


def test_two_weights_a_step_sets_off_at_a_right_angle() -> None:
    problem = after("two-weights")
    for theta, following in pairwise(path(problem, 10)):
        along = np.array([-(following - theta)[1], (following - theta)[0]])
        along *= 1e-5 / np.linalg.norm(along)
        ahead, behind = errors(problem, np.array([theta + along, theta - along]))
        down = errors(problem, theta + (following - theta) * 1e-5)[0]
        assert abs(ahead - behind) < 1e-9 and down < errors(problem, theta)[0]


def test_learning_rates_do_what_their_buttons_say() -> None:
    limit = 2 / largest_curvature(after("learning-rate"))
    assert f"{limit:.2f}" == "1.15" and "1.15" in LESSONS["learning-rate"].text
    creeping = after("learning-rate", "0.02: it creeps")
    low = errors(creeping, least_squares(creeping))[0]
    found = errors(creeping, path(creeping, 100))
    assert (np.diff(found) < 0).all() and found[-1] > 1.5 * low
    assert steps_until_there(after("learning-rate", "0.5: it arrives")) <= 30
    across = after("learning-rate", "1.1: it jumps across, and arrives")
    moves = np.diff(path(across, 12), axis=0)
    assert ((moves[1:] * moves[:-1]).sum(axis=1)[4:] < 0).all()
    assert steps_until_there(across) <= 60
    rising = errors(*with_path(after("learning-rate", "1.2: the jumps grow"), 60))
    assert (np.diff(rising)[12:] > 0).all() and rising[60] > 100 * rising[0]
    fewest = {
        rate: steps_until_there(Problem.of(LESSONS["learning-rate"].setup.changed(
            {"optimizer": {"name": "sgd", "learning_rate": rate}}
        )), 800)
        for rate in (0.02, 0.5, 0.8, 1.1)
    }  # fmt: skip
    assert min(fewest.values()) == min(fewest[0.5], fewest[0.8]) < fewest[1.1] < fewest[0.02]


def with_path(problem: Problem, steps: int) -> tuple[Problem, Floats]:
    return problem, path(problem, steps)


def test_rate_3_leaves_all_bounds_in_seconds() -> None:
    run = started(after("learning-rate", "3: out of all bounds"))
    with pytest.warns(DivergenceWarning):
        run.advance(60 * 8)  # eight seconds at the speed that the button asks for
    assert run.divergence is not None


def test_momentum_takes_a_fifth_of_the_steps() -> None:
    plain = steps_until_there(after("momentum", "Plain descent"))
    heavy = steps_until_there(after("momentum", "Momentum 0.8"))
    too_heavy = steps_until_there(after("momentum", "Momentum 0.95: it overshoots"))
    assert 4.5 < plain / heavy < 6 and heavy < too_heavy < plain
    [race] = [one for one in LESSONS["momentum"].tries if one.label == "Race them"]
    entries = next(c["entries"] for c in race.commands if c["do"] == "race")
    assert [entry["optimizer"] for entry in entries] == [
        after("momentum", f"{label}").setup.optimizer.to_json()
        for label in ("Plain descent", "Momentum 0.8")
    ]


def test_momentum_overshoots_where_its_button_says_so() -> None:
    problem = after("momentum", "Momentum 0.95: it overshoots")
    found = errors(*with_path(problem, 100))
    assert (np.diff(found)[5:] > 0).any()


def test_the_valley_is_narrow_and_its_limit_is_as_told() -> None:
    problem = after("momentum")
    limit = 2 / largest_curvature(problem)
    assert f"{limit:.3f}" == "0.034" and "0.034" in LESSONS["momentum"].text
    beyond = Problem.of(problem.setup.changed(
        {"optimizer": {"name": "sgd", "learning_rate": 0.036}}
    ))  # fmt: skip
    assert errors(*with_path(beyond, 300))[-1] > errors(*with_path(beyond, 100))[-1]
    X = problem.train.X
    low, high = np.linalg.eigvalsh(X.T @ X / len(X))
    assert high / low > 100
    scaled = after("momentum", "Scale the columns instead")
    assert scaled.setup.standardize and steps_until_there(scaled) < 15


def test_local_minima_the_start_decides() -> None:
    ends = {}
    for label in ("Start at w = 2.5", "Start at w = 2", "Start at w = −2: the mirror image",
                  "Start at w = 4"):  # fmt: skip
        problem = after("local-minima", label)
        assert problem.network.size == 2
        theta = path(problem, 400)[-1]
        error, slope = error_and_gradient(problem.network, theta, problem.train.X, problem.train.Y)
        assert np.abs(slope).max() < 1e-3  # it has come to rest
        ends[label] = theta, float(error)
    (worse, high), (better, low) = ends["Start at w = 2.5"], ends["Start at w = 2"]
    mirror, same = ends["Start at w = −2: the mirror image"]
    assert round(worse[0]) == 3 and f"{high:.2f}" == "0.48" and round(better[0]) == 1
    assert f"{low:.2f}" == "0.04" and "0.48" in LESSONS["local-minima"].text
    np.testing.assert_allclose(mirror, -better, atol=1e-6)
    assert same == pytest.approx(low)
    other, third = ends["Start at w = 4"]
    assert third > 0.4 and abs(other[0] - worse[0]) > 1  # a third hollow


def test_the_hollows_are_minima_in_every_direction() -> None:
    problem = after("local-minima")
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = 0.05 * np.column_stack([np.cos(angles), np.sin(angles)])
    for start in ([2.5, 1.0], [2.0, 0.5]):
        bottom = path(problem, 600, start)[-1]
        assert (errors(problem, bottom + ring) > errors(problem, bottom)[0]).all()


def test_the_slopes_part_near_the_ridge_that_is_told() -> None:
    problem = after("local-minima")
    ends = {w: path(problem, 400, [w, 0.5])[-1, 0] for w in (2.0, 2.2, 2.4, 2.6)}
    assert ends[2.0] == pytest.approx(1.03, abs=0.05) and ends[2.6] == pytest.approx(3.04, abs=0.05)
    assert abs(ends[2.0] - ends[2.6]) > 1.5


def test_fewer_rows_a_step_make_a_rougher_path() -> None:
    spread = {}
    for label in ("All 128 rows a step", "16 rows a step", "One row a step",
                  "One row, at a falling rate"):  # fmt: skip
        problem = after("batches", label)
        assert problem.train.n == 128
        away = np.linalg.norm(path(problem, 600) - least_squares(problem), axis=1)
        spread[label] = float(away[-200:].mean())
    every, few, one, falling = spread.values()
    assert every < 1e-3 < few / 5 and few * 4 < one and falling < one / 5


def test_a_line_parts_cars_and_bikes_but_no_circles() -> None:
    speed = LESSONS["separable"].speed
    parted = {
        label: accuracy(problem := after("separable", label), trained(problem, 8.0, speed))
        for label in ("Cars and bikes", "A circle in a circle", "The circles, with squares",
                      "XOR", "XOR, with x·y")
    }  # fmt: skip
    assert parted["Cars and bikes"] > 0.97
    assert parted["A circle in a circle"] < 0.65 and parted["XOR"] < 0.7
    assert parted["The circles, with squares"] > 0.99 and parted["XOR, with x·y"] > 0.97


def test_no_line_parts_the_circles_however_long_it_learns() -> None:
    problem = after("separable", "A circle in a circle")
    x, y = problem.train.X.T
    labels = problem.train.Y[:, 0] > 0.5
    best = 0.0
    for angle in np.linspace(0, np.pi, 180, endpoint=False):
        along = np.cos(angle) * x + np.sin(angle) * y
        sides = along[:, None] > np.sort(along)
        right = (sides == labels[:, None]).mean(axis=0)
        best = max(best, right.max(), (1 - right).max())
    assert best < 0.75  # of all straight lines, tried one by one


def test_three_units_close_round_the_circle_and_two_cannot() -> None:
    speed = LESSONS["hidden-units"].speed
    right = {
        label: accuracy(problem := after("hidden-units", label), trained(problem, 12.0, speed))
        for label in ("One unit", "Two units", "Three units", "Eight units")
    }
    assert right["One unit"] < 0.72 and right["Two units"] < 0.9
    assert right["Three units"] > 0.97 and right["Eight units"] > 0.99


@pytest.mark.parametrize("count", [1, 2])
def test_from_no_start_do_fewer_than_three_units_close_round_the_circle(count: int) -> None:
    best = 0.0
    for seed in range(12):
        setup = LESSONS["hidden-units"].setup.changed({"net": f"{count} tanh", "seed": seed})
        problem = Problem.of(setup)
        run = started(problem)
        run.advance(3000)
        best = max(best, accuracy(problem, run.theta))
    assert best < (0.75, 0.92)[count - 1]


def test_back_propagation_as_it_is_told() -> None:
    problem = after("backpropagation")
    run = started(problem)
    before = run.theta
    record = run.step(rows=1)
    assert record is not None
    row = problem.train.take(record.order)
    view = problem.network.views(before)
    rate = problem.setup.optimizer.learning_rate
    # Forwards and back by hand: tanh units, a logistic output and its cross-entropy.
    o = np.tanh(row.X[0] @ view["hidden1"].weights + view["hidden1"].biases)
    said = 1 / (1 + np.exp(-(o @ view["output"].weights[:, 0] + view["output"].biases[0])))
    delta_out = row.Y[0, 0] - said
    delta = (1 - o**2) * view["output"].weights[:, 0] * delta_out
    moved = problem.network.views(run.theta - before)
    np.testing.assert_allclose(moved["output"].weights[:, 0], rate * delta_out * o, rtol=1e-9)
    np.testing.assert_allclose(
        moved["hidden1"].weights, rate * np.outer(row.X[0], delta), rtol=1e-9
    )
    assert (np.abs(moved["hidden1"].weights) > 1e-3).any()  # there is something to see


def test_learning_by_heart_has_a_best_epoch_and_then_gets_worse() -> None:
    lesson = LESSONS["learning-by-heart"]
    problem = after("learning-by-heart", "Let it learn")
    assert (problem.train.n, problem.network.size) == (20, 609)
    assert "609" in lesson.text and "Twenty" in lesson.text
    run = started(problem)
    history = list(run)
    held = np.array([epoch.validation_error for epoch in history], float)
    own = np.array([epoch.error_at_end for epoch in history], float)
    best = int(held.argmin()) + 1
    assert 12 <= best <= 30  # "after some 20 epochs"
    assert held[-1] > 2 * held.min() and own[-1] < 0.5 * own[best - 1]
    seconds = 4 * 100 / (lesson.speed or 1)  # 4 steps an epoch
    assert held[99] > 1.2 * held.min() and seconds < 5  # it shows soon


@pytest.mark.parametrize(
    "label", ["A smaller network", "A penalty on large weights", "Ten times the data"]
)
def test_what_keeps_from_learning_by_heart(label: str) -> None:
    problem = after("learning-by-heart", label)
    epochs = 400 if problem.train.n == 20 else 60
    run = started(problem)
    held = [next(run).validation_error for _ in range(epochs)]
    assert all(error is not None for error in held)
    assert held[-1] < 1.1 * min(held)  # type: ignore[operator, type-var]
    if label == "Ten times the data":
        assert problem.train.n == 200


def test_no_lesson_warns_or_leaves_bounds_by_itself() -> None:
    for lesson in LESSONS.values():
        run = started(Problem.of(lesson.setup))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run.advance(500)
        assert np.isfinite(run.theta).all() and run.divergence is None


def test_the_first_example_learns_in_seconds() -> None:
    problem = Problem.of(Setup())
    run = started(problem)
    run.advance(1500)  # 15 s at 100 steps a second
    assert accuracy(problem, run.theta) > 0.97
    error = errors(problem, np.array([problem.start, run.theta]))
    assert error[1] < error[0] / 10
