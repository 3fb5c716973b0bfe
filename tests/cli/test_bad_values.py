"""Every option of every command: a bad value is one message, exit code 2, and nothing written."""

import itertools
from pathlib import Path

import click
import pytest
from tests.networks import case

from fallline.cli.group import fallline
from fallline.cli.items import method_settings
from fallline.cli.main import COMMANDS

QUICK = ["--epochs", "3", "--l2", "0.01", "--quiet"]
BASE = {
    "train": ["train", "houses.csv", "-t", "price", *QUICK],
    "predict": ["predict", "houses.fall", "houses.csv"],
    "evaluate": ["evaluate", "houses.fall", "houses.csv"],
    "inspect": ["inspect", "houses.csv"],
    "info": ["info", "houses.fall"],
    "demo": ["demo", *QUICK],
    "init": ["init", "houses.csv", "-t", "price"],
    "formulas": ["formulas", "losses"],
    "plot": ["plot", "houses.fall", "houses.csv", "--kind", "decision"],
    "report": ["report", "houses.fall", "houses.csv"],
    "explain": ["explain", "houses.fall", "houses.csv", "--row", "1"],
    "trace": ["trace", "houses.fall", "houses.csv", "--row", "1"],
    "certify": ["certify", "houses.fall", "houses.csv"],
    "worksheet": ["worksheet"],
    "studio": ["studio", "houses.fall", "houses.csv", "--no-browser"],
    "race": ["race", "houses.csv", "-t", "price", "--net", "none", "--epochs", "3"],
}
COUNT = ["0", "-1", "2.5", "many", "nan", ""]
NUMBER = ["0", "-1", "nan", "inf", "many", ""]
SHARE = ["-0.1", "0.95", "1e9", "nan", "half"]
COLUMN = ["no_such_column", "", "age,nothing"]
POSITIVE = ["0", "-1", "nan", "inf", "x", ""]
NOT_NEGATIVE = ["-1", "nan", "inf", "x", ""]
SAVED = ["no/such/folder/x.fall", ".", "houses.csv", ""]

