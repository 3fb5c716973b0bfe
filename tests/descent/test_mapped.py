"""Rows in files that are mapped to memory: none is copied as a whole, and no bit depends on it."""

from pathlib import Path

import numpy as np
import pytest

import fallline as fl

NET = fl.Network.parse("6 -> 8 relu -> 1")
RNG = np.random.default_rng(0)
ARRAYS = {"X": RNG.normal(size=(200, 6)), "y": RNG.normal(size=(200, 1)), "s": np.ones(200)}


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_they_are_read_where_they_lie(tmp_path: Path, optimizer: str) -> None:
    held = {}
    for name, array in ARRAYS.items():
        array.tofile(tmp_path / name)
        held[name] = np.memmap(tmp_path / name, np.float64, "r", shape=array.shape)
    runs = [
        fl.Run(NET, rows["X"], rows["y"], sample_weight=rows["s"], epochs=3, optimizer=optimizer)
        for rows in (held, ARRAYS)
    ]
    for own, mapped in zip(runs[0]._rows, held.values(), strict=True):
        assert np.shares_memory(own, mapped)
    ours, theirs = ([epoch.error for epoch in run] for run in runs)
    assert ours == theirs and runs[0].theta.tobytes() == runs[1].theta.tobytes()
