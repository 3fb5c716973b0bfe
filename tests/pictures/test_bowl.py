"""The error over one weight, its steps and its bottom; and a function with its slope."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DataError, SpecError
from fallline.pictures.bowl import Bowl, bowl, tangent
from fallline.pictures.words import number

RNG = np.random.default_rng(8)
NET = fl.Network.parse("2 -> 3 tanh -> 1")
X = RNG.normal(size=(25, 2))
Y = X[:, :1] * X[:, 1:]
THETA = NET.initial(seed=2)
NAME = "w[hidden1.1->output.0]"


def made(**options: Any) -> Bowl:
    return bowl(NET, THETA, X, Y, NAME, **options)


def at(value: float, **options: Any) -> tuple[float, float]:
    theta = THETA.copy()
    theta[NET.index(NAME)] = value
    error, gradient = fl.error_and_gradient(NET, theta, X, Y, **options)
    return error, float(gradient[NET.index(NAME)])


@pytest.mark.parametrize("loss, extra", [("squared_error", {"alpha": 0.3}), ("sse", {"l2": 0.1})])
def test_the_curve_and_its_tangents_are_the_engines(loss: str, extra: dict[str, Any]) -> None:
    found = made(loss=loss, points=7, learning_rate=0.01, steps=3, **extra)
    for value, error in zip(found.values, found.errors, strict=True):
        assert error == pytest.approx(at(value, loss=loss, **extra)[0], rel=1e-12)
    for value, error, slope in zip(found.steps, found.step_errors, found.slopes, strict=True):
        assert (error, slope) == pytest.approx(at(value, loss=loss, **extra), rel=1e-12)


def test_the_steps_are_those_of_a_descent_in_this_weight_alone() -> None:
    others = [NET.name(i) for i in range(NET.size) if NET.name(i) != NAME]
    run = fl.descend(
        NET.freeze(*others), X, Y, theta=THETA, optimizer=fl.SGD(0.4), batch_size=None, epochs=6
    )
    found = made(learning_rate=0.4, steps=6)
    assert len(found.steps) == 7 and found.steps[0] == THETA[NET.index(NAME)]
    assert found.steps[-1] == pytest.approx(run.theta[NET.index(NAME)], rel=1e-12)


def test_the_bottom_of_a_weight_to_a_linear_unit_is_in_closed_form() -> None:
    found = made()
    hidden = fl.predict(NET, THETA, X)[:, 0] - THETA[NET.index(NAME)] * (o := _output(1))
    exact = o @ (Y[:, 0] - hidden) / (o @ o)
    assert found.lowest == pytest.approx(exact, abs=1e-9) and not found.on_edge
    assert found.lowest_error == pytest.approx(at(exact)[0], rel=1e-12)
    assert found.values[0] < exact < found.values[-1]


def _output(unit: int) -> np.ndarray:
    view = NET.views(THETA)["hidden1"]
    return np.tanh(X @ view.weights + view.biases)[:, unit]


def test_a_bottom_out_of_view_is_on_the_edge() -> None:
    found = made(span=(5.0, 6.0))
    assert found.on_edge and found.lowest == 5.0 and found.lowest_error == found.errors.min()


def test_steps_that_leave_all_bounds_end() -> None:
    found = made(learning_rate=1e5, steps=90)
    assert 1 < len(found.steps) < 90 and np.isfinite(found.step_errors).all()
    assert found.plot() is found


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"steps": -1}, "steps must be"),
        ({"points": 1}, "points must be"),
        ({"learning_rate": "fast"}, "learning_rate must be"),
        ({"start": np.inf}, "start must be"),
        ({"span": (1, 1)}, "span must be"),
        ({"span": 2}, "span must be"),
        ({"rows": 0}, "rows must be"),
    ],
)
def test_what_makes_no_bowl_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises((SpecError, DataError), match=message):
        made(**wrong)


def test_a_name_must_be_of_a_weight_that_is_there() -> None:
    with pytest.raises(SpecError, match="did you mean 'output'"):
        bowl(NET, THETA, X, Y, "b[outputt.0]")
    net = NET.disconnect(NAME)
    with pytest.raises(SpecError, match="absent connection"):
        bowl(net, net.initial(), X, Y, NAME)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_bowl_draws_itself(look: Any) -> None:
    found = made(learning_rate=0.3, steps=4)
    assert found.plot(style=look) is found
    assert found.ax_.get_xlabel() == NAME and found.ax_.get_ylabel() == "error J"
    curve = found.ax_.lines[0]
    np.testing.assert_array_equal(curve.get_ydata(), found.errors)
    labels = found.ax_.get_legend_handles_labels()[1]
    assert any("4 steps" in label for label in labels)
    assert any(f"slope {number(found.slopes[0])}" in label for label in labels)
    assert any(label.startswith("start: J = ") for label in labels)


def test_the_slope_of_x_squared_at_2_is_4() -> None:
    found = tangent("x**2", 2)
    assert (found.value, found.slope, found.slope_formula) == (4.0, 4.0, "2*x")
    np.testing.assert_array_equal(found.y, found.x**2)
    assert found.plot() is found
    line = found.ax_.lines[1]
    (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(4.0)


@pytest.mark.parametrize("formula, at", [("x*tanh(x)", -0.7), ("exp(-x**2)", 0.4), ("relu(x)", 3)])
def test_slopes_are_central_differences(formula: str, at: float) -> None:
    found, h = tangent(formula, at), 1e-5
    difference = (tangent(formula, at + h).value - tangent(formula, at - h).value) / (2 * h)
    assert found.slope == pytest.approx(difference, rel=1e-8)


@pytest.mark.parametrize(
    "formula, at, options, message",
    [
        ("z**2", 1, {}, "cannot read the formula"),
        ("1/x", 0, {}, "not finite"),
        ("x", "here", {}, "at must be"),
        ("x", 1, {"span": (2, 1)}, "span must be"),
        ("x", 1, {"points": 0}, "points must be"),
    ],
)
def test_what_has_no_tangent_is_refused(
    formula: str, at: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        tangent(formula, at, **options)


def test_poles_and_walls_squeeze_nothing() -> None:
    low, high = tangent("1/x", 0.5).plot().ax_.get_ylim()
    assert -20 < low < -4 and 4 < high < 20


def test_a_formula_is_printed_as_in_a_book() -> None:
    ax = tangent("x**3 - 3*x", -1.5).plot().ax_
    labels = ax.get_legend_handles_labels()[1]
    assert labels[0] == "f(x) = x³ − 3·x" and labels[1].endswith("f′(−1.5) = 3.75")
    assert ax.get_title(loc="left") == "f′(x) = 3·(x² − 1)"


def test_many_short_steps_do_not_hide_the_curve() -> None:
    net = fl.Network.parse("1 -> 1 nobias")
    name = "w[input.0->output.0]"
    ax = bowl(net, [0.0], [[1.0]], [2.0], name, learning_rate=0.01, steps=300).plot().ax_
    [dots] = [line for line in ax.lines if "300 steps" in str(line.get_label())]
    assert dots.get_markersize() <= 3 and dots.get_markeredgecolor() == dots.get_color()
    assert len(ax.texts) < 40  # arrows
