"""The gradient of every engine is the gradient of the error that it reports.

Over activation x loss x output x graph x row weights x penalty: against central differences of the
engine's own error, and against JAX's derivative of an error written from the tables' texts alone.
"""

import itertools

import numpy as np
import pytest
from tests.engines.cases import (
    ALL_PAIRS,
    BY_LOSS,
    LEVELS,
    covering_levels,
    derivative_of_texts,
    pairs_of_levels,
    product,
)
from tests.networks import GRAPHS, rows, start
from tests.witness import central_differences

from fallline.engines.calls import error_and_gradient
from fallline.engines.registry import ENGINES, get_engine
from fallline.formulas.activations import ACTIVATIONS
from fallline.spec.network import Network
from fallline.spec.plan import Objective

every_engine = pytest.mark.parametrize("engine", ENGINES)


def relative(difference: np.ndarray, of: np.ndarray) -> float:
    """Return ‖difference‖ / ‖of‖; where ‖of‖ is 0, as beyond all margins, ‖difference‖."""
    return float(np.linalg.norm(difference) / (np.linalg.norm(of) or 1))


def check_against_differences(case, engine) -> None:
    net, objective, theta, given = case.build()
    _, gradient = engine.error_and_gradient(net, objective, theta, given)

    def errors(at):
        return np.array(engine.error(net, objective, at, given))

    fine, coarse = (central_differences(errors, theta, step) for step in (1e-5, 2e-5))
    expected = np.where(net.masked, 0, (4 * fine - coarse) / 3)  # of fourth order in the step
    assert relative(gradient - expected, expected) < 1e-7, case


def check_against_autodiff(case, engine) -> None:
    net, objective, theta, given = case.build()
    error, gradient = engine.error_and_gradient(net, objective, theta, given)
    expected, slopes = derivative_of_texts(case)
    assert error == pytest.approx(expected, rel=1e-12), case
    assert error == pytest.approx(engine.error(net, objective, theta, given), rel=1e-14), case
    assert relative(gradient - slopes, slopes) < 1e-10, case


def test_the_design_meets_each_pair_of_levels():
    met = {pair for case in ALL_PAIRS for pair in itertools.combinations(enumerate(case), 2)}
    assert met == pairs_of_levels()
    assert len(ALL_PAIRS) < 2 * len(LEVELS[0]) * len(LEVELS[2])
    assert {pair for case in covering_levels() for pair in enumerate(case)} == {
        (i, level) for i, levels in enumerate(LEVELS) for level in levels
    }


@every_engine
@pytest.mark.parametrize("loss", BY_LOSS)
def test_it_is_the_central_difference_of_the_error_for_each_pair_of_levels(loss, engine):
    for case in BY_LOSS[loss]:
        check_against_differences(case, get_engine(engine))


@every_engine
@pytest.mark.parametrize("case", covering_levels(), ids=str)
def test_it_is_jaxs_derivative_of_the_texts_for_each_level(case, engine):
    check_against_autodiff(case, get_engine(engine))


@pytest.mark.slow
@every_engine
def test_it_is_the_central_difference_over_the_whole_product(engine):
    for case in product():
        check_against_differences(case, get_engine(engine))


@pytest.mark.slow
@every_engine
@pytest.mark.parametrize("case", ALL_PAIRS, ids=str)
def test_it_is_jaxs_derivative_of_the_texts_for_each_pair_of_levels(case, engine):
    check_against_autodiff(case, get_engine(engine))


@pytest.mark.parametrize("name", [name for name, row in ACTIVATIONS.items() if row.kinks])
@every_engine
def test_at_a_kink_it_takes_the_stated_slope(engine, name):
    """h = b + 0·x sits on the kink: dE/db = −(y − o) f'(z), hidden and at the output alike."""
    for z, slope in ACTIVATIONS[name].kinks:
        for text, index, fed_back in ((f"1 -> 1 {name}", 1, 1.0), (f"1 -> 1 {name} -> 1", 1, 3.0)):
            net = Network.parse(text)
            theta = np.zeros(net.size)
            theta[index] = z
            theta[2:] = [3.0, 0.0][: net.size - 2]
            given = rows(net, "sse", n=1)
            get = get_engine(engine)
            output = get.predict(net, theta, given.X)[0, 0]
            _, gradient = get.error_and_gradient(net, Objective("sse"), theta, given)
            expected = -(given.Y[0, 0] - output) * fed_back * slope
            assert gradient[index] == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize("graph", GRAPHS)
@every_engine
def test_absent_connections_have_gradient_zero_and_frozen_ones_their_own(engine, graph):
    net = GRAPHS[graph]("tanh", "identity", 2)
    given = rows(net, "squared_error")
    _, gradient = error_and_gradient(
        net, start(net), given.X, given.Y, loss="squared_error", l2=0.1, engine=engine
    )
    assert not gradient[net.masked].any()
    assert gradient[~net.masked].all()
