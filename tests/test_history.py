"""Histories: records of epochs, their best, their columns and their JSON lines."""

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError

import hypothesis
import numpy as np
import pandas
import pytest
from hypothesis import strategies as st

from fallline.errors import DataError
from fallline.history import Epoch, History, Step

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EPOCHS = st.builds(
    Epoch,
    epoch=st.integers(1, 10**9),
    steps=st.integers(0, 10**12),
    rows=st.integers(0, 10**12),
    error=NUMBERS,
    validation_error=st.none() | NUMBERS,
    metrics=st.dictionaries(st.sampled_from(["r2", "mae", "accuracy"]), NUMBERS),
    learning_rate=NUMBERS,
    gradient_norm=NUMBERS,
    seconds=NUMBERS,
    error_at_end=st.none() | NUMBERS,
)


def epoch(number: int, error: float, validation: float | None = None, **changes) -> Epoch:
    given = {"metrics": {"r2": error / 10}, "seconds": 0.1} | changes
    return Epoch(number, number, 8, error, validation, given.pop("metrics"), 0.1, 1.0, **given)


@hypothesis.given(st.lists(EPOCHS, max_size=4))
def test_json_lines_come_back_bit_for_bit(epochs):
    history = History(epochs)
    text = history.to_jsonl()
    again = History.from_jsonl(text)
    assert again == history
    assert again.column("seconds") == history.column("seconds")  # which equality leaves out
    assert again.to_jsonl() == text and text.count("\n") == len(epochs)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_null_in_json_and_nan_again(bad):
    history = History([epoch(1, bad, metrics={"r2": bad}, error_at_end=bad)])
    plain = json.loads(history.to_jsonl(), parse_constant=pytest.fail)
    assert plain["error"] is plain["metrics"]["r2"] is plain["error_at_end"] is None
    again = History.from_jsonl(history.to_jsonl())[0]
    assert math.isnan(again.error) and math.isnan(again.metrics["r2"])
    assert again.validation_error is None


@pytest.mark.parametrize(
    "line",
    ["5", "[]", "null", "{}", "{", '"x"', "NaN", '{"metrics": {}, "nosuch": 2}', "[" * 10**5],
)
def test_a_line_that_is_no_epoch_is_named(line):
    good = History([epoch(1, 0.5)]).to_jsonl()
    with pytest.raises(DataError, match="line 2 of the history is no epoch"):
        History.from_jsonl(good + line + "\n")


@pytest.mark.parametrize(
    ("sound", "bad"),
    [('{"r2": 0.05}', "7"), ('{"r2": 0.05}', '{"r2": "x"}'), ('"error": 0.5', '"error": "0.5"')],
)
def test_a_value_that_is_no_number_is_named(sound, bad):
    line = History([epoch(1, 0.5)]).to_jsonl()
    assert sound in line
    with pytest.raises(DataError, match=r"line 1 of the history is no epoch: .*(number|object)"):
        History.from_jsonl(line.replace(sound, bad))


def test_a_file_holds_the_lines(tmp_path):
    history = History([epoch(1, 0.5), epoch(2, 0.25)])
    history.save(tmp_path / "history.jsonl")
    assert History.from_jsonl((tmp_path / "history.jsonl").read_text(encoding="utf-8")) == history


def test_the_best_is_of_the_least_validation_error_else_of_the_least_error():
    assert History([epoch(1, 3), epoch(2, 1), epoch(3, 2)]).best.epoch == 2
    assert History([epoch(1, 3, 0.1), epoch(2, 1, 0.2)]).best.epoch == 1
    assert History([epoch(1, math.nan), epoch(2, 5)]).best.epoch == 2
    assert History([epoch(1, 1), epoch(2, 1)]).best.epoch == 1
    with pytest.raises(DataError, match="no epoch yet; train first"):
        _ = History().best


def test_it_is_a_sequence():
    history = History([epoch(1, 3), epoch(2, 2), epoch(3, 1)])
    assert len(history) == 3 and history[-1].epoch == 3 and [e.epoch for e in history] == [1, 2, 3]
    assert history[1:] == History([epoch(2, 2), epoch(3, 1)]) != history
    assert history.append(epoch(4, 0)) != history and len(history) == 3
    assert hash(History(history)) == hash(history)
    assert epoch(2, 2) in history and history.index(epoch(2, 2)) == 1
    assert History() == History() and not History() and history != [*history]


def test_histories_that_go_on_from_the_same_one_do_not_see_each_other():
    """They share what they have in common, and nothing else."""
    short = History([epoch(1, 3)])
    long = short.append(epoch(2, 2)).append(epoch(3, 1))
    other = short.append(epoch(2, 9))
    longest, again = long.append(epoch(4, 0)), long[:2].append(epoch(3, 7))
    assert [e.error for e in short] == [3]
    assert [e.error for e in long] == [3, 2, 1]
    assert [e.error for e in other] == [3, 9]
    assert [e.error for e in longest] == [3, 2, 1, 0]
    assert [e.error for e in again] == [3, 2, 7]
    assert short.append(epoch(2, 2)) == long[:2] and short.best.error == 3
    twice = epoch(2, 5)
    one, two = short.append(twice), short.append(twice)
    assert one.append(epoch(3, 1)) != two.append(epoch(3, 2)) and one == two


def test_a_history_ends_where_longer_ones_go_on():
    short = History([epoch(1, 3), epoch(2, 2)])
    long = short.append(epoch(3, 1))
    assert short[-1].epoch == 2 and short[np.int64(1)] is short[-1]
    assert [e.epoch for e in short[::-1]] == [2, 1] and len(short[1:9]) == 1 and not short[2:]
    for index in (2, -3):
        with pytest.raises(IndexError):
            _ = short[index]
    assert short.column("error") == [3, 2] and short.to_jsonl().count("\n") == 2
    assert len(short.to_frame()) == 2 and short != long and hash(short) != hash(long)
    for copied in (pickle.loads(pickle.dumps(short)), copy.deepcopy(short)):
        assert copied == short and copied.append(epoch(3, 8)) != long
    assert len(pickle.dumps(short)) < len(pickle.dumps(long))


def test_equality_leaves_the_clock_out():
    assert epoch(1, 2, seconds=0.1) == epoch(1, 2, seconds=9.0)


def test_columns_are_fields_or_metrics():
    history = History([epoch(1, 3, 4), epoch(2, 2, 5)])
    assert history.column("error") == [3, 2] and history.column("r2") == [0.3, 0.2]
    with pytest.raises(AttributeError):
        history.column("nosuch")


def test_a_frame_has_a_row_an_epoch_and_metrics_as_columns():
    history = History([epoch(1, 3, 4), epoch(2, 2)])
    frame = history.to_frame()
    assert isinstance(frame, pandas.DataFrame) and "metrics" not in frame
    assert list(frame["epoch"]) == [1, 2] and list(frame["r2"]) == [0.3, 0.2]
    np.testing.assert_array_equal(frame["validation_error"].astype(float), [4, np.nan])
    assert history[0].metrics == {"r2": 0.3}  # not taken apart


def test_it_shows_itself_in_a_line():
    assert repr(History()) == "History(no epoch yet)"
    shown = repr(History([epoch(1, 3, 0.25), epoch(2, 2, 0.5)]))
    assert shown == "History(2 epochs, least error 0.25 in epoch 1)"


def test_records_are_frozen():
    with pytest.raises(FrozenInstanceError):
        epoch(1, 2).error = 0
    with pytest.raises(FrozenInstanceError):
        Step(1, 1, np.arange(3), 0.5, 0.1, 1.0).error = 0
