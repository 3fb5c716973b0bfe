from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.data import Column, k_folds, split_rows
from fallline.errors import DataError


@given(st.integers(3, 400), st.integers(0, 5), st.integers(1, 6))
def test_every_row_is_in_one_part_and_classes_in_all(n: int, seed: int, classes: int) -> None:
    labels = np.random.default_rng(seed).integers(0, classes, n)
    for stratify in (None, labels):
        split = split_rows(n, seed=seed, stratify=stratify)
        parts = (split.train, split.validation, split.test)
        assert sorted(np.concatenate(parts).tolist()) == list(range(n))
        assert all(len(part) and (np.diff(part) > 0).all() for part in parts)
        again = split_rows(n, seed=seed, stratify=stratify)
        assert (again.train == split.train).all()
        if stratify is None:
            assert abs(len(split.train) - 0.7 * n) <= 2
            continue
        for label in np.unique(labels):
            if (labels == label).sum() >= 3:
                assert all((labels[part] == label).any() for part in parts)


def test_seed_matters_and_zero_parts_are_empty() -> None:
    assert (split_rows(50, seed=1).train != split_rows(50, seed=2).train).any()
    split = split_rows(10, (0.8, 0.2, 0.0))
    assert (len(split.train), len(split.validation), len(split.test)) == (8, 2, 0)
    assert len(split_rows(1, (1.0, 0.0, 0.0)).train) == 1


def test_split_is_frozen_for_all_machines() -> None:
    assert split_rows(10, seed=0).test.tolist() == split_rows(10, seed=0).test.tolist()
    labels = Column.of("y", ["a", "b"] * 10)
    assert len(split_rows(20, seed=0, stratify=labels).test) in (2, 4)


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (2, {}, "2 rows cannot be parted into 3 parts; at least 3 rows"),
        (9, {"fractions": (0.5, 0.5)}, "three shares"),
        (9, {"fractions": (0.5, 0.6, 0.1)}, "add up"),
        (9, {"fractions": (0.0, 0.5, 0.5)}, "train above 0"),
        (9, {"seed": -1}, "seed"),
        (9, {"seed": 1.5}, "seed"),
        (9, {"stratify": [1, 2]}, "2 labels, but there are 9 rows"),
    ],
)
def test_bad_splits(n: int, options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_rows(n, **options)


@given(st.integers(2, 200), st.integers(2, 7), st.integers(1, 4))
def test_folds_are_even_and_cover_all(n: int, k: int, classes: int) -> None:
    if n < k:
        with pytest.raises(DataError, match=f"{k} folds need at least {k} rows"):
            k_folds(n, k)
        return
    labels = np.arange(n) % classes
    for stratify in (None, labels):
        folds = list(k_folds(n, k, stratify=stratify))
        assert len(folds) == k
        assert sorted(np.concatenate([v for _, v in folds]).tolist()) == list(range(n))
        sizes = [len(v) for _, v in folds]
        assert max(sizes) - min(sizes) <= 1
        for train, validation in folds:
            assert len(train) + len(validation) == n and not set(train) & set(validation)
    for label in range(classes):
        shares = [int((labels[v] == label).sum()) for _, v in folds]
        assert max(shares) - min(shares) <= 1


def test_bad_folds() -> None:
    with pytest.raises(DataError, match="k must be at least 2"):
        k_folds(10, 1)
