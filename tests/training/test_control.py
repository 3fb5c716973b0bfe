"""Control of the main job: groups, time, class weights, restarts, folds, metrics, checkpoints."""

import itertools
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import fallline as fl
from fallline.data import samples, split_rows
from fallline.errors import SpecError
from fallline.spec.plan import Plan
from fallline.training import Settings, Stage
from fallline.training.choose import spans_the_plan
from fallline.training.prepare import prepare

QUICK = {"l2": 0.01, "epochs": 3, "seed": 1}


@pytest.fixture(scope="module")
def houses() -> fl.Table:
    return samples.load("houses").take(np.arange(150))


@pytest.fixture(scope="module")
def skewed() -> dict[str, np.ndarray]:
    """Two classes of 90 and 30 rows, not quite separable."""
    rng = np.random.default_rng(0)
    kind = np.array(["no"] * 90 + ["yes"] * 30)
    return {"a": rng.normal(size=120) + (kind == "yes"), "b": rng.normal(size=120), "kind": kind}


def test_every_field_of_a_plan_is_a_setting_and_reaches_it() -> None:
    names = {f.name for f in fields(Plan)} - {"target"} | {"target_error"}
    assert names <= {f.name for f in fields(Settings)}
    values = {
        "loss": "huber(delta=2.0)", "l1": 0.1, "max_norm": 2.0, "input_noise": 0.1,
        "dropout": {"hidden1": 0.5}, "clip_value": 1.0, "clip_norm": 2.0, "schedule": "cosine",
        "batch_size": 7, "epochs": 9, "shuffle": False, "seed": 4, "metrics": ("r2",),
        "patience": 5, "min_improvement": 0.1, "tolerance": 0.2, "tolerance_epochs": 3,
        "time_budget": 9.0, "restore_best": False, "optimizer": fl.SGD(0.5), "alpha": 0.1,
    }  # fmt: skip
    plan = Settings(target_error=0.3, **values).plan(0.25)
    assert {name: getattr(plan, name) for name in values} == values
    assert (plan.target, plan.l2) == (0.3, 0.25)
    assert set(values) | {"target", "l2"} == {f.name for f in fields(Plan)}


def test_settings_come_back_from_their_json() -> None:
    settings = Settings(
        loss="mae", dropout={"hidden1": 0.5}, schedule="step(every=3)", metrics="mae",
        class_weight={"a": 2}, optimizer="adam(amsgrad=True)", learning_rate=0.5, test=0.0,
        validation=0.0, shuffle=False, restarts=1, folds=3, batch_size=0, drop="x",
    )  # fmt: skip
    again = Settings.of(**settings.to_json())
    assert again.to_json() == settings.to_json() and again.optimizer == settings.optimizer
    assert Settings.of(**Settings().to_json()) == Settings()


# --- groups and time -----------------------------------------------------------------------------


def test_a_group_is_no_input_and_stands_in_one_part(houses: fl.Table) -> None:
    result = fl.train(houses, "price", group="rooms", validation=0.2, **QUICK)
    made = prepare(houses, "price", Settings(group="rooms", validation=0.2, seed=1), None)
    rooms = houses["rooms"].values
    inside = [set(rooms[part].tolist()) for part in (made.train, made.validation, made.test)]
    assert sum(map(len, inside)) == len(set.union(*inside))
    assert result.test_rows.tolist() == made.test.tolist()
    assert "rooms" not in result.model.encoder.names  # type: ignore[union-attr]
    role = next(role for role in result.roles if role.name == "rooms")
    assert (role.kind, role.reason) == ("dropped", "It names the groups, so it is no input.")


def test_choosing_keeps_groups_together(houses: fl.Table) -> None:
    made = prepare(houses, "price", Settings(group="rooms"), None)
    rooms = houses["rooms"].values
    for fit, check in made.known.folds(made.train, 3, 0):
        assert not set(rooms[fit].tolist()) & set(rooms[check].tolist())
        assert sorted([*fit, *check]) == made.train.tolist()
    result = fl.train(houses, "price", group="rooms", epochs=2)
    assert "each 'rooms' on one side" in result.choices[1]


def test_in_time_the_test_comes_last_and_folds_are_chained(houses: fl.Table) -> None:
    made = prepare(houses, "price", Settings(time="age", validation=0.2), None)
    age = houses["age"].values
    assert age[made.train].max() < age[made.validation].min()
    assert age[made.validation].max() < age[made.test].min()
    for fit, check in made.known.folds(made.train, 3, 0):
        assert age[fit].max() < age[check].min()
    result = fl.train(houses, "price", time="age", epochs=2)
    assert "chained forwards by 'age'" in result.choices[1]
    assert "age" in result.model.encoder.names  # type: ignore[union-attr]
    dropped = fl.train(houses, "price", time="age", drop="age", **QUICK)
    assert "age" not in dropped.model.encoder.names  # type: ignore[union-attr]


