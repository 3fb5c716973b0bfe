"""Microseconds a step: the five workloads, every peer and number of threads, the same weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import workloads
from .notes import note
from .peers import PEERS, Peer
from .rounds import Contestant, Left, Worker, in_turn, say_left, started, summary
from .workloads import Task, Workload, blocks

OURS, XLA, REFERENCE = "fallline", "fallline xla", "fallline reference"
OURS64, OURS_V3 = "fallline float64", "fallline on AVX2"
AGREE = {"float32": (0.1, 1e-3), "tf32": (0.3, 1e-2), "bfloat16": (0.6, 5e-2)}
"""How far final weights may be from those in float64, relative to the way that these went; and the
final error, relative to itself: by how matrices are multiplied. Adam makes full steps of gradients
that are nothing but rounding, so that weights in float32 part by up to some hundredths; their
errors do not."""


ON_CPU = {"JAX_PLATFORMS": "cpu"}

LONGEST = 60
"""Seconds of a repetition, compilation with it. Some slow down a hundredfold where they are given
two threads and other programs run."""


def contestants(
    folder: Path, peers: dict[str, str], engines: Sequence[str], threads: Sequence[int]
) -> list[Contestant]:
    """Return who competes on the task of a folder.

    Parameters
    ----------
    peers
        Names of the table of peers, and the interpreter that has each.
    engines
        fallline's engines.
    """
    found = ours(folder, engines, threads)
    for name, python in peers.items():
        peer = PEERS[name]
        arguments = {"folder": str(folder), "variant": peer.variant}
        for count in threads:
            settings = {**arguments, "threads": count}
            found.append(Contestant(peer.title, trainer(peer), count, settings, ON_CPU, python))
    return found


def trainer(peer: Peer) -> str:
    return f"benchmarks.peers.{peer.module}:Trainer"


def ours(folder: Path, engines: Sequence[str], threads: Sequence[int]) -> list[Contestant]:
    """Return fallline with each engine; the native one also in float64 and held to AVX2."""
    make, found = "benchmarks.peers.ours:Trainer", []
    arguments = {"folder": str(folder)}
    if "native" in engines:
        native = {**arguments, "variant": "native"}
        found += [Contestant(OURS, make, count, native) for count in threads]
        found.append(Contestant(OURS64, make, 1, {**native, "dtype": "float64"}))
        found.append(Contestant(OURS_V3, make, 1, native, environment={"FALLLINE_ISA": "v3"}))
    if "reference" in engines:
        found.append(Contestant(REFERENCE, make, 1, {**arguments, "variant": "reference"}))
    return found


def measure(
    workload: Workload,
    contestants_on: Callable[[Path], list[Contestant]],
    rounds: int,
    judge: str = "numpy",
) -> list[dict[str, Any]]:
    """Return a record of each contestant on one workload, whose folder they are told.

    The judge is the peer whose weights in float64 are taken for exact.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workloads.write(workload, folder)
        task, exact = workloads.read(folder), witness(folder, judge)
        with started(contestants_on(folder)) as pairs:
            able, records = [], []
            for contestant, worker in pairs:
                try:
                    startup = {**worker.seconds, "first": first_repetition(worker)}
                    differs = differences(task, final_weights(worker, folder), exact)
                    records.append(record(workload.name, contestant, startup, differs))
                    able.append(worker)
                except Left as reason:
                    say_left(contestant, reason)
            for row, seconds in zip(records, in_turn(able, rounds), strict=True):
                time_record(row, workload, seconds)
    return records


def first_repetition(worker: Worker) -> float:
    """Return the seconds of the first repetition, or leave out who takes too long for rounds."""
    seconds = float(worker.call("repeat"))
    if seconds > LONGEST:
        raise Left(f"a repetition took {seconds:.0f} s, more than {LONGEST} s")
    return seconds


