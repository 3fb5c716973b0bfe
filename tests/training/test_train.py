"""The main job: what it chooses, what it reports, and that the reports are true."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

import fallline as fl
from fallline.data import samples
from fallline.errors import DataError, InterruptWarning, SpecError
from fallline.training import Settings, Stage
from fallline.training.choose import PENALTIES
from fallline.training.prepare import prepare
from fallline.training.rules import batch_by_rule, net_by_rule

QUICK = {"l2": 0.01, "epochs": 3, "seed": 1}


@pytest.fixture(scope="module")
def houses() -> fl.Table:
    return samples.load("houses").take(np.arange(150))


@pytest.fixture(scope="module")
def moons() -> fl.Table:
    return samples.load("moons", n=80)


def test_scores_are_those_of_the_model_on_the_rows_it_names(houses: fl.Table) -> None:
    result = fl.train(houses, "price", **QUICK)
    made = prepare(houses, "price", Settings(seed=1), None)
    test = houses.take(made.test)
    assert result.scores["test"] == pytest.approx(result.model.evaluate(test))
    assert result.scores["train"] == pytest.approx(result.model.evaluate(houses.take(made.train)))
    assert result.rows == {"train": 120, "validation": 0, "test": 30}
    assert result.model.facts["scores"] == result.scores


def test_worst_rows_are_numbered_as_in_the_table(houses: fl.Table) -> None:
    result = fl.train(houses, "price", **QUICK)
    assert len(result.worst) == 5
    for row in result.worst:
        one = houses.take(np.array([row.row - 1]))
        assert one["price"].values[0] == row.truth
        assert result.model.predict(one)[0] == pytest.approx(row.prediction)
        assert row.miss == pytest.approx(row.prediction - row.truth)
    sizes = [abs(row.miss) for row in result.worst]
    assert sizes == sorted(sizes, reverse=True)


def test_worst_rows_of_a_classification_are_wrong_ones(moons: fl.Table) -> None:
    result = fl.train(moons, "label", **QUICK)
    for row in result.worst:
        assert row.truth != row.prediction
        assert row.truth == moons["label"].values[row.row - 1]
        assert 0 <= row.miss <= 0.5


def test_baselines_are_scikit_learns(houses: fl.Table, moons: fl.Table) -> None:
    result = fl.train(houses, "price", dtype="float64", **QUICK)
    made = prepare(houses, "price", Settings(seed=1), None)
    encoder = made.encoder(made.train)
    fit, ask = (made.rows(encoder, rows, np.float64) for rows in (made.train, made.test))
    assert result.baselines["linear model"]["r2"] == pytest.approx(
        Ridge().fit(fit.X, fit.Y[:, 0]).score(ask.X, ask.Y[:, 0])
    )
    mean = houses["price"].values[made.train].mean()
    truth = houses["price"].values[made.test]
    assert result.baselines["mean"]["mae"] == pytest.approx(np.abs(truth - mean).mean())

    result = fl.train(moons, "label", dtype="float64", **QUICK)
    made = prepare(moons, "label", Settings(seed=1), None)
    encoder = made.encoder(made.train)
    fit, ask = (made.rows(encoder, rows, np.float64) for rows in (made.train, made.test))
    linear = LogisticRegression(max_iter=300).fit(fit.X, fit.Y[:, 0])
    assert result.baselines["linear model"]["accuracy"] == linear.score(ask.X, ask.Y[:, 0])
    majority = max(np.mean(ask.Y), 1 - np.mean(ask.Y))
    assert result.baselines["majority class"]["accuracy"] in (majority, 1 - majority)


def test_test_rows_do_not_touch_the_training(houses: fl.Table) -> None:
    made = prepare(houses, "price", Settings(seed=1), None)
    spoilt = {column.name: column.values.copy() for column in houses}
    spoilt["living_area"] = spoilt["living_area"].astype(float)
    spoilt["living_area"][made.test] = 1e9
    spoilt["fuel"][made.test] = "plutonium"
    first = fl.train(houses, "price", **QUICK).model
    second = fl.train(spoilt, "price", **QUICK).model
    assert first.theta.tobytes() == second.theta.tobytes()
    assert first.encoder == second.encoder


def test_the_seed_decides_everything(moons: fl.Table) -> None:
    one, same, other = (
        fl.train(moons, "label", l2=0.01, epochs=3, seed=seed).model.theta for seed in (1, 1, 2)
    )
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()


def test_penalty_and_epochs_have_the_least_validation_error(moons: fl.Table) -> None:
    stages: list[Stage] = []
    result = fl.train(moons, "label", epochs=4, watch=stages.append)
    trials = [stage for stage in stages if stage.name == "choosing"]
    assert len(trials) == trials[-1].total == 4 * 5 * len(PENALTIES)
    assert [stage.done for stage in trials] == list(range(1, len(trials) + 1))
    errors = np.array([stage.epoch.validation_error for stage in trials])
    curves = errors.reshape(len(PENALTIES), 5, 4).mean(axis=1)
    k, epoch = np.unravel_index(curves.argmin(), curves.shape)
    assert result.model.plan.l2 == PENALTIES[k]
    assert len(result.model.history) == epoch + 1
    assert f"λ = {PENALTIES[k]:g}" in result.choices[1]


def test_rows_held_out_stop_the_training_and_the_best_is_kept(moons: fl.Table) -> None:
    result = fl.train(
        moons, "label", l2=0.0, epochs=400, validation=0.25, patience=3, learning_rate=0.05
    )
    model = result.model
    assert result.rows == {"train": 48, "validation": 16, "test": 16}
    assert len(model.history) < 400
    assert "did not fall" in result.stopped
    made = prepare(moons, "label", Settings(validation=0.25), None)
    validation = moons.take(made.validation)
    assert model.evaluate(validation)["log_loss"] == pytest.approx(
        model.history.best.validation_error, rel=1e-5
    )


def test_a_validation_table_of_its_own(moons: fl.Table) -> None:
    other = samples.load("moons", n=30, seed=9)
    result = fl.train(moons, "label", validation_data=other, **QUICK)
    assert result.rows == {"train": 64, "validation": 30, "test": 16}
    assert result.model.evaluate(other)["log_loss"] == pytest.approx(
        result.model.history.best.validation_error, rel=1e-5
    )


def test_no_validation_and_no_test(moons: fl.Table) -> None:
    result = fl.train(moons, "label", validation=0, test=0, epochs=2)
    assert result.rows == {"train": 80, "validation": 0, "test": 0}
    assert set(result.scores) == {"train"}
    assert len(result.model.history) == 2


def test_sizes_by_rule() -> None:
    assert [net_by_rule(n) for n in (99, 100, 4_999, 5_000)] == [
        "16 relu",
        "64 relu, 32 relu",
        "64 relu, 32 relu",
        "128 relu, 64 relu",
    ]
    assert [batch_by_rule(n) for n in (5_000, 5_001)] == [32, 128]


def test_large_tables_hold_rows_out() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=7_000)
    result = fl.train({"x": x, "y": 2 * x}, "y", net="none", epochs=2, patience=1)
    assert result.rows == {"train": 4760, "validation": 840, "test": 1400}
    assert result.scores["test"]["r2"] > 0.5


@pytest.mark.parametrize("part", ["train", "test", "validation table"])
def test_a_target_cell_that_is_no_number_ends_it_before_training(part: str) -> None:
    x = np.random.default_rng(0).normal(size=100)
    good = {"x": x, "y": [f"{value:.3f}" for value in x]}
    test_rows = fl.train(good, "y", **QUICK).test_rows.tolist()
    row = min(test_rows if part == "test" else set(range(100)) - set(test_rows))
    bad = {"x": x, "y": [*good["y"][:row], "call us", *good["y"][row + 1 :]]}
    data, other = (good, bad) if part == "validation table" else (bad, None)
    with pytest.raises(DataError, match="must be a number, but a cell holds 'call us'"):
        fl.train(data, "y", validation_data=other, watch=lambda stage: pytest.fail("it trained"))


def test_several_targets(houses: fl.Table) -> None:
    result = fl.train(houses, ["price", "living_area"], **QUICK)
    assert result.model.predict(houses).shape == (150, 2)
    assert result.worst == ()


def test_more_classes_and_other_errors(moons: fl.Table) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 2))
    table = {"a": x[:, 0], "b": x[:, 1], "c": np.array(["u", "v", "w"])[rng.integers(0, 3, 90)]}
    for loss, output in (
        ("cross_entropy", "softmax"),
        ("squared_error", "softmax"),
        ("sse", "softmax"),
        ("binary_cross_entropy", "logistic"),
    ):
        model = fl.train(table, "c", loss=loss, **QUICK).model
        assert model.network.output.activation == output
        assert set(model.predict(table).tolist()) <= {"u", "v", "w"}
    binary = fl.train(moons, "label", loss="sse", **QUICK).model
    assert binary.network.output.activation == "logistic"


def test_rows_without_target_are_left_out_and_counted(houses: fl.Table) -> None:
    price = houses["price"].values.astype(float)
    price[[3, 40]] = np.nan
    columns = {column.name: column.values for column in houses} | {"price": price}
    result = fl.train(columns, "price", **QUICK)
    assert sum(result.rows.values()) == 148
    assert any("2 rows without a known 'price'" in note for note in result.notes)
    assert all(row.row not in (4, 41) for row in result.worst)


def test_ctrl_c_in_the_last_training_keeps_what_it_reached(moons: fl.Table) -> None:
    def interrupt(stage: Stage) -> None:
        if stage.name == "training" and stage.done == 3:
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning):
        result = fl.train(moons, "label", l2=0.01, epochs=50, watch=interrupt)
    assert result.interrupted
    assert len(result.model.history) == 3
    assert result.model.predict(moons).shape == (80,)


def test_ctrl_c_while_choosing_goes_through(moons: fl.Table) -> None:
    def interrupt(stage: Stage) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fl.train(moons, "label", epochs=2, watch=interrupt)


def test_divergence_in_the_first_epoch_is_an_error(houses: fl.Table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DataError, match="learning rate"):
            fl.train(houses, "price", optimizer="sgd", learning_rate=1e30, epochs=3)
        with pytest.raises(DataError, match="diverged"):
            fl.train(houses, "price", optimizer="sgd", learning_rate=1e30, l2=0.0, epochs=3)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"task": "clustering"}, "'regression' or 'classification'"),
        ({"net": "32 rulu"}, "did you mean 'relu'"),
        ({"net": "32 relu 5"}, "32 relu"),
        ({"loss": "mean"}, "unknown loss"),
        ({"loss": "cross_entropy"}, "is for classes"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"learning_rate": -1.0}, "above 0"),
        ({"learning_rate": float("nan")}, "finite"),
        ({"l2": -0.1}, "l2"),
        ({"batch_size": -3}, "batch_size"),
        ({"batch_size": 2.5}, "batch_size"),
        ({"batch_size": False}, "batch_size"),
        ({"epochs": 1.5}, "epochs"),
        ({"epochs": 0}, "epochs"),
        ({"validation": 1.0}, "share"),
        ({"validation": "half"}, "share"),
        ({"patience": 0}, "patience"),
        ({"test": -0.1}, "share"),
        ({"class_weight": "even"}, "'balanced' or a number for each label"),
        ({"class_weight": {"a": 0}}, "above 0"),
        ({"class_weight": "balanced"}, "is for classes"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"l1": -1}, "l1"),
        ({"alpha": -1}, "alpha"),
        ({"max_norm": 0}, "max_norm"),
        ({"dropout": 1}, "dropout"),
        ({"dropout": {"hidden9": 0.5}}, "hidden9"),
        ({"input_noise": -1}, "input_noise"),
        ({"clip_value": 0}, "clip_value"),
        ({"clip_norm": "x"}, "clip_norm"),
        ({"initializer": "huge"}, "initializer"),
        ({"shuffle": 1}, "shuffle"),
        ({"min_improvement": -1}, "min_improvement"),
        ({"tolerance": -1}, "tolerance"),
        ({"tolerance_epochs": 0}, "tolerance_epochs"),
        ({"target_error": "x"}, "target"),
        ({"restore_best": None}, "restore_best"),
        ({"metrics": "accuracy"}, "is for classification"),
        ({"metrics": ["rmsee"]}, "did you mean 'rmse'"),
        ({"metrics": 3}, "metrics"),
        ({"group": "roooms"}, "did you mean 'rooms'"),
        ({"group": "price"}, "the target"),
        ({"group": 3}, "name of a column"),
        ({"group": "rooms", "numeric": "rooms"}, "both numeric and dropped"),
        ({"time": "fuel"}, "dates or numbers"),
        ({"time": "age", "group": "rooms"}, "not by both"),
        ({"restarts": 0}, "restarts"),
        ({"restarts": 2, "validation": 0}, "chosen among by validation"),
        ({"folds": 1}, "folds"),
        ({"folds": 3, "test": 0.2}, "leave out folds or test"),
        ({"seed": -1}, "seed"),
        ({"time_budget": -5.0}, "time_budget"),
        ({"dtype": "float16"}, "float32"),
        ({"devices": 0}, "devices"),
        ({"engine": "gpu"}, "engine"),
        ({"numeric": ("livingarea",)}, "living_area"),
        ({"category": ("pricee",)}, "pricee"),
        ({"date": ("nope",)}, "nope"),
        ({"text": ("nope",)}, "nope"),
        ({"drop": ("nope",)}, "nope"),
        ({"epoch": 3}, "did you mean 'epochs'"),
    ],
)
def test_bad_settings_get_one_clear_sentence(
    houses: fl.Table, settings: dict[str, object], says: str
) -> None:
    with pytest.raises((SpecError, DataError), match=says) as caught:
        fl.train(houses, "price", **settings)
    assert "\n" not in str(caught.value)


def test_every_setting_has_a_bad_value_above() -> None:
    mark = next(m for m in test_bad_settings_get_one_clear_sentence.pytestmark)
    tried = {name for settings, _ in mark.args[1] for name in settings}
    assert set(Settings.__dataclass_fields__) <= tried


@pytest.mark.parametrize(
    ("data", "target", "says"),
    [
        ({"x": [1.0] * 5, "y": [1.0, 2, 3, 4, 5]}, "y", "at least 10"),
        ({"x": np.arange(20.0), "y": np.full(20, 1.5)}, "y", "nothing to learn"),
        ({"x": np.arange(20.0), "y": ["a"] * 20}, "y", "only the class"),
        ({"x": np.ones(20), "y": np.arange(20.0)}, "y", "no column is left"),
        ({"x": np.arange(20.0), "y": np.arange(20.0)}, "z", "z"),
        ({"x": np.arange(20.0), "y": [np.nan] * 20}, "y", "missing|known target"),
        ({"x": np.arange(20.0)}, 3, "target must be the name of a column.*not 3"),
        ({"x": np.arange(20.0)}, [], "target must be"),
        ({"x": np.arange(20.0), "y": np.arange(20.0)}, ["y", "y"], "different columns"),
        ("no-such-file.csv", "y", "no-such-file"),
    ],
)
def test_bad_tables_get_one_clear_sentence(data: object, target: Any, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        fl.train(data, target)
    assert "\n" not in str(caught.value)