def test_rows_without_a_time_are_left_out_and_counted(houses: fl.Table) -> None:
    age = houses["age"].values.astype(float)
    age[[2, 5, 9]] = np.nan
    columns = {column.name: column.values for column in houses} | {"age": age}
    result = fl.train(columns, "price", time="age", **QUICK)
    assert sum(result.rows.values()) == 147
    assert "3 rows without a known 'age' left out" in result.notes


# --- class weights -------------------------------------------------------------------------------


def test_balanced_weights_are_scikit_learns(skewed: dict[str, np.ndarray]) -> None:
    made = prepare(fl.Table.of(skewed), "kind", Settings(class_weight="balanced"), None)
    kind = skewed["kind"][made.train]
    wanted = [len(kind) / (2 * (kind == label).sum()) for label in ("no", "yes")]
    assert made.class_weights == pytest.approx(wanted)
    rows = made.rows(made.encoder(made.train), made.train, np.float64)
    assert rows.weights == pytest.approx(np.where(kind == "yes", wanted[1], wanted[0]))
    assert rows.weights.mean() == pytest.approx(1.0)


def test_weights_are_row_weights_of_the_descent(skewed: dict[str, np.ndarray]) -> None:
    settings = {"class_weight": {"yes": 3.0}, "dtype": "float64", "net": "none", **QUICK}
    result = fl.train(skewed, "kind", **settings)
    made = prepare(fl.Table.of(skewed), "kind", Settings(**settings), None)
    rows = made.rows(made.encoder(made.train), made.train, np.float64)
    assert set(rows.weights.tolist()) == {1.0, 3.0}
    alone = fl.descend(
        result.model.network, rows.X, rows.Y, sample_weight=rows.weights, plan=result.model.plan
    )
    assert alone.theta.tobytes() == result.model.theta.tobytes()


def test_scores_are_told_with_and_without_weights(skewed: dict[str, np.ndarray]) -> None:
    settings = {"class_weight": {"yes": 3.0}, "dtype": "float64", **QUICK}
    result = fl.train(skewed, "kind", **settings)
    kind = skewed["kind"][result.test_rows]
    test = fl.Table.of(skewed).take(result.test_rows)
    right = result.model.predict(test) == kind
    assert result.scores["test"]["accuracy"] == pytest.approx(right.mean())
    weights = np.where(kind == "yes", 3.0, 1.0)
    weighted = (weights * right).sum() / weights.sum()
    assert result.scores["test"]["weighted_accuracy"] == pytest.approx(weighted)
    assert "no 1, yes 3" in " ".join(result.choices)
    made = prepare(fl.Table.of(skewed), "kind", Settings(**settings), None)
    encoder = made.encoder(made.train)
    fit, ask = (made.rows(encoder, rows, np.float64) for rows in (made.train, made.test))
    linear = LogisticRegression(max_iter=300).fit(fit.X, fit.Y[:, 0], fit.weights)
    assert result.baselines["linear model"]["accuracy"] == linear.score(ask.X, ask.Y[:, 0])


def test_weights_move_the_border_towards_the_rare_class(skewed: dict[str, np.ndarray]) -> None:
    plain = fl.train(skewed, "kind", net="none", l2=0.001, epochs=60).model
    balanced = fl.train(
        skewed, "kind", net="none", l2=0.001, epochs=60, class_weight="balanced"
    ).model
    rare = skewed["kind"] == "yes"
    found = [(model.predict(skewed) == "yes")[rare].mean() for model in (plain, balanced)]
    assert found[1] > found[0]


# --- restarts ------------------------------------------------------------------------------------


def test_restarts_are_all_told_and_the_best_by_validation_is_kept(houses: fl.Table) -> None:
    result = fl.train(houses, "price", restarts=4, **QUICK)
    assert [restart.seed for restart in result.restarts] == [1, 2, 3, 4]
    errors = [restart.validation_error for restart in result.restarts]
    (kept,) = (restart for restart in result.restarts if restart.kept)
    assert kept.validation_error == min(errors)  # type: ignore[type-var]
    assert kept.scores == result.scores["test"]
    assert result.model.plan.seed == kept.seed
    assert result.model.history.best.validation_error == kept.validation_error
    assert result.model.facts["restarts"][0]["seed"] == 1
    alone = fl.train(houses, "price", validation=0.15, **QUICK)
    assert alone.scores["test"] == result.restarts[0].scores


