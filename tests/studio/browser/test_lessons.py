"""The ten lessons: each opens by its link, and what it offers to try works."""

import re

import pytest
from playwright.sync_api import expect

from fallline.studio.lessons import LESSONS

from .conftest import until
from .hand import LONG, number


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_opens_by_its_link_and_its_tries_work(shared, name):
    lesson = LESSONS[name].to_json()
    tab = shared.open(f"#lesson={name}")
    card = tab.page.locator(".lesson")
    expect(card.locator("h2")).to_have_text(lesson["title"], timeout=LONG)
    expect(card.locator(".lesson-number")).to_have_text(
        f"Lesson {list(LESSONS).index(name) + 1} of 10"
    )
    step = tab.page.locator(".counter", has=tab.page.locator("dt", has_text="Step")).locator("dd")
    expect(step).to_have_text("0", timeout=LONG)
    tries = card.locator(".lesson-tries button")
    expect(tries).to_have_count(len(lesson["tries"]))
    tries.first.click()
    until(lambda: number(step.inner_text()) >= 1)
    assert tab.page.locator(".toast.error").count() == 0
    assert tab.page.locator(".panel-network .net").count() == 1
    tab.shot(f"lesson-{name}")
    shared.close(tab)


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_every_try_of_a_lesson_can_be_done(shared, name):
    tab = shared.open(f"#lesson={name}")
    expect(tab.page.locator(".lesson h2")).to_have_text(LESSONS[name].title, timeout=LONG)
    for button in tab.page.locator(".lesson-tries button").all():
        button.click()
        expect(tab.page.locator(".lesson h2")).to_have_text(LESSONS[name].title, timeout=LONG)
    assert tab.page.locator(".toast.error").count() == 0
    shared.close(tab)


def test_the_tour_goes_from_first_to_last_and_ends(shared):
    tab = shared.open()
    tab.page.get_by_role("button", name="Tour", exact=True).click()
    titles = [lesson.title for lesson in LESSONS.values()]
    tab.page.locator("#tour-menu button", has_text=titles[0]).click()
    heading = tab.page.locator(".lesson h2")
    for title in titles:
        expect(heading).to_have_text(title, timeout=LONG)
        tab.page.locator(".lesson footer button").last.click()
    tab.page.locator(".lesson").wait_for(state="hidden", timeout=LONG)
    shared.close(tab)


def test_back_propagation_shows_the_formula_of_what_it_names(shared):
    tab = shared.open("#lesson=backpropagation")
    tries = tab.page.locator(".lesson-tries")
    tries.get_by_role("button", name="One example").click()
    tries.get_by_role("button", name="The last weight").click()
    formula = tab.page.locator(".net-formula")
    expect(formula.locator("h3")).to_contain_text("eight from hidden unit 1", timeout=LONG)
    values = formula.locator(".net-formula-values > div")
    after = values.filter(has_text="after the step")
    after.wait_for(timeout=LONG)  # the step may be on its way yet
    told = {
        each.locator("dt").inner_text(): number(each.locator("dd b").inner_text())
        for each in values.all()
    }
    assert told["step"] == pytest.approx(-0.5 * told["slope of the error"], rel=1e-3)
    assert told["after the step"] == pytest.approx(told["before the step"] + told["step"], rel=1e-3)
    assert tab.violations() == []
    shared.close(tab)


def test_a_lesson_that_is_not_there_is_told(shared):
    tab = shared.open("#lesson=one-wait")
    toast = tab.page.locator(".toast.error").first
    toast.wait_for(timeout=LONG)
    assert re.search("one-weight", toast.inner_text())
    shared.close(tab)
