"""By keyboard alone, in the dark, in large type, on a phone; what axe-core says of each."""

import pytest
from playwright.sync_api import expect

from .conftest import until
from .hand import LONG, Hand


@pytest.fixture(params=["wide", "wide-dark", "narrow", "narrow-dark"])
def look(request, shared, tmp_path):
    size, _, dark = request.param.partition("-")
    hand = Hand(shared, tmp_path, size=size, dark=bool(dark), touch=size == "narrow")
    yield hand
    shared.close(hand.tab)


def _place(hand, name):
    """On a narrow screen one part is seen at a time."""
    place = hand.page.locator(".places button", has_text=name)
    if place.is_visible():
        place.click()


def test_axe_finds_nothing_in_any_state(look):
    hand = look
    assert hand.tab.violations() == [], "the start"
    hand.press("e")
    hand.at_step(13)
    hand.element("w[input.0->hidden1.0]").focus()
    expect(hand.page.locator(".net-formula h3")).to_contain_text("Weight", timeout=LONG)
    assert hand.tab.violations() == [], "a formula"
    for place in ("Surface", "Output", "Settings", "Python"):
        _place(hand, place)
        assert hand.tab.violations() == [], place


def test_axe_finds_nothing_in_a_race(look):
    hand = look
    _place(hand, "Settings")
    hand.open_more("Race")
    hand.button("Start the race").click()
    expect(hand.page.locator(".map-race tbody tr")).to_have_count(2, timeout=LONG)
    hand.page.keyboard.press("Escape")
    until(lambda: hand.page.locator(".map-race-number").last.inner_text() not in ("", "0"))
    _place(hand, "Surface")
    assert hand.tab.violations() == []
    width = hand.page.evaluate("document.documentElement.scrollWidth")
    assert width <= hand.page.viewport_size["width"]


def test_large_type_is_larger_and_fits(hand):
    size = "parseFloat(getComputedStyle(document.querySelector('.counter dd')).fontSize)"
    before = hand.page.evaluate(size)
    hand.page.get_by_role("button", name="Classroom").click()
    until(lambda: hand.page.evaluate(size) > 1.15 * before)
    assert hand.page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert hand.tab.violations() == []
    hand.tab.shot("classroom")


def test_the_dark_look_can_be_chosen(hand):
    colour = "getComputedStyle(document.querySelector('.counter dd')).color"
    before = hand.page.evaluate(colour)
    hand.button("Dark look").click()
    hand.button("Light look").wait_for(timeout=LONG)
    until(lambda: hand.page.evaluate(colour) != before)
    hand.page.reload()
    hand.tab.ready()
    assert hand.page.evaluate(colour) != before  # it is kept
    assert hand.tab.violations() == []


def test_all_of_it_by_keyboard_alone(hand):
    page = hand.page
    focused = (
        "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
    )
    seen = []
    for _ in range(80):  # the Tab key goes through the page and comes round
        hand.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue  # at the end of the page, before it comes round
        name = page.evaluate(focused).strip()[:40]
        seen.append(name)
        ring = page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            "return s.outlineStyle !== 'none' || s.boxShadow !== 'none' ||"
            "document.activeElement.matches('[data-element]'); }"
        )
        assert ring, f"the focus on {name!r} cannot be seen"
        if name == "Step: one batch":
            hand.press("Enter")
    hand.at_step(1)
    for wanted in ("Step: one batch", "Restart", "Tour", "Export", "Help and keyboard"):
        assert wanted in seen, wanted
    assert any(name == "x" or name.startswith("x,") for name in seen), "the diagram"
    assert any("Error surface" in name for name in seen), "the surface"
    page.evaluate("document.activeElement.blur()")
    hand.press("?")
    page.locator("dialog.help[open]").wait_for(timeout=LONG)
    assert hand.tab.violations() == []
    hand.press("Escape")
    page.locator("dialog.help").wait_for(state="hidden")
    hand.press(" ")
    until(lambda: hand.step > 2)
    hand.press(" ")
    hand.paused.wait_for()
    hand.press("r")
    hand.at_step(0)
    hand.press("3")
    page.locator("canvas.map-relief").wait_for(timeout=LONG)


def test_a_finger_steers_a_phone(shared, tmp_path):
    hand = Hand(shared, tmp_path, size="narrow", touch=True)
    page = hand.page
    hand.button("Step: one batch").tap()
    hand.at_step(1)
    for place in ("Network", "Surface", "Output", "Settings", "Python"):
        page.locator(".places button", has_text=place).tap()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, place
    page.locator(".places button", has_text="Surface").tap()
    page.locator(".map[data-state=fine]").wait_for(timeout=LONG)
    before = hand.model().theta
    page.locator(".map-pad").tap(position={"x": 60, "y": 60})
    hand.at_step(0)
    until(lambda: (hand.model().theta != before).any())
    small = page.locator("button:visible").evaluate_all(
        """all => all.filter((each) => {
            const {width, height} = each.getBoundingClientRect();
            return Math.min(width, height) < 24;
        }).map((each) => each.getAttribute('aria-label') || each.textContent)"""
    )
    assert small == []
    shared.close(hand.tab)


def test_less_motion_is_kept_to(shared, tmp_path):
    hand = Hand(shared, tmp_path, still=True)
    hand.button("Step: one batch").click()
    hand.at_step(1)
    moving = hand.page.evaluate(
        "document.getAnimations().filter((each) => each.playState === 'running').length"
    )
    assert moving == 0
    shared.close(hand.tab)
