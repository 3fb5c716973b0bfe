"""Which rows train, which choose the epoch to keep, and which judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Ints
from ..errors import DataError
from .cells import texts_of
from .order import checked_seed
from .table import Column

__all__ = ["Split", "k_folds", "split_rows"]

Rows = npt.NDArray[np.int64]
_PARTS = ("train", "validation", "test")


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
        (n,) labels, or a `Column`, whose shares each part should have; None for none.

    Raises
    ------
    DataError
        When the fractions do not add up to 1, there are fewer rows than parts, or `stratify` has
        another length.

    Examples
    --------
    >>> split = split_rows(10, (0.6, 0.2, 0.2), seed=1)
    >>> len(split.train), len(split.validation), len(split.test)
    (6, 2, 2)
    """
    shares = _checked_fractions(fractions)
    parts = int((shares > 0).sum())
    if n < parts:
        raise DataError(
            f"{n} row{'s' * (n != 1)} cannot be parted into {parts} parts; at least {parts} rows "
            "are needed, or set a fraction to 0"
        )
    rng = np.random.default_rng(checked_seed(seed))
    assigned = np.empty(n, np.int64)
    for rows in _strata(n, stratify, parts):
        order = rng.permutation(rows)
        edges = np.cumsum(_sizes(len(order), shares))
        for part, chosen in enumerate(np.split(order, edges[:-1])):
            assigned[chosen] = part
    return Split(*(np.flatnonzero(assigned == part) for part in range(3)))


def k_folds(n: int, k: int = 5, seed: int = 0, stratify: Any = None) -> Iterator[tuple[Rows, Rows]]:
    """Return an iterator of k pairs (training rows, validation rows), each ascending.

    Every row is in the validation rows of exactly one pair; sizes differ by at most one, within
    each class too where `stratify` is given.

    Raises
    ------
    DataError
        When k is below 2 or there are fewer rows than k.

    Examples
    --------
    >>> [len(validation) for _, validation in k_folds(7, 3)]
    [3, 2, 2]
    """
    if k < 2:
        raise DataError(f"k must be at least 2 for each row to be trained on, but it is {k}")
    if n < k:
        raise DataError(f"{k} folds need at least {k} rows, but there are {n}; use a smaller k")
    rng = np.random.default_rng(checked_seed(seed))
    fold = np.empty(n, np.int64)
    dealt = 0
    for rows in _strata(n, stratify, 1):
        # Dealing on from where the last class ended keeps the folds' sizes within one.
        fold[rng.permutation(rows)] = (dealt + np.arange(len(rows))) % k
        dealt += len(rows)
    return ((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k))


def _checked_fractions(fractions: Sequence[float]) -> npt.NDArray[np.float64]:
    shares = np.asarray(fractions, np.float64)
    sound = shares.shape == (3,) and bool(np.isfinite(shares).all()) and bool((shares >= 0).all())
    if not sound or abs(shares.sum() - 1.0) > 1e-9 or shares[0] <= 0:
        raise DataError(
            f"fractions must be three shares of at least 0 (train, validation, test) that add up "
            f"to 1, with train above 0, but they are {tuple(fractions)}"
        )
    return shares


def _sizes(rows: int, shares: npt.NDArray[np.float64]) -> Ints:
    """Return the sizes of the parts: largest remainders, then one row for each empty part."""
    exact = rows * shares
    sizes = np.floor(exact + 1e-9).astype(np.int64)
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
    labels = texts_of(stratify if isinstance(stratify, Column) else Column.of("label", stratify))
    if len(labels) != n:
        raise DataError(f"stratify has {len(labels)} labels, but there are {n} rows")
    _, codes = np.unique(labels.astype(str), return_inverse=True)
    counts = np.bincount(codes)
    small = np.flatnonzero(counts[codes] < parts)
    whole = [np.flatnonzero(codes == c) for c in np.flatnonzero(counts >= parts)]
    return [*whole, small] if len(small) else whole