# By the name of the parameter; one row serves every command that has the option.
BAD = {
    "allow_bad_rows": [],
    "along": ["w[input.0->output.0]", "nothing", ""],
    "alpha": NOT_NEGATIVE,
    "amsgrad": [],
    "as_config": [],
    "at": ["http://127.0.0.1:8000/", "#x=1", "#s=", "#s=a b", "#s=<b>", ""],
    "as_json": [],
    "as_latex": [],
    "browser": [],
    "browsers": COUNT,
    "batch_sizes": ["0", "full,", "1,half", ""],
    "batch_size": ["0", "-1", "2.5", "half", "nan"],
    "beta1": ["-0.1", "1", "nan", "x"],
    "beta2": ["-0.1", "1", "nan", "x"],
    "category": COLUMN,
    "centered": [],
    "checkpoint": ["no/such/folder/x.ckpt", ".", "houses.csv", ""],
    "checkpoint_every": ["0 epochs", "often", "-1 minutes", ""],
    "class_weight": ["half", "yes=0", "yes=", "=3", "yes=nan", "{", '{"yes": [1]}', "yes=1", ""],
    "clip_norm": POSITIVE,
    "clip_value": POSITIVE,
    "config": ["nothing.toml", ".", "houses.csv"],
    "data": ["nothing.csv", ".", "houses.fall", ""],
    "date": COLUMN,
    "debug": [],
    "decay": ["-0.1", "1", "nan", "x"],
    "decimal": [";", "", "point"],
    "delimiter": ["ab", "", '"', "\n"],
    "devices": [*COUNT, "any"],
    "dialect": ["klingon", "torch", ""],
    "dpi": ["0", "19", "2.5", "x", ""],
    "drop": COLUMN,
    "dropout": ["1", "-0.1", "nan", "x", "hidden9=0.5", "hidden1=2", "hidden1=", ""],
    "dtype": ["float16", "int", ""],
    "encoding": ["klingon", "", "hex", "utf-16"],
    "engine": ["warp", "", "xla(devices=0)", "native(devices=2)"],
    "epochs": COUNT,
    "epsilon": ["0", "-1", "nan", "x"],
    "fall": ["0", "1", "nan", "x"],
    "fill_missing_columns": [],
    "features": COLUMN,
    "flat": ["0", "1", "nan", "x"],
    "folds": [*COUNT, "1"],
    "folder": ["no/such/folder", "houses.csv", ""],
    "force": [],
    "form": ["pdf", "HTML", ""],
    "group": [*COLUMN, "age,rooms", "price"],
    "grow": ["1", "-1", "nan", "x"],
    "header": [],
    "history": ["no/such/folder/x.jsonl", ".", "houses.csv", ""],
    "ids": COLUMN,
    "initializer": ["huge", "uniform(limit=-1)", "uniform(", ""],
    "input_noise": NOT_NEGATIVE,
    "keep": [],
    "kind": ["sigmoid", ""],
    "l1": NOT_NEGATIVE,
    "l2": NOT_NEGATIVE,
    "learning_rate": NUMBER,
    "learning_rates": ["0", "0.1,", "0.1,-1", "fast", ""],
    "least": ["0", "-1", "nan", "x"],
    "lesson": ["nothing", ""],
    "loss": [
        "sqared_error",
        "cross_entropy",
        "huber(delta=0)",
        "huber(d=1)",
        "yhat.real",
        "",
    ],
    "max_norm": POSITIVE,
    "memory": ["0", "1.5", "x"],
    "metrics": ["r3", "accuracy", "r2,", ""],
    "min_improvement": NOT_NEGATIVE,
    "model": ["nothing.fall", ".", "houses.csv", ""],
    "momenta": ["-0.1", "0.9,2", "nan", ""],
    "momentum": ["-0.1", "1.1", "nan", "x"],
    "most": ["0", "-1", "nan", "x"],
    "nesterov": [],
    "net": ["32 relo", "0", "-3 tanh", "8,,8", "a b c", "8 z.real", "8 relu(z=1)", ""],
    "numeric": COLUMN,
    "of": ["nothing", "age", ""],
    "optimizer": ["adm", "Adam", "sgd(momentum=1.5)", "sgd(beta=1)", "sgd(", ""],
    "output": SAVED,
    "patience": COUNT,
    "play": [],
    "port": ["-1", "65536", "1.5", "x", ""],
    "print_config": [],
    "probabilities": [],
    "psi": ["-1", "nan", "x"],
    "quiet": [],
    "restarts": COUNT,
    "processes": ["0", "-1", "two", "1.5", ""],
    "hosts": ["a,,b", "", "alpha:0", "alpha:port", "a,b:1"],
    "host": ["a b", "192.0.2.1", "http://x", ""],
    "host_index": ["-1", "first", "0", ""],  # 0 without hosts
    "relaunch": ["-1", "often", "1", ""],  # 1 without processes
    "resume": ["nothing.ckpt", ".", "houses.csv", "houses.fall", ""],
    "restore_best": [],
    "row": [*COUNT, "121"],
    "rows": COUNT,
    "sample": ["huoses", ""],
    "schedule": ["cosin", "step(every=0)", "step(10)", ""],
    "search": ["0", "1.5", "x"],
    "seed": ["-1", "1.5", "x", ""],
    "shrink": ["0", "1", "nan", "x"],
    "shuffle": [],
    "start": ["-1", "nan", "x"],
    "style": ["dim", ""],
    "table": ["loss", ""],
    "table_file": ["houses.csv", "no/such/folder/x.csv", ".", "x.txt", ""],
    "target": COLUMN,
    "target_error": ["nan", "inf", "x", ""],
    "task": ["regresion", ""],
    "test": SHARE,
    "text": COLUMN,
    "time": [*COLUMN, "age,rooms", "price", "fuel", "waterfront"],
    "time_budget": NUMBER,
    "tolerance": NOT_NEGATIVE,
    "tolerance_epochs": COUNT,
    "validation": ["-0.1", "0.95", "nan", "nothing.csv", ""],
    "weight_decay": ["-1", "nan", "x"],
}
FLAGS = {name for name, values in BAD.items() if not values}
# What these need beside them to be looked at.
WITH = {name: ["--optimizer", methods[0]] for name, methods in method_settings().items()}
WITH["class_weight"] = ["-t", "waterfront"]
# An empty net is a network without hidden layers; the rest are refused.
ALLOWED = {("net", "")}


