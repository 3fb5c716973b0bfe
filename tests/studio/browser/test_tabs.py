"""Several tabs on one descent, a tab that was away, and a studio that has ended."""

import re
import signal

import numpy as np
from playwright.sync_api import expect

from .hand import LONG, Hand, moons


def _step(tab, step):
    cell = tab.page.locator(".counter", has=tab.page.locator("dt", has_text="Step")).locator("dd")
    expect(cell).to_have_text(f"{step:,}", timeout=LONG)


def test_two_tabs_steer_one_descent(hand):
    other = hand.studio.again(hand.tab)
    hand.button("Step: one batch").click()
    _step(other, 1)
    other.page.get_by_role("button", name="Step: one batch", exact=True).click()
    hand.at_step(2)
    rate = other.page.get_by_label("Learning rate η", exact=True)
    rate.fill("0.05")
    rate.press("Enter")
    hand.is_(hand.field("Learning rate η"), 0.05)
    hand.button("Step: one batch").click()
    _step(other, 3)
    run, _ = moons(hand.seed)
    run.advance(steps=2)
    run = run.changed(learning_rate=0.05)
    run.step()
    assert np.array_equal(hand.model().theta, run.theta)


def test_each_tab_has_a_focus_of_its_own(hand):
    other = hand.studio.again(hand.tab)
    hand.press("ArrowRight")
    _step(other, 1)
    hand.element("w[input.0->hidden1.0]").focus()
    expect(hand.page.locator(".net-formula h3")).to_contain_text("Weight", timeout=LONG)
    expect(other.page.locator(".net-formula h3")).to_contain_text("What descends")


def test_a_tab_that_was_away_is_there_again(hand):
    """The tab is frozen as the browser freezes one in the background, while another goes on."""
    tools = hand.page.context.new_cdp_session(hand.page)
    other = hand.studio.again(hand.tab)
    tools.send("Page.setWebLifecycleState", {"state": "frozen"})
    for step in (13, 26, 39):
        other.page.keyboard.press("e")
        _step(other, step)
    other.page.get_by_role("button", name="Restart", exact=True).click()
    _step(other, 0)
    other.page.keyboard.press("ArrowRight")
    _step(other, 1)
    tools.send("Page.setWebLifecycleState", {"state": "active"})
    hand.page.bring_to_front()
    hand.at_step(1)
    hand.is_(hand.field("Go to a step"), 1)


def test_a_reload_begins_nothing_anew(hand):
    hand.press("e")
    hand.at_step(13)
    other = hand.studio.again(hand.tab)
    hand.page.reload()
    hand.tab.ready()
    hand.at_step(13)
    assert hand.page.locator(".banner").is_hidden()
    _step(other, 13)


def test_a_connection_that_broke_is_there_again(hand):
    """While it is broken another tab goes on; what it missed is shown when it is back."""
    wires = []

    def between(wire):
        wires.append((wire, wire.connect_to_server()))

    hand.page.route_web_socket(re.compile("/socket$"), between)
    hand.page.reload()
    hand.tab.ready()
    other = hand.studio.again(hand.tab)
    other.page.keyboard.press("ArrowRight")
    hand.at_step(1)
    for side in wires[-1]:
        side.close()
    other.page.keyboard.press("ArrowRight")
    _step(other, 2)
    hand.at_step(2)
    assert len(wires) == 2
    expect(hand.page.locator(".banner")).to_be_hidden()
    hand.press("ArrowRight")
    hand.at_step(3)
    _step(other, 3)


def test_an_ended_studio_is_told(start, tmp_path):
    studio = start()
    hand = Hand(studio, tmp_path)
    hand.tab.allowed.append("WebSocket connection|ERR_CONNECTION_REFUSED")
    hand.press("ArrowRight")
    hand.at_step(1)
    studio.process.send_signal(signal.SIGTERM)
    banner = hand.page.locator(".banner")
    banner.wait_for(timeout=LONG)
    studio.process.wait(60)
    assert "does not answer" in banner.inner_text()
    assert hand.page.locator(".play").is_disabled()
    assert hand.step == 1  # what was seen last stays
    assert hand.tab.violations() == []


def test_a_foreign_browser_gets_neither_page_nor_files(hand):
    stranger = hand.page.context.browser.new_context()
    for path in ("/", "/export/code.py", "/export/model.fall", "/open/guessed", "/assets/x.js"):
        assert stranger.request.get(hand.studio.origin + path).status == 403, path
    sent = stranger.request.post(f"{hand.studio.origin}/upload?name=a.csv", data="a,b\n1,2\n")
    assert sent.status == 403
    stranger.close()
