"""``explain``, ``trace``, ``certify`` and ``worksheet``."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.explain.worksheet import worksheet
from fallline.explain.worksheet_kinds import KINDS


def row_as_encoded(path, table, row):
    """Return a model, and X and Y of a row counted from 1."""
    model, one = fl.load(path), fl.read_table(table).take(np.array([row - 1]))
    return model, model.encoder.encode(one), model.target.encode(model.target_columns(one))


def flat(text):
    return " ".join(text.split())


# --- explain ------------------------------------------------------------------------------------


def test_explain_says_what_each_input_is_and_derives_the_rule(fall, cars):
    ended = fall("explain", cars)
    assert ended.code == 0 and ended.err == ""
    model, told = fl.load(cars), flat(ended.out)
    for place, feature in enumerate(model.encoder.feature_names):
        assert f"x[input.{place}] {feature}" in told
    wheels = model.encoder.columns[0]
    assert f"(value − {wheels.mean:.4g}) / {wheels.std:.4g}" in told
    assert "y is 1 where 'kind' is 'car', and 0 where it is 'bike'" in told
    assert "δ[output.0] = −∂J/∂h[output.0]" in told or "δ[output.0] = −∂E/∂h[output.0]" in told
    assert "The step of Adam" in told and "In the row" not in told


def test_explain_a_row_shows_its_numbers(fall, cars):
    model, X, Y = row_as_encoded(cars, "cars.csv", 4)
    told = flat(fall("explain", cars, "cars.csv", "--row", 4).out)
    for place, value in enumerate(X[0]):
        assert f"{value:.4g}".replace("-", "−") in told, place
    output = fl.predict(model.network, model.theta.astype(float), X)[0, 0]
    error, _ = fl.error_and_gradient(
        model.network, model.theta.astype(float), X, Y, loss=model.plan.loss
    )
    assert f"≈ {output:.4g}" in told and f"E is {error:.4g}" in told
    kind = fl.read_table("cars.csv")["kind"].values[3]
    assert f"In the row, 'kind' is {kind}: y = {Y[0, 0]:g}." in told


def test_explain_finds_the_table_of_the_training(fall, cars, folder):
    with_data = fall("explain", cars, "cars.csv", "--row", 2).out
    assert fall("explain", cars, "--row", 2).out == with_data
    Path("cars.csv").rename("other.csv")
    ended = fall("explain", cars, "--row", 2)
    assert ended.code == 2 and ended.err.startswith("error: --row is of a table")
    assert fall("explain", cars, "other.csv", "--row", 2).out == with_data


def test_explain_of_numbers_has_the_targets_units(fall, houses):
    told = flat(fall("explain", houses, "--row", 1).out)
    target = fl.load(houses).target
    assert f"(price − {target.means[0]:.6g}) / {target.stds[0]:.6g}" in told
    assert "Σᵢ w[input.i->hidden1.j]·x[input.i]" in told  # a large network, in index letters


@pytest.mark.parametrize(
    ("form", "ending", "mark"),
    [
        ("text", ".txt", "The inputs\n----------"),
        ("md", ".md", "## The inputs"),
        ("html", ".html", "<!DOCTYPE html>"),
        ("latex", ".tex", "\\documentclass"),
    ],
)
def test_formats(fall, cars, form, ending, mark):
    printed = fall("explain", cars, "--format", form)
    assert printed.code == 0 and mark.lower() in printed.out.lower()
    written = fall("explain", cars, "-o", f"rule{ending}")
    assert written.code == 0 and written.out == ""
    text = Path(f"rule{ending}").read_text(encoding="utf-8")
    assert mark.lower() in text.lower()
    assert fall("explain", cars, "--format", form, "-o", "-").out == printed.out
    if form != "text":  # whose width is the terminal's
        assert text.strip() == printed.out.strip()
    assert fall("explain", cars, "-o", "rule.txt", "--format", form).code == 0


def test_what_is_read_is_never_written(fall, cars):
    before = cars.read_bytes(), Path("cars.csv").read_bytes()
    for output in (cars, "cars.csv"):
        ended = fall("explain", cars, "cars.csv", "--row", 1, "--format", "md", "-o", output)
        assert ended.code == 2 and "is read, so it cannot be written" in ended.err
    ended = fall("explain", cars, "-o", "rule.pdf")
    assert ended.code == 2 and "must end in .txt, .md, .html, .tex" in ended.err
    assert (cars.read_bytes(), Path("cars.csv").read_bytes()) == before


@pytest.mark.parametrize("command", ["explain", "trace"])
def test_a_row_that_cannot_be_explained_is_one_message(fall, cars, command):
    ended = fall(command, cars, "cars.csv", "--row", 61)
    assert ended.code == 2 and "rows 1 to 60, so there is no row 61" in ended.err
    lines = Path("cars.csv").read_text().splitlines()
    lines[2] = lines[2].rpartition(",")[0] + ","
    Path("gap.csv").write_text("\n".join(lines) + "\n")
    ended = fall(command, cars, "gap.csv", "--row", 2)
    assert ended.code == 2 and "the target of row 2 is not known" in ended.err
    assert fall(command, cars, "gap.csv", "--row", 3).code == 0
    Path("new.csv").write_text("wheels,max_speed,colour\n4,100,red\n")
    ended = fall(command, cars, "new.csv", "--row", 1)
    assert ended.code == 2 and "lacks the target 'kind'" in ended.err


def test_explain_with_data_wants_a_row(fall, cars):
    ended = fall("explain", cars, "cars.csv")
    assert ended.code == 2 and "say which, with --row NUMBER" in ended.err


def test_a_model_of_plain_numbers(fall, folder):
    run = fl.descend(fl.Network.parse("2 -> 1"), [[1, 2], [3, 5]], [1, 2], epochs=2)
    fl.Model.of(run).save("plain.fall")
    assert "its inputs are the columns of X" in flat(fall("explain", "plain.fall").out)
    for command in (["explain"], ["trace"], ["certify"]):
        row = [] if command == ["certify"] else ["--row", 1]
        ended = fall(*command, "plain.fall", "cars.csv", *row)
        assert ended.code == 2 and "plain numbers and knows no columns" in ended.err


def test_every_kind_of_column_is_told(fall, folder):
    rng = np.random.default_rng(0)
    words = ["good", "bad", "fair", "new", "old"]
    lines = ["size,ok,when,says,colour,y"]
    for i in range(60):
        size, when = "" if i % 9 == 0 else rng.normal(), f"2024-0{1 + i % 9}-1{i % 10}"
        says = " ".join(rng.choice(words, 3))
        ok, colour = ("yes" if i % 3 else "no"), ("red" if i % 2 else "blue")
        lines.append(f"{size},{ok},{when},{says} {i},{colour},{i * 1.5}")
    Path("all.csv").write_text("\n".join(lines) + "\n")
    assert fall("train", "all.csv", "-t", "y", "--text", "says", "--epochs", 2, "--l2", 0.1,
                "--quiet").code == 0  # fmt: skip
    told = flat(fall("explain", "all.fall", "--row", 1).out)
    for part in ("1 if missing, else 0", "([1 if yes, 0 if no] −", "([1 if so, else 0] −",
                 "(days −", "of the angle on its circle", "its words", "(value −"):  # fmt: skip
        assert part in told, part


def test_of_many_inputs_the_first_are_listed(fall, folder):
    lines = ["kind,y", *(f"kind{i % 80},{i * 1.5}" for i in range(200))]
    Path("kinds.csv").write_text("\n".join(lines) + "\n")
    assert fall("train", "kinds.csv", "-t", "y", "--category", "kind", "--epochs", 2, "--l2", 0.1,
                "--quiet").code == 0  # fmt: skip
    told = flat(fall("explain", "kinds.fall", "--row", 1).out)
    d = fl.load("kinds.fall").encoder.d
    assert d > 60 and f"There are {d - 60} inputs more." in told
    assert "x[input.59] kind=" in told and "x[input.60] kind=" not in told


def test_a_hinge_and_several_classes_say_what_y_is(fall, folder):
    assert fall("train", "cars.csv", "-t", "kind", "--loss", "hinge", "--epochs", 2, "--l2", 0.1,
                "--quiet", "-o", "hinge.fall").code == 0  # fmt: skip
    told = flat(fall("explain", "hinge.fall", "--row", 1).out)
    assert "y is 1 where 'kind' is 'car', and −1 where it is 'bike'" in told
    kind = fl.read_table("cars.csv")["kind"].values[0]
    assert f"y = {'1' if kind == 'car' else '−1'}." in told
    assert fall("train", "cars.csv", "-t", "colour", "--epochs", 2, "--l2", 0.1, "--quiet",
                "-o", "colours.fall").code == 0  # fmt: skip
    told = flat(fall("explain", "colours.fall", "--row", 1).out)
    assert "'colour' has 5 classes" in told and "y is 1 for the unit of a row's class" in told


@pytest.mark.parametrize("command", ["explain", "trace"])
def test_a_model_of_a_solver(fall, folder, command):
    assert fall("train", "cars.csv", "-t", "kind", "--optimizer", "lbfgs", "--epochs", 2, "--l2",
                0.1, "--quiet").code == 0  # fmt: skip
    ended = fall(command, "cars.fall", "cars.csv", "--row", 1)
    assert ended.code == 0 and ended.err == ""
    assert "L-BFGS" in ended.out or "lbfgs" in ended.out


def test_names_of_columns_steer_neither_terminal_nor_page(fall, folder):
    text = Path("cars.csv").read_text().replace("colour", "<script>\x1b[31m$x_1$", 1)
    Path("evil.csv").write_text(text)
    assert fall("train", "evil.csv", "-t", "kind", "--epochs", 2, "--l2", 0.1, "--quiet").code == 0
    for command in ("explain", "trace"):
        for form in ("text", "md", "html", "latex"):
            ended = fall(command, "evil.fall", "evil.csv", "--row", 1, "--format", form)
            assert ended.code == 0 and "\x1b" not in ended.out
            assert form == "text" or "<script>" not in ended.out.replace("\\<script\\>", "")


def test_settings_that_the_rule_leaves_out_are_named(fall, cars):
    model = fl.load(cars)
    facts = {**model.facts, "settings": {"class_weight": "balanced"}}
    plan = replace(model.plan, dropout=0.2, clip_norm=1.0)
    replace(model, plan=plan, facts=facts).save("more.fall")
    told = flat(fall("explain", "more.fall").out.replace("│", ""))
    beside = "dropout, clipping of the norm, weights of rows by their class"
    assert f"The training also had {beside}; the rule below is without" in told


def test_without_sympy_one_line_says_what_to_install(cars):
    code = (
        "import sys; sys.modules['sympy'] = None\n"
        "from fallline.cli.main import run; sys.exit(run(['explain', 'cars.fall']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert "pip install 'fallline[explain]'" in ended.stderr


# --- trace --------------------------------------------------------------------------------------


def test_a_trace_names_what_its_step_is_without(fall, cars):
    model = fl.load(cars)
    replace(model, plan=replace(model.plan, dropout=0.2, clip_norm=1.0)).save("noisy.fall")
    told = flat(fall("trace", "noisy.fall", "cars.csv", "--row", 1).out.replace("│", ""))
    assert "The training also had dropout; the step below is without" in told
    assert "also had" not in fall("trace", cars, "cars.csv", "--row", 1).out


@pytest.mark.parametrize("command", [["trace", "--row", 1], ["certify"]])
@pytest.mark.parametrize("beside", [["--format", "md"], ["-o", "page.html"]])
def test_json_is_printed_and_takes_no_format_and_no_file(fall, cars, command, beside):
    name, *more = command
    ended = fall(name, cars, "cars.csv", *more, "--json", *beside)
    assert ended.code == 2 and "leave one of them out" in ended.err
    assert not Path("page.html").exists()


def test_trace_has_the_engines_gradient(fall, cars):
    model, X, Y = row_as_encoded(cars, "cars.csv", 3)
    told = fall("trace", cars, "cars.csv", "--row", 3, "--json").json
    theta = model.theta.astype(float)
    _, gradient = fl.error_and_gradient(
        model.network, theta, X, Y, loss=model.plan.loss, l2=model.plan.l2
    )
    for record in told["edges"]:
        index = model.network.index(record["name"])
        assert record["w"] == theta[index]
        assert record["dJ_dw"] == pytest.approx(gradient[index], rel=1e-9, abs=1e-12)
    output = fl.predict(model.network, theta, X)[0, 0]
    last = next(unit for unit in told["units"] if unit["unit"] == "output.0")
    assert last["o"] == pytest.approx(output, rel=1e-12)
    assert told["learning_rate"] == model.plan.optimizer.learning_rate


def test_trace_takes_a_rate_and_shows_columns(fall, cars):
    told = fall("trace", cars, "cars.csv", "--row", 3, "--learning-rate", 0.25, "--json").json
    assert told["learning_rate"] == 0.25
    ended = fall("trace", cars, "cars.csv", "--row", 3)
    assert ended.code == 0 and "cars.fall, row 3" in ended.out
    assert "x[input.0] wheels" in flat(ended.out)
    fall("trace", cars, "cars.csv", "--row", 3, "-o", "trace.html")
    assert "<svg" in Path("trace.html").read_text(encoding="utf-8")


# --- certify ------------------------------------------------------------------------------------


def test_certify_a_sound_model(fall, cars):
    ended = fall("certify", cars, "cars.csv")
    assert ended.code == 0 and "CERTIFIED" in ended.out
    told = fall("certify", cars, "cars.csv", "--rows", 7, "--json").json
    assert told["passed"] and told["rows"] == {"taken": 7, "given": 60}


def test_certify_ends_with_1_where_an_engine_is_wrong(fall, cars, monkeypatch):
    from fallline.explain import certify

    right = certify.error_and_gradient

    def wrong(*arguments, **named):
        error, gradient = right(*arguments, **named)
        return error, gradient * (1.001 if named.get("engine") == "native" else 1.0)

    monkeypatch.setattr(certify, "error_and_gradient", wrong)
    ended = fall("certify", cars, "cars.csv")
    assert ended.code == 1 and "DISAGREES" in ended.out
    assert not fall("certify", cars, "cars.csv", "--json").json["passed"]


# --- worksheet ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_worksheet_writes_the_same_files_as_python(fall, folder, kind):
    ended = fall("worksheet", "--seed", 7, "--kind", kind)
    assert ended.code == 0 and ended.out.count("\n") == 4
    for name, text in worksheet(7, kind).files().items():
        assert Path(name).read_bytes().decode() == text and name in ended.out


def test_worksheet_replaces_only_its_own_bytes(fall, folder):
    Path("sheets").mkdir()
    arguments = ["worksheet", "--kind", "softmax", "--folder", "sheets"]
    assert fall(*arguments).code == fall(*arguments).code == 0
    sheet = Path("sheets") / "worksheet-softmax-0.md"
    sheet.write_text("notes")
    ended = fall(*arguments)
    assert ended.code == 2 and "holds something else than this worksheet" in ended.err
    assert sheet.read_text() == "notes"
    assert fall(*arguments, "--force").code == 0 and "notes" not in sheet.read_text()
