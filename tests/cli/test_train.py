"""``fallline train``: what it tells is the result, and what it writes is whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.cli.telling import verdict
from fallline.cli.text import number
from fallline.data import samples

QUICK = ["--epochs", "3", "--l2", "0.01"]
TRAIN = ["train", "houses.csv", "-t", "price", *QUICK]


def test_it_trains_saves_and_tells(fall, folder):
    ended = fall(*TRAIN)
    assert ended.code == 0
    result = fl.train("houses.csv", "price", epochs=3, l2=0.01)
    model = fl.load("houses.fall")
    assert model.theta.tobytes() == result.model.theta.tobytes()
    assert model.network.size == result.model.network.size
    told = ended.out
    assert "houses.csv: 120 rows, 16 columns" in told
    assert "living_area" in told and "taken as" in told
    assert "96 to train on, 24 kept to test" in told
    for metrics in (result.scores["test"], *result.baselines.values()):
        for value in metrics.values():
            assert number(value) in told
    for row in result.worst:
        assert f"{row.row:,}" in told and number(row.prediction) in told
    assert f"{Path('houses.fall').stat().st_size / 1e3:.1f} kB" in told
    assert "fallline predict houses.fall NEW.csv" in told


def test_it_says_when_the_network_is_no_better_than_the_linear_model(fall):
    untrained = ["train", "cars.csv", "-t", "kind", *QUICK, "--learning-rate", "1e-9"]
    assert "NOT better than the linear model" in " ".join(fall(*untrained).out.split())
    assert "linear model" in fall(*untrained, "--json").json["not_better_than"]


def test_equal_accuracies_are_told_apart_by_the_log_loss():
    table = samples.load("cars_and_bikes")
    result = fl.train(table, "kind", l2=0.01, epochs=2)
    for ours, said in ((0.1, "0.1000) is better than"), (0.3, "0.3000) is NOT better than")):
        scores = {"train": {}, "test": {"accuracy": 0.9, "log_loss": ours}}
        baselines = {"linear model": {"accuracy": 0.9, "log_loss": 0.2}}
        equal = replace(result, scores=scores, baselines=baselines)
        told = f"The network (accuracy 0.9000, log_loss {said} the linear model (0.9000, 0.2000)"
        assert verdict(equal).startswith(told)


def test_json_is_one_object_without_nan(fall):
    ended = fall(*TRAIN, "--json")
    told = json.loads(ended.out, parse_constant=pytest.fail)
    result = fl.train("houses.csv", "price", epochs=3, l2=0.01)
    assert told["scores"] == result.scores
    assert told["baselines"] == result.baselines
    assert told["rows"] == {"train": 96, "validation": 0, "test": 24}
    assert [column["name"] for column in told["columns"]] == [r.name for r in result.roles]
    assert told["model"] == {"path": "houses.fall", "bytes": Path("houses.fall").stat().st_size}
    assert len(told["history"]) == told["epochs"] == 3
    assert told["not_better_than"] == [
        name
        for name in ("linear model", "mean")
        if result.baselines[name]["r2"] >= result.scores["test"]["r2"]
    ]
    assert ended.err == ""


def test_quiet_is_one_line_with_the_score(fall):
    ended = fall(*TRAIN, "--quiet")
    assert ended.out.count("\n") == 1 and ended.out.startswith("r2 ") and ended.err == ""


def test_the_same_seed_gives_the_same_file(fall, folder):
    fall(*TRAIN, "-o", "a.fall", "--seed", 3)
    fall(*TRAIN, "-o", "b.fall", "--seed", 3)
    fall(*TRAIN, "-o", "c.fall", "--seed", 4)
    a, b, c = (Path(f"{name}.fall").read_bytes() for name in "abc")
    assert a == b and a != c


def test_every_setting_reaches_the_training(fall):
    ended = fall(
        *("train", "cars.csv", "--target", "kind", "--net", "5 tanh", "--loss", "sse"),
        *("--optimizer", "sgd", "--momentum", 0.5, "--nesterov", "--learning-rate", 0.02),
        *("--l2", 0.5, "--batch-size", "full", "--epochs", 4, "--validation", 0.25),
        *("--test", 0.25, "--patience", 7, "--seed", 5, "--time-budget", 100),
        *("--dtype", "float64", "--engine", "reference", "--drop", "colour", "--category"),
        *("wheels", "--json"),
    )
    told = ended.json
    assert told["network"]["text"].startswith("4 -> 5 tanh -> 1")
    assert told["rows"] == {"train": 34, "validation": 12, "test": 14}
    kinds = {column["name"]: column["kind"] for column in told["columns"]}
    assert kinds == {"wheels": "category", "max_speed": "numeric", "colour": "dropped"}
    plan = fl.load("cars.fall").plan
    assert plan.optimizer == fl.SGD(0.02, momentum=0.5, nesterov=True)
    assert (plan.loss, plan.l2, plan.batch_size, plan.epochs) == ("sse", 0.5, None, 4)
    assert (plan.patience, plan.seed, plan.time_budget) == (7, 5, 100)
    assert fl.load("cars.fall").theta.dtype == np.float64


@pytest.mark.parametrize("given", [["-t", "price", "-t", "age"], ["-t", "price, age"]])
def test_several_targets_by_repeating_or_by_commas(fall, given):
    told = fall("train", "houses.csv", *given, *QUICK, "--json").json
    assert told["target"] == ["price", "age"] and told["worst"] == []


def test_a_name_with_a_comma_is_one_column(fall, folder):
    text = Path("cars.csv").read_text().replace("max_speed", '"speed, max"', 1)
    Path("odd.csv").write_text(text)
    told = fall("train", "odd.csv", "-t", "kind", "--drop", "speed, max", *QUICK, "--json").json
    assert {c["name"]: c["kind"] for c in told["columns"]}["speed, max"] == "dropped"


def test_rows_of_ones_own_to_validate_on(fall):
    told = fall(*TRAIN, "--validation", "houses.csv", "--json").json
    assert told["rows"] == {"train": 96, "validation": 120, "test": 24}
    assert told["history"][0]["validation_error"] is not None


def test_standard_input(fall, monkeypatch, folder):
    with open("houses.csv") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert fall("train", "-", "-t", "price", *QUICK, "--quiet").code == 0
    assert fl.load("model.fall").facts["source"] == "standard input"


def test_how_a_file_is_read_can_be_said_and_is_remembered(fall, folder):
    text = Path("cars.csv").read_text().replace(".", "#").replace(",", ";").replace("#", ",")
    Path("semi.csv").write_text(text, encoding="utf-16")
    said = ["--delimiter", ";", "--decimal", ",", "--encoding", "utf-16"]
    ended = fall("train", "semi.csv", "-t", "kind", *said, *QUICK, "--quiet")
    assert ended.code == 0
    fall("train", "cars.csv", "-t", "kind", *QUICK, "--quiet")
    assert fl.load("semi.fall").theta.tobytes() == fl.load("cars.fall").theta.tobytes()
    read = {"delimiter": ";", "decimal": ",", "encoding": "utf-16"}
    assert fl.load("semi.fall").facts["read"] == read
    # The model knows how its table was written.
    assert (
        fall("predict", "semi.fall", "semi.csv").out == fall("predict", "cars.fall", "cars.csv").out
    )


def test_no_header(fall, folder):
    lines = Path("cars.csv").read_text().splitlines(keepends=True)[1:]
    Path("bare.csv").write_text("".join(lines))
    told = fall("train", "bare.csv", "-t", "column3", "--no-header", *QUICK, "--json").json
    assert told["table"] == {"rows": 60, "columns": 4}


def test_the_history_goes_to_a_file(fall, folder):
    fall(*TRAIN, "--history", "epochs.jsonl", "--quiet")
    history = fl.History.from_jsonl(Path("epochs.jsonl").read_text())
    assert [epoch.epoch for epoch in history] == [1, 2, 3]


def test_without_test_rows_it_says_so(fall):
    ended = fall(*TRAIN, "--test", 0)
    assert "Scores on 120 training rows (no row was kept to test)" in ended.out


def test_notes_and_what_is_left_out_are_told(fall, folder):
    table = samples.load("houses").take(np.arange(60))
    lines = ["id,twice,price,area"]
    for i, (price, area) in enumerate(
        zip(table["price"].values, table["living_area"].values, strict=True)
    ):
        lines.append(f"k{i}x,{2 * price},{price if i else ''},{area}")
    Path("odd.csv").write_text("\n".join(lines) + "\n")
    told = " ".join(fall("train", "odd.csv", "-t", "price", *QUICK).out.split())
    assert "Not used: 'id'" in told
    assert "1 row without a known 'price' left out" in told
    assert "'twice' correlates with 'price' at 1.0000" in told


# --- where it writes ------------------------------------------------------------------------------


@pytest.fixture
def no_training(monkeypatch):
    """Fail the test if anything is read or trained."""

    def fail(*arguments, **named):
        raise AssertionError("it went on")

    monkeypatch.setattr("fallline.training.job.read_table", fail)
    monkeypatch.setattr("fallline.data.sources.open_source", fail)


@pytest.mark.parametrize(
    "option", [["-o", "no/such/folder/m.fall"], ["-o", "."], ["--history", "no/such/h.jsonl"]]
)
def test_where_it_cannot_write_is_refused_before_anything_is_read(fall, no_training, option):
    ended = fall(*TRAIN, *option)
    assert ended.code == 2 and "cannot write" in ended.err


def test_a_file_that_is_no_model_is_not_overwritten_unless_forced(fall, folder):
    Path("precious.txt").write_text("mine")
    ended = fall(*TRAIN, "-o", "precious.txt")
    assert ended.code == 2 and "--force" in ended.err
    assert Path("precious.txt").read_text() == "mine"
    assert fall(*TRAIN, "--history", "precious.txt").code == 2
    assert fall(*TRAIN, "-o", "precious.txt", "--force").code == 0
    assert fl.load("precious.txt")


def test_a_model_is_overwritten_and_that_is_said(fall):
    assert "in place of" not in fall(*TRAIN).out
    assert "in place of the one before" in fall(*TRAIN).out


@pytest.mark.parametrize("option", ["-o", "--history"])
def test_the_data_is_never_overwritten(fall, folder, option):
    before = Path("houses.csv").read_bytes()
    ended = fall(*TRAIN, option, "./houses.csv", "--force")
    assert ended.code == 2 and "cannot be written too" in ended.err
    assert Path("houses.csv").read_bytes() == before


def test_model_and_history_are_two_files(fall):
    assert fall(*TRAIN, "-o", "a.fall", "--history", "a.fall").code == 2
