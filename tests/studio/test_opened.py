"""Tables that are dropped on the page, and opened models: any bytes give a table or a sentence."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallline as fl
from fallline.data import Table, samples
from fallline.engines.calls import predict
from fallline.errors import DataError, FalllineError, ModelFileError, SpecError
from fallline.studio.columns import suggested_target
from fallline.studio.opened import Source, first_setup, table_of
from fallline.studio.problem import Problem
from fallline.studio.setup import LIMITS, Setup

CARS = b"wheels,speed,kind\n" + b"".join(
    f"{2 + i % 3},{80 + i * 7 % 90},{('car', 'bike')[i % 2]}\n".encode() for i in range(40)
)


def said(source: Source) -> dict[str, Any]:
    """Return what is told of the columns, which JSON can hold."""
    told: dict[str, Any] = json.loads(json.dumps(source.columns(), allow_nan=False))
    return told


def test_a_dropped_table_and_what_is_told_of_it() -> None:
    source = table_of("cars.csv", CARS)
    assert (source.kind, source.name, source.table.n) == ("own", "cars.csv", 40)
    told = said(source)
    assert (told["name"], told["rows"], told["suggested"]) == ("cars.csv", 40, "kind")
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["wheels"]["about"] == "2 to 4, median 3"
    assert (
        columns["kind"]["about"] == "2 values: bike, car" or "2 values" in columns["kind"]["about"]
    )
    assert all(column["target"] for column in told["columns"])
    problem = Problem.of(first_setup(source), source)
    assert problem.classes == ("bike", "car") and problem.origin == "own"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\my cars.csv", "my cars.csv"),
        ("a\nb\x00c.csv", "abc.csv"),
        ("", "table.csv"),
        ("x" * 300, "x" * 80),
        ("<b>.csv", "<b>.csv"),
    ],
)
def test_a_name_is_shown_and_never_a_path(name: str, shown: str) -> None:
    before = set(Path(tempfile.gettempdir()).glob("fallline-*"))
    assert table_of(name, CARS).name == shown
    assert set(Path(tempfile.gettempdir()).glob("fallline-*")) <= before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n\n ", "is empty"),
        (b"a,b,c\n", "has a header but no rows|holds no rows"),
        (b"PAR1" + b"\0" * 90, "a Parquet file"),
        (gzip.compress(CARS), "packed with gzip"),
        (bz2.compress(CARS), "packed with bzip2"),
        (lzma.compress(CARS), "packed with xz"),
        (b"PK\x03\x04" + bytes(range(256)), "Excel workbook"),
        (b"\x89PNG\r\n" + bytes(range(256)) * 9, "a picture"),
        (bytes(range(256)) * 40, "not text"),
        (b"a,b\n" + b"x" * (2 << 20), "a line of more than 1 MiB"),
        (b",".join(b"c%d" % i for i in range(1500)) + b"\n" + b",".join([b"1"] * 1500),
         "has 1,500 columns, and the studio takes at most 1,000"),
        (b"x" * ((32 << 20) + 1), "the page takes at most 32"),
        (b"\n" * 6_000_000 + b"a,b\n1,2\n", "has about 6,000,00. cells"),
        (b"a,b\n" + b",\n" * 3_000_000, "has about 6,000,00. cells"),
        (b'"' * 900 + b"\n" + b'a,"b\n' * 90, "longer than 200 characters"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_a_sentence_without_a_path(content: bytes, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        table_of("things.csv", content)
    message = str(caught.value)
    assert "'things.csv'" in message and "\n" not in message
    assert tempfile.gettempdir() not in message and "upload" not in message


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_give_a_table_or_a_sentence(content: bytes) -> None:
    try:
        source = table_of("any.csv", content)
    except FalllineError as error:
        assert tempfile.gettempdir() not in str(error)
    else:
        said(source)
        try:
            Problem.of(first_setup(source), source)
        except FalllineError as error:
            assert str(error)


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.text("ab1,;.\"'\t-é ", max_size=6) | st.integers().map(str), max_size=5),
        min_size=1,
        max_size=30,
    )
)
def test_any_ragged_lines_give_a_table_or_a_sentence(lines: list[list[str]]) -> None:
    content = "\n".join(",".join(cells) for cells in lines).encode()
    try:
        said(table_of("any.csv", content))
    except FalllineError as error:
        assert tempfile.gettempdir() not in str(error)


def test_notes_of_the_reader_name_the_file_as_it_is_shown() -> None:
    table = table_of("käse.csv", "preis,käse\n1,brie\n2,gruyère\n3,brie\n".encode("latin-1")).table
    assert any("'käse.csv' is not UTF-8" in note for note in table.notes)
    assert table.source == "käse.csv" and "gruyère" in table["käse"].values


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        ({"price": [1.0, 2.0], "x": [3.0, 4.0]}, "price"),
        ({"x": [1.0, 2.0], "Label": ["a", "b"], "z": [1.0, 3.0]}, "Label"),
        ({"x": [1.0, 2.0], "z": [1.0, 3.0]}, "z"),
        ({"x": [1.0, 2.0], "same": [1.0, 1.0]}, "x"),
        ({"x": [1.0, 2.0] * 9, "id": list(range(18))}, "x"),
        ({"same": ["a", "a"]}, "same"),
        ({"y": np.array(["2020-01-01", "2020-01-02"], "M8[D]"), "x": [1.0, 2.0]}, "x"),
    ],
)
def test_the_target_that_is_suggested(columns: dict[str, Any], target: str) -> None:
    assert suggested_target(Table.of(columns)) == target


def test_columns_that_cannot_be_predicted_are_marked() -> None:
    table = Table.of(
        {
            "when": np.array(["2020-01-01", "2020-02-01"], "M8[D]"),
            "same": [1, 1],
            "gone": [None, None],
            "x": [1.5, 2.5],
        }
    )
    marked = {c["name"]: c["target"] for c in Source.of_table(table).columns()["columns"]}
    assert marked == {"when": False, "same": False, "gone": False, "x": True}


def test_a_file_from_the_command_line_may_say_how_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "cars.txt"
    file.write_bytes(CARS.replace(b",", b"|"))
    source = Source.of_path(file, {"delimiter": "|"})
    assert source.table.names == ("wheels", "speed", "kind") and source.name == "cars.txt"
    assert source.code() == ['table = fl.read_table("cars.txt", delimiter="|")']
    with pytest.raises(DataError, match="there is no file"):
        Source.of_path(tmp_path / "none.csv")


# --- opened models ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the files of a model and of its table."""
    folder = tmp_path_factory.mktemp("trained")
    table = samples.load("cars_and_bikes", n=150)
    with (folder / "cars.csv").open("w") as file:
        print(*table.names, sep=",", file=file)
        for cells in zip(*(column.values.tolist() for column in table), strict=True):
            print(*cells, sep=",", file=file)
    result = fl.train(folder / "cars.csv", "kind", net="3 tanh", l2=0.001, epochs=30, seed=4)
    result.model.save(folder / "cars.fall")
    return folder / "cars.fall", folder / "cars.csv"


