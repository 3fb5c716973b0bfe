"""A setup and its table made ready: right for every sample and for any table of one's own."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.cli.main import run as command
from fallline.data import Table, samples
from fallline.descent import Run
from fallline.engines.calls import error_and_gradient
from fallline.errors import DataError, SpecError
from fallline.spec.plan import Plan
from fallline.studio.formula_words import objective_words, rule_words
from fallline.studio.opened import Source
from fallline.studio.problem import Problem
from fallline.studio.setup import LIMITS, Setup

RNG = np.random.default_rng(0)
N = 120
MIXED = Table.of(
    {
        "id": [f"k{i:03d}" for i in range(N)],
        "size": [None if i % 9 == 0 else float(v) for i, v in enumerate(RNG.normal(50, 9, N))],
        "day": [f"2020-0{1 + i % 9}-1{i % 10}" for i in range(N)],
        "town": [("Bern", "Basel", "Chur", "")[i % 4] for i in range(N)],
        "open": [("yes", "no")[i % 2] for i in range(N)],
        "words": [f"a house number {i % 37} with {i % 11} trees" for i in range(N)],
        "rent": [f"{v:.2f}".replace(".", ",") for v in RNG.normal(900, 200, N)],
        "kind": [("flat", "house", "loft")[i % 3] for i in range(N)],
    }
)
DATED = Table.of(
    {"x": RNG.normal(size=N), "day": np.arange(N).astype("M8[D]"), "y": RNG.normal(size=N)}
)


def own(table: Table = MIXED) -> Source:
    return Source("own", "rents.csv", table)


def descends(problem: Problem, epochs: int = 3) -> Run:
    """Return a run of the problem after some epochs: finite, and where its plan says."""
    validation = problem.validation
    run = Run(
        problem.network,
        problem.train.X,
        problem.train.Y,
        X_val=None if validation is None else validation.X,
        y_val=None if validation is None else validation.Y,
        theta=problem.start,
        plan=problem.plan,
    )
    for _, _epoch in zip(range(epochs), run, strict=False):
        pass
    assert np.isfinite(run.theta).all() and run.divergence is None
    return run


def said(problem: Problem) -> dict[str, Any]:
    """Return the message to the page, which JSON can hold."""
    fields: dict[str, Any] = json.loads(json.dumps(problem.message_fields(), allow_nan=False))
    return fields


@pytest.mark.parametrize("name", samples.SAMPLES)
@pytest.mark.parametrize("changes", [{}, {"crossed": True, "net": "none"}, {"standardize": False}])
def test_every_sample(name: str, changes: dict[str, Any]) -> None:
    problem = Problem.of(
        Setup(data=name).changed(changes | {"optimizer": "rprop", "batch_size": 0})
    )
    descends(problem)
    fields = said(problem)
    sample = samples.SAMPLES[name]
    assert (fields["task"], fields["origin"]) == (sample.task, "sample")
    assert fields["setup"]["target"] == sample.target
    rows = fields["data"]["rows"]
    assert sum(rows.values()) == sample.n and min(rows.values()) > 0
    assert len(fields["network"]["inputs"]) == problem.train.X.shape[1]
    assert fields["network"]["layers"][-1]["labels"] == list(problem.output_labels)
    assert problem.train.X.dtype == problem.start.dtype == np.float64


@pytest.mark.parametrize("target", ["size", "rent", "kind", "town", "open"])
@pytest.mark.parametrize("crossed", [False, True])
def test_every_kind_of_column_as_input_and_as_target(target: str, crossed: bool) -> None:
    setup = Setup(data="own", target=target, crossed=crossed, optimizer="adam", batch_size=0)
    problem = Problem.of(setup, own())
    descends(problem)
    fields = said(problem)
    told = {column["name"]: column for column in fields["data"]["columns"]}
    assert told[target]["role"] == "target" and told["id"]["role"] == "identifier"
    if target != "size":
        sizes = problem.tables["train"]["size"]
        mean = sizes.values[sizes.known].mean()
        assert told["size"]["scaling"].startswith(f"mean {mean:.4g}, deviation ")
        assert "another input marks it" in told["size"]["scaling"]
        assert "missing" in told["size"]["about"]
    assert told["day"]["scaling"].startswith("days since 1970")
    assert "one in" not in told["words"]["scaling"] and "words" in told["words"]["scaling"]
    assert bool(fields["data"]["classes"]) == (fields["task"] == "classification")


def test_the_scaling_that_is_told_is_the_one_that_is_done() -> None:
    problem = Problem.of(Setup(data="houses", features=("living_area",)))
    area = problem.tables["train"]["living_area"].values
    told = {column["name"]: column["scaling"] for column in problem.facts["columns"]}
    assert told["living_area"] == (
        f"mean {area.mean():,.0f}, deviation {area.std():.4g}; (x − mean) / deviation"
    )
    price = problem.tables["train"]["price"].values
    assert told["price"].startswith(f"mean {price.mean():,.0f}, deviation {price.std():,.0f}; (y")
    np.testing.assert_allclose(
        problem.train.X[:, 0], (area - area.mean()) / area.std(), rtol=1e-12, atol=1e-12
    )


def test_encoders_are_fitted_on_the_training_rows_alone() -> None:
    table = samples.load("houses", n=100)
    problem = Problem.of(Setup(data="own", target="price", features=("age",)), own(table))
    train = problem.tables["train"]
    assert abs(problem.train.X.mean()) < 1e-12 and abs(problem.train.X.std() - 1) < 1e-12
    assert problem.validation is not None and abs(problem.validation.X.mean()) > 1e-3
    assert problem.tables["validation"].n + problem.tables["test"].n + train.n == 100


def test_several_outputs_and_several_classes() -> None:
    setup = Setup(data="houses", target="price, age", net="3 tanh")
    problem = Problem.of(setup)
    descends(problem)
    assert problem.output_labels == ("price", "age") and problem.network.n_outputs == 2
    kinds = Problem.of(Setup(data="own", target="kind"), own())
    assert kinds.classes == kinds.output_labels == ("flat", "house", "loft")
    two = Problem.of(Setup(data="own", target="open"), own())
    assert two.classes == ("no", "yes") and two.output_labels == ("yes",)
    parts = Problem.of(Setup(data="sine", loss="gaussian_likelihood", net="3 tanh"))
    assert parts.output_labels == ("y mean", "y variance")
    levels = Problem.of(Setup(data="sine", loss="quantile(levels=[0.1, 0.9])"))
    assert levels.output_labels == ("y 0.1", "y 0.9")


def test_a_column_whose_name_holds_a_comma_is_one_target() -> None:
    table = Table.of({"x": np.arange(30.0), "a, b": np.arange(30.0) ** 2})
    problem = Problem.of(Setup(data="own", target="a, b", net="none"), own(table))
    assert problem.target.names == ("a, b",)


def test_one_weight_has_a_bowl() -> None:
    problem = Problem.of(
        Setup(data="houses", features=("living_area",), net="none", bias=False, test=0.0)
    )
    assert problem.network.size == 1
    x, y = problem.train.X[:, 0], problem.train.Y[:, 0]
    for w in (-2.0, 0.3):
        error, slope = error_and_gradient(
            problem.network, [w], problem.train.X, problem.train.Y, loss=problem.loss
        )
        assert error == pytest.approx(np.mean((y - w * x) ** 2) / 2)
        assert slope[0] == pytest.approx(np.mean((w * x - y) * x))


def test_a_crossed_model_predicts_from_the_original_columns(tmp_path: Path) -> None:
    problem = Problem.of(Setup(data="circles", crossed=True, net="none"))
    run = descends(problem, epochs=20)
    model = problem.model(run.theta, history=run.history)
    model.save(tmp_path / "circles.fall")
    again = fl.load(tmp_path / "circles.fall")
    plain = problem.tables["validation"].select(["x", "y"])
    assert problem.validation is not None
    by_rows = fl.predict(problem.network, run.theta, problem.validation.X)
    assert np.array_equal(again.outputs(plain), by_rows)
    assert again.evaluate(problem.tables["validation"])["accuracy"] > 0.95
    assert problem.columns == ("x", "y")
    assert problem.crossed(plain).names == ("x", "y", "x·y", "x²", "y²")
    assert len(again.history) == 20


def test_the_commands_take_a_crossed_model_with_the_original_columns(tmp_path: Path) -> None:
    problem = Problem.of(Setup(data="circles", crossed=True, net="none"))
    run = descends(problem, epochs=20)
    problem.model(run.theta, history=run.history).save(tmp_path / "circles.fall")
    file, answers = tmp_path / "new.csv", tmp_path / "said.csv"
    file.write_text("y,x,label\n0.1,0.2,1\n0.9,-0.3,0\n0.0,-0.4,1\n")
    model = str(tmp_path / "circles.fall")
    for words in (
        ["predict", model, str(file), "-o", str(answers)],
        ["evaluate", model, str(file)],
        ["info", model],
        ["explain", model, str(file), "--row", "1"],
    ):
        assert command(words) == 0
    said = fl.read_table(answers)["prediction"].values
    assert said.tolist() == [1, 0, 1]


def test_a_saved_model_has_its_report_and_its_explanation() -> None:
    problem = Problem.of(Setup(data="circles", crossed=True, net="2 tanh", rows=60))
    model = problem.model(descends(problem).theta)
    page = fl.model_report(model, problem.tables["validation"])
    html = page if isinstance(page, str) else getattr(page, "html", str(page))
    assert "x·y" in html


@pytest.mark.parametrize("name", ["moons", "houses"])
def test_rows_and_noise_of_a_sample(name: str) -> None:
    problem = Problem.of(Setup(data=name, rows=60))
    assert sum(problem.facts["rows"].values()) == 60
    if name == "moons":
        still = Problem.of(Setup(data=name, rows=60, noise=0.0))
        assert not np.array_equal(still.train.X, problem.train.X)


def test_rows_of_a_table_of_ones_own_are_drawn() -> None:
    problem = Problem.of(Setup(data="own", target="kind", rows=50), own())
    assert sum(problem.facts["rows"].values()) == 50
    assert "50 of the 120 rows, drawn at random" in problem.notes
    with pytest.raises(DataError, match="has 120 rows, of which 121"):
        Problem.of(Setup(data="own", target="kind", rows=121), own())


@pytest.mark.parametrize(
    ("setup", "source", "says"),
    [
        (Setup(data="own"), None, "drop a CSV file on the page"),
        (Setup(data="model", net="model"), None, "no model is open"),
        (Setup(data="own", noise=0.1), own(), "noise is for the made samples"),
        (Setup(data="own", target="knd"), own(), "did you mean 'kind'"),
        (Setup(data="own", target="kind, open"), own(), "must be a number"),
        (Setup(data="own", target="day"), own(DATED), "holds dates"),
        (Setup(data="own", target="kind", features=("kind",)), own(), "cannot be a feature"),
        (Setup(data="houses", noise=0.1), None, "has no noise to set"),
        (Setup(data="houses", rows=2000), None, "has 1728 rows"),
        (Setup(data="houses", loss="binary_cross_entropy"), None, "for classes"),
        (Setup(data="moons", loss="cross_entropy"), None, "three classes or more"),
        (Setup(data="moons", start=(1.0, 2.0)), None, "start must be 17 numbers"),
        (Setup(data="houses", target="price, price"), None, "different columns"),
        (Setup(data="houses", net=", ".join(["256 relu"] * 6)), None, "takes smaller|take smaller"),
    ],
)
def test_what_cannot_be_is_a_sentence(setup: Setup, source: Source | None, says: str) -> None:
    with pytest.raises((DataError, SpecError), match=says):
        Problem.of(setup, source)


def test_tables_that_are_too_wide_are_refused() -> None:
    texts = [" ".join(f"word{j * k}" for k in range(9)) for j in range(300)]
    words = Table.of({f"w{i}": [f"{text} {i}" for text in texts] for i in range(20)})
    table = Table((*words.columns, *Table.of({"y": np.arange(300.0)}).columns))
    with pytest.raises(DataError, match=f"draws at most {LIMITS['inputs']:,}"):
        Problem.of(Setup(data="own", target="y"), own(table))
    tiny = Table.of({"x": np.arange(9.0), "y": np.arange(9.0)})
    with pytest.raises(DataError, match="at least 10"):
        Problem.of(Setup(data="own", target="y"), own(tiny))


def test_start_weights_may_be_given() -> None:
    drawn = Problem.of(Setup(net="2 tanh"))
    theta = drawn.start + 0.25
    placed = drawn.started(theta)
    assert np.array_equal(placed.start, theta) and placed.rows is drawn.rows
    again = Problem.of(Setup.from_json(json.loads(json.dumps(placed.setup.to_json()))))
    assert again.start.tobytes() == placed.start.tobytes()
    other = Problem.of(Setup(net="2 tanh", seed=1, initializer="normal(std=1.0)"))
    assert np.array_equal(other.start, other.network.initial("normal(std=1.0)", 1))


def test_only_what_is_hot_may_change_on_the_way() -> None:
    problem = Problem.of(Setup())
    changed = problem.with_setup(problem.setup.changed({"l2": 0.1, "batch_size": 0}))
    assert changed.rows is problem.rows and changed.plan.l2 == 0.1
    assert changed.message_fields()["objective"] != problem.message_fields()["objective"]
    with pytest.raises(SpecError, match="seed cannot change"):
        problem.with_setup(problem.setup.changed({"seed": 5}))


def test_the_network_is_told_as_it_lies_in_theta() -> None:
    problem = Problem.of(Setup(data="houses", target="fuel", net="3 tanh, 2 relu nobias"))
    spec = said(problem)["network"]
    theta = np.arange(problem.network.size, dtype=float)
    views = problem.network.views(theta)
    assert spec["parameters"] == len(theta) and spec["whole"]
    for layer in spec["layers"]:
        view = views[layer["name"]]
        assert view.weights.ravel()[0] == layer["weights"]
        assert (None if view.biases is None else view.biases[0]) == layer["biases"]
        assert view.weights.shape == (sum(layer["source_sizes"]), layer["size"])
        assert len(layer["labels"]) == layer["size"]


def test_the_objective_and_the_rule_in_words() -> None:
    plan = Plan.of(loss="sse", l1=0.5, optimizer="adam")
    told = objective_words(plan)
    assert told["text"] == "E = sum over rows of ½·(y − ŷ)² + 0.5·Σ |w|"
    assert told["latex"].startswith(r"E = \sum_{\mu}") and r"\hat{y}" in told["latex"]
    assert rule_words(plan)["text"].startswith("t ← t + 1;  m ← ")
    assert rule_words(plan)["latex"].count(r"\leftarrow") == len(
        rule_words(plan)["text"].split(";  ")
    )


@pytest.mark.parametrize("loss", [None, "huber", "mae", "quantile(levels=[0.2, 0.5])", "poisson"])
def test_every_error_has_its_words(loss: str | None) -> None:
    problem = Problem.of(Setup(data="houses", loss=loss, rows=60))
    assert said(problem)["objective"]["name"] == problem.loss


def test_names_of_columns_are_only_ever_text() -> None:
    name = "<img src=x onerror=alert(1)>"
    table = Table.of({name: np.arange(40.0), "y": np.arange(40.0) % 7})
    problem = Problem.of(Setup(data="own", target="y", net="none"), own(table))
    assert said(problem)["network"]["inputs"][0]["label"] == name


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_the_readers_take_can_be_learnt_from(tmp_path: Path, separator: str) -> None:
    lines = io.StringIO()
    print(*MIXED.names, sep=separator, file=lines)
    quoted = [[f'"{cell}"' for cell in map(str, c.values)] for c in MIXED]
    for cells in zip(*quoted, strict=True):
        print(*cells, sep=separator, file=lines)
    file = tmp_path / "rents.csv"
    file.write_text(lines.getvalue())
    problem = Problem.of(Setup(data="own", target="rent", optimizer="adam"), Source.of_path(file))
    descends(problem)
    assert problem.task == "regression"