FIRST = ("train", "inspect", "init", "formulas")  # whose first argument is not a model


def parameters():
    context = click.Context(fallline)
    for command in COMMANDS:
        for param in fallline.get_command(context, command).params:
            yield command, param


def arguments(command, param, value):
    """Return the words of a command with a bad value for one of its parameters."""
    words = list(BASE[command])
    if isinstance(param, click.Argument):
        place = 1 if param.name == "model" or command in FIRST else 2
        words[place] = value
        return words
    if param.name == "encoding" and value == "utf-16":
        words = [word.replace("houses.csv", "cars.csv") for word in words]
    flag = next((text for text in param.opts if text.startswith("--")), param.opts[0])
    return [*words, *WITH.get(param.name, []), flag, value]


CASES = [
    (command, param, values)
    for command, param in parameters()
    if (values := [v for v in BAD.get(param.name, ()) if (param.name, v) not in ALLOWED])
]


def test_every_parameter_has_its_row():
    names = {param.name for _, param in parameters()}
    assert names == BAD.keys(), "give the new option bad values, or none if it is a flag"
    for _, param in parameters():
        assert (param.name in FLAGS) == bool(getattr(param, "is_flag", False)), param.name


@pytest.mark.parametrize(
    ("command", "param", "values"), CASES, ids=[f"{c}-{p.name}" for c, p, _ in CASES]
)
def test_a_bad_value_is_one_message_and_nothing_is_written(
    fall, fake_model, command, param, values
):
    before = {path: path.read_bytes() for path in Path().iterdir()}
    for value in values:
        with case(value):
            ended = fall(*arguments(command, param, value))
            assert ended.code == 2, ended
            assert ended.out == ""
            assert ended.err.startswith("error: ") and ended.err.count("\n") == 1
            assert "Traceback" not in ended.err and len(ended.err) < 700
            assert {path: path.read_bytes() for path in Path().iterdir()} == before


@pytest.fixture(scope="session")
def model_bytes(tmp_path_factory):
    import numpy as np

    import fallline as fl
    from fallline.data import samples

    path = tmp_path_factory.mktemp("model") / "houses.fall"
    table = samples.load("houses").take(np.arange(60))
    fl.train(table, "price", l2=0.01, epochs=2).model.save(path)
    return path.read_bytes()


@pytest.fixture
def fake_model(folder, model_bytes):
    Path("houses.fall").write_bytes(model_bytes)


# --- what is wrong only together -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--momentum", "0.5"], "--momentum is for sgd, rmsprop, not for adam"),
        (
            ["--optimizer", "sgd", "--beta1", "0.5"],
            "--beta1 is for adam, adamw, nadam, lion, not for sgd",
        ),
        (["--optimizer", "sgd", "--nesterov"], "--nesterov needs momentum"),
        (["--numeric", "age", "--category", "age"], "set to both numeric and category"),
        (["--drop", "price"], "the target"),
        (["--task", "classification", "--loss", "cross_entropy", "-t", "age"], "classification"),
        (["extra.csv"], "unexpected extra argument"),
        (["--epoch", "3"], "no such option '--epoch'"),
        (["--numeric"], "requires an argument"),
        (["--group", "age", "--time", "rooms"], "by group or by time, not by both"),
        (["--folds", "3", "--test", "0.2"], "leave out folds or test"),
        (["--restarts", "3", "--validation", "0"], "leave validation out"),
        (["--class-weight", "balanced"], "is for classes"),
        (["--metric", "accuracy"], "the metric accuracy is for classification"),
        (["--optimizer", "lbfgs", "--learning-rate", "1"], "learning_rate"),
        (["--optimizer", "sgd", "--dialect", "paper"], "no dialect 'paper'"),
        (["--loss", "poisson", "--task", "classification"], "is for amounts"),
        (["--dropout", "output=0.5"], "must leave the output layer"),
    ],
)
def test_what_does_not_go_together(fall, more, said):
    ended = fall(*BASE["train"], *more)
    assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1
    assert not list(Path().glob("*.fall"))


