"""The pinball error and the coverage of quantiles, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

import fallline as fl
from fallline.formulas.losses import LOSSES
from fallline.model.quantiles import quantile_scores, training_quantiles

RNG = np.random.default_rng(0)
LEVELS = (0.1, 0.5, 0.9)
LOSS = LOSSES["quantile(levels=[0.1, 0.5, 0.9])"]


@pytest.mark.parametrize("targets", [1, 2])
def test_the_errors_are_scikit_learns_and_the_coverage_is_a_share(targets):
    truth = RNG.normal(size=(80, targets))
    outputs = np.sort(RNG.normal(size=(80, targets, 3)), axis=2).reshape(80, -1)
    found = quantile_scores(LOSS, truth, outputs)
    each = []
    for i, level in enumerate(LEVELS):
        own = outputs[:, i::3]
        each.append(mean_pinball_loss(truth, own, alpha=level))
        assert found[f"pinball_{level}"] == pytest.approx(each[-1], rel=1e-12)
        assert found[f"coverage_{level}"] == pytest.approx(np.mean(truth <= own), rel=1e-12)
    assert found["pinball"] == pytest.approx(np.mean(each), rel=1e-12)
    assert len(found) == 7


def test_an_error_of_no_quantiles_has_none_of_these():
    assert quantile_scores(LOSSES["mae"], np.ones((3, 1)), np.ones((3, 1))) == {}
    assert training_quantiles(LOSSES["mae"], np.ones((3, 1)), 3) is None


def test_the_quantiles_of_the_training_rows_are_numpys():
    truth = RNG.normal(size=(50, 2))
    found = training_quantiles(LOSS, truth, 4)
    assert found is not None and found.shape == (4, 6)
    np.testing.assert_allclose(found[2, 3:], np.quantile(truth[:, 1], LEVELS))


def test_a_model_is_judged_by_its_quantiles_in_the_targets_units():
    x = RNG.uniform(-2, 2, 300)
    table = {"x": x, "price": 1e4 + 100 * x + 30 * RNG.normal(size=300)}
    result = fl.train(
        table, "price", loss="quantile(levels=[0.1, 0.9])", epochs=60, l2=1e-4, seed=1,
        validation=0.2, net="16 tanh",
    )  # fmt: skip
    test = fl.Table.of(table).take(result.test_rows)
    told, predicted = result.scores["test"], result.model.predict(test)
    for i, level in enumerate((0.1, 0.9)):
        wanted = mean_pinball_loss(test["price"].values, predicted[:, i], alpha=level)
        assert told[f"pinball_{level}"] == pytest.approx(wanted, rel=1e-6)
    assert result.model.evaluate(test) == pytest.approx(told)
    simple = result.baselines["training quantiles"]
    assert told["pinball"] < simple["pinball"] / 2 and simple["coverage_0.9"] > 0.7
    assert {"r2", "rmse", "mae"} < set(simple)
