"""Softmax and cross-entropy of few and of many classes: narrow rows stand side by side."""

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE

import fallline as fl
from fallline.engines.protocol import Rows
from fallline.engines.reference import ReferenceEngine
from fallline.spec.plan import Objective

if WITHOUT_CORE:
    pytest.skip("fallline has no C++ core here", allow_module_level=True)

from tests.engines.test_native import every_dtype, every_kernel

from fallline.engines.native import NativeEngine

LOSSES = [
    "cross_entropy",
    "cross_entropy(clip=1e-6)",
    "cross_entropy(smoothing=0.2)",
    "cross_entropy(smoothing=0.1, clip=0.05)",
]
CLASSES = [2, 3, 4, 5, 8, 9, 16, 17, 32, 33]


def drawn(classes: int, n: int, dtype: str, scale: float) -> tuple[fl.Network, np.ndarray, Rows]:
    rng = np.random.default_rng(classes * 100 + n)
    net = fl.Network.parse(f"3 -> {classes} softmax")
    Y = np.eye(classes)[rng.integers(0, classes, n)]
    Y[::5] = rng.dirichlet(np.ones(classes), len(Y[::5]))  # some of several classes
    theta = (scale * rng.normal(size=net.size)).astype(dtype)
    rows = Rows(rng.normal(size=(n, 3)).astype(dtype), Y.astype(dtype), np.ones(n, dtype))
    return net, theta, rows


@pytest.mark.parametrize("scale", [1.0, 40.0])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("classes", CLASSES)
@every_dtype
@every_kernel
def test_errors_and_gradients_are_those_of_the_reference(kernels, dtype, classes, loss, scale):
    limit = 1e-11 if dtype == "f8" else 2e-4
    for n in (1, 7, 16, 67):
        net, theta, rows = drawn(classes, n, dtype, scale)
        objective = Objective(loss)
        ours = NativeEngine(kernels).error_and_gradient(net, objective, theta, rows)
        theirs = ReferenceEngine().error_and_gradient(net, objective, theta, rows)
        assert ours[0] == pytest.approx(theirs[0], rel=limit, abs=limit * 1e-3)
        np.testing.assert_allclose(ours[1], theirs[1], rtol=limit, atol=limit)


@pytest.mark.parametrize("classes", CLASSES)
@every_dtype
@every_kernel
def test_a_rows_bits_do_not_depend_on_those_beside_it(kernels, dtype, classes):
    net, theta, rows = drawn(classes, 19, dtype, 3.0)
    engine = NativeEngine(kernels)
    together = engine.predict(net, theta, rows.X)
    for i in range(19):
        alone = engine.predict(net, theta, rows.X[i : i + 1])
        assert alone.tobytes() == together[i : i + 1].tobytes()


@every_kernel
def test_what_is_not_finite_stays_so_in_its_row(kernels):
    net, theta, rows = drawn(6, 12, "f8", 1.0)
    X = rows.X.copy()
    X[5, 0] = np.nan
    outputs = NativeEngine(kernels).predict(net, theta, X)
    assert np.isnan(outputs[5]).all() and np.isfinite(np.delete(outputs, 5, axis=0)).all()
    error, _ = NativeEngine(kernels).error_and_gradient(
        net, Objective("cross_entropy"), theta, rows._replace(X=X)
    )
    assert np.isnan(error)
