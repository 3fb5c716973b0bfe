"""Colours as colour-blind eyes and grey print have them, and how far apart they then look.

Dichromats: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
Vision Deficiency", IEEE Transactions on Visualization and Computer Graphics 15(6), 2009, table 1 at
severity 1.0, applied to linear sRGB. Lightness and differences: CIE 1976 L*a*b* under D65.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb

DICHROMATS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
VISIONS = {
    "usual": np.eye(3),
    **{name: np.array(rows) for name, rows in DICHROMATS.items()},
}
GREY = np.tile(LUMINANCE, (3, 1))

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colours: np.ndarray) -> np.ndarray:
    """Return sRGB (..., 3), from 0 to 1, without its gamma."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Return linear light (..., 3) as sRGB."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def seen(colours: np.ndarray, vision: np.ndarray) -> np.ndarray:
    """Return sRGB (..., 3) as an eye with this matrix has it."""
    return encoded(linear(np.asarray(colours)) @ vision.T)


def lab(colours: np.ndarray) -> np.ndarray:
    """Return sRGB (..., 3) as L*a*b*."""
    xyz = linear(np.asarray(colours)) @ _TO_XYZ.T
    ratio = xyz / (_TO_XYZ @ np.ones(3))
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def apart(one: object, other: object, vision: np.ndarray) -> float:
    """Return ΔE*ab of two colours in a vision."""
    pair = np.array([to_rgb(one), to_rgb(other)])  # type: ignore[arg-type]
    first, second = lab(seen(pair, vision))
    return float(np.linalg.norm(first - second))


def lightness(colours: np.ndarray, vision: np.ndarray) -> np.ndarray:
    """Return L* (...) of colours in a vision."""
    return lab(seen(np.asarray(colours), vision))[..., 0]
