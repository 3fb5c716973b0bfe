"""Animations: each frame shows what was so at its time, and the files hold the frames."""

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fallline as fl
from fallline.errors import SpecError
from fallline.pictures.ffmpeg import ffmpeg_program
from fallline.pictures.scenes import revealed
from fallline.pictures.surface import surface

NET = fl.Network.parse("1 -> 1")
X, Y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
START = [-1.0, 2.0]


@pytest.fixture(scope="module")
def race() -> object:
    return fl.race(NET, START, X, Y, batch_sizes=[None, 1], epochs=8, map_points=9)


@pytest.fixture(scope="module")
def path() -> object:
    run = fl.descend(NET, X, Y, optimizer=fl.SGD(0.2), theta=START, batch_size=None, epochs=9,
                     record="steps")  # fmt: skip
    return surface(NET, run.theta, X, Y, path=run, points=9)


def test_what_is_revealed_ends_where_the_path_then_is() -> None:
    times, points = np.array([0.0, 2.0, 4.0]), np.array([[0.0, 0], [2, 4], [2, 8]])
    assert revealed(times, points, 0).tolist() == [[0, 0]]
    assert revealed(times, points, 1).tolist() == [[0, 0], [1, 2]]
    assert revealed(times, points, 3).tolist() == [[0, 0], [2, 4], [2, 6]]
    assert revealed(times, points, 9).tolist() == points.tolist()


def test_a_race_grows_by_one_clock(race) -> None:  # type: ignore[no-untyped-def]
    moving = fl.animate(race, frames=5)
    left, right = moving.figure.axes
    shown = {}
    for share in (0.0, 0.5, 1.0):
        moving.show(share)
        assert right.get_title() == f"after {8 * share**2:,.0f} passes over the rows"
        for lane in race.lanes:
            [line] = [one for one in left.lines if one.get_label() == lane.label]
            [curve] = [one for one in right.lines if one.get_label() == lane.label]
            seen = int((lane.passes <= 8 * share**2).sum())
            assert line.get_xydata()[:seen] == pytest.approx(lane.thetas[:seen])
            assert len(line.get_xydata()) - seen in (0, 1)
            assert curve.get_xydata()[:seen, 1] == pytest.approx(lane.errors[:seen])
            shown[lane.label, share] = line.get_xydata()[-1]
    for lane in race.lanes:
        assert shown[lane.label, 0.0] == pytest.approx(START)
        assert shown[lane.label, 1.0] == pytest.approx(lane.thetas[-1])


