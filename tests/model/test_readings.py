"""Models whose outputs are not plain numbers or probabilities: quantiles, variances, margins."""

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DataError, SpecError
from fallline.spec.plan import Plan

RNG = np.random.default_rng(0)
N = 400
X = RNG.uniform(-2, 2, N)
TABLE = {
    "x": X,
    "w": RNG.normal(size=N),
    "price": 1e4 + 100 * X + 30 * RNG.normal(size=N),
    "count": RNG.poisson(np.exp(1 + X)),
    "amount": np.exp(X + 0.3 * RNG.normal(size=N)),
    "kind": np.where(X + 0.2 * RNG.normal(size=N) > 0, "up", "down"),
    "grade": np.where(X > 0.7, "a", np.where(X > -0.7, "b", "c")),
}
QUICK = {"epochs": 60, "l2": 1e-4, "seed": 1, "validation": 0.2, "net": "16 tanh"}


def train(target, loss, **settings):
    targets = [target] if isinstance(target, str) else target
    table = {name: TABLE[name] for name in ("x", "w", *targets)}
    return fl.train(table, target, loss=loss, **{**QUICK, **settings})


def again(model: fl.Model, folder) -> fl.Model:
    model.save(folder / "m.fall")
    return fl.load(folder / "m.fall")


def test_a_model_of_quantiles_predicts_its_levels_in_units_and_never_crosses(tmp_path):
    result = train("price", "quantile(levels=[0.1, 0.5, 0.9])")
    model = again(result.model, tmp_path)
    assert model.plan.loss == "quantile(levels=[0.1, 0.5, 0.9])"
    levels = model.predict(TABLE)
    assert model.prediction_names == ("prediction_0.1", "prediction_0.5", "prediction_0.9")
    assert levels.shape == (N, 3) and (np.diff(levels, axis=1) >= 0).all()
    shares = (TABLE["price"][:, None] <= levels).mean(axis=0)
    np.testing.assert_allclose(shares, (0.1, 0.5, 0.9), atol=0.07)
    wild = {"x": RNG.normal(0, 1e3, 500), "w": RNG.normal(0, 1e3, 500)}
    assert (np.diff(model.predict(wild), axis=1) >= 0).all()
    # Metrics are those of the median.
    error = np.abs(TABLE["price"] - levels[:, 1]).mean()
    assert model.evaluate(TABLE)["mae"] == pytest.approx(error, rel=1e-9)
    assert result.scores["test"]["r2"] > 0.85 and result.worst


def test_a_model_of_a_gaussian_predicts_mean_and_deviation_in_units(tmp_path):
    model = again(train("price", "gaussian_likelihood").model, tmp_path)
    assert model.prediction_names == ("prediction", "prediction_sd")
    mean, deviation = model.predict(TABLE).T
    assert np.median(deviation) == pytest.approx(30, rel=0.2)
    assert np.mean(np.abs(TABLE["price"] - mean) < deviation) == pytest.approx(0.68, abs=0.06)
    assert model.evaluate(TABLE)["r2"] > 0.85


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        ("quantile(levels=[0.2, 0.8])", ["_price_0.2", "_price_0.8", "_count_0.2", "_count_0.8"]),
        ("gaussian_likelihood", ["_price", "_price_sd", "_count", "_count_sd"]),
        ("mae(output_weights=[1, 3])", ["_price", "_count"]),
    ],
)  # fmt: skip
def test_several_targets_have_their_columns_side_by_side(loss, names, tmp_path):
    model = again(train(["price", "count"], loss).model, tmp_path)
    assert model.prediction_names == tuple(f"prediction{name}" for name in names)
    told = model.predict(TABLE)
    assert told.shape == (N, len(names))
    assert np.median(told[:, 0]) == pytest.approx(1e4, abs=200)
    kinds = {metric.partition("_")[0] for metric in model.evaluate(TABLE)}
    of_quantiles = {"pinball", "coverage"} if loss.startswith("quantile") else set()
    assert kinds == {"r2", "rmse", "mae"} | of_quantiles


