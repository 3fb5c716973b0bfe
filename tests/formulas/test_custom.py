"""Activations and errors that users bring: formulas in text or as trees, and Python functions."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests import witness

import fallline as fl
from fallline.errors import SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.custom import (
    activation_from_formula,
    loss_from_formula,
)
from fallline.formulas.expression_text import read_expression
from fallline.formulas.losses import LOSSES
from fallline.spec.network import Layer, Network
from fallline.spec.plan import Objective, Plan

MISH = "z*tanh(log(1 + exp(z)))"
ACTIVATION_TEXTS = [
    MISH,
    "z/(1 + exp(-z))",
    "max(z, 0)",
    "max(z, 0.01*z)",
    "z if z > 0 else exp(z) - 1",
    "z*min(max(z/6 + 1/2, 0), 1)",
    "z/(1 + abs(z))",
    "exp(-z**2/2)",
    "sin(z) + z",
    "log(cosh(z))",
    "0.5*z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))",
    "z*(1 + erf(z/sqrt(2)))/2",
    "atan(z)",
    "z**2",
    "z",
]
LOSS_TEXTS = [
    "log(cosh(yhat - y))",
    "abs(yhat - y)",
    "(y - yhat)**2/2",
    "yhat - y*log(yhat)",
    "max(0.9*(y - yhat), 0.1*(yhat - y))",
    "sqrt(1 + (yhat - y)**2) - 1",
]
H = np.random.default_rng(0).normal(0, 2, (7, 3)) + 1e-3
every_activation = pytest.mark.parametrize("text", ACTIVATION_TEXTS)
every_loss = pytest.mark.parametrize("text", LOSS_TEXTS)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


# --- formulas are rows as those of the tables are -----------------------------------------------


@both
@every_activation
def test_an_activations_derivatives_are_those_of_jax(text, xp):
    row = ACTIVATIONS[text]
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        o = row.f(xp, xp.asarray(H))
        own = row.slope(xp, xp.asarray(H), o), row.curvature(xp, xp.asarray(H), o)
        back = row.back(xp, xp.asarray(H), o, xp.asarray(H))
    slope = jax.vmap(jax.grad(lambda z: row.f(jnp, z)))
    bend = jax.vmap(jax.grad(jax.grad(lambda z: row.f(jnp, z))))
    np.testing.assert_allclose(own[0].ravel(), slope(H.ravel()), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(own[1].ravel(), bend(H.ravel()), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(back, H * own[0], rtol=1e-15)


@both
@every_activation
def test_an_activation_keeps_float32_and_nan(text, xp):
    row = ACTIVATIONS[text]
    h = H.astype(np.float32)
    h[1, 2] = np.nan
    with jax.numpy_dtype_promotion("strict"):
        o = row.f(xp, xp.asarray(h))
        every = o, row.slope(xp, xp.asarray(h), o), row.curvature(xp, xp.asarray(h), o)
    for values in every:
        assert values.dtype == np.float32 and values.shape == h.shape
        assert np.argwhere(np.isnan(values)).tolist() == [[1, 2]]


@every_activation
def test_an_activation_is_finite_far_from_zero(text):
    row = ACTIVATIONS[text]
    far = np.array([[-1e3, -100.0, 100.0, 1e3]])
    o = row.f(np, far)
    assert np.isfinite(o).all() and np.isfinite(row.slope(np, far, o)).all()
    assert row.range[0] <= o.min() and o.max() <= row.range[1]


@every_loss
def test_an_errors_derivatives_are_those_of_jax_and_of_differences(text):
    row = LOSSES[text]
    y, yhat = np.random.default_rng(1).uniform(0.1, 3, (2, 5, 2))
    for xp in (np, jnp):
        slope = jax.grad(lambda at: row.value(jnp, y, at).sum())(yhat)
        np.testing.assert_allclose(row.slope(xp, y, yhat), slope, rtol=1e-12, atol=1e-15)
        assert row.value(xp, y, yhat).shape == (5,)
        assert row.curvature(xp, y, yhat).shape == (5, 2)
    bend = witness.central_differences(lambda at: row.slope(np, y, at), yhat)
    np.testing.assert_allclose(
        row.curvature(np, y, yhat)[..., None] * np.eye(2), bend, rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize(
    ("text", "kinks", "range_"),
    [
        ("max(z, 0)", ((0.0, 0.0),), (0.0, math.inf)),
        ("max(z, 0.5*z)", ((0.0, 0.5),), (-math.inf, math.inf)),
        ("abs(z - 1.5)", ((1.5, 0.0),), (0.0, math.inf)),
        ("min(max(z, -1), 1)", ((-1.0, 0.0), (1.0, 0.0)), (-1.0, 1.0)),
        ("z if z > 0 else exp(z) - 1", (), (-1.0, math.inf)),
        ("tanh(z)", (), (-1.0, 1.0)),
        ("atan(z)", (), (-1.571, 1.571)),
        ("sin(20*z)", (), (-1.0, 1.0)),
        ("z + sin(z)", (), (-math.inf, math.inf)),
        ("exp(-z**2/2)", (), (0.0, 1.0)),
        ("log(1 + abs(z))", ((0.0, 0.0),), (0.0, math.inf)),
        ("z/(1 + abs(z))", (), (-1.0, 1.0)),
        (MISH, (), (-0.309, math.inf)),
        ("sin(1000*z)", (), (-1.0, 1.0)),  # steep, but smooth
        ("max(z - 50.3, 0)", ((50.3, 0.0),), (0.0, math.inf)),
        ("0.5 + 0.5*z/(1 + abs(z))", (), (0.0, 1.0)),
        ("-log(1 + z**2)", (), (-math.inf, 0.0)),
    ],
)
def test_kinks_and_range_are_found(text, kinks, range_):
    row = ACTIVATIONS[text]
    assert row.kinks == kinks and row.range == range_


def test_kinks_and_range_are_found_where_no_round_number_is():
    row = ACTIVATIONS["abs(z**2 - 2)"]
    np.testing.assert_allclose([z for z, _ in row.kinks], [-(2**0.5), 2**0.5], rtol=1e-11)
    assert row.range == (0.0, math.inf)


@pytest.mark.parametrize(
    ("spelt", "same"),
    [
        ("z**(2+1)", "z**3"),
        ("abs(z)**(1+0.5)", "abs(z)**1.5"),
        ("abs(z)**sqrt(4)", "abs(z)**2"),
        ("(z**2 + 1)**1.2345678", "exp(1.2345678*log(z**2 + 1))"),
        ("abs(z)**pi", "abs(z)**3.141592653589793"),
    ],
)
def test_an_exponent_may_be_any_constant(spelt, same):
    rows = [ACTIVATIONS[text] for text in (spelt, same)]
    at = np.append(H, 0.0)[:, None]
    for part in ("f", "slope"):
        own, other = (getattr(r, part)(np, at, *([at] * (part == "slope"))) for r in rows)
        np.testing.assert_allclose(own, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("output", ["0.5*(1 + erf(z))", "0.5 + 0.5*z/(1 + abs(z))", "logistic"])
def test_outputs_that_round_to_0_and_1_go_with_an_error_that_is_finite_there(output):
    loss = "-y*log(yhat + 1e-7) - (1 - y)*log(1 - yhat + 1e-7)"
    net = Network.of(fl.Input(2), Layer(1, output))
    X, Y = data()
    run = fl.descend(net, 9 * X, Y > 0.9, loss=loss, epochs=3)
    assert np.isfinite(run.theta).all()
    with pytest.raises(SpecError, match="which has others, too; make it logistic"):
        Objective(loss).check(Network.of(fl.Input(2), Layer(1, "1.01*sigmoid(z)")))


OUTPUTS = [
    "identity", "relu", "square",  # reach 0
    "exp", "softplus", "log(1 + exp(z))",  # above 0
    "logistic", "1/(1 + exp(-z))",  # between 0 and 1
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "targets", "within"),
    [
        ("log(cosh(yhat - y))", "number", (-math.inf, math.inf)),
        ("yhat - y*log(yhat)", "nonnegative", (0.0, math.inf)),
        ("y/yhat + log(yhat/y)", "positive", (0.0, math.inf)),
        ("-y*log(yhat + 1e-7) - (1 - y)*log(1 + 1e-7 - yhat)", "probability", (0.0, 1.0)),
    ],
)
def test_an_errors_domain_is_found(text, targets, within):
    row = LOSSES[text]
    assert (row.targets, row.within, row.reduction) == (targets, within, "mean")
    fit = {-math.inf: OUTPUTS, 0.0: OUTPUTS[3:]}[within[0]] if within[1] > 1 else OUTPUTS[-2:]
    for output in OUTPUTS:
        net = Network.of(fl.Input(2), Layer(1, output))
        if output in fit:
            Objective(text).check(net)
        else:
            with pytest.raises(SpecError, match=r"takes predictions .* make it (softplus|logis)"):
                Objective(text).check(net)


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("max(1 - y*yhat, 0)", "sign"),
        ("max(1 - y*yhat, 0)**2", "sign"),
        ("log(1 + exp(-y*yhat))", "sign"),
        ("-y*yhat", "number"),  # unbounded: y may be any weight
        ("(y - yhat)**2", "number"),
        ("(y*yhat - 1)**2", "number"),  # rises again
        ("max(1 - (2*y - 1)*yhat, 0)", "number"),
        ("max(1 - y*yhat, 0) + 0.1*yhat**2", "number"),
    ],
)
def test_an_error_of_margins_takes_the_classes_as_signs(text, targets):
    row = LOSSES[text]
    assert row.targets == targets
    assert row.gives_probabilities == (targets != "sign")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exp(z)", r"value .* inf at z = 709\.8.*exp\(min\(u, 30\)\).*softplus\(u\)"),
        ("exp(z)/(2 + exp(z))", r"nan at z = 709\.8.*'exp\(z\)' is not finite.*sigmoid"),
        ("z*exp(-z)", "-inf at z = -703"),
        ("sqrt(z)", r"nan at z = -0\.01"),
        ("log(z)", "-inf at z = 0"),
        ("1/z", "inf at z = 0"),
        ("z**0.5", "nan at z = -0.01"),
        ("sqrt(abs(z))", "slope .* nan at z = 0"),
        ("sign(z)", "jumps at z = 0"),
        ("z if z > 2 else 0", "jumps at z = 2"),
        # Beside what a grid shows: narrow, tiny, far out, at no round number.
        ("1/(z - 3.217)**2", r"inf at z = 3\.217"),
        ("1/(z - 50.217)**2", r"inf at z = 50\.217"),
        ("1e-9/(z - 3.217)**2 + z", r"inf at z = 3\.217.*'1e-09/\(z - 3\.217\)\*\*2' is not"),
        ("1/(z**2 - 2)**2", r"value .* grows without bound at z = 1\.41421"),
        ("log((z**2 - 2)**2)", r"slope .* grows without bound at z = 1\.41421"),
        ("1/(1 + sin(z))", r"inf at z = -1\.5708"),
        ("z if z > 37.77 else 2*z", r"jumps at z = 37\.77"),
        ("z + 0.001*(1 if z > 500.123 else 0)", r"jumps at z = 500\.123"),
        # Finite in float64, but not in the float32 that networks are trained in.
        ("exp(min(z, 100))", r"inf at z = 88\.8 in float32.*exp\(min\(u, 30\)\)"),
        ("z**13", r"inf at z = -920\.5 in float32"),
        ("0*z + 3*pi", None),
        ("max(2, 3) - z*0", None),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_place(text, message):
    if message is None:  # constant, but finite: of no use, and harmless
        assert ACTIVATIONS[text].slope(np, H, H).max() == 0
        return
    with pytest.raises(SpecError, match=message) as caught:
        Layer(3, text)
    assert caught.type is SpecError  # users see no class that they cannot name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exp(yhat - y)", r"inf at yhat = 709\.8, y = 0.*exp\(min\(u, 30\)\)"),
        ("log(yhat - y)", "at yhat ="),
        ("-y*log(yhat) - (1 - y)*log(1 - yhat)", r"yhat = 0, y = 0.*round.*log\(yhat \+ 1e-7\)"),
        ("sign(yhat - y)", "jumps at yhat = 0, y = 0"),
        ("abs(y - yhat)/(yhat - 50.217)**2", r"inf at yhat = 50\.217, y = 0"),
        ("cosh(min(abs(y - yhat), 100))", r"inf at yhat = .* in float32"),
        ("yhat*z", "unknown name 'z'"),
    ],
)
def test_errors_that_cannot_be_are_refused(text, message):
    with pytest.raises(SpecError, match=message):
        Plan(loss=text)


def test_what_does_not_depend_on_the_variable_is_no_formula():
    with pytest.raises(SpecError, match="does not depend on yhat"):
        loss_from_formula("y + 1")
    with pytest.raises(SpecError, match="unknown activation '1 \\+ 1'"):
        Layer(1, "1 + 1")


def test_a_tree_serves_as_well_as_text():
    tree = read_expression(MISH, ("z",))
    assert activation_from_formula(tree).name == activation_from_formula(MISH).name
    assert activation_from_formula("ln(1 + exp(z))*1").name == "softplus(z)*1"


# --- training with them -------------------------------------------------------------------------


def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 2))
    return X, np.abs(np.sin(X[:, :1]) + X[:, 1:])


@pytest.mark.parametrize(
    ("formula", "builtin"),
    [
        ("tanh(z)", "tanh"),
        ("max(z, 0)", "relu"),
        ("z if z > 0 else 0", "relu"),
        ("log(1 + exp(z))", "softplus"),
        ("z/(1 + exp(-z))", "silu"),
        ("1/(1 + exp(-z))", "logistic"),
        (MISH, "mish"),
        ("z*(1 + erf(z/sqrt(2)))/2", "gelu"),
        ("max(z, 0.01*z)", "leaky_relu"),
    ],
)
def test_training_equals_that_of_the_row_it_spells(formula, builtin):
    X, Y = data()
    own, table = (Network.of(fl.Input(2), Layer(5, a), Layer(1)) for a in (formula, builtin))
    theta = own.initial(seed=1)
    runs = [
        fl.descend(net, X, Y, theta=theta, optimizer=fl.SGD(0.1), batch_size=8, epochs=20)
        for net in (own, table)
    ]
    np.testing.assert_allclose(runs[0].theta, runs[1].theta, rtol=1e-12, atol=1e-12)
    assert np.abs(runs[0].theta - theta).max() > 0.1


@pytest.mark.parametrize(
    ("formula", "builtin"),
    [
        ("(yhat - y)**2/2", "squared_error"),
        ("abs(y - yhat)", "mae"),
        ("log(cosh(y - yhat))", "log_cosh"),
    ],
)
def test_training_with_an_error_equals_that_of_the_row_it_spells(formula, builtin):
    X, Y = data()
    net = Network.parse("2 -> 4 tanh -> 1")
    weights = np.linspace(0, 2, len(X))
    runs = [
        fl.descend(net, X, Y, loss=loss, sample_weight=weights, epochs=15, batch_size=8)
        for loss in (formula, builtin)
    ]
    np.testing.assert_allclose(runs[0].theta, runs[1].theta, rtol=1e-11, atol=1e-11)
    assert runs[0].history[-1].error == pytest.approx(runs[1].history[-1].error, rel=1e-12)
