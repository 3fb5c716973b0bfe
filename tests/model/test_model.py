"""Models: asked with any kind of table, kept bit for bit, refused when parts do not fit."""

import copy
import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fallline as fl
from fallline import fall
from fallline.data import samples
from fallline.errors import DataError, ModelFileError
from fallline.model.document import from_document, to_document

FROZEN = Path(__file__).parent / "frozen"


@pytest.fixture(scope="module")
def houses() -> fl.Model:
    table = samples.load("houses")
    return fl.train(table.take(np.arange(120)), "price", l2=0.01, epochs=3).model


@pytest.fixture(scope="module")
def bikes() -> fl.Model:
    return fl.train(samples.load("cars_and_bikes"), "kind", l2=0.01, epochs=3).model


def edited(model: fl.Model) -> tuple[dict, dict]:
    document, tensors = to_document(model)
    return copy.deepcopy(document), dict(tensors)


def test_save_and_load_give_the_same_model(houses: fl.Model, tmp_path: Path) -> None:
    houses.save(tmp_path / "h.fall")
    loaded = fl.load(tmp_path / "h.fall")
    table = samples.load("houses")
    assert loaded.network == houses.network
    assert loaded.plan == houses.plan
    assert loaded.history == houses.history
    assert loaded.facts == json.loads(json.dumps(houses.facts))
    assert loaded.theta.tobytes() == houses.theta.tobytes()
    assert loaded.predict(table).tobytes() == houses.predict(table).tobytes()


def test_the_same_training_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        model = fl.train(samples.load("moons", n=60), "label", seed=3, l2=0.01, epochs=4).model
        model.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_kind_of_table_gives_the_same_predictions(bikes: fl.Model) -> None:
    table = samples.load("cars_and_bikes", n=40, seed=5)
    columns = {c.name: c.values for c in table if c.name != "kind"}
    expected = bikes.predict(table).tolist()
    array = np.column_stack([columns[name].astype(object) for name in bikes.encoder.names])
    for data in (columns, pd.DataFrame(columns), pl.DataFrame(columns), array):
        assert bikes.predict(data).tolist() == expected
    assert set(expected) <= {"car", "bike"}


def test_probabilities_belong_to_the_labels(bikes: fl.Model) -> None:
    table = samples.load("cars_and_bikes", n=40, seed=5)
    probabilities = bikes.predict_proba(table)
    assert probabilities.shape == (40, 2)
    assert np.allclose(probabilities.sum(axis=1), 1)
    labels = np.array(bikes.target.labels, object)
    assert (labels[probabilities.argmax(axis=1)] == bikes.predict(table)).all()


def test_evaluate_is_in_the_units_of_the_target(houses: fl.Model) -> None:
    table = samples.load("houses")
    price, predicted = table["price"].values, houses.predict(table)
    scores = houses.evaluate(table)
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean((price - predicted) ** 2)))
    assert scores["mae"] == pytest.approx(np.mean(np.abs(price - predicted)))
    total = np.sum((price - price.mean()) ** 2)
    assert scores["r2"] == pytest.approx(1 - np.sum((price - predicted) ** 2) / total)


def test_wrong_questions_say_what_to_do(houses: fl.Model) -> None:
    table = samples.load("houses")
    with pytest.raises(DataError, match="no probabilities; use predict"):
        houses.predict_proba(table)
    with pytest.raises(DataError, match="living_area"):
        houses.predict(table.without(["living_area"]))
    with pytest.raises(DataError, match="15 columns"):
        houses.predict(np.zeros((3, 4)))
    with pytest.raises(DataError, match="price"):
        houses.evaluate(table.without(["price"]))


def test_a_model_of_plain_numbers_predicts_numbers(tmp_path: Path) -> None:
    net = fl.Network.parse("2 -> 3 tanh -> 2")
    run = fl.descend(net, np.eye(2), np.eye(2), epochs=2)
    model = fl.Model.of(run)
    model.save(tmp_path / "m.fall")
    loaded = fl.load(tmp_path / "m.fall")
    assert loaded.task == "numbers"
    assert np.array_equal(loaded.predict(np.eye(2)), fl.predict(net, run.theta, np.eye(2)))
    with pytest.raises(DataError, match="no target column"):
        loaded.evaluate({"a": [1.0], "b": [2.0]})


