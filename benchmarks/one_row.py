"""Microseconds to predict one row (30-64-64-4, float32) through Python, one thread each."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import workloads
from .notes import note
from .peers import PEERS
from .rounds import Contestant, in_turn, started, summary
from .steps import ON_CPU, OURS, REFERENCE, XLA

GOAL = 1.3  # microseconds, of fallline
AGREES = 1e-4

WAYS = (("", ""), (" prepared", ", prepared"))
"""How fallline is asked: by ``fl.predict``, or by a ``fl.predictor`` made once."""


def measure(peers: dict[str, str], engines: Sequence[str], rounds: int) -> list[dict[str, Any]]:
    """Return a record of each contestant."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workloads.write(workloads.WORKLOADS["small"].quick(), folder)
        with started(contestants(folder, peers, engines)) as pairs:
            answers = [np.array(worker.call("answer")) for _, worker in pairs]
            times = in_turn([worker for _, worker in pairs], rounds)
        middle = np.median(answers, axis=0)
    records = []
    for (contestant, worker), answer, seconds in zip(pairs, answers, times, strict=True):
        agrees = bool(np.abs(answer - middle).max() <= AGREES * np.abs(middle).max())
        if not agrees:
            note(f"not ranked: {contestant.who} on one row: its prediction differs")
        microseconds = summary([1e6 * s for s in seconds])
        records.append(
            {
                "who": contestant.who,
                "agrees": agrees,
                "microseconds": microseconds,
                "startup_seconds": worker.seconds,
            }
        )
    return records


def contestants(folder: Path, peers: dict[str, str], engines: Sequence[str]) -> list[Contestant]:
    """Return fallline with each engine, and the peers."""
    arguments = {"folder": str(folder)}
    titles = {"native": OURS, "xla": XLA, "reference": REFERENCE}
    variants = {f"{name}{way}": f"{titles[name]}{told}" for name in engines for way, told in WAYS}
    make = "benchmarks.peers.ours:Predictor"
    found = [
        Contestant(title, make, 1, {**arguments, "variant": variant}, ON_CPU)
        for variant, title in variants.items()
    ]
    for name, python in peers.items():
        peer = PEERS[name]
        settings = {**arguments, "variant": peer.variant}
        make = f"benchmarks.peers.{peer.module}:Predictor"
        found.append(Contestant(peer.title, make, 1, settings, ON_CPU, python))
    return found
