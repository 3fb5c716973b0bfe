"""Activations and errors that users bring as Python functions: checked, run, and never saved."""

import copy
import math
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import fallline as fl
from fallline.errors import SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.spec.network import Layer, Network

H = np.random.default_rng(0).normal(0, 2, (7, 3)) + 1e-3


def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 2))
    return X, np.abs(np.sin(X[:, :1]) + X[:, 1:])


def bump(z):
    return 1 / (1 + z**2)


def bump_slope(z):
    return -2 * z / (1 + z**2) ** 2


def quartic(y, yhat):
    return ((yhat - y) ** 4).sum(axis=-1)


def quartic_slope(y, yhat):
    return 4 * (yhat - y) ** 3


def test_a_function_trains_as_the_formula_of_it_does():
    own = fl.activation(bump, bump_slope, name="bump")
    quart = fl.loss(quartic, quartic_slope, name="quartic", outputs=2)
    X, Y = data()
    Y = np.hstack([Y, Y / 2])
    own_ones = [(own, quart), ("bump", "quartic")]
    pairs = [(*pair, "reference") for pair in own_ones] + [
        ("1/(1 + z**2)", "(yhat - y)**4", "auto")
    ]
    runs = [
        fl.descend(
            Network.of(fl.Input(2), Layer(4, f), Layer(2)), X, Y, loss=e, epochs=5, l2=0.01,
            engine=engine,
        )
        for f, e, engine in pairs
    ]  # fmt: skip
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)
    np.testing.assert_allclose(runs[0].theta, runs[2].theta, rtol=1e-10)
    assert Network.parse("2 -> 4 bump -> 1").layers[0].activation == own
    row = ACTIVATIONS["bump"]
    assert row.range == (0.0, 1.0) and row.kinks == ()
    np.testing.assert_allclose(
        row.curvature(np, H, None), ACTIVATIONS["1/(1 + z**2)"].curvature(np, H, None), atol=1e-8
    )
    row = LOSSES["quartic"]
    y, yhat = H[:, :2], H[:, 1:]
    np.testing.assert_allclose(row.curvature(np, y, yhat), 12 * (yhat - y) ** 2, rtol=1e-6)


def test_a_function_keeps_float32():
    fl.activation(lambda z: z.astype(float) ** 2, lambda z: 2.0 * z.astype(float), name="wide")
    h = H.astype(np.float32)
    assert ACTIVATIONS["wide"].f(np, h).dtype == np.float32
    assert ACTIVATIONS["wide"].slope(np, h, None).dtype == np.float32


def test_a_networks_function_stays_when_its_name_is_given_to_another():
    first = fl.activation(lambda z: 2 * z, lambda z: 0 * z + 2, name="scaled")
    layer = Layer(1, first)
    fl.activation(lambda z: 3 * z, lambda z: 0 * z + 3, name="scaled")
    one = np.ones((1, 1))
    assert ACTIVATIONS[layer.activation].f(np, one) == 2
    assert ACTIVATIONS["scaled"].f(np, one) == 3


def test_what_holds_a_function_cannot_be_saved_and_says_how(tmp_path):
    fl.activation(bump, bump_slope, name="bump")
    fl.loss(quartic, quartic_slope, name="quartic")
    X, Y = data()
    for net, loss in (("2 -> 3 bump -> 1", "sse"), ("2 -> 1", "quartic")):
        run = fl.descend(Network.parse(net), X, Y, loss=loss, epochs=1, engine="reference")
        with pytest.raises(SpecError, match=r"Python function, .* write it as a formula"):
            fl.Model.of(run).save(tmp_path / "a.fall")
        assert not list(tmp_path.iterdir())
    net = Network.parse("2 -> 3 bump -> 1")
    assert copy.deepcopy(net) == net
    with pytest.raises(TypeError, match="stays in its own process"):
        pickle.dumps(net)


def test_only_numpy_runs_functions():
    fl.activation(bump, bump_slope, name="bump")
    with pytest.raises(SpecError, match="only the reference engine"):
        ACTIVATIONS["bump"].f(jnp, jnp.ones((2, 2)))


