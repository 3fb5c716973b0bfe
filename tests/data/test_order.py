from __future__ import annotations

import numpy as np
import pytest

from fallline.data import RowOrder
from fallline.data.order import AskedOnce
from fallline.errors import DataError, SpecError


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


class Doubled(RowOrder):
    """A kind of `RowOrder` that gives other positions than it."""

    def epoch(self, k: int) -> np.ndarray:
        return 2 * super().epoch(k)


@pytest.mark.parametrize("order", [RowOrder(3, shuffle=False), Doubled(4, shuffle=False)])
def test_positions_of_other_rows_are_refused_also_of_an_order_of_ours(order: RowOrder) -> None:
    with pytest.raises(SpecError, match="an order of 4 rows must give 4 whole numbers from 0 to 3"):
        AskedOnce(order, 4).epoch(1)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint16, np.uint64])
def test_what_an_order_gave_is_kept_though_its_owner_changes_it(dtype: type) -> None:
    class Shared:
        rows = np.arange(4, dtype=dtype)

        def epoch(self, k: int) -> np.ndarray:
            return self.rows

    order = Shared()
    asked = AskedOnce(order, 4)
    given = asked.epoch(1)
    order.rows[:] = 0
    assert given.dtype == np.int64 and given.tolist() == asked.epoch(1).tolist() == [0, 1, 2, 3]
    assert asked.epoch(2).tolist() == [0, 0, 0, 0]
    order.rows[2] = 4
    with pytest.raises(SpecError, match="positions from 0 to 4"):
        asked.epoch(3)


def test_positions_too_large_for_64_bits_with_a_sign_are_refused() -> None:
    class Far:
        def epoch(self, k: int) -> np.ndarray:
            return np.array([0, 2**64 - 1], np.uint64)

    with pytest.raises(SpecError, match="positions from 0 to 18446744073709551615"):
        AskedOnce(Far(), 2).epoch(1)
