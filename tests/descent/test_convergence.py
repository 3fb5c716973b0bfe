"""Descents whose end is known in closed form, or from another library."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fallline.descent import Run, descend
from fallline.engines.calls import error_and_gradient, predict
from fallline.engines.registry import ENGINES
from fallline.formulas.optimizers import OPTIMIZERS, SGD, Adam
from fallline.spec.network import Network

every_engine = pytest.mark.parametrize("engine", ENGINES)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
S = RNG.uniform(0.2, 2, 40)


@pytest.mark.parametrize("l2", [0.0, 0.3])
@every_engine
def test_a_linear_network_reaches_the_normal_equations(engine, l2):
    """(XᵀSX/Σs + λI) w = XᵀSy/Σs, without λ for the biases."""
    Y = X @ RNG.normal(size=(3, 2)) + 0.1 * RNG.normal(size=(40, 2)) + 4
    ones = np.hstack([X, np.ones((40, 1))])
    ridge = l2 * np.diag([1.0, 1, 1, 0])
    exact = np.linalg.solve(
        ones.T @ (S[:, None] * ones) / S.sum() + ridge, ones.T @ (S[:, None] * Y) / S.sum()
    )
    run = descend(
        Network.parse("3 -> 2"), X, Y, sample_weight=S, l2=l2, optimizer=SGD(0.5),
        batch_size=None, epochs=300, engine=engine,
    )  # fmt: skip
    np.testing.assert_allclose(run.theta.reshape(4, 2), exact, rtol=1e-10, atol=1e-12)


@every_engine
def test_the_sum_error_reaches_it_one_row_at_a_time(engine):
    """Without noise every row agrees on the weights, so even a constant rate ends there."""
    w = np.array([[1.0], [-2.0], [0.5]])
    run = descend(
        Network.parse("3 -> 1 nobias"), X, X @ w, loss="sse", optimizer=SGD(0.05), batch_size=1,
        epochs=60, engine=engine,
    )  # fmt: skip
    np.testing.assert_allclose(run.theta[:, None], w, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "loss", "classes"),
    [("3 -> 1 sigmoid", "binary_cross_entropy", 2), ("3 -> 3 softmax", "cross_entropy", 3)],
)
@every_engine
def test_logistic_regression_is_scikit_learns(engine, text, loss, classes):
    """Its C is 1/(λ Σ s): it minimises C Σ s e + ½‖w‖²."""
    labels = (X @ RNG.normal(size=(3, classes)) + RNG.normal(size=(40, classes))).argmax(axis=1)
    Y = labels[:, None].astype(float) if classes == 2 else np.eye(3)[labels]
    other = LogisticRegression(C=1 / (0.05 * S.sum()), tol=1e-12, max_iter=1000)
    other.fit(X, labels, sample_weight=S)
    run = descend(
        Network.parse(text), X, Y, sample_weight=S, loss=loss, l2=0.05, batch_size=None,
        optimizer=SGD(1.0, momentum=0.9), epochs=600, initializer="zeros", engine=engine,
    )  # fmt: skip
    probabilities = predict(run.network, run.theta, X, engine=engine)
    if classes == 2:
        probabilities = np.hstack([1 - probabilities, probabilities])
    np.testing.assert_allclose(probabilities, other.predict_proba(X), atol=1e-6)
    W = run.network.views(run.theta)["output"].weights
    expected = other.coef_.T if classes == 2 else (other.coef_ - other.coef_.mean(axis=0)).T
    np.testing.assert_allclose(W, expected, atol=1e-5)


@pytest.mark.parametrize("loss", ["sse", "squared_error", "binary_cross_entropy"])
@every_engine
def test_xor_is_learnt(engine, loss):
    """What no network without a hidden layer can: the four rows that are not separable."""
    rows, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    run = descend(
        Network.parse("2 -> 4 tanh -> 1 sigmoid"), rows, targets, loss=loss, optimizer=Adam(0.05),
        batch_size=None, epochs=1500, seed=1, metrics=["accuracy"], target=1e-3, engine=engine,
    )  # fmt: skip
    outputs = predict(run.network, run.theta, rows, engine=engine)[:, 0]
    assert (np.abs(outputs - targets) < 0.1).all()
    assert run.history[-1].metrics == {"accuracy": 1.0}
    assert "reached the target 0.001" in run.stopped


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
@every_engine
def test_every_optimizer_lowers_the_error(engine, kind):
    Y = np.tanh(X @ np.array([[1.0], [-1.0], [0.5]]))
    rate = 1.0 if kind.name == "adadelta" else 0.01
    run = Run(
        Network.parse("3 -> 5 tanh -> 1"), X, Y, optimizer=kind(learning_rate=rate),
        batch_size=8, epochs=30, engine=engine, error_at_end=True,
    )  # fmt: skip
    before = run.error_at_end()
    errors = [epoch.error_at_end for epoch in run]
    assert errors[-1] < 0.3 * before


def test_a_run_is_the_loop_of_a_textbook():
    """Shuffle, cut, step: written out here with the public gradient, and equal to the last bits."""
    Y, eta = X[:, :1] ** 2, 0.1
    net = Network.parse("3 -> 4 tanh -> 1")
    run = descend(net, X, Y, optimizer=SGD(eta), l2=0.1, batch_size=7, epochs=3, seed=9)
    theta = net.initial("auto", seed=9)
    errors = []
    for epoch in (1, 2, 3):
        order = np.random.default_rng([9, epoch]).permutation(40)
        weighted = 0.0
        for batch in np.split(order, range(7, 40, 7)):
            error, gradient = error_and_gradient(net, theta, X[batch], Y[batch], l2=0.1)
            weighted += error * len(batch)
            theta = theta - eta * gradient
        errors.append(weighted / 40)
    np.testing.assert_allclose(run.theta, theta, rtol=1e-13)
    assert run.history.column("error") == pytest.approx(errors, rel=1e-13)
