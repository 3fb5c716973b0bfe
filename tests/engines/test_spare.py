"""Memory that is used again: never while anybody holds a part of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import fallline as fl
from fallline.engines.spare import _MOST, Spare


def owner(array):
    while array.base is not None:
        array = array.base
    return id(array)


def test_what_nobody_holds_is_handed_out_again():
    spare = Spare()
    first = spare.take(5, 1000)
    where = owner(first)
    del first
    assert owner(spare.take(5, 1000)) == where
    assert owner(spare.take(4, 900)) == where


def test_what_is_held_stays_as_it_is():
    spare = Spare()
    kept = spare.take(5, 100)
    kept[:] = 7
    rows = list(kept)  # each holds all of it
    del kept
    for _ in range(3):
        spare.take(5, 100)[:] = 1
    part = rows[2][50:51]
    del rows
    for _ in range(3):
        spare.take(5, 100)[:] = 2
    assert part[0] == 7


def test_more_is_taken_where_more_is_needed_and_much_is_not_kept():
    spare = Spare()
    assert spare.take(2, 3).shape == (2, 3)
    assert spare.take(3, 50).shape == (3, 50)
    large = spare.take(5, _MOST)
    assert large.shape == (5, _MOST) and large.base is None


def test_threads_never_share_an_array():
    spare = Spare()

    def write(mark: int) -> bool:
        for _ in range(200):
            array = spare.take(5, 500)
            array[:] = mark
            if not (array == mark).all():
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(8)))


def test_what_a_listener_keeps_of_its_steps_is_not_overwritten():
    X = np.random.default_rng(0).normal(size=(50, 2))
    kept = []

    def listen(steps, _):
        kept.append((steps.errors, steps.errors.copy()))

    run = fl.Run(fl.Network.parse("2 -> 3 tanh -> 1"), X, X[:, :1], batch_size=5, epochs=6,
                 on_steps=listen)  # fmt: skip
    for _ in run:
        pass
    assert len(kept) >= 6
    assert all(np.array_equal(one, other) for one, other in kept)
