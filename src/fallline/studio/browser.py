"""Opening the person's browser, where there is one with windows."""

from __future__ import annotations

import os
import sys
import webbrowser
from threading import Thread

__all__ = ["open_browser"]


def open_browser(link: str) -> bool:
    """Open a link in the browser, without waiting for it; return whether there is one.

    One that draws letters into the terminal does not count: it would take the terminal, and cannot
    show the page.
    """
    windows = sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if not windows:
        return False
    Thread(target=webbrowser.open, args=[link], name="browser", daemon=True).start()
    return True