@pytest.mark.parametrize(("target", "loss"), [("count", "poisson"), ("amount", "gamma")])
def test_amounts_are_predicted_above_zero(target, loss):
    model = train(target, loss).model
    assert model.network.output.activation == "exp"
    assert (model.predict(TABLE) > 0).all()
    assert model.evaluate(TABLE)["r2"] > 0.6


@pytest.mark.parametrize(("target", "classes"), [("kind", 2), ("grade", 3)])
def test_a_model_of_margins_tells_classes_and_refuses_probabilities(target, classes, tmp_path):
    result = train(target, "hinge", metrics=("accuracy",), net="32 relu", epochs=150)
    model = again(result.model, tmp_path)
    assert model.network.n_outputs == (1 if classes == 2 else 3)
    assert model.evaluate(TABLE).keys() == {"accuracy"}
    assert model.evaluate(TABLE)["accuracy"] > 0.9
    assert np.mean(model.predict(TABLE) == TABLE[target]) == model.evaluate(TABLE)["accuracy"]
    assert 0.85 < model.history[-1].metrics["accuracy"] <= 1
    with pytest.raises(DataError, match="gives margins, not probabilities"):
        model.predict_proba(TABLE)


@pytest.mark.parametrize(
    ("target", "loss", "message"),
    [
        ("kind", "poisson", "poisson is for amounts, but the target has classes"),
        ("kind", "quantile(levels=[0.1, 0.9])", "is for numbers, but the target has classes"),
        ("price", "hinge", "hinge is for classes, but the target is a number"),
        ("price", "cross_entropy", "cross_entropy is for classes, but the target is a number"),
        ("price", "mae(output_weights=[1, 2])", "must be 1 numbers, one for each target, not 2"),
    ],
)
def test_an_error_that_does_not_fit_the_target_is_refused(target, loss, message):
    with pytest.raises(SpecError, match=message):
        train(target, loss)


def test_amounts_below_zero_are_refused():
    with pytest.raises(DataError, match="poisson takes targets from 0 upwards"):
        fl.train({"x": X, "y": X}, "y", loss="poisson", **QUICK)


def test_hidden_layers_may_have_settings():
    result = train("price", "huber(delta=0.5)", net="8 leaky_relu(slope=0.2), 8 elu(alpha=0.5)")
    names = [layer.activation for layer in result.model.network.layers]
    assert names == ["leaky_relu(slope=0.2)", "elu(alpha=0.5)", "identity"]


@pytest.mark.parametrize(
    "loss",
    ["huber(delta=2.0)", "quantile(levels=[0.1, 0.9], output_weights=[1.0])", "pinball", "hinge"],
)
def test_plans_with_settings_come_back_from_json(loss):
    plan = Plan(loss=loss)
    assert Plan.from_json(plan.to_json()) == plan
    assert Plan(loss=plan.loss).loss == plan.loss


# --- step ---------------------------------------------------------------------------------------

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
STEPS = fl.Network.parse("2 -> 2 step -> 1 step")
BY_HAND = [1.0, 1.0, 1.0, 1.0, -0.5, -1.5, 1.0, -1.0, -0.5]


def test_a_network_of_steps_predicts():
    """Minsky and Papert's exclusive or, of two units that count and one that compares."""
    assert fl.predict(STEPS, BY_HAND, XOR)[:, 0].tolist() == [0, 1, 1, 0]


def test_a_network_of_steps_refuses_to_be_trained_with_the_reason():
    message = "layer 'hidden1' is step, which predicts but cannot be trained: its slope is 0"
    with pytest.raises(SpecError, match=message):
        fl.error_and_gradient(STEPS, BY_HAND, XOR, [0, 1, 1, 0])
    with pytest.raises(SpecError, match=message):
        fl.Run(STEPS, XOR, [0, 1, 1, 0])


def test_what_follows_a_frozen_step_is_trained():
    net = fl.Network.parse("2 -> 2 step -> 1").freeze("hidden1")
    start = [*BY_HAND[:6], 0.0, 0.0, 0.0]
    run = fl.descend(
        net, XOR, [0, 1, 1, 0], loss="sse", optimizer=fl.SGD(0.2), batch_size=None, epochs=900,
        theta=start,
    )  # fmt: skip
    np.testing.assert_allclose(run.theta[6:], [1.0, -1.0, 0.0], atol=1e-6)
