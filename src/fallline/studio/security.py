"""Who may talk to the studio: one-time links, the cookie, hosts, origins, and headers of answers.

A link lets one browser in, which then shows a cookie that no script can read. Another page that the
same browser shows can neither open the socket (its origin is another) nor send the cookie (it is
``SameSite=Strict``); a name that is made to lead to this machine is no host of ours.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections import OrderedDict
from threading import Lock

__all__ = ["HEADERS", "Access", "Address"]

_CSP = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

HEADERS = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in _CSP.items()),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""What every answer says unless it says otherwise; scripts and fonts come from here only."""

_MOST_LINKS = 16  # that were given and not used; the oldest lapse
_WILDCARDS = ("0.0.0.0", "::")


class Address:
    """Where the studio listens, and the names that a request may call it by.

    Parameters
    ----------
    host
        An address or name of this machine; ``0.0.0.0`` and ``::`` are all of its addresses.
    port
        The port that is listened on.

    Examples
    --------
    >>> here = Address("127.0.0.1", 8000)
    >>> here.url, here.is_local
    ('http://127.0.0.1:8000', True)
    >>> here.answers_to("localhost:8000"), here.answers_to("evil.example:8000")
    (True, False)
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._names = {host.lower()}
        if self.is_local:
            self._names.add("localhost")
        if host in _WILDCARDS:
            self._names |= {"localhost", socket.gethostname().lower()}

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        known = _ip(self.host)
        return self.host.lower() == "localhost" or (known is not None and known.is_loopback)

    @property
    def url(self) -> str:
        """How a browser calls it."""
        return f"http://{_in_url(_outward() if self.host in _WILDCARDS else self.host)}:{self.port}"

    def answers_to(self, header: str) -> bool:
        """Return whether a request's ``Host`` is this place, its port included."""
        name, _, port = header.lower().rpartition(":")
        if not name:  # a browser leaves out port 80
            name, port = header.lower(), "80"
        name = name.removeprefix("[").removesuffix("]")
        # A name can be made to lead anywhere; an address leads where it says.
        known = name in self._names or (self.host in _WILDCARDS and _ip(name) is not None)
        return known and port == str(self.port)


class Access:
    """The secrets of one server.

    Parameters
    ----------
    port
        It names the cookie, since browsers share cookies between the ports of a host.
    """

    def __init__(self, port: int) -> None:
        self.cookie_name = f"fallline-{port}"
        self._secret = secrets.token_urlsafe(32)
        self._links: OrderedDict[str, int] = OrderedDict()  # token: how often it still opens
        self._lock = Lock()

    def new_link(self, uses: int = 1) -> str:
        """Return the path of a link that lets in so many browsers; 256 random bits."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._links[token] = uses
            while len(self._links) > _MOST_LINKS:
                self._links.popitem(last=False)
        return f"/open/{token}"

    def takes(self, token: str) -> bool:
        """Return whether a link is good, and count its use."""
        with self._lock:
            found = [each for each in self._links if _same(each, token)]
            for each in found:
                self._links[each] -= 1
                if not self._links[each]:
                    del self._links[each]
        return bool(found)

    @property
    def cookie(self) -> str:
        """The line that gives a browser its cookie."""
        return f"{self.cookie_name}={self._secret}; HttpOnly; SameSite=Strict; Path=/"

    def knows(self, cookies: str) -> bool:
        """Return whether a request's ``Cookie`` line holds ours."""
        pairs = (each.strip().partition("=") for each in cookies.split(";"))
        return any(name == self.cookie_name and _same(self._secret, v) for name, _, v in pairs)


def _same(secret: str, given: str) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return secrets.compare_digest(secret.encode(), given.encode("utf-8", "replace"))


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _outward() -> str:
    """Return this machine's address as others see it; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that is kept for documents
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
