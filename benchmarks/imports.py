"""Seconds to import: a fresh interpreter that imports a package, less one that imports nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from .rounds import ROOT, summary

GOAL = 0.15  # seconds, of import fallline

STATEMENTS = {
    "import fallline": "",
    "from fallline import Run, Network, Adam": "",
    "import numpy": "numpy",
    "import sklearn.neural_network": "sklearn",
    "import torch": "torch",
    "import jax": "jax",
}
"""What is imported, and the peer that it belongs to."""


def measure(peers: dict[str, str], rounds: int) -> list[dict[str, Any]]:
    """Return a record of each import whose package is there."""
    pythons = {s: peers.get(peer) if peer else sys.executable for s, peer in STATEMENTS.items()}
    able = {s: python for s, python in pythons.items() if python}
    for statement, python in able.items():  # files are in the cache, byte code is compiled
        seconds(python, statement)
    times: dict[str, list[float]] = {statement: [] for statement in able}
    for _ in range(rounds):
        for statement, python in able.items():
            times[statement].append(seconds(python, statement) - seconds(python, "pass"))
    return [{"import": statement, "seconds": summary(t)} for statement, t in times.items()]


def seconds(python: str, statement: str) -> float:
    """Return how long an interpreter runs that executes a statement."""
    begun = time.perf_counter()
    subprocess.run([python, "-c", statement], cwd=ROOT, check=True)
    return time.perf_counter() - begun
