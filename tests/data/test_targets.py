from __future__ import annotations

import json

import numpy as np
import pytest

from fallline.data import Column, TargetEncoder, guess_task, known_rows
from fallline.errors import DataError


def column(values: object) -> Column:
    return Column.of("y", values)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 5, "classification"),
        (["none", "gas"] * 5, "classification"),
        ([True, False], "classification"),
        ([0, 1] * 10, "classification"),
        ([0.0, 1.0] * 10, "classification"),
        (list(range(10)) * 5, "classification"),
        (list(range(10)) * 4, "regression"),
        (list(range(11)) * 10, "regression"),
        ([0.5, 1.0] * 10, "regression"),
        (["1,200", "n/a", "3"] * 10, "regression"),
        (["01", "02", "03"] * 10, "classification"),
        (["1", "0"] * 10, "classification"),
    ],
)
def test_guess(values: object, task: str) -> None:
    found, reason = guess_task(column(values))
    assert found == task and reason.endswith(".")


def test_guess_says_how_to_override() -> None:
    assert "task='regression'" in guess_task(column([1, 2] * 10))[1]


def test_guess_refuses_dates_and_nothing() -> None:
    with pytest.raises(DataError, match="dates"):
        guess_task(column(np.array(["2020-01-01"], "M8[D]")))
    with pytest.raises(DataError, match="every cell"):
        guess_task(column([None, "n/a"]))


def test_known_rows() -> None:
    assert known_rows(column(["a", None, "?", "none"])).tolist() == [True, False, False, True]
    assert known_rows(column(["1", "none", "2"])).tolist() == [True, False, True]
    both = [column([1.0, None, 2.0]), Column.of("z", [None, 1.0, 2.0])]
    assert known_rows(both).tolist() == [False, False, True]


def test_regression_round_trip() -> None:
    encoder = TargetEncoder.fit(column([1.0, 2.0, 6.0]))
    Y = encoder.encode(column([1.0, 2.0, 6.0]))
    assert (
        Y.shape == (3, 1)
        and Y.mean() == pytest.approx(0, abs=1e-15)
        and Y.std() == pytest.approx(1)
    )
    assert encoder.decode(Y) == pytest.approx([1.0, 2.0, 6.0], rel=1e-15)


def test_several_targets() -> None:
    columns = (column([1.0, 2.0, None]), Column.of("z", ["1,5", "2,5", "3,5"]))
    encoder = TargetEncoder.fit(columns)
    assert encoder.k == 2 and encoder.means == (1.5, 2.0)
    rows = tuple(c.take(known_rows(columns)) for c in columns)
    assert encoder.decode(encoder.encode(rows)).tolist() == [[1.0, 1.5], [2.0, 2.5]]
    with pytest.raises(DataError, match="2 target columns are needed"):
        encoder.encode(rows[0])


@pytest.mark.parametrize(
    "values", [["b", "a", "c"], [3, 1, 2], [0.5, 1.5, 2.5], ["none", "x", "y"]], ids=str
)
def test_many_classes_keep_their_type(values: list[object]) -> None:
    encoder = TargetEncoder.fit(column(values), "classification")
    assert encoder.labels == tuple(sorted(values)) and encoder.k == 3
    Y = encoder.encode(column(values))
    assert (Y.sum(axis=1) == 1).all() and encoder.decode(Y).tolist() == values
    again = TargetEncoder.from_json(json.loads(json.dumps(encoder.to_json(), allow_nan=False)))
    assert again == encoder and [type(v) for v in again.labels] == [type(v) for v in sorted(values)]


def test_probabilities_of_many_classes_sum_to_one() -> None:
    encoder = TargetEncoder.fit(column(["a", "b", "c"]))
    each_for_itself = [[0.9, 0.3, 0.6], [0.0, 0.0, 0.0], [0.5, 0.25, 0.25]]
    found = encoder.probabilities(each_for_itself)
    assert np.allclose(found, [[0.5, 1 / 6, 1 / 3], [1 / 3] * 3, [0.5, 0.25, 0.25]], atol=1e-15)
    rounded = np.array([[0.1, 0.2, 0.7]], np.float32).astype(np.float64)
    assert (encoder.probabilities(rounded) == rounded).all()


def test_two_classes_share_a_column() -> None:
    encoder = TargetEncoder.fit(column([True, False, True]))
    assert encoder.labels == (False, True) and encoder.encode(column([True, False])).tolist() == [
        [1.0],
        [0.0],
    ]
    assert encoder.probabilities([0.25]).tolist() == [[0.75, 0.25]]
    assert encoder.decode([0.25, 0.75, 0.5]).tolist() == [False, True, False]
    assert encoder.encode(column(["true", "false"])).tolist() == [[1.0], [0.0]]
    assert encoder.codes(column([True])).tolist() == [1]


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (["a", "a"], None, "only the class 'a'"),
        ([2.0, 2.0], "regression", "nothing to learn"),
        ([1e308, -1e308], "regression", "overflows"),
        (["a", "b"], "regression", "must be a number, but 2 cells hold none, such as 'a'; mend"),
        (["1", "b"], "regression", "must be a number, but a cell holds 'b'; mend"),
        ([None, "?"], "regression", "every cell"),
        ([1, 2], "guess", "task must be"),
        ([f"v{i}" for i in range(1001)], "classification", "1001 classes"),
    ],
)
def test_refused_targets(values: object, task: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        TargetEncoder.fit(column(values), task)


def test_encoding_what_cannot_be() -> None:
    classes = TargetEncoder.fit(column(["a", "b"]), "classification")
    with pytest.raises(DataError, match="class 'c' that was not there"):
        classes.encode(column(["a", "c"]))
    with pytest.raises(DataError, match="1 cells of the target 'y' are missing"):
        classes.encode(column(["a", None]))
    with pytest.raises(DataError, match="has no probabilities"):
        TargetEncoder.fit(column([1.0, 2.0])).probabilities([[0.0]])
    with pytest.raises(DataError, match=r"shape \(n, 1\)"):
        classes.decode(np.zeros((2, 3)))


def test_notes_on_few_rows() -> None:
    notes = TargetEncoder.fit(column(["a"] * 50 + ["b"]), "classification").notes
    assert "single row" in notes[0] and "'a' has 50 rows" in notes[1]
    assert TargetEncoder.fit(column(["a", "b"] * 5), "classification").notes == ()


def test_margins_tell_the_class_of_the_largest() -> None:
    encoder = TargetEncoder.fit(column(["a", "b", "c"]))
    assert encoder.decode([[-0.9, -0.2, -0.5], [0.1, -0.6, -0.1]]).tolist() == ["b", "a"]
