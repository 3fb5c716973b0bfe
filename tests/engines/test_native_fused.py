"""Fused steps are the steps of the separate phases, bit for bit, and so the reference's."""

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE
from tests.engines.test_advance import Descent
from tests.engines.test_native import variants

from fallline.engines.protocol import Rows
from fallline.formulas.optimizers import SGD, Adagrad, AdamW, RMSProp
from fallline.spec.network import Network
from fallline.spec.plan import Plan

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from fallline import _core
from fallline.engines.native import NativeEngine

every_kernel = pytest.mark.parametrize("kernels", _core.kernels())
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])

# Panels, tiles and blocks of 64 rows that are full, and such that are not; outputs of all widths.
SHAPES = [
    ("30 -> 64 relu -> 64 relu -> 4", 64, 192),
    ("784 -> 128 relu -> 10", 128, 256),  # with tiles, where there are, and a sum cut in two
    ("530 -> 150 relu -> 130 tanh -> 3", 300, 700),  # likewise
    ("100 -> 200 relu -> 110 tanh -> 10", 130, 400),  # likewise
    ("170 -> 130 relu -> 160 tanh -> 3", 70, 200),  # likewise, with panels that are not full
    ("260 -> 300 relu -> 200 tanh -> 10", 70, 200),  # with layers that threads share by panels
    ("33 -> 100 tanh -> 17 gelu -> 3", 70, 150),
    ("5 -> 7 logistic -> 40 relu -> 1", 200, 500),
    ("3 -> 1", 300, 700),
]
PLANS = [
    Plan(),
    Plan(optimizer=SGD(0.01, momentum=0.9, nesterov=True), l2=0.01),
    Plan(optimizer=AdamW(weight_decay=0.1), l1=0.001, clip_value=0.05),
    Plan(optimizer=RMSProp(), input_noise=0.1, seed=3),
    Plan(optimizer=Adagrad()),  # a square that two sums have: compilers join it to either
]


def task(shape, plan, dtype):
    """Return a network, a plan, rows of which some have no weight, θ and an order."""
    text, batch, n = shape
    net, rng = Network.parse(text), np.random.default_rng(1)
    weights = rng.uniform(0.5, 2, n) * (rng.uniform(size=n) > 0.1)
    arrays = (rng.normal(size=(n, net.n_inputs)), rng.normal(size=(n, net.n_outputs)), weights)
    given = Rows(*(array.astype(dtype) for array in arrays))
    theta = net.initial(seed=2, dtype=dtype)
    return net, replace(plan, batch_size=batch), given, theta, rng.permutation(n)


def descent(kernels, threads, net, plan, given, theta) -> Descent:
    own = Descent("reference", net, plan, given, theta)
    own.engine = NativeEngine(kernels, threads=threads)
    own.state = own.engine.start(net, plan, theta)
    return own


def near(found, expected, tolerance) -> None:
    distance = np.linalg.norm(np.subtract(found, expected, dtype=np.float64))
    assert distance <= tolerance * np.linalg.norm(np.asarray(expected, np.float64))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape[0])
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.optimizer.name)
@every_dtype
@every_kernel
def test_fused_steps_are_those_of_the_phases_and_of_the_reference(
    kernels, dtype, plan, shape, monkeypatch
):
    net, plan, given, theta, order = task(shape, plan, dtype)
    cut = 2 * plan.batch_size
    fused, threaded = (descent(kernels, n, net, plan, given, theta) for n in (1, 3))
    monkeypatch.setenv("FALLLINE_PATH", "generic")
    phases = descent(kernels, 1, net, plan, given, theta)
    phases.go(order)
    monkeypatch.delenv("FALLLINE_PATH")
    fused.go(order)
    for part in (order[:cut], order[cut:]):
        if len(part):
            threaded.go(part)
    for name, array in phases.arrays.items():
        np.testing.assert_array_equal(fused.arrays[name], array)
        np.testing.assert_array_equal(threaded.arrays[name], array)
    assert fused.errors == phases.errors == threaded.errors or plan.l1 or plan.l2
    near(fused.errors, phases.errors, 1e-13)
    # Fused steps add the squares of float pieces in float first.
    wide = dtype == np.float64
    near(fused.norms, phases.norms, 1e-13 if wide else 1e-6)
    assert fused.norms == threaded.norms and fused.errors == threaded.errors
    first = order[: plan.batch_size]
    ours, theirs = descent(kernels, 1, net, plan, given, theta), Descent(
        "reference", net, plan, given, theta
    )  # fmt: skip
    for own in (ours, theirs):
        own.go(first)
    # A first step of Adam's is nearly the gradient's sign: where that is near 0, rounding is seen.
    near(ours.theta, theirs.theta, 1e-12 if wide else 5e-5)
    near(ours.norms, theirs.norms, 1e-12 if wide else 1e-5)
    near(ours.errors, theirs.errors, 1e-12 if wide else 1e-5)


@pytest.mark.parametrize("l2", [0.0, 0.01], ids=["plain", "penalized"])
@pytest.mark.parametrize("optimizer", list(variants()), ids=repr)
def test_every_optimizer_moves_pieces_as_it_moves_all(optimizer, l2, monkeypatch):
    """Where tiles multiply, code of its own moves a few vectors at a time: to the same bits."""
    net, plan, given, theta, order = task(
        ("140 -> 130 relu -> 2", 70, 140), Plan(optimizer=optimizer, l2=l2), np.float32
    )
    best = _core.kernels()[0]  # those with tiles, where there are
    pieces = descent(best, 1, net, plan, given, theta)
    pieces.go(order)
    monkeypatch.setenv("FALLLINE_PATH", "generic")
    whole = descent(best, 1, net, plan, given, theta)
    whole.go(order)
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(pieces.arrays[name], array)


@every_kernel
@pytest.mark.parametrize(("scale", "l2"), [(1e80, 0.0), (1e80, 0.01), (1e-170, 0.0)])
def test_norms_neither_overflow_nor_vanish(kernels, scale, l2):
    """Squares of the gradient do: where the numbers are large by error, where small by X."""
    net = Network.parse("3 -> 70 relu nobias -> 2 nobias")
    plan = Plan(optimizer=SGD(1e-200), batch_size=200, l2=l2)
    rng = np.random.default_rng(4)
    given = Rows(rng.normal(size=(400, 3)) * scale, np.ones((400, 2)), np.ones(400))
    theta = net.initial(seed=3)
    ours, theirs = (
        descent(kernels, 2, net, plan, given, theta),
        Descent("reference", net, plan, given, theta),
    )
    for own in (ours, theirs):
        own.go(range(400))
    np.testing.assert_allclose(ours.norms, theirs.norms, rtol=1e-12)
    assert len(ours.norms) == 2 and not 1e-150 < ours.norms[0] < 1e155


@every_dtype
def test_a_gradient_that_overflows_is_told_before_anything_is_taken_for_a_step(dtype):
    net = Network.parse("3 -> 8 relu -> 1")
    plan = Plan(optimizer=SGD(1e30), batch_size=5)
    rng = np.random.default_rng(0)
    given = Rows(*(a.astype(dtype) for a in (rng.normal(size=(50, 3)), rng.normal(size=(50, 1)),
                                             np.ones(50))))  # fmt: skip
    own = descent(None, 1, net, plan, given, net.initial(seed=1, dtype=dtype))
    steps = own.go(range(50))
    assert not steps.finite
    assert len(steps.errors) < 10 and np.isfinite(steps.errors).all()
