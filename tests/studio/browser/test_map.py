"""The error surface and the curves, as a person uses them: with mouse and keys, flat and in 3-D."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import until
from .hand import LONG

MAP, PAD, BALL = ".map", ".map-pad", ".map-ball"


def _fine(tab):
    """Wait until the map stands still on its fine grid."""
    tab.page.locator(f"{MAP}[data-state=fine]").wait_for()
    return tab.page.locator(PAD)


def _ball(tab):
    """Return where the ball is, in pixels of the map."""
    text = tab.page.locator(BALL).get_attribute("transform")
    return tuple(float(each) for each in re.findall(r"-?[\d.]+", text))


def _is_at(tab, x, y):
    a, b = _ball(tab)
    return abs(a - x) < 4 and abs(b - y) < 4


@pytest.fixture
def valley(start):
    """Two weights and nothing else, so that the plane is all there is and the window stays."""
    return start("--lesson", "two-weights").open()


def test_a_click_restarts_the_descent_there(valley):
    pad = _fine(valley)
    box = pad.bounding_box()
    name = valley.page.locator(".map-name").first
    before = name.inner_text()
    assert "weight from" in before
    pad.click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.6})
    until(lambda: name.inner_text() != before)
    until(lambda: _is_at(valley, box["width"] * 0.8, box["height"] * 0.6))


def test_keys_move_a_cursor_and_restart_there(valley):
    pad = _fine(valley)
    pad.focus()
    for _ in range(4):
        valley.page.keyboard.press("Shift+ArrowRight")
    told = valley.page.locator(".map-figure .map-tip").inner_text()
    cross = valley.page.locator(".map-cross").get_attribute("d")
    x, y = (float(each) for each in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", cross)[0])
    assert re.search(r"error [\d.]+\n", told)
    valley.page.keyboard.press("Enter")
    until(lambda: _is_at(valley, x + 9, y))


def test_zooming_shows_more_or_less(valley):
    _fine(valley)
    ticks = valley.page.locator(".map-figure .map-ticks").first

    before = ticks.text_content()
    valley.page.get_by_role("button", name="Zoom in").click()
    until(lambda: ticks.text_content() != before)
    valley.page.get_by_role("button", name="Show the whole path").click()
    _fine(valley)


def test_the_mountain_turns_and_is_clicked(valley):
    _fine(valley)
    valley.page.get_by_role("button", name="3-D").click()
    mountain = valley.page.locator("canvas.map-relief")
    first = mountain.screenshot()
    box = mountain.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    valley.page.mouse.move(x, y)
    valley.page.mouse.down()
    valley.page.mouse.move(x + 120, y, steps=5)
    valley.page.mouse.up()
    until(lambda: mountain.screenshot() != first)
    valley.page.wait_for_timeout(400)  # should it still turn, what follows is seen the sooner
    turned = mountain.screenshot()
    valley.page.mouse.click(x, y)
    until(lambda: mountain.screenshot() != turned)
    assert "restart here" in valley.page.locator(".map-reading").inner_text()
    assert valley.violations() == []
    valley.shot("mountain")


def test_one_weight_is_a_bowl(start):
    tab = start("--lesson", "one-weight").open()
    tab.page.locator(f"{MAP}[data-line]").wait_for()
    pad = _fine(tab)
    assert tab.page.locator(".map-curve").get_attribute("d").startswith("M")
    box = pad.bounding_box()
    pad.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    until(lambda: abs(_ball(tab)[0] - box["width"] / 2) < 4)
    assert "error = " in tab.page.locator(".map-name").nth(1).text_content()
    tab.shot("bowl")


def test_the_curves_lead_back_to_a_step(studio):
    tab = studio.open()
    step = tab.page.locator(".counter", has=tab.page.locator("dt", has_text="Step")).locator("dd")
    for epoch in range(1, 7):
        tab.page.keyboard.press("e")
        expect(step).to_have_text(str(13 * epoch), timeout=LONG)
    curves = tab.page.get_by_role("slider", name=re.compile("Error curves"))
    curves.focus()
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("ArrowLeft")
    said = curves.get_attribute("aria-valuetext")
    step = re.search(r"step (\d+)", said)[1]
    tab.page.keyboard.press("Enter")
    tab.page.locator("body").filter(has_text=re.compile(rf"Step\s*{step}(?!\d)")).wait_for()
    assert "training error" in said
