"""Products in tiles of bfloat16 are as precise as those of multiply-adds in float."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.conftest import WITHOUT_CORE
from tests.engines.test_native_fused import descent, task

from fallline.engines.protocol import Rows, Stop
from fallline.formulas.optimizers import SGD
from fallline.spec.plan import Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from fallline import _core

with_tiles = pytest.mark.skipif("amx" not in _core.kernels(), reason="this machine has no tiles")

SHAPES = [
    ("130 -> 200 relu -> 193 tanh -> 10", 128, 384),
    ("40 -> 192 tanh -> 192 tanh -> 3", 100, 250),  # a last batch of 50 rows
    ("1000 -> 300 relu -> 1", 96, 192),
    ("784 -> 128 relu -> 10", 64, 192),
]


def steps_of(kernels: str, shape, dtype, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return how far weights moved in some steps, and the norms of their gradients."""
    net, plan, rows, theta, order = task(shape, Plan(optimizer=SGD(0.1)), np.float32)
    X = (rows.X * np.float32(scale)).astype(dtype)
    rows = Rows(X, rows.Y.astype(dtype), rows.weights.astype(dtype))
    run = descent(kernels, 1, net, plan, rows, theta.astype(dtype))
    run.go(order)
    return run.theta.astype(np.float64) - theta, np.array(run.norms)


def distance(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


@with_tiles
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape[0])
def test_tiles_are_as_precise_as_float(shape):
    way, norms = steps_of("v2", shape, np.float64)
    plain, tiled = (steps_of(kernels, shape, np.float32) for kernels in ("v4", "amx"))
    assert (plain[0] != tiled[0]).any(), "these layers are not multiplied in tiles"
    assert distance(tiled[0], way) < max(1.5 * distance(plain[0], way), 1e-6)
    assert distance(tiled[1], norms) < 1e-6


@with_tiles
@pytest.mark.parametrize("scale", [1e-12, 1e6])
def test_tiles_take_numbers_of_all_sizes(scale):
    """The parts of a number are split off by its bits, whatever its exponent."""
    exact, found = (
        steps_of(kernels, ("130 -> 200 relu -> 200 relu -> 10", 128, 128), dtype, scale)[1]
        for kernels, dtype in (("v2", np.float64), ("amx", np.float32))
    )
    assert distance(found, exact) < 1e-6


@with_tiles
def test_compressed_rows_beside_tiles():
    """A layer all of whose inputs are compressed has biases, but nothing for tiles to multiply."""
    net, plan, rows, theta, order = task(SHAPES[1], Plan(optimizer=SGD(0.1)), np.float32)
    rows.X[rows.X < 0.5] = 0
    moved = []
    for X in (rows.X, csr_array(rows.X)):
        run = descent("amx", 1, net, plan, Rows(X, rows.Y, rows.weights), theta)
        run.go(order)
        moved.append(run.theta.astype(np.float64) - theta)
    assert distance(*moved) < 1e-5


@with_tiles
def test_what_is_not_finite_is_told():
    net, plan, rows, theta, order = task(SHAPES[0], Plan(optimizer=SGD(1e-3)), np.float32)
    rows.X[order[3], 5] = np.inf
    run = descent("amx", 1, net, plan, rows, theta)
    _, steps = run.engine.advance(run.state, rows, order, np.full(3, 1e-3), Stop())
    assert not steps.finite