def witness(folder: Path, judge: str) -> np.ndarray:
    """Return the final weights that a peer comes to in float64, against which all are checked."""
    arguments = {"folder": str(folder), "dtype": "float64"}
    with started([Contestant(f"{judge} float64", trainer(PEERS[judge]), 1, arguments)]) as pairs:
        [(_, worker)] = pairs
        worker.call("repeat")
        return final_weights(worker, folder)


def final_weights(worker: Worker, folder: Path) -> np.ndarray:
    path = folder / "final.npy"
    worker.call("save", path=str(path))
    return np.asarray(np.load(path), dtype=np.float64)


def differences(task: Task, theta: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """Return how far weights are from the exact ones, relative to the way that these went, and
    their error from that of those, relative to it."""
    if theta.shape != exact.shape or not np.isfinite(theta).all():
        return float("inf"), float("inf")
    way = np.linalg.norm(exact - task.theta)
    theirs, right = error(task, theta), error(task, exact)
    return float(np.linalg.norm(theta - exact) / way), abs(theirs - right) / right


def error(task: Task, theta: np.ndarray) -> float:
    """Return the mean over all rows of half the squared error, in float64."""
    o = task.X.astype(np.float64)
    *hidden, (W, b) = blocks(theta, task.sizes)
    for V, c in hidden:
        o = np.maximum(o @ V + c, 0)
    return float(0.5 * ((o @ W + b - task.Y) ** 2).sum() / len(o))


def record(
    name: str, contestant: Contestant, startup: dict[str, float], differs: tuple[float, float]
) -> dict[str, Any]:
    """Return what is known of a contestant after its first repetition."""
    weights, error = differs
    most = AGREE[contestant.arithmetic]
    agrees = weights <= most[0] and error <= most[1]
    if not agrees:
        note(
            f"not ranked: {contestant.who} on {name}, threads {contestant.threads}: weights "
            f"differ by {weights:.1e}, errors by {error:.1e}"
        )
    return {
        "workload": name,
        "who": contestant.who,
        "threads": contestant.threads,
        "processes": contestant.processes,
        "device": contestant.device,
        "arithmetic": contestant.arithmetic,
        "agrees": agrees,
        "weights_differ": weights,
        "errors_differ": error,
        "startup_seconds": startup,
    }


def ranked(records: Sequence[dict[str, Any]], threads: int) -> dict[str, dict[str, Any]]:
    """Return, of each competitor on one workload, the fastest record with up to so many threads.

    Those whose weights do not agree are not among them.
    """
    best: dict[str, dict[str, Any]] = {}
    for row in records:
        fits = row["agrees"] and row["threads"] <= threads
        if fits and (row["who"] not in best or _time(row) < _time(best[row["who"]])):
            best[row["who"]] = row
    return best


def ratio(records: Sequence[dict[str, Any]], threads: int) -> tuple[float, str] | None:
    """Return the time of the best peer over fallline's, and who that peer is; None without both."""
    best = ranked(records, threads)
    rivals = [row for who, row in best.items() if not who.startswith(OURS)]
    if OURS not in best or not rivals:
        return None
    rival = min(rivals, key=_time)
    return _time(rival) / _time(best[OURS]), rival["who"]


def variant_ratio(records: Sequence[dict[str, Any]], variant: str) -> float | None:
    """Return the time of a variant of fallline over that of fallline, with one thread each."""
    best = ranked(records, 1)
    return _time(best[variant]) / _time(best[OURS]) if {variant, OURS} <= best.keys() else None


def _time(row: dict[str, Any]) -> float:
    return float(row["microseconds"]["median"])


def time_record(row: dict[str, Any], workload: Workload, seconds: Sequence[float]) -> None:
    """Add the times of the rounds; what the first repetition took beyond them is start-up."""
    row["microseconds"] = summary([1e6 * s / workload.steps for s in seconds])
    row["gflops"] = workload.flops / row["microseconds"]["median"] / 1e3
    startup = row["startup_seconds"]
    startup["first"] = max(0.0, startup["first"] - float(np.median(seconds)))
