"""Parts made of whole groups: all rows of a patient, a house, a session stand in one part."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..errors import DataError
from .cells import nulls_of, texts_of
from .table import Column

__all__ = ["group_codes", "group_parts"]


def group_codes(group: Any, n: int) -> Ints:
    """Return the (n,) number of each row's group; rows whose group is not known are one group.

    Parameters
    ----------
    group
        (n,) labels, or a `Column`.

    Examples
    --------
    >>> group_codes(["b", "a", None, "b", None], 5).tolist()
    [2, 1, 0, 2, 0]
    """
    column = group if isinstance(group, Column) else Column.of("group", group)
    if len(column) != n:
        raise DataError(f"group has {len(column)} labels, but there are {n} rows")
    texts = np.where(nulls_of(column), "", texts_of(column).astype(str))
    return np.unique(texts, return_inverse=True)[1].astype(np.int64)


def group_parts(
    groups: Ints, strata: Ints, shares: Floats, rng: np.random.Generator, *, largest_first: bool
) -> Ints:
    """Return the (n,) part of each row, all rows of a group in one part.

    Each group goes, in a drawn order, where the parts' numbers of rows, of each stratum, then
    come closest to their shares: least Σ (rows − wanted)²/wanted. No part stays empty.

    Parameters
    ----------
    groups, strata
        (n,) codes of the rows' groups and classes, from 0.
    shares
        (parts,) above 0, adding up to 1.
    rng
        Draws the order.
    largest_first
        Whether larger groups come first, for the evenest parts; else they stand anywhere.

    Raises
    ------
    DataError
        When there are fewer groups than parts.
    """
    counts = np.zeros((groups.max() + 1, strata.max() + 1))
    np.add.at(counts, (groups, strata), 1)
    if len(counts) < len(shares):
        raise DataError(
            f"{len(counts)} group{'s' * (len(counts) != 1)} cannot be parted into {len(shares)} "
            "parts, each with whole groups; name a column with more groups, or set a share to 0"
        )
    order = rng.permutation(len(counts))
    if largest_first:
        order = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    wanted = shares[:, None] * counts.sum(axis=0)
    part = np.empty(len(counts), np.int64)
    filled = np.zeros_like(wanted)
    empty = np.ones(len(shares), np.bool_)
    for place, group in enumerate(order):
        # The change of Σ (filled − wanted)²/wanted, up to a constant factor and term.
        cost = (counts[group] * (2 * (filled - wanted) + counts[group]) / wanted).sum(axis=1)
        if empty.sum() >= len(order) - place:
            cost[~empty] = np.inf
        part[group] = np.argmin(cost)
        filled[part[group]] += counts[group]
        empty[part[group]] = False
    return part[groups]
