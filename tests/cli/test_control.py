"""``fallline train``: folds, restarts, weights, groups, time, checkpoints, as they are told."""

from pathlib import Path

import pytest

import fallline as fl
from fallline.cli.text import number

QUICK = ["--epochs", "3", "--l2", "0.01"]
TRAIN = ["train", "houses.csv", "-t", "price", *QUICK]


def told(ended):
    assert ended.code == 0, ended.err
    return " ".join(ended.out.split())


def test_folds_are_told_and_the_model_has_all_rows(fall, folder):
    text = told(fall(*TRAIN, "--folds", 3))
    judged = fl.cross_validate("houses.csv", "price", 3, epochs=3, l2=0.01)
    assert "Scores over 3 folds: mean ± standard deviation" in text
    for name in judged.mean:
        assert f"{number(judged.mean[name])} ± {number(judged.std[name])}" in text
        for fold in judged.folds:
            assert number(fold.scores[name]) in text
    assert fl.load("houses.fall").facts["rows"] == {"train": 120, "validation": 0, "test": 0}
    assert fall(*TRAIN, "--folds", 3, "--quiet").out == f"{judged}\n"
    json = fall(*TRAIN, "--folds", 3, "--json").json
    assert json["cross_validation"]["mean"] == judged.mean
    assert len(json["cross_validation"]["folds"]) == 3
    assert "Scores over 3 folds" in told(fall("info", "houses.fall"))


def test_restarts_are_a_table(fall, folder):
    text = told(fall(*TRAIN, "--restarts", 3))
    result = fl.train("houses.csv", "price", epochs=3, l2=0.01, restarts=3)
    assert "3 trainings from different start weights" in text
    for restart in result.restarts:
        assert number(restart.validation_error) in text
        assert number(restart.scores["r2"]) in text
    assert text.count(" kept ") == 2  # the one start, and the rows kept to test
    told_json = fall(*TRAIN, "--restarts", 3, "--json").json["restarts"]
    assert [restart["kept"] for restart in told_json].count(True) == 1


def test_class_weights_are_told(fall, folder):
    train = ["train", "cars.csv", "-t", "kind", *QUICK, "--class-weight", "bike=3"]
    text = told(fall(*train))
    assert "a row counts by its class: bike 3, car 1" in text
    assert "weighted_accuracy" in text and "the same with" in text
    assert "class-weight bike=3" in text
    json = fall(
        "train", "cars.csv", "-t", "kind", *QUICK, "--class-weight", '{"bike": 3}', "--json"
    )
    assert json.json["settings"]["class_weight"] == {"bike": 3.0}


def test_groups_and_time_are_told(fall, folder):
    text = told(fall(*TRAIN, "--group", "rooms"))
    assert "It names the groups, so it is no input." in text and "group rooms" in text
    assert "time age" in told(fall(*TRAIN, "--time", "age"))


def test_what_was_set_is_told_in_the_words_of_the_options(fall, folder):
    text = told(
        fall(
            *(*TRAIN, "--schedule", "step( every = 5 )", "--clip-norm", 1, "--no-shuffle"),
            *("--dropout", "hidden1=0.5", "--optimizer", "sgd(momentum=0.5)", "--nesterov"),
        )
    )
    assert "sgd(momentum=0.5, nesterov=True) at 0.01" in text
    for part in ("schedule step(every=5)", "clip-norm 1", "shuffle off", "dropout hidden1=0.5"):
        assert part in text


def test_an_activation_may_be_a_formula(fall, folder):
    text = told(fall(*TRAIN, "--net", "6 max(z, 0.1*z), 4 z*tanh(z), 3", "--loss", "abs(y-yhat)"))
    model = fl.load("houses.fall")
    assert [layer.size for layer in model.network.layers] == [6, 4, 3, 1]
    assert "z*tanh(z)" in text and model.plan.loss == "abs(y - yhat)"


def test_a_training_is_kept_and_gone_on_with(fall, folder):
    every = ["--checkpoint", "run.ckpt", "--checkpoint-every", "2 epochs", "--quiet"]
    assert fall(*TRAIN, *every).code == 0
    longer = ["train", "houses.csv", "-t", "price", "--epochs", "6", "--l2", "0.01", "--quiet"]
    assert fall(*longer, "--resume", "run.ckpt", "-o", "again.fall").code == 0
    assert fall(*longer, "-o", "whole.fall").code == 0
    again, whole = fl.load("again.fall"), fl.load("whole.fall")
    assert again.theta.tobytes() == whole.theta.tobytes() and again.history == whole.history


@pytest.mark.parametrize("name", ["houses.fall", "houses.csv", "mine.txt"])
def test_a_checkpoint_overwrites_nothing_else(fall, folder, name):
    Path("mine.txt").write_text("mine")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert fall(*TRAIN, "--checkpoint", name).code == 2
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_nothing_is_wider_than_a_terminal_of_80(fall, folder):
    for more in (["--folds", 3], ["--restarts", 2], ["--group", "rooms", "--schedule", "cosine"]):
        told_lines = fall(*TRAIN, *more).out.splitlines()
        assert all(len(line) <= 80 for line in told_lines)
    ended = fall("train", "cars.csv", "-t", "kind", *QUICK, "--class-weight", "balanced",
                 "--folds", 3)  # fmt: skip
    assert all(len(line) <= 80 for line in ended.out.splitlines())
