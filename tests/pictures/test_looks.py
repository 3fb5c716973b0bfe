"""Each drawing looks as it did: as thumbnails, in which fonts and their hinting do not count.

The numbers here are made up, and none comes from a training, so that they are the same anywhere.
To accept new looks, after viewing them, run the file with FALLLINE_NEW_LOOKS=1 in the environment.
"""

import os
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fallline.pictures.bending import Bending, Space
from fallline.pictures.effects import Dependence, Importance
from fallline.pictures.features import Decision, Units
from fallline.pictures.judged import Amounts, Classes
from fallline.pictures.side_by_side import Decisions
from fallline.pictures.training import Histograms, LayerHistory, TrainingCurves

FOLDER = Path(__file__).with_name("thumbnails")
SIZE = (80, 60)
MEAN, FAR = 1.0, 30.0  # of 255: by how much a thumbnail may differ on average, and anywhere

RNG = np.random.default_rng(0)
AXIS = np.linspace(-1, 1, 41)
ACROSS, UP = np.meshgrid(AXIS, AXIS)
POINTS = RNG.uniform(-0.9, 0.9, (60, 2))
INSIDE = (POINTS**2).sum(axis=1) < 0.4


def logistic(h):
    return 1 / (1 + np.exp(-h))


def decision(values, labels, truth, note=""):
    names = ("width in m", "height in m")
    return Decision(names, AXIS, AXIS, values, "probability", labels, POINTS, truth, note)


def two():
    second = logistic(9 * (0.4 - ACROSS**2 - UP**2))
    return decision(np.stack([1 - second, second], axis=2), ("out", "in"), INSIDE * 1, "age = 3")


def three():
    raised = np.exp(np.stack([4 * ACROSS, -4 * ACROSS, 5 * UP], axis=2))
    told = raised / raised.sum(axis=2, keepdims=True)
    return decision(told, ("a", "b", "c"), np.arange(60) % 3)


def numbers():
    return decision((ACROSS * UP + ACROSS)[:, :, None], (), None)


def curves():
    epochs = np.arange(1, 51)
    validation = 0.2 + 2 * np.exp(-epochs / 6) + 0.004 * np.maximum(epochs - 25, 0)
    best = int(epochs[validation.argmin()])
    return TrainingCurves(epochs, 2.2 * np.exp(-epochs / 9) + 0.02, validation, 0.1 / epochs, best)


def layers():
    epochs = np.arange(1, 31)
    falling = np.stack([np.exp(-epochs / 7), 0.1 * np.exp(-epochs / 12)], axis=1)
    edges = np.linspace(-2, 2, 21)
    kept = np.arange(0, 31, 3)
    wide = 0.2 + kept / 40
    shares = np.exp(-((edges[:-1] / wide[:, None]) ** 2))
    spread = Histograms(edges, shares / shares.sum(axis=1, keepdims=True), 0.1 * wide)
    both = (spread, spread)
    return LayerHistory(("hidden1", "output"), epochs, falling, falling / 30, kept, both, both, 100)


def units():
    one, other = np.tanh(3 * ACROSS + UP), np.tanh(2 * UP - 1)
    hidden, output = np.stack([one, other], axis=2), logistic(2 * one - other)[:, :, None]
    return Units(
        ("x", "y"), AXIS, AXIS, ("hidden1", "output"), (hidden, output), POINTS, INSIDE * 1,
        ("out", "in"), "",
    )  # fmt: skip


def bending():
    grid = np.stack([ACROSS, UP], axis=2)[::4, ::4]
    bent = [np.stack([np.tanh(2 * p[..., 0] + p[..., 1]), p[..., 1] ** 2], axis=-1)
            for p in (POINTS, grid)]  # fmt: skip
    spaces = (
        Space("input", ("x", "y"), POINTS, grid, 1.0),
        Space("hidden1", ("o of hidden1.0", "o of hidden1.1"), *bent, 1.0, (1.0, -2.0, 0.6)),
    )
    return Bending(spaces, INSIDE * 1, ("out", "in"), "")


def amounts():
    truth = drawn(1).uniform(0, 10, 80)
    return Amounts("price", truth, truth + drawn(2).normal(0, 0.8, 80))


def drawn(seed):
    return np.random.default_rng(seed)


def judged():
    truth = np.arange(150) % 3
    scores = np.eye(3)[truth] + drawn(3).uniform(0, 1.4, (150, 3))
    scores /= scores.sum(axis=1, keepdims=True)
    return Classes(("a", "b", "c"), truth, scores.argmax(axis=1), scores, True)


def importance():
    rises = np.array([0.1, 0.9, 0.02])[:, None] * (1 + 0.1 * drawn(4).normal(size=(3, 5)))
    return Importance(("age", "rooms", "fuel"), rises, 0.35, "squared_error", 500)


def dependence():
    grid = np.linspace(0, 5, 20)
    lines = np.sqrt(grid) + drawn(5).normal(size=(30, 1))
    bars = np.array([[1.0, 2.0, 1.5]]) + 0 * lines[:, :1]
    kinds = np.array(["gas", "oil", "wood"], object)
    return Dependence(
        ("age", "fuel"), (grid, kinds), (lines, bars), (np.linspace(0.5, 4.5, 9), None), "price", 30
    )  # fmt: skip


def side_by_side():
    return Decisions(("one", "other"), (two(), two()), (0.5, 0.9))


LOOKS = {
    "curves": (curves, {}),
    "layers": (layers, {}),
    "weights": (layers, {"kind": "weights"}),
    "activations": (layers, {"kind": "activations", "layer": "hidden1"}),
    "decision_two": (two, {}),
    "decision_three": (three, {}),
    "decision_numbers": (numbers, {}),
    "decisions": (side_by_side, {}),
    "units": (units, {}),
    "bending": (bending, {}),
    "amounts": (amounts, {}),
    "confusion": (judged, {"kind": "confusion"}),
    "calibration": (judged, {"kind": "calibration"}),
    "roc": (judged, {"kind": "roc"}),
    "precision_recall": (judged, {"kind": "precision_recall"}),
    "importance": (importance, {}),
    "dependence": (dependence, {}),
}


def thumbnail(record, style, options):
    """Return a drawing as a small picture (60, 80, 3)."""
    with BytesIO() as file:
        record.plot(style=style, **options).save(file, format="png", dpi=60)
        return Image.open(file).convert("RGB").resize(SIZE, Image.Resampling.BOX)


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKS)
def test_it_looks_as_it_did(name, style):
    make, options = LOOKS[name]
    found, path = thumbnail(make(), style, options), FOLDER / f"{name}_{style}.png"
    if os.environ.get("FALLLINE_NEW_LOOKS"):
        found.save(path, optimize=True)
    difference = np.abs(np.asarray(found, float) - np.asarray(Image.open(path).convert("RGB")))
    assert difference.mean() < MEAN
    # A font that is a little wider moves an edge by a pixel: look past single ones.
    near = np.sort(difference.mean(axis=2).ravel())
    assert near[int(0.99 * len(near))] < FAR


def test_another_look_is_seen():
    """The thumbnails can fail: they tell kinds and styles apart, and miss a line that is gone."""
    light = np.asarray(thumbnail(curves(), "light", {}), float)
    for other in (thumbnail(curves(), "dark", {}), thumbnail(two(), "light", {})):
        assert np.abs(light - np.asarray(other)).mean() > 3 * MEAN
    one_line = replace(curves(), validation_error=np.full(50, np.nan))
    assert np.abs(light - np.asarray(thumbnail(one_line, "light", {}))).mean() > MEAN