def test_masks_frozen_entries_and_graphs_survive(tmp_path: Path) -> None:
    net = fl.Network.parse("x: 1 -> z: 2 input -> a: 3 relu from x, z -> 1 from a, x")
    net = net.disconnect("w[x.0->a.1]").freeze("b[a.2]", "output")
    fl.Model.of(fl.descend(net, np.eye(3), np.ones(3), epochs=2)).save(tmp_path / "m.fall")
    loaded = fl.load(tmp_path / "m.fall").network
    assert loaded == net
    assert (loaded.masked == net.masked).all()
    assert (loaded.frozen == net.frozen).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d, t: d.pop("plan"), "parts"),
        (lambda d, t: d.update(more=1), "parts"),
        (lambda d, t: t.pop("history"), "parts"),
        (lambda d, t: t.update(theta=t["theta"][:-1]), "parameters"),
        (lambda d, t: t.update(theta=t["theta"] * np.nan), "finite"),
        (lambda d, t: d["network"]["layers"][0].update(size=7), "has"),
        (lambda d, t: d["network"]["layers"][0].update(size=10**12), "inputs|parameters|fit"),
        (lambda d, t: d["network"]["layers"][0].update(activation="rulu"), "relu"),
        (lambda d, t: d["network"]["layers"][0].update(sources=["output"]), "cycle"),
        (lambda d, t: d["plan"].update(loss="binary_cross_entropy"), "logistic"),
        (lambda d, t: d["plan"].update(optimizer={"name": "adm"}), "adam"),
        (lambda d, t: d["plan"].update(epochs=-1), "epochs"),
        (lambda d, t: d["plan"].update(surprise=1), "surprise"),
        (lambda d, t: d["encoder"]["columns"].pop(), "columns do not fit"),
        (lambda d, t: d.update(encoder=7), "cannot be"),
        (lambda d, t: d["target"].update(names=["a", "b"]), "cannot be|fit"),
        (lambda d, t: d.update(history=["epoch"]), "history"),
        (lambda d, t: d.update(facts=[]), "facts"),
        (lambda d, t: d["test"].update(y=[1e6]), "prediction that was stored"),
        (lambda d, t: d["test"].update(x=[0.0]), "test vector"),
        (lambda d, t: d["test"].update(x="no"), "cannot be|test vector"),
    ],
)
def test_parts_that_do_not_fit_are_refused(houses: fl.Model, change: object, says: str) -> None:
    document, tensors = edited(houses)
    change(document, tensors)  # type: ignore[operator]
    with pytest.raises(ModelFileError, match=says):
        from_document(document, tensors)


def test_huge_claims_are_refused_before_anything_is_allocated(houses: fl.Model) -> None:
    document, tensors = edited(houses)
    for layer in document["network"]["layers"]:
        layer["size"] = 10**9
    with pytest.raises(ModelFileError):
        from_document(document, tensors)


@pytest.mark.parametrize("path", sorted(FROZEN.glob("*.fall")), ids=lambda path: path.stem)
def test_files_of_every_format_still_open(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    model = fl.load(path)
    table = samples.load(expected["sample"], n=expected["n"], seed=expected["seed"])
    assert model.outputs(table).ravel().tolist() == pytest.approx(expected["outputs"], abs=1e-6)


def test_there_is_a_frozen_file_of_each_format() -> None:
    stored = set()
    for path in FROZEN.glob("*.fall"):
        content = path.read_bytes()
        header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
        stored.add(json.loads(header["__metadata__"]["fallline"])["format"])
    assert stored == set(range(1, fall.FORMAT + 1))


def test_killed_while_saving_the_file_is_old_or_new(houses: fl.Model, tmp_path: Path) -> None:
    path = tmp_path / "h.fall"
    houses.save(path)
    whole = path.read_bytes()
    script = (
        "import sys, fallline as fl\n"
        "model = fl.load(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "while True: model.save(sys.argv[1])\n"
    )
    for delay in (0.0, 0.013, 0.037, 0.071):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(delay)
        child.kill()
        child.wait()
        child.stdout.close()
        assert path.read_bytes() == whole


def test_predicting_from_an_array_needs_numpy_only(tmp_path: Path) -> None:
    fl.Model.of(fl.descend(fl.Network.parse("1 -> 1"), [[1.0]], [1.0], epochs=1)).save(
        tmp_path / "m.fall"
    )
    script = (
        "import sys, numpy, fallline as fl\n"
        "fl.load(sys.argv[1]).predict(numpy.zeros((1, 1)))\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}))\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "m.fall")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "numpy" in loaded
    assert not {"sklearn", "scipy", "pandas", "polars", "duckdb", "pyarrow"} & set(loaded)


def test_a_model_is_shown_without_its_numbers(houses: fl.Model) -> None:
    assert "Network(" in repr(houses) and "array(" not in repr(houses)
