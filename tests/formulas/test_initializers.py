"""Every scheme of start weights: its distribution as its own text states it."""

import math
import re

import numpy as np
import pytest
import scipy.stats

from fallline.engines.calls import predict
from fallline.errors import SpecError
from fallline.formulas.initializers import INITIALIZERS
from fallline.spec.network import Input, Layer, Network

FAN_IN, FAN_OUT = 30.0, 50.0
SHAPE = (300, 500)
SET = ["uniform(limit=0.1)", "normal(std=2.0)", "constant(value=-0.25)", "orthogonal(gain=1.5)"]
ROWS = [*INITIALIZERS.values(), *(INITIALIZERS[name] for name in SET)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
independent = pytest.mark.parametrize(
    "row", [row for row in ROWS if row.family != "orthogonal"], ids=lambda row: row.name
)


def distribution(text: str):
    """Return what a text states: U(low, high)[, a = ...], N(mean, variance), or a number."""
    names = {"fan_in": FAN_IN, "fan_out": FAN_OUT, "sqrt": math.sqrt}
    found = re.fullmatch(r"(?:([UN])\((.*?), (.*?)\))(?:, a = (.*))?", text)
    if found is None:
        return float(text)
    if found[4]:
        names["a"] = eval(found[4], {"__builtins__": {}}, names)
    first, second = (eval(part, {"__builtins__": {}}, names) for part in found.group(2, 3))
    if found[1] == "U":
        return scipy.stats.uniform(first, second - first)
    return scipy.stats.norm(first, math.sqrt(second))


@independent
def test_draws_have_the_stated_distribution(row):
    drawn = row.draw(np.random.default_rng(0), FAN_IN, FAN_OUT, SHAPE)
    assert drawn.shape == SHAPE and drawn.dtype == np.float64
    stated = distribution(row.text)
    if isinstance(stated, float):
        assert (drawn == stated).all()
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
        if row.family == "orthogonal":
            assert np.linalg.norm(W, 2) == pytest.approx(row.settings["gain"], rel=1e-6)
            continue
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


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 5), (40, 40), (300, 2)])
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_orthogonal_columns_are_orthonormal_or_rows_of_a_wide_layer(shape, gain):
    row = INITIALIZERS[f"orthogonal(gain={gain})"]
    Q = row.draw(np.random.default_rng(0), *map(float, shape), shape) / gain
    product = Q.T @ Q if shape[0] >= shape[1] else Q @ Q.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-14)


def test_orthogonal_matrices_are_uniform():
    """Each entry of a 2 by 2 one is cos of a uniform angle, of either sign and determinant."""
    rng = np.random.default_rng(0)
    drawn = np.array([INITIALIZERS["orthogonal"].draw(rng, 2, 2, (2, 2)) for _ in range(4000)])
    angles = np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0])
    uniform = scipy.stats.uniform(-np.pi, 2 * np.pi)
    assert scipy.stats.kstest(angles, uniform.cdf).pvalue > 1e-3
    assert abs(np.sign(np.linalg.det(drawn)).mean()) < 0.05


def test_lecun_keeps_the_variance_of_net_inputs():
    rng = np.random.default_rng(0)
    for name in ("lecun_uniform", "lecun_normal"):
        W = INITIALIZERS[name].draw(rng, 400.0, 400.0, (400, 400))
        assert (rng.normal(size=(200, 400)) @ W).std() == pytest.approx(1.0, rel=0.02)


def test_selu_starts_with_the_scheme_that_keeps_its_mean_and_variance():
    net = Network.parse("200 -> 200 selu -> 200 selu -> 200 selu")
    X = np.random.default_rng(0).normal(size=(500, 200))
    outputs = predict(net, net.initial("auto", seed=0), X)
    assert abs(outputs.mean()) < 0.05 and outputs.std() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    "name",
    ["normal(std=0)", "uniform(limit=-1)", "orthogonal(gain=0)", "constant(value='a')", "he(a=1)"],
)
def test_settings_that_cannot_be_are_refused(name):
    with pytest.raises(SpecError):
        Network.parse("2 -> 1").initial(name)