def test_ctrl_c_keeps_the_best_start_so_far(houses: fl.Table) -> None:
    def stop(stage: Stage) -> None:
        if stage.done == 4:
            raise KeyboardInterrupt

    with pytest.warns(fl.errors.InterruptWarning):
        result = fl.train(houses, "price", restarts=5, watch=stop, **QUICK)
    assert result.interrupted and len(result.restarts) == 2


# --- folds ---------------------------------------------------------------------------------------


def test_folds_judge_every_row_once_with_the_whole_job(houses: fl.Table) -> None:
    result = fl.cross_validate(houses, "price", 3, **QUICK)
    assert [fold.rows for fold in result.folds] == [{"train": 100, "validation": 0, "test": 50}] * 3
    r2 = [fold.scores["r2"] for fold in result.folds]
    assert result.mean["r2"] == pytest.approx(np.mean(r2))
    assert result.std["r2"] == pytest.approx(np.std(r2, ddof=1))
    linear = [fold.baselines["linear model"]["mae"] for fold in result.folds]
    assert result.baselines["linear model"]["mae"] == pytest.approx(np.mean(linear))
    assert str(result).startswith("r2 ") and "over 3 folds" in str(result)


def test_a_fold_is_judged_by_what_never_saw_it(houses: fl.Table) -> None:
    made = prepare(houses, "price", Settings(folds=3, seed=1), None)
    _, check = next(iter(made.known.folds(np.arange(150), 3, 1)))
    spoilt = {column.name: column.values.copy() for column in houses}
    spoilt["living_area"] = spoilt["living_area"].astype(float)
    spoilt["living_area"][check] = 1e7
    fine, bad = (fl.cross_validate(data, "price", 3, **QUICK).folds for data in (houses, spoilt))
    # The fold with the spoilt rows has the same training, and so has its mean; others differ.
    assert fine[0].baselines["mean"] == bad[0].baselines["mean"]
    assert fine[0].scores != bad[0].scores


def test_training_with_folds_ends_with_a_model_of_all_rows(houses: fl.Table) -> None:
    result = fl.train(houses, "price", folds=3, **QUICK)
    assert result.rows == {"train": 150, "validation": 0, "test": 0}
    assert result.cross_validation is not None
    alone = fl.cross_validate(houses, "price", 3, **QUICK | {"net": "64 relu, 32 relu"})
    assert result.cross_validation.mean == alone.mean
    assert result.model.facts["cross_validation"] == alone.to_json()
    whole = fl.train(houses, "price", test=0, **QUICK)
    assert whole.model.theta.tobytes() == result.model.theta.tobytes()


def test_folds_by_class_group_and_time(houses: fl.Table, skewed: dict[str, np.ndarray]) -> None:
    rows = [fold.rows["train"] for fold in fl.cross_validate(houses, "price", 2, time="age",
                                                             **QUICK).folds]  # fmt: skip
    assert rows[0] < rows[1] < 150
    grouped = fl.cross_validate(houses, "price", 3, group="rooms", **QUICK)
    assert sum(fold.rows["test"] for fold in grouped.folds) == 150
    both = fl.cross_validate(skewed, "kind", 3, class_weight="balanced", **QUICK)
    assert sorted(both.mean) == ["accuracy", "log_loss", "weighted_accuracy", "weighted_log_loss"]


def test_folds_have_no_test_share(houses: fl.Table) -> None:
    for count in (None, 1, "3"):
        with pytest.raises(SpecError, match=r"folds must be a whole number of at least 2, not "):
            fl.cross_validate(houses, "price", count)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="no test share"):
        fl.cross_validate(houses, "price", test=0.2)


def test_the_watcher_is_told_of_folds(houses: fl.Table) -> None:
    stages: list[Stage] = []
    fl.train(houses, "price", folds=2, watch=stages.append, **QUICK)
    judging = [stage for stage in stages if stage.name == "judging"]
    assert {stage.done for stage in judging} == {0, 1} and judging[0].total == 2
    assert judging[0].detail == "fold 1, training 1 of 3 epochs"


# --- metrics, schedules, checkpoints -------------------------------------------------------------


def test_metrics_are_recorded_for_each_epoch(houses: fl.Table) -> None:
    result = fl.train(houses, "price", metrics=["r2", "mae"], validation=0.2, **QUICK)
    made = prepare(houses, "price", Settings(validation=0.2, seed=1), None)
    best = result.model.history.best
    held_out = result.model.evaluate(houses.take(made.validation))
    assert best.metrics["r2"] == pytest.approx(held_out["r2"], rel=1e-4)
    std = made.target.stds[0]
    assert best.metrics["mae"] * std == pytest.approx(held_out["mae"], rel=1e-4)