@pytest.mark.parametrize(
    ("f", "slope", "message"),
    [
        (lambda z: z**2, lambda z: z, r"slope .* is 1\.\d+ at z = 1\.\d+, but central differences"),
        (lambda z: np.exp(z), lambda z: np.exp(z), "inf at z = 709.8"),
        (lambda z: z * np.nan, lambda z: z, "nan at z = 0"),
        (lambda z: np.sign(z), lambda z: 0 * z, "jumps at z = 0"),
        (lambda z: z.sum(), lambda z: z, "shape of z"),
        (lambda z: z.sum(axis=1), lambda z: z, "shape of z"),
        (lambda z: z, lambda z: 1.0, "shape of z"),
        (lambda z: z.astype(complex), lambda z: z, "array of numbers"),
        (lambda z: str(z), lambda z: z, "array of numbers"),
        (lambda z: None, lambda z: z, "array of numbers"),
        (lambda z: 1 / 0, lambda z: z, "raised ZeroDivisionError"),
        (lambda z: math.tanh(z), lambda z: z, "raised TypeError"),
        ("z**2", "2*z", "formula in text stands where"),
        (3, lambda z: z, "takes two Python functions"),
    ],
)
def test_functions_that_cannot_be_are_refused(f, slope, message):
    with pytest.raises(SpecError, match=message):
        fl.activation(f, slope, name="refused")
    with pytest.raises(SpecError, match="unknown activation 'refused'"):
        Layer(1, "refused")


@pytest.mark.parametrize(
    ("value", "slope", "extra", "message"),
    [
        (quartic, lambda y, yhat: yhat - y, {}, "central differences"),
        (lambda y, yhat: (yhat - y) ** 4, quartic_slope, {}, "values .n,. and slopes"),
        (quartic, quartic_slope, {"reduction": "max"}, "'mean' or 'sum'"),
        (quartic, quartic_slope, {"outputs": 0}, "at least 1"),
        (quartic, quartic_slope, {"name": "sse"}, "has the loss 'sse' itself"),
        (quartic, quartic_slope, {"name": "not a name"}, "a letter followed by"),
        (quartic, quartic_slope, {"name": 3}, "a letter followed by"),
        (lambda y, yhat: 1 / 0, quartic_slope, {}, "raised ZeroDivisionError"),
    ],
)
def test_error_functions_that_cannot_be_are_refused(value, slope, extra, message):
    with pytest.raises(SpecError, match=message):
        fl.loss(value, slope, **{"name": "refused", **extra})


def test_a_sum_error_of_ones_own():
    fl.loss(
        lambda y, yhat: ((yhat - y) ** 2).sum(axis=-1) / 2,
        lambda y, yhat: yhat - y,
        name="own_sse",
        reduction="sum",
    )
    X, Y = data()
    net = Network.parse("2 -> 3 tanh -> 1")
    theta = net.initial(seed=0)
    own, table = (fl.error_and_gradient(net, theta, X, Y, loss=e) for e in ("own_sse", "sse"))
    assert own[0] == pytest.approx(table[0], rel=1e-14)
    np.testing.assert_allclose(own[1], table[1], rtol=1e-13)


def test_poles_between_the_points_and_overflow_in_float32_are_found_of_functions_too():
    with pytest.raises(SpecError, match=r"(grows without bound|is -?inf) at z = 3\.217"):
        fl.activation(lambda z: 1 / (z - 3.217) ** 2, lambda z: -2 / (z - 3.217) ** 3, name="pole")
    with pytest.raises(SpecError, match=r"inf at z = .* in float32"):
        fl.activation(
            lambda z: np.exp(np.minimum(z, 100)),
            lambda z: np.where(z < 100, np.exp(np.minimum(z, 100)), 0),
            name="steep",
        )
    name = fl.activation(
        lambda z: np.sin(1000 * z), lambda z: 1000 * np.cos(1000 * z), name="quick"
    )
    assert ACTIVATIONS[name].kinks == ()
