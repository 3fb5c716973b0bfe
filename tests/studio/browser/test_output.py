"""What the network says, in pictures: boundary, units, predictions, confusion."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import fallline as fl

from .conftest import until
from .hand import LONG, Hand, moons, number


def _tab(hand, name):
    hand.page.get_by_role("tab", name=name, exact=True).click()


def test_the_confusion_matrix_counts_what_the_library_counts(hand):
    hand.press(*10 * "e")
    hand.at_step(130)
    run, data = moons(hand.seed)
    run.advance(steps=130)
    _tab(hand, "Confusion")
    matrix = hand.page.locator(".net-confusion table")
    for button, rows in (("training", data.train), ("validation", data.validation)):
        hand.page.locator(".net-confusion .net-switch button", has_text=button).click()
        said = fl.predict(run.network, run.theta, rows.X)[:, 0] > 0.5
        truth = rows.Y[:, 0] > 0.5
        wanted = [
            [int(((truth == a) & (said == b)).sum()) for b in (False, True)] for a in (False, True)
        ]

        def shown():
            return [int(number(cell)) for cell in matrix.locator("td b").all_inner_texts()]

        until(lambda wanted=wanted: shown() == np.ravel(wanted).tolist())


def test_predictions_stand_beside_the_truth(shared, tmp_path):
    settings = {"data": "sine", "optimizer": {"name": "sgd", "learning_rate": 0.1}}
    hand = Hand(shared, tmp_path, settings=settings)
    hand.press(*20 * "e")
    expect(hand.counter("Epoch")).to_have_text("20", timeout=LONG)
    _tab(hand, "Against the truth")
    score = hand.page.locator(".net-score").locator("visible=true")
    model = hand.model()
    data = fl.rows_for(fl.data.samples.load("sine"), "y", validation=0.2, test=0.2)
    said = fl.predict(model.network, model.theta, data.train.X)
    truth = data.train.Y
    r2 = 1 - np.sum((said - truth) ** 2) / np.sum((truth - truth.mean()) ** 2)
    until(
        lambda: (
            number(re.search(r"R²\D*([−\d.]+)", score.inner_text())[1])
            == pytest.approx(r2, abs=2e-3)
        )
    )
    assert number(hand.counter("R²").inner_text()) == pytest.approx(r2, abs=2e-3)
    shared.close(hand.tab)


def test_the_boundary_moves_with_the_weights(hand):
    boundary = hand.page.locator("[data-view=boundary] canvas").first
    boundary.wait_for()
    line = hand.page.locator(".net-boundary-line").first
    expect(line).to_be_attached(timeout=LONG)
    before = line.get_attribute("d")
    hand.press(*10 * "e")
    hand.at_step(130)
    until(lambda: line.get_attribute("d") != before)
    after = line.get_attribute("d")
    hand.button("Restart").click()
    hand.at_step(0)
    until(lambda: line.get_attribute("d") == before)
    assert after != before


def test_each_unit_has_a_picture_that_leads_to_its_formula(hand):
    hand.press("e")
    hand.at_step(13)
    _tab(hand, "Hidden units")
    tiles = hand.page.locator(".net-unit-tile")
    expect(tiles).to_have_count(5, timeout=LONG)
    ranges = tiles.locator(".net-unit-range")
    until(lambda: all(re.search(r"\d", text) for text in ranges.all_inner_texts()))
    for text in ranges.all_inner_texts()[:4]:  # tanh
        assert all(-1 <= number(each) <= 1 for each in re.findall(r"[−-]?\d[\d.]*", text)), text
    tiles.nth(1).click()
    expect(hand.page.locator(".net-formula h3")).to_contain_text("nit", timeout=LONG)
    assert hand.tab.violations() == []


def test_three_classes_have_three_outputs(start, tmp_path):
    rng = np.random.default_rng(1)
    rows = [(rng.normal(c), rng.normal(-c), "abc"[c]) for c in range(3) for _ in range(30)]
    (tmp_path / "abc.csv").write_text(
        "u,v,kind\n" + "".join(f"{u:.3f},{v:.3f},{k}\n" for u, v, k in rows)
    )
    hand = Hand(
        start("abc.csv", "-t", "kind", "--net", "6 tanh"), tmp_path, settings={"data": "own"}
    )
    hand.press(*20 * "e")
    expect(hand.counter("Epoch")).to_have_text("20", timeout=LONG)
    assert hand.page.locator('.net [data-element^="output."]').count() == 3
    _tab(hand, "Confusion")
    expect(hand.page.locator(".net-confusion td.net-right")).to_have_count(3, timeout=LONG)
    cells = hand.page.locator(".net-confusion td b")
    until(lambda: cells.count() == 9 and all(cells.all_inner_texts()))
    counts = np.array([number(text) for text in cells.all_inner_texts()]).reshape(3, 3)
    assert number(hand.counter("Accuracy").inner_text()) == round(
        100 * np.trace(counts) / counts.sum()
    )
