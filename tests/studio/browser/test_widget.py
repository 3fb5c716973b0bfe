"""The widget of notebooks: its module in a browser, a stand-in for the notebook, a real session."""

import json
import queue
import time
from base64 import b64encode

import pytest

from fallline.studio.bundle import NO_PAGE, PAGE
from fallline.studio.session import Session
from fallline.studio.setup import Setup
from fallline.studio.wire import Wire

from ..conftest import header
from .conftest import SIZES, Tab, needed

# What anywidget gives a widget's `render`, with messages over functions that the test provides.
NOTEBOOK = """
<!doctype html><html lang="en"><meta charset="utf-8"><title>notebook</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/widget.css">
<h1 id="heading">Notebook</h1><button id="own">A button of its own</button><div id="out"></div>
<script type="module">
  import widget from '/widget.js';
  const listeners = new Set();
  const model = {
    off: (_, told) => listeners.delete(told),
    on: (event, told) => event === 'msg:custom' && listeners.add(told),
    send: (content) => window.toKernel(JSON.stringify(content)),
  };
  window.fromKernel = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const padded = new Uint8Array(bytes.length + 5);  // a view that begins in the middle
    padded.set(bytes, 5);
    for (const told of listeners) told({ type: 'message' }, [new DataView(padded.buffer, 5)]);
  };
  window.listening = () => listeners.size;
  window.remove = widget.render({ model, el: document.querySelector('#out') });
</script>
"""


class Cell:
    """The output of a cell: a page with the widget, and the kernel's end of it."""

    def __init__(self, browser, size, there=True):
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.page = self.context.new_page()
        self.tab = Tab(self.page)
        self.sent = queue.Queue()
        self.defects, self.kinds = [], set()
        self.session = Session(Setup.from_json({"rows": 60, "epochs": 10_000}))
        self.wire = Wire(self.session, lambda _, b: self.sent.put(b[0]), self.defects.append)
        self.page.expose_function("toKernel", lambda text: self.wire.take(json.loads(text)))
        self.page.route("**/*", lambda route: route.fulfill(**self.file(route.request.url, there)))
        self.page.goto("http://127.0.0.1/notebook")

    @staticmethod
    def file(url, there):
        name = url.rpartition("/")[2]
        if name == "notebook":
            return {"body": NOTEBOOK, "content_type": "text/html"}
        if not there:
            body = "export default { render() {} };" if name == "widget.js" else ""
            return {"body": body, "content_type": "text/javascript" if body else "text/css"}
        kind = {"js": "text/javascript", "css": "text/css"}[name.rpartition(".")[2]]
        return {"body": (PAGE / name).read_text("utf-8"), "content_type": kind}

    def until(self, condition):
        """Hand on what the kernel sends until something holds."""
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, "it did not come to be"
            try:
                message = self.sent.get(timeout=0.02)
            except queue.Empty:
                self.page.wait_for_timeout(20)
            else:
                self.kinds.add(header(message)["type"])
                self.page.evaluate("fromKernel", b64encode(message).decode())

    def close(self):
        self.wire.close()
        self.session.close()
        self.context.close()
        self.tab.check()
        assert not self.defects


@pytest.fixture
def cell(chromium):
    needed((PAGE / "widget.js").is_file(), NO_PAGE)
    made = []

    def make(size="wide", **options):
        made.append(Cell(chromium, size, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ready(cell):
    shown = cell.page.locator(".fallline-studio[data-ready=true]")
    cell.until(lambda: shown.count() == 1)


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_the_widget_draws_and_steers(cell, size):
    notebook = cell(size)
    ready(notebook)
    assert notebook.page.locator("#out svg").count() > 0
    before = notebook.session.instant().step
    notebook.page.get_by_role("button", name="Batch").click()
    notebook.until(lambda: notebook.session.instant().step == before + 1)
    notebook.page.get_by_role("button", name="Play").click()
    notebook.until(lambda: notebook.session.instant().step > before + 20)
    notebook.until(lambda: {"surface", "boundary"} <= notebook.kinds)
    notebook.tab.shot(f"widget-{size}")
    width = notebook.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size][0]


def test_the_rest_of_the_notebook_stays_as_it_was(cell):
    looks = """() => ['#heading', '#own', 'body', 'html'].map((place) => {
        const {font, color, backgroundColor, margin, padding, overflow} =
            getComputedStyle(document.querySelector(place));
        return [font, color, backgroundColor, margin, padding, overflow];
    })"""
    notebook, without = cell(), cell(there=False)
    ready(notebook)
    assert notebook.page.evaluate(looks) == without.page.evaluate(looks)


def test_keys_of_the_notebook_are_not_taken(cell):
    notebook = cell()
    ready(notebook)
    notebook.page.locator("#own").focus()
    for key in (" ", "s", "b", "ArrowRight"):
        notebook.page.keyboard.press(key)
    notebook.page.wait_for_timeout(200)
    assert notebook.session.instant().step == 0


def test_a_view_that_is_removed_lets_go(cell):
    notebook = cell()
    ready(notebook)
    notebook.page.evaluate("remove()")
    notebook.until(lambda: notebook.page.evaluate("listening()") == 0)
    assert notebook.page.locator(".fallline-studio").count() == 0