def test_an_opened_model_starts_where_it_was_trained_to(trained: tuple[Path, Path]) -> None:
    source = Source.of_model(*trained)
    model = source.model
    assert model is not None and (source.kind, source.name) == ("model", "cars.csv")
    problem = Problem.of(first_setup(source), source)
    assert problem.setup.net == "model" and problem.network == model.network
    assert np.array_equal(problem.start, model.theta.astype(np.float64))
    assert problem.encoder is model.encoder and problem.history == model.history
    assert problem.origin == "model" and problem.setup.l2 == 0.001
    outputs = predict(problem.network, problem.start, problem.train.X)
    theirs = model.outputs(problem.tables["train"])
    np.testing.assert_allclose(outputs, theirs, rtol=1e-4, atol=1e-5)  # it was float32


def test_its_test_rows_are_those_that_it_never_saw(trained: tuple[Path, Path]) -> None:
    source = Source.of_model(*trained)
    problem = Problem.of(first_setup(source), source)
    again = fl.train(trained[1], "kind", net="3 tanh", l2=0.001, epochs=1, seed=4)
    tested = source.table.take(again.test_rows)
    for name in source.table.names:
        assert problem.tables["test"][name].values.tolist() == tested[name].values.tolist()
    told = source.model.facts["rows"] if source.model else {}
    assert problem.facts["rows"] == told


def test_it_goes_on_and_is_saved_again(trained: tuple[Path, Path], tmp_path: Path) -> None:
    source = Source.of_model(*trained)
    problem = Problem.of(first_setup(source), source)
    run = fl.Run(
        problem.network, problem.train.X, problem.train.Y, theta=problem.start, plan=problem.plan
    )
    next(run)
    problem.model(run.theta, history=run.history).save(tmp_path / "more.fall")
    more = fl.load(tmp_path / "more.fall")
    assert more.evaluate(source.table)["accuracy"] > 0.8
    assert len(Source.of_model(tmp_path / "more.fall", trained[1]).columns()["columns"]) == 4


def test_another_network_on_its_table_begins_anew(trained: tuple[Path, Path]) -> None:
    source = Source.of_model(*trained)
    first = first_setup(source)
    problem = Problem.of(first.changed({"net": "5 relu"}), source)
    assert problem.network.layers[0].size == 5 and not len(problem.history)
    for changes in ({"crossed": True}, {"features": ["wheels"]}, {"standardize": False}):
        with pytest.raises(SpecError, match="its own inputs and its own error"):
            Problem.of(first.changed(changes), source)
    mine = Source("own", source.name, source.table)
    assert Problem.of(first.changed({"data": "own", "target": "kind"}), mine).network.size


