"""The element in focus: its numbers against the engine, and formulas that give them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.studio.moments import at_theta, earlier, moment

import fallline as fl
from fallline.engines.registry import get_engine
from fallline.errors import DataError, SpecError
from fallline.explain.trace import trace_recorded
from fallline.studio.choices import choices
from fallline.studio.views import traced
from fallline.studio.views.detail import Steps, detail
from fallline.studio.views.traced import row_numbers, traced_step

W = "w[input.0->hidden1.1]"


def number(entry: dict[str, str]) -> float:
    """Return the number at the end of a line such as ``h[output.0] = −0.25``."""
    return float(entry["text"].rpartition(" ")[2].replace("−", "-"))


def values(message: Any) -> dict[str, float]:
    return {entry["label"]: number(entry) for entry in message.fields["values"]}


def batch_gradient(at: Any) -> Any:
    taken, o = at.last, at.plan.objective
    return fl.error_and_gradient(
        at.problem.network, taken.before["theta"], taken.batch.X, taken.batch.Y,
        sample_weight=taken.batch.weights, loss=o.loss, l2=o.l2, l1=o.l1,
    )[1]  # fmt: skip


# --- weights and biases --------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 0])
@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize("data", ["moons", "houses"])
def test_a_weight_has_the_numbers_of_the_step_that_led_here(
    batch_size: int, l2: float, data: str
) -> None:
    at = moment(5, data=data, batch_size=batch_size, l2=l2)
    gradient = batch_gradient(at)
    for index in range(at.problem.network.size):
        name = at.problem.network.name(index)
        found = values(detail(at, name))
        before, after = at.path[-2][index], at.path[-1][index]
        assert found["before the step"] == pytest.approx(before, rel=1e-4, abs=1e-12)
        assert found["after the step"] == pytest.approx(after, rel=1e-4, abs=1e-12)
        assert found["step"] == pytest.approx(after - before, rel=1e-4, abs=1e-12)
        assert found["slope of the error"] == pytest.approx(gradient[index], rel=1e-4, abs=1e-12)


def test_its_place_in_the_descent_is_told() -> None:
    at = moment(5, data="moons", batch_size=7)
    fields = detail(at, W).fields
    assert (fields["step"], fields["run"], fields["element"]) == (5, at.run, W)
    assert fields["rows"] == 7 and fields["row"] == at.last.order[0]


@pytest.mark.parametrize("name", [each["name"] for each in choices()["optimizers"]])
def test_every_optimizers_own_rule_is_told_in_words_and_ends_in_the_new_weight(name: str) -> None:
    at = moment(4, data="moons", optimizer={"name": name})
    found = detail(at, W).fields
    assert all(each["words"] for each in found["equations"])
    index = at.problem.network.index(W)
    new = [each for each in found["equations"] if each["text"].startswith(f"{W} ←")]
    assert number(new[-1]) == pytest.approx(at.theta[index], rel=1e-4)


def test_equations_are_those_of_the_library() -> None:
    at = moment(6, data="xor", optimizer={"name": "adam", "learning_rate": 0.05})
    found = detail(at, W).fields["equations"]
    theirs = trace_recorded(at.last).weight_equations(W)
    assert [each["text"] for each in found] == [str(equation) for equation in theirs]
    assert [each["latex"] for each in found] == [equation.latex for equation in theirs]


def test_a_large_batch_tells_its_first_rows_and_the_rest() -> None:
    at = moment(3, data="moons", batch_size=0)
    slope = detail(at, W).fields["equations"][0]
    assert f"{at.problem.train.n} rows; 8 of them are written out" in slope["words"]


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "sse"])
def test_a_batch_in_pieces_gives_the_numbers_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    rate = {"name": "sgd", "learning_rate": 0.001, "momentum": 0.5}
    at = moment(4, data="moons", batch_size=0, loss=loss, l1=0.01, l2=0.02, optimizer=rate)
    whole = traced_step(at.last)
    monkeypatch.setattr(traced, "_HELD", 200)
    pieces = traced_step(at.last)
    assert pieces.numbers.more == at.problem.train.n - 8
    assert pieces.gradient == pytest.approx(whole.gradient, rel=1e-12)
    assert pieces.error == pytest.approx(whole.error, rel=1e-12)
    assert pieces.theta_after == pytest.approx(at.theta, rel=1e-12)
    for name in (W, "b[hidden1.0]", "b[output.0]"):
        one, other = ([str(e) for e in each.weight_equations(name)] for each in (whole, pieces))
        assert one == other


def test_a_batch_that_would_take_long_is_told_without_its_sum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = moment(3, data="moons", batch_size=0)
    monkeypatch.setattr(traced, "QUICK", 10)
    found = detail(at, W)
    assert "too large" in found.fields["title"]
    assert found.fields["equations"] == []
    index = at.problem.network.index(W)
    assert values(found)["after the step"] == pytest.approx(at.theta[index], rel=1e-4)


def test_before_the_first_step_it_is_the_slope_of_all_rows() -> None:
    at = moment(0, data="moons", l2=0.1)
    found = detail(at, W)
    index, rows = at.problem.network.index(W), at.problem.train
    slope = fl.error_and_gradient(
        at.problem.network, at.theta, rows.X, rows.Y, loss=at.plan.objective.loss, l2=0.1
    )[1][index]
    assert values(found)["now"] == pytest.approx(at.theta[index], rel=1e-4)
    assert values(found)["slope of the error of all training rows"] == pytest.approx(
        slope, rel=1e-4
    )
    assert "before the first step" in found.fields["title"]


def test_a_step_is_traced_once_for_all_elements() -> None:
    at, steps = moment(3, data="moons"), Steps()
    assert steps.of(at.last) is steps.of(at.last)
    assert detail(at, W, None, steps).fields == detail(at, W).fields


# --- units ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("net", ["none", "3 tanh", "4 relu, 2 sigmoid"])
@pytest.mark.parametrize("data", ["moons", "sine", "cars_and_bikes"])
@pytest.mark.parametrize("batch_size", [1, 6])
def test_a_unit_has_its_numbers_of_the_batchs_first_row(
    net: str, data: str, batch_size: int
) -> None:
    """∂E/∂o against central differences through a bias: ∂E/∂h = ∂E/∂b of that row alone."""
    at = moment(3, data=data, net=net, batch_size=batch_size)
    taken, network = at.last, at.problem.network
    row = taken.batch.take(np.array([0]))
    o = at.plan.objective
    share = 1.0 if o.error.reduction == "sum" else 1 / taken.batch.n
    engine, before = get_engine("reference"), taken.before["theta"]
    for layer in network.layers:
        for j in range(layer.size):
            found = values(detail(at, f"{layer.name}.{j}"))
            move = np.zeros_like(before)
            move[network.index(f"b[{layer.name}.{j}]")] = 1e-6
            up, down = (engine.error(network, o, before + s * move, row) for s in (1, -1))
            slope = share * (up - down) / 2e-6
            along = found["slope of the error along the net input"]
            assert along == pytest.approx(slope, rel=1e-3, abs=1e-7)
    said = engine.predict(network, before, row.X)[0, 0]
    assert values(detail(at, "output.0"))["output"] == pytest.approx(said, rel=1e-4)


def test_a_unit_of_a_row_of_the_batch_that_was_asked_for() -> None:
    at = moment(3, data="moons", batch_size=8)
    row = int(at.last.order[5])
    found = detail(at, "hidden1.0", row)
    whole = trace_recorded(at.last).numbers.layers["hidden1"]
    assert found.fields["row"] == row
    assert values(found)["net input"] == pytest.approx(whole.h[5, 0], rel=1e-4)
    along = values(found)["slope of the error along the output"]
    assert along == pytest.approx(whole.dE_do[5, 0], rel=1e-4)
    assert f"row {row + 1}" in found.fields["title"]
    assert all(each["words"] for each in found.fields["equations"])


def test_a_unit_of_a_row_that_was_not_in_the_batch_is_told_alone() -> None:
    at = moment(3, data="moons", batch_size=8)
    row = next(i for i in range(at.problem.train.n) if i not in at.last.order)
    found = detail(at, "output.0", row)
    assert "not in the batch" in found.fields["title"]
    numbers, of_step = row_numbers(at, row)
    said = fl.predict(at.problem.network, at.last.before["theta"], at.problem.train.X[row][None])
    assert not of_step
    assert numbers.layers["output"].o == pytest.approx(said)


def test_before_the_first_step_a_unit_is_told_at_the_start() -> None:
    at = moment(0, data="moons")
    found = detail(at, "output.0", 4)
    said = fl.predict(at.problem.network, at.theta, at.problem.train.X[4][None])[0, 0]
    assert values(found)["output"] == pytest.approx(said, rel=1e-4)
    assert found.fields["rows"] == 1


def test_an_input_has_its_value() -> None:
    at = moment(3, data="houses", batch_size=1)
    found = detail(at, "input.1")
    assert found.fields["title"].startswith(f"input {at.problem.input_labels[1]}")
    assert values(found)["value"] == pytest.approx(at.last.batch.X[0, 1], rel=1e-4)
    assert found.fields["equations"] == []


def test_of_several_classes_the_outputs_are_told_by_name() -> None:
    at = moment(2, data="cars_and_bikes")
    assert detail(at, "output.0").fields["title"].startswith("output for car")
    assert detail(at, "b[output.0]").fields["title"] == "bias of the output for car"
    assert detail(at, "b[hidden1.1]").fields["title"] == "bias of hidden unit 2 (hidden1.1)"


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "element",
    ["", ".", "w[", "b[]", "w[input.0]", "w[input.0->hidden1.99]", "b[input.0]", "hidden1",
     "hidden1.", "hidden1.4", "hidden1.-1", "hidden1.1e3", "nowhere.0", "hidden1." + "9" * 5000,
     "hidden1.²", "w" * 10_000, "output.0.0"],
)  # fmt: skip
@pytest.mark.parametrize("steps", [0, 2])
def test_what_is_no_element_gives_a_sentence(element: str, steps: int) -> None:
    with pytest.raises(SpecError):
        detail(moment(steps, data="moons"), element)


@pytest.mark.parametrize("row", [-1, 128, 10**12])
def test_a_row_that_is_not_there_gives_a_sentence(row: int) -> None:
    with pytest.raises(DataError, match="training rows"):
        detail(moment(1, data="moons"), "output.0", row)


def test_an_absent_connection_gives_a_sentence() -> None:
    at = moment(0, data="moons")
    network = at.problem.network.disconnect(W)
    problem = replace(at.problem, network=network)
    with pytest.raises(SpecError, match="absent"):
        detail(replace(at, problem=problem), W)


@pytest.mark.parametrize("element", [W, "b[output.0]", "hidden1.0", "output.0", "input.0"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_numbers_beyond_all_bounds_are_shown_as_such(element: str, bad: float) -> None:
    at = moment(3, data="moons")
    theta = np.full_like(at.theta, bad)
    after = replace(at.last, theta_after=theta)
    assert detail(replace(at_theta(at, theta), last=after), element).encoded()
    before = replace(at.last, before={**at.last.before, "theta": at.theta * 1e200})
    assert detail(replace(at, last=before), element).encoded()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_start_that_is_no_number_gives_a_detail_or_a_sentence(bad: float) -> None:
    at = earlier(moment(1, data="moons"), 0)
    for element in (W, "hidden1.0"):
        try:
            assert detail(at_theta(at, np.full_like(at.theta, bad)), element).encoded()
        except (SpecError, DataError) as error:
            assert str(error)


def test_a_batch_without_weight_gives_a_sentence() -> None:
    at = moment(1, data="moons")
    batch = at.last.batch._replace(weights=np.zeros(at.last.batch.n))
    with pytest.raises(DataError, match="no weight"):
        detail(replace(at, last=replace(at.last, batch=batch)), W)
