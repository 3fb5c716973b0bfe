"""Colours that carry meaning differ for colour-blind eyes, and in grey print something else does.

A difference of 2.3 in L*a*b* is just noticed side by side; here colours are six times as far apart,
as they are small and lie on grounds of several colours.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from tests.pictures.vision import GREY, VISIONS, apart, lab, lightness, seen

import fallline as fl
from fallline.pictures.basins_drawing import _PALE
from fallline.pictures.race_drawing import lane_look
from fallline.pictures.style import AREAS, DARK, LIGHT, Style, diverging_map, error_map

CLEAR = 14.0  # ΔE*ab
FAINTEST = 25.0  # of a line and its paper
LOOKS = [LIGHT, DARK]


def test_the_simulation_is_that_of_its_source() -> None:
    """What is grey stays so, and the pairs that each kind of eye confuses come near."""
    greys = np.linspace(0, 1, 9)[:, None] * np.ones(3)
    for vision in VISIONS.values():
        np.testing.assert_allclose(seen(greys, vision), greys, atol=1e-3)
    red, green = "#c0392b", "#7f8c1f"
    assert apart(red, green, VISIONS["usual"]) > 50
    assert apart(red, green, VISIONS["deuteranopia"]) < 25
    blue, teal = "#1f78b4", "#12a08c"
    usual, tritanope = (apart(blue, teal, VISIONS[name]) for name in ("usual", "tritanopia"))
    assert tritanope < usual / 2


def test_lightness_is_that_of_the_standard() -> None:
    np.testing.assert_allclose(lab(np.ones(3)), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab(np.array([1.0, 0, 0])), [53.24, 80.09, 67.20], atol=0.05)


def pairs(style: Style) -> dict[str, tuple[str, ...]]:
    """Return the colours that a picture of each kind tells things apart by."""
    lanes = tuple(lane_look(place, style)["color"] for place in range(5))
    return {
        "lanes of a race": lanes,
        "lines of a training": style.colours[:6],
        "ends of a path": (style.start, style.end),
        "curve, tangent and steps": (style.colours[0], style.colours[2], style.path),
        "basins": AREAS,
        "signs": tuple(diverging_map(style)(end)[:3] for end in (0.0, 1.0)),
    }


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("style", LOOKS, ids=lambda style: style.name)
def test_colours_are_apart(style: Style, vision: str) -> None:
    for what, colours in pairs(style).items():
        for one, other in combinations(colours, 2):
            assert apart(one, other, VISIONS[vision]) > CLEAR, f"{what}: {one} and {other}"
    for colour in style.colours:
        assert apart(colour, style.background, VISIONS[vision]) > FAINTEST


@pytest.mark.parametrize("vision", VISIONS)
def test_the_palest_basins_are_apart(vision: str) -> None:
    pale = [1 - _PALE * (1 - np.array(to_rgb(colour))) for colour in AREAS]
    for one, other in combinations(pale, 2):
        assert apart(one, other, VISIONS[vision]) > CLEAR


@pytest.mark.parametrize("vision", [*VISIONS, "grey"])
def test_a_larger_error_is_darker_for_every_eye(vision: str) -> None:
    shades = error_map()(np.linspace(0, 1, 100))[:, :3]
    found = lightness(shades, GREY if vision == "grey" else VISIONS[vision])
    steps = -np.diff(found)
    assert steps.min() > 0.3 and steps.max() < 4 * steps.mean()
    assert found[0] - found[-1] > 80


@pytest.mark.parametrize("style", LOOKS, ids=lambda style: style.name)
def test_lines_of_one_grey_have_other_dashes(style: Style) -> None:
    looks = [lane_look(place, style) for place in range(10)]
    assert len({str(sorted(map(str, look.items()))) for look in looks}) == 10
    for one, other in combinations(looks[:5], 2):
        assert one["linestyle"] != other["linestyle"]


def test_ends_of_a_path_differ_in_shape_and_the_path_has_an_edge() -> None:
    line, x = fl.Network.parse("1 -> 1"), [[1.0], [2.0]]
    path = np.array([[3.0, -2.0], [2.0, 0.0], [1.0, 1.0]])
    drawn = fl.surface(line, path[-1], x, [1.0, 2.0], path=path, points=9).plot().ax_
    labels = {each.get_label().split(":")[0]: each for each in drawn.lines}
    shapes = {labels[name].get_marker() for name in ("start", "end", "minimum")}
    assert len(shapes) == 3
    for one, other in pairwise(drawn.lines[:2]):
        assert one.get_color() == "white" and one.get_linewidth() > other.get_linewidth()


def test_basins_have_borders_and_numbers() -> None:
    net = fl.Network.of(fl.Input(2), fl.Layer(1, "0.3*z - (z**2 - 1)**2", bias=False))
    names = ("w[input.0->output.0]", "w[input.1->output.0]")
    found = fl.basins(net, [0, 0], np.eye(2), [1, 1], along=names, loss="sse", size=8,
                      span=(-1.6, 1.6), epochs=100, entries=[fl.SGD(0.01)])  # fmt: skip
    ax = found.plot().ax_
    [borders] = ax.collections
    reached = found.maps[0].reached
    changes = (np.diff(reached, axis=0) != 0).sum() + (np.diff(reached, axis=1) != 0).sum()
    assert len(borders.get_segments()) == changes > 0
    written = {text.get_text() for text in ax.texts}
    assert written >= {str(k + 1) for k in range(len(found.minima)) if (reached == k).mean() > 0.05}
