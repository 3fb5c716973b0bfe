"""A server with a stand-in for its session, and browsers without a window."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.sync.client import connect

from fallline.studio.server import Server

from .stand_in import StandIn


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A server, its stand-in, and what the person at the terminal was told."""

    server: Server
    session: StandIn
    told: list[str] = field(default_factory=list)
    defects: list[BaseException] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.address.port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str | None) -> Answer:
        """Send one request; a header of None is left out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_host=True)
            for name, value in ({"host": self.host} | headers).items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def path(self, uses: int = 1) -> str:
        """Return a new link's path."""
        return self.server.link(uses).removeprefix(self.origin)

    def let_in(self) -> str:
        """Open a link; return the cookie that a browser would show from then on."""
        return self.ask("GET", self.path()).headers["set-cookie"].partition(";")[0]

    @contextmanager
    def tab(self, **options: Any) -> Iterator[Any]:
        """Open a socket as a tab does."""
        headers = {"Cookie": options.pop("cookie", None) or self.let_in()}
        origin = options.pop("origin", self.origin)
        where = f"ws://{self.host}/socket"
        with connect(
            where,
            origin=origin,
            additional_headers=headers,
            max_size=None,
            proxy=None,
            **{"open_timeout": 60} | options,
        ) as socket:
            yield socket


def header(message: bytes) -> dict[str, Any]:
    """Return what stands before the numbers of a message."""
    length = int.from_bytes(message[:4], "little")
    return json.loads(message[4 : 4 + length])


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread is about to do."""
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to be")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server end in its own time, so that its thread is always joined."""
    monkeypatch.setattr("fallline.studio.server._SECONDS_TO_END", 120.0)


@pytest.fixture
def served() -> Iterator[Served]:
    told: list[str] = []
    defects: list[BaseException] = []
    with Server(tell=told.append, defect=defects.append) as server:
        session = StandIn()
        server.serve(session)  # type: ignore[arg-type]
        yield Served(server, session, told, defects)


@pytest.fixture
def page(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A page of three files in place of the built one."""
    files = {"index.html": "<!doctype html><p>the page", "assets/app-1a2b.js": "let x = 1;"}
    for name, text in (files | {"notes.txt": "not part of the page"}).items():
        path = tmp_path / "page" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr("fallline.studio.web.PAGE", tmp_path / "page")
    return tmp_path / "page"
