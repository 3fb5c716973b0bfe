"""Basins, races and animations look as they did: thumbnails, as in `test_looks`.

To accept new looks, after viewing them:
FALLLINE_NEW_LOOKS=1 python -m pytest tests/pictures/test_race_looks.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.pictures.test_looks import FAR, FOLDER, MEAN, SIZE, thumbnail

import fallline as fl
from fallline.pictures.style import StyleName

LINE = fl.Network.parse("1 -> 1")
X, Y = [[-1.0], [0.0], [1.0], [1.5], [2.0]], [-2.1, -0.4, 1.0, 1.6, 2.7]
TILTED = fl.Network.of(fl.Input(2), fl.Layer(1, "0.3*z - (z**2 - 1)**2", bias=False))


def basins() -> fl.pictures.basins.Basins:
    along = ("w[input.0->output.0]", "w[input.1->output.0]")
    ways = [fl.SGD(0.01), fl.SGD(0.01, momentum=0.9)]
    return fl.basins(TILTED, [0, 0], np.eye(2), [1, 1], along=along, loss="sse", size=12,
                     span=(-1.6, 1.6), epochs=200, entries=ways)  # fmt: skip


def race() -> fl.pictures.race.Race:
    return fl.race(LINE, [-2.0, 2.5], X, Y, learning_rates=[0.05, 0.5, 0.98], epochs=20,
                   map_points=31)  # fmt: skip


def last_frame(style: StyleName) -> Image.Image:
    *_, last = fl.animate(race(), frames=2, style=style).images(dpi=60)
    return Image.fromarray(last).resize(SIZE, Image.Resampling.BOX)


LOOKS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "basins": (basins, {}),
    "race_map": (race, {"kind": "map"}),
    "race_steps": (race, {"kind": "steps"}),
    "race_moving": (race, {}),
}


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKS)
def test_it_looks_as_it_did(name: str, style: StyleName) -> None:
    make, options = LOOKS[name]
    moving = name == "race_moving"
    found = last_frame(style) if moving else thumbnail(make(), style, options)
    path = FOLDER / f"{name}_{style}.png"
    if os.environ.get("FALLLINE_NEW_LOOKS"):
        found.save(path, optimize=True)
    difference = np.abs(np.asarray(found, float) - np.asarray(Image.open(path).convert("RGB")))
    assert difference.mean() < MEAN
    near = np.sort(difference.mean(axis=2).ravel())
    assert near[int(0.99 * len(near))] < FAR
