"""Predictions beside the truth, and counts by class: against scikit-learn and the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score
from tests.studio.moments import at_theta, moment

from fallline.data.table import Table
from fallline.errors import DataError
from fallline.studio.opened import Source
from fallline.studio.views.predictions import confusion, predictions
from fallline.studio.views.scenery import Scenery

RNG = np.random.default_rng(4)


def kinds(count: int, each: int = 12) -> Any:
    kind = np.array([f"k{i % count:03d}" for i in range(count * each)])
    a, b = RNG.normal(size=(2, len(kind)))
    source = Source.of_table(Table.of({"a": a, "b": b, "kind": kind}))
    return moment(3, source, data="own", target="kind")


def predicted(at: Any, part: str) -> tuple[Any, Any]:
    table = at.problem.tables[part]
    name = at.problem.target.names[0]
    return table[name].values, at.problem.model(at.theta).predict(table)


@pytest.mark.parametrize("data", ["houses", "sine"])
def test_numbers_are_in_the_targets_unit_with_r2_of_each_part(data: str) -> None:
    at = moment(40, data=data)
    found = predictions(at, Scenery(at.problem))
    for place, part in enumerate(("train", "validation")):
        truth, said = predicted(at, part)
        here = found.arrays["part"] == place
        assert found.arrays["truth"][here] == pytest.approx(truth, rel=1e-9)
        assert found.arrays["predicted"][here] == pytest.approx(said, rel=1e-12)
        assert found.fields["score"][part] == pytest.approx(r2_score(truth, said), abs=1e-9)
    assert found.fields["score"]["name"] == "R²"
    assert found.fields["unit"] == at.problem.target.names[0]


@pytest.mark.parametrize("name", ["price", "age"])
def test_of_several_targets_each_has_its_own_score(name: str) -> None:
    at = moment(30, data="houses", target="price, age", net="3 tanh")
    found = predictions(at, Scenery(at.problem, name))
    table = at.problem.tables["train"]
    said = at.problem.model(at.theta).predict(table)[:, ["price", "age"].index(name)]
    assert found.fields["unit"] == name and found.fields["output"] == f"predicted {name}"
    here = found.arrays["part"] == 0
    assert found.arrays["predicted"][here] == pytest.approx(said, rel=1e-12)
    assert found.fields["score"]["train"] == pytest.approx(r2_score(table[name].values, said))


def test_of_two_classes_it_is_the_probability_of_the_second() -> None:
    at = moment(30, data="moons")
    found = predictions(at, Scenery(at.problem))
    model, table = at.problem.model(at.theta), at.problem.tables["train"]
    here = found.arrays["part"] == 0
    assert found.arrays["predicted"][here] == pytest.approx(model.predict_proba(table)[:, 1])
    assert found.arrays["truth"][here].tolist() == at.problem.train.Y[:, 0].tolist()
    truth, said = predicted(at, "train")
    assert found.fields["score"]["train"] == pytest.approx(accuracy_score(truth, said))


def test_of_more_classes_it_is_the_probability_of_the_rows_own() -> None:
    at = kinds(4)
    found = predictions(at, Scenery(at.problem))
    said = at.problem.model(at.theta).predict_proba(at.problem.tables["train"])
    own = said[np.arange(len(said)), np.argmax(at.problem.train.Y, axis=1)]
    assert found.arrays["predicted"][found.arrays["part"] == 0] == pytest.approx(own)
    assert "own class" in found.fields["output"] or "row's class" in found.fields["output"]


@pytest.mark.parametrize("data", ["moons", "xor", "cars_and_bikes", "spiral", "circles"])
def test_counts_are_those_of_scikit_learn(data: str) -> None:
    at = moment(25, data=data)
    found = confusion(at, Scenery(at.problem))
    for place, part in enumerate(("train", "validation")):
        truth, said = predicted(at, part)
        wanted = confusion_matrix(truth, said, labels=list(at.problem.target.labels))
        assert found.arrays["counts"][place].tolist() == wanted.tolist()
    assert found.fields["classes"] == list(at.problem.classes)


def test_without_validation_rows_their_counts_are_nought() -> None:
    at = moment(2, data="xor", validation=0)
    scenery = Scenery(at.problem)
    counts = confusion(at, scenery).arrays["counts"]
    assert counts[0].sum() == at.problem.train.n and counts[1].sum() == 0
    assert predictions(at, scenery).fields["score"]["validation"] is None


def test_of_many_classes_the_rare_ones_are_told_as_one() -> None:
    at = kinds(45)
    found = confusion(at, Scenery(at.problem))
    assert len(found.fields["classes"]) == 30
    assert found.fields["classes"][-1] == "16 others"
    assert found.arrays["counts"][0].sum() == at.problem.train.n


def test_numbers_have_no_confusion_matrix() -> None:
    at = moment(0, data="sine")
    with pytest.raises(DataError, match="classes"):
        confusion(at, Scenery(at.problem))


def test_of_very_many_rows_it_is_a_sample_and_the_note_says_so() -> None:
    at = moment(1, data="moons", rows=9000)
    found = predictions(at, Scenery(at.problem))
    assert (found.arrays["part"] == 0).sum() == 4000
    assert "4,000 of 5,760 training rows" in found.fields["note"]


@pytest.mark.parametrize("view", [predictions, confusion])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_give_a_sentence(view: Any, bad: float) -> None:
    at = moment(1, data="xor")
    with pytest.raises(DataError, match="beyond all"):
        view(at_theta(at, np.full_like(at.theta, bad)), Scenery(at.problem))
