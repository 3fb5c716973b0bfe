"""Maps, mountains, bowls and tangents look as they did: thumbnails, as in `test_looks`.

To accept new looks, after viewing them:
FALLLINE_NEW_LOOKS=1 python -m pytest tests/pictures/test_surface_looks.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.pictures.test_looks import FAR, FOLDER, MEAN, thumbnail

import fallline as fl
from fallline.pictures.display import Display

LINE = fl.Network.parse("1 -> 1")
X, Y = [[-2.0], [0.0], [1.0], [2.5]], [-4.0, 0.0, 1.5, 3.0]
WELLS = fl.Network.parse("1 -> 1 tanh nobias -> 1 nobias")
WELL_X = np.linspace(-2, 2, 15)[:, None]
PATH = np.array([[-1.5 + 3 * t, 3 - 3.8 * t**0.5] for t in np.linspace(0, 1, 12)])


def bowl_map() -> fl.pictures.surface.Surface:
    return fl.surface(LINE, PATH[-1], X, Y, path=PATH, points=31)


def wells() -> fl.pictures.surface.Surface:
    Y = 1.2 * np.tanh(1.5 * WELL_X)
    return fl.surface(WELLS, [1.0, 1.0], WELL_X, Y, loss="sse", points=41, span=((-3, 3), (-3, 3)))


def three() -> fl.pictures.surface.Surface:
    return fl.surface(LINE, None, X, Y, along=[[0.0, 0.0], [3.0, 0.0], [1.0, 2.0]], points=31)


def bowl() -> Display:
    return fl.bowl(LINE, [-1.0, 0.0], X, Y, "w[input.0->output.0]", learning_rate=0.2, steps=4)


LOOKS: dict[str, tuple[Callable[[], Display], dict[str, Any]]] = {
    "surface": (bowl_map, {}),
    "surface_arrows": (bowl_map, {"arrows": True, "steepest_at": (0.0, 2.0)}),
    "surface_relief": (bowl_map, {"kind": "3d"}),
    "surface_wells": (wells, {}),
    "surface_three": (three, {"scale": "linear", "levels": 6}),
    "bowl": (bowl, {}),
    "tangent": (lambda: fl.tangent("x**2", 2), {}),
}


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKS)
def test_it_looks_as_it_did(name: str, style: str) -> None:
    make, options = LOOKS[name]
    found, path = thumbnail(make(), style, options), FOLDER / f"{name}_{style}.png"
    if os.environ.get("FALLLINE_NEW_LOOKS"):
        found.save(path, optimize=True)
    difference = np.abs(np.asarray(found, float) - np.asarray(Image.open(path).convert("RGB")))
    assert difference.mean() < MEAN
    near = np.sort(difference.mean(axis=2).ravel())
    assert near[int(0.99 * len(near))] < FAR


def test_another_surface_is_seen() -> None:
    one, other = (np.asarray(thumbnail(make(), "light", {}), float) for make in (bowl_map, wells))
    assert np.abs(one - other).mean() > 3 * MEAN
