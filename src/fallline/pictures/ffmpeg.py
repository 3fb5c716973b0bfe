"""Where the program ffmpeg is, which writes films."""

from __future__ import annotations

import shutil
from importlib import import_module

from ..errors import SpecError

__all__ = ["ffmpeg_program"]


def ffmpeg_program() -> str:
    """Return the path of ffmpeg: the one that is installed, else that of ``imageio-ffmpeg``.

    Raises
    ------
    SpecError
        When there is neither.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # it is not there, or has no program for this machine
        raise SpecError(
            "to write an MP4, install ffmpeg (https://ffmpeg.org, or pip install imageio-ffmpeg); "
            "or write a .gif"
        ) from None
