"""Splits and folds by group and in the order of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.data import Column, k_folds, split_rows
from fallline.errors import DataError

SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(6, 300), st.integers(3, 40), st.integers(1, 4), SEEDS)
def test_no_group_stands_in_two_parts(n: int, groups: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    group[:3] = [0, 1, 2]  # at least as many as parts
    labels = rng.integers(0, classes, n)
    for stratify in (None, labels):
        split = split_rows(n, seed=seed, stratify=stratify, group=group)
        parts = (split.train, split.validation, split.test)
        assert sorted(np.concatenate(parts).tolist()) == list(range(n))
        inside = [set(group[part].tolist()) for part in parts]
        assert all(inside) and not (inside[0] & inside[1] | inside[0] & inside[2])
        assert not inside[1] & inside[2]
        again = split_rows(n, seed=seed, stratify=stratify, group=group)
        assert (again.test == split.test).all()


@given(st.integers(4, 200), st.integers(2, 5), SEEDS)
def test_no_group_stands_on_both_sides_of_a_fold(n: int, k: int, seed: int) -> None:
    group = np.random.default_rng(seed).integers(0, 30, n)
    if len(np.unique(group)) < k:
        with pytest.raises(DataError, match=r"groups? cannot be parted|folds need"):
            k_folds(n, k, group=group)
        return
    folds = list(k_folds(n, k, seed, group=group))
    assert sorted(np.concatenate([check for _, check in folds]).tolist()) == list(range(n))
    for fit, check in folds:
        assert len(fit) and len(check) and len(fit) + len(check) == n
        assert not set(group[fit].tolist()) & set(group[check].tolist())


def test_parts_of_small_groups_come_close_to_their_shares() -> None:
    rng = np.random.default_rng(0)
    group, labels = rng.integers(0, 200, 2000), (rng.random(2000) < 0.2).astype(int)
    split = split_rows(2000, seed=1, stratify=labels, group=group)
    for part, share in ((split.train, 0.7), (split.validation, 0.15), (split.test, 0.15)):
        assert abs(len(part) / 2000 - share) < 0.01
        assert abs(labels[part].mean() - labels.mean()) < 0.03
    sizes = [len(check) for _, check in k_folds(2000, 5, group=group)]
    assert max(sizes) - min(sizes) <= 10


def test_rows_without_a_group_stand_together() -> None:
    group = Column.of("patient", ["a", None, "b", None, "n/a", "c"])
    for fit, check in k_folds(6, 2, group=group):
        unknown = {1, 3, 4}
        assert unknown <= set(fit.tolist()) or unknown <= set(check.tolist())


@given(st.integers(3, 300), SEEDS, st.booleans())
def test_the_test_is_the_latest_and_the_validation_before_it(n: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    time = rng.integers(0, max(3, n // 4), n) if ties else rng.permutation(n)
    time[rng.permutation(n)[:3]] = [-1, 0, 10**6]  # at least as many as parts
    split = split_rows(n, (0.5, 0.25, 0.25), time=time)
    parts = (split.train, split.validation, split.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert time[split.train].max() < time[split.validation].min()
    assert time[split.validation].max() < time[split.test].min()
    if not ties:
        assert abs(len(split.test) - n / 4) <= 1.5


@given(st.integers(8, 200), st.integers(2, 5), SEEDS)
def test_folds_in_time_are_chained_forwards(n: int, k: int, seed: int) -> None:
    time = np.random.default_rng(seed).permutation(n)
    folds = list(k_folds(n, k, time=time))
    assert len(folds) == k
    before: set[int] = set()
    for fit, check in folds:
        assert len(fit) and len(check) and time[fit].max() < time[check].min()
        assert before <= set(fit.tolist())
        before = set(fit.tolist()) | set(check.tolist())
    assert before == set(range(n))


@pytest.mark.parametrize(
    "time",
    [
        ["2020-03-01", "2019-05-01", "2021-01-01", "2018-01-01"],
        ["1.3.2020", "1.5.2019", "1.1.2021", "1.1.2018"],
        np.array(["2020-03-01", "2019-05-01", "2021-01-01", "2018-01-01"], "M8[D]"),
        [3, 2, 4, 1],
        [0.3, 0.2, 0.4, 0.1],
        ["3", "2", "10", "1"],
    ],
)
def test_times_may_be_dates_numbers_or_text(time: object) -> None:
    split = split_rows(4, (0.5, 0.25, 0.25), time=time)
    assert (split.train.tolist(), split.validation.tolist(), split.test.tolist()) == (
        [1, 3],
        [0],
        [2],
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": ["a", "b"] * 3}, "2 groups cannot be parted into 3 parts"),
        ({"group": ["a"] * 5}, "5 labels, but there are 6 rows"),
        ({"time": [1, 1, 1, 2, 2, 2]}, "2 different times cannot be parted into 3"),
        ({"time": [1, 2, 3]}, "3 entries, but there are 6 rows"),
        ({"time": [1, 2, 3, None, 5, 6]}, "1 row has no time"),
        ({"time": list("abcdef")}, "must hold dates or numbers"),
        ({"time": [True] * 6}, "must hold dates or numbers"),
        ({"time": range(6), "group": range(6)}, "by group or by time, not by both"),
    ],
)
def test_what_cannot_part_rows(options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_rows(6, **options)  # type: ignore[arg-type]
