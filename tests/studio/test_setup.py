"""What may be asked for: every field checked, whatever comes, and what a change takes along."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.data.samples import SAMPLES
from fallline.errors import DataError, FalllineError, SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.formulas.optimizers import OPTIMIZERS, SGD, Adam
from fallline.formulas.schedules import SCHEDULES
from fallline.studio.choices import choices
from fallline.studio.lessons import LESSONS
from fallline.studio.setup import HOT, LIMITS, Setup

NAMES = list(Setup().to_json())
FULL = Setup(
    data="spiral",
    target="label",
    features=("x", "y"),
    crossed=True,
    rows=300,
    noise=0.05,
    validation=0.1,
    test=0.0,
    net="8 leaky_relu(slope=0.2), 3 tanh nobias",
    bias=False,
    standardize=False,
    loss="huber(delta=2.0)",
    l1=0.1,
    l2=1e-3,
    optimizer=Adam(0.01, beta1=0.8),
    schedule="step(every=20, factor=0.5)",
    batch_size=0,
    initializer="normal(std=0.3)",
    start=(0.1, -2.5e-300, 0.0),
    seed=7,
    epochs=12,
)


@pytest.mark.parametrize("setup", [Setup(), FULL, *(each.setup for each in LESSONS.values())])
def test_a_setup_is_plain_data_and_back(setup: Setup) -> None:
    plain = json.loads(json.dumps(setup.to_json(), allow_nan=False))
    assert Setup.from_json(plain) == setup and list(plain) == NAMES


def test_the_fields_are_those_of_the_page() -> None:
    assert set(choices()["limits"]) >= {"upload_bytes", "layers", "units", "rows"}
    assert set(NAMES) >= HOT and Setup.from_json({}) == Setup()


REFUSED: list[tuple[Any, str]] = [
    (None, "must be an object of fields, not None"),
    ([1], "must be an object"),
    ({"nett": "4"}, "did you mean 'net'"),
    ({3: 4}, "no field 3"),
    ({"data": "mons"}, "did you mean 'moons'"),
    ({"data": ["moons"]}, "there is no sample"),
    ({"target": 5}, "target must be a text, not 5"),
    ({"target": "x" * 2000}, "at most 1,000 characters"),
    ({"features": "x"}, "features must be a list"),
    ({"features": []}, "1 to 1,000 names"),
    ({"features": [["x"]]}, "must be names of columns"),
    ({"crossed": 1}, "crossed must be true or false, not 1"),
    ({"bias": None}, "bias must be true or false"),
    ({"rows": 9}, "rows must be a whole number from 10 to 100,000, not 9"),
    ({"rows": 1e3}, "rows must be a whole number"),
    ({"noise": -0.1}, "noise must be a number from 0 to 10"),
    ({"validation": 0.95}, "validation must be a number from 0 to 0.9"),
    ({"test": "0.2"}, "not '0.2'"),
    ({"net": "4 tanhh"}, "did you mean 'tanh'"),
    ({"net": "4 tanh -> 3"}, "cannot read the layer"),
    ({"net": "a: 4 tanh"}, "cannot read the layer"),
    ({"net": "4 tanh from input"}, "cannot read the layer"),
    ({"net": "0 tanh"}, "1 to 256 units"),
    ({"net": "257 tanh"}, "1 to 256 units, not 257"),
    ({"net": ", ".join(["2 tanh"] * 9)}, "at most 8 hidden layers"),
    ({"net": "4 z*tanh(z)"}, "formulas of your own"),
    ({"net": "4 `z`"}, "formulas of your own"),
    ({"net": "4 step"}, "cannot be trained"),
    ({"net": "model"}, "for an opened model"),
    ({"loss": "mea"}, "unknown loss 'mea'; did you mean 'mae'"),
    ({"loss": "huber(delta=-1)"}, "above 0"),
    ({"loss": "log(cosh(yhat - y))"}, "unknown loss"),
    ({"l1": float("nan")}, "l1 must be a number"),
    ({"l2": 1e308}, "l2 must be a number"),
    ({"optimizer": 0.1}, "optimizer must be settings"),
    ({"optimizer": "sgdd"}, "did you mean 'sgd'"),
    ({"optimizer": {"learning_rate": 0.1}}, "must have a name"),
    ({"optimizer": {"name": "sgd", "learning_rte": 0.1}}, "did you mean 'learning_rate'"),
    ({"optimizer": {"name": "sgd", "learning_rate": 0}}, "above 0"),
    ({"optimizer": {"name": "sgd", "learning_rate": [0.1]}}, "must be a number, a text"),
    ({"optimizer": {"name": "sgd", "learning_rate": 10**400}}, "a huge number"),
    ({"optimizer": {"name": "sgd", "nesterov": True}}, "momentum > 0"),
    ({"optimizer": "lbfgs"}, "takes no single steps to watch"),
    ({"schedule": "cosin"}, "did you mean 'cosine'"),
    ({"schedule": {"name": "step", "ever": 3}}, "did you mean 'every'"),
    ({"schedule": {}}, "must have a name"),
    ({"batch_size": -1}, "batch_size must be a whole number from 0"),
    ({"batch_size": True}, "not True"),
    ({"initializer": "hee"}, "did you mean 'he'"),
    ({"start": []}, "start must be a list of numbers"),
    ({"start": [1, None]}, "start must be finite numbers"),
    ({"start": [float("inf")]}, "start must be finite numbers"),
    ({"seed": -1}, "seed must be a whole number"),
    ({"seed": 10**5000}, "a huge number"),
    ({"epochs": 0}, "epochs must be a whole number from 1"),
    ({"epochs": 10**9}, "to 1,000,000"),
]


@pytest.mark.parametrize(("plain", "says"), REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(plain: Any, says: str) -> None:
    with pytest.raises((SpecError, DataError)) as caught:
        Setup.from_json(plain)
    message = str(caught.value)
    assert says in message and len(message) < 400 and "\n" not in message


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([10**400, 1e308, "NaN", "4 tanh", "sgd", "4 " * 400, "(" * 90, "\x00", "∞"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), anything, max_size=4))
def test_anything_gives_a_setup_or_a_sentence(plain: dict[str, Any]) -> None:
    for read in (Setup.from_json, Setup().changed, FULL.changed):
        try:
            setup = read(plain)
        except FalllineError as error:
            assert 5 < len(str(error)) < 800
        else:
            assert Setup.from_json(setup.to_json()) == setup


@given(st.sampled_from(NAMES), anything)
def test_any_single_field_gives_a_setup_or_a_sentence(name: str, value: Any) -> None:
    with contextlib.suppress(FalllineError):
        Setup.from_json({name: value})


def test_deeply_nested_data_are_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    for name in NAMES:
        with pytest.raises(FalllineError):
            Setup.from_json({name: deep})
        with pytest.raises(FalllineError):
            Setup.from_json({name: {"name": deep}})


@settings(max_examples=150)
@given(st.text("0123456789 ,()=.tanhrelu_slopenobias'\"", max_size=40))
def test_any_text_for_layers_gives_a_setup_or_a_sentence(text: str) -> None:
    try:
        setup = Setup(net=text)
    except FalllineError:
        return
    assert Setup(net=setup.net) == setup


def test_layers_have_one_form() -> None:
    for given_, written in {
        "": "none",
        "none": "none",
        "4": "4 relu",
        " 3 tanh ,2 sigmoid": "3 tanh, 2 logistic",
        "4 leaky_relu( slope=2e-1 ) nobias": "4 leaky_relu(slope=0.2) nobias",
    }.items():
        assert Setup(net=given_).net == written


def test_a_change_takes_along_what_was_meant_for_another_choice() -> None:
    full = FULL.changed({"data": "houses"})
    assert (full.target, full.features, full.rows, full.noise) == ("", None, None, None)
    assert (full.crossed, full.loss, full.start) == (False, None, None)
    assert (full.net, full.optimizer, full.l1) == (FULL.net, FULL.optimizer, FULL.l1)
    assert FULL.changed({"data": "houses", "rows": 50}).rows == 50
    assert FULL.changed({"data": "spiral"}) == FULL  # nothing has changed
    for name, value in {
        "net": "2 relu",
        "bias": True,
        "features": ["x"],
        "crossed": False,
        "seed": 8,
        "initializer": "auto",
    }.items():
        assert FULL.changed({name: value}).start is None, name
    for name in HOT:
        assert FULL.changed({name: Setup().to_json()[name]}).start == FULL.start


def test_the_network_of_a_model_is_for_that_model() -> None:
    opened = Setup().changed({"data": "model"})
    assert opened.net == "model"
    assert opened.changed({"data": "xor"}).net == Setup().net
    assert Setup().changed({"data": "model", "net": "3 tanh"}).net == "3 tanh"


def test_the_plan_is_that_of_the_setup() -> None:
    plan = FULL.plan("squared_error")
    assert plan.batch_size is None and plan.optimizer == FULL.optimizer and not plan.restore_best
    assert (plan.l1, plan.l2, plan.schedule) == (0.1, 1e-3, "step(every=20, factor=0.5)")
    assert (plan.seed, plan.epochs) == (7, 12)


def test_every_choice_that_is_offered_can_be_taken() -> None:
    offered = choices()
    json.dumps(offered, allow_nan=False)
    for row in offered["samples"]:
        assert Setup(data=row["name"]).data == row["name"]
    for row in offered["activations"]:
        assert Setup(net=f"3 {row['name']}")
    for row in offered["losses"]:
        assert Setup(loss=row["name"]).loss == row["name"]
    for row in offered["initializers"]:
        assert Setup(initializer=row["name"]).initializer == row["name"]
    for row in offered["schedules"]:
        assert Setup(schedule=row["name"]).schedule == row["name"]
    for row in offered["optimizers"]:
        defaults = {each["name"]: each["default"] for each in row["settings"]}
        assert Setup(optimizer={"name": row["name"], **defaults}).optimizer.name == row["name"]


def test_the_choices_are_those_of_the_tables() -> None:
    offered = choices()
    assert [row["name"] for row in offered["samples"]] == list(SAMPLES)
    assert [row["name"] for row in offered["optimizers"]] == list(OPTIMIZERS)
    assert [row["name"] for row in offered["schedules"]] == list(SCHEDULES)
    assert {row["name"] for row in offered["losses"]} == set(LOSSES)
    assert {row["name"] for row in offered["activations"]} < set(ACTIVATIONS)
    sgd = offered["optimizers"][0]["settings"]
    assert [each["name"] for each in sgd] == ["learning_rate", "momentum", "nesterov"]
    assert sgd[0] == {
        "name": "learning_rate", "default": SGD().learning_rate, "low": 0, "high": None,
        "about": "η > 0.",
    }  # fmt: skip
    assert (sgd[1]["low"], sgd[1]["high"]) == (0, 1)
    bounds = {
        each["name"]: (each["low"], each["high"])
        for row in offered["optimizers"]
        for each in row["settings"]
    }
    assert bounds["grow"] == (1, None)


def test_limits_are_kept() -> None:
    most = LIMITS["units"]
    assert Setup(net=f"{most} tanh") and Setup(rows=LIMITS["rows"])
    with pytest.raises(SpecError):
        Setup(start=tuple([0.0] * (LIMITS["parameters"] + 1)))
