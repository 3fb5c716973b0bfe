"""`rows_for`: the numbers that training makes of a table, given out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.data import samples
from fallline.errors import DataError, SpecError
from fallline.training import Settings, rows_for
from fallline.training.prepare import prepare

HOUSES = samples.load("houses", n=300)


def test_they_are_the_rows_of_the_main_job() -> None:
    settings = Settings.of(validation=0.25, test=0.2, seed=3, dtype="float64")
    prepared = prepare(HOUSES, "price", settings, None)
    encoder = prepared.encoder(prepared.train)
    rows = rows_for(HOUSES, "price", validation=0.25, test=0.2, seed=3)
    assert rows.encoder == encoder and rows.target == prepared.target
    for part, theirs in (
        (rows.train, prepared.rows(encoder, prepared.train, "float64")),
        (rows.validation, prepared.validation_rows(encoder, "float64")),
        (rows.test, prepared.rows(encoder, prepared.test, "float64")),
    ):
        assert part is not None and theirs is not None
        for mine, other in zip(part, theirs, strict=True):
            assert np.array_equal(mine, other)


def test_parts_that_are_not_asked_for_are_none() -> None:
    rows = rows_for(HOUSES, "price", test=0.0)
    assert rows.validation is None and rows.test is None and rows.train.n == 300
    assert rows.table("validation").n == 0


def test_the_tables_rows_are_those_of_the_numbers() -> None:
    rows = rows_for(HOUSES, "price", features=["age"], validation=0.2)
    for part, numbers in (("train", rows.train), ("validation", rows.validation)):
        assert numbers is not None
        ages = rows.table(part)["age"].values
        mean, std = (
            rows.table("train")["age"].values.mean(),
            rows.table("train")["age"].values.std(),
        )
        np.testing.assert_allclose(numbers.X[:, 0], (ages - mean) / std, rtol=1e-12, atol=1e-12)


def test_numbers_may_be_left_as_they_are() -> None:
    rows = rows_for(HOUSES, "price", features=["age", "central_air"], standardize=False)
    table = rows.table("train")
    assert np.array_equal(rows.train.X[:, 0], table["age"].values)
    assert np.array_equal(rows.train.X[:, 1], table["central_air"].values == "Yes")


def test_the_network_fits_its_rows() -> None:
    rows = rows_for(samples.load("sine"), "y")
    assert str(rows.network("3 tanh", bias=False)) == (
        "input: 1 -> hidden1: 3 tanh -> output: 1 identity nobias"
    )
    levels = rows_for(samples.load("sine"), "y", loss="quantile(levels=[0.1, 0.9])")
    assert levels.network().n_outputs == 2
    several = rows_for(HOUSES, ["price", "age"])
    assert several.network().n_outputs == 2 and several.train.Y.shape == (240, 2)
    kinds = rows_for(HOUSES, "fuel")
    assert (kinds.loss, kinds.output, kinds.network().n_outputs) == ("cross_entropy", "softmax", 3)
    signs = rows_for(samples.load("xor"), "label", loss="hinge")
    assert set(np.unique(signs.train.Y)) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"target": None}, "say which column"),
        ({"target": "prise"}, "did you mean 'price'"),
        ({"features": ["aeg"]}, "did you mean 'age'"),
        ({"features": ["price"]}, "cannot be a feature"),
        ({"features": []}, "no column is left"),
        ({"crossed": True, "features": ["fuel"]}, "no column is numeric"),
        ({"loss": "binary_cross_entropy"}, "for classes"),
        ({"validation": 1.5}, "must be a share"),
        ({"catgory": ["age"]}, "did you mean 'category'"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises((DataError, SpecError), match=says):
        rows_for(HOUSES, **{"target": "price"} | given)  # type: ignore[arg-type]


def test_a_model_has_its_own_encoders(tmp_path: Path) -> None:
    model = fl.train(HOUSES, "price", l2=0.01, epochs=2, net="3", seed=5).model
    model.save(tmp_path / "m.fall")
    model = fl.load(tmp_path / "m.fall")
    other = samples.load("houses").take(np.arange(300, 500))
    rows = rows_for(other, model=model, validation=0.3, test=0.0)
    assert rows.encoder is model.encoder and rows.target is model.target
    assert np.array_equal(rows.train.X, model.inputs(rows.table("train")))
    assert rows.network("3") == model.network
    with pytest.raises(SpecError, match="its own inputs"):
        rows_for(other, model=model, crossed=True)
    with pytest.raises(DataError, match="lacks 1 of the 15"):
        rows_for(other.without(["age"]), model=model)


def plain_model(net: str, columns: int, **settings: object) -> fl.Model:
    rng = np.random.default_rng(0)
    network = fl.Network.parse(net)
    X = rng.normal(size=(20, columns))
    Y = (rng.random((20, network.n_outputs)) > 0.5).astype(float)
    return fl.Model.of(fl.descend(network, X, Y, epochs=1, **settings))


def test_a_model_of_plain_numbers_takes_the_columns_in_their_order() -> None:
    rng = np.random.default_rng(1)
    table = fl.Table.of({name: rng.normal(size=30) for name in ("p", "q", "r")})
    model = plain_model("2 -> 3 tanh -> 1", 2)
    rows = rows_for(table, model=model, test=0.0)
    assert rows.encoder.names == ("p", "q") and rows.target.names == ("r",)
    assert np.array_equal(rows.train.X, np.column_stack([table["p"].values, table["q"].values]))
    assert np.array_equal(rows.train.Y[:, 0], table["r"].values)
    first = rows_for(table, "p", model=model, test=0.0)
    assert first.encoder.names == ("q", "r")
    two = rows_for(table, model=plain_model("1 -> 2", 1), test=0.0)
    assert two.target.names == ("q", "r") and two.encoder.names == ("p",)


def test_a_model_of_plain_numbers_that_classifies_takes_classes() -> None:
    rng = np.random.default_rng(1)
    table = fl.Table.of({"p": rng.normal(size=30), "y": ["no", "yes", "yes"] * 10})
    model = plain_model("1 -> 1 logistic", 1, loss="binary_cross_entropy")
    rows = rows_for(table, model=model, test=0.0)
    assert rows.target.labels == ("no", "yes") and rows.train.Y.ravel()[:3].tolist() == [0, 1, 1]
    three = fl.Table.of({"p": rng.normal(size=30), "y": ["a", "b", "c"] * 10})
    with pytest.raises(DataError, match="has 3 classes"):
        rows_for(three, model=model)


def test_a_model_of_plain_numbers_refuses_other_tables() -> None:
    model = plain_model("2 -> 1", 2)
    numbers = np.arange(30.0)
    with pytest.raises(DataError, match=r"2 inputs and 1 target, but .* has 1 columns"):
        rows_for(fl.Table.of({"p": numbers, "y": numbers}), model=model)
    with pytest.raises(DataError, match=r"'p' of .* holds text"):
        rows_for(fl.Table.of({"p": ["a", "b"] * 15, "q": numbers, "y": numbers}), model=model)
