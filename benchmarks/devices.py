"""Accelerators: which are at hand, and the most that their makers say they can do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from .notes import note

ARITHMETICS = ("float32", "tf32", "bfloat16")
"""How matrices of float32 are multiplied: as they are, or rounded first to shorter numbers."""


@dataclass(frozen=True)
class Accelerator:
    """A device as a package knows it, and that package."""

    package: str
    name: str
    platform: str

    @property
    def arithmetics(self) -> tuple[str, ...]:
        """What it multiplies in. A TPU's float32 is several products of bfloat16."""
        tpu = self.platform == "tpu"
        return tuple(kind for kind in ARITHMETICS if not (tpu and kind == "tf32"))


ASK = {
    "jax": "import jax; d = jax.devices()[0]; found = [d.device_kind, d.platform]",
    "torch": "import torch; found = torch.cuda.is_available() and "
    "[torch.cuda.get_device_name(0), 'gpu']",
}
PRINT = "; import json; print(json.dumps(found or ['', 'cpu']))"


def accelerator(package: str, python: str = sys.executable) -> Accelerator | None:
    """Return the first accelerator that a package finds; None without one or the package."""
    run = subprocess.run([python, "-c", ASK[package] + PRINT], capture_output=True, text=True)
    if run.returncode:
        last = (run.stderr.strip() or "it said nothing").splitlines()[-1]
        note(f"left out: accelerators of {package}: {last}")
        return None
    name, platform = json.loads(run.stdout.splitlines()[-1])
    return None if platform == "cpu" else Accelerator(package, name, platform)


PEAKS: dict[str, dict[str, float]] = {
    r"V100.SXM": {"float32": 15.7},
    r"\bT4\b": {"float32": 8.1},
    r"A10\b": {"float32": 31.2, "tf32": 62.5, "bfloat16": 125},
    r"A100": {"float32": 19.5, "tf32": 156, "bfloat16": 312},
    r"L4\b": {"float32": 30.3, "tf32": 60, "bfloat16": 121},
    r"L40S": {"float32": 91.6, "tf32": 183, "bfloat16": 362},
    r"RTX 3090$": {"float32": 35.6, "tf32": 35.6, "bfloat16": 71},
    r"RTX 4090$": {"float32": 82.6, "tf32": 82.6, "bfloat16": 165},
    r"H100 80GB HBM3|H200": {"float32": 67, "tf32": 494, "bfloat16": 989},
    r"H100 PCIe": {"float32": 51, "tf32": 378, "bfloat16": 756},
    r"TPU v4": {"bfloat16": 275},
    r"TPU (v5 lite|v5e)": {"bfloat16": 197},
    r"TPU (v5|v5p)$": {"bfloat16": 459},
    r"TPU (v6 lite|v6e)": {"bfloat16": 918},
}
"""TFLOP/s by what is in a device's name: its maker's data sheet, dense matrices, boost clock."""


def peak(name: str, arithmetic: str, given: Mapping[str, float] | None = None) -> float | None:
    """Return the most TFLOP/s of a device: what is given, or of the table; None if unknown.

    Examples
    --------
    >>> peak("NVIDIA A100-SXM4-80GB", "tf32"), peak("Tesla T4", "bfloat16"), peak("cpu", "float32")
    (156, None, None)
    >>> peak("NVIDIA H200", "float32", {"float32": 60.0})
    60.0
    """
    if given and arithmetic in given:
        return given[arithmetic]
    for pattern, values in PEAKS.items():
        if re.search(pattern, name):
            return values.get(arithmetic)
    return None


def peaks_of(texts: list[str]) -> dict[str, float]:
    """Return the peaks that texts like ``"tf32=494"`` tell.

    Raises
    ------
    ValueError
        For any other text.
    """
    found: dict[str, float] = {}
    for text in texts:
        kind, _, number = text.partition("=")
        if kind not in ARITHMETICS or not re.fullmatch(r"\d+(\.\d+)?", number) or not float(number):
            raise ValueError(
                f"a peak is one of {', '.join(ARITHMETICS)}, = and TFLOP/s, as tf32=494, "
                f"not {text!r}"
            )
        found[kind] = float(number)
    return found
