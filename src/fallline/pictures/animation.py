"""Pictures in motion: paths that grow, surfaces that turn, as GIF, MP4 or single frames."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from ..errors import MissingExtraError, SpecError
from .ffmpeg import ffmpeg_program
from .saving import check_dpi, save_figure
from .style import StyleName

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from .race import Race
    from .surface import Surface

__all__ = ["Animation", "animate"]

_HOLD = 1.5  # seconds that the last frame stays, before a GIF begins anew
_COLOURS = 255
_STILL = ("png", "svg", "pdf")
_MOST_FRAMES = 3600  # a minute of the smoothest


@dataclass(frozen=True, eq=False)
class Animation:
    """A figure that changes from frame to frame.

    Attributes
    ----------
    figure
        The matplotlib figure that all frames are drawn on.
    show
        Changes it to how it is at a share of the time, from 0 to 1.
    frames
        How many there are.
    seconds
        How long they take together.
    moving
        What it changes, the lowest first; all else is drawn once. Nothing named: it draws all anew.
    turns
        Whether the last frame comes before the first again, so that it does not stay.
    """

    figure: Figure
    show: Callable[[float], None]
    moving: tuple[Artist, ...]
    frames: int
    seconds: float
    turns: bool = False

    def images(self, dpi: float = 100) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield each frame as (height, width, 3) red, green and blue, from 0 to 255."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self._check(dpi)
        kept, canvas = self.figure.dpi, cast(Any, FigureCanvasAgg(self.figure))
        self.figure.set_dpi(dpi)
        try:
            self._set_animated(True)
            canvas.draw()
            ground = canvas.copy_from_bbox(self.figure.bbox)
            for share in self._shares():
                self.show(share)
                if self.moving:
                    canvas.restore_region(ground)
                    for artist in self.moving:
                        self.figure.draw_artist(artist)
                else:
                    canvas.draw()
                seen: npt.NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())[..., :3].copy()
                yield seen
        finally:
            self._set_animated(False)
            self.figure.set_dpi(kept)

    def _check(self, dpi: float, images: int = 1) -> None:
        wide, high = self.figure.get_size_inches().tolist()
        check_dpi(dpi, (wide, high), images)

    def _set_animated(self, value: bool) -> None:
        for artist in self.moving:
            artist.set_animated(value)

    def save(
        self,
        path: str | PathLike[str],
        *,
        format: Literal["gif", "mp4"] | None = None,
        dpi: float = 100,
    ) -> None:
        """Write a GIF, which any page and slide shows, or with ffmpeg an MP4.

        ffmpeg is the program of that name, or the one that the package ``imageio-ffmpeg`` brings.

        Parameters
        ----------
        path
            Where to; it ends in ``.gif`` or ``.mp4`` unless `format` says which.
        format
            "gif" or "mp4".
        dpi
            Pixels an inch.

        Raises
        ------
        SpecError
            For another format, more pixels than can be kept, or an MP4 where there is no ffmpeg.
        """
        chosen = format or Path(path).suffix.lower()[1:]
        if chosen == "gif":
            self._save_gif(path, dpi)
        elif chosen == "mp4":
            self._save_mp4(path, dpi)
        else:
            raise SpecError(f"an animation is written as .gif or .mp4, not as '{Path(path).name}'")

    def save_frames(
        self,
        folder: str | PathLike[str],
        count: int = 8,
        *,
        format: Literal["png", "svg", "pdf"] = "png",
        dpi: float = 150,
    ) -> tuple[Path, ...]:
        """Write single frames for slides, evenly over the time, and return their paths.

        Parameters
        ----------
        folder
            Where to; it is made if need be. The files are ``frame-01.png`` and so on.
        count
            How many.
        format
            "png", "svg" or "pdf".
        dpi
            Pixels an inch of a PNG.

        Raises
        ------
        SpecError
            For another format, or a count that is none.
        """
        if format not in _STILL:
            raise SpecError(f"frames are written as {', '.join(_STILL)}, not as {format!r}")
        _check_count("count", count, 1)
        Path(folder).mkdir(parents=True, exist_ok=True)
        digits, paths = max(2, len(str(count))), []
        for number, share in enumerate(np.linspace(0, 1, count), start=1):
            self.show(float(share))
            paths.append(Path(folder) / f"frame-{number:0{digits}}.{format}")
            save_figure(self.figure, paths[-1], dpi=dpi)
        return tuple(paths)

    def _shares(self) -> list[float]:
        shares: list[float] = np.linspace(0, 1, self.frames, endpoint=not self.turns).tolist()
        return shares

    def _repr_html_(self) -> str:
        """Return the GIF within a page, for Jupyter."""
        from base64 import b64encode
        from io import BytesIO

        with BytesIO() as file:
            self._save_gif(file, 80)
            return f'<img src="data:image/gif;base64,{b64encode(file.getvalue()).decode()}">'

    def _save_gif(self, path: Any, dpi: float) -> None:
        self._check(dpi, self.frames)  # all of them are kept until they have one palette
        images = _same_colours(list(self.images(dpi)))
        each = round(1000 * self.seconds / self.frames)
        times = [each] * self.frames
        times[-1] += 0 if self.turns else round(1000 * _HOLD)
        images[0].save(
            path, format="GIF", save_all=True, append_images=images[1:], duration=times, loop=0,
            optimize=True, disposal=1,
        )  # fmt: skip

    def _save_mp4(self, path: Any, dpi: float) -> None:
        self._check(dpi)
        program = ffmpeg_program()
        images = self.images(dpi)
        first = next(images)
        height, width = (size - size % 2 for size in first.shape[:2])  # H.264 wants even ones
        again = 0 if self.turns else round(_HOLD * self.frames / self.seconds)
        command = [
            *(program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-s", f"{width}x{height}", "-r", f"{self.frames / self.seconds:.6g}", "-i", "-"),
            *("-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"),
            *("-f", "mp4", str(path)),
        ]
        with tempfile.TemporaryFile() as told:
            running = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=told)
            with running, suppress(BrokenPipeError):  # it tells itself why it ended
                last = first
                for last in chain([first], images):
                    _write(running, last[:height, :width])
                for _ in range(again):
                    _write(running, last[:height, :width])
            told.seek(0)
            lines = told.read().decode(errors="replace").strip().splitlines()[-1:]
        if running.returncode:
            raise SpecError(f"ffmpeg wrote no MP4 ({''.join(lines)}); write a .gif instead")


def _write(program: subprocess.Popen[bytes], image: npt.NDArray[np.uint8]) -> None:
    assert program.stdin is not None
    program.stdin.write(image.tobytes())


def animate(
    subject: Race | Surface,
    kind: Literal["paths", "surface"] = "paths",
    *,
    frames: int = 60,
    seconds: float = 6.0,
    style: StyleName = "light",
) -> Animation:
    """Return a race, or a surface with its path, in motion.

    Parameters
    ----------
    subject
        What `fallline.race` or `fallline.surface` returned.
    kind
        "paths": the paths grow on the map and the errors beside it, all by one clock: passes over
        the rows for a race, steps for a single path. The clock starts slowly, as most happens
        then. "surface": the mountain turns once around, with the path that the surface has.
    frames
        How many pictures.
    seconds
        How long they take together.
    style
        "light" or "dark".

    Raises
    ------
    SpecError
        When the surface has no path to animate, or the frames are none.

    Examples
    --------
    >>> from fallline.formulas.optimizers import SGD
    >>> from fallline.pictures.race import race
    >>> from fallline.spec.network import Network
    >>> found = race(Network.parse("1 -> 1"), [-2.0, 2.0], [[0.0], [1.0]], [1.0, 3.0], [SGD(0.5)],
    ...              epochs=10, map_points=9)
    >>> moving = animate(found, frames=3)
    >>> [image.shape for image in moving.images(dpi=20)]
    [(96, 240, 3), (96, 240, 3), (96, 240, 3)]
    """
    from .scenes import path_scene, surface_scene

    _check_count("frames", frames, 2)
    if frames > _MOST_FRAMES:
        raise SpecError(f"frames must be at most {_MOST_FRAMES:,}, not {frames:,}")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise SpecError(f"seconds must be a number above 0, not {seconds!r}")
    if kind == "surface":
        mountain = cast(Any, subject)
        mountain = getattr(mountain, "surface", mountain)
        return Animation(*surface_scene(mountain, style), frames, float(seconds), turns=True)
    if kind != "paths":
        raise SpecError(f"kind must be 'paths' or 'surface', not {kind!r}")
    return Animation(*path_scene(subject, style), frames, float(seconds))


def _check_count(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SpecError(f"{name} must be a whole number of at least {least}, not {value!r}")


def _same_colours(images: list[npt.NDArray[np.uint8]]) -> list[Image]:
    """Return images of one palette, that of the last, in which all is to be seen."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("Pillow", "plots", "writing a GIF") from error
    palette = Image.fromarray(images[-1]).quantize(_COLOURS)
    return [
        Image.fromarray(image).quantize(palette=palette, dither=Image.Dither.NONE)
        for image in images
    ]
