"""The factors between errors here and elsewhere: the page of docs, and what it says, in numbers."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES, Loss

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "losses.json").read_text("utf-8"))
GIVEN = {name: np.array(array) for name, array in GOLDEN["arrays"].items()}
N, K = GIVEN["h"].shape


def factor_table() -> str:
    """Return the table of docs/factors.md, from the rows."""
    lines = ["| error | of one target | a batch is the | elsewhere |", "|---|---|---|---|"]
    for name, row in LOSSES.items():
        batch = "sum" if row.reduction == "sum" else "mean"
        lines.append(f"| `{name}` | `{row.text}` | {batch} | {row.factor} |")
    return "\n".join(lines)


def test_the_page_has_the_table_of_the_rows():
    page = (ROOT / "docs" / "factors.md").read_text("utf-8")
    assert factor_table() in page, f"docs/factors.md must hold:\n\n{factor_table()}"


def batch(row: Loss, y, h, output="identity"):
    """Return E of the batch and ∂E/∂h, every row weighing 1."""
    activation = ACTIVATIONS[output]
    o = activation.f(np, h)
    if activation.family in row.pairs:
        pair = row.pairs[activation.family]
        each, slope = pair.value(np, y, h), pair.slope(np, y, h, o)
    else:
        each, slope = row.value(np, y, o), activation.back(np, h, o, row.slope(np, y, o))
    rows = 1 if row.reduction == "sum" else len(y)
    return each.sum() / rows, slope / rows


PYTORCH = [
    ("MSELoss", "squared_error", "identity", "number", 2 / K),
    ("MSELoss(sum)", "sse", "identity", "number", 2),
    ("L1Loss", "mae", "identity", "number", 1 / K),
    ("HuberLoss(0.5)", "huber(delta=0.5)", "identity", "number", 1 / K),
    ("SmoothL1Loss(0.5)", "huber(delta=0.5)", "identity", "number", 1 / 0.5 / K),
    ("BCEWithLogitsLoss", "binary_cross_entropy", "logistic", "binary", 1 / K),
    ("CrossEntropyLoss", "cross_entropy", "softmax", "one_hot", 1),
    ("CrossEntropyLoss(smoothing 0.1)", "cross_entropy(smoothing=0.1)", "softmax", "one_hot", 1),
]


@pytest.mark.parametrize(("theirs", "ours", "output", "target", "factor"), PYTORCH)
def test_pytorchs_error_is_the_stated_factor_times_ours(theirs, ours, output, target, factor):
    value, slope = batch(LOSSES[ours], GIVEN[target], GIVEN["h"], output)
    golden = GOLDEN["losses"][theirs]
    assert factor * value == pytest.approx(golden["value"], rel=1e-13)
    np.testing.assert_allclose(factor * slope, golden["slope"], rtol=1e-12, atol=1e-15)


def test_pytorchs_poisson_error_leaves_out_what_does_not_depend_on_the_prediction():
    y, h = GIVEN["count"], GIVEN["h"]
    value, slope = batch(LOSSES["poisson"], y, h, "exp")
    golden = GOLDEN["losses"]["PoissonNLLLoss"]
    left_out = (np.where(y > 0, y * np.log(np.where(y > 0, y, 1)), 0) - y).sum() / N
    assert (value - left_out) / K == pytest.approx(golden["value"], rel=1e-13)
    np.testing.assert_allclose(slope / K, golden["slope"], rtol=1e-7)  # it adds 1e-8 somewhere


@pytest.mark.parametrize(
    ("name", "constant"), [("GaussianNLLLoss", 0), ("GaussianNLLLoss(full)", 1)]
)
def test_pytorchs_gaussian_error_divides_by_targets_and_may_leave_out_a_constant(name, constant):
    row, golden = LOSSES["gaussian_likelihood"], GOLDEN["losses"][name]
    yhat = np.stack([GIVEN["h"], GIVEN["variance"]], axis=-1).reshape(N, -1)
    value = row.value(np, GIVEN["number"], yhat).mean()
    left_out = 0 if constant else K * np.log(2 * np.pi) / 2
    assert (value - left_out) / K == pytest.approx(golden["value"], rel=1e-13)
    slope = row.slope(np, GIVEN["number"], yhat) / N / K
    np.testing.assert_allclose(slope, golden["slope"], rtol=1e-12)


def test_scikit_learns_deviances_are_twice_ours():
    y, yhat = GIVEN["count"][:, 0] + 1, np.exp(GIVEN["h"][:, 0])
    for name, theirs in (
        ("poisson", metrics.mean_poisson_deviance),
        ("gamma", metrics.mean_gamma_deviance),
    ):
        own = LOSSES[name].value(np, y[:, None], yhat[:, None]).mean()
        assert 2 * own == pytest.approx(theirs(y, yhat), rel=1e-13)


def test_scikit_learns_other_errors_are_means_where_ours_are_sums_over_targets():
    y, yhat = GIVEN["number"], GIVEN["h"]
    own = LOSSES["quantile(levels=[0.8])"].value(np, y, yhat).mean()
    assert own / K == pytest.approx(metrics.mean_pinball_loss(y, yhat, alpha=0.8), rel=1e-13)
    value, _ = batch(LOSSES["cross_entropy"], GIVEN["one_hot"], yhat, "softmax")
    shares = ACTIVATIONS["softmax"].f(np, yhat)
    theirs = metrics.log_loss(GIVEN["one_hot"].argmax(axis=1), shares)
    assert value == pytest.approx(theirs, rel=1e-13)


def test_optax_has_the_same_terms():
    y, h, theirs = GIVEN["number"], GIVEN["h"], GOLDEN["optax terms"]
    for name in ("squared_error", "huber(delta=0.5)", "log_cosh", "hinge"):
        target = np.where(y < 0, -1.0, 1.0) if name == "hinge" else y
        own = LOSSES[name].value(np, target, h)
        np.testing.assert_allclose(own, np.array(theirs[name]).sum(axis=1), rtol=1e-12)
    name = "cross_entropy(smoothing=0.1)"
    own, _ = batch(LOSSES[name], GIVEN["one_hot"], h, "softmax")
    assert own == pytest.approx(np.mean(theirs[name]), rel=1e-12)


JAX = {
    "logistic": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu(alpha=0.5)": lambda z: jax.nn.elu(z, 0.5),
    "selu": jax.nn.selu,
    "softplus": jax.nn.softplus,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "gelu_tanh": lambda z: jax.nn.gelu(z, approximate=True),
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_tanh": jax.nn.hard_tanh,
    "softmax": jax.nn.softmax,
}


@pytest.mark.parametrize(("name", "theirs"), JAX.items())
def test_activations_are_those_of_jax(name, theirs):
    z = np.linspace(-6.01, 6.02, 400).reshape(100, 4)
    own = ACTIVATIONS[name].f(np, z)
    np.testing.assert_allclose(own, np.asarray(theirs(jnp.asarray(z))), rtol=1e-12, atol=1e-15)
