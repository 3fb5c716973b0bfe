"""What ``fl.studio(...)`` does: a session of what was asked for, in a notebook or on a server."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data import samples
from ..errors import DataError, MissingExtraError, SpecError
from ..model import Model, load
from .browser import open_browser
from .opened import Source, first_setup
from .server import Server
from .session import Session
from .setup import Setup

if TYPE_CHECKING:
    from .notebook import Notebook

__all__ = ["open_studio"]


def open_studio(
    data: Any,
    target: str | Sequence[str] | None,
    *,
    model: Any,
    notebook: bool | None,
    play: bool | None,
    browser: bool,
    host: str,
    port: int,
    settings: Mapping[str, Any],
) -> Server | Notebook:
    """Return the studio that is asked for; see `fallline.studio.studio`."""
    source = _source(data, model)
    several = target if target is None or isinstance(target, str) else ", ".join(target)
    setup = _setup(source, data, several, settings)
    play = (source is None or source.model is None) if play is None else play
    if _in_notebook() if notebook is None else notebook:
        if find_spec("anywidget") is None:
            raise MissingExtraError("anywidget", "notebook", "the studio in a notebook")
        from .notebook import Notebook

        return Notebook(Session(setup, source, lively=play))
    server = Server(host, port, tell=print, defect=_defect)
    try:
        server.serve(Session(setup, source, lively=play))
    except BaseException:
        server.close()
        raise
    atexit.register(server.close)
    print(f"The studio is at {server.link()}")
    if browser:
        open_browser(server.link())
    return server


def _source(data: Any, model: Any) -> Source | None:
    """Return the table, or the model with its table; None for a sample."""
    if isinstance(data, Model):
        raise DataError("give a model by its name: fl.studio(data, model=model)")
    is_path = isinstance(data, str | os.PathLike) and not _is_sample(data)
    if model is not None:
        if not isinstance(model, Model) and (data is None or is_path):
            return Source.of_model(model, data and Path(data))
        if data is None:
            raise DataError(
                "a model is looked at together with a table: fl.studio(data, model=...)"
            )
        learnt = model if isinstance(model, Model) else load(model)
        return Source.of_objects(learnt, samples.load(data) if _is_sample(data) else data)
    if data is None or _is_sample(data):
        return None
    return Source.of_path(Path(data)) if is_path else Source.of_table(data)


def _setup(
    source: Source | None, data: Any, target: str | None, settings: Mapping[str, Any]
) -> Setup:
    if source is None:
        asked = {"data": data} if data is not None else {}
        return Setup.from_json({**asked, "target": target or "", **settings})
    if source.model is not None and target is not None:
        raise SpecError("the model says what it predicts; leave target out")
    return first_setup(source, target, **settings)


def _is_sample(data: Any) -> bool:
    return isinstance(data, str) and data in samples.SAMPLES


def _in_notebook() -> bool:
    """Return whether a kernel runs this, whose outputs can be more than text."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _defect(error: BaseException) -> None:
    traceback.print_exception(error)
