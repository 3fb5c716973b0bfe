"""``fallline init``: a run.toml that train takes as it is, and in which every key can be set."""

import re
import tomllib
from pathlib import Path

import pytest

import fallline as fl
from fallline.cli.config import keys_of
from fallline.cli.train import command as train

QUICK = ["--epochs", "3", "--l2", "0.01"]
KEY = re.compile(r"^#([a-z0-9_]+) = (.*)$", re.MULTILINE)


def test_it_changes_nothing_as_it_stands(fall, folder):
    told = fall("init", "houses.csv", "-t", "price")
    assert told.code == 0 and "fallline train --config run.toml" in told.out
    assert tomllib.loads(Path("run.toml").read_text("utf-8")) == {
        "data": {"file": "houses.csv"},
        "columns": {"target": ["price"]},
        "model": {},
        "training": {},
    }
    assert fall("train", "--config", "run.toml", *QUICK, "-o", "a.fall", "--quiet").code == 0
    assert fall("train", "houses.csv", "-t", "price", *QUICK, "-o", "b.fall", "--quiet").code == 0
    assert Path("a.fall").read_bytes() == Path("b.fall").read_bytes()


def test_every_key_is_there_once_with_its_meaning(fall, folder):
    fall("init", "houses.csv", "-t", "price")
    text = Path("run.toml").read_text("utf-8")
    tables = re.split(r"^\[(\w+)\]$", text, flags=re.MULTILINE)
    for name, part in zip(tables[1::2], tables[2::2], strict=True):
        found = re.findall(r"^#?([a-z0-9_]+) = ", part, flags=re.MULTILINE)
        assert found == list(keys_of(train)[name])
        meaning = re.findall(r"^(#.*)\n#?[a-z0-9_]+ = ", part, flags=re.MULTILINE)
        assert len(meaning) == len(found) and all(re.search(r"\w", line) for line in meaning)
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize(
    ("data", "target"), [("houses.csv", "price"), ("cars.csv", "kind"), ("cars.csv", "max_speed")]
)
def test_what_is_shown_of_every_key_can_be_set(fall, folder, data, target):
    fall("init", data, "-t", target, "-o", "run.toml")
    text = Path("run.toml").read_text("utf-8")
    whole = KEY.sub(r"\1 = \2", text)
    tables = tomllib.loads(whole)
    assert sum(map(len, tables.values())) == sum(map(len, keys_of(train).values()))
    Path("whole.toml").write_text(whole, encoding="utf-8")
    printed = fall("train", "--config", "whole.toml", "--print-config")
    assert printed.code == 0, printed.err
    read = tomllib.loads(printed.out)
    for name, keys in tables.items():
        for key, value in keys.items():
            assert key not in read[name] or read[name][key] == pytest.approx(value), key


def test_what_was_found_is_told_and_what_was_said_is_set(fall, folder):
    told = fall(
        *("init", "houses.csv", "-t", "price", "--drop", "age", "--group", "rooms"),
        *("--delimiter", ",", "-o", "-"),
    )
    assert "# Found: 120 rows, 16 columns." in told.out
    assert re.search(r"#   fuel +category +It is text with 3 values", told.out)
    assert "It names the groups" in told.out and "Found: a regression." in told.out
    assert '#task = "regression"' in told.out and '#net = "16 relu"' in told.out
    assert not Path("run.toml").exists()
    tables = tomllib.loads(told.out)
    assert tables["columns"] == {"target": ["price"], "drop": ["age"], "group": "rooms"}
    assert tables["data"] == {"file": "houses.csv", "delimiter": ","}


def test_names_from_the_data_cannot_leave_their_comment(fall, folder):
    head = '"a\nepochs = 1","b\x1b[31m",y\n'
    rows = "".join(f"{i},{i * i % 7},{i / 3}\n" for i in range(30))
    Path("odd.csv").write_text(head + rows)
    ended = fall("init", "odd.csv", "-t", "y")
    assert ended.code == 0, ended.err
    assert tomllib.loads(Path("run.toml").read_text("utf-8"))["training"] == {}
    assert "\x1b" not in Path("run.toml").read_text("utf-8")


def test_a_file_is_overwritten_only_by_force(fall, folder):
    Path("run.toml").write_text("mine")
    ended = fall("init", "houses.csv", "-t", "price")
    assert ended.code == 2 and "--force" in ended.err
    assert Path("run.toml").read_text() == "mine"
    assert fall("init", "houses.csv", "-t", "price", "--force").code == 0
    assert fall("init", "-", "-t", "price", "-o", "x.toml").code == 2


def test_setting_a_shown_key_sets_it(fall, folder):
    fall("init", "houses.csv", "-t", "price")
    text = Path("run.toml").read_text("utf-8")
    for key, value in (("schedule", '"cosine"'), ("dropout", '{ "hidden1" = 0.25 }'),
                       ("epochs", "2"), ("l2", "0.5"), ("metrics", '["r2", "mae"]')):  # fmt: skip
        text = re.sub(rf"^#{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
    Path("run.toml").write_text(text, encoding="utf-8")
    assert fall("train", "--config", "run.toml", "--quiet").code == 0
    plan = fl.load("houses.fall").plan
    assert (plan.schedule, plan.dropout, plan.epochs) == ("cosine", {"hidden1": 0.25}, 2)
    assert (plan.l2, plan.metrics) == (0.5, ("r2", "mae"))
