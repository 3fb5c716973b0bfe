"""The studio over HTTP and a websocket: the page, its socket, uploads and exports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..errors import FalllineError
from .bundle import NO_PAGE, PAGE
from .commands import Pace, obey
from .guard import Guard, plain_page
from .setup import LIMITS
from .viewers import DEFECT, Tab

if TYPE_CHECKING:
    from concurrent.futures import Future

    from starlette.types import ASGIApp

    from .security import Access, Address
    from .session import Session

__all__ = ["MOST_TABS", "UPLOAD_BYTES", "application"]

MOST_TABS = 24
UPLOAD_BYTES = LIMITS["upload_bytes"]
_UPLOAD_SECONDS = 120
_BURST, _RATE = 200, 100  # messages of a tab at once, and each second after those
_MOST_UNREAD = 400  # messages that a tab has not taken; more than one burst of replies

_TRY_LATER = 1013  # the code with which a socket is closed

_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""By ending: what machines say of files differs, and browsers refuse a script of another type."""

_EXPORTS = {
    "code.py": ("export_code", "text/x-python"),
    "model.fall": ("export_model", "application/octet-stream"),
    "report.html": ("export_report", "text/html"),
}


def application(
    session: Future[Session],
    address: Address,
    access: Access,
    *,
    tell: Callable[[str], None],
    defect: Callable[[BaseException], None],
) -> ASGIApp:
    """Return the whole of what a server serves.

    Parameters
    ----------
    session
        It may still be in the making; the page comes at once.
    address, access
        Where the studio is, and its secrets.
    tell, defect
        Are told of events that matter to the person at the terminal, and of errors of ours; from
        any thread.
    """
    web = _Web(session, access, tell, defect)
    routes = [
        Route("/", web.index),
        Route("/open/{token}", web.open),
        Route("/upload", web.upload, methods=["POST"]),
        Route("/export/{name}", web.export),
        WebSocketRoute("/socket", web.socket),
        Route("/{path:path}", web.file),
    ]
    handlers: Any = {HTTPException: _http_error, Exception: _defect_page}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), address, access, defect)


