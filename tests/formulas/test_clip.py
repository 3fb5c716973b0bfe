"""Clipped cross-entropies: the value that scikit-learn reports, and the slope of the true error."""

import numpy as np
import pytest
from sklearn.neural_network._base import LOSS_FUNCTIONS

from fallline.engines.calls import error_and_gradient
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.spec.network import Network

EPS = {np.float64: 2.220446049250313e-16, np.float32: 1.1920929e-07}
FAR = np.array([-1e3, -40.0, -38.0, -20.0, -15.0, -1.0, 0.0, 0.3, 15.0, 20.0, 36.5, 1e3])
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2.0, len(FAR))
CASES = [
    ("binary_cross_entropy", "logistic", "binary_log_loss", 1),
    ("binary_cross_entropy", "logistic", "log_loss", 1),
    ("binary_cross_entropy", "logistic", "binary_log_loss", 3),
    ("cross_entropy", "softmax", "log_loss", 3),
]
every_case = pytest.mark.parametrize(("name", "activation", "theirs", "width"), CASES)
every_dtype = pytest.mark.parametrize("dtype", EPS)


def saturated(name: str, width: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and net inputs of which most saturate, right and wrong alike."""
    h = np.stack([np.roll(FAR, 5 * j) for j in range(width)], axis=1)
    rng = np.random.default_rng(1)
    if name == "cross_entropy":
        y = np.eye(width)[rng.integers(0, width, len(h))]
    else:
        y = rng.integers(0, 2, h.shape)
    return y.astype(dtype), h.astype(dtype)


@every_dtype
@every_case
def test_the_error_is_the_one_that_scikit_learn_reports(name, activation, theirs, width, dtype):
    y, h = saturated(name, width, dtype)
    loss, weights = f"{name}(clip={EPS[dtype]!r})", WEIGHTS.astype(dtype)
    net = Network.parse(f"{width} -> {width} {activation} nobias")
    passing_on = np.eye(width, dtype=dtype).ravel()
    error, gradient = error_and_gradient(net, passing_on, h, y, loss=loss, sample_weight=weights)
    outputs = ACTIVATIONS[activation].f(np, h)
    assert outputs.dtype == dtype
    expected = LOSS_FUNCTIONS[theirs](y, outputs, weights)
    assert error == pytest.approx(float(expected), rel=1e-14 if dtype is np.float64 else 1e-5)
    true, same = error_and_gradient(net, passing_on, h, y, loss=name, sample_weight=weights)
    assert true > 2 * error  # most of it was clipped
    np.testing.assert_array_equal(gradient, same)


@every_case
def test_from_outputs_it_is_the_same_value(name, activation, theirs, width):
    y, h = saturated(name, width, np.float64)
    o, row = ACTIVATIONS[activation].f(np, h), LOSSES[f"{name}(clip=1e-9)"]
    with np.errstate(divide="raise"):  # no logarithm of 0
        np.testing.assert_allclose(
            row.value(np, y, o), row.pairs[activation].value(np, y, h), rtol=1e-6
        )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
def test_without_clip_the_name_is_as_before(name):
    assert LOSSES[f"{name}(clip=0.0)"].name == name == LOSSES[f"{name}(clip=0)"].name
    assert "min" not in LOSSES[name].text
    clipped = LOSSES[f"{name}(clip=2.220446049250313e-16)"]
    assert clipped.name == f"{name}(clip=2.220446049250313e-16)"
    assert "log(min(max(yhat, 2.220446049250313e-16), 0.9999999999999998))" in clipped.text


def test_beyond_the_clip_the_slope_is_that_of_the_error():
    """A unit that is wrong and sure has a flat report, but learns."""
    pair = LOSSES["binary_cross_entropy(clip=1e-3)"].pairs["logistic"]
    y, h = np.array([[1.0], [1.0]]), np.array([[-9.0], [-8.0]])
    assert pair.value(np, y, h).tolist() == [-np.log(1e-3)] * 2
    slope = pair.slope(np, y, h, ACTIVATIONS["logistic"].f(np, h))
    assert (slope < -0.999).all()
