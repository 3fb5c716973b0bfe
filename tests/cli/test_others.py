"""``evaluate``, ``inspect``, ``info``, ``demo``, and the group itself."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.cli.group import fallline
from fallline.cli.main import COMMANDS
from fallline.data import samples

QUICK = ["--epochs", "3", "--l2", "0.01"]


def test_evaluate_numbers(fall, houses):
    told = fall("evaluate", houses, "houses.csv", "--json").json
    assert told["metrics"] == fl.load(houses).evaluate(fl.read_table("houses.csv"))
    table = fl.read_table("houses.csv")
    misses = np.abs(fl.load(houses).predict(table) - table["price"].values)
    assert told["worst"][0]["row"] == int(np.argmax(misses)) + 1
    shown = fall("evaluate", houses, "houses.csv").out
    assert "120 rows with a known target" in shown
    assert "most of these rows were trained on" in " ".join(shown.split())


def test_evaluate_classes(fall, cars):
    told = fall("evaluate", cars, "cars.csv", "--json").json
    table = fl.read_table("cars.csv")
    predicted = fl.load(cars).predict(table)
    truth = table["kind"].values
    assert told["labels"] == ["bike", "car"]
    assert told["confusion"] == [
        [int(((truth == a) & (predicted == b)).sum()) for b in ("bike", "car")]
        for a in ("bike", "car")
    ]
    shown = fall("evaluate", cars, "cars.csv").out
    assert "True classes (rows)" in shown and "log_loss" in shown


def test_evaluate_leaves_rows_without_target_out_and_keeps_their_numbers(fall, cars, folder):
    lines = Path("cars.csv").read_text().splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ","
    Path("some.csv").write_text("\n".join(lines) + "\n")
    told = fall("evaluate", cars, "some.csv", "--json").json
    assert told["rows"] == 59 and told["rows_without_target"] == 1
    table = fl.read_table("some.csv")
    for row in told["worst"]:
        assert table["kind"].values[row["row"] - 1] == row["truth"]


def test_evaluate_needs_the_target(fall, cars, folder):
    Path("new.csv").write_text("wheels,max_speed,colour\n4,100,red\n")
    ended = fall("evaluate", cars, "new.csv")
    assert ended.code == 2 and "lacks the target 'kind'" in ended.err


def test_inspect(fall, folder):
    told = fall("inspect", "houses.csv", "-t", "price", "--json").json
    assert told["rows"] == 120 and told["task"]["name"] == "regression"
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["price"]["kind"] == "target"
    assert columns["heating"]["kind"] == "category" and columns["heating"]["type"] == "text"
    table = fl.read_table("houses.csv")
    ages = table["age"].values
    assert columns["age"]["distinct"] == len(set(ages.tolist()))
    assert columns["age"]["values"] == f"{ages.min()} to {ages.max()}"
    shown = fall("inspect", "houses.csv", "-t", "price").out
    assert "Task" in shown and "read as" in shown
    assert list(Path().glob("*.fall")) == []
    assert fall("inspect", "houses.csv").code == 0


def test_inspect_on_a_wide_terminal_says_why(fall, monkeypatch):
    assert "It is text with" not in fall("inspect", "houses.csv").out
    monkeypatch.setenv("COLUMNS", "140")
    assert "It is text with" in fall("inspect", "houses.csv").out


def test_info(fall, houses):
    told = fall("info", houses, "--json").json
    model = fl.load(houses)
    assert told["network"]["parameters"] == model.network.size
    assert [column["name"] for column in told["columns"]] == list(model.encoder.names)
    assert told["facts"]["scores"] == model.facts["scores"]
    shown = fall("info", houses).out
    assert "price (regression)" in shown and "living_area" in shown
    assert "3 epochs by adam at 0.001" in " ".join(shown.split())


def test_info_tells_every_penalty_of_the_plan(fall, houses):
    model = fl.load(houses)
    replace(model, plan=replace(model.plan, l2=0.25, l1=0.5, alpha=0.125)).save("all.fall")
    assert "λ 0.25, λ₁ 0.5, alpha 0.125, seed" in " ".join(fall("info", "all.fall").out.split())
    assert "alpha" not in fall("info", houses).out


def test_info_of_strange_facts_does_not_fail(fall, houses, folder):
    strange = {"scores": [1], "rows": "x", "baselines": {"a": 3}, "settings": 1, "choices": {}}
    replace(fl.load(houses), facts=strange).save("odd.fall")
    assert fall("info", "odd.fall").code == 0
    assert fall("info", "odd.fall", "--config").code == 2


def test_demo_tells_the_whole_story_and_writes_only_the_model(fall, folder):
    before = {path.name for path in Path().iterdir()}
    ended = fall("demo", *QUICK)
    assert ended.code == 0
    assert {path.name for path in Path().iterdir()} - before == {"houses.fall"}
    assert "Saratoga" in ended.out and "3 rows that it has never seen" in ended.out
    result = fl.train(samples.load("houses"), "price", epochs=3, l2=0.01)
    row = int(result.test_rows[0])
    table = samples.load("houses")
    predicted = result.model.predict(table.take(np.array([row])))[0]
    assert f"{predicted:,.0f}" in ended.out and f"{table['price'].values[row]:,}" in ended.out


@pytest.mark.parametrize("name", [name for name in samples.SAMPLES if name != "houses"])
def test_demo_of_every_sample(fall, name):
    told = fall("demo", "--sample", name, *QUICK, "--json", "--data", "table.csv").json
    assert told["target"] == [samples.SAMPLES[name].target]
    assert Path(f"{name}.fall").exists()
    assert fall("predict", f"{name}.fall", "table.csv").code == 0


def test_the_lines_to_try_next_work(fall, folder):
    import shlex

    Path("houses.csv").unlink()
    ended = fall("demo", *QUICK)
    lines = [line.strip() for line in ended.out.splitlines() if line.startswith("  fallline ")]
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line)[1:]
        more = [*QUICK, "--quiet"] if words[0] in ("demo", "train") else []
        assert fall(*words, *more).code == 0, line


# --- the group ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(fall, name, flag):
    ended = fall(name, flag)
    assert ended.code == 0 and ended.out.startswith(f"Usage: fallline {name}")
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_what_their_help_says(name):
    import click

    command = fallline.get_command(click.Context(fallline), name)
    assert command.help.splitlines()[0] == COMMANDS[name]


def test_version(fall):
    ended = fall("--version")
    assert ended.code == 0 and ended.out.startswith(f"fallline {fl.__version__} (native core: ")


def test_an_unknown_command_is_met_with_a_suggestion(fall):
    ended = fall("trian")
    assert ended.code == 2 and "did you mean 'train'?" in ended.err
    ended = fall("houses.csv")
    assert ended.code == 2 and "fallline train houses.csv --target COLUMN" in ended.err
    assert fall().code == 2


def test_debug_shows_the_traceback_and_nothing_else_does(fall):
    assert "Traceback" not in fall("train", "no.csv", "-t", "y").err
    ended = fall("train", "no.csv", "-t", "y", "--debug")
    assert ended.code == 2 and "Traceback" in ended.err


def test_what_nobody_expected_is_called_a_defect(fall, monkeypatch):
    def broken(*arguments, **named):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("fallline.cli.inspect.read_data", broken)
    ended = fall("inspect", "houses.csv")
    assert ended.code == 1 and ended.err.count("\n") == 1
    assert "defect of fallline" in ended.err and "ZeroDivisionError: oh" in ended.err
    assert "Traceback" in fall("inspect", "houses.csv", "--debug").err


def test_a_full_disk_is_one_message(fall, monkeypatch, folder):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fallline.fall.to_bytes", full)
    ended = fall("train", "houses.csv", "-t", "price", *QUICK, "--quiet")
    assert ended.code == 2 and "No space left" in ended.err
    assert sorted(path.name for path in Path().iterdir()) == ["cars.csv", "houses.csv"]


def test_control_characters_of_a_table_do_not_reach_the_terminal(fall, folder):
    text = Path("cars.csv").read_text().replace("colour", "\x1b[31mcol\x07our", 1)
    Path("evil.csv").write_text(text.replace("red", "\x1b]0;red"))
    for arguments in (
        ["inspect", "evil.csv"],
        ["train", "evil.csv", "-t", "kind", *QUICK],
        ["train", "evil.csv", "-t", "nope"],
        ["info", "evil.fall"],
    ):
        ended = fall(*arguments)
        assert "\x1b" not in ended.out + ended.err and "\x07" not in ended.out + ended.err
    told = json.loads(fall("inspect", "evil.csv", "--json").out)
    assert "\x1b[31mcol\x07our" in [column["name"] for column in told["columns"]]
