"""Exercise sheets: the same from the same seed, with keys that are right."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DataError, SpecError
from fallline.explain.document import Svg, Table
from fallline.explain.worksheet import worksheet
from fallline.explain.worksheet_kinds import KINDS, drawn

BLANK = "_" * 16


@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(kind):
    assert worksheet(7, kind).files() == worksheet(7, kind).files()
    assert worksheet(7, kind).files() != worksheet(8, kind).files()


def test_another_process_gives_the_same_bytes(tmp_path):
    code = "import fallline as fl; fl.worksheet(7).save('.')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    written = {path.name: path.read_bytes().decode() for path in tmp_path.iterdir()}
    assert written == worksheet(7).files()


def test_the_numbers_that_are_drawn_stay_what_they_were():
    # A sheet that was handed out has to be drawn again years later.
    problem = drawn("linear_unit", 7)
    assert problem.inputs == DRAWN["inputs"] and problem.targets == DRAWN["targets"]
    assert problem.weights == DRAWN["weights"]


DRAWN = {
    "inputs": [[1.0, 1.5]],
    "targets": [[-0.5]],
    "weights": {"w[input.0->output.0]": 0.9, "w[input.1->output.0]": -0.4},
}


@pytest.mark.parametrize("kind", KINDS)
def test_exercises_can_be_done_by_hand(kind):
    for seed in range(20):
        problem = drawn(kind, seed)
        given = [*problem.weights.values(), *np.ravel(problem.inputs), *np.ravel(problem.targets)]
        assert all(float(f"{value:.1f}") == value for value in given)
        assert all(value != 0 for value in problem.weights.values())
        assert problem.value("E after") < problem.value("E")
        for layer in problem.network.layers:
            if layer.activation == "relu":
                assert (problem.numbers.units.layers[layer.name].h > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_has_the_numbers_of_the_engine_where_the_sheet_has_blanks(kind):
    made, problem = worksheet(3, kind), drawn(kind, 3)
    asked = [row for table in tables(made.sheet) for row in table.rows if row[1] == (BLANK,)]
    answered = {
        "".join(map(str, row[0])): float(str(row[1][0]).replace("−", "-"))
        for table in tables(made.key)
        if str(table.head[1][0]) == "value"
        for row in table.rows
    }
    assert asked and BLANK not in made.key.text
    net, theta = problem.network, problem.theta
    error, gradient = fl.error_and_gradient(
        net, theta, problem.inputs, problem.targets, loss=problem.loss
    )
    after = theta - problem.learning_rate * gradient
    later = fl.error_and_gradient(net, after, problem.inputs, problem.targets, loss=problem.loss)[0]
    right = {"E": error, "E after the step": later}
    for i in range(net.size):
        right[f"∂E/∂{net.name(i)}"] = gradient[i]
        right[f"new {net.name(i)}"] = after[i]
    outputs = fl.predict(net, theta, problem.inputs)
    for row, values in enumerate(outputs):
        at = f"row {row}: " if len(outputs) > 1 else ""
        right |= {f"{at}o[{net.output.name}.{j}]": value for j, value in enumerate(values)}
    assert set(right) <= set(answered)
    for name, value in right.items():
        assert answered[name] == pytest.approx(value, abs=6e-7)
    assert len(asked) == len(answered) - net.size  # the table of given weights has values too


def tables(page):
    return [block for block in page.blocks if isinstance(block, Table)]


def test_a_worksheet_shows_the_sheet_and_not_the_key():
    made = worksheet(1, "sigmoid_unit")
    assert BLANK in made.text and made.text == made.sheet.text and "Key" not in made.html
    assert "To think about" in made.text and "Their slope is positive" not in made.text
    assert re.search(r"Their slope is positive|no slope is positive", made.key.text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_of_a_sheet_holds_no_answer(kind):
    problem = drawn(kind, 3)
    (picture,) = (block for block in worksheet(3, kind).sheet.blocks if isinstance(block, Svg))
    told = set(re.findall(r">([-−]?\d[^<]*)<", picture.markup))
    given = [*problem.weights.values(), *np.ravel(problem.inputs)]
    assert told <= {f"{value:g}".replace("-", "−") for value in given}
    assert not re.search(r"h = |δ = |∂E|Δw", picture.markup)
    assert ("<svg" in worksheet(3, kind).key.html) and "δ = " in worksheet(3, kind).key.html


def test_save_writes_four_files_and_replaces_no_other_content(tmp_path: Path):
    made = worksheet(2, "softmax")
    paths = made.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(made.files())
    assert {path.name for path in paths} == set(made.files())
    assert made.save(tmp_path) == paths  # the same bytes again are no loss
    paths[0].write_text("my own notes")
    with pytest.raises(DataError, match="holds something else than this worksheet"):
        made.save(tmp_path)
    assert paths[0].read_text() == "my own notes"
    made.save(tmp_path, force=True)
    assert paths[0].read_text() == made.files()[paths[0].name]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((7, "sigmoid"), "no kind of worksheet 'sigmoid'; did you mean 'sigmoid_unit'"),
        ((-1,), "seed must be a whole number of at least 0"),
        ((0.5,), "seed must be a whole number of at least 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, told):
    with pytest.raises((SpecError, DataError), match=told):
        worksheet(*arguments)


def test_save_names_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        worksheet(1, "softmax").save(tmp_path / "nowhere")
