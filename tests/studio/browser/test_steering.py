"""Changes during the descent, crossed features, a race, and a descent that left all bounds."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import fallline as fl

from .conftest import until
from .hand import LONG, Hand, moons, number


def _code_says(hand, text):
    hand.page.get_by_role("tab", name="Python").click()
    expect(hand.page.locator(".code-lines")).to_contain_text(text, timeout=LONG)


def test_a_new_rate_goes_on_from_where_it_is(hand):
    hand.press("e")
    hand.at_step(13)
    hand.type("Learning rate η", 0.01)
    _code_says(hand, "learning_rate=0.01")
    assert hand.step == 13
    marks = hand.page.locator(".map-curves-marks")
    expect(marks).to_contain_text("0.3 → 0.01", timeout=LONG)
    hand.page.locator("h1").click()
    hand.press("e")
    hand.at_step(26)
    run, _ = moons(hand.seed)
    run.advance(steps=13)
    run = run.changed(learning_rate=0.01)
    run.advance(steps=13)
    assert np.array_equal(hand.model().theta, run.theta)


def test_another_optimizer_and_batch_go_on_too(hand):
    hand.press("e")
    hand.at_step(13)
    hand.field("Optimizer").select_option("adam")
    _code_says(hand, "Adam(")
    hand.button("All").click()
    _code_says(hand, "batch_size=None")
    assert hand.step == 13
    hand.page.locator("h1").click()
    hand.press("ArrowRight")
    hand.at_step(14)
    run, _ = moons(hand.seed)
    run.advance(steps=13)
    rate = number(hand.field("Learning rate η").input_value())
    run = run.changed(optimizer=fl.Adam(rate)).changed(batch_size=None)
    run.step()
    assert np.array_equal(hand.model().theta, run.theta)


def test_crossed_features_bend_a_straight_line(shared, tmp_path):
    hand = Hand(
        shared,
        tmp_path,
        settings={
            "data": "circles",
            "net": "none",
            "optimizer": {"name": "sgd", "learning_rate": 1},
        },
    )
    for _ in range(20):
        hand.press("e")
    score = hand.counter("Accuracy")
    expect(hand.counter("Epoch")).to_have_text("20", timeout=LONG)
    assert number(score.inner_text()) < 80
    hand.field("Add crossed features").check()
    hand.at_step(0)
    hand.page.locator("h1").click()
    for _ in range(20):
        hand.press("e")
    expect(hand.counter("Epoch")).to_have_text("20", timeout=LONG)
    assert number(score.inner_text()) > 95
    model = hand.model()
    assert model.network.n_inputs == 5  # x, y, x·y, x², y²
    assert hand.page.locator('.net [data-element^="input."]').count() == 5
    shared.close(hand.tab)


def test_a_race_ends_where_each_descent_ends_alone(shared, tmp_path):
    hand = Hand(shared, tmp_path, settings={"epochs": 5})
    hand.open_more("Race")
    hand.field("Speed").press("End")
    hand.button("Start the race").click()
    rows = hand.page.locator(".map-race tbody tr")
    expect(rows).to_have_count(2, timeout=LONG)
    expect(rows.last.locator(".map-race-number").last).to_have_text("65", timeout=LONG)  # its end
    told = {
        row.locator("th").inner_text().strip(): [
            number(text) for text in row.locator(".map-race-number").all_inner_texts()
        ]
        for row in rows.all()
    }
    run, data = moons(hand.seed)
    for label, (error, steps) in told.items():
        name = "adam" if "Adam" in label else "sgd"
        rate = float(re.search(r"η = ([\d.]+)", label)[1])
        alone = run.changed(optimizer=fl.Adam(rate) if name == "adam" else fl.SGD(rate))
        alone.advance(steps=int(steps))
        wanted = fl.error_and_gradient(
            alone.network, alone.theta, data.train.X, data.train.Y, loss="binary_cross_entropy"
        )[0]
        assert error == pytest.approx(wanted, rel=5e-3), label
        run = moons(hand.seed)[0]
    hand.button("End the race").click()
    expect(rows).to_have_count(0, timeout=LONG)
    hand.at_step(0)
    shared.close(hand.tab)


WILD = {
    "data": "houses", "features": ["living_area", "bathrooms"], "rows": 200, "net": "none",
    "optimizer": {"name": "sgd", "learning_rate": 50.0}, "batch_size": 0,
}  # fmt: skip
"""A linear descent at a rate that nothing can hold."""


@pytest.fixture
def diverged(shared, tmp_path):
    hand = Hand(shared, tmp_path, settings=WILD)
    hand.field("Speed").press("End")
    hand.button("Play").click()
    hand.page.locator(".divergence").wait_for(timeout=LONG)
    yield hand
    shared.close(hand.tab)


def test_each_step_of_a_divergence_is_drawn_as_far_as_it_can_be(shared, tmp_path):
    hand = Hand(shared, tmp_path, settings=WILD)
    drawn, told = hand.page.locator(".map"), hand.page.locator(".toast", has_text="beyond all")
    ended = False
    for step in range(1, 31):  # until the weights are 10^52, far beyond float32
        hand.press("ArrowRight")
        hand.at_step(step)
        until(lambda: ended or drawn.get_attribute("data-step") == str(step) or told.count())  # noqa: B023
        ended = ended or told.count() > 0
    assert 5 < int(drawn.get_attribute("data-step")) < 30
    shared.close(hand.tab)  # that no number was NaN is judged here


def test_a_divergence_is_explained_and_stepped_back_from(diverged):
    card = diverged.page.locator(".divergence")
    text = card.inner_text()
    assert "50" in text and "learning rate" in text
    assert "λ" in text or "larger than" in text or "above" in text
    assert diverged.tab.violations() == []
    back = card.get_by_role("button", name=re.compile(r"^Go back to step [\d,]+$"))
    step = int(number(back.inner_text()))
    back.click()
    diverged.at_step(step)
    card.wait_for(state="hidden")
    assert np.isfinite(diverged.model().theta).all()


def test_the_smaller_rate_that_is_offered_arrives(diverged):
    card = diverged.page.locator(".divergence")
    on = card.get_by_role("button", name=re.compile("on with η"))
    rate = number(on.inner_text().partition("η = ")[2])
    on.click()
    assert 0 < rate < 50
    expect(diverged.counter("Epoch")).to_have_text("1,000", timeout=LONG)  # where it ends
    set_now = number(diverged.field("Learning rate η").input_value())
    assert set_now == pytest.approx(rate, rel=0.05)
    model = diverged.model()
    assert model.plan.optimizer.learning_rate == set_now
    shown = number(diverged.counter("R²").inner_text())
    assert 0.2 < shown < 1, "as good as a line can be on these houses"


def test_a_number_that_cannot_be_is_refused_and_put_back(hand):
    hand.open_more("More about the network")
    hand.type("In words", "4 tanhh")
    assert "tanh" in hand.notice("tanhh")
    hand.type("Rows in a batch", 0)
    hand.is_(hand.field("Rows in a batch"), 10)
    hand.page.locator("h1").click()
    hand.press("ArrowRight")
    hand.at_step(1)
