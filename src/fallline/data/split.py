"""Which rows train, which choose the epoch to keep, and which judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, Ints
from ..errors import DataError
from .cells import texts_of
from .grouped import group_codes, group_parts
from .order import checked_seed
from .ordered import known_times, ordered_parts
from .table import Column

__all__ = ["Split", "k_folds", "split_rows"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers, each part in ascending order; together they are every row once."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    n: int,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    stratify: Any = None,
    *,
    group: Any = None,
    time: Any = None,
) -> Split:
    """Part n rows into train, validation and test.

    A part with a fraction above 0 gets at least one row. Stratified, each class is parted on its
    own, and a class with at least as many rows as there are parts stands in every part.

    Parameters
    ----------
    n
        The number of rows.
    fractions
        The shares of train, validation and test; they add up to 1, and train's is above 0.
    seed
        A whole number of at least 0; the same one gives the same split on every machine.
    stratify
        (n,) labels, or a `Column`, whose shares each part should have; None for none. Groups
        come as close to it as whole groups can; in the order of time it has no effect.
    group
        (n,) labels, or a `Column`: rows of one group stand in one part.
    time
        (n,) dates or numbers, or a `Column`: the latest rows are the test, the latest of the
        others the validation; rows of one time stand in one part. Nothing is drawn.

    Raises
    ------
    DataError
        When the fractions do not add up to 1, there are fewer rows, groups or times than parts,
        a column has another length, or both group and time are given.

    Examples
    --------
    >>> split = split_rows(10, (0.6, 0.2, 0.2), seed=1)
    >>> len(split.train), len(split.validation), len(split.test)
    (6, 2, 2)
    >>> split_rows(6, (0.5, 0.0, 0.5), group=["a", "b", "c"] * 2).test.tolist() in (
    ...     [0, 3], [1, 4], [2, 5], [0, 1, 3, 4], [0, 2, 3, 5], [1, 2, 4, 5])
    True
    >>> split_rows(5, (0.4, 0.2, 0.4), time=[2024, 2020, 2022, 2021, 2023]).test.tolist()
    [0, 4]
    """
    shares = _checked_fractions(fractions)
    used = np.flatnonzero(shares > 0)
    if n < len(used):
        raise DataError(
            f"{n} row{'s' * (n != 1)} cannot be parted into {len(used)} parts; at least "
            f"{len(used)} rows are needed, or set a fraction to 0"
        )
    rng = np.random.default_rng(checked_seed(seed))
    _check_one(group, time)
    assigned: Ints
    if time is not None:
        assigned = used[ordered_parts(known_times(time, n), shares[used])]
    elif group is not None:
        codes = group_codes(group, n), _codes(n, stratify)
        assigned = used[group_parts(*codes, shares[used], rng, largest_first=False)]
    else:
        assigned = _drawn_parts(_strata(n, stratify, len(used)), shares, rng, n)
    return Split(*(np.flatnonzero(assigned == part) for part in range(3)))


def _drawn_parts(strata: Sequence[Rows], shares: Floats, rng: np.random.Generator, n: int) -> Ints:
    assigned = np.empty(n, np.int64)
    for rows in strata:
        order = rng.permutation(rows)
        edges = np.cumsum(_sizes(len(order), shares))
        for part, chosen in enumerate(np.split(order, edges[:-1])):
            assigned[chosen] = part
    return assigned


def k_folds(
    n: int,
    k: int = 5,
    seed: int = 0,
    stratify: Any = None,
    *,
    group: Any = None,
    time: Any = None,
) -> Iterator[tuple[Rows, Rows]]:
    """Return an iterator of k pairs (training rows, validation rows), each ascending.

    Every row is in the validation rows of exactly one pair; sizes differ by at most one, within
    each class too where `stratify` is given. With `group`, rows of one group stand on one side,
    and sizes are as even as whole groups allow. With `time`, folds are chained forwards: the rows
    are cut into k + 1 blocks of time, and each block but the first is the validation of a pair
    whose training rows are all those before it.

    Raises
    ------
    DataError
        When k is below 2, there are too few rows, groups or times, or both group and time are
        given.

    Examples
    --------
    >>> [len(validation) for _, validation in k_folds(7, 3)]
    [3, 2, 2]
    >>> [(len(train), len(check)) for train, check in k_folds(8, 3, time=range(8))]
    [(2, 2), (4, 2), (6, 2)]
    """
    if k < 2:
        raise DataError(f"k must be at least 2 for each row to be trained on, but it is {k}")
    if n < k:
        raise DataError(f"{k} folds need at least {k} rows, but there are {n}; use a smaller k")
    rng = np.random.default_rng(checked_seed(seed))
    _check_one(group, time)
    if time is not None:
        block = ordered_parts(known_times(time, n), np.full(k + 1, 1 / (k + 1)))
        return ((np.flatnonzero(block < i), np.flatnonzero(block == i)) for i in range(1, k + 1))
    if group is not None:
        codes = group_codes(group, n), _codes(n, stratify)
        fold = group_parts(*codes, np.full(k, 1 / k), rng, largest_first=True)
    else:
        fold = _dealt(_strata(n, stratify, 1), k, rng, n)
    return ((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k))


def _dealt(strata: Sequence[Rows], k: int, rng: np.random.Generator, n: int) -> Ints:
    fold = np.empty(n, np.int64)
    dealt = 0
    for rows in strata:
        # Dealing on from where the last class ended keeps the folds' sizes within one.
        fold[rng.permutation(rows)] = (dealt + np.arange(len(rows))) % k
        dealt += len(rows)
    return fold


def _check_one(group: Any, time: Any) -> None:
    if group is not None and time is not None:
        raise DataError("rows are parted by group or by time, not by both; leave one out")


def _checked_fractions(fractions: Sequence[float]) -> npt.NDArray[np.float64]:
    shares = np.asarray(fractions, np.float64)
    sound = shares.shape == (3,) and bool(np.isfinite(shares).all()) and bool((shares >= 0).all())
    if not sound or abs(shares.sum() - 1.0) > 1e-9 or shares[0] <= 0:
        raise DataError(
            f"fractions must be three shares of at least 0 (train, validation, test) that add up "
            f"to 1, with train above 0, but they are {tuple(fractions)}"
        )
    return shares


def _sizes(rows: int, shares: Floats) -> Ints:
    """Return the sizes of the parts: largest remainders, then one row for each empty part."""
    exact = rows * shares
    sizes: Ints = np.floor(exact + 1e-9).astype(np.int64)
    remainder = np.argsort(-(exact - sizes), kind="stable")
    sizes[remainder[: rows - sizes.sum()]] += 1
    if rows >= (shares > 0).sum():
        for part in np.flatnonzero((sizes == 0) & (shares > 0)):
            sizes[np.argmax(sizes)] -= 1
            sizes[part] += 1
    return sizes


def _strata(n: int, stratify: Any, parts: int) -> list[Rows]:
    """Return the rows of each class; those of classes too small for every part come together."""
    if stratify is None:
        return [np.arange(n)]
    codes = _codes(n, stratify)
    counts = np.bincount(codes)
    small = np.flatnonzero(counts[codes] < parts)
    whole = [np.flatnonzero(codes == c) for c in np.flatnonzero(counts >= parts)]
    return [*whole, small] if len(small) else whole


def _codes(n: int, stratify: Any) -> Ints:
    """Return the (n,) number of each row's class; 0 where there are none."""
    if stratify is None:
        return np.zeros(n, np.int64)
    labels = texts_of(stratify if isinstance(stratify, Column) else Column.of("label", stratify))
    if len(labels) != n:
        raise DataError(f"stratify has {len(labels)} labels, but there are {n} rows")
    codes: Ints = np.unique(labels.astype(str), return_inverse=True)[1].astype(np.int64)
    return codes
