from __future__ import annotations

import numpy as np
import pytest

from fallline.data import Role, Table, TableEncoder, TargetEncoder, find_roles
from fallline.data.drawn import drawn_parts, group_keys
from fallline.data.moments import Moments, moments
from fallline.data.order import AskedOnce
from fallline.data.shards import BUFFER, SHARDS, owned, places, shard_edges, shard_order
from fallline.data.spread import SpreadOrder, device_bounds
from fallline.data.streamed import fitted, fitted_target, summary
from fallline.errors import DataError

COUNTS = {
    "even": np.full(SHARDS, 10),
    "uneven": np.random.default_rng(0).poisson(12, SHARDS),
    "one shard": np.eye(SHARDS, dtype=int)[17] * 50,
    "few rows": np.eye(SHARDS, dtype=int)[3] + np.eye(SHARDS, dtype=int)[60],
}


@pytest.mark.parametrize("devices", [1, 2, 3, 7, 64])
def test_each_shard_has_one_owner(devices: int) -> None:
    every = [shard for device in range(devices) for shard in owned(device, devices)]
    assert every == list(range(SHARDS))


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_comes_once_an_epoch_and_in_another_order_in_the_next(name: str) -> None:
    counts = COUNTS[name]
    order = SpreadOrder(counts, seed=5)
    first, second = order.epoch(1), order.epoch(2)
    assert sorted(first) == sorted(second) == list(range(counts.sum()))
    assert (first == SpreadOrder(counts, seed=5).epoch(1)).all()
    if order.n > 2:
        assert (first != second).any() and (first != SpreadOrder(counts, seed=6).epoch(1)).any()
    still = SpreadOrder(counts, shuffle=False)
    assert (still.epoch(1) == still.epoch(2)).all()


@pytest.mark.parametrize("devices", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [16, 50])
def test_each_batch_has_of_each_device_its_share(devices: int, size: int) -> None:
    counts = COUNTS["uneven"]
    order, bounds = SpreadOrder(counts).epoch(1), device_bounds(counts, devices)
    shares = np.diff(bounds) / counts.sum()
    for start in range(0, len(order) - size, size):
        owner = np.searchsorted(bounds, order[start : start + size], side="right") - 1
        found = np.bincount(owner, minlength=devices)
        assert np.abs(found - shares * size).max() < 4


def test_more_devices_than_shards_are_refused() -> None:
    with pytest.raises(DataError, match="64 devices at most"):
        device_bounds(COUNTS["even"], 65)


def test_rows_are_shuffled_in_buffers() -> None:
    n = 3 * BUFFER + 5
    order = shard_order(0, 1, 2, n)
    assert sorted(order) == list(range(n))
    buffers = order // BUFFER
    assert (np.diff(buffers) != 0).sum() == 3  # one after another, each as a whole
    assert [shard_order(0, 1, 2, k).tolist() for k in (0, 1)] == [[], [0]]


def test_edges_part_any_number_of_rows() -> None:
    for n in (1, 5, 63, 64, 1000):
        edges = shard_edges(n)
        assert edges[0] == 0 and edges[-1] == n and set(np.diff(edges)) <= {n // 64, n // 64 + 1}


def test_places_of_a_shard_rise() -> None:
    for counts in COUNTS.values():
        for shard in range(SHARDS):
            assert (np.diff(places(counts, shard)) > 0).all()


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_joined_moments_are_those_of_all(scale: float) -> None:
    values = scale * np.random.default_rng(0).normal(3, 2, 1000)
    values[::50] = np.nan
    cuts = np.split(values, [0, 10, 11, 400])
    joined = Moments.joined(Moments.of(part) for part in cuts)
    assert joined.count == np.isfinite(values).sum()
    np.testing.assert_allclose((joined.mean, joined.std), moments(values), rtol=1e-12)


def table(n: int = 500) -> Table:
    rng = np.random.default_rng(1)
    days = np.datetime64("2024-01-01", "us") + rng.integers(0, 10**9, n).astype("m8[s]")
    words = rng.choice(["red house", "blue sky", "old tree", "n/a", "new day dawns"], n)
    number = rng.normal(size=n)
    number[::9] = np.nan
    return Table.of(
        {
            "number": number,
            "yes": rng.choice([True, False], n),
            "kind": rng.choice(["a", "b", "c", "na"], n),
            "pair": rng.choice(["left", "right"], n),
            "when": days,
            "said": np.array([f"{w} {i % 90}" for i, w in enumerate(words)], object),
            "y": rng.normal(size=n),
        }
    )


def test_encoders_joined_from_shards_are_those_of_the_whole_table() -> None:
    whole = table()
    roles = find_roles(whole, "y", text=["said"])
    assert {role.kind for role in roles} == {"numeric", "boolean", "category", "date", "text"}
    target = TargetEncoder.fit(whole["y"])
    found = [
        told(whole, np.arange(*at), roles, target) for at in ((0, 0), (0, 7), (7, 400), (400, 500))
    ]
    ours, theirs = fitted(found, roles), TableEncoder.fit(whole, roles)
    assert ours.feature_names == theirs.feature_names
    np.testing.assert_allclose(ours.encode(whole), theirs.encode(whole), rtol=1e-12, atol=1e-12)
    again = fitted_target(found, target)
    np.testing.assert_allclose((again.means, again.stds), (target.means, target.stds), rtol=1e-12)


def told(whole: Table, rows: np.ndarray, roles: tuple[Role, ...], target: TargetEncoder) -> object:
    part, mask = whole.take(rows), np.ones(len(rows), bool)
    return summary(part, mask, mask, roles, target)


def test_classes_joined_from_shards_are_those_of_the_whole_table() -> None:
    whole = Table.of({"x": np.arange(30.0), "y": ["b", "a", "c"] * 10})
    target = TargetEncoder.fit(whole["y"])
    roles = find_roles(whole, "y", numeric=["x"])
    found = [told(whole, np.arange(i, i + 1), roles, target) for i in range(30)]
    assert fitted_target(found, target).labels == target.labels == ("a", "b", "c")
    with pytest.raises(DataError, match="only the class 'b'"):
        fitted_target(found[:1], target)


def test_parts_are_drawn_for_each_row_by_itself() -> None:
    parts = drawn_parts(np.arange(20_000), 3, (0.6, 0.15, 0.25))
    np.testing.assert_allclose(np.bincount(parts) / 20_000, (0.6, 0.15, 0.25), atol=0.01)
    some = np.arange(5, 20_000, 7)
    assert (drawn_parts(some, 3, (0.6, 0.15, 0.25)) == parts[some]).all()
    assert (drawn_parts(some, 4, (0.6, 0.15, 0.25)) != parts[some]).any()
    assert set(drawn_parts(some, 3, (1.0, 0.0, 0.0))) == {0}
    assert group_keys(["a", "b", "a"]).tolist()[::2] == group_keys(["a", "a"]).tolist()


def test_the_order_of_all_rows_takes_four_bytes_a_row_and_is_not_copied() -> None:
    order = SpreadOrder(np.arange(SHARDS), seed=3)
    asked = AskedOnce(order, order.n)
    found = asked.epoch(1)
    assert found.dtype == np.int32 and asked.epoch(1) is found
    assert sorted(found.tolist()) == list(range(order.n))
    assert sum(at.nbytes for at in order._places) == found.nbytes == 4 * order.n
