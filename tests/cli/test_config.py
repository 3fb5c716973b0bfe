"""run.toml: precedence, unknown keys, and that a model's own file repeats its training."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import fallline as fl
from fallline.cli.config import keys_of, to_toml
from fallline.cli.option import TABLES, Option
from fallline.cli.train import command as train

QUICK = ["--epochs", "3", "--l2", "0.01"]
TOML = """
[data]
file = "houses.csv"

[columns]
target = "price"
drop = ["age"]

[model]
net = "4 tanh"

[training]
epochs = 2
l2 = 0.5
learning-rate = 0.25
seed = 7
"""


def settings(**more):
    return fl.load("houses.fall").facts["settings"] | more


def test_a_file_gives_the_settings(fall, folder):
    Path("run.toml").write_text(TOML)
    assert fall("train", "--config", "run.toml", "--quiet").code == 0
    plan, facts = fl.load("houses.fall").plan, fl.load("houses.fall").facts["settings"]
    assert (plan.epochs, plan.l2, plan.seed, plan.optimizer.learning_rate) == (2, 0.5, 7, 0.25)
    assert (facts["net"], facts["drop"]) == ("4 tanh", ["age"])


def test_a_training_that_the_clock_ended_says_that_it_may_not_repeat(fall, folder):
    model = fl.train("houses.csv", "price", epochs=2, l2=0.01).model
    for stopped in ("the time budget of 2 s is spent", "it was interrupted in epoch 2"):
        replace(model, facts={**model.facts, "stopped": stopped}).save("ended.fall")
        told = fall("info", "ended.fall", "--config").out
        assert f"# That was ended from outside ({stopped}), so this may end elsewhere" in told
    model.save("whole.fall")
    assert "ended from outside" not in fall("info", "whole.fall", "--config").out


def test_an_option_goes_before_the_environment_and_that_before_the_file(fall, folder, monkeypatch):
    Path("run.toml").write_text(TOML)
    monkeypatch.setenv("FALLLINE_EPOCHS", "3")
    monkeypatch.setenv("FALLLINE_L2", "0.25")
    monkeypatch.setenv("FALLLINE_DROP", "age,rooms")
    fall("train", "--config", "run.toml", "--l2", "0.125", "--quiet")
    plan = fl.load("houses.fall").plan
    assert (plan.epochs, plan.l2, plan.seed, plan.patience) == (3, 0.125, 7, None)
    assert fl.load("houses.fall").facts["settings"]["drop"] == ["age", "rooms"]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[training]\nepoch = 3", "[training] has no key 'epoch'; did you mean 'epochs'?"),
        ("[model]\nepochs = 3", "[model] has no key 'epochs'; it belongs in [training]"),
        ("[trainig]\nepochs = 3", "there is no table [trainig]; did you mean 'training'?"),
        ("epochs = 3", "the key 'epochs' belongs in the table [training]"),
        ("training = 3", "write [training] as a table"),
        ("[training]\nepochs = 0", "'run.toml', [training] epochs must be a whole number"),
        ("[training]\nepochs = '3'", "[training] epochs must be a whole number"),
        ("[training]\nepochs = true", "[training] epochs must be a whole number"),
        ("[training]\nepochs = 2.0", "[training] epochs must be a whole number"),
        ("[training]\nl2 = inf", "[training] l2 must be a number"),
        ("[training]\nnesterov = 1", "[training] nesterov must be true or false"),
        ("[training]\nmomentum = 2", "[training] momentum must be a finite number of at least 0"),
        ("[training]\nbatch_size = 'half'", "[training] batch_size must be"),
        ("[training]\noptimizer = 'adm'", "[training] optimizer must be one of"),
        ("[training]\nvalidation = 3", "[training] validation must be a share"),
        ("[model]\nnet = '3 relo'", "[model] net must be hidden layers"),
        ("[columns]\ndrop = ['nothing']", "[columns] drop names 'nothing'"),
        ("[columns]\ndrop = 3", "[columns] drop must be the name of a column, not 3"),
        ("[columns]\ndrop = [['age']]", "[columns] drop must be the name of a column"),
        ("[data]\ndelimiter = 'ab'", "[data] delimiter must be one character"),
        ("[data]\nfile = 3", "[data] file must be the path of a file"),
        ("[data]\nheader = 'yes'", "[data] header must be true or false"),
        ("[training", "is not TOML"),
        ("\ufeff\x00", "is not TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_names_the_file_and_the_key(fall, folder, toml, said):
    Path("run.toml").write_text(toml, encoding="utf-8")
    before = sorted(Path().iterdir())
    ended = fall("train", "houses.csv", "-t", "price", "--config", "run.toml")
    assert ended.code == 2 and said in ended.err and "run.toml" in ended.err
    assert ended.err.count("\n") == 1 and sorted(Path().iterdir()) == before


def test_a_bad_variable_is_named(fall, monkeypatch):
    monkeypatch.setenv("FALLLINE_EPOCHS", "many")
    ended = fall("train", "houses.csv", "-t", "price")
    assert ended.code == 2 and "FALLLINE_EPOCHS, must be a whole number" in ended.err


@pytest.mark.parametrize(
    "given",
    [
        ["houses.csv", "-t", "price", *QUICK],
        ["houses.csv", "-t", "price,age", *QUICK, "--validation", "0.3"],
        ["houses.csv", "-t", "price", "--epochs", "2"],
        ["cars.csv", "-t", "kind", *QUICK, "--validation", "cars.csv", "--dtype", "float64"],
        ["cars.csv", "-t", "kind", *QUICK, "--batch-size", "full", "--net", "none", "--seed", "4"],
        ["cars.csv", "-t", "kind", *QUICK, "--optimizer", "sgd", "--momentum", "0.5", "--nesterov"],
        ["cars.csv", "-t", "kind", *QUICK, "--delimiter", ",", "--header", "--task",
         "classification", "--loss", "sse", "--drop", "colour", "--category", "wheels"],
        ["houses.csv", "-t", "price", *QUICK, "--group", "rooms", "--schedule", "step(every=3)",
         "--loss", "huber(delta=2)", "--dropout", "hidden1=0.25, input=0.1", "--l1", "1e-4",
         "--max-norm", "2", "--clip-norm", "1", "--clip-value", "0.5", "--input-noise", "0.1",
         "--net", "8 leaky_relu(slope=0.2), 6 z*tanh(z)", "--metric", "r2,mae",
         "--initializer", "uniform(limit=0.25)", "--no-shuffle"],
        ["cars.csv", "-t", "kind", *QUICK, "--class-weight", "bike=2, car=0.5", "--restarts", "2",
         "--no-restore-best", "--target-error", "1e-9", "--tolerance", "1e-9"],
        ["houses.csv", "-t", "price", *QUICK, "--time", "age", "--alpha", "0.01", "--folds", "3"],
        ["houses.csv", "-t", "price", "--epochs", "2", "--l2", "0", "--optimizer",
         "lbfgs(tolerance=1e-4, memory=5)", "--initializer", "zeros"],
        ["houses.csv", "-t", "price", *QUICK, "--optimizer", "adam", "--dialect", "keras",
         "--amsgrad", "--loss", "abs(y - yhat)**1.5"],
        ["cars.csv", "-t", "max_speed", *QUICK, "--test", "0", "--optimizer", "rmsprop",
         "--decay", "0.5", "--epsilon", "1e-5", "--learning-rate", "0.01"],
    ],
)  # fmt: skip
def test_the_config_of_a_model_gives_the_same_file(fall, folder, given):
    assert fall("train", *given, "-o", "first.fall", "--quiet").code == 0
    told = fall("info", "first.fall", "--config")
    assert told.code == 0
    Path("again.toml").write_text(told.out)
    ended = fall("train", "--config", "again.toml", "-o", "second.fall", "--quiet")
    assert ended.code == 0, ended.err
    assert Path("first.fall").read_bytes() == Path("second.fall").read_bytes()


def test_print_config_shows_what_is_in_force(fall, folder, monkeypatch):
    Path("run.toml").write_text(TOML)
    monkeypatch.setenv("FALLLINE_SEED", "9")
    ended = fall("train", "--config", "run.toml", "--epochs", "5", "--batch-size", "full",
                 "--print-config")  # fmt: skip
    assert tomllib.loads(ended.out) == {
        "data": {"file": "houses.csv"},
        "columns": {"target": ["price"], "drop": ["age"]},
        "model": {"net": "4 tanh"},
        "training": {
            "epochs": 5, "l2": 0.5, "learning_rate": 0.25, "seed": 9, "batch_size": "full",
        },
    }  # fmt: skip
    assert not list(Path().glob("*.fall"))
    Path("printed.toml").write_text(ended.out)
    assert fall("train", "--config", "printed.toml", "--print-config").out == ended.out


def test_every_option_of_a_table_is_a_key(fall):
    keys = {name for table in keys_of(train).values() for name in table}
    others = {p.name for p in train.params if isinstance(p, Option) and p.section not in TABLES}
    assert keys - {"file"} == {p.name for p in train.params} - others - {"data"}
    together = {"processes", "hosts", "host_index", "relaunch"}
    alone = {"force", "as_json", "quiet", "config", "print_config", "debug", "resume"}
    assert others == together | alone


def test_toml_reads_back():
    tables = {
        "data": {"file": 'a "b"\\\n\t\x7f é🙂.csv', "header": False},
        "columns": {"drop": ["x, y", "z"], "target": ("a",)},
        "training": {"l2": 1e-05, "epochs": 3, "learning_rate": 1e20},
        "model": {},
    }
    read = tomllib.loads(to_toml(tables, ["a comment"]))
    assert read["data"] == tables["data"] and read["training"] == tables["training"]
    assert read["columns"] == {"drop": ["x, y", "z"], "target": ["a"]}
    assert "model" not in read
