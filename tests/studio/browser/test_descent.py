"""Play, pause, steps, back, the past, restart: the page is where the engine itself would be."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import fallline as fl

from .conftest import until
from .hand import LONG, Hand, moons, number


def _error(run, rows):
    return fl.error_and_gradient(
        run.network, run.theta, rows.X, rows.Y, loss="binary_cross_entropy"
    )[0]


def test_each_button_goes_as_far_as_the_engine_goes(hand):
    run, data = moons(hand.seed)
    for button, go, step in (
        ("Step: one batch", lambda: run.step(), 1),
        ("Step: one example", lambda: run.step(rows=1), 2),
        ("Step: one epoch", lambda: run.advance(steps=12), 14),
    ):
        hand.button(button).click()
        go()
        hand.at_step(step)
        assert np.array_equal(hand.model().theta, run.theta), button
    assert number(hand.counter("Training").inner_text()) == pytest.approx(
        _error(run, data.train), rel=5e-3
    )
    assert number(hand.counter("Validation").inner_text()) == pytest.approx(
        _error(run, data.validation), rel=5e-3
    )
    right = np.mean((fl.predict(run.network, run.theta, data.train.X) > 0.5) == data.train.Y)
    assert number(hand.counter("Accuracy").inner_text()) == round(100 * right)


def test_it_plays_until_it_is_paused(hand):
    hand.button("Play").click()
    hand.running.wait_for()
    until(lambda: hand.step >= 20)
    hand.button("Pause").click()
    hand.paused.wait_for()
    run, _ = moons(hand.seed)
    run.advance(steps=hand.step)
    assert np.array_equal(hand.model().theta, run.theta)


def test_every_step_back_gives_the_weights_that_were(hand):
    run, _ = moons(hand.seed)
    run.advance(steps=14)
    hand.press("e", "ArrowRight", "ArrowRight")
    hand.at_step(15)
    hand.button("Back one step").click()
    hand.at_step(14)
    assert np.array_equal(hand.model().theta, run.theta)
    hand.button("Back one epoch").click()
    hand.at_step(13)
    hand.button("Back one epoch").click()
    hand.at_step(0)
    hand.button("Back one step").click()
    assert "start" in hand.notice("no step before it")


def test_the_slider_goes_through_the_past_and_on_again(hand):
    hand.press("e", "e")
    hand.at_step(26)
    past = hand.field("Go to a step")
    past.fill("5")
    hand.at_step(5)
    run, _ = moons(hand.seed)
    run.advance(steps=5)
    assert np.array_equal(hand.model().theta, run.theta)
    past.fill("26")
    hand.at_step(26)
    run.advance(steps=21)
    assert np.array_equal(hand.model().theta, run.theta)


def test_restart_has_the_same_weights_and_a_new_seed_others(hand):
    first = hand.model().theta
    hand.press("e")
    hand.at_step(13)
    hand.button("Restart").click()
    hand.at_step(0)
    assert np.array_equal(hand.model().theta, first)
    hand.button("New start weights").click()
    hand.is_(hand.field("Seed"), hand.seed + 1)
    assert np.array_equal(hand.model().theta, moons(hand.seed + 1)[0].theta)
    assert not np.array_equal(hand.model().theta, first)


def test_the_best_epoch_is_the_one_of_the_least_validation_error(shared, tmp_path):
    settings = {
        "data": "sine", "rows": 40, "noise": 0.3, "net": "32 tanh, 16 tanh", "validation": 0.5,
        "test": 0, "optimizer": {"name": "adam", "learning_rate": 0.01}, "batch_size": 5,
        "epochs": 150, "seed": 1,
    }  # fmt: skip
    hand = Hand(shared, tmp_path, settings=settings)
    for ended in (50, 100, 150):  # more than a hundred commands may not wait
        hand.press(*50 * "e")
        hand.at_step(4 * ended)
    told = hand.model().history.column("validation_error")
    best = int(np.argmin(told)) + 1
    expect(hand.page.locator(".best")).to_contain_text(f"epoch {best}", timeout=LONG)
    hand.page.locator(".best").click()
    hand.at_step(4 * best)
    shown = number(hand.counter("Validation").inner_text())
    assert shown == pytest.approx(min(told), rel=5e-3)
    shared.close(hand.tab)


def test_the_speed_is_what_was_asked_for(hand):
    slider = hand.field("Speed")
    slider.focus()
    hand.press("Home")
    expect(hand.page.locator(".speed-text")).to_have_text("1 step/s", timeout=LONG)
    hand.press("End")
    expect(hand.page.locator(".speed-text")).to_have_text("full speed", timeout=LONG)
    hand.button("Play").click()
    hand.at_step(13 * 1000)  # its epochs are soon over
    hand.paused.wait_for()
    assert re.search(r"[Ee]poch", hand.page.locator(".counters [role=status]").inner_text())
