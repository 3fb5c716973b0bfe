from __future__ import annotations

import numpy as np
import pytest

from fallline.data import TableEncoder, TargetEncoder, find_roles, guess_task, read_table, samples
from fallline.errors import DataError


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_each_sample_is_what_its_row_says(name: str) -> None:
    sample = samples.SAMPLES[name]
    table = samples.load(name, n=150, seed=3)
    assert table.n == 150 and guess_task(samples.load(name)[sample.target])[0] == sample.task
    roles = find_roles(table, sample.target)
    assert all(role.used and role.leak is None for role in roles)
    X = TableEncoder.fit(table, roles).encode(table)
    Y = TargetEncoder.fit(table[sample.target], sample.task).encode(table[sample.target])
    assert np.isfinite(X).all() and np.isfinite(Y).all() and len(X) == len(Y) == 150
    again, other = samples.load(name, n=150, seed=3), samples.load(name, n=150, seed=4)
    pairs = list(zip(table, again, other, strict=True))
    assert all((a.values == b.values).all() for a, b, _ in pairs)
    assert any((a.values != c.values).any() for a, _, c in pairs)


def test_houses_are_read_alike_with_and_without_duckdb() -> None:
    ours, theirs = samples.load("houses"), read_table(samples.path("houses"))
    assert ours.n == 1728 and ours.names == theirs.names
    for a, b in zip(ours, theirs, strict=True):
        assert a.kind == b.kind and (a.values == b.values).all()


def test_cars_and_bikes_are_nearly_parted_by_a_plane_but_not_by_wheels() -> None:
    table = samples.load("cars_and_bikes", n=2000)
    car = table["kind"].values == "car"
    wheels, speed = table["wheels"].values, table["max_speed"].values
    assert set(wheels.tolist()) == {2, 3, 4} and car.sum() == 1000
    assert 0.05 < (wheels == 3).mean() < 0.15 and speed.min() >= 10 and speed.max() <= 320
    A = np.column_stack([np.ones(2000), wheels, speed])
    plane = np.linalg.lstsq(A, np.where(car, 1.0, -1.0), rcond=None)[0]
    assert 0.93 < ((A @ plane > 0) == car).mean() < 1.0
    assert max(((speed > cut) == car).mean() for cut in range(20, 300, 5)) < 0.85


def test_unknown_samples_and_sizes() -> None:
    with pytest.raises(DataError, match="did you mean 'spiral'"):
        samples.load("spirals")
    with pytest.raises(DataError, match="has 1728 rows"):
        samples.load("houses", n=2000)
    with pytest.raises(DataError, match="whole number"):
        samples.load("xor", n=0)
    with pytest.raises(DataError, match="is made"):
        samples.path("xor")


def test_the_noise_of_a_sample_can_be_set() -> None:
    still, usual = samples.load("sine", noise=0.0), samples.load("sine")
    x = still["x"].values
    assert np.allclose(still["y"].values, np.sin(x)) and np.array_equal(usual["x"].values, x)
    for name, sample in samples.SAMPLES.items():
        if sample.noise is None:
            with pytest.raises(DataError, match=r"has no noise to set; moons, .* have"):
                samples.load(name, noise=0.1)
        else:
            own = samples.load(name, noise=sample.noise)
            assert all(
                np.array_equal(a.values, b.values)
                for a, b in zip(own, samples.load(name), strict=True)
            )
    for bad in (-0.1, float("nan"), "0.1"):
        with pytest.raises(DataError, match="noise must be a finite number"):
            samples.load("moons", noise=bad)  # type: ignore[arg-type]
