"""What a person does on the page beside the drawings: play, set, open, save, read a lesson."""

import re

import pytest

from .conftest import until

CSV = "size,rooms,kind\n" + "\n".join(
    f"{40 + 7 * (i % 13)},{1 + i % 5},{'flat' if i % 13 < 6 else 'house'}" for i in range(120)
)
DROP = """(text) => {
    const files = new DataTransfer();
    files.items.add(new File([text], 'homes.csv', {type: 'text/csv'}));
    const how = {dataTransfer: files, bubbles: true, cancelable: true};
    for (const name of ['dragover', 'drop']) document.dispatchEvent(new DragEvent(name, how));
}"""


def _count(tab, name):
    """Return a number of the counters."""
    cell = tab.page.locator(".counter", has=tab.page.locator("dt", has_text=re.compile(f"^{name}")))
    return float(cell.locator("dd").inner_text().replace(",", ""))


def _button(tab, name):
    return tab.page.get_by_role("button", name=name, exact=True)


def _set(tab, label, value):
    field = tab.page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")


def test_steps_go_on_and_back_exactly(studio):
    tab = studio.open()
    error = _count(tab, "Training")
    _button(tab, "Step: one batch").click()
    until(lambda: _count(tab, "Step") == 1)
    _button(tab, "Step: one epoch").click()
    until(lambda: _count(tab, "Step") > 1)
    for _ in range(2):
        _button(tab, "Back one epoch").click()
    until(lambda: _count(tab, "Step") == 0)
    assert _count(tab, "Training") == error


def test_the_keyboard_does_what_the_bar_does(studio):
    tab = studio.open()
    for key, step in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("r", 0)]:
        tab.page.keyboard.press(key)
        until(lambda step=step: _count(tab, "Step") == step)
    tab.page.keyboard.press("Space")
    _button(tab, "Pause").wait_for()
    tab.page.keyboard.press("Space")
    _button(tab, "Play").wait_for()
    tab.page.keyboard.press("?")
    assert tab.page.get_by_role("dialog").is_visible()


def test_a_changed_rate_begins_nothing_anew(studio):
    tab = studio.open()
    _button(tab, "Step: one epoch").click()
    until(lambda: _count(tab, "Step") > 1)
    steps = _count(tab, "Step")
    _set(tab, "Learning rate η", 0.05)
    tab.page.get_by_role("tab", name="Python").click()
    tab.page.locator(".code", has_text="0.05").wait_for()
    assert _count(tab, "Step") == steps
    assert tab.page.locator(".map-curves-marks, .map-curves", has_text="0.05").count() > 0


def test_a_dropped_table_is_learnt_from(studio):
    tab = studio.open()
    tab.page.evaluate(DROP, CSV)
    tab.page.get_by_label("Predict", exact=True).select_option("kind")
    tab.page.get_by_role("checkbox", name="rooms").uncheck()
    _button(tab, "Use this table").click()
    tab.page.locator(".chip-data", has_text="homes.csv").wait_for()
    assert "1 input, 1 output" in tab.page.locator(".rail").inner_text()


def test_a_file_that_is_no_table_is_answered_with_a_sentence(studio):
    tab = studio.open()
    tab.allowed.append("400")
    tab.page.evaluate(DROP, "\0\1\2")
    said = tab.page.get_by_role("alert").locator(".toast p")
    said.wait_for()
    assert "homes.csv" in said.inner_text()
    assert "Traceback" not in said.inner_text()


def test_a_divergence_is_explained_and_left(start):
    tab = start("--lesson", "learning-rate").open()
    tab.page.locator(".lesson-tries button").last.click()
    card = tab.page.locator(".divergence")
    card.wait_for()
    assert "2/λmax" in card.inner_text()
    card.locator("button.primary").click()
    card.wait_for(state="hidden")
    until(lambda: _count(tab, "Training") < 1)


def test_the_program_is_saved(studio):
    tab = studio.open()
    _button(tab, "Step: one batch").click()
    until(lambda: _count(tab, "Step") == 1)
    _button(tab, "Export").click()
    with tab.page.expect_download() as saved:
        tab.page.get_by_role("button", name=re.compile("^Python program")).click()
    program = saved.value.path().read_text("utf-8")
    compile(program, "saved.py", "exec")
    assert "import fallline as fl" in program


def test_a_link_holds_all_settings(studio):
    tab = studio.open()
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.get_by_label("Table", exact=True).select_option("sine")
    _set(tab, "Learning rate η", 0.07)
    _button(tab, "Export").click()
    tab.page.get_by_role("button", name=re.compile("^Link")).click()
    tab.page.locator(".toast").wait_for()
    link = tab.page.evaluate("navigator.clipboard.readText()")
    tab.page.get_by_label("Table", exact=True).select_option("xor")
    tab.page.locator(".chip-data", has_text="xor").wait_for()
    other = studio.again(tab, link.partition("/#")[2] and "#" + link.partition("#")[2])
    other.page.locator(".chip-data", has_text="sine").wait_for()
    until(lambda: other.page.get_by_label("Learning rate η", exact=True).input_value() == "0.07")


def test_the_tour_leads_from_lesson_to_lesson(studio):
    tab = studio.open("#lesson=momentum")
    title = tab.page.locator(".lesson h2")
    title.wait_for()
    assert title.inner_text() == "Momentum"
    _button(tab, "Next").click()
    until(lambda: title.inner_text() != "Momentum")
    _button(tab, "Leave the tour").click()
    title.wait_for(state="hidden")


def test_a_phone_sees_one_place_at_a_time(studio):
    tab = studio.open(size="narrow", touch=True)
    panels = {
        "Network": ".panel-network",
        "Surface": ".panel-surface",
        "Output": ".panel-output",
        "Settings": ".rail",
        "Python": ".panel-code",
    }
    for place, panel in panels.items():
        tab.page.locator(".places").get_by_role("button", name=place).click()
        tab.page.locator(panel).wait_for()
        seen = [name for name, other in panels.items() if tab.page.locator(other).is_visible()]
        assert seen == [place]
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        assert width <= tab.page.viewport_size["width"]


@pytest.mark.parametrize(
    ("size", "dark"), [("wide", False), ("wide", True), ("narrow", False), ("hall", True)]
)
def test_axe_finds_nothing(studio, size, dark):
    tab = studio.open("#lesson=hidden-units", size=size, dark=dark, touch=size == "narrow")
    tab.page.locator(".lesson").wait_for()
    for each in tab.page.locator(".rail details").all():
        each.evaluate("each => each.open = true")
    assert tab.violations() == []
    for place in tab.page.locator(".places button:visible").all():
        place.click()
        assert tab.violations() == []


def test_a_lost_studio_is_said(start):
    studio = start()
    tab = studio.open()
    tab.allowed.append("WebSocket|ERR_CONNECTION")
    studio.process.terminate()
    tab.page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    studio.process.wait(60)  # another signal would break off its end
    assert not _button(tab, "Play").is_enabled()