def test_no_target_lists_the_columns(fall):
    ended = fall("train", "houses.csv")
    assert ended.code == 2 and "--target" in ended.err and "living_area" in ended.err
    assert fall("train").code == 2


@pytest.mark.parametrize(
    "content",
    [
        "", "a,b\n", "a,b\n1,2\n", "a\n" * 30, "a,b\n" + "1,2\n" * 30, "a,b\n" + "x,\n" * 30,
        "\0\1\2" * 100, "a,b\n" + '"1,2\n' * 30, "a,b\n" + "1e300,1e308\n-1e300,-1e308\n" * 20,
        "id,y\n" + "".join(f"k{i},{i}\n" for i in range(50)),
        "a,y\n" + "".join(f"{i % 3},nan\n" for i in range(50)),
    ],
)  # fmt: skip
def test_a_table_that_cannot_serve_is_one_message(fall, content):
    Path("bad.csv").write_text(content)
    before = sorted(Path().iterdir())
    for target in ("b", "y", "a"):
        ended = fall("train", "bad.csv", "-t", target, *QUICK)
        assert ended.code in (0, 2), ended.err
        if ended.code == 2:
            assert ended.err.count("\n") == 1 and sorted(Path().iterdir()) == before
        else:
            Path("bad.fall").unlink()
    assert fall("inspect", "bad.csv").code in (0, 2)


def test_a_name_in_capitals_is_known_again(fall, folder):
    ended = fall(*BASE["train"], "--optimizer", "SGD")
    assert ended.code == 2 and "not 'SGD'; did you mean 'sgd'?" in ended.err


# --- what a message says -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [("--metric", "r3"), ("--initializer", "foo"), ("--optimizer", "qwx"), ("--loss", "xyz")],
)
def test_a_message_without_a_hint_ends_with_what_came(fall, folder, bad):
    ended = fall(*BASE["train"], *bad)
    assert ended.code == 2 and ended.err.rstrip("\n").endswith(f"not '{bad[1]}'")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (("--dropout", "hidden1=0.1,hidden1=0.2"), "hidden1 is given twice"),
        (("--class-weight", '{"yes": 1, "yes": 2}'), "yes is given twice"),
        (("--net", "none", "--dropout", "0.5"), "this network has none"),
    ],
)
def test_what_would_be_lost_unseen_is_refused(fall, folder, bad, message):
    ended = fall(*BASE["train"], *bad)
    assert ended.code == 2 and message in ended.err


# --- anything at all -----------------------------------------------------------------------------

WEIRD = [
    "\x1b[31m",
    "🙂" * 30,
    "x" * 5000,
    "-",
    "--",
    "0x10",
    "1_0",
    "²",
    "1e999",
    " ",
    "'\"",
    "\n",
]


@pytest.mark.parametrize("third", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in (1, 2))])
def test_no_value_whatever_is_a_defect(fall, fake_model, monkeypatch, third):
    """Every option meets a third of the values; together those of a command meet all."""
    monkeypatch.setattr("fallline.cli.train.fit", lambda *given, **named: None)
    monkeypatch.setattr(
        "fallline.cli.demo.fit", lambda *given, **named: click.get_current_context().exit()
    )
    monkeypatch.setattr("fallline.studio.server.Server.running", False)  # it ends once it is open
    options = ((c, p) for c, p in parameters() if p.name not in FLAGS | {"data", "model"})
    given = itertools.product(enumerate(options), enumerate(WEIRD))
    for (i, (command, param)), (j, value) in given:
        if (i + j) % 3 != third or (param.name == "output" and command == "predict"):
            continue
        ended = fall(*arguments(command, param, value))
        assert ended.code in (0, 2), (command, param.name, value, ended.err)
        assert "\x1b" not in ended.err
