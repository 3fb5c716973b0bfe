"""The studio in a browser: until something is seen, frames a second, and what tabs cost.

Needs Chromium, Playwright and the page (``cd studio-ui && npm run build``); asked for by name only.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from .notes import note
from .rounds import ROOT
from .tables import number, table

CASES = {
    "moons, 2-4-1": (),
    "houses, 21-64-32-1": (
        "--sample",
        "houses",
        "--net",
        "64 relu, 32 relu",
        "--optimizer",
        "adam",
    ),
}
PAGE = ROOT / "src" / "fallline" / "studio" / "page"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DRAWN = """(ms) => new Promise((done) => {
    const counter = [...document.querySelectorAll('.counter')]
        .find((each) => each.querySelector('dt').textContent.startsWith('Step'));
    let drawn = 0;
    const watch = new MutationObserver(() => drawn++);
    watch.observe(counter, {characterData: true, childList: true, subtree: true});
    setTimeout(() => { watch.disconnect(); done(drawn); }, ms);
})"""


def measure(seconds: float) -> dict[str, Any]:
    """Return the records of all cases, and the bytes of the page; empty without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None or not (PAGE / "index.html").is_file():
        note("studio: there is no Chromium, or the page is not built")
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        rows = [_case(browser, name, seconds) for name in CASES]
        browser.close()
    return {"cases": rows, "sizes": _sizes()}


def _case(browser: Any, name: str, seconds: float) -> dict[str, Any]:
    begun = time.perf_counter()
    with _studio(*CASES[name], "--epochs", "1000000") as link:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(link)
        page.locator("html[data-ready=true]").wait_for(state="attached")
        first = time.perf_counter() - begun
        page.locator("#speed").press("End")
        if page.locator(".play").inner_text() == "Play":
            page.locator(".play").click()
        page.locator(".play", has_text="Pause").wait_for()
        page.wait_for_timeout(1000)  # the first pictures
        frames, busy = _drawn(page, seconds)
        return {"case": name, "first": first, "frames": frames, "busy": busy} | {
            "steps": _rates(page, link, seconds)
        }


def _rates(page: Any, link: str, seconds: float) -> dict[str, float]:
    """Return the steps a second with so many tabs."""
    context = page.context
    origin = link.partition("/open/")[0]
    (cookie,) = context.cookies(origin)
    key = {"Cookie": f"{cookie['name']}={cookie['value']}", "Accept": "*/*"}
    program = Request(f"{origin}/export/code.py", headers=key)

    def rate() -> float:
        (a, t0), _, (b, t1) = now(), time.sleep(seconds), now()
        return (b - a) / (t1 - t0)

    def now() -> tuple[int, float]:
        with urlopen(program, timeout=30) as answer:
            text = answer.read().decode()
        return int(re.findall(r"advance\(steps=(\d+)\)", text)[-1]), time.perf_counter()

    found = {"1 tab": rate()}
    others = [context.new_page() for _ in range(2)]
    for other in others:
        other.goto(origin)
        other.locator("html[data-ready=true]").wait_for(state="attached")
    found["3 tabs"] = rate()
    for other in others:
        other.close()
    tools = context.new_cdp_session(page)
    tools.send("Page.setWebLifecycleState", {"state": "frozen"})
    found["a frozen tab"] = rate()
    page.close()
    return {"no tab": rate(), **found}


def _drawn(page: Any, seconds: float) -> tuple[float, float]:
    """Return the frames drawn a second, and the share of the processor of the main thread."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = tools.send("Performance.getMetrics")["metrics"]
        return float({each["name"]: each["value"] for each in metrics}["TaskDuration"])

    before, begun = busy(), time.perf_counter()
    drawn = page.evaluate(DRAWN, 1e3 * seconds)
    took = time.perf_counter() - begun
    return drawn / took, (busy() - before) / took


@contextmanager
def _studio(*arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", "fallline.cli.main", "studio", "--no-browser", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield re.findall(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.terminate()


def _sizes() -> dict[str, int]:
    files = [path for path in PAGE.rglob("*.*") if not path.name.startswith("widget")]
    wheels = sorted(ROOT.glob("dist/*.whl"))
    return {
        "page": sum(path.stat().st_size for path in files),
        "its script, compressed": sum(
            len(gzip.compress(path.read_bytes())) for path in files if path.suffix == ".js"
        ),
        **({"wheel": wheels[-1].stat().st_size} if wheels else {}),
    }


def report(found: dict[str, Any]) -> str:
    """Return the table of the records."""
    rates = list(found["cases"][0]["steps"])
    head = ["descent", "seconds to the first frame", "frames/s", "main thread", *rates]
    lines = [
        [row["case"], f"{row['first']:.2f}", number(row["frames"]), f"{row['busy']:.2f}"]
        + [number(row["steps"][each]) for each in rates]
        for row in found["cases"]
    ]
    sizes = ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in found["sizes"].items())
    return f"{HEAD}\n{table(head, lines)}\n{sizes}.\n"


HEAD = """
## The studio

`fallline studio` and one Chromium, at full speed: seconds from the command to the first frame on
the page (goal 1.5), frames drawn a second (30), the share of a core that the page's main thread
takes (a third), and training steps a second with so many tabs.
"""