def test_a_gif_holds_every_frame(race, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    moving = fl.animate(race, frames=4, seconds=2)
    moving.save(tmp_path / "race.gif", dpi=30)
    images = list(moving.images(dpi=30))
    with Image.open(tmp_path / "race.gif") as gif:
        assert gif.n_frames == 4 and gif.info["loop"] == 0
        times = []
        for number, image in enumerate(images):
            gif.seek(number)
            times.append(gif.info["duration"])
            apart = np.abs(np.asarray(gif.convert("RGB"), float) - image)
            assert apart.mean() < 4, "beside the rounding to the palette they are equal"
    assert times == [500, 500, 500, 2000]
    assert "data:image/gif;base64," in moving._repr_html_()


def test_what_stays_is_drawn_once_and_looks_as_if_drawn_anew(race) -> None:  # type: ignore[no-untyped-def]
    moving = fl.animate(race, frames=3)
    anew = replace(moving, moving=())
    for one, other in zip(moving.images(dpi=40), anew.images(dpi=40), strict=True):
        assert (np.abs(one.astype(int) - other) > 8).mean() < 0.01  # but for edges


def test_a_surface_with_a_path_moves_and_turns(path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    moving = fl.animate(path, frames=3, style="dark")
    moving.show(1.0)
    [line] = [one for one in moving.figure.axes[0].lines if one.get_label() == "descent"]
    assert line.get_xydata() == pytest.approx(path.path.points)
    turning = fl.animate(path, "surface", frames=4)
    first, second, *_ = turning.images(dpi=25)
    assert first.shape == second.shape and (first != second).any()
    turning.show(0.25)
    quarter = turning.figure.axes[0].azim
    turning.show(0.5)
    assert turning.figure.axes[0].azim - quarter == pytest.approx(90)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_frames_for_slides(race, tmp_path: Path, form: str) -> None:  # type: ignore[no-untyped-def]
    moving = fl.animate(race, frames=2)
    paths = moving.save_frames(tmp_path / "slides", 3, format=form, dpi=20)  # type: ignore[arg-type]
    assert [one.name for one in paths] == [f"frame-0{k}.{form}" for k in (1, 2, 3)]
    assert len({one.read_bytes() for one in paths}) == 3
    with pytest.raises(SpecError, match="frames are written as png, svg, pdf, not as 'jpg'"):
        moving.save_frames(tmp_path, format="jpg")  # type: ignore[arg-type]


def put_ffmpeg(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Put a program in front that takes frames as ffmpeg does, and tells how many bytes came."""
    program = folder / "ffmpeg"
    lines = [
        f"#!{sys.executable}",
        "import sys",
        "raw = sys.stdin.buffer.read()",
        "open(sys.argv[-1], 'w').write(f'{len(raw)} ' + ' '.join(sys.argv[1:]))",
        "print('no such codec', file=sys.stderr)",
        f"sys.exit({code})",
    ]
    program.write_text("\n".join(lines))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.skipif(os.name == "nt", reason="a script is no program there")
def test_an_mp4_is_written_by_ffmpeg(race, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    moving = fl.animate(race, frames=4, seconds=2)
    put_ffmpeg(tmp_path, monkeypatch, 0)
    moving.save(tmp_path / "race.mp4", dpi=25)
    came, *arguments = (tmp_path / "race.mp4").read_text().split()
    width, height = map(int, arguments[arguments.index("-s") + 1].split("x"))
    assert (width, height) == (300, 120) and arguments[arguments.index("-r") + 1] == "2"
    assert int(came) == (4 + 3) * width * height * 3  # the last frame stays for 1.5 s
    put_ffmpeg(tmp_path, monkeypatch, 1)
    with pytest.raises(SpecError, match=r"ffmpeg wrote no MP4 \(no such codec\)"):
        moving.save(tmp_path / "race.mp4", dpi=25)


def test_an_mp4_holds_every_frame(race, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Written by a real ffmpeg, and read again by it."""
    monkeypatch.setenv("PATH", str(tmp_path))  # the one that a package brings, on any machine
    moving = fl.animate(race, frames=4, seconds=2)
    moving.save(tmp_path / "race.mp4", dpi=25)
    read = [ffmpeg_program(), "-i", "race.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(read, capture_output=True, check=True, cwd=tmp_path)
    about = done.stderr.decode()
    assert "Video: h264" in about and "300x120" in about and " 2 fps" in about
    shown = np.frombuffer(done.stdout, np.uint8).reshape(-1, 120, 300, 3)
    images = list(moving.images(dpi=25))
    for seen, image in zip(shown, [*images, *[images[-1]] * 3], strict=True):
        assert np.abs(seen.astype(float) - image).mean() < 6, "beside what is lost to H.264"


def test_without_any_ffmpeg_there_is_no_mp4(race, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(SpecError, match=r"install ffmpeg .*pip install imageio-ffmpeg"):
        fl.animate(race, frames=2).save(tmp_path / "race.mp4", dpi=25)
    assert not (tmp_path / "race.mp4").exists()


def test_what_cannot_be_is_refused(race, path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    bare = surface(NET, START, X, Y, points=5)
    for wrong, message in [
        (lambda: fl.animate(bare), "no path to animate"),
        (lambda: fl.animate(NET), "only a race or a surface"),
        (lambda: fl.animate(NET, "surface"), "only a race or a surface"),
        (lambda: fl.animate(race, "film"), "kind must be"),
        (lambda: fl.animate(race, frames=1), "frames must be"),
        (lambda: fl.animate(race, seconds=0), "seconds must be"),
        (lambda: fl.animate(race).save(tmp_path / "race.avi"), "written as .gif or .mp4"),
        (lambda: fl.animate(race).save_frames(tmp_path, 0), "count must be"),
    ]:
        with pytest.raises(SpecError, match=message):
            wrong()
