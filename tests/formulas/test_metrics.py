"""Every metric against scikit-learn's, with row weights."""

import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

from fallline.formulas.metrics import METRICS, Metric

RNG = np.random.default_rng(0)
N = 60
WEIGHTS = RNG.integers(0, 4, N).astype(float) + RNG.choice([0.0, 0.25], N)


def _labels(columns: np.ndarray) -> np.ndarray:
    return columns[:, 0] > 0.5 if columns.shape[1] == 1 else columns.argmax(axis=1)


def _log_loss(y, yhat, s):
    probabilities = np.hstack([1 - yhat, yhat]) if yhat.shape[1] == 1 else yhat
    labels = range(probabilities.shape[1])
    return sklearn.metrics.log_loss(_labels(y), probabilities, sample_weight=s, labels=labels)


def _each_label(of, y, yhat):
    """Return the mean over labels, which scikit-learn judges one by one."""
    return np.mean([of(y[:, j], yhat[:, j]) for j in range(y.shape[1])])


OUTSIDERS = {
    "r2": lambda y, yhat, s: sklearn.metrics.r2_score(y, yhat, sample_weight=s),
    "rmse": lambda y, yhat, s: sklearn.metrics.mean_squared_error(y, yhat, sample_weight=s) ** 0.5,
    "mae": lambda y, yhat, s: sklearn.metrics.mean_absolute_error(y, yhat, sample_weight=s),
    "accuracy": lambda y, yhat, s: sklearn.metrics.accuracy_score(
        _labels(y), _labels(yhat), sample_weight=s
    ),
    "log_loss": _log_loss,
    "label_accuracy": lambda y, yhat, s: (
        1
        - _each_label(
            lambda a, b: sklearn.metrics.zero_one_loss(a, b > 0.5, sample_weight=s), y, yhat
        )
    ),
    "label_log_loss": lambda y, yhat, s: _each_label(
        lambda a, b: sklearn.metrics.log_loss(a, b, sample_weight=s, labels=[0, 1]), y, yhat
    ),
}
every_row = pytest.mark.parametrize("row", METRICS.values(), ids=lambda row: row.name)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


def examples(row: Metric, k: int) -> tuple[np.ndarray, np.ndarray]:
    if row.task == "regression":
        return RNG.normal(5, 2, (2, N, k))
    if row.task == "labels":
        return RNG.integers(0, 2, (N, k)).astype(float), RNG.uniform(0, 1, (N, k))
    if k == 1:
        return RNG.integers(0, 2, (N, 1)).astype(float), RNG.uniform(0, 1, (N, 1))
    return np.eye(k)[RNG.integers(0, k, N)], RNG.dirichlet(np.ones(k), N)


def test_every_row_has_its_outsider():
    assert set(OUTSIDERS) == set(METRICS)


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("k", [1, 3])
@both
@every_row
def test_it_is_scikit_learns(row, xp, k, weights):
    y, yhat = examples(row, k)
    own = float(row.value(xp, xp.asarray(y), xp.asarray(yhat), xp.asarray(weights)))
    assert own == pytest.approx(OUTSIDERS[row.name](y, yhat, weights), rel=1e-12)


@pytest.mark.parametrize("k", [1, 3])
@every_row
def test_a_better_model_has_the_better_value(row, k):
    y, yhat = examples(row, k)
    bad, good = (row.value(np, y, at, WEIGHTS) for at in (yhat, 0.8 * y + 0.2 * yhat))
    assert good > bad if row.better == "higher" else good < bad


@every_row
def test_the_units_of_the_target_scale_it_where_the_row_says_so(row):
    if row.task != "regression":
        assert not row.scaled
        return
    y, yhat = examples(row, 1)
    once, tenfold = (row.value(np, c * y, c * yhat, WEIGHTS) for c in (1, 10))
    assert tenfold == pytest.approx(10 * once if row.scaled else once)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 3])
def test_log_loss_is_finite_for_a_certain_prediction(k, dtype):
    """As scikit-learn's: clipped at the dtype's epsilon."""
    y = np.eye(k, dtype=dtype) if k > 1 else np.array([[0], [1]], dtype)
    for yhat in (y, 1 - y) if k == 1 else (y, np.roll(y, 1, axis=1)):
        s = np.ones(len(y), dtype)
        own = float(METRICS["log_loss"].value(np, y, yhat, s))
        assert own == pytest.approx(_log_loss(y, yhat, s), rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6 + 0.1])
def test_r2_of_a_constant_target_is_one_or_zero(constant):
    """The mean of equal numbers is not always that number: 0.1 thrice is one of the cases."""
    y, s = np.full((3, 1), constant), np.array([1.0, 1.0, 1.0])
    r2 = METRICS["r2"].value
    assert (r2(np, y, y, s), r2(np, y, y + 1, s)) == (1.0, 0.0)
