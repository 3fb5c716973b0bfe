"""What every picture keeps to: no pyplot, nothing left over, the same bytes, short words."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DataWarning, NotFittedError, SpecError
from fallline.pictures.record import Record
from fallline.pictures.style import new_figure

LINE = fl.Network.parse("1 -> 1")
X, Y = [[-1.0], [0.0], [1.0], [2.0]], [-1.9, 0.2, 2.1, 3.8]
NAMES = ("w[input.0->output.0]", "b[output.0]")


def run(**options: Any) -> fl.Run:
    given: dict[str, Any] = {"optimizer": fl.SGD(0.2), "theta": [-2.0, 2.0], "batch_size": None}
    return fl.descend(LINE, X, Y, **given, **options)


def pictures() -> dict[str, Any]:
    """Return one record of every kind."""
    path = run(epochs=6, record="steps")
    return {
        "surface": fl.surface(LINE, path.theta, X, Y, path=path, points=9),
        "bowl": fl.bowl(LINE, [0.0, 0.0], X, Y, NAMES[0]),
        "tangent": fl.tangent("x**2", 2),
        "race": fl.race(LINE, [-2.0, 2.0], X, Y, learning_rates=[0.05, 0.4], epochs=4,
                        map_points=9),
        "basins": fl.basins(LINE, [0.0, 0.0], X, Y, along=NAMES, size=4, epochs=20),
        "curves": run(epochs=5).history.plot(),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return pictures()


def test_no_picture_loads_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.pictures.test_conventions import pictures; import fallline as fl\n"
        "for name, each in pictures().items():\n"
        "    for style in ('light', 'dark'):\n"
        f"        each.plot(style=style).save({str(tmp_path)!r} + '/' + name + '.png', dpi=30)\n"
        "pictures()['surface'].plot(kind='3d')._repr_png_()\n"
        "list(fl.animate(pictures()['race'], frames=2).images(20))\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'pylab' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_many_drawings_leave_nothing(made: dict[str, Any]) -> None:
    """Figures are no one's but their record's: only the last one of each is kept."""
    from matplotlib.figure import Figure

    tangent = made["tangent"]
    tangent.plot()
    gc.collect()
    before = sum(isinstance(each, Figure) for each in gc.get_objects())
    for turn in range(200):
        tangent.plot()
        if turn % 50 == 49:
            gc.collect()
    gc.collect()
    assert sum(isinstance(each, Figure) for each in gc.get_objects()) <= before


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_the_same_picture_has_the_same_bytes(
    made: dict[str, Any], form: str, tmp_path: Path
) -> None:
    for name, each in made.items():
        written = []
        for place in range(2):
            each.plot().save(tmp_path / f"{name}{place}.{form}", dpi=40)
            written.append((tmp_path / f"{name}{place}.{form}").read_bytes())
        assert written[0] == written[1], name
        assert b"dc:date" not in written[0] and b"CreationDate" not in written[0]


@pytest.mark.parametrize(
    "dpi, message",
    [(0, "dpi must be"), ("fine", "dpi must be"), (np.nan, "dpi must be"), (True, "dpi must be"),
     (9999, "dpi must be"), (2000, "million pixels")],
)  # fmt: skip
def test_sizes_have_bounds(made: dict[str, Any], dpi: Any, message: str, tmp_path: Path) -> None:
    made["surface"].plot()
    with pytest.raises(SpecError, match=message):
        made["surface"].save(tmp_path / "large.png", dpi=dpi)
    assert not (tmp_path / "large.png").exists()


def test_animations_have_bounds(made: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="frames must be at most"):
        fl.animate(made["race"], frames=10**6)
    moving = fl.animate(made["race"], frames=60)
    with pytest.raises(SpecError, match=r"60 pictures of 12 × 4.8 inches at 300 dpi"):
        moving.save(tmp_path / "large.gif", dpi=300)
    with pytest.raises(SpecError, match="dpi must be"):
        moving.save(tmp_path / "large.mp4", dpi=0)


def test_a_record_is_told_in_a_line(made: dict[str, Any]) -> None:
    for name, each in made.items():
        text = repr(each)
        assert text.startswith(f"{type(each).__name__}(") and "\n" not in text, name
        assert len(text) < 500 and "array(" not in text
        assert each == each and each != 3 and len({each, each}) == 1
    assert "errors=<9×9 float64>" in repr(made["surface"])
    for part in (made["surface"].plane, made["surface"].path, made["race"].lanes[0]):
        assert isinstance(part, Record) and len(repr(part)) < 500


def test_a_picture_is_saved_once_it_is_drawn() -> None:
    with pytest.raises(NotFittedError, match=r"call plot\(\) first"):
        fl.tangent("x", 1).save("nothing.png")


def test_every_picture_takes_axes_and_keeps_them(made: dict[str, Any]) -> None:
    for name in ("surface", "bowl", "tangent", "curves"):
        ax = new_figure().add_subplot()
        assert made[name].plot(ax).ax_ is ax and made[name].figure_ is ax.figure
    four = new_figure().subplots(2, 2)
    made["race"].plot(four)
    assert list(made["race"].ax_) == list(four.ravel())


# --- what a path is -----------------------------------------------------------------------------


def test_the_end_of_a_long_path_is_not_called_its_start() -> None:
    """A run keeps its last 100 states unless told otherwise."""
    long = run(epochs=130, record="steps")
    with pytest.warns(DataWarning, match=r"kept only the last 100 of its 130 steps.*keep=130"):
        found = fl.surface(LINE, long.theta, X, Y, path=long, points=9)
    assert found.path is not None and found.path.steps[[0, -1]].tolist() == [30, 130]
    assert "the path is known from step 30 on" in found.notes
    labels = found.plot().ax_.get_legend_handles_labels()[1]
    assert not any(label.startswith("start") for label in labels)
    assert any(label.startswith("step 30: J = ") for label in labels)
    whole = run(epochs=130, record="steps", keep=130)
    shown = fl.surface(LINE, whole.theta, X, Y, path=whole, points=9)
    assert shown.path is not None and shown.path.steps[0] == 0 and len(shown.notes) == 1
    np.testing.assert_array_equal(shown.path.points[0], [-2.0, 2.0])
    moving = fl.animate(found, frames=3)
    moving.show(0.0)
    assert moving.figure.axes[1].get_title() == "after 30 steps"


def test_epochs_are_called_epochs() -> None:
    kept = run(epochs=9, record="epochs", keep=4)
    with pytest.warns(DataWarning, match="last 4 of its 9 epochs"):
        found = fl.surface(LINE, kept.theta, X, Y, path=kept, points=9)
    assert found.path is not None and found.path.unit == "epoch" and found.path.steps[0] == 5


def test_a_path_of_one_point_is_start_and_end() -> None:
    found = fl.surface(LINE, [1.0, 1.0], X, Y, path=[[1.0, 1.0]], points=9).plot()
    labels = found.ax_.get_legend_handles_labels()[1]
    assert sum(label.startswith("start, without a step") for label in labels) == 1
    assert not any(label.startswith("end") for label in labels)


def test_flat_ground_has_no_lowest_point() -> None:
    net = fl.Network.parse("2 -> 1 nobias")
    found = fl.surface(net, [1.0, 1.0], [[0.0, 0.0]], [3.0], points=9)
    assert found.minimum.kind == "flat" and found.minimum.error == 4.5
    labels = found.plot().ax_.get_legend_handles_labels()[1]
    assert "flat: J = 4.5 everywhere in view" in labels
    bowl = fl.bowl(net, [1.0, 1.0], [[0.0, 0.0]], [3.0], "w[input.0->output.0]").plot()
    assert "flat: J = 4.5 everywhere in view" in bowl.ax_.get_legend_handles_labels()[1]


def test_where_the_error_overflows_the_map_says_so() -> None:
    net = fl.Network.parse("1 -> 1 exp nobias -> 1 nobias")
    view = ((-1, 2), (-1, 2))
    found = fl.surface(net, [1.0, 1.0], [[500.0]], [1.0], points=15, span=view, critical=False)
    for kind in ("contour", "3d"):
        labels = found.plot(kind=kind).ax_.get_legend_handles_labels()[1]
        assert f"lowest in view: J = {found.minimum.error:.4g}" in labels
    assert "the error is no finite number" in found.plot().ax_.get_legend_handles_labels()[1]


def test_labels_of_lines_leave_the_path_free(made: dict[str, Any]) -> None:
    found = fl.surface(LINE, [2.0, 0.1], X, Y, path=np.array([[-2.0, 2.0], [2.0, 0.1]]))
    ax = found.plot().ax_
    along = np.linspace([-2.0, 2.0], [2.0, 0.1], 500)
    width = found.grid.x[-1] - found.grid.x[0]
    places = [np.array(text.get_position()) for text in ax.texts]
    assert len(places) >= 4
    for place in places:
        assert np.linalg.norm(along - place, axis=1).min() > 0.02 * width


def test_the_mountain_hides_nothing_that_matters() -> None:
    """Of a bowl whose low side is to the left and behind, another side than usual is in front."""
    found = fl.surface(LINE, [2.0, 0.1], X, Y, points=21, span=((1.8, 13), (-9, 0.3)))
    assert found.plot(kind="3d").ax_.azim != -60