class _Web:
    """The routes; the gate in front of them has checked who asks."""

    def __init__(
        self,
        session: Future[Session],
        access: Access,
        tell: Callable[[str], None],
        defect: Callable[[BaseException], None],
    ) -> None:
        self._session, self._access, self._tell, self._defect = session, access, tell, defect
        self._tabs = 0
        self._uploading, self._exporting = asyncio.Lock(), asyncio.Lock()

    async def index(self, request: Request) -> Response:
        """Return the page."""
        if not (PAGE / "index.html").is_file():
            return _refusal(request, "The page is not built", NO_PAGE, 503)
        return FileResponse(PAGE / "index.html", media_type=_TYPES[".html"])

    async def file(self, request: Request) -> Response:
        """Return a file of the page; only those that are there have a path at all."""
        files = {path.relative_to(PAGE).as_posix(): path for path in PAGE.rglob("*.*")}
        found = files.get(request.path_params["path"])
        if found is None or found.suffix not in _TYPES:
            raise HTTPException(404)
        kept = found.parent != PAGE  # the names of these change with what they hold
        headers = {"cache-control": "private, max-age=31536000, immutable"} if kept else None
        return FileResponse(found, headers=headers, media_type=_TYPES[found.suffix])

    async def open(self, request: Request) -> Response:
        """Let a browser in by its link; one that is in already just goes on."""
        let_in = RedirectResponse("/", 303)  # a browser carries over what stands after the #
        if self._access.knows(request.headers.get("cookie", "")):
            return let_in
        if request.method == "HEAD":  # a look ahead must not use the link up
            return Response()
        if not self._access.takes(request.path_params["token"]):
            return plain_page(
                "This link has been used",
                "Each link lets in one browser, so that nobody else comes in by it.",
                "For another link, press Enter in the terminal where the studio runs; in a "
                "notebook, print its link again.",
                status=403,
            )
        let_in.headers["set-cookie"] = self._access.cookie
        return let_in

    async def upload(self, request: Request) -> Response:
        """Take a table from the page; it is used when a setup says so."""
        from .opened import table_of

        if self._uploading.locked():
            return _sorry(429, "another table is being read; try again when it is done")
        async with self._uploading:
            session = await self._ready()
            try:
                content = await _body(request)
                name = request.query_params.get("name", "")  # to be shown, never to be opened
                source = await asyncio.to_thread(table_of, name, content)
                found = await asyncio.wrap_future(session.own(source))
            except FalllineError as error:
                return _sorry(400, str(error))
            except TimeoutError:
                return _sorry(408, "the file did not arrive in time; try again")
            except ClientDisconnect:  # nobody is left to be told
                return Response(status_code=400)
        columns = found["columns"]
        self._tell(f"a table came from the page: {columns['name']}, {columns['rows']:,} rows")
        return JSONResponse(columns)

    async def export(self, request: Request) -> Response:
        """Return the descent as Python code, its model as a file, or the report."""
        name = request.path_params["name"]
        if name not in _EXPORTS:
            raise HTTPException(404)
        method, kind = _EXPORTS[name]
        session = await self._ready()
        async with self._exporting:
            try:
                content = await asyncio.to_thread(getattr(session, method))
            except FalllineError as error:
                return _refusal(request, "This cannot be saved now", str(error), 409)
        return Response(
            content, 200, {"content-disposition": f'attachment; filename="{name}"'}, kind
        )

    async def socket(self, websocket: WebSocket) -> None:
        """Be one tab, until it is gone."""
        await websocket.accept()
        if self._tabs >= MOST_TABS:
            await websocket.close(_TRY_LATER, f"{MOST_TABS} tabs are open; close one of them")
            return
        self._tabs += 1
        try:
            await self._serve(websocket, await self._ready(), Tab())
        except WebSocketDisconnect:
            pass  # it is gone
        finally:
            self._tabs -= 1

    async def _serve(self, websocket: WebSocket, session: Session, tab: Tab) -> None:
        session.join(tab)
        sending = asyncio.create_task(self._send(websocket, tab))
        try:
            await self._listen(websocket, session, tab)
        finally:
            session.leave(tab)
            sending.cancel()

    async def _send(self, websocket: WebSocket, tab: Tab) -> None:
        while True:
            try:
                await websocket.send_bytes(await tab.next())
            except (WebSocketDisconnect, OSError, RuntimeError):
                return  # it is gone; whoever listens to it sees so too
            except Exception as error:  # a message that cannot be written down
                self._defect(error)

    async def _listen(self, websocket: WebSocket, session: Session, tab: Tab) -> None:
        pace = Pace(_BURST, _RATE)
        while (event := await websocket.receive())["type"] == "websocket.receive":
            if tab.unread > _MOST_UNREAD:
                return  # it does not read, so that it cannot even be told
            await pace.next()
            obey(event.get("text"), session, tab, self._defect)

    async def _ready(self) -> Session:
        return await asyncio.shield(asyncio.wrap_future(self._session))


async def _body(request: Request) -> bytes:
    """Return what is uploaded, and read no more than the most that may be."""
    content = bytearray()
    async with asyncio.timeout(_UPLOAD_SECONDS):
        async for part in request.stream():
            content += part
            if len(content) > UPLOAD_BYTES:
                raise FalllineError(
                    f"the file is larger than {UPLOAD_BYTES >> 20} MB; give a larger one on the "
                    "command line: fallline studio DATA"
                )
    return bytes(content)


def _sorry(status: int, sentence: str) -> Response:
    # Closing spares reading the rest of what is refused.
    return JSONResponse({"error": sentence}, status, {"connection": "close"})


def _refusal(request: Request, title: str, sentence: str, status: int) -> Response:
    """Return a page for a person who came by a link, and JSON for a script."""
    if "text/html" not in request.headers.get("accept", ""):
        return _sorry(status, sentence)
    return plain_page(title, f"{sentence[0].upper()}{sentence[1:]}.", status=status)


async def _http_error(request: Request, error: HTTPException) -> Response:
    told = {404: "there is no such page", 405: "that cannot be done here"}
    sentence = told.get(error.status_code, "that did not work")
    return _refusal(request, "Not here", f"{sentence}; the studio is at /", error.status_code)


async def _defect_page(request: Request, error: Exception) -> Response:
    return _refusal(request, "Something went wrong", DEFECT, 500)
