"""``fallline predict``: a column in the order of the table, from any file, to any file."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import fallline as fl


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_of_numbers(fall, houses):
    ended = fall("predict", houses, "houses.csv")
    expected = fl.load(houses).predict(fl.read_table("houses.csv"))
    assert [float(row["prediction"]) for row in rows(ended.out)] == expected.tolist()
    metrics = fl.load(houses).evaluate(fl.read_table("houses.csv"))
    assert f"r2 {metrics['r2']:#.4g}".rstrip(".") in ended.err


def test_predictions_of_classes(fall, cars):
    ended = fall("predict", cars, "cars.csv")
    model, table = fl.load(cars), fl.read_table("cars.csv")
    read = rows(ended.out)
    assert list(read[0]) == ["prediction", "probability_bike", "probability_car"]
    assert [row["prediction"] for row in read] == model.predict(table).tolist()
    shares = [[float(r["probability_bike"]), float(r["probability_car"])] for r in read]
    assert np.array_equal(shares, model.predict_proba(table))
    assert "accuracy" in ended.err
    short = fall("predict", cars, "cars.csv", "--no-probabilities")
    assert list(rows(short.out)[0]) == ["prediction"]


def test_the_target_need_not_be_there(fall, cars, folder):
    lines = Path("cars.csv").read_text().splitlines()
    Path("new.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
    ended = fall("predict", cars, "new.csv")
    assert ended.code == 0 and ended.err == ""
    assert ended.out == fall("predict", cars, "cars.csv").out


def test_a_class_that_was_not_there_in_training_spoils_only_the_metrics(fall, cars, folder):
    text = Path("cars.csv").read_text()
    Path("new.csv").write_text(text + "3,40,red,tricycle\n")
    ended = fall("predict", cars, "new.csv")
    assert ended.code == 0 and len(rows(ended.out)) == 61
    assert "no metrics:" in ended.err and "tricycle" in ended.err


def test_columns_to_keep(fall, cars):
    names = ["wheels", "max_speed", "colour", "kind"]
    made = ["prediction", "probability_bike", "probability_car"]
    given = fl.read_table("cars.csv")
    kept = rows(fall("predict", cars, "cars.csv", "--keep").out)
    assert list(kept[0]) == names + made
    assert [row["colour"] for row in kept] == given["colour"].values.tolist()
    assert [float(row["max_speed"]) for row in kept] == given["max_speed"].values.tolist()
    some = rows(fall("predict", cars, "cars.csv", "--id", "colour,kind").out)
    assert list(some[0]) == ["colour", "kind", *made]


def test_a_column_called_prediction_is_not_doubled(fall, cars, folder):
    Path("again.csv").write_text(Path("cars.csv").read_text().replace("kind", "prediction", 1))
    ended = fall("predict", cars, "again.csv", "--keep")
    assert ended.code == 2 and "'prediction' already" in ended.err


def test_all_three_formats_say_the_same(fall, cars):
    for name in ("out.csv", "out.parquet", "out.jsonl"):
        ended = fall("predict", cars, "cars.csv", "--keep", "-o", name)
        assert ended.code == 0 and ended.out == ""
        assert f"60 predictions written to {name}" in ended.err
    text, parquet = (fl.read_table(f"out.{kind}") for kind in ("csv", "parquet"))
    lines = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert text.names == parquet.names == tuple(lines[0])
    for column in text:
        assert column.values.tolist() == parquet[column.name].values.tolist()
        assert column.values.tolist() == [line[column.name] for line in lines]


def test_missing_cells_and_dates_survive_keeping(fall, folder):
    days = [f"2020-01-{i % 28 + 1:02d}" for i in range(40)]
    lines = [f"{day},{i % 7 if i % 5 else ''},{'' if i % 9 == 0 else 'a b' if i % 2 else 'c;d'},{i}"
             for i, day in enumerate(days)]  # fmt: skip
    Path("t.csv").write_text("day,few,word,y\n" + "\n".join(lines) + "\n")
    assert fall("train", "t.csv", "-t", "y", "--epochs", 2, "--l2", 0, "--quiet").code == 0
    for name in ("out.csv", "out.parquet"):
        fall("predict", "t.fall", "t.csv", "--keep", "-o", name)
        back, given = fl.read_table(name), fl.read_table("t.csv")
        for column in given:
            assert back[column.name].kind == column.kind
            assert back[column.name].known.tolist() == column.known.tolist()
            known = column.known
            assert (back[column.name].values[known] == column.values[known]).all()


def test_several_targets_have_a_column_each(fall):
    fall("train", "houses.csv", "-t", "price,age", "--epochs", 2, "--l2", 0, "--quiet")
    read = rows(fall("predict", "houses.fall", "houses.csv").out)
    assert list(read[0]) == ["prediction_price", "prediction_age"]


def test_json_holds_the_predictions_or_where_they_are(fall, cars):
    told = fall("predict", cars, "cars.csv", "--json").json
    assert len(told["predictions"]["prediction"]) == told["rows"] == 60
    assert set(told["metrics"]) == {"accuracy", "log_loss"}
    told = fall("predict", cars, "cars.csv", "--json", "-o", "out.csv").json
    assert told["predictions"] == {"path": "out.csv"} and Path("out.csv").exists()


def test_unseen_categories_and_new_nulls_are_counted(fall, cars, folder):
    text = Path("cars.csv").read_text()
    Path("odd.csv").write_text(text + "4,,pink,car\n2,fast,pink,bike\n")
    ended = fall("predict", cars, "odd.csv")
    assert ended.code == 0 and len(rows(ended.out)) == 62
    assert "'colour': 2 cells of a value that was not there in training" in ended.err
    assert "'max_speed': 1 cell missing" in ended.err and "1 cell unreadable" in ended.err
    quiet = fall("predict", cars, "odd.csv", "--quiet")
    assert quiet.err == "" and quiet.out == ended.out


def test_missing_columns_are_named_or_filled(fall, cars, folder):
    Path("less.csv").write_text("wheels,maxspeed,kind\n4,100,car\n2,20,bike\n")
    ended = fall("predict", cars, "less.csv")
    assert ended.code == 2
    assert "'max_speed', 'colour'" in ended.err and "did you mean 'maxspeed'?" in ended.err
    assert "--fill-missing-columns" in ended.err
    filled = fall("predict", cars, "less.csv", "--fill-missing-columns")
    assert filled.code == 0 and len(rows(filled.out)) == 2


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_swapped_arguments_are_told(fall, houses, command):
    ended = fall(command, "houses.csv", houses)
    assert ended.code == 2
    assert f"write: fallline {command} houses.fall houses.csv" in ended.err


def test_a_model_is_no_table(fall, houses):
    for arguments in (["predict", houses, houses], ["inspect", houses], ["train", houses]):
        ended = fall(*arguments)
        assert ended.code == 2 and "is a model, but a table is expected" in ended.err


def test_a_damaged_model_is_one_message(fall, houses):
    content = bytearray(houses.read_bytes())
    content[len(content) // 2] ^= 1
    houses.write_bytes(content)
    ended = fall("predict", houses, "houses.csv")
    assert ended.code == 2 and "not a sound .fall file" in ended.err and ended.out == ""


def test_a_model_of_plain_numbers_is_told_to_be_used_from_python(fall, folder):
    run = fl.descend(fl.Network.parse("1 -> 1"), [[0.0], [1.0]], [0.0, 1.0], epochs=1)
    fl.Model.of(run).save("plain.fall")
    ended = fall("predict", "plain.fall", "houses.csv")
    assert ended.code == 2 and "from Python" in ended.err
    assert fall("info", "plain.fall").code == 0
    assert fall("info", "plain.fall", "--json").json["columns"] == []
    assert fall("info", "plain.fall", "--config").code == 2


def test_it_neither_overwrites_what_it_reads_nor_leaves_litter(fall, houses, folder):
    for name in ("houses.csv", "./houses.csv"):
        assert fall("predict", houses, "houses.csv", "-o", name).code == 2
    before = sorted(Path().iterdir())
    assert fall("predict", houses, "nothing.csv", "-o", "out.csv").code == 2
    assert sorted(Path().iterdir()) == before
