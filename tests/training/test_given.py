"""Validation rows from a table of their own, beside groups and time; and folds of a resumed job."""

import datetime as dt

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DataError
from fallline.training import Stage

QUICK = {"l2": 0.01, "epochs": 3, "seed": 1}
RNG = np.random.default_rng(0)
N = 200
X = RNG.normal(size=N)
TABLE = fl.Table.of(
    {
        "x": X,
        "grp": [f"g{i % 40}" for i in range(N)],
        "day": [str(dt.date(2020, 1, 1) + dt.timedelta(i)) for i in range(N)],
        "y": X + 0.1 * RNG.normal(size=N),
    }
)


def rows(*parts: slice) -> fl.Table:
    return TABLE.take(np.concatenate([np.arange(N)[part] for part in parts]))


def test_a_group_may_not_stand_in_both_tables():
    first, second = rows(slice(0, N, 2)), rows(slice(1, N, 2))  # even groups, odd groups
    result = fl.train(first, "y", validation_data=second, group="grp", **QUICK)
    assert result.rows["validation"] == 100
    halves = rows(slice(0, 100)), rows(slice(100, N))
    with pytest.raises(
        DataError, match=r"40 stand in .*\('g0', 'g1', 'g10', \.\.\.\); leave their"
    ):
        fl.train(halves[0], "y", validation_data=halves[1], group="grp", **QUICK)
    assert fl.train(halves[0], "y", validation_data=halves[1], drop="grp", **QUICK)


def test_groups_are_compared_as_text_and_those_not_known_are_one():
    ours = {"x": X[:40], "grp": [*range(39), None], "y": X[:40]}
    theirs = {"x": X[:3], "grp": ["41.0", "42", "43"], "y": X[:3]}
    assert fl.train(ours, "y", validation_data=theirs, group="grp", **QUICK)
    for shared in ("7", "7.0", None):
        again = theirs | {"grp": ["41", shared, "43"]}
        if shared == "7.0":
            continue  # text that is spelt otherwise is another group
        with pytest.raises(DataError, match="1 stand in"):
            fl.train(ours, "y", validation_data=again, group="grp", **QUICK)


def test_in_time_validation_lies_between_training_and_test():
    early, late = rows(slice(0, 100)), rows(slice(100, N))
    settings = {"time": "day", **QUICK}
    with pytest.raises(DataError, match=r"earlier than the test rows, but .* take test=0"):
        fl.train(early, "y", validation_data=late, **settings)
    assert fl.train(early, "y", validation_data=late, test=0, **settings).rows["validation"] == 100
    with pytest.raises(DataError, match="later than the training rows, but"):
        fl.train(late, "y", validation_data=early, test=0, **settings)
    between = rows(slice(0, 100), slice(160, N)), rows(slice(100, 160))
    result = fl.train(between[0], "y", validation_data=between[1], test=40 / 140, **settings)
    assert result.rows == {"train": 100, "validation": 60, "test": 40}


def test_times_of_two_tables_are_read_alike():
    """What is text in one table and dates in the other, and rows without a time."""
    days = [dt.date(2020, 1, 1) + dt.timedelta(i) for i in range(N)]
    ours = {"x": X[:100], "day": days[:100], "y": X[:100]}
    theirs = {"x": X[100:], "day": [str(day) for day in days[100:-1]] + [""], "y": X[100:]}
    result = fl.train(ours, "y", validation_data=theirs, time="day", test=0, **QUICK)
    assert result.rows["validation"] == 99
    with pytest.raises(DataError, match="earlier than the test rows"):
        fl.train(ours, "y", validation_data=theirs, time="day", **QUICK)


def test_a_resumed_training_judges_no_fold_again_and_says_so(tmp_path):
    file, stages = tmp_path / "run.ckpt", []
    settings = {"folds": 2, "l2": 0.01, "epochs": 4}

    def stop(stage: Stage) -> None:
        if stage.name == "training" and stage.done == 3:
            raise KeyboardInterrupt

    with pytest.warns(fl.errors.InterruptWarning):
        fl.train(TABLE, "y", checkpoint=file, checkpoint_every=2, watch=stop, **settings)
    result = fl.train(TABLE, "y", resume=file, watch=stages.append, **settings)
    assert {stage.name for stage in stages} == {"training"}
    assert result.cross_validation is None
    assert any("judges no fold again" in note for note in result.notes)
    whole = fl.train(TABLE, "y", **settings)
    assert whole.cross_validation is not None
    assert whole.model.theta.tobytes() == result.model.theta.tobytes()
