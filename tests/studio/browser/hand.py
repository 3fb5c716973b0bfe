"""What a person does in a tab, what stands there, and what the engine says of the same."""

import base64
import itertools
import json
import re
from pathlib import Path
from types import MappingProxyType

from playwright.sync_api import expect

import fallline as fl
from fallline.studio.setup import Setup

_SEEDS = itertools.count(100)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
LONG = 20_000  # ms: a busy machine is no defect


def link(**settings):
    """Return the end of a link that holds these settings, as the page copies it."""
    text = json.dumps(settings, separators=(",", ":")).encode()
    return "#s=" + base64.urlsafe_b64encode(text).decode().rstrip("=")


def number(text):
    """Return the number that a person reads: 12,345 · −1.20×10⁻⁵ · 88 %."""
    found = re.search(r"([+−-]?[\d,]*\.?\d+)(?:×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
    assert found, f"no number in {text!r}"
    plain = float(found[1].replace(",", "").replace("−", "-"))
    return plain * 10.0 ** int((found[2] or "0").translate(_RAISED))


def moons(seed):
    """Return the engine's own descent of the first example, made without the studio."""
    data = fl.rows_for(fl.data.samples.load("moons"), "label", validation=0.2, test=0.2)
    run = fl.Run(
        fl.Network.parse("2 -> 4 tanh -> 1 logistic"), data.train.X, data.train.Y,
        X_val=data.validation.X, y_val=data.validation.Y, restore_best=False,
        loss="binary_cross_entropy", optimizer=fl.SGD(0.3), batch_size=10, epochs=1000, seed=seed,
        record="steps",
    )  # fmt: skip
    return run, data


class Hand:
    """A tab, by the names that stand on it.

    Attributes
    ----------
    seed
        Of the descent that it began.
    """

    def __init__(self, studio, folder=None, *, settings=MappingProxyType({}), **window):
        self.studio, self.folder = studio, folder
        setup = Setup.from_json({"seed": next(_SEEDS), **settings})
        self.seed = setup.seed  # each its own, by which the page's descent is known
        self.tab = studio.open(link(**setup.to_json()), **window)
        self.page = self.tab.page
        self.page.set_default_timeout(LONG)
        self.is_(self.field("Seed"), self.seed)
        self.at_step(0)

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label):
        return self.page.get_by_label(label, exact=True)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, label, value):
        """Write a value into a field, as with the keys."""
        box = self.field(label)
        box.fill(str(value))
        box.press("Enter")

    def is_(self, locator, value):
        expect(locator).to_have_value(str(value), timeout=LONG)

    def counter(self, name):
        """Return one of the large numbers of the bar."""
        pair = self.page.locator(".counter", has=self.page.locator("dt", has_text=name))
        return pair.locator("dd")

    def at_step(self, step):
        """Wait until the page is at this step."""
        expect(self.counter("Step")).to_have_text(f"{step:,}", timeout=LONG)

    @property
    def step(self):
        return int(self.counter("Step").inner_text().replace(",", ""))

    @property
    def paused(self):
        return self.page.locator(".play", has_text="Play")

    @property
    def running(self):
        return self.page.locator(".play", has_text="Pause")

    def open_more(self, label):
        """Open what stands behind a word, unless it is open."""
        one = self.page.locator("details", has=self.page.locator("summary", has_text=label))
        if one.last.get_attribute("open") is None:
            one.last.locator("> summary").click()

    def element(self, name):
        """Return what stands for a weight, a bias or a unit in the diagram."""
        return self.page.locator(f'.net [data-element="{name}"]').first

    def export(self, name):
        """Return a file as the server gives it to this tab's browser."""
        answer = self.page.context.request.get(f"{self.studio.origin}/export/{name}")
        assert answer.status == 200, answer.text()
        return answer.body()

    def model(self):
        """Return the model as it is now, by the library's own reader."""
        path = Path(self.folder) / f"now-{next(_SEEDS)}.fall"
        path.write_bytes(self.export("model.fall"))
        return fl.load(path)

    def code(self):
        """Return the lines of the panel."""
        lines = self.page.locator(".code-lines li").all_text_contents()
        return [line.replace("\u00a0", " ").rstrip() for line in lines]

    def choose_file(self, name, content):
        """Give the page a file, as its button does."""
        file = {"name": name, "mimeType": "text/csv", "buffer": content}
        self.page.locator("input[type=file]").set_input_files(file)

    def notice(self, text):
        """Wait for a sentence of the page that says this."""
        toast = self.page.locator(".toast", has_text=text).first
        toast.wait_for(timeout=LONG)
        return toast.inner_text()
