"""The real studio in a real browser: `studio` starts it, its `page` opens a tab that is watched.

A tab that is opened here fails its test on a request to any other host, an error in the console,
an error of the page, and a request that failed, unless the test allows it (`Tab.allowed`). The
page's rules of content forbid evaluating strings, so wait on locators: ``tab.page.locator(...)``.
With ``FALLLINE_SHOTS=folder`` `Tab.shot` keeps pictures there.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fallline.studio.bundle import NO_PAGE, PAGE

ROOT = Path(__file__).parents[3]
CHROMIUM = os.environ.get("FALLLINE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
INSTALL = (
    "no Chromium is here: apt-get update && apt-get install -y --no-install-recommends chromium "
    "fonts-dejavu-core"
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"wide": (1440, 900), "narrow": (390, 844), "hall": (1920, 1080)}


def needed(there: bool, reason: str) -> None:
    """Skip where something is missing; where CI is set it must be there."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@dataclass
class Tab:
    """A tab that is watched.

    Attributes
    ----------
    page
        Playwright's.
    allowed
        Patterns of what may go wrong, since the test makes it.
    wrong
        What went wrong.
    """

    page: Any
    allowed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        page = self.page
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("requestfailed", lambda r: self._bad(f"request failed: {r.url} {r.failure}"))
        page.on("pageerror", lambda error: self._bad(f"page error: {error}"))
        page.on("console", self._said)
        page.on("crash", lambda _: self._bad("the page crashed"))

    def _asked(self, url: str) -> None:
        self.requests.append(url)
        if urlsplit(url).hostname != "127.0.0.1" and not url.startswith(("data:", "blob:")):
            self._bad(f"request to another host: {url}")

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._bad(f"console {message.type}: {message.text}")

    def _bad(self, what: str) -> None:
        self.wrong.append(what)

    def ready(self) -> None:
        """Wait until the page shows its first frame."""
        try:
            self.page.locator("html[data-ready=true]").wait_for(state="attached", timeout=30_000)
        except Exception as error:
            raise AssertionError(f"the page did not come up: {self.wrong}") from error

    def shot(self, name: str) -> bytes:
        """Return a picture of what is seen, and keep it where FALLLINE_SHOTS says."""
        folder = os.environ.get("FALLLINE_SHOTS")
        path = None
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = str(Path(folder) / f"{name}.png")
        taken: bytes = self.page.screenshot(path=path)
        return taken

    def busy(self, seconds: float = 3.0) -> float:
        """Return which share of some seconds the page's main thread computed.

        Time of the processor, so that a machine with other work does not change it much.
        """
        tools = self.page.context.new_cdp_session(self.page)
        tools.send("Performance.enable", {"timeDomain": "threadTicks"})

        def now() -> tuple[float, float]:
            metrics = tools.send("Performance.getMetrics")["metrics"]
            found = {metric["name"]: metric["value"] for metric in metrics}
            return time.monotonic(), found["TaskDuration"]

        (t0, busy0), _, (t1, busy1) = now(), self.page.wait_for_timeout(1e3 * seconds), now()
        tools.detach()
        return (busy1 - busy0) / (t1 - t0)

    def violations(self) -> list[str]:
        """Return what axe-core has against the page: rule, what it is about, where."""
        axe = ROOT / "studio-ui" / "node_modules" / "axe-core" / "axe.min.js"
        needed(axe.is_file(), "axe-core is not installed: cd studio-ui && npm ci")
        self.page.evaluate(axe.read_text("utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: "
            + ", ".join(str(node["target"][0]) for node in each["nodes"][:4])
            for each in found["violations"]
        ]

    def check(self) -> None:
        """Fail on what went wrong and was not allowed."""
        patterns = [re.compile(each) for each in self.allowed]
        left = [w for w in self.wrong if not any(pattern.search(w) for pattern in patterns)]
        assert not left, "\n".join(left)


@dataclass
class Studio:
    """A running ``fallline studio``.

    Attributes
    ----------
    process
        The command.
    link
        It lets in many browsers.
    """

    process: subprocess.Popen[str]
    link: str
    _browser: Any
    _contexts: list[Any] = field(default_factory=list)
    tabs: list[Tab] = field(default_factory=list)

    @property
    def origin(self) -> str:
        parts = urlsplit(self.link)
        return f"{parts.scheme}://{parts.netloc}"

    def open(
        self,
        at: str = "",
        *,
        size: str = "wide",
        dark: bool = False,
        touch: bool = False,
        still: bool = False,
        ready: bool = True,
        scale: float = 1.0,
    ) -> Tab:
        """Open a tab in a browser of its own.

        Parameters
        ----------
        at
            What the link ends in: ``"#lesson=momentum"``.
        size
            Of `SIZES`.
        dark, touch, still
            A dark look, fingers, and a person who asks for less motion.
        ready
            Whether to wait for the first frame.
        """
        width, height = SIZES[size]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            is_mobile=touch,
            reduced_motion="reduce" if still else "no-preference",
            device_scale_factor=scale,
            accept_downloads=True,
        )
        self._contexts.append(context)
        return self._tab(context, self.link + at, ready)

    def again(self, tab: Tab, at: str = "", *, ready: bool = True) -> Tab:
        """Open another tab in the browser of this one."""
        return self._tab(tab.page.context, self.origin + "/" + at, ready)

    def _tab(self, context: Any, url: str, ready: bool) -> Tab:
        tab = Tab(context.new_page())
        self.tabs.append(tab)
        tab.page.goto(url)
        if ready:
            tab.ready()
        return tab

    def close(self, tab: Tab) -> None:
        """Close the browser of a tab, and judge what was in it."""
        here = [each for each in self.tabs if each.page.context is tab.page.context]
        self._contexts.remove(tab.page.context)
        tab.page.context.close()
        for each in here:
            each.check()

    def end(self) -> None:
        """Close all tabs, end the command, and check that nothing went wrong."""
        for context in self._contexts:
            context.close()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        assert self.process.stderr is not None
        err = self.process.stderr.read()
        for tab in self.tabs:
            tab.check()
        assert (code, err) == (143, "terminated: the studio has ended\n")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser without a window, for the tests of one file."""
    needed(Path(CHROMIUM).exists(), INSTALL)
    needed((PAGE / "index.html").is_file(), NO_PAGE)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _starting(chromium: Any, folder: Path) -> Iterator[Callable[..., Studio]]:
    """Start the command with some arguments; it is ended, and its tabs are judged, by itself.

    The descent waits for the test, unless ``--play`` is among them.
    """
    begun: list[Studio] = []

    def begin(*arguments: object) -> Studio:
        words = ["studio", "--no-browser", "--browsers", "1000", *map(str, arguments)]
        if "--play" not in words:
            words.append("--no-play")
        process = subprocess.Popen(
            [sys.executable, "-m", "fallline.cli.main", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        assert process.stdout is not None and process.stderr is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise AssertionError(process.communicate())
        begun.append(Studio(process, found[0], chromium))
        return begun[-1]

    yield begin
    failures = []
    for studio in begun:
        try:
            studio.end()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failures.append(str(error))
        finally:
            with suppress(OSError):
                studio.process.kill()
            for stream in (studio.process.stdout, studio.process.stderr):
                if stream is not None:
                    stream.close()
            studio.process.wait()
    assert not failures, "\n".join(failures)


@pytest.fixture
def start(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Start a studio, or several, of this test's own."""
    with _starting(chromium, tmp_path) as begin:
        yield begin


@pytest.fixture(scope="module")
def shared(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio for all tests of a file; each begins a descent of its own in it."""
    with _starting(chromium, tmp_path_factory.mktemp("studio")) as begin:
        yield begin()


@pytest.fixture
def studio(start: Callable[..., Studio]) -> Studio:
    """The studio with its first sample."""
    return start()


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for what is to come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


@pytest.fixture
def hand(shared: Studio, tmp_path: Path) -> Iterator[Any]:
    """A tab of the shared studio, with a descent of its own that waits; judged at its end."""
    from .hand import Hand

    one = Hand(shared, tmp_path)
    yield one
    shared.close(one.tab)
