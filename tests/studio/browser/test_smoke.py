"""The page comes up, wide and narrow, light and dark, and only for who was let in."""

import pytest


@pytest.mark.parametrize("size", ["wide", "narrow", "hall"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_shows_a_running_example(studio, size, dark):
    tab = studio.open(size=size, dark=dark, touch=size == "narrow")
    assert tab.page.title()
    assert tab.page.url == f"{studio.origin}/"  # the token is gone from the address
    assert tab.page.locator("svg").count() > 0
    width = tab.page.evaluate("document.documentElement.scrollWidth")
    assert width <= tab.page.viewport_size["width"], "nothing stands out at the side"
    tab.shot(f"first-{size}-{'dark' if dark else 'light'}")


def test_it_asks_nothing_of_any_other_host(studio):
    tab = studio.open()
    hosts = {url.split("/")[2] for url in tab.requests if not url.startswith("data:")}
    assert hosts == {studio.origin.removeprefix("http://")}
    assert any(url.startswith("ws://127.0.0.1:") for url in tab.requests)


def test_without_the_cookie_there_is_no_page(studio):
    tab = studio.open()
    stranger = tab.page.context.browser.new_context().new_page()
    answer = stranger.goto(studio.origin)
    assert answer.status == 403 and "opens by its link" in stranger.title()
    assert stranger.evaluate("getComputedStyle(document.body).maxWidth") != "none"  # it has a style
    stranger.context.close()


def test_no_script_can_read_the_cookie(studio):
    tab = studio.open()
    assert tab.page.evaluate("document.cookie") == ""
    (cookie,) = tab.page.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"


def test_strings_are_not_run_as_code(studio):
    tab = studio.open()
    tab.allowed.append("Content Security Policy|unsafe-eval|Refused to")
    tab.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s); }"
    )
    assert tab.page.evaluate("typeof window.ran") == "undefined"


def test_another_page_of_the_same_browser_gets_nothing(studio, tmp_path):
    tab = studio.open()
    page = tab.page.context.new_page()
    (tmp_path / "evil.html").write_text("<title>evil</title>")
    page.goto(f"file://{tmp_path / 'evil.html'}")
    said = page.evaluate(
        """(where) => new Promise((done) => {
            const socket = new WebSocket(where.replace('http', 'ws') + '/socket');
            socket.onopen = () => done('open');
            socket.onerror = () => done('refused');
        })""",
        studio.origin,
    )
    assert said == "refused"
    reached = page.evaluate(
        """(where) => fetch(where + '/export/code.py', {credentials: 'include'})
            .then((answer) => answer.text(), () => 'refused')""",
        studio.origin,
    )
    assert reached == "refused"


def test_a_lesson_in_the_link_survives_the_way_in(studio):
    tab = studio.open("#lesson=nothing-like-it", ready=False)
    tab.page.wait_for_url(f"{studio.origin}/**")
    assert tab.page.evaluate("performance.getEntriesByType('navigation')[0].name").endswith(
        "#lesson=nothing-like-it"
    )


def test_two_tabs_look_at_one_descent(studio):
    one = studio.open()
    two = studio.again(one)
    assert one.page.title() == two.page.title()
