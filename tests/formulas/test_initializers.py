"""Every scheme of start weights: its distribution as its own text states it."""

import math
import re

import numpy as np
import pytest
import scipy.stats

from fallline.formulas.initializers import INITIALIZERS
from fallline.spec.network import Input, Layer, Network

FAN_IN, FAN_OUT = 30.0, 50.0
SHAPE = (300, 500)
every_row = pytest.mark.parametrize("row", INITIALIZERS.values(), ids=lambda row: row.name)


def distribution(text: str):
    """Return the distribution that a text states: U(low, high)[, a = ...], N(mean, variance), 0."""
    names = {"fan_in": FAN_IN, "fan_out": FAN_OUT, "sqrt": math.sqrt}
    found = re.fullmatch(r"(?:([UN])\((.*?), (.*?)\))(?:, a = (.*))?", text)
    if found is None:
        assert text == "0"
        return None
    if found[4]:
        names["a"] = eval(found[4], {"__builtins__": {}}, names)
    first, second = (eval(part, {"__builtins__": {}}, names) for part in found.group(2, 3))
    if found[1] == "U":
        return scipy.stats.uniform(first, second - first)
    return scipy.stats.norm(first, math.sqrt(second))


@every_row
def test_draws_have_the_stated_distribution(row):
    drawn = row.draw(np.random.default_rng(0), FAN_IN, FAN_OUT, SHAPE)
    assert drawn.shape == SHAPE and drawn.dtype == np.float64
    stated = distribution(row.text)
    if stated is None:
        assert not drawn.any()
        return
    assert scipy.stats.kstest(drawn.ravel(), stated.cdf).pvalue > 1e-3
    assert drawn.std() == pytest.approx(stated.std(), rel=0.01)
    low, high = stated.support()
    assert low <= drawn.min() and drawn.max() <= high


@every_row
def test_equal_seeds_give_equal_draws(row):
    one, other = (row.draw(np.random.default_rng(7), 3, 4, (3, 4)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_row
def test_a_network_draws_weights_and_starts_biases_at_zero(row, dtype):
    net = Network.parse("20 -> 30 tanh -> 10")
    theta = net.initial(row.name, seed=1, dtype=dtype)
    assert theta.dtype == dtype and theta.shape == (net.size,)
    views = net.views(theta)
    assert not any(view.biases.any() for view in views.values())
    for name, fans in (("hidden1", (20.0, 30.0)), ("output", (30.0, 10.0))):
        W = views[name].weights
        spread = row.draw(np.random.default_rng(0), *fans, (200, 200)).std()
        assert W.std() == pytest.approx(spread, rel=0.15)
    wide = net.initial(row.name, seed=1)
    np.testing.assert_array_equal(theta, wide.astype(dtype))


def test_a_mask_makes_the_fans_smaller():
    """Each unit keeps 2 of 200 sources, so He's deviation is √(2/2) and not √(2/200)."""
    mask = np.zeros((200, 100), bool)
    for unit in range(100):
        mask[[2 * unit, 2 * unit + 1], unit] = True
    net = Network.of(Input(200), Layer(100, "relu", mask=mask), Layer(1))
    W = net.views(net.initial("he_normal", seed=0))["hidden1"].weights
    assert not W[~mask].any()
    assert W[mask].std() == pytest.approx(1.0, rel=0.15)


def test_auto_takes_the_scheme_of_each_layers_activation():
    net = Network.parse("100 -> 200 relu -> 200 tanh")
    auto = net.views(net.initial("auto", seed=0))
    he = net.views(net.initial("he_normal", seed=0))
    np.testing.assert_array_equal(auto["hidden1"].weights, he["hidden1"].weights)
    limit = math.sqrt(6 / 400)
    assert 0.99 * limit < np.abs(auto["output"].weights).max() <= limit