def test_a_model_of_a_sample_needs_no_table(tmp_path: Path) -> None:
    fl.train(samples.load("moons"), "label", net="2", l2=0.01, epochs=1).model.save(
        tmp_path / "m.fall"
    )
    source = Source.of_model(tmp_path / "m.fall")
    assert source.name == "moons" and source.table.n == 200
    assert source.code() == ['table = fl.data.samples.load("moons")']
    assert Problem.of(first_setup(source), source).task == "classification"


def test_a_model_and_a_table_that_do_not_fit(trained: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n" + "1,2\n3,4\n" * 10)
    source = Source.of_model(trained[0], other)
    with pytest.raises(DataError, match="kind"):
        Problem.of(first_setup(source), source)
    with pytest.raises(DataError, match="together with a table"):
        Source.of_model(trained[0])
    with pytest.raises(ModelFileError):
        Source.of_model(other, other)


def test_a_model_of_plain_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    run = fl.descend(fl.Network.parse("2 -> 2 tanh -> 1"), X, y, epochs=5, seed=1)
    fl.Model.of(run).save(tmp_path / "plain.fall")
    table = {"a": X[:, 0], "b": X[:, 1], "y": y}
    source = Source.of_objects(fl.load(tmp_path / "plain.fall"), table)
    problem = Problem.of(first_setup(source), source)
    assert problem.input_labels == ("a", "b") and problem.output_labels == ("y",)
    told = {column["name"]: column["scaling"] for column in problem.facts["columns"]}
    assert told == {"y": "as it is", "a": "as it is", "b": "as it is"}
    at = problem.tables["train"]
    assert np.array_equal(problem.train.X, np.column_stack([at["a"].values, at["b"].values]))
    assert np.array_equal(problem.train.Y[:, 0], at["y"].values)


def told_of(model: fl.Model, sample: str = "houses") -> Source:
    return Source.of_objects(model, samples.load(sample, n=200))


def test_what_a_model_was_trained_with_is_kept() -> None:
    model = fl.train(
        samples.load("houses", n=200), "price", net="3", epochs=2, l2=0.5, seed=9, test=0.3,
        optimizer=fl.SGD(0.02, momentum=0.5), schedule="cosine", batch_size=7, validation=0.1,
    ).model  # fmt: skip
    setup = first_setup(told_of(model))
    assert (setup.optimizer, setup.schedule) == (fl.SGD(0.02, momentum=0.5), "cosine")
    assert (setup.batch_size, setup.l2, setup.seed) == (7, 0.5, 9)
    assert (setup.validation, setup.test) == (0.1, 0.3)
    assert not [note for note in Problem.of(setup, told_of(model)).notes if "leaves out" in note]
    thinned = fl.train(samples.load("moons"), "label", net="3", epochs=1, l2=0.5, dropout=0.25)
    source = told_of(thinned.model, "moons")
    notes = Problem.of(first_setup(source), source).notes
    assert "the model was trained with dropout 0.25, which the studio leaves out" in notes
    solved = fl.train(samples.load("sine"), "y", net="3", epochs=2, l2=0.5, optimizer="lbfgs").model
    setup = first_setup(Source.of_objects(solved, samples.load("sine")))
    assert setup.optimizer == Setup().optimizer and setup.batch_size == 0


@given(st.dictionaries(st.sampled_from(["seed", "test", "group", "restarts", "validation"]),
                       st.none() | st.integers() | st.text(max_size=3) | st.floats()))  # fmt: skip
@settings(max_examples=40)
def test_facts_of_a_model_from_a_stranger(told: dict[str, Any]) -> None:
    run = fl.Run(fl.Network.parse("2 -> 1 logistic"), [[0.0, 1.0]], [1.0],
                 loss="binary_cross_entropy")  # fmt: skip
    model = fl.Model.of(run, facts={"settings": told, "rows": told})
    source = Source.of_objects(model, samples.load("xor"))
    try:
        Problem.of(first_setup(source), source)
    except FalllineError as error:
        assert str(error)


def test_of_a_long_table_so_many_rows_are_drawn_as_can_be_shown(tmp_path: Path) -> None:
    most = LIMITS["rows"]
    numbers = np.arange(most + 500) % 977
    source = Source.of_table({"x": numbers / 7, "y": numbers * 0.5})
    assert (source.table.n, source.whole) == (most, most + 500)
    assert source.columns()["rows"] == most + 500
    assert source.code()[-1] == f"table = table.sample({most})"
    problem = Problem.of(first_setup(source, net="none"), source)
    assert f"{most:,} of the {most + 500:,} rows, drawn at random" in problem.notes
    again = Table.of({"x": numbers / 7, "y": numbers * 0.5}).sample(most)
    assert np.array_equal(again["x"].values, source.table["x"].values)


def test_limits_are_those_of_the_page() -> None:
    assert LIMITS["upload_bytes"] == 32 << 20
