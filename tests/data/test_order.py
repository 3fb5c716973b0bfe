from __future__ import annotations

import numpy as np
import pytest

from fallline.data import RowOrder
from fallline.errors import DataError


def test_an_epoch_is_a_pure_function_of_seed_and_number() -> None:
    order = RowOrder(100, seed=7)
    first = order.epoch(5)
    order.epoch(0)
    assert first.dtype == np.int64 and (order.epoch(5) == first).all()
    assert (np.sort(first) == np.arange(100)).all()
    assert (first == np.random.default_rng([7, 5]).permutation(100)).all()
    assert (first != order.epoch(6)).any() and (first != RowOrder(100, seed=8).epoch(5)).any()


def test_without_shuffling_rows_stand_as_they_are() -> None:
    assert RowOrder(4, shuffle=False).epoch(3).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("arguments", [(0,), (5, -1), (5, 0.5), (5, True), (5, "a")])
def test_bad_orders(arguments: tuple[int, ...]) -> None:
    with pytest.raises(DataError):
        RowOrder(*arguments)
    with pytest.raises(DataError, match="counted from 0"):
        RowOrder(5).epoch(-1)
