"""One server, one session: it runs in a thread of its own, and many tabs look at it."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING

from ..errors import FalllineError, MissingExtraError
from .security import Access, Address

if TYPE_CHECKING:
    import uvicorn

    from .session import Session

__all__ = ["Server"]

_SECONDS_TO_END = 5.0


def _nothing(_: object) -> None:
    """Tell nobody."""


class Server:
    """Serves one session to the browsers that were given a link.

    It listens as soon as it is made; the page is there before the session is.

    Parameters
    ----------
    host
        An address of this machine. Another one than the loopback lets others on the network ask,
        without encryption.
    port
        0 for one that is free.
    tell
        Is told of events that matter to the person, from any thread.
    defect
        Is told of errors of ours.

    Raises
    ------
    FalllineError
        When that place cannot be listened on.
    MissingExtraError
        Without the extra ``studio``.

    Examples
    --------
    >>> with Server() as server:
    ...     link = server.link()
    >>> link.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tell: Callable[[str], None] = _nothing,
        defect: Callable[[BaseException], None] = _nothing,
    ) -> None:
        _check_installed()
        self._socket = _listening(host, port)
        self.address = Address(host, self._socket.getsockname()[1])
        self._access = Access(self.address.port)
        self._session: Future[Session] = Future()
        self._tell, self._defect = tell, defect
        self._uvicorn: uvicorn.Server | None = None
        self._begun, self._ending, self._ended = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._run, name="studio", daemon=True)
        self._thread.start()

    def serve(self, session: Session) -> None:
        """Give the tabs their session; it is closed with the server."""
        self._session.set_result(session)

    def link(self, uses: int = 1) -> str:
        """Return a new link, which lets in so many browsers."""
        return self.address.url + self._access.new_link(uses)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended, or for so long."""
        # A signal in `Thread.join` would leave the thread marked as ended while it runs.
        self._ended.wait(seconds)

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return not self._ended.is_set() and not self._ending.is_set()

    def close(self) -> None:
        """End: tabs are told, the session is closed, threads are joined."""
        if self._ending.is_set():
            return
        self._ending.set()
        self._begun.wait()
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        if self._ended.wait(_SECONDS_TO_END):
            self._thread.join()
        self._socket.close()
        if not self._session.cancel():
            self._session.result().close()

    def __repr__(self) -> str:
        return f"Server({self.address.url}{'' if self.running else ', ended'})"

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._uvicorn = self._made()
            self._begun.set()
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._begun.set()
            self._ended.set()

    def _made(self) -> uvicorn.Server:
        """Import what serves here, while the main thread makes the session."""
        import uvicorn

        from .commands import LONGEST_MESSAGE
        from .web import application

        app = application(
            self._session,
            self.address,
            self._access,
            tell=self._tell,
            defect=self._defect,
        )
        return uvicorn.Server(
            uvicorn.Config(
                app,
                http="h11",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=256,  # connections, whoever they are from
                timeout_graceful_shutdown=1,
                ws_max_size=LONGEST_MESSAGE,
                ws_per_message_deflate=False,  # within one machine it only costs
            )
        )


def _check_installed() -> None:
    for package in ("starlette", "uvicorn", "websockets"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "studio", "the studio")


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} of {host} is in use; choose another, or 0 for one that is free"
        elif error.errno == errno.EACCES:
            why = f"port {port} needs rights that you do not have; choose one above 1023"
        else:
            why = f"'{host}' is no address of this machine; 127.0.0.1 is this machine alone"
        raise FalllineError(why) from None
