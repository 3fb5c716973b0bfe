"""A click on the error surface restarts there: the weights are the point that was clicked."""

import re

import numpy as np
import pytest

import fallline as fl

from .conftest import until
from .hand import LONG, number


@pytest.fixture
def valley(start, tmp_path):
    """Two weights and nothing else: the lesson of the map."""
    studio = start("--lesson", "two-weights")
    tab = studio.open()
    tab.page.locator(".map[data-state=fine]").wait_for(timeout=LONG)
    return studio, tab


def _theta(studio, tab):
    told = tab.page.locator(".map-name").all_inner_texts()
    return np.array([number(text.partition("=")[2]) for text in told[:2]])


def _model(studio, tab, folder):
    body = tab.page.context.request.get(f"{studio.origin}/export/model.fall").body()
    (folder / "now.fall").write_bytes(body)
    return fl.load(folder / "now.fall").theta


def _ball(tab):
    text = tab.page.locator(".map-ball").get_attribute("transform")
    return np.array([float(each) for each in re.findall(r"-?[\d.]+", text)[:2]])


def test_the_weights_are_the_point_of_the_click(valley, tmp_path):
    studio, tab = valley
    pad = tab.page.locator(".map-pad")
    box = pad.bounding_box()
    places, thetas = [], []
    for x, y in ((0.25, 0.3), (0.75, 0.3), (0.25, 0.7), (0.6, 0.55)):
        at = np.array([x * box["width"], y * box["height"]])
        pad.click(position={"x": at[0], "y": at[1]})
        until(lambda at=at: np.abs(_ball(tab) - at).max() < 4)
        theta = _model(studio, tab, tmp_path)
        assert _theta(studio, tab) == pytest.approx(theta, rel=1e-3, abs=1e-3)
        places.append(at)
        thetas.append(theta)
    # pixels and weights are one straight map: three clicks tell where the fourth must be
    a, b, c, d = places
    share = np.linalg.solve(np.stack([b - a, c - a], 1), d - a)
    wanted = thetas[0] + (thetas[1] - thetas[0]) * share[0] + (thetas[2] - thetas[0]) * share[1]
    assert thetas[3] == pytest.approx(wanted, abs=0.02)


def test_the_mountain_restarts_where_it_says(valley, tmp_path):
    studio, tab = valley
    before = _model(studio, tab, tmp_path)
    tab.page.get_by_role("button", name="3-D").click()
    mountain = tab.page.locator("canvas.map-relief")
    mountain.wait_for()
    box = mountain.bounding_box()
    x, y = box["x"] + 0.45 * box["width"], box["y"] + 0.55 * box["height"]
    tab.page.mouse.move(x, y)
    tab.page.mouse.click(x, y)
    until(lambda: not np.array_equal(_model(studio, tab, tmp_path), before))
    theta = _model(studio, tab, tmp_path)
    assert np.all(np.abs(theta) < 3), "within the window of the map"
    tab.page.get_by_role("button", name="Map", exact=True).click()
    until(lambda: _theta(studio, tab) == pytest.approx(theta, rel=1e-3, abs=1e-3))


def test_the_plane_of_choice_is_drawn_and_shared(hand):
    hand.press("e")
    hand.at_step(13)
    hand.page.locator(".map[data-state=fine]").wait_for(timeout=LONG)
    names = hand.page.locator(".map-name")
    chooser = hand.page.get_by_role("combobox", name="Weight across")
    index = hand.model().network.index("w[input.1->hidden1.2]")
    chooser.select_option("w[input.1->hidden1.2]")
    until(lambda: "weight from y to hidden unit 3" in names.first.inner_text())
    shown = number(names.first.inner_text().partition("=")[2])
    assert shown == pytest.approx(hand.model().theta[index], rel=2e-3)
    other = hand.studio.again(hand.tab)  # all tabs see one plane
    until(
        lambda: (
            "weight from y to hidden unit 3" in other.page.locator(".map-name").first.inner_text()
        )
    )
