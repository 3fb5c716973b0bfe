"""The gate before every route: host, cookie, origin, and what an answer must say."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from .security import HEADERS, Access, Address

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard", "plain_page"]

_STYLE = (
    "html{color-scheme:light dark;font:1.25rem/1.6 system-ui,sans-serif}"
    "body{max-width:34em;margin:15vh auto;padding:0 1.5em}h1{font-size:1.6em;line-height:1.25}"
)
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

_NO_COOKIE = (
    "This page opens by its link",
    "The studio lets in only the browser that was given a link.",
    "If you have just opened such a link, put the cursor into the address bar and press Enter.",
    "For another link, press Enter in the terminal where the studio runs; in a notebook, print "
    "its link again.",
)
_FOREIGN = (
    "This is not the studio's own page",
    "The request came by a name, or from a page, that is not the studio's.",
    "Open the link that the studio printed.",
)


def plain_page(title: str, *sentences: str, status: int = 200) -> Response:
    """Return a page of words alone, for what must be said without the bundle or the cookie."""
    told = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{told}</html>"
    )
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"
    return Response(text, status, {"content-security-policy": policy}, "text/html")


class Guard:
    """Let through what may talk to the studio; say why to the rest, and nothing more.

    Parameters
    ----------
    app
        What is guarded.
    address, access
        Where it is, and its secrets.
    defect
        Is told of an error that nothing caught; the browser learns that there was one.
    """

    def __init__(
        self, app: ASGIApp, address: Address, access: Access, defect: Callable[[Exception], None]
    ) -> None:
        self.app, self.address, self.access, self.defect = app, address, access, defect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        send = _with_headers(send)
        refused = self._refused(HTTPConnection(scope))
        if refused is not None:
            await _refuse(refused, scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            self.defect(error)

    def _refused(self, request: HTTPConnection) -> tuple[str, ...] | None:
        """Return why a request is refused: a title and sentences."""
        host = request.headers.get("host", "")
        if not self.address.answers_to(host) or len(request.headers.getlist("host")) != 1:
            return _FOREIGN
        reads = request.scope["type"] == "http" and request.scope["method"] in ("GET", "HEAD")
        if not reads and request.headers.get("origin") != f"http://{host}":
            return _FOREIGN
        if reads and request.url.path.startswith("/open/"):
            return None
        cookies = "; ".join(request.headers.getlist("cookie"))
        return None if self.access.knows(cookies) else _NO_COOKIE


async def _refuse(why: tuple[str, ...], scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
        return
    answer = plain_page(*why, status=403)
    if scope["method"] not in ("GET", "HEAD"):
        answer = JSONResponse({"error": f"{why[0]}: {why[-1]}"}, 403, {"connection": "close"})
    await answer(scope, receive, send)


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds the headers that an answer does not have itself."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own: list[Any] = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            more = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in names]
            message = {**message, "headers": [*own, *more]}
        await send(message)

    return sending
