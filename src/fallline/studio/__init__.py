"""The studio: a page where a person watches and steers the descent on their own data.

The package can be called: ``fl.studio(...)`` is `studio`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ..model import Model
    from .notebook import Notebook
    from .server import Server

__all__ = ["studio"]


def studio(
    data: Any = None,
    target: str | Sequence[str] | None = None,
    *,
    model: Model | str | PathLike[str] | None = None,
    notebook: bool | None = None,
    play: bool | None = None,
    browser: bool = True,
    host: str = "127.0.0.1",
    port: int = 0,
    **settings: Any,
) -> Server | Notebook:
    """Open a page on which a descent is watched and steered.

    In a notebook it is drawn in the cell's output; elsewhere a server on this machine shows it in
    the browser, and its link is printed.

    Parameters
    ----------
    data
        The name of a sample, such as ``"moons"``; the path of a table; or a `Table`, a frame, a
        mapping of columns. The sample moons unless given.
    target
        The column to predict, or several; the sample's own, or the one that suggests itself, unless
        given.
    model
        A trained model, or the path of one, to look into and to go on with; `data` is then the
        table to look at it with.
    notebook
        Whether it is drawn in a cell's output; found out unless given.
    play
        Whether the descent starts when there is someone to see it; unless given it does, but for a
        model.
    browser
        Whether the browser is opened.
    host, port
        Where the server listens; a free port unless given. With another host than this machine's
        own, others on the network who have the link can steer, and nothing is encrypted.
    **settings
        What the page can set, from Python: ``net="8 relu"``, ``optimizer=fl.Adam(0.01)``,
        ``batch_size=16``, ``seed=3`` and so on, as in `fallline.studio.setup.Setup`.

    Returns
    -------
    Server or Notebook
        Of a server, ``link()`` gives another link, ``wait()`` waits for its end, and ``close()``
        ends it; it ends with the program in any case.

    Raises
    ------
    FalllineError
        In a sentence, for data and settings that cannot be, and a port in use.
    MissingExtraError
        Without the extra ``studio``; in a notebook, ``notebook``.

    Examples
    --------
    >>> import fallline as fl
    >>> page = fl.studio("spiral", net="8 tanh", browser=False)
    The studio is at http://127.0.0.1:.../open/...
    >>> page.close()
    """
    from .door import open_studio

    return open_studio(
        data,
        target,
        model=model,
        notebook=notebook,
        play=play,
        browser=browser,
        host=host,
        port=port,
        settings=settings,
    )


class _Callable(ModuleType):
    """A module that is called as its function of the same name, so that both can have that name."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return studio(*arguments, **named)


__wrapped__ = studio  # the signature that is shown for the module
sys.modules[__name__].__class__ = _Callable