def test_a_schedule_that_spans_the_plan_keeps_its_epochs(houses: fl.Table) -> None:
    assert spans_the_plan("one_cycle") and spans_the_plan("warmup(then='cosine')")
    assert not spans_the_plan("warmup") and not spans_the_plan("plateau")
    result = fl.train(houses, "price", schedule="cosine", epochs=4, seed=1)
    assert len(result.model.history) == 4
    assert "which the schedule spans" in result.choices[2]
    rates = [epoch.learning_rate for epoch in result.model.history]
    assert rates == sorted(rates, reverse=True) and rates[0] > 4 * rates[-1]


def test_a_training_goes_on_from_its_checkpoint_bit_for_bit(
    houses: fl.Table, tmp_path: Path
) -> None:
    file = tmp_path / "run.ckpt"
    settings = {"schedule": "exponential", "dropout": 0.2, "l2": 0.01}

    def stop(stage: Stage) -> None:
        if stage.done == 4:
            raise KeyboardInterrupt

    with pytest.warns(fl.errors.InterruptWarning):
        fl.train(houses, "price", checkpoint=file, checkpoint_every="3 epochs", watch=stop,
                 epochs=6, **settings)  # fmt: skip
    again = fl.train(houses, "price", resume=file, epochs=6, **settings)
    whole = fl.train(houses, "price", epochs=6, **settings)
    assert again.model.theta.tobytes() == whole.model.theta.tobytes()
    assert again.model.history == whole.model.history and again.scores == whole.scores
    assert "4 epochs of it done" in again.choices[1]
    with pytest.raises(SpecError, match=r"other settings \(dropout\)"):
        fl.train(houses, "price", resume=file, epochs=6, **settings | {"dropout": 0.3})
    with pytest.raises(fl.errors.DataError, match="not the rows"):
        fl.train(houses, "price", resume=file, epochs=6, test=0.3, **settings)
    with pytest.raises(SpecError, match="one training"):
        fl.train(houses, "price", resume=file, restarts=2, **settings)


def test_a_training_ended_by_its_budget_goes_on_with_another(
    houses: fl.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.ckpt"
    settings = {"l2": 0.01, "epochs": 30, "seed": 1, "engine": "reference"}
    whole = fl.train(houses, "price", **settings)
    monkeypatch.setattr(time, "monotonic", itertools.count(time.monotonic(), 0.001).__next__)
    first = fl.train(houses, "price", checkpoint=file, time_budget=0.1, **settings)
    assert "time budget" in first.stopped
    for budget in (1e3, None):
        again = fl.train(houses, "price", resume=file, time_budget=budget, **settings)
        assert again.stopped == "all 30 epochs are done"
        assert again.model.theta.tobytes() == whole.model.theta.tobytes()
    once_more = fl.train(houses, "price", resume=file, time_budget=0.1, **settings)
    assert len(first.model.history) + 2 < len(once_more.model.history) < 30


def test_the_time_budget_is_of_the_last_training_alone(houses: fl.Table) -> None:
    with pytest.raises(fl.errors.DataError, match="nothing was learnt: the time budget"):
        fl.train(houses.take(np.arange(60)), "price", l2=0.01, time_budget=1e-9)


def test_what_does_not_fit_a_checkpoint_is_named(houses: fl.Table, tmp_path: Path) -> None:
    file, settings = tmp_path / "run.ckpt", {"l2": 0.01, "seed": 1}
    fl.train(houses, "price", checkpoint=file, epochs=5, **settings)
    for changed, message in (
        ({"drop": "age"}, r"\(columns, which made \d+ inputs and now make \d+\)"),
        ({"net": "3 tanh"}, r"\(net, which was 'input: "),
        ({"dtype": "float64"}, r"\(dtype, which was float32\)"),
        ({"target_error": 0.1}, r"\(target_error\)"),
        ({"epochs": 3}, r"has done 5 epochs, so epochs must be at least 5, not 3"),
    ):
        with pytest.raises(SpecError, match=message):
            fl.train(houses, "price", resume=file, **{"epochs": 5} | settings | changed)


def test_the_settings_of_a_resumed_training_repeat_it(houses: fl.Table, tmp_path: Path) -> None:
    file = tmp_path / "run.ckpt"
    fl.train(houses, "price", checkpoint=file, seed=1, l2=0.01, epochs=3)
    longer = fl.train(houses, "price", resume=file, seed=1, epochs=5)
    settings = longer.model.facts["settings"]
    assert (settings["l2"], settings["epochs"]) == (0.01, 5)
    again = fl.train(houses, "price", **settings)
    assert again.model.theta.tobytes() == longer.model.theta.tobytes()


def test_the_split_of_the_job_is_that_of_the_library(houses: fl.Table) -> None:
    made = prepare(houses, "price", Settings(seed=3, group="rooms"), None)
    split = split_rows(150, (0.8, 0.0, 0.2), 3, group=houses["rooms"])
    assert made.test.tolist() == split.test.tolist()
