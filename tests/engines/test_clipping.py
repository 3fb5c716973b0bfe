"""Clipping: what the optimizer gets, what is recorded, and what is not hidden."""

from dataclasses import replace

import numpy as np
import pytest
from tests.engines.test_advance import PLAN, Descent, N, begin
from tests.networks import GRAPHS, network

from fallline.engines.protocol import Rows
from fallline.engines.registry import ENGINES
from fallline.formulas.optimizers import SGD, Adam
from fallline.spec.network import Network
from fallline.spec.plan import Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_graph = pytest.mark.parametrize("graph", GRAPHS)
STEEP = replace(PLAN, loss="sse", l2=0.5, l1=0.2, optimizer=SGD(1.0))


def slope(engine, net, **clipping):
    """Return what a plain step of rate 1 descended, and the norm that it recorded."""
    own = begin(engine, net, replace(STEEP, **clipping))
    before = own.theta
    own.go([0, 1, 2])
    return before - own.theta, own.norms[0]


@every_graph
@every_engine
def test_it_takes_the_gradient_with_penalties_over_trainable_entries(engine, graph):
    net = network(graph)
    whole, norm = slope(engine, net)
    assert norm == pytest.approx(np.linalg.norm(whole), rel=1e-12)
    limits = [0.5 * norm, 2 * norm]
    for limit in limits:
        clipped, recorded = slope(engine, net, clip_norm=limit)
        np.testing.assert_allclose(clipped, whole * min(1, limit / norm), rtol=1e-9, atol=1e-13)
        # of what was found, not of what was made of it, if perhaps summed in another order
        assert recorded == pytest.approx(norm, rel=1e-14)
    limit = float(np.median(np.abs(whole[whole != 0])))
    clipped, recorded = slope(engine, net, clip_value=limit)
    np.testing.assert_allclose(clipped, np.clip(whole, -limit, limit), rtol=1e-9, atol=1e-13)
    assert recorded == pytest.approx(norm, rel=1e-14)


@every_engine
def test_by_value_comes_before_by_norm(engine):
    net = network("skip")
    whole, _ = slope(engine, net)
    by_value = np.clip(whole, -0.1, 0.1)
    expected = by_value * 0.2 / np.linalg.norm(by_value)
    found, _ = slope(engine, net, clip_value=0.1, clip_norm=0.2)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@every_engine
def test_the_optimizer_sees_the_clipped_gradient(engine):
    """Its moments are those of the clipped one, whatever scale the step has."""
    own = begin(engine, network("chain"), replace(STEEP, optimizer=Adam(0.01), clip_norm=1e-3))
    own.go([0, 1, 2])
    mean = own.arrays["optimizer.mean"]
    assert np.linalg.norm(mean) == pytest.approx(0.1 * 1e-3, rel=1e-12)  # (1 − β₁) g


@every_engine
def test_frozen_entries_do_not_count(engine):
    """E = ½(w x + b − y)²: dE/dw = −9 and dE/db = −3; with b frozen the norm is 9."""
    net = Network.parse("1 -> 1").freeze("b[output.0]")
    given = Rows(np.array([[3.0]]), np.array([[3.0]]), np.ones(1))
    plan = Plan(loss="sse", optimizer=SGD(1.0), clip_norm=9.0)
    own = Descent(engine, net, plan, given, np.zeros(2))
    own.go([0])
    np.testing.assert_allclose(own.theta, [9.0, 0.0])
    assert own.norms == [9.0]


@every_engine
def test_a_huge_gradient_is_cured_and_an_infinite_one_is_told(engine):
    net = Network.parse("1 -> 1 nobias")
    for clipping in ({"clip_norm": 2.0}, {"clip_value": 2.0}):
        plan = Plan(loss="sse", optimizer=SGD(1.0), batch_size=1, **clipping)
        for x, finite in ((1e200, True), (1e308, False)):
            given = Rows(np.array([[x]]), np.array([[1e10]]), np.ones(1))
            own = Descent(engine, net, plan, given, np.zeros(1))
            steps = own.go([0])
            assert steps.finite == finite
            if finite:
                assert own.theta == pytest.approx(2.0)
                assert own.norms == [pytest.approx(1e210)]


@every_engine
def test_float32_stays_float32(engine):
    plan = replace(STEEP, clip_norm=0.3, clip_value=0.1, max_norm=0.5, dropout=0.3, input_noise=0.1)
    own = begin(engine, network("branches"), plan, dtype=np.float32)
    own.go(range(N))
    assert own.theta.dtype == np.float32
