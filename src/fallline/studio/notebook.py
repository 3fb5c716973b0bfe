"""The studio in a notebook: the page's own drawings in the output of a cell, by anywidget.

Kernel and notebook exchange what server and page do, by messages of the widget instead of a socket
(``studio-ui/src/widget.ts``).
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from anywidget import AnyWidget
from traitlets import Unicode

from ..errors import FalllineError
from .bundle import NO_PAGE, PAGE
from .wire import Wire

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Notebook"]


class Notebook(AnyWidget):
    """A session that is drawn where the widget is shown; ``close()`` ends it.

    Parameters
    ----------
    session
        What is looked at; it is closed with the widget.

    Raises
    ------
    FalllineError
        When the page was not built into this installation.
    """

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)

    def __init__(self, session: Session) -> None:
        if not (PAGE / "widget.js").is_file():
            raise FalllineError(NO_PAGE)
        super().__init__(
            _esm=(PAGE / "widget.js").read_text("utf-8"),
            _css=(PAGE / "widget.css").read_text("utf-8"),
        )
        self._session = session
        self._wire = Wire(session, self.send, traceback.print_exception)
        self.on_msg(self._take)

    def _take(self, _: Any, content: Any, buffers: Any) -> None:
        self._wire.take(content)

    def close(self) -> None:
        """End the session, and take the widget out of the notebook."""
        super().close()
        if hasattr(self, "_wire"):  # not where making it failed
            self._wire.close()
            self._session.close()
