"""The numbers of a weight, a bias or a unit, beside those of the library's own trace."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import fallline as fl

from .conftest import until
from .hand import LONG, moons, number

WEIGHT, BIAS, UNIT = "w[input.0->hidden1.0]", "b[output.0]", "hidden1.2"


@pytest.fixture
def taken(hand):
    """The page after 13 steps, and the engine's 13th step."""
    run, _ = moons(hand.seed)
    run.advance(steps=13)
    hand.press("e")
    hand.at_step(13)
    return hand, run, fl.trace_step(run)


def _values(hand, title):
    """Return what the formula says by its label, once it is of what is in focus."""
    formula = hand.page.locator(".net-formula")
    expect(formula.locator("h3")).to_contain_text(title, timeout=LONG)
    pairs = formula.locator(".net-formula-values > div")
    return {
        pair.locator("dt").inner_text(): number(pair.locator("dd b").inner_text())
        for pair in pairs.all()
    }


def _is_as_traced(values, run, trace, name):
    index = run.network.index(name)
    after = run.theta[index]
    assert values["slope of the error"] == pytest.approx(trace.gradient[index], rel=1e-4)
    assert values["after the step"] == pytest.approx(after, rel=1e-4)
    assert values["step"] == pytest.approx(-0.3 * trace.gradient[index], rel=1e-4)
    assert values["before the step"] == pytest.approx(after + 0.3 * trace.gradient[index], rel=1e-4)


def test_pointing_at_a_weight_shows_its_numbers(taken):
    hand, run, trace = taken
    hand.element(WEIGHT).hover()
    _is_as_traced(_values(hand, "Weight from x"), run, trace, WEIGHT)
    card = hand.page.locator(".net-card dd").all_inner_texts()
    index = run.network.index(WEIGHT)
    told = [number(text) for text in card]
    wanted = [run.theta[index], trace.gradient[index], -0.3 * trace.gradient[index]]
    assert told == pytest.approx(wanted, rel=1e-3)


def test_the_keyboard_reaches_the_bias_of_the_output(taken):
    hand, run, trace = taken
    hand.element("input.0").focus()
    for _ in range(30):  # along the edges to the last of the output's
        hand.press("ArrowRight")
        if "output" in hand.page.evaluate("document.activeElement.dataset.element"):
            break
    while hand.page.evaluate("document.activeElement.dataset.element") != BIAS:
        at = hand.page.evaluate("document.activeElement.dataset.element")
        hand.press("ArrowLeft" if not at.startswith(("w[", "b[")) else "ArrowDown")
    _is_as_traced(_values(hand, "Bias of"), run, trace, BIAS)
    hand.press("Enter")  # held
    expect(hand.element(BIAS)).to_have_attribute("aria-pressed", "true", timeout=LONG)
    hand.press("Escape")
    expect(hand.page.locator(".net-formula h3")).to_contain_text("What descends", timeout=LONG)


def test_a_unit_says_what_flows_through_it_forwards_and_back(taken):
    hand, _, trace = taken
    hand.element(UNIT).focus()
    values = _values(hand, "nit")
    row = number(re.search(r"row ([\d,]+)", hand.page.locator(".net-formula h3").inner_text())[1])
    own, at = trace.numbers.layers["hidden1"], list(trace.numbers.index).index(int(row) - 1)
    for label, array in (
        ("net input", own.h),
        ("output", own.o),
        ("slope of the error along the output", own.dE_do),
        ("slope of the error along the net input", own.dE_dh),
    ):
        assert values[label] == pytest.approx(array[at, 2], rel=1e-4), label


def test_the_formula_lives_under_a_still_pointer(taken):
    hand, run, _ = taken
    hand.element(WEIGHT).hover()
    _values(hand, "Weight from x")
    hand.press("ArrowRight")
    hand.at_step(14)
    run.step()
    after = hand.page.locator(".net-formula-values > div", has_text="after the step").locator("b")
    until(lambda: number(after.inner_text()) == pytest.approx(run.theta[0], rel=1e-4))


def test_every_weight_and_every_bias_is_in_the_diagram(hand):
    shown = hand.page.locator(".net .net-hit[data-element]").evaluate_all(
        "all => all.map((each) => each.dataset.element)"
    )
    network = moons(hand.seed)[0].network
    assert sorted(network.index(name) for name in shown) == list(range(network.size))
    labels = hand.page.locator(".net [data-element]").evaluate_all(
        "all => all.map((each) => each.getAttribute('aria-label'))"
    )
    assert all(labels) and len(set(labels)) == len(labels)


def test_the_numbers_on_the_lines_are_those_of_theta(taken):
    hand, run, _ = taken
    texts = hand.page.locator(".net-texts text").all_text_contents()
    told = [number(text) for text in texts if re.search(r"\d\.\d", text)]
    assert told
    for value in told:
        assert np.min(np.abs(run.theta - value)) <= 0.06 * abs(value), value


def test_a_row_of_choice_is_explained(taken):
    hand, _, _ = taken
    hand.element("output.0").click()
    _values(hand, "utput")
    note = hand.page.locator(".row-choice .panel-note")
    before = number(note.inner_text())
    hand.button("The next row").click()
    expect(note).to_have_text(f"row {before + 1:.0f}", timeout=LONG)
    expect(hand.page.locator(".net-formula h3")).to_contain_text(f"row {before + 1:.0f}")
